#include <algorithm>

#include "realise/realise.hpp"
#include "realise/substitution.hpp"

namespace swage {

namespace {

// Walks from what is wanted towards the inputs, one wave of derivations at a time, so that the database is asked once a
// wave. A derivation whose needed outputs are valid, or can be had from others, is not looked into.
class Walk {
 public:
  Walk(Store& store, const Graph& graph, Substituter* substituter) : store_(store), graph_(graph) {
    if (substituter) obtainable_.emplace(store, *substituter);
  }

  Result<RealisePlan> run(const std::vector<Wanted>& wanted, bool check) {
    for (const Wanted& want : wanted)
      for (const std::string& output : want.outputs) SWAGE_CHECK(demand(want.drv, output));
    if (check)
      for (const Wanted& want : wanted) SWAGE_CHECK(build(graph_.index.at(want.drv)));
    while (!wave_.empty()) SWAGE_CHECK(look_at(std::exchange(wave_, {})));
    RealisePlan plan;
    for (const std::size_t position : build_) plan.build.push_back(graph_.derivations[position].path);
    SWAGE_TRY(const StorePathSet present, store_.valid_paths(sources_));
    std::set_difference(sources_.begin(), sources_.end(), present.begin(), present.end(),
                        std::back_inserter(plan.fetch));
    if (obtainable_) SWAGE_CHECK(substitute(plan));
    for (const std::size_t position : seen_)
      if (!build_.contains(position))
        (given_.contains(position) ? plan.substituted : plan.valid).push_back(graph_.derivations[position].path);
    return plan;
  }

 private:
  struct Need {
    std::size_t position;
    StorePath path;
  };

  Result<void> demand(const StorePath& drv, const std::string& output) {
    const auto found = graph_.index.find(drv);
    if (found == graph_.index.end()) return fail(Errc::invalid_input, "'" + drv.str() + "' is not part of the plan");
    const Derivation& derivation = graph_.derivations[found->second].drv;
    const auto promised = derivation.outputs.find(output);
    if (promised == derivation.outputs.end())
      return fail(Errc::invalid_input, "'" + derivation.name + "' has no output '" + output + "'");
    SWAGE_TRY(StorePath path, StorePath::parse(promised->second.path));
    if (!asked_.insert(path).second) return {};
    seen_.insert(found->second);
    wave_.push_back({found->second, std::move(path)});
    return {};
  }

  Result<void> look_at(const std::vector<Need>& needs) {
    StorePathSet paths;
    for (const Need& need : needs) paths.insert(need.path);
    SWAGE_TRY(const StorePathSet valid, store_.valid_paths(paths));
    if (obtainable_) {
      StorePathSet missing;
      for (const Need& need : needs)
        if (!valid.contains(need.path) && !build_.contains(need.position)) missing.insert(need.path);
      SWAGE_CHECK(obtainable_->ask(std::move(missing)));
    }
    for (const Need& need : needs) {
      if (valid.contains(need.path)) continue;
      if (obtainable_ && obtainable_->has(need.path)) given_[need.position].insert(need.path);
      else SWAGE_CHECK(build(need.position));
    }
    return {};
  }

  // What is to be had: outputs of what is not built for the sake of another one, and sources. Texts are at hand.
  Result<void> substitute(RealisePlan& plan) {
    StorePathSet wanted, sources;
    for (const auto& [position, paths] : given_)
      if (!build_.contains(position)) wanted.insert(paths.begin(), paths.end());
    for (const StorePath& path : plan.fetch) {
      const auto source = graph_.sources.find(path);
      if (source == graph_.sources.end() || !std::holds_alternative<Source::Text>(source->second.how))
        sources.insert(path);
    }
    SWAGE_CHECK(obtainable_->ask(sources));
    std::erase_if(plan.fetch, [&](const StorePath& path) {
      const bool had = sources.contains(path) && obtainable_->has(path);
      if (had) wanted.insert(path);
      return had;
    });
    plan.substitute = obtainable_->closure(wanted);
    return {};
  }

  Result<void> build(std::size_t position) {
    if (!build_.insert(position).second) return {};
    const Derivation& drv = graph_.derivations[position].drv;
    for (const auto& [input, outputs] : drv.input_drvs)
      for (const std::string& output : outputs) SWAGE_CHECK(demand(input, output));
    sources_.insert(drv.input_srcs.begin(), drv.input_srcs.end());
    return {};
  }

  Store& store_;
  const Graph& graph_;
  std::set<std::size_t> build_{};   // in graph order, so inputs first
  std::set<std::size_t> seen_{};
  std::optional<Obtainable> obtainable_{};
  std::map<std::size_t, StorePathSet> given_{};   // outputs that can be had
  StorePathSet asked_{};
  StorePathSet sources_{};
  std::vector<Need> wave_{};
};

}  // namespace

Result<RealisePlan> plan_realise(Store& store, const Graph& graph, const std::vector<Wanted>& wanted, bool check,
                                 Substituter* substituter) {
  return Walk(store, graph, substituter).run(wanted, check);
}

}  // namespace swage
