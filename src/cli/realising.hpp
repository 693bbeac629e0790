// From planned goals to valid outputs: what build, boot and shell share.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/goals.hpp"
#include "realise/host_view.hpp"

namespace swage {

struct Planned {
  std::unique_ptr<Planner> planner;
  std::vector<Wanted> wanted{};
  std::vector<const Goal*> goals{};         // one for each of `wanted`
};

// -j, --cores, -k, --keep-failed, --timeout, --max-silent-time.
void declare_realise(CLI::App& app, RealiseOptions& options);

Result<Planned> plan_and_check(Session& session, std::deque<Goal>& goals, KernelGoal kernel_goal);
// Errors of failed builds also say what their logs are known for, and which toolchain to try next.
Result<RealiseResult> realise_planned(Session& session, const Planned& planned, RealiseOptions options);
// What commands that start programs of the store need: all that is wanted is made, kept while this process is there, and the reporter is stopped.
Result<Store*> realise_to_run(Session& session, const Planned& planned, const RealiseOptions& options);
std::string output_path(const Planned& planned, const Wanted& wanted);   // of `out`: /nix/store/...
// By the root that `emulators` makes (kEmulators).
Emulation emulation_by(const Store& store, const Planned& planned, const Wanted& emulators, const Platform& platform);
// Prints what would be built and fetched; returns the exit code.
Result<int> print_dry_run(Session& session, const Planned& planned, bool check);

}  // namespace swage
