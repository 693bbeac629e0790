#include "cli/realise_output.hpp"

#include "base/text.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"

namespace swage {

Result<Made> make_and_tell(Session& session, const Planned& planned, RealiseOptions options) {
  SWAGE_TRY(Made made, make_planned(session, planned, std::move(options)));
  if (!made.errors.empty() && made.ends.size() > 1 && !output_mode().quiet && !as_json())
    for (std::size_t i = 0; i < made.ends.size(); ++i) {
      const std::string& because = made.ends[i].because;
      print_aside("{}: {}{}\n", goal_label(*planned.goals[i]), end_name(made.ends[i].end),
                  because.empty() ? "" : fmt::format(", because of '{}'", because));
    }
  if (made.stopped) return Fail(std::move(made.errors.front()));
  return made;
}

void tell_config_report(const std::string& kernel, const std::optional<ConfigReport>& report) {
  if (!report || output_mode().quiet || as_json()) return;
  if (const std::string text = config_summary(*report); !text.empty()) print_aside("{}: {}", kernel, text);
}

Result<int> print_dry_run(Session& session, const Planned& planned, bool check) {
  SWAGE_TRY(Store* store, session.store());
  const Graph& graph = planned.planner->graph();
  SWAGE_TRY(const RealisePlan todo, plan_realise(*store, graph, planned.wanted, check));
  if (as_json()) {
    const auto paths = [](const std::vector<StorePath>& list) {
      auto array = Json::array();
      for (const StorePath& path : list) array.push_back(path.str());
      return array;
    };
    print_result(
        "{}\n",
        json_text(Json{{"build", paths(todo.build)}, {"fetch", paths(todo.fetch)}, {"valid", paths(todo.valid)}}));
    return 0;
  }
  std::uint64_t bytes = 0;
  for (const StorePath& path : todo.fetch)
    if (const auto* download = std::get_if<Source::Download>(&graph.sources.at(path).how)) bytes += download->size;
  print_result("would build {} derivations and fetch {} files ({})\n", todo.build.size(), todo.fetch.size(),
               human_bytes(bytes));
  for (const StorePath& path : todo.build) print_result("  {}\n", path.str());
  return 0;
}

}  // namespace swage
