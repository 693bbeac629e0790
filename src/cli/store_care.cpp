// What keeps the store in order: gc, delete, verify, optimise.
#include <algorithm>
#include <fmt/core.h>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/output.hpp"
#include "cli/store_commands.hpp"
#include "request/known_workspaces.hpp"
#include "request/repair.hpp"
#include "store/rebuild_database.hpp"

namespace swage {

namespace {

// What another user's swage has left is named, a few of many, with the one thing that helps.
void print_stuck(Session& session, const std::vector<Error>& stuck) {
  constexpr std::size_t kShown = 10;
  for (std::size_t i = 0; i < std::min(stuck.size(), kShown); ++i)
    session.reporter().on(Message{fmt::format("warning: {}", stuck[i].what)});
  if (stuck.size() > kShown) session.reporter().on(Message{fmt::format("warning: and {} more", stuck.size() - kShown)});
  const Result<fs::path> home = session.home();
  if (!stuck.empty() && home)
    session.reporter().on(
        Message{fmt::format("hint: what another user has made is given to you by: sudo chown -R {} {}", ::geteuid(),
                            shell_quoted(home->string()))});
}

Json stuck_array(const std::vector<Error>& stuck) {
  Json array = Json::array();
  for (const Error& error : stuck) array.push_back(error.what);
  return array;
}

const char* reason_word(GcKept::Because because) {
  switch (because) {
    case GcKept::Because::link: return "link";
    case GcKept::Because::process: return "process";
    case GcKept::Because::newer: return "newer";
    case GcKept::Because::building: return "building";
    case GcKept::Because::lock: return "lock";
  }
  return "";
}

std::string reason_text(const GcKept& kept) {
  switch (kept.because) {
    case GcKept::Because::link: return "by links to results and profiles (which: swage store roots)";
    case GcKept::Because::process: return "in use by running processes";
    case GcKept::Because::newer: return "since it is new (--keep-newer)";
    case GcKept::Because::building:
      return "only because what is kept was built with it; --no-build-inputs deletes that too";
    case GcKept::Because::lock: return "since lock files of workspaces pin it; --no-build-inputs deletes that too";
  }
  return {};
}

Json count_json(const PathCount& count) { return {{"paths", count.paths}, {"bytes", count.bytes}}; }

Result<int> collect_garbage(Session& session, GcOptions options) {
  SWAGE_TRY(Store* store, session.store(Store::Purpose::free_space));
  SWAGE_TRY(options.pinned, pinned_by_workspaces(*store, session.reporter()));
  SWAGE_TRY(const GcResult result, store->collect_garbage(options));
  print_stuck(session, result.stuck);
  session.stop_reporter();
  if (as_json()) {
    Json deleted = Json::array(), kept = Json::array();
    for (const StorePath& path : result.deleted) deleted.push_back(path.str());
    for (const GcKept& one : result.kept) {
      kept.push_back(count_json(one));
      kept.back()["because"] = reason_word(one.because);
    }
    print_json({{"deleted", std::move(deleted)}, {"bytesFreed", result.bytes_freed}, {"kept", std::move(kept)},
                {"left", count_json(result.left)}, {"stuck", stuck_array(result.stuck)}});
    return 0;
  }
  if (options.dry_run)
    for (const StorePath& path : result.deleted) print_result("{}\n", path.str());
  print_result("{} {}, {}\n", options.dry_run ? "would delete" : "deleted", counted(result.deleted.size(), "path"),
               human_bytes(result.bytes_freed));
  if (result.left.paths)
    print_aside("left: {}, {}, since --max-freed was reached\n", counted(result.left.paths, "path"),
                human_bytes(result.left.bytes));
  for (const GcKept& one : result.kept)
    print_aside("kept: {}, {}, {}\n", counted(one.paths, "path"), human_bytes(one.bytes), reason_text(one));
  return 0;
}

const char* kind_name(VerifyProblem::Kind kind) {
  switch (kind) {
    case VerifyProblem::Kind::missing: return "missing";
    case VerifyProblem::Kind::hash_mismatch: return "modified";
    case VerifyProblem::Kind::unreadable: return "unreadable";
    case VerifyProblem::Kind::dangling_reference: return "dangling reference";
    case VerifyProblem::Kind::litter: return "litter";
  }
  return "";
}

Json verified_json(const VerifyResult& result) {
  Json problems = Json::array();
  for (const VerifyProblem& problem : result.problems)
    problems.push_back({{"kind", kind_name(problem.kind)}, {"path", problem.path}, {"detail", problem.detail}});
  return {{"checked", result.checked},
          {"bytes", result.bytes},
          {"damaged", result.damaged()},
          {"problems", std::move(problems)},
          {"stuck", stuck_array(result.stuck)}};
}

void print_verified(const VerifyResult& result) {
  for (const VerifyProblem& problem : result.problems)
    print_result("{}: {}{}\n", kind_name(problem.kind), problem.path,
                 problem.detail.empty() ? "" : " (" + problem.detail + ")");
  print_result("{}: {} checked, {}\n", result.damaged() ? "damaged" : "ok", counted(result.checked, "path"),
               human_bytes(result.bytes));
}

Result<int> verify(Session& session, const VerifyOptions& options) {
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const VerifyResult result, store->verify(options));
  session.stop_reporter();
  if (as_json()) print_json(verified_json(result));
  else print_verified(result);
  return result.damaged() ? 1 : 0;
}

Result<int> repair(Session& session, bool check_contents) {
  SWAGE_TRY(const RepairResult result, repair_store(session, check_contents));
  for (const Error& error : result.failed) session.reporter().on(Message{fmt::format("note: {}", error.what)});
  print_stuck(session, result.verified.stuck);
  session.stop_reporter();
  const auto from = [](const RepairedPath& one) { return one.from == RepairedPath::From::cache ? "cache" : "build"; };
  if (as_json()) {
    Json json = verified_json(result.verified), repaired = Json::array();
    for (const RepairedPath& one : result.repaired)
      repaired.push_back({{"path", one.path.str()}, {"from", from(one)}});
    json["repaired"] = std::move(repaired);
    json["forgotten"] = path_array(result.forgotten);
    print_json(json);
  } else {
    print_verified(result.verified);
    for (const RepairedPath& one : result.repaired)
      print_result("repaired: {} ({})\n", one.path.str(),
                   one.from == RepairedPath::From::cache ? "taken from a cache" : "built again, and the same");
    for (const StorePath& path : result.forgotten) print_result("forgotten: {}\n", path.str());
  }
  // All is mended but what cannot be read.
  const std::vector<VerifyProblem>& problems = result.verified.problems;
  return std::any_of(problems.begin(), problems.end(), [](const VerifyProblem& problem) {
    return problem.kind == VerifyProblem::Kind::unreadable;
  }) ? 1 : 0;
}

Result<int> delete_paths(Session& session, const PathsOptions& options) {
  SWAGE_TRY(Store* store, session.store(Store::Purpose::free_space));
  SWAGE_TRY(const StorePathSet paths, find_paths(session, options));
  SWAGE_TRY(const GcResult result, store->delete_paths(paths));
  print_stuck(session, result.stuck);
  session.stop_reporter();
  if (as_json())
    print_result("{}\n", json_text(Json{{"deleted", path_array(paths)},
                                        {"bytesFreed", result.bytes_freed},
                                        {"stuck", stuck_array(result.stuck)}}));
  else print_result("deleted {}, {}\n", counted(result.deleted.size(), "path"), human_bytes(result.bytes_freed));
  return 0;
}

struct OptimiseOptions {
  bool dry_run = false;
};

Result<int> optimise(Session& session, const OptimiseOptions& options) {
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const OptimiseResult result, store->optimise(options.dry_run));
  session.stop_reporter();
  if (as_json())
    print_json({{"files", result.files}, {"filesHashed", result.hashed}, {"filesLinked", result.linked},
                {"bytesFreed", result.bytes_freed}});
  else
    print_result("{} {} of {}, {}\n", options.dry_run ? "would share" : "now shares", result.linked,
                 counted(result.files, "file"),
                 human_bytes(result.bytes_freed));
  return 0;
}

Result<int> rebuild(Session& session) {
  SWAGE_TRY(const fs::path named, session.home());
  SWAGE_TRY(const fs::path home, absolute_path(named));
  SWAGE_TRY(const RebuiltDatabase result, rebuild_database(home));
  session.stop_reporter();
  if (as_json()) {
    print_json({{"registered", result.registered},
                {"selfVerified", result.self_verified},
                {"leftOut", path_array({result.left_out.begin(), result.left_out.end()})},
                {"aside", text_or_null(result.aside.string())}});
    return 0;
  }
  for (const StorePath& path : result.left_out) print_result("left out: {}\n", path.str());
  print_result("registered {}, left out {}\n", counted(result.registered, "path"), result.left_out.size());
  if (!result.aside.empty()) print_aside("the old database is in '{}'\n", result.aside.string());
  if (!result.left_out.empty())
    print_aside(
        "nothing vouches for what was left out: it is removed by `swage store gc`, and made anew when it is asked "
        "for\n");
  return 0;
}

}  // namespace

void declare_store_care(const Options& app, const std::shared_ptr<Action>& chosen) {
  add_paths_command(app, chosen, {"delete", "delete paths that nothing refers to", delete_paths});

  struct GcCommand {
    GcOptions options{};
    std::uint64_t newer = 0;
  };
  auto gc = std::make_shared<GcCommand>();
  const Options collect = app.add_subcommand("gc", "delete everything that no root keeps alive");
  collect.add_flag("--dry-run", gc->options.dry_run, "say what would be deleted");
  collect.add_flag("!--no-build-inputs", gc->options.keep_build_inputs,
                   "delete also what linked results were built with: toolchains, roots, sources");
  collect.add_option("--max-freed", gc->options.max_freed, "stop after this many bytes (500M, 2G), the oldest first")
      .in_bytes();
  collect.add_option("--keep-newer", gc->newer, "also what was built or fetched in the last 90m, 8h, 30d, or seconds")
      .in_seconds()
      .at_least_one();
  collect.callback([chosen, gc] {
    if (gc->newer) gc->options.keep_newer = static_cast<std::int64_t>(std::min<std::uint64_t>(gc->newer, INT64_MAX));
    *chosen = [gc](Session& session) { return collect_garbage(session, gc->options); };
  });

  auto verify_options = std::make_shared<VerifyOptions>();
  const Options check = app.add_subcommand("verify", "compare the database with what is on disk");
  check.add_flag("!--no-contents", verify_options->check_contents, "do not hash the contents");
  check.add_flag(
      "--repair", verify_options->repair,
      "get what is missing or modified anew, from caches or by building it again; forget the rest, and remove "
      "litter");
  check.callback([chosen, verify_options] {
    *chosen = [verify_options](Session& session) {
      return verify_options->repair ? repair(session, verify_options->check_contents)
                                    : verify(session, *verify_options);
    };
  });

  const Options anew = app.add_subcommand(
      "rebuild-database", "make a new database of what is on disk, where the old one is damaged or missing");
  anew.callback([chosen] { *chosen = rebuild; });

  auto sharing = std::make_shared<OptimiseOptions>();
  const Options share = app.add_subcommand("optimise", "let files of the same content share their place on disk");
  share.add_flag("--dry-run", sharing->dry_run, "say how much that would free");
  share.callback([chosen, sharing] { *chosen = [sharing](Session& session) { return optimise(session, *sharing); }; });
}

}  // namespace swage
