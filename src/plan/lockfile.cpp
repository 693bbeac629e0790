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

// What str() writes around the sections.
constexpr std::string_view kFiles = "\n  \"files\": {\n", kSets = "\n  \"sets\": {", kSources = "\n  \"sources\": {";

// The line of the entry `key` in the sorted lines of a section, without its comma; "" when there is none.
std::string_view entry_line(std::string_view section, std::string_view key) {
  std::size_t low = 0, high = section.size();   // the line starts in [low, high), both at starts of lines
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const std::size_t before = middle == low ? std::string_view::npos : section.rfind('\n', middle - 1);
    const std::size_t start = before == std::string_view::npos || before < low ? low : before + 1;   // at most `middle`
    const std::size_t end = std::min(section.find('\n', start), section.size());
    const std::string_view line = section.substr(start, end - start);
    const int order = line.substr(std::min<std::size_t>(line.size(), 5), key.size()).compare(key);   // after `    "`
    if (order == 0) return line.substr(0, line.size() - line.ends_with(','));
    if (order < 0) low = std::min(end + 1, high);
    else high = start;
  }
  return {};
}

// Every quoted text that is as long as a sha256.
std::vector<std::string_view> hashes_in(std::string_view text) {
  std::vector<std::string_view> found;
  for (std::size_t quote = text.find('"'); quote != std::string_view::npos;) {
    const std::size_t next = text.find('"', quote + 1);
    if (next != std::string_view::npos && next - quote == 65) found.push_back(text.substr(quote + 1, 64));
    quote = next;
  }
  return found;
}

// A lock of the sources of the lock `text`, which str() has written; "" when it has not.
std::string sources_only(std::string_view text) {
  const std::size_t files = text.substr(0, 200).find(kFiles), sources = text.rfind(kSources);
  const std::size_t sets = text.find(kSets);
  if (files == std::string_view::npos || sets == std::string_view::npos || sources == std::string_view::npos || sets < files || sources < sets) return {};
  const std::size_t first = files + kFiles.size();
  if (sets < first) return {};
  const std::string_view entries = text.substr(first, sets - first), rest = text.substr(sources);
  std::vector<std::string_view> hashes = hashes_in(rest), lines;
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  for (const std::string_view hash : hashes)
    if (const std::string_view line = entry_line(entries, hash); !line.empty()) lines.push_back(line);
  return fmt::format("{}{}\n  }},{}}},{}", text.substr(0, first), fmt::join(lines, ",\n"), kSets, rest);
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
  write_section(out, "missing", missing, [](const std::string& reason) { return json_string(reason); }, true);
  return out + "}\n";
}

Result<Lockfile> Lockfile::read(const fs::path& path) {
  SWAGE_TRY(const MappedFile file, map_file(path));
  return parse(file.text(), path.string());
}

Result<Lockfile> Lockfile::parse_sources(std::string_view json, std::string_view name) {
  if (const std::string part = sources_only(json); !part.empty())
    if (Result<Lockfile> lock = parse(part, name)) return lock;
  return parse(json, name);   // of another writer, or with a mistake, which has its place there
}

Result<Lockfile> Lockfile::read_sources(const fs::path& path) {
  SWAGE_TRY(const MappedFile file, map_file(path));
  return parse_sources(file.text(), path.string());
}

}  // namespace swage
