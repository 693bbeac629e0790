// Images as targets: image/NAME, image/GROUP.
#pragma once

#include "request/goals.hpp"

namespace swage {

// An error of an image that is only planned.
Result<void> check_can_be_made(const ImageRow& image);

Result<void> look_up_image(const Catalog& catalog, Target& target);

// `image/GROUP` is every image of the group that can be made. What is only planned is left out, which is said.
Result<std::vector<std::string>> without_groups(Session& session, const Catalog& catalog,
                                                const std::vector<std::string>& targets);

// An error where a tree (--src) is given for images that all have the distribution's kernel.
Result<void> check_tree_of_images(const TargetOptions& options, const std::vector<Target>& targets);

// Programs of images are static: an image has no store. One instance for all of a C library, so that they share
// packages.
std::shared_ptr<const Instance> image_instance(const ImageRow& image);

// An image is for its board's platform, whatever a workspace says of others.
Result<std::vector<const Platform*>> image_platforms(const Catalog& catalog, const TargetOptions& options,
                                                     const Target& target);

}  // namespace swage
