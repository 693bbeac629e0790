// swage check: validates a catalog or a layer, all files, all errors.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"

namespace swage {

namespace {

Result<int> run(Session& session, const std::string& directory) {
  Result<std::shared_ptr<const Catalog>> loaded;
  if (directory.empty() || path_exists(fs::path(directory) / "platforms.toml")) {
    SWAGE_TRY(const fs::path base, directory.empty() ? session.catalog_dir() : Result<fs::path>(fs::path(directory)));
    const std::vector<fs::path> layers(session.options().layers.begin(), session.options().layers.end());
    loaded = Catalog::load(base, layers);
  } else {  // a layer makes sense only over what it changes
    SWAGE_TRY(const fs::path base, session.catalog_dir());
    loaded = Catalog::load(base, {fs::path(directory)});
  }
  if (!loaded) return Fail(std::move(loaded).error());
  const Catalog& catalog = **loaded;
  const nlohmann::ordered_json counts{{"platforms", catalog.platforms().size()}, {"kernels", catalog.kernels().size()},
                                      {"machines", catalog.machines().size()},   {"toolchains", catalog.toolchains().size()},
                                      {"constraints", catalog.constraints().size()}, {"quirks", catalog.quirks().size()}, {"roots", catalog.roots().size()},
                                      {"packages", catalog.recipes().size()}};
  if (session.options().json) {
    fmt::print("{}\n", counts.dump());
    return 0;
  }
  std::string text;
  for (const auto& [name, count] : counts.items()) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count.get<std::size_t>(), name);
  fmt::print("ok: {}\n", text);
  return 0;
}

}  // namespace

Action declare_check(CLI::App& app) {
  auto directory = std::make_shared<std::string>();
  app.add_option("DIR", *directory, "a catalog or a layer (default: swage's own catalog)");
  return [directory](Session& session) { return run(session, *directory); };
}

}  // namespace swage
