#include "request/target_outputs.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "base/text.hpp"
#include "request/option_kinds.hpp"
#include "request/realising.hpp"
#include "request/store_words.hpp"

namespace swage {

namespace {

std::string build_command(TargetOptions options, const Goal& goal) {
  options.platforms = {goal.board ? goal.board->name : goal.platform->name};
  std::string command = "swage build " + shell_quoted(goal.target.text);
  for (const std::string& word : option_words(options, kind_of(goal.target))) command += " " + shell_quoted(word);
  return command;
}

std::map<StorePath, std::string> texts_behind(const Graph& graph, const StorePath& drv) {
  std::map<StorePath, std::string> texts;
  for (const StorePath& path : graph.closure(drv)) {
    const FinishedDerivation& derivation = *graph.find(path);
    texts.emplace(path, derivation.text);
    for (const StorePath& input : derivation.drv.input_srcs)
      if (const auto source = graph.sources.find(input); source != graph.sources.end())
        if (const auto* text = std::get_if<Source::Text>(&source->second.how)) texts.emplace(input, text->content);
  }
  return texts;
}

}  // namespace

Result<std::vector<TargetOutputs>> outputs_of_targets(Session& session, const TargetOptions& options) {
  std::vector<TargetOutputs> all;
  if (options.targets.empty()) return all;
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options, "defconfig"));
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, KernelGoal::artifact));
  for (const Goal* goal : planned.goals) {
    TargetOutputs one{.label = goal_label(*goal), .build = build_command(options, *goal)};
    one.made_of = texts_behind(planned.planner->graph(), goal->wanted->drv);
    const std::vector<std::string>& wanted = goal->wanted->outputs;
    for (const auto& [name, output] : planned.planner->graph().find(goal->wanted->drv)->drv.outputs) {
      SWAGE_TRY(StorePath path, StorePath::parse(output.path));
      const bool is_wanted = std::find(wanted.begin(), wanted.end(), name) != wanted.end();
      (is_wanted ? one.wanted : one.others).insert(std::move(path));
    }
    all.push_back(std::move(one));
  }
  return all;
}

Result<BuiltPaths> built_paths(Session& session, TargetOptions options) {
  std::vector<std::string> words = std::exchange(options.targets, {});
  const auto first_target = std::stable_partition(words.begin(), words.end(), looks_like_store_path);
  options.targets.assign(first_target, words.end());
  words.erase(first_target, words.end());
  if (options.targets.empty()) SWAGE_CHECK(check_only(options, {}, "store paths"));
  SWAGE_TRY(Store* store, session.store());
  StorePathSet paths;
  for (const std::string& word : words) {
    SWAGE_TRY(StorePath path, find_store_path(*store, word));
    paths.insert(std::move(path));
  }
  SWAGE_TRY(std::vector<TargetOutputs> targets, outputs_of_targets(session, options));
  std::vector<Error> missing;
  std::map<StorePath, std::string> made_of;
  for (TargetOutputs& target : targets) {
    made_of.merge(target.made_of);
    SWAGE_TRY(StorePathSet wanted, store->valid_paths(target.wanted));
    if (wanted.size() < target.wanted.size())
      missing.push_back(Error{.what = fmt::format("{} is not built", target.label)}.hinted(target.build));
    paths.merge(wanted);
    SWAGE_TRY(StorePathSet others, store->valid_paths(target.others));
    paths.merge(others);
  }
  if (!missing.empty()) return Fail(together(std::move(missing)));
  return BuiltPaths{.paths = std::move(paths), .made_of = std::move(made_of)};
}

}  // namespace swage
