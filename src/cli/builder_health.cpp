#include "cli/builder_health.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fmt/core.h>
#include <unistd.h>

#include "base/text.hpp"
#include "base/visible.hpp"
#include "plan/planner.hpp"
#include "plan/sources.hpp"

namespace swage {

namespace {

using State = Health::State;

constexpr const char* kProbeScript = "probe.sh";
constexpr const char* kNoFeature = "swage-asks-which-there-are";
constexpr std::uint64_t kEnoughDisk = 4'000'000'000;   // a first kernel with what it needs, in a store of its own
constexpr std::chrono::seconds kProbePatience{300};    // it may wait for other builds

// The builder of all derivations, valid here.
Result<StorePath> busybox_here(Session& session, Store& store) {
  SWAGE_CHECK(session.pin({seed_key("busybox")}));
  SWAGE_TRY(const Lockfile* lock, session.lock());
  SWAGE_TRY(const Source source, seed_source(*lock, "busybox"));
  SWAGE_CHECK(store.add_temp_root(source.path));
  SWAGE_TRY(const bool valid, store.is_valid(source.path));
  if (!valid) {
    SWAGE_TRY(const std::unique_ptr<SourceFetcher> fetcher, session.fetcher());
    SWAGE_CHECK(fetcher->fetch(source, next_job_id()));
  }
  return source.path;
}

// New each time, so that it is built each time. `feature`: what the machine must have.
Result<StorePath> add_probe(Store& store, const StorePath& busybox, const StorePath& script,
                            const std::string& feature) {
  Derivation drv{.name = "swage-probe", .system = kBuildSystem};
  drv.outputs.emplace("out", DerivationOutput{});
  drv.input_srcs = {busybox, script};
  drv.builder = busybox.str() + "/bin/busybox";
  drv.args = {"sh", "-eu", script.str()};
  drv.env = {{"name", drv.name}, {"system", drv.system}, {"builder", drv.builder}, {"busybox", drv.builder}};
  drv.env["when"] = fmt::format("{} {}", std::chrono::system_clock::now().time_since_epoch().count(), ::getpid());
  drv.env["preferLocalBuild"] = "1";   // and not at machines of that machine's own
  if (!feature.empty()) drv.env["requiredSystemFeatures"] = feature;
  ModuloCache cache;
  SWAGE_TRY(const FinishedDerivation finished, finish_derivation(std::move(drv), cache));
  SWAGE_CHECK(store.add_temp_root(finished.path));
  SWAGE_CHECK(store.add_derivations({&finished}));
  return finished.path;
}

Result<std::vector<DaemonBuild>> build_probe(DaemonStore& daemon, const StorePath& drv) {
  const auto deadline = std::chrono::steady_clock::now() + kProbePatience;
  return daemon.build({drv}, [&]() -> Result<void> {
    SWAGE_CHECK(check_interrupt());
    if (std::chrono::steady_clock::now() < deadline) return {};
    return fail(Errc::environment,
                fmt::format("'{}' has built nothing in {} s", daemon.uri(), kProbePatience.count()));
  });
}

Error probe_failure(const DaemonStore& daemon, const DaemonBuild& build) {
  return {.code = Errc::build_failed,
          .what = fmt::format("a tiny build {} at '{}'", build_status(build.status), daemon.uri()),
          .notes = {"the daemon says: " + std::string(trim(visible(build.message)))}};
}

// What it says of itself in a refusal, which costs no build.
Result<void> ask_features(DaemonStore& daemon, const StorePath& drv, BuilderState& state) {
  const Result<std::vector<DaemonBuild>> answer = build_probe(daemon, drv);
  if (!answer && answer.error().code != Errc::build_failed) return Fail(answer.error());
  const std::string said = answer ? answer->front().message : join(answer.error().notes, "\n");
  if (const std::optional<SystemAndFeatures> known = read_features(visible(said))) {
    state.system = known->system;
    state.features = known->features;
  }
  return {};
}

std::uint64_t number_of(const ProbeLines& lines, const std::string& name) {
  const auto at = lines.find(name);
  std::uint64_t value = 0;
  if (at != lines.end()) std::from_chars(at->second.data(), at->second.data() + at->second.size(), value);
  return value;
}

bool says(const ProbeLines& lines, const std::string& name, std::string_view value) {
  const auto at = lines.find(name);
  return at != lines.end() && at->second == value;
}

Health nix_health(const DaemonInfo& info) {
  return {.name = "nix",
          .what = fmt::format("{}, protocol {}", info.nix_version ? "Nix " + *info.nix_version : "Nix before 2.8",
                              info.protocol.str())};
}

Health trust_health(const DaemonInfo& info) {
  constexpr const char* kNotNeeded = "all that swage sends is content-addressed";
  if (!info.trusted) return {.name = "trust", .what = fmt::format("it does not tell; not needed: {}", kNotNeeded)};
  return {.name = "trust",
          .what = *info.trusted ? "this user is trusted"
                                : fmt::format("this user is not trusted; not needed: {}", kNotNeeded)};
}

Health build_health(const BuilderState& state) {
  if (!state.failure)
    return {.name = "build", .what = fmt::format("a tiny derivation was built in {:.1f} s", state.seconds)};
  Health health{.name = "build", .state = State::fail, .what = state.failure->what, .notes = state.failure->notes,
                .hint = "see its log there: journalctl -u nix-daemon"};
  if (state.system && *state.system != kBuildSystem) {
    health.notes.push_back(
        fmt::format("it builds for {}, and swage's derivations are for {}", *state.system, kBuildSystem));
    health.hint = fmt::format("in its nix.conf, if it can run such programs: extra-platforms = {}", kBuildSystem);
  }
  return health;
}

Health sandbox_health(const ProbeLines& lines) {
  if (says(lines, "outside", "no") && says(lines, "directory", "/build"))
    return {.name = "sandbox", .what = "builds see nothing of the machine's files"};
  return {.name = "sandbox",
          .state = State::fail,
          .what = "builds see the machine's files, and have no /build",
          .hint = "in its nix.conf: sandbox = true"};
}

// The network is the sandbox's too, and `__noChroot` or an older Nix may leave it open.
Health network_health(const ProbeLines& lines) {
  const auto at = lines.find("interfaces");
  if (at != lines.end() && trim(at->second) == "lo") return {.name = "network", .what = "builds reach none"};
  return {.name = "network",
          .state = State::warn,
          .what = "builds reach the machine's network",
          .hint = "in its nix.conf: sandbox = true"};
}

Health nested_health(const ProbeLines& lines) {
  if (says(lines, "nested", "yes"))
    return {.name = "namespaces", .what = "a build can make a root of its own"};
  Health health{.name = "namespaces", .state = State::fail, .what = "a build cannot make a root of its own",
                .hint = "user namespaces must be allowed there: docs/builders.md"};
  if (const auto why = lines.find("nested_why"); why != lines.end()) health.notes.push_back(why->second);
  if (says(lines, "max_user_namespaces", "0")) health.hint = "there: sysctl -w user.max_user_namespaces=15000";
  else if (says(lines, "unprivileged_userns_clone", "0"))
    health.hint = "there: sysctl -w kernel.unprivileged_userns_clone=1";
  else if (says(lines, "apparmor_restricts", "1"))
    health.hint = "there: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
  return health;
}

Health kvm_health(const BuilderState& state) {
  if (says(state.lines, "kvm", "yes")) return {.name = "kvm", .what = "builds may use it"};
  const std::vector<std::string> others = state.features.value_or(std::vector<std::string>());
  const bool named = std::find(others.begin(), others.end(), "kvm") != others.end();
  return {.name = "kvm",
          .state = State::warn,
          .what = "builds have no /dev/kvm; none of swage's needs it",
          .hint = named ? "there: modprobe kvm, and let nixbld users write /dev/kvm"
                        : fmt::format("in its nix.conf: system-features ={}{} kvm", others.empty() ? "" : " ",
                                      join(others, " "))};
}

Health binfmt_health(const ProbeLines& lines) {
  if (says(lines, "binfmt", "yes")) return {.name = "emulation", .what = "programs of other platforms can be run"};
  const auto kernel = lines.find("kernel");
  Health health{.name = "emulation",
                .state = State::warn,
                .what = fmt::format("programs of other platforms cannot be run in builds (Linux {})",
                                    kernel == lines.end() ? "?" : kernel->second),
                .hint = "for --emulate and tests of foreign packages it takes Linux 6.7 or newer there"};
  if (const auto why = lines.find("binfmt_why"); why != lines.end()) health.notes.push_back(why->second);
  return health;
}

Health disk_health(const ProbeLines& lines) {
  const std::uint64_t disk = number_of(lines, "disk");
  Health health{.name = "disk", .what = fmt::format("{} are free for builds", human_bytes(disk))};
  if (disk >= kEnoughDisk) return health;
  health.state = State::warn;
  health.hint = "there: nix-collect-garbage, or in its nix.conf min-free and max-free";
  return health;
}

}  // namespace

std::optional<SystemAndFeatures> read_features(std::string_view refusal) {
  // Its own system comes behind the one that it was asked for.
  for (const std::string_view own : {"but I am a '", "Current system: '"}) {
    const std::size_t at = refusal.rfind(own);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = refusal.substr(at + own.size());
    const std::size_t quote = rest.find('\''), open = rest.find("{"), close = rest.find("}");
    if (quote == std::string_view::npos || open == std::string_view::npos || close == std::string_view::npos ||
        open < quote || close < open)
      continue;
    SystemAndFeatures known{.system = std::string(rest.substr(0, quote))};
    for (const std::string_view one : split(rest.substr(open + 1, close - open - 1), ','))
      if (const std::string_view word = trim(one); !word.empty()) known.features.emplace_back(word);
    return known;
  }
  return std::nullopt;
}

Result<BuilderState> probe_builder(Session& session, const std::string& uri) {
  SWAGE_TRY(const DaemonAddress address, DaemonAddress::parse(uri));
  if (address.socket.empty()) SWAGE_CHECK(session.check_online(fmt::format("'{}' cannot be reached", uri)));
  SWAGE_TRY(const std::unique_ptr<DaemonStore> daemon, DaemonStore::connect(address));
  BuilderState state{.uri = uri, .info = daemon->info()};
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const std::string text, catalog->script(kProbeScript));
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const StorePath busybox, busybox_here(session, *store));
  SWAGE_TRY(const StorePath script, store->add_text(kProbeScript, text));
  SWAGE_TRY(const StorePath probe, add_probe(*store, busybox, script, ""));
  SWAGE_TRY(const StorePath features, add_probe(*store, busybox, script, kNoFeature));
  SWAGE_CHECK(daemon->upload(*store, {probe, features}));
  SWAGE_CHECK(ask_features(*daemon, features, state));
  daemon->on_message([&](const DaemonMessage& message) {
    constexpr std::string_view kLine = "probe: ";
    const auto* news = std::get_if<DaemonNews>(&message);
    if (!news || static_cast<DaemonResult>(news->type) != DaemonResult::build_log_line) return;
    const std::string* line = field_text(news->fields, 0);
    const std::size_t equals = line ? line->find('=') : std::string::npos;
    if (equals == std::string::npos || !line->starts_with(kLine)) return;
    state.lines[line->substr(kLine.size(), equals - kLine.size())] = visible_line(line->substr(equals + 1));
  });
  const auto begin = std::chrono::steady_clock::now();
  Result<std::vector<DaemonBuild>> built = build_probe(*daemon, probe);
  state.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!built && built.error().code != Errc::build_failed) return Fail(std::move(built).error());
  if (!built) state.failure = built.error();
  else if (!built->front().ok()) state.failure = probe_failure(*daemon, built->front());
  return state;
}

std::vector<Health> builder_health(const BuilderState& state) {
  std::vector<Health> all{nix_health(state.info), trust_health(state.info), build_health(state)};
  if (state.features)
    all.push_back({.name = "features",
                   .what = state.features->empty()
                               ? fmt::format("{}, none", *state.system)
                               : fmt::format("{}, {}", *state.system, join(*state.features, ", "))});
  if (!state.lines.contains("nested")) return all;   // the build did not come so far
  all.push_back(sandbox_health(state.lines));
  all.push_back(network_health(state.lines));
  all.push_back(nested_health(state.lines));
  all.push_back(kvm_health(state));
  all.push_back(binfmt_health(state.lines));
  all.push_back(disk_health(state.lines));
  all.push_back({.name = "machine",
                 .what = fmt::format("{} cores, {} of memory, Linux {}", number_of(state.lines, "cores"),
                                     human_bytes(number_of(state.lines, "memory")), state.lines.at("kernel"))});
  return all;
}

}  // namespace swage
