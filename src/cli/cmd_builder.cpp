// swage builder: machines with a Nix daemon.
#include "cli/builder_health.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"

namespace swage {

namespace {

Result<int> check(Session& session, const std::string& uri) {
  SWAGE_TRY(const BuilderState state, probe_builder(session, uri));
  session.stop_reporter();
  const std::vector<Health> all = builder_health(state);
  if (!as_json()) return print_health(all);
  Json features = nullptr;
  if (state.features) features = *state.features;
  Json about{{"uri", state.uri},
             {"nixVersion", text_or_null(state.info.nix_version.value_or(""))},
             {"protocol", state.info.protocol.str()},
             {"trusted", nullptr},
             {"system", text_or_null(state.system.value_or(""))},
             {"features", std::move(features)}};
  if (state.info.trusted) about["trusted"] = *state.info.trusted;
  return print_health(all, std::move(about));
}

}  // namespace

Action declare_builder(const Options& app) {
  auto chosen = std::make_shared<Action>();
  app.require_subcommand();
  auto uri = std::make_shared<std::string>();
  const Options prove = app.add_subcommand("check", "what a Nix daemon can build, and what it lacks");
  prove.add_option("URI", *uri, "daemon, unix://PATH or ssh-ng://HOST").required();
  prove.callback([chosen, uri] { *chosen = [uri](Session& session) { return check(session, *uri); }; });
  return [chosen](Session& session) { return (*chosen)(session); };
}

}  // namespace swage
