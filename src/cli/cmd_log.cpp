// swage log: the kept log of a build.
#include <fmt/core.h>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/target_options.hpp"
#include "request/option_kinds.hpp"
#include "request/realising.hpp"

namespace swage {

namespace {

// A .drv, an output of one, or a target.
Result<StorePath> find_derivation(Session& session, const TargetOptions& options) {
  const std::string& text = options.targets.front();
  SWAGE_TRY(Store* store, session.store());
  if (text.find('/') != std::string::npos) {
    SWAGE_CHECK(check_options(options, {{text, TargetKind::store_path}}));
    const auto base = text.substr(text.rfind('/') + 1);
    SWAGE_TRY(const StorePath path, StorePath::parse_base(base));
    if (path.is_derivation()) return path;
    SWAGE_TRY(const std::optional<PathInfo> info, store->query(path));
    if (!info) return fail(Errc::invalid_input, fmt::format("'{}' is not valid in this store", path.str()));
    if (!info->deriver) return fail(Errc::invalid_input, fmt::format("'{}' was not built, so it has no log", path.str()));
    return *info->deriver;
  }
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options, "defconfig"));
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, KernelGoal::artifact));
  return planned.wanted.front().drv;
}

// Prints whole lines, so that neither a character nor a sequence of them is cut in two where it is made visible. A line that is longer
// than any text goes out in pieces.
class LinePrinter {
 public:
  void add(std::string_view bytes) {
    pending_ += bytes;
    const std::size_t end = pending_.size() > kLongestLine ? pending_.size() : pending_.rfind('\n') + 1;   // npos + 1: none
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
