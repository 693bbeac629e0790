// From planned goals to valid outputs: what build, boot and shell share.
#pragma once

#include <memory>

#include "realise/host_view.hpp"
#include "request/goals.hpp"

namespace swage {

struct Planned {
  std::unique_ptr<Planner> planner;
  std::vector<Wanted> wanted{};
  std::vector<const Goal*> goals{};         // one for each of `wanted`
};
using PlanWith = std::function<Result<void>(Planner&)>;

// A planner that `plan` has planned with, by a lock file that pins all that this needs: what it lacks is asked for
// first, and no more. `plan` is called once when it lacks nothing, and again with another planner when it has grown. An
// error of `plan` ends it before anything is asked for. Where something cannot be pinned, that is the error if `plan`
// has one without it, and else a note.
Result<std::unique_ptr<Planner>> plan_with_pins(Session& session, const PlanWith& plan);

// With `impossible`, what cannot be planned is not among what is wanted. `more`: what the caller is going to plan
// besides.
Result<Planned> plan_and_check(Session& session, std::deque<Goal>& goals, KernelGoal kernel_goal,
                               const OnImpossible& impossible = {}, const PlanWith& more = {});

// What cannot be made at all, when the others are all the same (-k, or what one of `--for all` does not have): said at
// once, and kept for the end.
class LeftOut {
 public:
  struct Item {
    std::string target{}, platform{};
    Error error{};
  };
  LeftOut(Session& session, bool keep_going) : session_(session), keep_going_(keep_going) {}
  Result<OnImpossible> collector(const TargetOptions& options);
  const std::vector<Item>& items() const { return items_; }
  // The error to end with: that nothing is left, or what was asked for by name. What one of all platforms does not have
  // is none.
  std::optional<Error> error(bool nothing_left) const;
  // Whether to end with it before anything is made.
  bool ends(const std::optional<Error>& error, bool nothing_left) const {
    return error && (nothing_left || !keep_going_);
  }

 private:
  Session& session_;
  bool keep_going_, all_ = false;   // --for all
  std::vector<Item> items_{};
};

// What became of a goal.
struct GoalEnd {
  BuildEnd end = BuildEnd::built;
  std::string because{};                    // of `not_built`: the name of what failed
  std::optional<Error> error{};             // of `failed`
};
struct Made {
  RealiseResult done{};
  std::vector<GoalEnd> ends{};              // one for each of Planned::goals
  std::vector<Error> errors{};              // to end with
  bool stopped = false;                     // by the user, after some had failed: nothing is done with what was made
};
const char* end_name(BuildEnd end);         // "built", "failed", "cancelled", "not built"
// Errors of failed builds also say what their logs are known for, and which toolchain to try next.
Result<RealiseResult> realise_planned(Session& session, const Planned& planned, RealiseOptions options);
// The same, also telling what became of each goal.
Result<Made> make_planned(Session& session, const Planned& planned, RealiseOptions options);
// What commands that start programs of the store need: all that is wanted is made, kept while this process is there,
// and the reporter is stopped.
Result<Store*> realise_to_run(Session& session, const Planned& planned, const RealiseOptions& options);
std::string output_path(const Planned& planned, const Wanted& wanted);   // of `out`: /nix/store/...
// By the root that `emulators` makes (kEmulators).
Emulation emulation_by(const Store& store, const Planned& planned, const Wanted& emulators, const Platform& platform);

}  // namespace swage
