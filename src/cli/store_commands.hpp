// Commands of `swage store` that have a file of their own. Each sets `chosen` when it is given.
#pragma once

#include "cli/command.hpp"
#include "cli/json.hpp"

namespace swage {

struct PathsOptions {
  std::vector<std::string> paths{};
  bool recursive = false;
};
Result<StorePathSet> find_paths(Session& session, const PathsOptions& options);
Json path_array(const StorePathSet& paths);

// Adds a command that takes paths.
struct PathsCommand {
  const char* name;
  const char* summary;
  Result<int> (*run)(Session&, const PathsOptions&);
  bool recursive = false;   // it has -r
};
void add_paths_command(const Options& app, const std::shared_ptr<Action>& chosen, const PathsCommand& command);

void declare_store_looks(const Options& app, const std::shared_ptr<Action>& chosen);   // path-info, tree, du, diff...
void declare_store_care(const Options& app, const std::shared_ptr<Action>& chosen);    // gc, delete, verify, optimise

}  // namespace swage
