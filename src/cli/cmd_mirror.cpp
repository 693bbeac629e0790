// swage mirror: what plans, records and lock files pin, kept for when those who have it now have it no more.
#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/target_options.hpp"
#include "evidence/recorded_files.hpp"
#include "fetch/mirror_files.hpp"
#include "request/mirrors.hpp"

namespace swage {

namespace {

constexpr std::size_t kShownUsers = 3;

// Which files are meant.
struct MirrorChoice {
  TargetOptions targets{};
  bool evidence = false;
  std::vector<std::string> locks{};
  bool is_empty() const { return targets.targets.empty() && !evidence && locks.empty(); }
};

void declare_choice(const Options& app, MirrorChoice& choice, const char* command) {
  app.add_flag("--evidence", choice.evidence, "what repeating all records takes (swage verify --replay)");
  app.add_option("--locks", choice.locks, "all that this lock file pins; several for several");
  declare_targets(app, choice.targets, TargetsAs::any);
  choice.targets.command = command;
}

Result<void> take_targets(Session& session, const TargetOptions& options, WantedFiles& files) {
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options, "tiny", KernelGoal::farthest));
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, KernelGoal::farthest));
  for (std::size_t i = 0; i < planned.wanted.size(); ++i)
    want_sources(files, planned.planner->graph(), {planned.wanted[i].drv}, goal_label(*planned.goals[i]));
  return {};
}

Result<WantedFiles> chosen_files(Session& session, const MirrorChoice& choice) {
  WantedFiles files;
  if (!choice.targets.targets.empty()) SWAGE_CHECK(take_targets(session, choice.targets, files));
  for (const std::string& file : choice.locks) {
    SWAGE_TRY(const Lockfile lock, Lockfile::read(file));
    SWAGE_CHECK(want_locked(files, lock, file));
  }
  if (!choice.evidence) return files;
  SWAGE_TRY(RecordedFiles recorded, recorded_files(session));
  for (const std::string& line : recorded.unplanned)
    session.reporter().on(Message{fmt::format("note: of this record only what its lock file pins: {}", line)});
  for (auto& [sha256, file] : recorded.files) {
    WantedFile& known = files.emplace(sha256, file).first->second;
    known.needed_by.merge(file.needed_by);
  }
  return files;
}

Json problems_json(const std::vector<MirrorProblem>& problems) {
  Json rows = Json::array();
  for (const MirrorProblem& problem : problems)
    rows.push_back({{"sha256", problem.sha256}, {"name", problem.name}, {"what", problem.what},
                    {"notes", problem.notes}, {"neededBy", problem.needed_by}});
  return rows;
}

void print_problems(const std::vector<MirrorProblem>& problems) {
  for (const MirrorProblem& problem : problems) {
    const std::vector<std::string> users(problem.needed_by.begin(), problem.needed_by.end());
    print_result("{}: {}; needed by {}\n", problem.name, problem.what, join_some(users, kShownUsers));
    for (const std::string& note : problem.notes) print_result("  {}\n", note);
  }
}

struct MirrorPushCommand {
  std::string directory{};
  MirrorChoice choice{};
};

// 1: something could not be had.
Result<int> push(Session& session, const MirrorPushCommand& command) {
  if (command.choice.is_empty())
    return Fail(Error{.what = "nothing is chosen that the mirror should have",
                      .hint = "name targets, --evidence, or --locks FILE"});
  SWAGE_TRY(const std::string url, mirror_url(command.directory));
  const std::optional<fs::path> directory = mirror_directory(url);
  if (!directory)
    return Fail(Error{.what = fmt::format("'{}' is no directory: files cannot be put there", url),
                      .hint = "fill the directory that the server gives out"});
  SWAGE_TRY(const WantedFiles files, chosen_files(session, command.choice));
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const FetchOptions fetch, fetch_options(session));
  SWAGE_TRY(const MirrorPush pushed, push_to_mirror(*directory, files, *store, fetch, session.reporter()));
  session.stop_reporter();
  if (as_json()) {
    print_json({{"mirror", directory->string()}, {"present", pushed.present}, {"taken", pushed.taken},
                {"fetched", pushed.fetched}, {"bytes", pushed.bytes}, {"missing", problems_json(pushed.missing)}});
  } else {
    print_problems(pushed.missing);
    print_result("{}: {} files were there, {} came from the store, {} were fetched ({} new){}\n", directory->string(),
                 pushed.present, pushed.taken, pushed.fetched, human_bytes(pushed.bytes),
                 pushed.missing.empty() ? "" : fmt::format(", {} are missing", pushed.missing.size()));
  }
  return pushed.missing.empty() ? 0 : 1;
}

struct MirrorCheckCommand {
  std::string place{};
  MirrorChoice choice{};
  bool deep = false;
};

Result<int> check(Session& session, const MirrorCheckCommand& command) {
  SWAGE_TRY(const std::string url, mirror_url(command.place));
  std::optional<WantedFiles> files;
  if (!command.choice.is_empty()) { SWAGE_TRY(files, chosen_files(session, command.choice)); }
  const FetchOptions fetch{.offline = session.options().offline};
  const MirrorProof proof = command.deep ? MirrorProof::deep : MirrorProof::usual;
  SWAGE_TRY(const MirrorCheck checked, check_mirror(url, files ? &*files : nullptr, proof, fetch, session.reporter()));
  session.stop_reporter();
  if (as_json()) {
    print_json({{"mirror", command.place}, {"files", checked.files}, {"bytes", checked.bytes},
                {"problems", problems_json(checked.problems)}});
  } else {
    print_problems(checked.problems);
    if (checked.problems.empty())
      print_result("ok: {} files, {} read\n", checked.files, human_bytes(checked.bytes));
    else print_result("incomplete: {} of {} files\n", checked.problems.size(), checked.files);
  }
  return checked.problems.empty() ? 0 : 1;
}

}  // namespace

Action declare_mirror(const Options& app) {
  // The subcommand that was given fills this in while the line is parsed.
  auto chosen = std::make_shared<Action>();
  app.require_subcommand();

  auto pushed = std::make_shared<MirrorPushCommand>();
  const Options put = app.add_subcommand("push", "put all files that targets, records or lock files pin into a mirror");
  put.add_option("DIR", pushed->directory, "the mirror: a directory, which is made").required();
  declare_choice(put, pushed->choice, "mirror push");
  put.callback([chosen, pushed] { *chosen = [pushed](Session& session) { return push(session, *pushed); }; });

  auto checked = std::make_shared<MirrorCheckCommand>();
  const Options prove = app.add_subcommand("check", "prove that a mirror has them, or all that its index says");
  prove.add_option("URL", checked->place, "the mirror: a directory or a web server").required();
  declare_choice(prove, checked->choice, "mirror check");
  prove.add_flag("--deep", checked->deep, "read what a web server has, too, instead of asking how large it is");
  prove.callback([chosen, checked] { *chosen = [checked](Session& session) { return check(session, *checked); }; });

  return [chosen](Session& session) { return (*chosen)(session); };
}

}  // namespace swage
