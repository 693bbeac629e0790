#include "request/mirrors.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "fetch/addresses.hpp"
#include "fetch/lock.hpp"
#include "fetch/mirror.hpp"
#include "fetch/transport.hpp"
#include "request/setting_words.hpp"

namespace swage {

namespace {

Result<std::vector<std::string>> urls_of(const std::vector<std::string>& words) {
  std::vector<std::string> urls;
  for (const std::string& word : words) {
    SWAGE_TRY(std::string url, mirror_url(word));
    urls.push_back(std::move(url));
  }
  return urls;
}

// Whether a directory of this machine has it. What it has is looked at when it is taken.
bool is_at_hand(const Source::Download& what, const FetchOptions& options) {
  const std::vector<Address> all = addresses_of(what, options);
  return std::any_of(all.begin(), all.end(), [](const Address& address) {
    const std::optional<fs::path> file = local_path(address.url);
    return file && path_exists(*file);
  });
}

}  // namespace

Result<std::vector<std::string>> mirror_urls(Session& session) {
  if (!session.options().mirrors.empty()) return urls_of(words_of(session.options().mirrors));
  if (const std::optional<std::vector<std::string>> words = words_of_variable("SWAGE_MIRRORS")) {
    Result<std::vector<std::string>> urls = urls_of(*words);
    if (!urls) return Fail(in_variable(std::move(urls).error(), "SWAGE_MIRRORS"));
    return urls;
  }
  SWAGE_TRY(const Workspace* workspace, session.workspace());
  std::vector<std::string> urls;
  SWAGE_TRY(const std::optional<fs::path> directory, session.workspace_directory());
  for (std::size_t i = 0; i < workspace->mirrors.size(); ++i) {
    Result<std::string> url = mirror_url(workspace->mirrors[i], directory.value_or(fs::path()));
    if (!url) return Fail(std::move(url).error().at(workspace->mirror_pos[i]));
    urls.push_back(*std::move(url));
  }
  return urls;
}

Result<FetchOptions> fetch_options(Session& session) {
  FetchOptions options{.offline = session.options().offline, .traffic = &session.traffic()};
  SWAGE_TRY(options.by_hash, mirror_urls(session));
  SWAGE_TRY(options.mirrors, host_mirrors());
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  for (const ArchiveRow& row : catalog->archives()) options.old.push_back({.name = row.name, .urls = row.old});
  SWAGE_TRY(const HostProxies proxies, host_proxies());
  options.http_proxy = proxies.http;
  options.https_proxy = proxies.https;
  return options;
}

Result<void> check_offline(Session& session, const Graph& graph, const RealisePlan& todo) {
  if (!session.options().offline) return {};
  std::vector<std::string> missing;
  std::optional<FetchOptions> options;
  for (const StorePath& path : todo.fetch) {
    const auto source = graph.sources.find(path);
    if (source == graph.sources.end()) continue;
    const auto* tree = std::get_if<Source::Tree>(&source->second.how);
    const Source::Download* download = source->second.download();
    if (!tree && !download) continue;
    if (!options) { SWAGE_TRY(options, fetch_options(session)); }
    if (tree && is_at_hand({.sha256 = tree->nar_sha256, .urls = tree->urls}, *options)) continue;
    if (download && is_at_hand(*download, *options)) continue;
    missing.push_back(tree               ? tree->name
                      : download->size   ? fmt::format("{} ({})", download->name, human_bytes(download->size))
                                         : download->name);
  }
  if (missing.empty()) return {};
  std::sort(missing.begin(), missing.end());
  return Fail(Error{.code = Errc::environment,
                    .what = missing.size() == 1 ? "a file is missing, and --offline asks no network for it"
                                                : fmt::format("{} files are missing, and --offline asks no network "
                                                              "for them",
                                                              missing.size()),
                    .notes = std::move(missing),
                    .hint = "run it without --offline, or name a directory that has them with: --mirror DIR"});
}

}  // namespace swage
