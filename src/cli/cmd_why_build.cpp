// swage why-build: which input makes a target another one than what was built.
#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/target_options.hpp"
#include "request/why_build.hpp"

namespace swage {

namespace {

struct WhyOptions {
  TargetOptions targets{};
  std::string against{};
  std::string cache{};
};

std::string change(const Difference& one) {
  const auto shown = [](const std::string& text) { return text.empty() ? std::string("nothing") : "'" + text + "'"; };
  if (!one.lines.empty()) return "";
  if (one.is_forgotten) return ": what it was made of is not known any more";
  if (one.had == one.has) return ": its content is another one";
  if (one.had.empty()) return fmt::format(": {} is new", shown(one.has));
  if (one.has.empty()) return fmt::format(": {} is gone", shown(one.had));
  return fmt::format(": {} was {}", shown(one.has), shown(one.had));
}

// `cache`: what it was compared with; "": the store.
void print(const WhyBuild& why, const std::string& cache) {
  const auto name = [](const StorePath& drv) { return drv.name().substr(0, drv.name().size() - 4); };
  if (why.is_built) {
    print_result("'{}' is {}: nothing is to be done\n", name(why.wanted),
                 cache.empty() ? "built" : fmt::format("in '{}'", cache));
    return;
  }
  if (!why.had) {
    if (cache.empty()) print_result("'{}' was never built here\n", name(why.wanted));
    else print_result("'{}' has nothing that is called '{}'\n", cache, name(why.wanted));
    return;
  }
  print_result("'{}' differs from {}{}", name(why.wanted), why.had->str(),
               !cache.empty() ? fmt::format(", of which '{}' has what it made", cache)
               : why.when     ? fmt::format(", built on {}", time_text("%Y-%m-%d", *why.when))
                              : ", which is not built");
  print_result("{}\n", why.differences.empty() ? " in nothing" : ":");
  for (const Difference& one : why.differences) {
    const std::vector<std::string> inwards(one.within.rbegin(), one.within.rend());
    print_result("{} '{}' of {}{}{}\n", difference_kind_name(one.kind), one.what, join(inwards, ", of "), change(one),
                 one.may_follow ? " (perhaps by another input of it)" : "");
    for (const std::string& line : one.lines) print_result("    {}\n", line);
  }
}

Json json_of(const WhyBuild& why) {
  Json differences = Json::array();
  for (const Difference& one : why.differences)
    differences.push_back({{"kind", difference_kind_name(one.kind)},
                           {"what", one.what},
                           {"within", one.within},
                           {"had", text_or_null(one.had)},
                           {"has", text_or_null(one.has)},
                           {"lines", one.lines},
                           {"forgotten", one.is_forgotten},
                           {"may_follow", one.may_follow}});
  return {{"wanted", why.wanted.str()},
          {"built", why.is_built},
          {"had", why.had ? Json(why.had->str()) : Json(nullptr)},
          {"when", value_or_null(why.when)},
          {"differences", std::move(differences)}};
}

Result<int> run(Session& session, const WhyOptions& options) {
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options.targets, "defconfig"));
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, KernelGoal::artifact));
  std::vector<WhyBuild> all;
  std::unique_ptr<CachePlace> cache;
  if (!options.cache.empty()) { SWAGE_TRY(cache, open_place(options.cache, false)); }
  for (const Wanted& wanted : planned.wanted) {
    SWAGE_TRY(WhyBuild why, cache ? why_build_of_cache(session, planned, wanted, *cache)
                                  : why_build(session, planned, wanted, options.against));
    all.push_back(std::move(why));
  }
  session.stop_reporter();
  if (as_json()) {
    Json list = Json::array();
    for (const WhyBuild& why : all) list.push_back(json_of(why));
    print_json({{"cache", text_or_null(cache ? cache->shown() : "")}, {"targets", std::move(list)}});
  } else {
    for (const WhyBuild& why : all) print(why, cache ? cache->shown() : "");
  }
  return 0;
}

}  // namespace

Action declare_why_build(const Options& app) {
  auto options = std::make_shared<WhyOptions>();
  declare_targets(app, options->targets);
  const Option cache =
      app.add_option("--cache", options->cache,
                     "compare with what this cache has of the same name (a directory, a web server or a bucket)");
  app.add_option("--against", options->against,
                 "compare with this derivation, what was built from it, or a link to that (default: what was built of "
                 "the same name and differs least)")
      .excludes(cache);
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
