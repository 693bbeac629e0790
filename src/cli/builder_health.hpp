// What of a machine with a Nix daemon matters to builds there, tried for real by a tiny build.
#pragma once

#include <map>

#include "cli/health.hpp"
#include "daemon/daemon_store.hpp"

namespace swage {

// What a build there said of its machine (catalog/scripts/builder/probe.sh), by name.
using ProbeLines = std::map<std::string, std::string>;

struct BuilderState {
  std::string uri{};
  DaemonInfo info{};
  std::optional<std::string> system{};                  // "x86_64-linux"; where the daemon tells
  std::optional<std::vector<std::string>> features{};   // its system-features; likewise
  std::optional<Error> failure{};                       // why the build failed
  double seconds = 0;                                   // of the build
  ProbeLines lines{};
};

// Connects, and builds. Errors: there is no daemon, or none of Nix; busybox cannot be had.
Result<BuilderState> probe_builder(Session& session, const std::string& uri);
// In the order in which they are worth mending.
std::vector<Health> builder_health(const BuilderState& state);

// What a daemon says when it is asked for a feature that no machine has: "... but I am a 'x86_64-linux' with features
// {benchmark, kvm}". Exposed for tests.
struct SystemAndFeatures {
  std::string system{};
  std::vector<std::string> features{};
};
std::optional<SystemAndFeatures> read_features(std::string_view refusal);

}  // namespace swage
