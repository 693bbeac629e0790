// What of `swage store` looks and changes nothing.
#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "base/visible.hpp"
#include "cli/output.hpp"
#include "cli/store_commands.hpp"
#include "request/known_workspaces.hpp"
#include "request/store_words.hpp"
#include "store/tree_diff.hpp"

namespace swage {

namespace {

Result<PathInfo> info_of(Store& store, const StorePath& path) {
  SWAGE_TRY(std::optional<PathInfo> info, store.query(path));
  if (!info) return fail(Errc::corrupt, fmt::format("'{}' is not valid in this store", path.str()));
  return std::move(*info);
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

// zlib of zlib-1.3.1-arm64-dev, gcc-12 of gcc-12_12.2.0-14_amd64.deb: up to the version, which begins with a digit, or
// to the first underscore of a distribution's package.
std::string package_of(const StorePath& path) {
  std::string name(path.name());
  if (const auto at = name.find('_'); at != std::string::npos && name.ends_with(".deb")) return name.substr(0, at);
  for (std::size_t i = 1; i + 1 < name.size(); ++i)
    if (name[i] == '-' && is_digit(name[i + 1])) return name.substr(0, i);
  return name;
}

struct UsageOptions {
  PathsOptions of{};
  bool by_package = false;
};

Result<int> disk_usage(Session& session, const UsageOptions& options) {
  SWAGE_TRY(Store* store, session.store());
  StorePathSet paths;
  if (options.of.paths.empty()) {
    SWAGE_TRY(const std::vector<StorePath> all, store->all_paths());
    paths.insert(all.begin(), all.end());
  } else {
    SWAGE_TRY(paths, find_paths(session, options.of));
  }
  std::map<std::string, PathCount> rows;   // by path, or by package
  std::uint64_t total = 0;
  for (const StorePath& path : paths) {
    SWAGE_TRY(const PathInfo info, info_of(*store, path));
    PathCount& row = rows[options.by_package ? package_of(path) : path.str()];
    ++row.paths;
    row.bytes += info.nar_size;
    total += info.nar_size;
  }
  std::vector<std::pair<std::string, PathCount>> sorted(rows.begin(), rows.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  Json list = Json::array();
  for (const auto& [name, row] : sorted) {
    if (as_json() && options.by_package)
      list.push_back({{"package", name}, {"narSize", row.bytes}, {"paths", row.paths}});
    else if (as_json()) list.push_back({{"path", name}, {"narSize", row.bytes}});
    else if (options.by_package) print_result("{:>10}  {:>6}  {}\n", human_bytes(row.bytes), row.paths, name);
    else print_result("{:>10}  {}\n", human_bytes(row.bytes), name);
  }
  const char* key = options.by_package ? "packages" : "paths";
  if (as_json()) print_json({{key, std::move(list)}, {"total", total}});
  else print_result("{:>10}  in {}\n", human_bytes(total), counted(paths.size(), "path"));
  return 0;
}

// --- What keeps a path ---

Result<int> roots(Session& session) {
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const std::vector<Store::Root> found, store->find_roots());
  std::map<std::string, StorePathSet> kept;   // a link keeps one path, a process any number
  for (const Store::Root& root : found) kept[root.link].insert(root.path);
  Json list = Json::array();
  for (const auto& [link, paths] : kept) {
    SWAGE_TRY(const StorePathSet closure, store->closure(paths));
    std::uint64_t bytes = 0;
    for (const StorePath& path : closure) {
      SWAGE_TRY(const PathInfo info, info_of(*store, path));
      bytes += info.nar_size;
    }
    if (as_json())
      list.push_back({{"link", link},
                      {"paths", path_array(paths)},
                      {"closurePaths", closure.size()},
                      {"closureSize", bytes}});
    else
      print_result("{:>10}  {} -> {}\n", human_bytes(bytes), visible_line(link),
                   paths.size() == 1 ? paths.begin()->str() : counted(paths.size(), "path"));
  }
  if (as_json()) print_json({{"roots", std::move(list)}});
  else if (kept.empty()) print_aside("no link and no process keeps anything\n");
  return 0;
}

Result<int> why_kept(Session& session, const PathsOptions& options) {
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const StorePathSet paths, find_paths(session, options));
  SWAGE_TRY(const StorePathSet pinned, pinned_by_workspaces(*store, session.reporter()));
  Json list = Json::array();
  for (const StorePath& path : paths) {
    SWAGE_TRY(const std::vector<std::string> reasons, store->why_kept(path, {.pinned = pinned}));
    if (as_json()) {
      list.push_back({{"path", path.str()}, {"kept", !reasons.empty()}, {"because", reasons}});
      continue;
    }
    print_result("{}\n", path.str());
    for (const std::string& reason : reasons) print_result("  {}\n", visible_line(reason));
    if (reasons.empty()) print_result("  nothing keeps it: `swage store gc` would delete it\n");
  }
  if (as_json()) print_json({{"paths", std::move(list)}});
  return 0;
}

// --- diff ---

struct DiffOptions {
  std::string first{};
  std::string second{};
};

// A store path, or any other file or directory, as what `--check` has kept.
Result<fs::path> tree_of(Store& store, const std::string& text) {
  std::error_code error;
  if (!looks_like_store_path(text) || (!parse_store_word(text) && fs::exists(fs::symlink_status(text, error))))
    if (fs::exists(fs::symlink_status(text, error))) return fs::path(text);
  SWAGE_TRY(const StorePath path, find_store_path(store, text));
  return store.real_path(path);
}

const char* kind_name(TreeEntry::Kind kind) {
  switch (kind) {
    case TreeEntry::Kind::file: return "file";
    case TreeEntry::Kind::directory: return "directory";
    case TreeEntry::Kind::link: return "link";
    case TreeEntry::Kind::other: return "special file";
  }
  return "";
}

std::string told(const TreeEntry& entry) {
  if (entry.kind == TreeEntry::Kind::link) return fmt::format("a link to '{}'", visible_line(entry.target));
  if (entry.kind != TreeEntry::Kind::file) return fmt::format("a {}", kind_name(entry.kind));
  return fmt::format("{} of {}", entry.executable ? "a program" : "a file", counted(entry.size, "byte"));
}

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{}{:02x}", text.empty() ? "" : " ", static_cast<unsigned char>(c));
  return text;
}

std::string shown_bytes(const std::string& bytes) {
  std::string plain;
  for (const char c : bytes) plain += c >= ' ' && c < 127 ? c : '.';
  return fmt::format("{:<47}  |{}|", hex(bytes), plain);
}

Json entry_json(const std::optional<TreeEntry>& entry, const TreeDifference& difference, const std::string& bytes) {
  if (!entry) return nullptr;
  Json json{{"kind", kind_name(entry->kind)}};
  if (entry->kind == TreeEntry::Kind::link) json["target"] = entry->target;
  if (entry->kind == TreeEntry::Kind::file) {
    json["size"] = entry->size;
    json["executable"] = entry->executable;
    if (difference.bytes) json["bytes"] = hex(bytes);
  }
  return json;
}

void print_difference(const TreeDifference& one) {
  const std::string path = one.path.empty() ? "." : visible_line(one.path);
  if (!one.first || !one.second) {
    print_result("{}: only the {} has it: {}\n", path, one.first ? "first" : "second",
                 told(one.first ? *one.first : *one.second));
    return;
  }
  if (one.bytes == 0) {
    print_result("{}: {}, and {}\n", path, told(*one.first), told(*one.second));
    return;
  }
  print_result("{}: {} differ, the first at {}", path, counted(one.bytes, "byte"),
               one.at);
  if (one.first->size == one.second->size) print_result(" of {}\n", one.first->size);
  else print_result("; it has {} bytes, and {}\n", one.first->size, one.second->size);
  print_result("  first   {}\n  second  {}\n", shown_bytes(one.first_bytes), shown_bytes(one.second_bytes));
  if (one.first->executable != one.second->executable)
    print_result("  only the {} may be run\n", one.first->executable ? "first" : "second");
}

Result<int> diff(Session& session, const DiffOptions& options) {
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const fs::path first, tree_of(*store, options.first));
  SWAGE_TRY(const fs::path second, tree_of(*store, options.second));
  SWAGE_TRY(const std::vector<TreeDifference> found, diff_trees(first, second));
  if (as_json()) {
    Json list = Json::array();
    for (const TreeDifference& one : found) {
      Json row{{"path", one.path},
               {"first", entry_json(one.first, one, one.first_bytes)},
               {"second", entry_json(one.second, one, one.second_bytes)},
               {"differentBytes", one.bytes},
               {"at", nullptr}};
      if (one.bytes) row["at"] = one.at;
      list.push_back(std::move(row));
    }
    print_json({{"first", first.string()}, {"second", second.string()}, {"differences", std::move(list)}});
  } else {
    for (const TreeDifference& one : found) print_difference(one);
    if (found.empty()) print_aside("they are the same\n");
  }
  return found.empty() ? 0 : 1;
}

}  // namespace

void declare_store_looks(const Options& app, const std::shared_ptr<Action>& chosen) {
  add_paths_command(app, chosen, {"path-info", "size, hash, references and deriver", path_info, true});
  add_paths_command(app, chosen, {"tree", "the closure as a tree", tree});
  add_paths_command(app, chosen,
                    {"why-depends", "the shortest chain of references from one path to another", why_depends});
  add_paths_command(app, chosen, {"why-kept", "what keeps a path from being deleted", why_kept});
  const Options list = app.add_subcommand("roots", "the links and processes that keep paths, and how much each keeps");
  list.callback([chosen] { *chosen = roots; });

  auto usage = std::make_shared<UsageOptions>();
  const Options du = app.add_subcommand("du", "sizes, largest first");
  du.add_option("PATH", usage->of.paths, "a store path, its base name, or a link to it (default: all)");
  du.add_flag("-r,--recursive", usage->of.recursive, "with everything that it refers to").needs("PATH");
  du.add_flag("--by-package", usage->by_package, "the sum of all paths of a package, and how many these are");
  du.callback([chosen, usage] { *chosen = [usage](Session& session) { return disk_usage(session, *usage); }; });

  auto two = std::make_shared<DiffOptions>();
  const Options compare = app.add_subcommand("diff", "which files of two paths differ, and in which bytes");
  compare.add_option("FIRST", two->first, "a store path, or any file or directory").required();
  compare.add_option("SECOND", two->second, "the other").required();
  compare.callback([chosen, two] { *chosen = [two](Session& session) { return diff(session, *two); }; });
}

}  // namespace swage
