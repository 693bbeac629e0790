// The same resolution for three readers: a screen, a program, and a person whose request cannot be met.
#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <set>
#include <tuple>

#include "base/json.hpp"
#include "base/text.hpp"
#include "resolve/judge.hpp"
#include "resolve/resolve.hpp"

namespace swage {
namespace {

// What an explanation may fill; --json has the whole.
constexpr std::size_t kScreen = 40, kColumns = 140;

std::string subject(const ResolveRequest& request) {
  const std::string what = request.kernel ? "linux " + request.kernel->str() : "userland";
  if (!request.kernel || request.purpose == Purpose::kernel) return what;
  return (request.purpose == Purpose::userland ? "userland of " : "boot of ") + what;
}

std::string libc_text(const ToolchainRow& row) {
  return row.libc.empty() ? "" : row.libc + (row.libc_version.empty() ? "" : " " + row.libc_version);
}

std::string root_text(const RootRow& root) {
  std::string text = fmt::format("root {} ({})", root.name, root.suite);
  for (const auto& [tool, version] : root.tools)
    if (tool == "host-gcc" || tool == "make" || tool == "perl") text += fmt::format(", {} {}", tool, version.str());
  return text;
}

// "5.10, 6.1 and 6.12"
std::string and_list(const std::vector<std::string>& words) {
  if (words.size() < 2) return join(words, "");
  return fmt::format("{} and {}", join(std::span(words).first(words.size() - 1), ", "), words.back());
}

std::vector<std::string> ids_of(const std::vector<const ConstraintRow*>& rows) {
  std::vector<std::string> ids;
  for (const ConstraintRow* row : rows) ids.push_back(row->id);
  return ids;
}

// --- The screen.

struct Section {
  std::string title;
  std::vector<std::string> items{};   // of one line or more each
  std::size_t least = 1;              // items that are shown however full the screen is
  std::size_t shown = 0;

  static std::size_t height(const std::string& item) {
    return static_cast<std::size_t>(std::count(item.begin(), item.end(), '\n')) + 1;
  }
  std::size_t lines(std::size_t count) const {
    if (items.empty()) return 0;
    std::size_t sum = 2 + (count < items.size() ? 1 : 0);   // a blank line, the title, and what is left out
    for (std::size_t i = 0; i < count; ++i) sum += height(items[i]);
    return sum;
  }
};

// Each line that is too wide ends in "...".
std::string cut_lines(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (line.size() > kColumns) line = line.substr(0, line.find_last_of(' ', kColumns - 3)) + "...";
    out += line + "\n";
    at = end + 1;
  }
  return out;
}

// Gives the screen's lines to the sections in turns, one item each, until nothing more fits.
void fill_screen(std::vector<Section>& sections, std::size_t room) {
  const auto used = [&] {
    std::size_t sum = 0;
    for (const Section& section : sections) sum += section.lines(section.shown);
    return sum;
  };
  for (Section& section : sections) section.shown = std::min(section.least, section.items.size());
  for (bool grown = true; grown;) {
    grown = false;
    for (Section& section : sections) {
      if (section.shown == section.items.size()) continue;
      ++section.shown;
      if (used() <= room) grown = true;
      else --section.shown;
    }
  }
}

// "builds-not" or "builds-not, measured on arm, assumed for mips"
std::string effect_text(const ConstraintRow& row, const Platform& platform) {
  const std::string assumed = assumption(row.measured, platform);
  return fmt::format("{}{}{}", effect_name(row.effect), assumed.empty() ? "" : ", ", assumed);
}

std::vector<std::string> rule_lines(const std::vector<RuleApplied>& rules, const Platform& platform) {
  std::size_t width = 0;
  for (const RuleApplied& rule : rules) width = std::max(width, rule.constraint->id.size());
  std::vector<std::string> lines;
  for (const RuleApplied& rule : rules) {
    const std::string assumed = assumption(rule.constraint->measured, platform);
    lines.push_back(
        fmt::format("{:<{}}  {}{}{}", rule.constraint->id, width, rule.text, assumed.empty() ? "" : "; ", assumed));
  }
  return lines;
}

// "binutils-2.31-plt32 (boots-not): binutils 2.35.2 is not <2.31, for linux <4.16"
std::vector<std::string> elsewhere_lines(const std::vector<RuleApplied>& rules, const Platform& platform) {
  std::vector<std::string> lines;
  for (const RuleApplied& rule : rules)
    lines.push_back(fmt::format("{} ({}): {}, for linux {}", rule.constraint->id,
                                effect_text(*rule.constraint, platform), rule.text, rule.constraint->kernels.str()));
  return lines;
}

std::vector<std::string> quirk_lines(const std::vector<QuirkApplied>& quirks, const Platform& platform) {
  std::vector<std::string> lines;
  for (const QuirkApplied& one : quirks) {
    std::vector<std::string> lifted;
    std::string assumptions;   // on lines of their own: a long reason pushes the end of its line off the screen
    for (const ConstraintRow* row : one.lifts) {
      lifted.push_back(fmt::format("{} ({})", row->id, effect_name(row->effect)));
      if (const std::string assumed = assumption(row->measured, platform); !assumed.empty())
        assumptions += fmt::format("\n    {}: {}", row->id, assumed);
    }
    const std::string assumed = assumption(one.quirk->measured, platform);
    lines.push_back(fmt::format("{}{}: {}{}{}", one.quirk->id, assumed.empty() ? "" : fmt::format(" ({})", assumed),
                                one.quirk->reason, lifted.empty() ? "" : fmt::format("; lifts {}", and_list(lifted)),
                                assumptions));
  }
  return lines;
}

// Candidates that the same constraints reject stand together.
struct Group {
  std::string key;
  std::vector<const Rejection*> members{};
  const Rejection& first() const { return *members.front(); }
  std::string names(std::size_t limit) const {
    std::vector<std::string> names;
    for (const Rejection* member : members)
      if (names.size() < limit) names.push_back(member->toolchain->id);
    std::string text = join(names, ", ");
    if (members.size() > names.size()) text += fmt::format(" and {} more", members.size() - names.size());
    return text;
  }
};

std::vector<Group> rejection_groups(const std::vector<Rejection>& rejected) {
  std::vector<Group> groups;  // in the order of the best candidate
  for (const Rejection& rejection : rejected) {
    const std::string key = rejection.by.empty() ? rejection.reason : join(ids_of(rejection.by), " ");
    auto at = std::find_if(groups.begin(), groups.end(), [&](const Group& group) { return group.key == key; });
    if (at == groups.end()) at = groups.insert(groups.end(), {key});
    at->members.push_back(&rejection);
  }
  return groups;
}

// The gravest of what rejects a candidate: what a person must know first.
const ConstraintRow& gravest(const Rejection& rejection) {
  return **std::max_element(rejection.by.begin(), rejection.by.end(),
                            [](const ConstraintRow* a, const ConstraintRow* b) {
                              const auto order = [](Effect effect) {
                                return effect == Effect::boots_not ? 2 : effect == Effect::misbehaves ? 1 : 0;
                              };
                              return order(a->effect) < order(b->effect);
                            });
}

std::vector<std::string> rejection_texts(const std::vector<Rejection>& rejected, const Platform& platform) {
  std::vector<std::string> texts;
  for (const Group& group : rejection_groups(rejected)) {
    const Rejection& first = group.first();
    std::string text = fmt::format("{}\n    {}", group.names(3), first.reason);
    if (!first.by.empty()) {
      const ConstraintRow& rule = gravest(first);
      text += fmt::format("\n    {} ({}): {}", rule.id, effect_text(rule, platform), rule.reason);
      if (first.by.size() > 1) text += fmt::format(" (and {} more)", first.by.size() - 1);
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

std::vector<std::string> ranking_lines(const Resolution& resolution) {
  std::vector<std::string> lines;
  for (const Candidate& candidate : resolution.ranking) {
    const ToolchainRow& row = *candidate.toolchain;
    std::string line = fmt::format("{}. {}  {}", lines.size() + 1, row.id, toolchain_text(row));
    if (!resolution.kernel_released.empty())
      line += fmt::format(", {} days from the kernel", days_between(row.released, resolution.kernel_released));
    std::vector<std::string> needed;
    for (const QuirkApplied& one : candidate.quirks)
      if (!one.lifts.empty()) needed.push_back(one.quirk->id);
    if (!needed.empty()) line += fmt::format(", needs {}", and_list(needed));
    lines.push_back(std::move(line));
  }
  return lines;
}

// --- What would work instead.

// The kernels of the catalog next to the one asked for that have a toolchain, newer ones first.
std::string hint_other_kernels(const Catalog& catalog, const ResolveRequest& request) {
  std::vector<std::string> older, newer;
  for (const KernelRow& row : catalog.kernels()) {
    ResolveRequest other = request;
    other.kernel = row.version;
    if (const auto resolution = resolve(catalog, other); !resolution || !resolution->chosen) continue;
    (request.kernel && row.version < *request.kernel ? older : newer).push_back(row.version.str());
  }
  std::vector<std::string> near(newer.begin(),
                                newer.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(newer.size(), 2)));
  while (near.size() < 3 && !older.empty()) {
    near.push_back(older.back());
    older.pop_back();
  }
  if (near.empty()) return "add a toolchain in a layer; the ones there are: swage list toolchains";
  return fmt::format("on {}, linux {} {} a toolchain: swage resolve {}@{} --for {}{}", request.platform->name,
                     and_list(near), near.size() == 1 ? "has" : "have", catalog.kernel_recipe(), near.front(),
                     request.platform->name, request.compiler == "clang" ? " --llvm" : "");
}

// "gcc 12", oldest first.
std::vector<std::string> compilers_of(const Catalog& catalog, const Platform& platform) {
  std::set<std::pair<std::string, unsigned long>> majors;
  for (const auto& rows : {catalog.toolchains(platform.name), catalog.fallbacks(platform.name)})
    if (rows)
      for (const ToolchainRow& row : **rows) majors.emplace(row.compiler, row.version.parts().front());
  std::vector<std::string> names;
  for (const auto& [compiler, major] : majors) names.push_back(fmt::format("{} {}", compiler, major));
  return names;
}

// Those that are most like it first: of its kernel architecture and C library, of its architecture, of a like name.
std::string hint_other_platforms(const Catalog& catalog, const Platform& wanted) {
  constexpr std::size_t shown = 4;
  std::vector<std::tuple<bool, bool, std::size_t, std::string>> able;
  for (const Platform& platform : catalog.platforms())
    if (catalog.has_toolchains(platform.name))
      able.emplace_back(platform.kernel_arch != wanted.kernel_arch || platform.bare_metal() != wanted.bare_metal(),
                        platform.libc != wanted.libc, edit_distance(platform.name, wanted.name), platform.name);
  if (able.empty()) return "the catalog has no toolchain at all: swage list toolchains";
  std::sort(able.begin(), able.end());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(shown, able.size()); ++i) names.push_back(std::get<3>(able[i]));
  if (able.size() <= shown)
    return fmt::format("platforms with a toolchain are {}: swage list platforms", and_list(names));
  return fmt::format("{} platforms have one, {} among them: swage list platforms", able.size(), and_list(names));
}

// The release of the same series, next above the one asked for, that has a toolchain; answers change only at versions
// that constraints name, so only these are tried. Empty: there is none.
std::string sublevel_that_works(const Catalog& catalog, const Resolution& resolution) {
  if (!resolution.request.kernel) return {};
  const Version& kernel = *resolution.request.kernel;
  const auto same_series = [&](const Version& version) {
    const std::size_t parts = !kernel.parts().empty() && kernel.parts()[0] == 2 ? 3 : 2;
    if (version.parts().size() <= parts || kernel.parts().size() < parts) return false;
    return std::equal(kernel.parts().begin(), kernel.parts().begin() + static_cast<std::ptrdiff_t>(parts),
                      version.parts().begin());
  };
  const auto earlier = [](const Version& a, const Version& b) { return a < b; };
  std::set<Version, decltype(earlier)> versions(earlier);
  // They were read for the resolution.
  for (const ConstraintRow* row :
       catalog.constraints(*resolution.request.platform).value_or(std::vector<const ConstraintRow*>{}))
    for (Version& version : row->kernels.bounds())
      if (same_series(version) && version > kernel) versions.insert(std::move(version));
  for (const Version& version : versions) {
    ResolveRequest other = resolution.request;
    other.kernel = version;
    if (const auto found = resolve(catalog, other); found && found->chosen)
      return fmt::format("linux {} on {} has {}", version.str(), resolution.request.platform->name, found->chosen->id);
  }
  return {};
}

// The rejected candidate with the fewest constraints against it; the ranking decides among equals.
const Rejection* nearest(const std::vector<Rejection>& rejected) {
  const Rejection* best = nullptr;
  for (const Rejection& rejection : rejected)
    if (!rejection.by.empty() && (!best || rejection.by.size() < best->by.size())) best = &rejection;
  return best;
}

// A constraint on the kernel itself that is in the way of every candidate: no toolchain helps. Null: there is none.
const ConstraintRow* against_kernel(const std::vector<Rejection>& rejected) {
  const auto rejects = [](const Rejection& rejection, const ConstraintRow* row) {
    return std::find(rejection.by.begin(), rejection.by.end(), row) != rejection.by.end();
  };
  for (const ConstraintRow* row : rejected.front().by)
    if (row->require.size() == 1 && row->require.begin()->first == "kernel" &&
        std::all_of(rejected.begin(), rejected.end(),
                    [&](const Rejection& rejection) { return rejects(rejection, row); }))
      return row;
  return nullptr;
}

// --- JSON.

Json rule_json(const RuleApplied& rule, bool tested, const Platform& platform) {
  const ConstraintRow& row = *rule.constraint;
  return {{"id", row.id},
          {"effect", std::string(effect_name(row.effect))},
          {"tested", tested},
          {"text", rule.text},
          {"reason", row.reason},
          {"source", row.source},
          {"confidence", row.confidence},
          {"measured", row.measured},
          {"assumed", !assumption(row.measured, platform).empty()}};
}

// Of these, the ids of those that were seen elsewhere.
std::vector<std::string> assumed_of(std::vector<const ConstraintRow*> rows, const Platform& platform) {
  std::erase_if(rows, [&](const ConstraintRow* row) { return assumption(row->measured, platform).empty(); });
  return ids_of(rows);
}

Json root_json(const RootRow& root) {
  Json tools = Json::object();
  for (const auto& [tool, version] : root.tools) tools[tool] = version.str();
  return {{"name", root.name}, {"suite", root.suite}, {"tools", std::move(tools)}};
}

}  // namespace

std::string toolchain_text(const ToolchainRow& row) {
  const std::string libc = libc_text(row);
  return fmt::format("{} {}, {}{}", row.compiler, row.version.str(),
                     row.binutils          ? "binutils " + row.binutils->str() + ", "
                     : row.unknown.empty() ? ""
                                           : "binutils of unknown version, ",
                     libc.empty() ? "no C library" : libc);
}

std::string explain(const Resolution& resolution) {
  const ResolveRequest& request = resolution.request;
  const ToolchainRow* chosen = resolution.chosen;
  std::string out =
      fmt::format("{} for {}: {}\n", subject(request), request.platform->name, chosen ? chosen->id : "no toolchain");
  if (chosen) {
    out += fmt::format("  {}, from {}, released {}\n", toolchain_text(*chosen), chosen->provider, chosen->released);
    if (resolution.root && request.kernel) out += fmt::format("  in {}\n", root_text(*resolution.root));
    for (const std::string& reason : resolution.why) out += fmt::format("  because {}\n", reason);
  } else if (const ConstraintRow* row = resolution.rejected.empty() ? nullptr : against_kernel(resolution.rejected)) {
    out += fmt::format("  because {}\n", row->reason);
  } else if (const Rejection* near = nearest(resolution.rejected)) {
    out += fmt::format("  nearest is {}: {} in its way\n", near->toolchain->id, and_list(ids_of(near->by)));
  }
  const Platform& platform = *request.platform;
  std::vector<Section> sections{{"quirks", quirk_lines(resolution.quirks, platform)},
                                {"ranking", ranking_lines(resolution)},
                                {"rules that hold", rule_lines(resolution.rules, platform)},
                                {"not tested, no root says", rule_lines(resolution.untested, platform)},
                                {"rejected", rejection_texts(resolution.rejected, platform)},
                                {"would fail for other kernels", elsewhere_lines(resolution.elsewhere, platform)}};
  fill_screen(sections, kScreen - static_cast<std::size_t>(std::count(out.begin(), out.end(), '\n')));
  for (const Section& section : sections) {
    if (section.items.empty()) continue;
    out += fmt::format("\n{} ({})\n", section.title, section.items.size());
    for (std::size_t i = 0; i < section.shown; ++i) out += fmt::format("  {}\n", section.items[i]);
    if (section.shown < section.items.size())
      out += fmt::format("  and {} more, see --json\n", section.items.size() - section.shown);
  }
  return cut_lines(out);
}

std::string resolution_json(const Resolution& resolution,
                            const std::optional<std::vector<std::string>>& nearest_kernels) {
  const ResolveRequest& request = resolution.request;
  Json out{{"kernel", request.kernel ? Json(request.kernel->str()) : Json()},
           {"nearestKernels", nearest_kernels ? Json(*nearest_kernels) : Json()},
           {"arch", request.platform->name},
           {"purpose", purpose_name(request.purpose)},
           {"toolchain", Json()},
           {"root", resolution.root ? root_json(*resolution.root) : Json()},
           {"quirks", Json::array()},
           {"rules", Json::array()},
           {"rejected", Json::array()},
           {"elsewhere", Json::array()}};
  if (const ToolchainRow* row = resolution.chosen)
    out["toolchain"] = {{"id", row->id},
                        {"provider", row->provider},
                        {"compiler", row->compiler},
                        {"version", row->version.str()},
                        {"binutils", row->binutils ? Json(row->binutils->str()) : Json()},
                        {"libc", row->libc.empty() ? Json() : Json(libc_text(*row))}};
  for (const QuirkApplied& one : resolution.quirks)
    out["quirks"].push_back({{"id", one.quirk->id},
                             {"lifts", ids_of(one.lifts)},
                             {"reason", one.quirk->reason},
                             {"source", one.quirk->source},
                             {"confidence", one.quirk->confidence},
                             {"measured", one.quirk->measured},
                             {"assumed", !assumption(one.quirk->measured, *request.platform).empty()},
                             {"assumes", assumed_of(one.lifts, *request.platform)}});
  for (const RuleApplied& rule : resolution.rules) out["rules"].push_back(rule_json(rule, true, *request.platform));
  for (const RuleApplied& rule : resolution.untested) out["rules"].push_back(rule_json(rule, false, *request.platform));
  for (const Rejection& rejection : resolution.rejected)
    out["rejected"].push_back({{"toolchain", rejection.toolchain->id},
                               {"reason", rejection.reason},
                               {"rules", ids_of(rejection.by)},
                               {"assumes", assumed_of(rejection.by, *request.platform)}});
  for (const RuleApplied& rule : resolution.elsewhere)
    out["elsewhere"].push_back({{"id", rule.constraint->id},
                                {"effect", std::string(effect_name(rule.constraint->effect))},
                                {"kernels", rule.constraint->kernels.str()},
                                {"text", rule.text}});
  return out.dump(2);
}

Error unsatisfied(const Catalog& catalog, const Resolution& resolution) {
  const ResolveRequest& request = resolution.request;
  Error error{.code = Errc::unsatisfiable};
  if (resolution.rejected.empty()) {
    const std::vector<std::string> compilers = compilers_of(catalog, *request.platform);
    const std::string wanted = compilers.empty() ? "toolchain"
                               : request.version ? fmt::format("{} {}", request.compiler, request.version->str())
                                                 : request.compiler;
    error.what = fmt::format("'{}' has no {}", request.platform->name, wanted);
    error.hint = compilers.empty() ? hint_other_platforms(catalog, *request.platform)
                                   : fmt::format("it has {}: swage list toolchains", and_list(compilers));
    return error;
  }
  error.what =
      fmt::format("'{}' for {}: no toolchain satisfies every constraint", subject(request), request.platform->name);
  if (const ConstraintRow* row = against_kernel(resolution.rejected)) {
    error.what = fmt::format("'{}' for {}: there is no such kernel to build", subject(request), request.platform->name);
    if (!row->when.empty())
      error.what = fmt::format("'{}' for {}: not with this compiler", subject(request), request.platform->name);
    error.notes.push_back(
        fmt::format("{} ({}: linux {} is wanted)", row->reason, row->id, row->require.begin()->second.str()));
    error.hint = hint_other_kernels(catalog, request);
    return error;
  }
  constexpr std::size_t kGroups = 5;
  const std::vector<Group> groups = rejection_groups(resolution.rejected);
  for (std::size_t i = 0; i < std::min(groups.size(), kGroups); ++i) {
    const Rejection& first = groups[i].first();
    std::string note = fmt::format("{}: {}", groups[i].names(3), first.reason);
    std::vector<std::string> rules;
    for (const ConstraintRow* row : first.by)
      rules.push_back(fmt::format("{}: {}", row->id, effect_text(*row, *request.platform)));
    if (!rules.empty()) note += fmt::format(" ({})", join(rules, ", "));
    error.notes.push_back(std::move(note));
  }
  if (groups.size() > kGroups)
    error.notes.push_back(
        fmt::format("and {} more sets of constraints that reject toolchains: see --json", groups.size() - kGroups));
  if (request.toolchain) {
    ResolveRequest any = request;
    any.toolchain.reset();
    any.compiler = resolution.rejected.front().toolchain->compiler;
    if (const auto other = resolve(catalog, any); other && other->chosen) {
      error.what = fmt::format("'{}' does not satisfy the constraints of {} for {}", *request.toolchain,
                               subject(request), request.platform->name);
      error.hint =
          fmt::format("'{}' does: leave out --toolchain, or pass --toolchain {}", other->chosen->id, other->chosen->id);
      return error;
    }
  }
  if (const Rejection* near = nearest(resolution.rejected)) {
    const ConstraintRow& rule = gravest(*near);
    error.notes.push_back(fmt::format("nearest is {}, were it not for {}: {}", near->toolchain->id,
                                      and_list(ids_of(near->by)), rule.reason));
  }
  if (std::string other = sublevel_that_works(catalog, resolution); !other.empty())
    error.notes.push_back(std::move(other));
  error.hint = hint_other_kernels(catalog, request);
  return error;
}

}  // namespace swage
