// swage store: looking at the store and keeping it in order.
#include <algorithm>
#include <cerrno>
#include <fmt/core.h>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "request/store_words.hpp"

namespace swage {

namespace {

Result<PathInfo> info_of(Store& store, const StorePath& path) {
  SWAGE_TRY(std::optional<PathInfo> info, store.query(path));
  if (!info) return fail(Errc::corrupt, fmt::format("'{}' is not valid in this store", path.str()));
  return std::move(*info);
}

Json path_array(const StorePathSet& paths) {
  Json array = Json::array();
  for (const StorePath& path : paths) array.push_back(path.str());
  return array;
}

struct PathsOptions {
  std::vector<std::string> paths{};
  bool recursive = false;
};

void declare_paths(const Options& app, PathsOptions& options) {
  app.add_option("PATH", options.paths, "a store path, its base name, or a link to it").required();
}

Result<StorePathSet> find_paths(Session& session, const PathsOptions& options) {
  SWAGE_TRY(Store* store, session.store());
  StorePathSet paths;
  for (const std::string& text : options.paths) {
    SWAGE_TRY(StorePath path, find_store_path(*store, text));
    paths.insert(std::move(path));
  }
  if (options.recursive) return store->closure(paths);
  return paths;
}

Result<int> path_info(Session& session, const PathsOptions& options) {
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const StorePathSet paths, find_paths(session, options));
  Json list = Json::array();
  for (const StorePath& path : paths) {
    SWAGE_TRY(const PathInfo info, info_of(*store, path));
    if (!as_json()) {
      print_result("{}\n  size        {}\n  hash        sha256:{}\n  references  {}\n  deriver     {}\n", path.str(),
                   human_bytes(info.nar_size), info.nar_hash.hex(), info.references.size(),
                   info.deriver ? info.deriver->str() : "none");
      continue;
    }
    Json row{{"path", path.str()},
             {"realPath", store->real_path(path).string()},
             {"narHash", "sha256:" + info.nar_hash.hex()},
             {"narSize", info.nar_size},
             {"references", path_array(info.references)},
             {"deriver", nullptr},
             {"ca", nullptr},
             {"registrationTime", info.registration_time}};
    if (info.deriver) row["deriver"] = info.deriver->str();
    if (info.ca) row["ca"] = info.ca->str();
    list.push_back(std::move(row));
  }
  if (as_json()) print_result("{}\n", json_text(Json{{"paths", std::move(list)}}));
  return 0;
}

// A chain of references may be longer than a stack is deep.
Result<void> print_tree(Store& store, const StorePath& root) {
  struct Level {
    std::vector<StorePath> references;
    std::size_t next = 0;
    std::string indent{};
  };
  const auto level_of = [&](const StorePath& path, std::string indent) -> Result<Level> {
    SWAGE_TRY(PathInfo info, info_of(store, path));
    info.references.erase(path);
    return Level{.references = {info.references.begin(), info.references.end()}, .indent = std::move(indent)};
  };
  print_result("{}\n", root.str());
  StorePathSet seen{root};
  std::vector<Level> open;
  SWAGE_TRY(Level first, level_of(root, ""));
  open.push_back(std::move(first));
  while (!open.empty()) {
    Level& level = open.back();
    if (level.next == level.references.size()) {
      open.pop_back();
      continue;
    }
    const StorePath reference = level.references[level.next++];
    const bool last = level.next == level.references.size();
    const bool again = !seen.insert(reference).second;
    print_result("{}{} {}{}\n", level.indent, last ? "└──" : "├──", reference.str(), again ? " [...]" : "");
    if (again) continue;
    SWAGE_TRY(Level below, level_of(reference, level.indent + (last ? "    " : "│   ")));
    open.push_back(std::move(below));
  }
  return {};
}

Result<int> tree(Session& session, const PathsOptions& options) {
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const StorePathSet paths, find_paths(session, options));
  if (as_json()) {
    SWAGE_TRY(const StorePathSet closure, store->closure(paths));
    Json nodes = Json::array();
    for (const StorePath& path : closure) {
      SWAGE_TRY(const PathInfo info, info_of(*store, path));
      nodes.push_back({{"path", path.str()}, {"references", path_array(info.references)}});
    }
    print_result("{}\n", json_text(Json{{"roots", path_array(paths)}, {"nodes", std::move(nodes)}}));
    return 0;
  }
  for (const StorePath& path : paths) SWAGE_CHECK(print_tree(*store, path));
  return 0;
}

// The shortest chain of references, breadth first.
Result<int> why_depends(Session& session, const PathsOptions& options) {
  if (options.paths.size() != 2) return fail(Errc::invalid_input, "'store why-depends' wants two paths");
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const StorePath from, find_store_path(*store, options.paths[0]));
  SWAGE_TRY(const StorePath to, find_store_path(*store, options.paths[1]));
  std::map<StorePath, std::optional<StorePath>> reached_from{{from, std::nullopt}};
  std::vector<StorePath> queue{from};
  for (std::size_t i = 0; i < queue.size() && !reached_from.contains(to); ++i) {
    const StorePath at = queue[i];
    SWAGE_TRY(const PathInfo info, info_of(*store, at));
    for (const StorePath& next : info.references)
      if (reached_from.emplace(next, at).second) queue.push_back(next);
  }
  std::vector<StorePath> chain;
  if (reached_from.contains(to))
    for (std::optional<StorePath> at = to; at; at = reached_from.at(*at)) chain.insert(chain.begin(), *at);
  if (as_json()) {
    Json array = Json::array();
    for (const StorePath& path : chain) array.push_back(path.str());
    print_result("{}\n", json_text(Json{{"chain", std::move(array)}}));
    return 0;
  }
  if (chain.empty()) print_result("'{}' does not depend on '{}'\n", from.str(), to.str());
  for (std::size_t i = 0; i < chain.size(); ++i)
    print_result("{}{}{}\n", std::string(i ? (i - 1) * 4 : 0, ' '), i ? "└── " : "", chain[i].str());
  return 0;
}

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

Result<int> collect_garbage(Session& session, const GcOptions& options) {
  SWAGE_TRY(Store* store, session.store(Store::Purpose::free_space));
  SWAGE_TRY(const GcResult result, store->collect_garbage(options));
  print_stuck(session, result.stuck);
  session.stop_reporter();
  if (as_json()) {
    Json deleted = Json::array();
    for (const StorePath& path : result.deleted) deleted.push_back(path.str());
    print_result("{}\n", json_text(Json{{"deleted", std::move(deleted)}, {"bytesFreed", result.bytes_freed},
                            {"bytesForBuilding", result.bytes_for_building}, {"stuck", stuck_array(result.stuck)}}));
    return 0;
  }
  if (options.dry_run)
    for (const StorePath& path : result.deleted) print_result("{}\n", path.str());
  print_result("{} {} paths, {}\n", options.dry_run ? "would delete" : "deleted", result.deleted.size(),
               human_bytes(result.bytes_freed));
  if (result.bytes_for_building)
    print_aside("{} is kept only because linked results were built with it; --no-build-inputs deletes that too\n",
               human_bytes(result.bytes_for_building));
  return 0;
}

Result<int> verify(Session& session, const VerifyOptions& options) {
  SWAGE_TRY(Store* store, session.store(options.repair ? Store::Purpose::free_space : Store::Purpose::usual));
  SWAGE_TRY(const VerifyResult result, store->verify(options));
  print_stuck(session, result.stuck);
  session.stop_reporter();
  const auto kind_name = [](VerifyProblem::Kind kind) {
    switch (kind) {
      case VerifyProblem::Kind::missing: return "missing";
      case VerifyProblem::Kind::hash_mismatch: return "modified";
      case VerifyProblem::Kind::unreadable: return "unreadable";
      case VerifyProblem::Kind::dangling_reference: return "dangling reference";
      case VerifyProblem::Kind::litter: return "litter";
    }
    return "";
  };
  if (as_json()) {
    Json problems = Json::array();
    for (const VerifyProblem& problem : result.problems)
      problems.push_back({{"kind", kind_name(problem.kind)}, {"path", problem.path}, {"detail", problem.detail}});
    print_result("{}\n", json_text(Json{{"checked", result.checked},
                                        {"bytes", result.bytes},
                                        {"damaged", result.damaged()},
                                        {"problems", std::move(problems)},
                                        {"stuck", stuck_array(result.stuck)}}));
  } else {
    for (const VerifyProblem& problem : result.problems)
      print_result("{}: {}{}\n", kind_name(problem.kind), problem.path,
                   problem.detail.empty() ? "" : " (" + problem.detail + ")");
    print_result("{}: {} paths checked, {}\n", result.damaged() ? "damaged" : "ok", result.checked,
                 human_bytes(result.bytes));
  }
  // A repair mends all but what cannot be read.
  const bool unreadable = std::any_of(result.problems.begin(), result.problems.end(), [](const VerifyProblem& problem) {
    return problem.kind == VerifyProblem::Kind::unreadable;
  });
  return (options.repair ? unreadable : result.damaged()) ? 1 : 0;
}

Result<int> disk_usage(Session& session, const PathsOptions& options) {
  SWAGE_TRY(Store* store, session.store());
  StorePathSet paths;
  if (options.paths.empty()) {
    SWAGE_TRY(const std::vector<StorePath> all, store->all_paths());
    paths.insert(all.begin(), all.end());
  } else {
    SWAGE_TRY(paths, find_paths(session, options));
  }
  std::vector<PathInfo> infos;
  std::uint64_t total = 0;
  for (const StorePath& path : paths) {
    SWAGE_TRY(PathInfo info, info_of(*store, path));
    total += info.nar_size;
    infos.push_back(std::move(info));
  }
  std::stable_sort(infos.begin(), infos.end(),
                   [](const PathInfo& a, const PathInfo& b) { return a.nar_size > b.nar_size; });
  Json list = Json::array();
  for (const PathInfo& info : infos) {
    if (as_json()) list.push_back({{"path", info.path.str()}, {"narSize", info.nar_size}});
    else print_result("{:>10}  {}\n", human_bytes(info.nar_size), info.path.str());
  }
  if (as_json()) print_result("{}\n", json_text(Json{{"paths", std::move(list)}, {"total", total}}));
  else print_result("{:>10}  in {} paths\n", human_bytes(total), infos.size());
  return 0;
}

Result<int> dump(Session& session, const PathsOptions& options) {
  SWAGE_TRY(Store* store, session.store());
  if (options.paths.size() != 1) return fail(Errc::invalid_input, "'store dump' wants one path");
  if (::isatty(STDOUT_FILENO))
    return Fail(Error{.what = "a NAR is not for a terminal",
                      .hint = fmt::format("write it to a file: swage store dump {} > FILE", options.paths[0])});
  SWAGE_TRY(const StorePath path, find_store_path(*store, options.paths[0]));
  SWAGE_CHECK(dump_nar(store->real_path(path),
                       [](std::string_view data) { return write_all(STDOUT_FILENO, data, "standard output"); }));
  return 0;
}

Result<std::size_t> read_standard_input(char* buffer, std::size_t size) {
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, buffer, size);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) return fail_errno("cannot read 'standard input'", errno);
    SWAGE_CHECK(check_interrupt());
  }
}

Result<int> restore(Session&, const std::string& target) {
  SWAGE_CHECK(restore_nar(read_standard_input, target));
  return 0;
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
  else print_result("deleted {} paths, {}\n", result.deleted.size(), human_bytes(result.bytes_freed));
  return 0;
}

// Adds a subcommand that takes paths.
void add_paths_command(const Options& app, Action& chosen, const char* name, const char* summary,
                       Result<int> (*run)(Session&, const PathsOptions&), bool recursive = false,
                       bool required = true) {
  auto options = std::make_shared<PathsOptions>();
  const Options sub = app.add_subcommand(name, summary);
  if (required) declare_paths(sub, *options);
  else sub.add_option("PATH", options->paths, "a store path, its base name, or a link to it (default: all)");
  if (recursive) sub.add_flag("-r,--recursive", options->recursive, "with everything that it refers to").needs("PATH");
  sub.callback(
      [&chosen, options, run] { chosen = [options, run](Session& session) { return run(session, *options); }; });
}

}  // namespace

Action declare_store(const Options& app) {
  // The subcommand that was given fills this in while the line is parsed.
  auto chosen = std::make_shared<Action>();
  app.require_subcommand();
  add_paths_command(app, *chosen, "path-info", "size, hash, references and deriver", path_info, true);
  add_paths_command(app, *chosen, "tree", "the closure as a tree", tree);
  add_paths_command(app, *chosen, "why-depends", "the shortest chain of references from one path to another",
                    why_depends);
  add_paths_command(app, *chosen, "du", "sizes, largest first", disk_usage, true, false);
  add_paths_command(app, *chosen, "dump", "write a path as a NAR to standard output", dump);
  add_paths_command(app, *chosen, "delete", "delete paths that nothing refers to", delete_paths);

  auto target = std::make_shared<std::string>();
  const Options unpack = app.add_subcommand("restore", "unpack a NAR from standard input");
  unpack.add_option("TARGET", *target, "what to create").required();
  unpack.callback([chosen, target] { *chosen = [target](Session& session) { return restore(session, *target); }; });

  auto gc_options = std::make_shared<GcOptions>();
  const Options gc = app.add_subcommand("gc", "delete everything that no root keeps alive");
  gc.add_flag("--dry-run", gc_options->dry_run, "say what would be deleted");
  gc.add_flag("!--no-build-inputs", gc_options->keep_build_inputs,
              "delete also what linked results were built with: toolchains, roots, sources");
  gc.add_option("--max", gc_options->max_freed, "stop after this many bytes (500M, 2G)").in_bytes();
  gc.callback([chosen, gc_options] {
    *chosen = [gc_options](Session& session) { return collect_garbage(session, *gc_options); };
  });

  auto verify_options = std::make_shared<VerifyOptions>();
  const Options check = app.add_subcommand("verify", "compare the database with what is on disk");
  check.add_flag("!--no-contents", verify_options->check_contents, "do not hash the contents");
  check.add_flag("--repair", verify_options->repair, "forget what is missing or modified, and remove litter");
  check.callback([chosen, verify_options] {
    *chosen = [verify_options](Session& session) { return verify(session, *verify_options); };
  });

  return [chosen](Session& session) { return (*chosen)(session); };
}

}  // namespace swage
