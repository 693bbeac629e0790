// swage frontier: the first version of a tool with which a kernel does not build or boot, and whether a constraint is
// true.
#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/target_options.hpp"
#include "evidence/boundaries.hpp"
#include "evidence/frontier.hpp"

namespace swage {

namespace {

struct FrontierCommand {
  FrontierOptions options{};
  RealiseOptions realise{};
  std::string evidence{}, write{};
  bool dry_run = false, explain = false;
};

std::string name_of(const FrontierPlan& plan, const FrontierCandidate& one) {
  return plan.of_root() ? one.root->name : one.toolchain->id;
}

std::vector<std::string> ids_of(const std::vector<const ConstraintRow*>& rows) {
  std::vector<std::string> ids;
  for (const ConstraintRow* row : rows) ids.push_back(row->id);
  return ids;
}

// What is tried if everything is as expected; of a search without a bound nothing is known but the first two.
std::vector<std::size_t> expected_order(const FrontierPlan& plan) {
  Line line = plan.line;
  std::vector<std::size_t> order;
  while (const std::optional<std::size_t> next = next_probe(line)) {
    order.push_back(*next);
    line.outcomes[*next] = plan.line.bound && *next >= *plan.line.bound ? Outcome::fails : Outcome::works;
  }
  return order;
}

// --- The plan.

std::string plan_text(const FrontierPlan& plan) {
  const std::size_t most = most_probes(plan.line), count = plan.candidates.size();
  const std::string& first = plan.candidates.front().version.str();
  const std::string& last = plan.candidates.back().version.str();
  return fmt::format("{}, {} from {} to {}: {} version{}, at most {} build{}\n", plan.label(), plan.tool, first, last,
                     count, count == 1 ? "" : "s", most, most == 1 ? "" : "s");
}

void print_line_up(const FrontierPlan& plan, bool explain) {
  print_result("{}", plan_text(plan));
  std::size_t version = 0, name = 0;
  for (const FrontierCandidate& one : plan.candidates) {
    version = std::max(version, one.version.str().size());
    name = std::max(name, name_of(plan, one).size());
  }
  for (const FrontierCandidate& one : plan.candidates) {
    const std::string note = one.forbidden.empty() ? "" : "forbidden by " + join(ids_of(one.forbidden), ", ");
    std::string line =
        fmt::format("  {} {:<{}}  {:<{}}  {}{}", plan.tool, one.version.str(), version, name_of(plan, one), name,
                    one.toolchain->prebuilt ? ""
                    : note.empty()          ? "from source"
                                            : "from source, ",
                    note);
    line.erase(line.find_last_not_of(' ') + 1);
    print_result("{}\n", line);
  }
  std::vector<std::string> order;
  for (const std::size_t position : expected_order(plan)) order.push_back(plan.candidates[position].version.str());
  const bool sure = plan.line.bound.has_value();
  print_result(
      "order: {}{}\n", join(order, ", then "),
      sure ? ", if these end as expected; else by halves" : "; where one fails, by halves between it and what works");
  if (!explain || plan.left_out.empty()) return;
  print_result("left out ({}):\n", plan.left_out.size());
  for (const auto& [who, why] : plan.left_out) print_result("  {}: {}\n", who, why);
}

// --- What was found.

std::string row_times(const EvidenceRow& row) {
  std::string text;
  if (row.build_seconds) text = "kernel " + human_seconds(*row.build_seconds);
  if (row.boot_seconds) text += fmt::format("{}boot {}", text.empty() ? "" : ", ", human_seconds(*row.boot_seconds));
  return text;
}

void print_tries(const FrontierPlan& plan, const Frontier& frontier) {
  std::size_t version = 0, name = 0;
  for (const FrontierTry& one : frontier.tries) {
    version = std::max(version, plan.candidates[one.candidate].version.str().size());
    name = std::max(name, name_of(plan, plan.candidates[one.candidate]).size());
  }
  for (const FrontierTry& one : frontier.tries) {
    const FrontierCandidate& candidate = plan.candidates[one.candidate];
    const std::string note = one.known ? "on record since " + one.row.when : row_times(one.row);
    std::string line = fmt::format("  {:<14}  {} {:<{}}  {:<{}}  {}", outcome_text(one.row), plan.tool,
                                   candidate.version.str(), version, name_of(plan, candidate), name, note);
    line.erase(line.find_last_not_of(' ') + 1);
    print_result("{}\n", line);
  }
}

// One sentence a line.
std::vector<std::string> sentences(const FrontierPlan& plan, const Frontier& frontier) {
  const FrontierVerdict verdict = judge_frontier(plan, frontier);
  const FrontierTry *works = frontier.of(frontier.found.works), *fails = frontier.of(frontier.found.fails);
  const auto version = [&](const FrontierTry* one) {
    return plan.tool + " " + plan.candidates[one->candidate].version.str();
  };
  std::vector<std::string> lines;
  if (works && fails)
    lines.push_back(fmt::format("{} {}, {} {}: {}", version(works), outcome_text(works->row), version(fails),
                                outcome_text(fails->row), fails->reason));
  else if (fails)
    lines.push_back(fmt::format("no version that was tried works; {} {}: {}", version(fails), outcome_text(fails->row),
                                fails->reason));
  else if (works) lines.push_back(fmt::format("every version that was tried works, {} too", version(works)));
  if (fails)
    for (const std::size_t position : frontier.found.odd)
      lines.push_back(
          fmt::format("{} works although {} before it does not: not all versions were tried, so there may be more such",
                      version(frontier.of(position)), version(fails)));
  if (!verdict.differ.empty()) lines.push_back(fmt::format("the two also differ in {}", verdict.differ));
  if (verdict.confirmed.size() > 1)
    lines.push_back(
        fmt::format("one of {} says so: the log does not tell which", join(ids_of(verdict.confirmed), ", ")));
  else
    for (const ConstraintRow* row : verdict.confirmed) {
      const std::string but = fmt::format(", but it says {}", effect_name(row->effect));
      lines.push_back(fmt::format("'{}' says so: both sides are on record{}", row->id,
                                  is_of_failed_step(*row, fails->row) ? "" : but));
    }
  if (plan.constraint && plan.constraint->effect == Effect::misbehaves && !fails)
    lines.push_back(fmt::format("'{}' says misbehaves, which no boot needs to show", plan.constraint->id));
  for (const ConstraintRow* row : verdict.contradicted)
    lines.push_back(fmt::format("'{}' is not true there: it says {} of what works", row->id, effect_name(row->effect)));
  if (plan.constraint && fails && fails->candidate == 0)
    lines.push_back(fmt::format("'{}' allows what does not work", plan.constraint->id));
  return lines;
}

Json try_json(const FrontierPlan& plan, const FrontierTry& one) {
  return {{"version", plan.candidates[one.candidate].version.str()},
          {"toolchain", one.row.toolchain},
          {"root", text_or_null(one.row.root)},
          {"state", evidence_state_name(one.row.state)},
          {"works", one.outcome == Outcome::works},
          {"known", one.known},
          {"reason", text_or_null(one.reason)},
          {"signature", text_or_null(one.row.signature)},
          {"forced", one.row.forced},
          {"buildSeconds", value_or_null(one.row.build_seconds)},
          {"bootSeconds", value_or_null(one.row.boot_seconds)},
          {"record", text_or_null(one.record.string())}};
}

Json plan_json(const FrontierPlan& plan) {
  Json candidates = Json::array(), left_out = Json::array(), order = Json::array();
  for (const FrontierCandidate& one : plan.candidates)
    candidates.push_back({{"version", one.version.str()},
                          {"toolchain", one.toolchain->id},
                          {"root", one.root ? Json(one.root->name) : Json(nullptr)},
                          {"prebuilt", one.toolchain->prebuilt},
                          {"forbidden", ids_of(one.forbidden)}});
  for (const auto& [who, why] : plan.left_out) left_out.push_back({{"name", who}, {"reason", why}});
  for (const std::size_t position : expected_order(plan)) order.push_back(plan.candidates[position].version.str());
  return {{"kernel", plan.kernel.str()},
          {"arch", plan.platform->name},
          {"tool", plan.tool},
          {"constraint", plan.constraint ? Json(plan.constraint->id) : Json(nullptr)},
          {"candidates", std::move(candidates)},
          {"leftOut", std::move(left_out)},
          {"order", std::move(order)},
          {"mostBuilds", most_probes(plan.line)}};
}

Json frontier_json(const FrontierPlan& plan, const Frontier& frontier, const std::optional<ProposedRow>& row) {
  const FrontierVerdict verdict = judge_frontier(plan, frontier);
  const auto side = [&](std::optional<std::size_t> position) {
    const FrontierTry* one = frontier.of(position);
    return one ? try_json(plan, *one) : Json(nullptr);
  };
  Json json = plan_json(plan), tries = Json::array(), odd = Json::array();
  for (const FrontierTry& one : frontier.tries) tries.push_back(try_json(plan, one));
  for (const std::size_t position : frontier.found.odd) odd.push_back(plan.candidates[position].version.str());
  json.update({{"tries", std::move(tries)},
               {"works", side(frontier.found.works)},
               {"fails", side(frontier.found.fails)},
               {"monotone", frontier.found.odd.empty()},
               {"odd", std::move(odd)},
               {"confirmed", ids_of(verdict.confirmed)},
               {"contradicted", ids_of(verdict.contradicted)},
               {"differ", text_or_null(verdict.differ)},
               {"error", error_or_null(frontier.error)},
               {"row", row ? Json{{"id", row->id}, {"text", row->text}} : Json(nullptr)}});
  return json;
}

Result<void> check_words(const FrontierCommand& command) {
  const FrontierOptions& options = command.options;
  if (options.targets.targets.empty() && options.targets.src.empty() && options.constraint.empty())
    return Fail(
        Error{.what = "'frontier' wants TARGET, or --constraint ID", .hint = "swage frontier linux@6.1 --for arm64"});
  if (command.dry_run) {
    const std::string idle = !command.write.empty() ? "--write" : given_realise_option(command.realise);
    if (!idle.empty())
      return Fail(Error{.what = fmt::format("'{}' says nothing of '--dry-run', which builds nothing", idle),
                        .hint = "leave out one of them"});
  }
  if (options.older && !options.constraint.empty())
    return Fail(Error{.what = "'--older' says nothing of '--constraint': that has its own two sides",
                      .hint = "see: swage frontier --help"});
  SWAGE_CHECK(refuse_private_input(options.targets));
  return refuse_unnamed_patches(options.targets);
}

Result<int> run(Session& session, FrontierCommand command) {
  SWAGE_CHECK(check_words(command));
  FrontierOptions& options = command.options;
  if (!command.evidence.empty()) session.add_evidence(command.evidence);
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  if (options.targets.targets.empty() && !options.targets.src.empty())
    options.targets.targets = {catalog->kernel_recipe()};
  std::vector<std::string> providers;
  for (const std::string& list : options.providers)
    for (const std::string_view name : split(list, ',')) providers.emplace_back(name);
  options.providers = std::move(providers);
  SWAGE_TRY(const FrontierPlan plan, plan_frontier(session, options));
  if (command.dry_run) {
    session.stop_reporter();
    if (as_json()) print_json(plan_json(plan));
    else print_line_up(plan, command.explain);
    return 0;
  }
  SWAGE_TRY(const fs::path directory, record_directory(session, command.evidence));
  session.reporter().on(Message{std::string(trim(plan_text(plan)))});
  SWAGE_TRY(const Frontier frontier, find_frontier(session, plan, directory, command.realise));
  session.stop_reporter();
  const std::optional<ProposedRow> row = frontier.error ? std::nullopt : propose_row(plan, frontier);
  if (as_json()) {
    print_json(frontier_json(plan, frontier, row));
  } else {
    if (command.explain) print_line_up(plan, true);
    print_tries(plan, frontier);
    if (!frontier.error)
      for (const std::string& line : sentences(plan, frontier)) print_result("{}\n", line);
    if (!frontier.tries.empty()) print_result("records in '{}'\n", directory.string());
    if (row && command.write.empty()) print_result("\n{}", row->text);
  }
  if (row && !command.write.empty()) {
    SWAGE_CHECK(add_row(command.write, *row));
    if (!as_json()) print_result("'{}' is in '{}'\n", row->id, command.write);
  }
  if (frontier.error) return Fail(*frontier.error);
  if (!plan.constraint) return 0;
  const FrontierVerdict verdict = judge_frontier(plan, frontier);
  return !verdict.confirmed.empty() && verdict.contradicted.empty() ? 0 : 1;
}

}  // namespace

Action declare_frontier(const Options& app) {
  auto command = std::make_shared<FrontierCommand>();
  FrontierOptions& options = command->options;
  options.targets.command = app.name();
  app.add_option("TARGET", options.targets.targets, "the kernel: linux@6.1").expected(1);
  app.add_option("--for", options.targets.platforms, "host platform: a short name, a nixpkgs name or a triple")
      .allow_extra_args(false);
  const char* search = "Search";
  app.add_option("--tool", options.tool,
                 "whose versions are tried: gcc, clang, binutils, make, perl, ... (default: gcc)")
      .group(search);
  app.add_option("--constraint", options.constraint,
                 "try only both sides of this constraint, with a kernel and platform that it concerns")
      .group(search);
  app.add_option("--ignore", options.ignore, "a constraint on another tool that does not count either")
      .allow_extra_args(false)
      .group(search);
  app.add_option("--provider", options.providers,
                 "toolchains of these alone: debian, llvm, kernel-org, bootlin, source, several with commas")
      .allow_extra_args(false)
      .group(search);
  app.add_flag("--older", options.older, "towards older versions: the oldest that works").group(search);
  app.add_flag("--prebuilt", options.prebuilt, "no toolchain that is built from source").group(search);
  app.add_flag("--dry-run", command->dry_run,
               "only say what would be tried, in which order, and how many builds that is at most")
      .group(search);
  app.add_flag("--explain", command->explain, "every version, what forbids it, and what is left out and why")
      .group(search);
  app.add_option("--write", command->write,
                 "add a row that is proposed to this table of constraints (default: print it)")
      .group(search);
  app.add_option("--evidence", command->evidence,
                 "where records are kept (default: evidence/ of the catalog, or of the data directory)");
  const char* kernel = "Kernel";
  app.add_option("--config", options.targets.config,
                 "tiny (the default), or makes of the tree: defconfig, NAME_defconfig")
      .group(kernel);
  app.add_option("--src", options.targets.src, "this kernel tree; its Makefile tells the version").group(kernel);
  declare_realise(app, command->realise);
  return [command](Session& session) { return run(session, *command); };
}

}  // namespace swage
