// Trees of the user's that go into the store before anything is planned: kernels (--src), components of layers and
// module directories.
#pragma once

#include <string>
#include <vector>

#include "plan/planner.hpp"
#include "request/session.hpp"

namespace swage {

// A kernel tree: a directory, an archive (any that libarchive reads), or one of a git repository (URL or directory,
// with #REF or #REF:DIR: git_tree.hpp). Its Makefile tells the version, which must be `version` or of that series
// unless that is empty. A tree that cannot build for `platforms` because files are lost or a build has been in it is
// refused, with their names; scripts that cannot run and files that were links are mended in the copy, which is said
// (tree_damage.hpp).
Result<KernelChoice> local_kernel(Session& session, const std::string& from, const std::string& version,
                                  const std::vector<const Platform*>& platforms);

// Puts the tree of a record into the store, where it is not there: fetched again, without what was left out and mended
// as it was. It must come out with the recorded content. Errors where the record knows no place to fetch it from.
Result<void> fetch_recorded_tree(Session& session, const EvidenceRow& row);

// What a component's row names as its tree: as for kernels.
Result<Source> component_source(Session& session, const ComponentRow& row);

// A directory of out-of-tree modules, without what earlier builds left in it.
Result<Source> module_source(Session& session, const std::string& directory);

}  // namespace swage
