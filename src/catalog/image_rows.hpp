// The schemas of the tables of boards and images, and how they are read.
#pragma once

#include "catalog/images.hpp"
#include "catalog/schema.hpp"

namespace swage {

const Schema<BoardRow>& board_schema();
const Schema<LoaderRow>& loader_schema();
const Schema<LayoutRow>& layout_schema();
const Schema<UserlandRow>& userland_schema();
const Schema<PartRow>& part_schema();
const Schema<VariantRow>& variant_schema();
const Schema<AxisRow>& axis_schema();
const Schema<FamilyRow>& family_schema();
const Schema<GroupRow>& group_schema();
const Schema<AdditionRow>& addition_schema();
const Schema<VendorRow>& vendor_schema();
const Schema<FixupRow>& fixup_schema();
const Schema<FlavourRow>& flavour_schema();
const Schema<VendorKernelRow>& vendor_kernel_schema();
const Schema<FirmwareRow>& firmware_schema();
const Schema<BundleRow>& bundle_schema();

// Makes the images of the tables, and reports what of these does not fit together.
void make_images(ImageTables& tables, Findings& findings);
// That the boot firmware of boards is that of a model.
void check_board_models(const ImageTables& tables, const std::vector<FirmwareModelRow>& models, Findings& findings);

}  // namespace swage
