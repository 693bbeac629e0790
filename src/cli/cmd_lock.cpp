// swage lock: pins what floats.
#include <fmt/core.h>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "fetch/lock.hpp"

namespace swage {

namespace {

struct LockCommand {
  bool update = false, allow_older = false;
  std::vector<std::string> roots{};
};

Result<int> run(Session& session, const LockCommand& command) {
  SWAGE_TRY(const fs::path path, session.lock_path());
  std::optional<Lockfile> before;
  if (path_exists(path)) {
    Result<Lockfile> old = Lockfile::read(path);
    // One that cannot be read is replaced when it would be anyway.
    if (!old && !command.update) return Fail(std::move(old).error());
    if (old) before = std::move(*old);
  }
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  std::set<std::string> roots = before ? pinned_on_demand(*catalog, *before) : std::set<std::string>{};
  for (const std::string& name : command.roots) {
    SWAGE_TRY(const RootRow* root, catalog->root(name));
    roots.insert(root->name);
  }
  SWAGE_TRY(const Lockfile* lock, session.update_lock(before && !command.update ? &*before : nullptr, roots,
                                                      before ? &*before : nullptr, command.allow_older));
  session.stop_reporter();
  std::size_t added = 0;
  std::size_t removed = 0;
  if (before) {
    for (const auto& [sha256, file] : lock->files) added += !before->files.contains(sha256);
    for (const auto& [sha256, file] : before->files) removed += !lock->files.contains(sha256);
  }
  if (as_json())
    print_result("{}\n", json_text(Json{{"path", path.string()},
                                        {"files", lock->files.size()},
                                        {"sets", lock->sets.size()},
                                        {"added", added},
                                        {"removed", removed}}));
  else
    print_result("{}: {} packages in {} sets{}\n", path.string(), lock->files.size(), lock->sets.size(),
               before ? fmt::format(", {} added, {} removed", added, removed) : "");
  return 0;
}

}  // namespace

Action declare_lock(const Options& app) {
  auto command = std::make_shared<LockCommand>();
  app.add_flag(
      "--update", command->update,
      "ask the distribution for everything anew; without this, what is pinned stays and only what is not is added");
  app.add_flag("--allow-older", command->allow_older,
               "take package indices that are older than those that the lock was made from, or that have expired");
  app.add_option("--root", command->roots,
                 "pin this root too, which is otherwise pinned when something first needs it");
  return [command](Session& session) { return run(session, *command); };
}

}  // namespace swage
