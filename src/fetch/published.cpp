#include "fetch/published.hpp"

#include <cerrno>
#include <fmt/core.h>
#include <unistd.h>
#include <utility>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "fetch/transport.hpp"

namespace swage {

std::optional<std::string> find_in_sha256sums(std::string_view list, std::string_view file) {
  std::optional<std::string> found;
  for (const std::string_view line : split(list, '\n')) {
    const std::string_view text = trim(line);
    const std::size_t space = text.find_first_of(" \t");
    if (space == std::string_view::npos) continue;
    const Result<Hash> hash = Hash::from_hex(HashAlgo::sha256, text.substr(0, space));
    if (!hash) continue;
    std::string_view name = trim(text.substr(space));
    if (name.starts_with('*')) name.remove_prefix(1);
    if (const auto slash = name.rfind('/'); slash != std::string_view::npos) name.remove_prefix(slash + 1);
    if (name != file) continue;
    if (found && *found != hash->hex()) return std::nullopt;
    found = hash->hex();
  }
  return found;
}

Result<std::string> published_sha256(const SourceSpec& spec, const fs::path& work_dir, const FetchOptions& options,
                                     Reporter& reporter) {
  const std::string& url = spec.urls.front();
  const std::string file = url.substr(url.rfind('/') + 1),
                    list = spec.sha256sums.substr(spec.sha256sums.rfind('/') + 1);
  SWAGE_TRY(const PartFile part, PartFile::acquire(work_dir, sha256(spec.sha256sums).hex()));
  // The list may have grown.
  if (::ftruncate(part.fd(), 0) != 0) return fail_errno(fmt::format("cannot empty '{}'", part.path().string()), errno);
  Transport transport(options, reporter);
  const std::uint64_t id = next_job_id();
  reporter.on(JobStarted{.id = id, .kind = "lock", .name = fmt::format("sha256 of {}", file), .subject = list});
  Result<void> got = transport.get({.name = list, .urls = {spec.sha256sums}}, part, id);
  reporter.on(JobFinished{.id = id, .ok = got.has_value()});
  const auto unknown = [&](Error error) {
    if (error.code == Errc::interrupted) return Fail(std::move(error));
    error.notes.insert(error.notes.begin(),
                       std::exchange(error.what, fmt::format("'{}' cannot be pinned: its sha256 is not known", file)));
    return Fail(std::move(error));
  };
  if (!got) return unknown(std::move(got).error());
  SWAGE_TRY(const std::string text, read_file(part.path()));
  part.remove();
  std::optional<std::string> found = find_in_sha256sums(text, file);
  if (!found) return unknown({.code = Errc::environment, .what = fmt::format("{} does not say it", spec.sha256sums)});
  return *std::move(found);
}

}  // namespace swage
