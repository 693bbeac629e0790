// What targets make, without making it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "request/goals.hpp"
#include "store/store.hpp"

namespace swage {

struct TargetOutputs {
  std::string label{};                // "linux@6.1.170 for arm64"
  std::string build{};                // what makes it: "swage build linux@6.1 --for arm64"
  StorePathSet wanted{};              // what the target is
  StorePathSet others{};              // what is made with it
  std::map<StorePath, std::string> made_of{};   // the texts of its derivations, and of what they read
};
// One for each pair of target and platform.
Result<std::vector<TargetOutputs>> outputs_of_targets(Session& session, const TargetOptions& options);

// Store paths and targets that are in the store: of targets all outputs that are there. Errc::invalid_input for what is
// not built.
struct BuiltPaths {
  StorePathSet paths{};
  std::map<StorePath, std::string> made_of{};   // of the targets, as TargetOutputs::made_of
};
Result<BuiltPaths> built_paths(Session& session, TargetOptions options);

}  // namespace swage
