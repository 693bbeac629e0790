// swage log: the kept log of a build.
#include <fmt/core.h>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/target_options.hpp"
#include "request/image_file.hpp"
#include "request/option_kinds.hpp"
#include "request/realising.hpp"

namespace swage {

namespace {

// What a link that is called so leads to, or else the word itself.
Result<std::string> behind_link(const std::string& text) {
  std::error_code error;
  if (!fs::is_symlink(text, error)) return text;
  SWAGE_TRY(const fs::path target, read_symlink(text));
  return target.string();
}

Result<StorePath> derivation_of_path(Store& store, const std::string& text) {
  std::error_code error;
  if (text.find('/') != std::string::npos && !text.starts_with("/nix/store/") &&
      !fs::exists(fs::symlink_status(text, error)))
    return fail(Errc::invalid_input, fmt::format("'{}' does not exist", text));
  SWAGE_TRY(const std::string leads_to, behind_link(text));
  Result<StorePath> path = StorePath::parse_base(leads_to.substr(leads_to.rfind('/') + 1));
  if (!path) return fail(Errc::invalid_input, fmt::format("'{}' is not a store path, nor a link to one", text));
  if (path->is_derivation()) return path;
  SWAGE_TRY(const std::optional<PathInfo> info, store.query(*path));
  if (!info) return fail(Errc::invalid_input, fmt::format("'{}' is not valid in this store", path->str()));
  if (!info->deriver)
    return fail(Errc::invalid_input, fmt::format("'{}' was not built, so it has no log", path->str()));
  return *info->deriver;
}

// That an option says what of the target is meant.
bool says_what(const TargetOptions& options) {
  const bool kernel = !options.config.empty() || !options.enable.empty() || !options.disable.empty() ||
                      !options.set.empty() || !options.fragments.empty() || !options.patches.empty() ||
                      !options.src.empty();
  const bool package =
      !options.with.empty() || !options.without.empty() || options.is_static || options.emulate || options.accelerate;
  return kernel || package || !options.toolchain.empty() || options.llvm;
}

// Of a kernel whose target names no version: that `other` is called as `name` is, but for the version.
bool is_of_any_version(const Goal& goal, const std::string& name, std::string_view other) {
  if (!goal.cell.kernel || !goal.target.version.empty()) return false;
  const std::string& version = goal.cell.kernel->version.str();
  const std::size_t at = name.find(version);
  if (at == std::string::npos || !other.starts_with(name.substr(0, at)) ||
      !other.ends_with(name.substr(at + version.size())))
    return false;
  return other.size() > at && other[at] >= '0' && other[at] <= '9';
}

bool is_boot(const Catalog& catalog, const std::string& target) {
  const std::string name = target.substr(0, target.find('@'));
  if (!catalog.has_recipe(name)) return false;   // which is said by who looks for it
  const Result<const TargetRow*> asks = catalog.target(name);
  return asks && (*asks)->use == TargetRow::Use::boot;
}

// A .drv, an output of one, a link to one, or a target: as it would be built, or else as it was the last time, unless
// options say how.
Result<StorePath> find_derivation(Session& session, const TargetOptions& options) {
  const std::string& text = options.targets.front();
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  std::error_code error;
  const bool is_image = is_image_target(text);
  if (is_image) SWAGE_CHECK(check_is_one_image(session, text));
  if ((!is_image && text.find('/') != std::string::npos) ||
      (fs::is_symlink(text, error) && !catalog->has_recipe(text))) {
    SWAGE_CHECK(check_options(options, {{text, TargetKind::store_path}}));
    return derivation_of_path(*store, text);
  }
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options, is_boot(*catalog, text) ? "tiny" : "defconfig"));
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, KernelGoal::artifact));
  const StorePath drv = planned.wanted.front().drv;
  if (has_log(*store, drv)) return drv;
  const std::string& name = planned.planner->graph().find(drv)->drv.name;
  const std::vector<StorePath> others = logged_derivations(
      *store, [&](std::string_view other) { return other == name || is_of_any_version(goals.front(), name, other); });
  if (others.empty())
    return fail(Errc::invalid_input, fmt::format("{} has no log: it was not built here", goal_label(goals.front())));
  if (says_what(options))
    return Fail(Error{.what = fmt::format("{} has no log: it was not built so here", goal_label(goals.front())),
                      .hint = fmt::format("what was built of it last has one: swage log {}", others.front().str())});
  session.reporter().on(
      Message{fmt::format("note: the log of '{}', which was built with other options", others.front().str())});
  return others.front();
}

// Prints whole lines, so that neither a character nor a sequence of them is cut in two where it is made visible. A line
// that is longer than any text goes out in pieces.
class LinePrinter {
 public:
  void add(std::string_view bytes) {
    pending_ += bytes;
    // Behind the last whole line: npos + 1 is 0.
    const std::size_t end = pending_.size() > kLongestLine ? pending_.size() : pending_.rfind('\n') + 1;
    print_text(std::string_view(pending_).substr(0, end));
    pending_.erase(0, end);
  }
  void finish() {
    if (!pending_.empty()) print_result("{}\n", pending_);
  }

 private:
  static constexpr std::size_t kLongestLine = 1 << 20;
  std::string pending_{};
};

Result<int> run(Session& session, const TargetOptions& options) {
  SWAGE_TRY(const StorePath drv, find_derivation(session, options));
  SWAGE_TRY(Store* store, session.store());
  session.stop_reporter();
  LinePrinter printer;
  SWAGE_CHECK(stream_log(*store, drv, [&](std::string_view bytes) { printer.add(bytes); }));
  printer.finish();
  return 0;
}

}  // namespace

Action declare_log(const Options& app) {
  auto options = std::make_shared<TargetOptions>();
  declare_targets(app, *options, TargetsAs::one);
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
