#include "evidence/frontier.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <functional>

#include "base/text.hpp"
#include "catalog/log_lines.hpp"
#include "catalog/toml.hpp"
#include "evidence/boundaries.hpp"

namespace swage {

namespace {

using End = CellRun::End;

constexpr std::size_t kLongestReason = 160;

// The line of a log that tells of the failure, and the row that says so; without one the last line.
struct TellingLine {
  std::string text{};
  const LogLineRow* row = nullptr;
};
TellingLine telling_line(const LogLines& lines, std::string_view log) {
  TellingLine found;
  std::string last;
  for (const std::string_view line : split(log, '\n')) {
    if (trim(line).empty()) continue;
    const LogLineRow* row = lines.find(line, last);
    last = line;
    if (row && (!found.row || (found.row->weak && !row->weak))) found = {std::string(trim(line)), row};
    if (found.row && !found.row->weak) return found;
  }
  if (!found.row) found.text = trim(last);
  return found;
}

// The whole log while the store has it, else its end that is kept with the record.
std::string log_of_failure(Session& session, const FrontierTry& tried) {
  if (const Result<Store*> store = session.store(); store)
    if (const Result<StorePath> drv = StorePath::parse(tried.row.failed_drv); drv)
      if (Result<std::string> log = read_log(**store, *drv); log) return *std::move(log);
  EvidenceRow row = tried.row;
  row.file = tried.record;
  return read_evidence_log(row).value_or("");
}

std::string name_of_drv(const std::string& drv) {
  const Result<StorePath> path = StorePath::parse(drv);
  return path ? std::string(path->name()) : drv;
}

// Fills in what the failure says; an error when it is not the tool's.
Result<void> judge_failure(Session& session, const FrontierPlan& plan, FrontierTry& tried) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  const EvidenceRow& row = tried.row;
  if (row.failed_drv.empty()) return fail(Errc::build_failed, row.reason.empty() ? "it was stopped" : row.reason);
  if (row.failed_drv != row.kernel_drv && row.failed_drv != row.boot_drv)
    return fail(Errc::build_failed,
                fmt::format("'{}' failed, which is neither the kernel nor its boot", name_of_drv(row.failed_drv)));
  if (!row.signature.empty()) {
    SWAGE_TRY(const std::vector<SignatureRow>* signatures, catalog->signatures());
    SWAGE_TRY(const std::vector<const ConstraintRow*> rows, catalog->constraints());
    const auto known = std::find_if(signatures->begin(), signatures->end(),
                                    [&](const SignatureRow& one) { return one.id == row.signature; });
    if (known != signatures->end()) {
      const auto broken = std::find_if(rows.begin(), rows.end(),
                                       [&](const ConstraintRow* one) { return one->id == known->constraint; });
      if (broken != rows.end() && !(*broken)->require.contains(plan.tool))
        return fail(Errc::build_failed,
                    fmt::format("this is known: {} (constraint '{}')", known->text, known->constraint));
      tried.reason = known->text;
      tried.known_for = known->constraint;
    }
  }
  SWAGE_TRY(const std::vector<LogLineRow>* rows, catalog->log_lines());
  SWAGE_TRY(const LogLines lines, LogLines::compile(*rows));
  const TellingLine line = telling_line(lines, log_of_failure(session, tried));
  if (tried.reason.empty() && line.row && line.row->tool == LogTool::other && !line.row->text.empty())
    return fail(Errc::build_failed, fmt::format("this is known: {}", line.row->text));
  if (tried.reason.empty())
    tried.reason = line.text.size() > kLongestReason ? line.text.substr(0, kLongestReason) + "..." : line.text;
  if (tried.reason.empty()) tried.reason = row.reason;
  return {};
}

std::string try_text(const FrontierPlan& plan, const FrontierCandidate& one) {
  return fmt::format("{} {} ({})", plan.tool, one.version.str(), plan.of_root() ? one.root->name : one.toolchain->id);
}

Result<FrontierTry> try_candidate(Session& session, const FrontierPlan& plan, std::size_t position,
                                  const fs::path& directory, const RealiseOptions& realise) {
  const FrontierCandidate& one = plan.candidates[position];
  TargetOptions targets = plan.targets;
  targets.toolchain = one.toolchain->id;
  if (plan.of_root()) targets.root = one.root->name;
  SWAGE_TRY(const VerifiedCells verified, verify_cells(session, targets, Repeat::unmeasured, directory, realise));
  if (verified.cells.size() != 1)
    return fail(Errc::invalid_input, fmt::format("'{}' is {} cells", plan.label(), verified.cells.size()));
  const CellRun& cell = verified.cells.front();
  if (verified.error && verified.error->code == Errc::interrupted) return Fail(*verified.error);
  const bool failed = cell.end == End::failed || (cell.end == End::skipped && cell.row.state == EvidenceState::failed);
  FrontierTry tried{.candidate = position,
                    .outcome = failed ? Outcome::fails : Outcome::works,
                    .row = cell.row,
                    .record = cell.record,
                    .known = cell.end == End::skipped};
  const auto other_cause = [&](Error error) {  // with what the build said
    Error whole = verified.error ? *verified.error : error;
    whole.what =
        fmt::format("{} for {} says nothing of {}: {}", try_text(plan, one), plan.label(), plan.tool, error.what);
    return whole;
  };
  if (cell.end == End::impossible || cell.end == End::not_tried || cell.end == End::open)
    return Fail(other_cause(verified.error ? *verified.error : Error{.code = Errc::environment, .what = cell.reason}));
  if (failed)
    if (Result<void> judged = judge_failure(session, plan, tried); !judged)
      return Fail(other_cause(std::move(judged).error()));
  return tried;
}

// --- A row for a person.

std::string record_name(const FrontierTry& tried) {
  return fmt::format("evidence/{}/{}.toml", tried.row.platform, evidence_name(tried.row));
}

// What the tool must be: not beyond the first that fails, but for what works there.
std::string required_range(const FrontierPlan& plan, const Frontier& frontier) {
  const auto version = [&](std::size_t i) { return plan.candidates[i].version.str(); };
  std::string range = fmt::format("{}{}", plan.older ? ">" : "<", version(*frontier.found.fails));
  if (!frontier.found.odd.empty())
    range += fmt::format("|{}{}", plan.older ? "<=" : ">=", version(frontier.found.odd.front()));
  return range;
}

// What the two sides differ in besides the tool.
std::string differences(const FrontierPlan& plan, const FrontierTry& works, const FrontierTry& fails) {
  std::string text;
  const auto add = [&](const std::string& what, const std::string& a, const std::string& b) {
    if (a == b || what == plan.tool) return;
    text += fmt::format("{}{} {} | {}", text.empty() ? "" : ", ", what, a.empty() ? "none" : a, b.empty() ? "none" : b);
  };
  add(works.row.compiler, works.row.compiler_version, fails.row.compiler_version);
  add("binutils", works.row.binutils, fails.row.binutils);
  if (!plan.of_root()) add("root", works.row.root, fails.row.root);
  else
    for (const auto& [tool, version] : plan.candidates[works.candidate].root->tools)
      if (const auto& others = plan.candidates[fails.candidate].root->tools; others.contains(tool))
        add(tool, version.str(), others.at(tool).str());
  return text;
}

bool is_explained(const FrontierPlan& plan, const Frontier& frontier) {
  return !judge_frontier(plan, frontier).confirmed.empty();
}

}  // namespace

const char* outcome_text(const EvidenceRow& row) {
  if (row.state == EvidenceState::booted) return "boots";
  if (row.state == EvidenceState::built) return "builds";
  return row.failed_drv == row.boot_drv ? "does not boot" : "does not build";
}

const FrontierTry* Frontier::of(std::optional<std::size_t> candidate) const {
  const auto at = std::find_if(tries.begin(), tries.end(),
                               [&](const FrontierTry& one) { return candidate && one.candidate == *candidate; });
  return at == tries.end() ? nullptr : &*at;
}

Result<Frontier> find_frontier(Session& session, const FrontierPlan& plan, const fs::path& directory,
                               const RealiseOptions& realise) {
  Line line = plan.line;
  Frontier frontier;
  while (const std::optional<std::size_t> next = next_probe(line)) {
    session.reporter().on(
        Message{fmt::format("trying {}: at most {} more", try_text(plan, plan.candidates[*next]), most_probes(line))});
    Result<FrontierTry> tried = try_candidate(session, plan, *next, directory, realise);
    if (!tried && tried.error().code == Errc::interrupted) return Fail(std::move(tried).error());
    if (!tried) {
      frontier.error = std::move(tried).error();
      break;
    }
    line.outcomes[*next] = tried->outcome;
    frontier.tries.push_back(*std::move(tried));
  }
  frontier.found = found(line);
  return frontier;
}

FrontierVerdict judge_frontier(const FrontierPlan& plan, const Frontier& frontier) {
  FrontierVerdict verdict;
  const auto add = [](std::vector<const ConstraintRow*>& rows, const ConstraintRow* row) {
    if (std::find(rows.begin(), rows.end(), row) == rows.end()) rows.push_back(row);
  };
  const FrontierTry *works = frontier.of(frontier.found.works), *fails = frontier.of(frontier.found.fails);
  for (const FrontierTry& one : frontier.tries)
    for (const ConstraintRow* row : plan.candidates[one.candidate].forbidden)
      if (one.outcome == Outcome::works && contradicts(one.row, *row) && row->require.contains(plan.tool))
        add(verdict.contradicted, row);
  if (!works || !fails) return verdict;
  const FrontierCandidate &good = plan.candidates[works->candidate], &bad = plan.candidates[fails->candidate];
  for (const ConstraintRow* row : bad.forbidden)
    if (row->require.contains(plan.tool) &&
        std::find(good.forbidden.begin(), good.forbidden.end(), row) == good.forbidden.end())
      add(verdict.confirmed, row);
  // Of several it is the one that the log is known for, else those that speak of the step that failed.
  const auto keep = [&](const auto& is_meant) {
    std::vector<const ConstraintRow*>& rows = verdict.confirmed;
    if (std::any_of(rows.begin(), rows.end(), is_meant)) std::erase_if(rows, std::not_fn(is_meant));
  };
  keep([&](const ConstraintRow* row) { return row->id == fails->known_for; });
  keep([&](const ConstraintRow* row) { return is_of_failed_step(*row, fails->row); });
  verdict.differ = differences(plan, *works, *fails);
  return verdict;
}

std::optional<ProposedRow> propose_row(const FrontierPlan& plan, const Frontier& frontier) {
  const FrontierTry *works = frontier.of(frontier.found.works), *fails = frontier.of(frontier.found.fails);
  if (!works || !fails || is_explained(plan, frontier)) return std::nullopt;
  const std::string good = plan.candidates[works->candidate].version.str(),
                    bad = plan.candidates[fails->candidate].version.str();
  ProposedRow row{.id = fmt::format("{}-{}-linux-{}-{}", plan.tool, bad, plan.kernel.str(), plan.platform->name)};
  row.text = fmt::format("# Proposed by swage frontier on {}: {} {} {}, {} {}; nothing between them was tried.\n"
                         "# `when` is what was seen: widen it to what else is known to be concerned.\n",
                         today(), plan.tool, good, outcome_text(works->row), bad, outcome_text(fails->row));
  row.text += "[[constraint]]\n";
  const auto line = [&](const char* key, const std::string& text) {
    row.text += fmt::format("{} = {}\n", key, toml_string(text));
  };
  line("id", row.id);
  row.text += fmt::format("when = {{ kernel = {}, arch = [{}] }}\n", toml_string("=" + plan.kernel.str()),
                          toml_string(plan.platform->name));
  row.text += fmt::format("require = {{ {} = {} }}\n", plan.tool, toml_string(required_range(plan, frontier)));
  line("effect", fails->row.failed_drv == fails->row.boot_drv ? "boots-not" : "builds-not");
  line("reason", fails->reason);
  line("source", fmt::format("{}; {}", record_name(*works), record_name(*fails)));
  line("confidence", "bisected");
  return row;
}

Result<void> add_row(const fs::path& file, const ProposedRow& row) {
  std::string text;
  if (path_exists(file)) {
    SWAGE_TRY(text, read_file(file));
  }
  SWAGE_TRY(const TomlDocument document, parse_toml(text, file.string()));
  if (const TomlEntry* rows = document.root.find("constraint"))
    for (const TomlValue& one : rows->value.items)
      if (const TomlEntry* id = one.find("id"); id && id->value.text == row.id)
        return Fail(Error{.what = fmt::format("'{}' has '{}' already", file.string(), row.id)}.at(
            document.pos(id->value.span)));
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return write_named_file(file, text + (text.empty() ? "" : "\n") + row.text);
}

}  // namespace swage
