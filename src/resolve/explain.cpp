// The same resolution for three readers: a screen, a program, and a person whose request cannot be met.
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>

#include "resolve/resolve.hpp"

namespace swage {
namespace {

std::string subject(const ResolveRequest& request) {
  const std::string what = request.kernel ? "linux " + request.kernel->str() : "userland";
  if (!request.kernel || request.purpose == Purpose::kernel) return what;
  return (request.purpose == Purpose::userland ? "userland of " : "boot of ") + what;
}

std::string libc_text(const ToolchainRow& row) {
  return row.libc.empty() ? "" : row.libc + (row.libc_version.empty() ? "" : " " + row.libc_version);
}

// At most `limit` lines; the last one says how many are left out.
void add_list(std::string& out, std::string_view title, const std::vector<std::string>& lines, std::size_t limit) {
  if (lines.empty()) return;
  out += fmt::format("\n{} ({})\n", title, lines.size());
  const bool cut = lines.size() > limit;
  for (std::size_t i = 0; i < (cut ? limit - 1 : lines.size()); ++i) out += fmt::format("  {}\n", lines[i]);
  if (cut) out += fmt::format("  and {} more, see --json\n", lines.size() - limit + 1);
}

std::vector<std::string> rule_lines(const std::vector<RuleApplied>& rules) {
  std::size_t width = 0;
  for (const RuleApplied& rule : rules) width = std::max(width, rule.constraint->id.size());
  std::vector<std::string> lines;
  for (const RuleApplied& rule : rules) lines.push_back(fmt::format("{:<{}}  {}", rule.constraint->id, width, rule.text));
  return lines;
}

std::vector<std::string> ids_of(const std::vector<const ConstraintRow*>& rows) {
  std::vector<std::string> ids;
  for (const ConstraintRow* row : rows) ids.push_back(row->id);
  return ids;
}

// Candidates that the same constraints reject stand together: first the candidates, then why.
std::vector<std::string> rejection_groups(const std::vector<Rejection>& rejected) {
  std::vector<std::pair<std::string, std::vector<const Rejection*>>> groups;  // in the order of the best candidate
  for (const Rejection& rejection : rejected) {
    const std::string key = rejection.by.empty() ? rejection.reason : fmt::format("{}", fmt::join(ids_of(rejection.by), " "));
    auto at = std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.first == key; });
    if (at == groups.end()) at = groups.insert(groups.end(), {key, {}});
    at->second.push_back(&rejection);
  }
  std::vector<std::string> texts;
  for (const auto& [key, members] : groups) {
    std::vector<std::string> names;
    for (const Rejection* member : members)
      if (names.size() < 3) names.push_back(member->toolchain->id);
    std::string text = fmt::format("{}", fmt::join(names, ", "));
    if (members.size() > names.size()) text += fmt::format(" and {} more", members.size() - names.size());
    const Rejection& first = *members.front();
    text += fmt::format("\n    {}", first.reason);
    if (!first.by.empty()) {
      const ConstraintRow& rule = *first.by.front();
      text += fmt::format("\n    {} ({}): {}", rule.id, effect_name(rule.effect), rule.reason);
      if (first.by.size() > 1) text += fmt::format(" (and {} more)", first.by.size() - 1);
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

nlohmann::ordered_json rule_json(const RuleApplied& rule, bool tested) {
  const ConstraintRow& row = *rule.constraint;
  return {{"id", row.id},         {"effect", std::string(effect_name(row.effect))}, {"tested", tested},
          {"text", rule.text},    {"reason", row.reason},                           {"source", row.source},
          {"confidence", row.confidence}};
}

// "5.10, 6.1 and 6.12"
std::string and_list(const std::vector<std::string>& words) {
  if (words.size() < 2) return fmt::format("{}", fmt::join(words, ""));
  return fmt::format("{} and {}", fmt::join(words.begin(), words.end() - 1, ", "), words.back());
}

// The kernels of the catalog next to the one asked for that have a toolchain, newer ones first.
std::string hint_other_kernels(const Catalog& catalog, const ResolveRequest& request) {
  std::vector<std::string> older, newer;
  for (const KernelRow& row : catalog.kernels()) {
    ResolveRequest other = request;
    other.kernel = row.version;
    if (const auto resolution = resolve(catalog, other); !resolution || !resolution->chosen) continue;
    (request.kernel && row.version < *request.kernel ? older : newer).push_back(row.version.str());
  }
  std::vector<std::string> near(newer.begin(), newer.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(newer.size(), 2)));
  while (near.size() < 3 && !older.empty()) {
    near.push_back(older.back());
    older.pop_back();
  }
  if (near.empty()) return "add a toolchain in a layer; the ones there are: swage list toolchains";
  return fmt::format("on {}, linux {} {} a toolchain: swage resolve linux@{} --for {}", request.platform->name, and_list(near),
                     near.size() == 1 ? "has" : "have", near.front(), request.platform->name);
}

std::string hint_other_platforms(const Catalog& catalog) {
  std::vector<std::string> names;
  for (const Platform& platform : catalog.platforms()) {
    const auto serves = [&](const ToolchainRow& row) { return row.platform == platform.name; };
    if (std::any_of(catalog.toolchains().begin(), catalog.toolchains().end(), serves)) names.push_back(platform.name);
  }
  if (names.empty()) return "the catalog has no toolchain at all: swage list toolchains";
  return fmt::format("platforms with a toolchain are {}: swage list toolchains", and_list(names));
}

}  // namespace

std::string toolchain_text(const ToolchainRow& row) {
  const std::string libc = libc_text(row);
  return fmt::format("{} {}, {}{}", row.compiler, row.version.str(), row.binutils ? "binutils " + row.binutils->str() + ", " : "",
                     libc.empty() ? "no C library" : libc);
}

std::string explain(const Resolution& resolution) {
  const ResolveRequest& request = resolution.request;
  const ToolchainRow* chosen = resolution.chosen;
  std::string out = fmt::format("{} for {}: {}\n", subject(request), request.platform->name, chosen ? chosen->id : "no toolchain");
  if (chosen) {
    out += fmt::format("  {}, from {}, released {}\n", toolchain_text(*chosen), chosen->provider, chosen->released);
    for (const std::string& reason : resolution.why) out += fmt::format("  because {}\n", reason);
  }
  std::vector<std::string> ranking;
  for (const ToolchainRow* row : resolution.ranking) {
    const std::string age = resolution.kernel_released.empty() ? "" : fmt::format(", {} days from the kernel", days_between(row->released, resolution.kernel_released));
    ranking.push_back(fmt::format("{}. {}  {}{}", ranking.size() + 1, row->id, toolchain_text(*row), age));
  }
  add_list(out, "ranking", ranking, 6);
  add_list(out, "rules that hold", rule_lines(resolution.rules), 8);
  add_list(out, "not tested here, the root's tools", rule_lines(resolution.untested), 4);
  add_list(out, "rejected", rejection_groups(resolution.rejected), 4);
  return out;
}

std::string resolution_json(const Resolution& resolution) {
  using Json = nlohmann::ordered_json;
  const ResolveRequest& request = resolution.request;
  Json out{{"kernel", request.kernel ? Json(request.kernel->str()) : Json()},
           {"arch", request.platform->name},
           {"purpose", purpose_name(request.purpose)},
           {"toolchain", Json()},
           {"rules", Json::array()},
           {"rejected", Json::array()}};
  if (const ToolchainRow* row = resolution.chosen)
    out["toolchain"] = {{"id", row->id},
                        {"provider", row->provider},
                        {"compiler", row->compiler},
                        {"version", row->version.str()},
                        {"binutils", row->binutils ? Json(row->binutils->str()) : Json()},
                        {"libc", row->libc.empty() ? Json() : Json(libc_text(*row))}};
  for (const RuleApplied& rule : resolution.rules) out["rules"].push_back(rule_json(rule, true));
  for (const RuleApplied& rule : resolution.untested) out["rules"].push_back(rule_json(rule, false));
  for (const Rejection& rejection : resolution.rejected)
    out["rejected"].push_back({{"toolchain", rejection.toolchain->id}, {"reason", rejection.reason}, {"rules", ids_of(rejection.by)}});
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

Error unsatisfied(const Catalog& catalog, const Resolution& resolution) {
  const ResolveRequest& request = resolution.request;
  Error error{.code = Errc::unsatisfiable};
  if (resolution.rejected.empty()) {
    error.what = fmt::format("'{}' has no toolchain", request.platform->name);
    error.hint = hint_other_platforms(catalog);
    return error;
  }
  error.what = fmt::format("'{}' for {}: no toolchain satisfies every constraint", subject(request), request.platform->name);
  for (const Rejection& rejection : resolution.rejected) {
    std::string note = fmt::format("{}: {}", rejection.toolchain->id, rejection.reason);
    if (!rejection.by.empty()) note += fmt::format(" ({}: {})", rejection.by.front()->id, effect_name(rejection.by.front()->effect));
    error.notes.push_back(std::move(note));
  }
  if (request.toolchain) {
    ResolveRequest any = request;
    any.toolchain.reset();
    if (const auto other = resolve(catalog, any); other && other->chosen) {
      error.what = fmt::format("'{}' does not satisfy the constraints of {} for {}", *request.toolchain, subject(request), request.platform->name);
      error.hint = fmt::format("'{}' does: leave out --toolchain, or pass --toolchain {}", other->chosen->id, other->chosen->id);
      return error;
    }
  }
  error.hint = hint_other_kernels(catalog, request);
  return error;
}

}  // namespace swage
