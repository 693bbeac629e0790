// Trees of the user's that go into the store before anything is planned: kernels (--src), components of layers and module directories.
#pragma once

#include <string>

#include "plan/planner.hpp"
#include "request/session.hpp"

namespace swage {

// A kernel tree: a directory, an archive (any that libarchive reads), or a git repository (URL, or a directory or URL with #REF: a
// branch or tag). Its Makefile tells the version, which must be `version` or of that series unless that is empty.
Result<KernelChoice> local_kernel(Session& session, const std::string& from, const std::string& version);

// What a component's row names as its tree: as for kernels.
Result<Source> component_source(Session& session, const ComponentRow& row);

// A directory of out-of-tree modules, without what earlier builds left in it.
Result<Source> module_source(Session& session, const std::string& directory);

}  // namespace swage
