// swage lock: pins what floats.
#include <algorithm>
#include <fmt/core.h>
#include <map>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "fetch/lock.hpp"
#include "plan/sources.hpp"

namespace swage {

namespace {

struct LockCommand {
  bool update = false, allow_older = false;
  std::vector<std::string> roots{};
  std::vector<std::string> names{};    // of what is to move; empty: all
};

// A package of a suite, or the source of one, that is of another version now.
struct Moved {
  std::string suite{}, name{}, from{}, to{};
  friend auto operator<=>(const Moved&, const Moved&) = default;
};

// Of one set, versions by name.
std::map<std::string, std::string> versions_of(const Lockfile& lock, const LockedSet& set) {
  std::map<std::string, std::string> versions;
  for (const std::string& sha256 : set.files) versions[lock.files.at(sha256).name] = lock.files.at(sha256).version;
  return versions;
}

std::set<Moved> moved_between(const Lockfile& before, const Lockfile& now) {
  std::set<Moved> moved;
  for (const auto& [key, set] : now.sets) {
    const auto old = before.sets.find(key);
    if (old == before.sets.end() || old->second.suite != set.suite) continue;
    const std::map<std::string, std::string> was = versions_of(before, old->second);
    for (const auto& [name, version] : versions_of(now, set))
      if (const auto at = was.find(name); at != was.end() && at->second != version)
        moved.insert({.suite = set.suite, .name = name, .from = at->second, .to = version});
  }
  for (const auto& [key, sha256] : now.sources) {
    const auto old = before.sources.find(key);
    if (old == before.sources.end() || old->second == sha256) continue;
    moved.insert({.suite = key.substr(0, key.find('/')),
                  .name = fmt::format("{} (source)", key.substr(key.find('/') + 1)),
                  .from = before.files.at(old->second).version,
                  .to = now.files.at(sha256).version});
  }
  return moved;
}

// Takes out what has one of the names: a set by its key or its root's name, or because it has such a package; a source
// by its key or package; a seed; what was missing by its key. An error for a name that nothing has.
Result<Lockfile> without_named(const Lockfile& lock, const std::vector<std::string>& names) {
  Lockfile rest = lock;
  std::set<std::string> known;
  std::set<std::string_view> found;
  const auto is_named = [&](std::initializer_list<std::string> called) {
    bool named = false;
    for (const std::string& one : called) {
      known.insert(one);
      const auto at = std::find(names.begin(), names.end(), one);
      if (at == names.end()) continue;
      found.insert(*at);
      named = true;
    }
    return named;
  };
  for (const auto& [key, set] : lock.sets) {
    bool named = is_named({key, key.substr(key.find(':') + 1)});
    for (const auto& [name, version] : versions_of(lock, set)) named |= is_named({name});
    if (named) rest.sets.erase(key);
  }
  for (const auto& [key, sha256] : lock.sources)
    if (is_named({key, lock.files.at(sha256).name})) rest.sources.erase(key);
  for (const auto& [key, seed] : lock.seeds)
    if (is_named({key, lock.files.at(seed.sha256).name})) rest.seeds.erase(key);
  for (const auto& [key, reason] : lock.missing)
    if (is_named({key, key.substr(key.find(':') + 1)})) rest.missing.erase(key);
  for (const std::string& name : names)
    if (!found.contains(name)) {
      const std::vector<std::string> all(known.begin(), known.end());
      return Fail(Error{.what = fmt::format("the lock file pins nothing that is called '{}'", name),
                        .hint = did_you_mean(name, all)});
    }
  return rest;
}

// All that the lock file says something of: what it pins, and what could not be had.
std::set<std::string> keys_of(const Lockfile& lock) {
  std::set<std::string> keys;
  for (const auto& [key, set] : lock.sets) keys.insert(key);
  for (const auto& [key, sha256] : lock.sources) keys.insert("source:" + key);
  for (const auto& [key, seed] : lock.seeds) keys.insert(seed_key(key));
  for (const auto& [key, reason] : lock.missing) keys.insert(key);
  return keys;
}

// What the command is to do to the lock file `before`, which is at `path`.
Result<LockChange> change_of(const LockCommand& command, const Catalog& catalog, const fs::path& path,
                             const std::optional<Lockfile>& before) {
  SWAGE_TRY(const std::vector<LockRequest> requests, lock_requests(catalog));
  LockChange change{.before = before, .allow_older = command.allow_older};
  for (const std::string& name : command.roots) {
    SWAGE_TRY(const RootRow* root, catalog.root(name));
    change.wanted.insert(root_key(*root));
  }
  if (!command.names.empty()) {
    if (!before)
      return Fail(Error{.code = Errc::environment,
                        .what = fmt::format("'{}' is not there: nothing is pinned that could move", path.string()),
                        .hint = "pin it with: swage lock"});
    SWAGE_TRY(change.keep, without_named(*before, command.names));
    const std::set<std::string> stays = keys_of(*change.keep);
    for (const std::string& key : keys_of(*before))
      if (!stays.contains(key)) change.wanted.insert(key);
  } else if (command.update && before) {
    change.wanted.merge(keys_of(*before));
  } else {
    change.keep = before;
    for (const LockRequest& request : requests)
      if (!request.on_demand) change.wanted.insert(request.key);
    if (before) change.wanted.merge(pinned_on_demand(catalog, *before));
  }
  // What the catalog does not have any more is not asked for.
  std::set<std::string> known;
  for (const LockRequest& request : requests) known.insert(request.key);
  std::erase_if(change.wanted, [&](const std::string& key) { return !known.contains(key); });
  return change;
}

Result<int> run(Session& session, const LockCommand& command) {
  SWAGE_TRY(const fs::path path, session.lock_path());
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  for (const std::string& name : command.roots) SWAGE_CHECK(catalog->root(name));
  std::optional<Lockfile> before;
  SWAGE_TRY(const Lockfile* lock,
            session.update_lock([&](Result<std::optional<Lockfile>> now) -> Result<LockChange> {
              // One that cannot be read is replaced when it would be anyway.
              if (!now && (!command.update || !command.names.empty())) return Fail(std::move(now).error());
              before = now ? *std::move(now) : std::nullopt;
              return change_of(command, *catalog, path, before);
            }));
  session.stop_reporter();
  std::size_t added = 0;
  std::size_t removed = 0;
  if (before) {
    for (const auto& [sha256, file] : lock->files) added += !before->files.contains(sha256);
    for (const auto& [sha256, file] : before->files) removed += !lock->files.contains(sha256);
  }
  const std::set<Moved> moved = before ? moved_between(*before, *lock) : std::set<Moved>{};
  if (as_json()) {
    Json rows = Json::array();
    for (const Moved& one : moved)
      rows.push_back({{"suite", one.suite}, {"name", one.name}, {"from", one.from}, {"to", one.to}});
    print_result("{}\n", json_text(Json{{"path", path.string()},
                                        {"files", lock->files.size()},
                                        {"sets", lock->sets.size()},
                                        {"added", added},
                                        {"removed", removed},
                                        {"moved", std::move(rows)}}));
    return 0;
  }
  for (const Moved& one : moved) print_result("{}: {} {} -> {}\n", one.suite, one.name, one.from, one.to);
  print_result("{}: {} packages in {} sets{}\n", path.string(), lock->files.size(), lock->sets.size(),
               before ? fmt::format(", {} added, {} removed", added, removed) : "");
  return 0;
}

}  // namespace

Action declare_lock(const Options& app) {
  auto command = std::make_shared<LockCommand>();
  app.add_flag("--update", command->update,
               "ask the distribution anew for all that is pinned, or for what NAMEs are; without this, what is pinned "
               "stays, and all that is not is added");
  app.add_option("NAME", command->names,
                 "with --update: a package, a source, a root or a set of packages that is to move (default: all)")
      .needs("--update");
  app.add_flag("--allow-older", command->allow_older,
               "take package indices that are older than those that the lock was made from, or that have expired");
  app.add_option("--root", command->roots,
                 "pin this root too, which is otherwise pinned when something first needs it");
  return [command](Session& session) { return run(session, *command); };
}

}  // namespace swage
