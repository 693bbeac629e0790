// Of a sample of a kernel's objects: which did not compile, and whose failure that is.
//
// 1. What its toolchain is known for: a line of what was said that a signature matches (kernels/signatures.toml).
// 2. What another compiler says, of the same object of the same kernel and configuration: does it compile there, the
//    failure is the toolchain's; does it fail with a compiler of another name too, it is the driver's own.
// 3. Else the kind of the first error that kernels/object_errors.toml knows: tools that break down, options and
//    instructions that they do not know, warnings that are errors are the toolchain's; a missing header is the
//    driver's.
// 4. What nothing tells is taken for the driver's, whose source the compiler refused.
#pragma once

#include <string>

#include "base/files.hpp"
#include "catalog/catalog.hpp"

namespace swage {

// Fills the row's sample from what `linux-objects` made, `output`: where one failed for its toolchain, the row has
// failed, with a reason. `log`: each object of the sample, and what was said of those that failed, to be kept with the
// record. Other records are the catalog's.
Result<void> judge_objects(const Catalog& catalog, const fs::path& output, EvidenceRow& row, std::string& log);

// "19 of 20 objects compile, of 21034; 1 fails by itself: drivers/x.o"
std::string sample_text(const ObjectSample& sample);

}  // namespace swage
