// swage run: a program of a package, under emulation where it is for another platform.
#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/target_options.hpp"
#include "platform/binfmt.hpp"
#include "request/option_kinds.hpp"
#include "request/realising.hpp"

namespace swage {

namespace {

struct RunOptions {
  TargetOptions targets{};
  RealiseOptions realise{};
  std::string program{};
  std::vector<std::string> arguments{};
};

// The package's program of that name, or the one that is called like the package, or the only one.
Result<std::string> find_program(const fs::path& store_root, const std::string& out, const std::string& package,
                                 const std::string& wanted) {
  std::vector<std::string> known;
  for (const char* directory : {"bin", "sbin"})
    for (const std::string& name :
         list_directory(store_root / (out.substr(1) + "/" + directory)).value_or(std::vector<std::string>{})) {
      if (name == (wanted.empty() ? package : wanted)) return fmt::format("{}/{}/{}", out, directory, name);
      known.push_back(fmt::format("{}/{}", directory, name));
    }
  if (wanted.empty() && known.size() == 1) return fmt::format("{}/{}", out, known.front());
  std::vector<std::string> names;
  for (const std::string& path : known) names.push_back(path.substr(path.find('/') + 1));
  const std::string name = wanted.empty() ? package : wanted;
  Error error{.what = known.empty() ? fmt::format("'{}' has no programs", package)
                                    : fmt::format("'{}' has no program '{}'", package, name)};
  if (!names.empty()) {
    error.notes.push_back(fmt::format("it has: {}", join(names, ", ")));
    error.hint = "name one with: --program NAME";
  }
  return Fail(std::move(error));
}

// What has programs.
Result<void> check_target(Session& session, const TargetOptions& options) {
  SWAGE_TRY(const std::vector<Target> targets, find_targets(session, options));
  const TargetKind kind = kind_of(targets.front());
  if (kind == TargetKind::package || kind == TargetKind::toolchain) return {};
  const Target& target = targets.front();
  const std::string version = target.version.empty() ? "" : "@" + target.version;
  return Fail(Error{.what = fmt::format("'{}' is {}, which has no programs to run", target.text, kind_name(kind)),
                    .hint = kind == TargetKind::kernel ? fmt::format("boot it with: swage boot linux{}", version)
                                                       : "see: swage run --help"});
}

Result<int> run(Session& session, const RunOptions& options) {
  SWAGE_CHECK(check_target(session, options.targets));
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options.targets, "tiny"));
  if (goals.size() != 1) return fail(Errc::invalid_input, "'swage run' wants one platform");
  const Goal& goal = goals.front();
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const Platform* built_on, catalog->platform(kBuildPlatform));
  // A toolchain runs here.
  const bool foreign = kind_of(goal.target) == TargetKind::package && !runs(*built_on, *goal.platform);
  if (foreign && goal.platform->qemu_user.empty())
    return Fail(
        Error{.code = Errc::unsatisfiable,
              .what = fmt::format("programs of '{}' cannot be run here: it has no emulator", goal.platform->name)});
  std::optional<Wanted> emulators;
  SWAGE_TRY(Planned planned,
            plan_and_check(session, goals, KernelGoal::artifact, {}, [&](Planner& planner) -> Result<void> {
              if (foreign) {
                SWAGE_TRY(emulators, planner.root(kEmulators));
              }
              return {};
            }));
  if (foreign) {
    planned.wanted.push_back(*emulators);
    planned.goals.push_back(&goal);
  }
  SWAGE_TRY(Store* store, realise_to_run(session, planned, options.realise));
  SWAGE_TRY(std::string program,
            find_program(store->root(), output_path(planned, *goal.wanted), goal.target.name, options.program));
  HostViewSpec spec{.store_root = store->root(), .argv = {std::move(program)}};
  spec.argv.insert(spec.argv.end(), options.arguments.begin(), options.arguments.end());
  if (foreign) spec.emulation = emulation_by(*store, planned, *emulators, *goal.platform);
  return run_in_host_view(spec);
}

}  // namespace

Action declare_run(const Options& app) {
  auto options = std::make_shared<RunOptions>();
  declare_targets(app, options->targets, TargetsAs::one);
  app.get_option("TARGET").allow_extra_args(false);   // the next words are ARGS
  declare_realise(app, options->realise);
  app.add_option("--program", options->program, "which program of the package (default: the one of its name)");
  app.add_option("ARGS", options->arguments, "what the program is called with; after -- when it begins with a dash");
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
