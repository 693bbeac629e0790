#include "plan/lockfile.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace swage {

namespace {

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

// `"name": {` entries `},` with one entry a line; `line` gives the text after the key.
template <class Map, class Line>
void write_section(std::string& out, std::string_view name, const Map& map, const Line& line, bool last = false) {
  out += fmt::format("  {}: {{", json_string(name));
  const char* separator = "\n";
  for (const auto& [key, value] : map) {
    out += fmt::format("{}    {}: {}", separator, json_string(key), line(value));
    separator = ",\n";
  }
  out += fmt::format("{}}}{}\n", map.empty() ? "" : "\n  ", last ? "" : ",");
}

}  // namespace

std::string Lockfile::str() const {
  std::string out = fmt::format("{{\n  \"version\": {},\n  \"created\": {},\n", kVersion, json_string(created));
  write_section(out, "files", files, [](const LockedFile& file) {
    return fmt::format("{{\"name\": {}, \"version\": {}, \"path\": {}, \"size\": {}}}", json_string(file.name),
                       json_string(file.version), json_string(file.path), file.size);
  });
  write_section(out, "sets", sets, [](const LockedSet& set) {
    std::string text =
        fmt::format("{{\"suite\": {}, \"request\": {}, \"files\": [", json_string(set.suite), json_string(set.request));
    const char* separator = "\n";
    for (const std::string& file : set.files) {
      text += fmt::format("{}      {}", separator, json_string(file));
      separator = ",\n";
    }
    return text + "]}";
  });
  write_section(out, "sources", sources, [](const std::string& sha256) { return json_string(sha256); });
  write_section(out, "seeds", seeds, [](const LockedSeed& seed) {
    return fmt::format("{{\"sha256\": {}, \"member\": {}, \"nar_sha256\": {}}}", json_string(seed.sha256),
                       json_string(seed.member), json_string(seed.nar_sha256));
  });
  if (!archives.empty()) write_section(out, "archives", archives, [](const std::string& sha256) { return json_string(sha256); });
  if (!suites.empty()) write_section(out, "suites", suites, [](const std::string& date) { return json_string(date); });
  write_section(out, "missing", missing, [](const std::string& reason) { return json_string(reason); }, true);
  return out + "}\n";
}

Result<Lockfile> Lockfile::read(const fs::path& path) {
  SWAGE_TRY(const MappedFile file, map_file(path));
  return parse(file.text(), path.string());
}

}  // namespace swage
