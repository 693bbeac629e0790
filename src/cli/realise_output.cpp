#include "cli/realise_output.hpp"

#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "request/substituters.hpp"

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

Result<Json> caches_json(Session& session) {
  SWAGE_TRY(const CacheSubstituter* caches, session.substituter());
  Json all = Json::array();
  if (!caches) return all;
  for (const CacheUse& use : caches->uses())
    all.push_back({{"cache", use.cache},
                   {"paths", use.paths},
                   {"bytes", use.bytes},
                   {"untrusted", use.untrusted},
                   {"failed", use.failed},
                   {"failure", text_or_null(use.failure)},
                   {"leftOut", text_or_null(use.left_out)}});
  return all;
}

Json offers_json(const std::vector<Offer>& offers) {
  Json all = Json::array();
  for (const Offer& offer : offers)
    all.push_back({{"path", offer.path.str()}, {"download", offer.download}, {"narSize", offer.nar_size}});
  return all;
}

std::string offers_text(const std::vector<Offer>& offers) {
  std::uint64_t download = 0, unpacked = 0;
  for (const Offer& offer : offers) {
    download += offer.download;
    unpacked += offer.nar_size;
  }
  return fmt::format("{} paths ({}, {} unpacked)", offers.size(), human_bytes(download), human_bytes(unpacked));
}

Result<void> print_offers(Session& session, const std::vector<Offer>& offers) {
  SWAGE_TRY(const CacheSubstituter* caches, session.substituter());
  if (!caches) return {};
  print_result("would take {} from caches\n", offers_text(offers));
  for (const Offer& offer : offers) print_result("  {}\n", offer.path.str());
  if (const std::string text = caches_summary(caches->uses()); !text.empty()) print_aside("{}\n", text);
  return {};
}

Result<int> print_dry_run(Session& session, const Planned& planned, bool check) {
  SWAGE_TRY(Store* store, session.store());
  const Graph& graph = planned.planner->graph();
  SWAGE_TRY(CacheSubstituter* caches, session.substituter());
  SWAGE_TRY(const RealisePlan todo, plan_realise(*store, graph, planned.wanted, check, caches));
  if (as_json()) {
    const auto paths = [](const std::vector<StorePath>& list) {
      auto array = Json::array();
      for (const StorePath& path : list) array.push_back(path.str());
      return array;
    };
    SWAGE_TRY(Json uses, caches_json(session));
    print_json({{"build", paths(todo.build)},
                {"fetch", paths(todo.fetch)},
                {"valid", paths(todo.valid)},
                {"substitute", offers_json(todo.substitute)},
                {"caches", std::move(uses)}});
    return 0;
  }
  std::uint64_t bytes = 0;
  for (const StorePath& path : todo.fetch)
    if (const Source::Download* download = graph.sources.at(path).download()) bytes += download->size;
  print_result("would build {} derivations and fetch {} files ({})\n", todo.build.size(), todo.fetch.size(),
               human_bytes(bytes));
  for (const StorePath& path : todo.build) print_result("  {}\n", path.str());
  SWAGE_CHECK(print_offers(session, todo.substitute));
  return 0;
}

}  // namespace swage
