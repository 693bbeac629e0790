#include "fetch/mirror.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "fetch/transport.hpp"

namespace swage {

namespace {

constexpr unsigned kMirrorFormat = 1;
constexpr std::size_t kMostReasons = 4;   // of each file in the index
constexpr std::string_view kFileScheme = "file://";

bool is_sha256_text(std::string_view text) { return Hash::from_hex(HashAlgo::sha256, text).has_value(); }

// {"sha256": ..., "size": ..., "name": ..., "for": [...]}
bool take_entry(const nlohmann::json& line, MirrorIndex& index) {
  const auto text = [&](const char* key) {
    const auto found = line.find(key);
    return found != line.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (!line.is_object()) return false;
  const std::string sha256 = text("sha256");
  const auto size = line.find("size"), reasons = line.find("for");
  if (!is_sha256_text(sha256) || text("name").empty() || size == line.end() || !size->is_number_unsigned() ||
      reasons == line.end() || !reasons->is_array())
    return false;
  MirrorEntry entry{.name = text("name"), .size = size->get<std::uint64_t>()};
  for (const nlohmann::json& reason : *reasons) {
    if (!reason.is_string()) return false;
    entry.needed_by.insert(reason.get<std::string>());
  }
  return index.emplace(sha256, std::move(entry)).second;
}

}  // namespace

std::string mirror_path(std::string_view sha256) { return fmt::format("sha256/{}/{}", sha256.substr(0, 2), sha256); }

Result<std::string> mirror_url(std::string_view place, const fs::path& base) {
  const auto no_place = [given = place] {
    return Fail(Error{.what = fmt::format("'{}' is no place of a mirror", shown_url(given)),
                      .hint = "a directory (./mirror or file:///srv/mirror) or a web server "
                              "(https://mirror.example.org)"});
  };
  if (place.starts_with("https://") || place.starts_with("http://")) {
    while (place.ends_with('/')) place.remove_suffix(1);
    SWAGE_CHECK(refuse_secrets(place));
    if (!refuse_unfetchable(fmt::format("{}/{}", place, kMirrorIndex)) ||
        place.find_first_of("?# ") != std::string_view::npos)
      return no_place();
    return std::string(place);
  }
  const bool is_url = place.starts_with(kFileScheme);
  if (is_url) place.remove_prefix(kFileScheme.size());
  if (place.empty() || place.find("://") != std::string_view::npos || (is_url && !place.starts_with('/')))
    return no_place();
  const bool is_relative = !base.empty() && !place.starts_with('/');
  SWAGE_TRY(const fs::path directory, absolute_path(is_relative ? base / place : fs::path(place)));
  std::string path = directory.lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return is_url ? fmt::format("{}{}", kFileScheme, path) : file_url(path);
}

std::optional<fs::path> mirror_directory(std::string_view url) {
  if (!url.starts_with(kFileScheme)) return std::nullopt;
  return local_path(url);
}

std::string mirror_index_text(const MirrorIndex& index) {
  std::string text = fmt::format("{{\"swage-mirror\":{}}}\n", kMirrorFormat);
  for (const auto& [sha256, entry] : index) {
    Json reasons = Json::array();
    std::size_t count = 0;
    for (const std::string& reason : entry.needed_by)
      if (count++ < kMostReasons) reasons.push_back(reason);
    text += Json{{"sha256", sha256}, {"size", entry.size}, {"name", entry.name}, {"for", std::move(reasons)}}.dump();
    text += '\n';
  }
  return text;
}

Result<MirrorIndex> parse_mirror_index(std::string_view text, std::string_view name) {
  MirrorIndex index;
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (line.empty()) continue;
    const nlohmann::json value = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
    if (number == 1 && value.is_object()) {
      const auto format = value.find("swage-mirror");
      if (format != value.end() && format->is_number_unsigned()) {
        if (format->get<std::uint64_t>() == kMirrorFormat) continue;
        return fail(Errc::invalid_input,
                    fmt::format("'{}' has format {}, this swage reads format {}", name, format->get<std::uint64_t>(),
                                kMirrorFormat));
      }
    }
    if (number == 1) return fail(Errc::corrupt, fmt::format("'{}' is no index of a mirror", name));
    if (!take_entry(value, index))
      return fail(Errc::corrupt, fmt::format("'{}' is damaged: line {} is no file of a mirror", name, number));
  }
  if (number < 2) return fail(Errc::corrupt, fmt::format("'{}' is no index of a mirror", name));
  return index;
}

}  // namespace swage
