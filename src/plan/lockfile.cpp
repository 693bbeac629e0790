#include "plan/lockfile.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/json.hpp"

namespace swage {

namespace {

std::string ascii_json(std::string_view text) { return json_string(text, JsonAscii::yes); }

// `, "seen": "2026-01-31 debian"`; "" where no day is known.
std::string seen_text(const LockedFile& file) {
  if (file.day.empty()) return {};
  return fmt::format(", \"seen\": \"{}{}{}\"", file.day, file.archive.empty() ? "" : " ", file.archive);
}

// `"name": {` entries `},` with one entry a line; `line` gives the text after the key.
template <class Map, class Line>
void write_section(std::string& out, std::string_view name, const Map& map, const Line& line, bool last = false) {
  out += fmt::format("  {}: {{", ascii_json(name));
  const char* separator = "\n";
  for (const auto& [key, value] : map) {
    out += fmt::format("{}    {}: {}", separator, ascii_json(key), line(value));
    separator = ",\n";
  }
  out += fmt::format("{}}}{}\n", map.empty() ? "" : "\n  ", last ? "" : ",");
}

}  // namespace

std::string Lockfile::str() const {
  const bool has_days =
      std::any_of(files.begin(), files.end(), [](const auto& entry) { return !entry.second.day.empty(); });
  std::string out = fmt::format("{{\n  \"version\": {},\n  \"created\": {},\n", has_days ? kVersion : 1U,
                                ascii_json(created));
  write_section(out, "files", files, [](const LockedFile& file) {
    return fmt::format("{{\"name\": {}, \"version\": {}, \"path\": {}, \"size\": {}{}}}", ascii_json(file.name),
                       ascii_json(file.version), ascii_json(file.path), file.size, seen_text(file));
  });
  write_section(out, "sets", sets, [](const LockedSet& set) {
    std::string text =
        fmt::format("{{\"suite\": {}, \"request\": {}, \"files\": [", ascii_json(set.suite), ascii_json(set.request));
    const char* separator = "\n";
    for (const std::string& file : set.files) {
      text += fmt::format("{}      {}", separator, ascii_json(file));
      separator = ",\n";
    }
    return text + "]}";
  });
  write_section(out, "sources", sources, [](const std::string& sha256) { return ascii_json(sha256); });
  write_section(out, "seeds", seeds, [](const LockedSeed& seed) {
    return fmt::format("{{\"sha256\": {}, \"member\": {}, \"nar_sha256\": {}}}", ascii_json(seed.sha256),
                       ascii_json(seed.member), ascii_json(seed.nar_sha256));
  });
  if (!archives.empty())
    write_section(out, "archives", archives, [](const std::string& sha256) { return ascii_json(sha256); });
  if (!suites.empty()) write_section(out, "suites", suites, [](const std::string& date) { return ascii_json(date); });
  write_section(out, "missing", missing, [](const std::string& reason) { return ascii_json(reason); }, true);
  return out + "}\n";
}

Result<Lockfile> Lockfile::read(const fs::path& path) {
  SWAGE_TRY(const MappedFile file, map_file(path));
  return parse(file.text(), path.string());
}

}  // namespace swage
