#include "realise/builder_env.hpp"

#include <fmt/core.h>

#include "base/text.hpp"
#include "store/base32.hpp"

namespace swage {

namespace {

Result<void> refuse_unsupported(const Derivation& drv) {
  for (const char* feature : {"__json", "exportReferencesGraph"})
    if (drv.env.contains(feature))
      return Fail(Error{.code = Errc::invalid_input,
                        .what = fmt::format("'{}' needs '{}', which only Nix itself offers", drv.name, feature)});
  return {};
}

Result<void> pass_as_files(std::map<std::string, std::string>& env, const fs::path& build_dir) {
  const auto listed = env.find("passAsFile");
  if (listed == env.end()) return {};
  const std::string names = listed->second;
  for (const std::string_view name : split_words(names)) {
    const auto variable = env.find(std::string(name));
    if (variable == env.end()) continue;
    const std::string file = ".attr-" + hash_base32(sha256(name));
    SWAGE_CHECK(write_file_atomically(build_dir / file, variable->second, 0644, Durability::volatile_ok));
    env.erase(variable);
    env[fmt::format("{}Path", name)] = "/build/" + file;
  }
  return {};
}

}  // namespace

Result<std::map<std::string, std::string>> builder_env(const Derivation& drv, unsigned cores,
                                                       const Jobserver& jobserver, const fs::path& build_dir) {
  SWAGE_CHECK(refuse_unsupported(drv));
  std::map<std::string, std::string> env{{"PATH", "/path-not-set"},
                                         {"HOME", "/homeless-shelter"},
                                         {"NIX_STORE", std::string(kStoreDir)},
                                         {"NIX_BUILD_CORES", std::to_string(cores)},
                                         {"MAKEFLAGS", jobserver.makeflags()}};
  for (const auto& [name, value] : drv.env) env[name] = value;
  SWAGE_CHECK(pass_as_files(env, build_dir));
  for (const char* name : {"NIX_BUILD_TOP", "TMPDIR", "TEMPDIR", "TMP", "TEMP", "PWD"}) env[name] = "/build";
  env["NIX_LOG_FD"] = "2";
  env["TERM"] = "xterm-256color";
  if (drv.is_fixed()) env["NIX_OUTPUT_CHECKED"] = "1";
  return env;
}

}  // namespace swage
