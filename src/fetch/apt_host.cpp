#include "fetch/apt_host.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>
#include <optional>

#include "base/process.hpp"
#include "base/text.hpp"

namespace swage {

namespace {

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// A source of one suite or of several, in either form.
struct Entry {
  std::vector<std::string_view> types, uris, suites, components;
  AptSource source{};
  bool enabled = true;
};

std::string_view without_slashes(std::string_view uri) {
  while (uri.ends_with('/')) uri.remove_suffix(1);
  return uri;
}

// Whether a host or a directory comes after the scheme: `http` alone is a word of that name.
bool names_a_place(std::string_view uri) {
  const std::string_view start = uri.starts_with("file:")   ? "file:/"
                                 : uri.starts_with("http:") ? "http://"
                                                            : "https://";
  if (!uri.starts_with(start)) return false;
  const auto place = uri.find_first_not_of('/', start.size());
  return place != std::string_view::npos && (start == "file:/" || place == start.size());
}

// `mirror+file:/etc/apt/mirrors/debian.list` names a file with one mirror a line: cloud images have it.
std::vector<std::string> expand_uri(std::string_view uri) {
  if (is_one_of(uri.substr(0, uri.find(':')), {"http", "https", "file"})) {
    if (!names_a_place(uri)) return {};
    return {std::string(without_slashes(uri))};
  }
  constexpr std::string_view listed = "mirror+file:";
  if (!uri.starts_with(listed)) return {};
  uri.remove_prefix(listed.size());
  while (uri.starts_with("//")) uri.remove_prefix(1);
  const auto text = read_file(fs::path(uri));
  std::vector<std::string> uris;
  if (!text) return uris;
  for (std::string_view line : split(*text, '\n')) {
    const auto words = split_words(line);
    if (words.empty() || words[0].starts_with('#')) continue;
    for (std::string& expanded : expand_uri(words[0].starts_with(listed) ? "" : words[0]))
      uris.push_back(std::move(expanded));
  }
  return uris;
}

bool same_place(const AptSource& a, const AptSource& b) { return a.uri == b.uri && a.pocket == b.pocket; }

// The pocket (AptSource) that a suite is of the host's release; nothing when it is of another.
std::optional<std::string_view> pocket_of(std::string_view suite, std::string_view codename) {
  for (const std::string_view release :
       {codename, std::string_view("stable"), std::string_view("oldstable"), std::string_view("oldoldstable"),
        std::string_view("testing"), std::string_view("unstable"), std::string_view("sid")}) {
    if (!suite.starts_with(release)) continue;
    if (const std::string_view rest = suite.substr(release.size()); is_one_of(rest, {"", "-updates", "-security"}))
      return rest;
  }
  return std::nullopt;
}

void add_sources(const Entry& entry, std::string_view codename, std::vector<AptSource>& into) {
  const auto has = [](const std::vector<std::string_view>& list, const auto& test) {
    return std::any_of(list.begin(), list.end(), test);
  };
  if (!entry.enabled || !has(entry.types, [](auto type) { return type == "deb"; }) ||
      !has(entry.components, [](auto component) { return component == "main"; }))
    return;
  for (std::string_view suite : entry.suites) {
    const std::optional<std::string_view> pocket = pocket_of(suite, codename);
    if (!pocket) continue;
    for (std::string_view uri : entry.uris)
      for (std::string& expanded : expand_uri(uri)) {
        AptSource source = entry.source;
        source.uri = std::move(expanded);
        source.pocket = *pocket;
        if (std::none_of(into.begin(), into.end(), [&](const AptSource& known) { return same_place(known, source); }))
          into.push_back(std::move(source));
      }
  }
}

}  // namespace

std::vector<AptSource> parse_one_line_sources(std::string_view text, std::string_view codename) {
  std::vector<AptSource> sources;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line.substr(0, line.find('#')));
    Entry entry;
    const auto type_end = std::min(line.find_first_of(" \t["), line.size());
    entry.types = {line.substr(0, type_end)};
    line = trim(line.substr(type_end));
    if (line.starts_with('[')) {
      const auto close = line.find(']');
      if (close == std::string_view::npos) continue;
      for (std::string_view option : split_words(line.substr(1, close - 1))) {
        const auto equals = option.find('=');
        if (equals == std::string_view::npos) continue;
        std::string value(option.substr(equals + 1));
        std::replace(value.begin(), value.end(), ',', ' ');
        if (option.starts_with("signed-by=")) entry.source.signed_by = std::move(value);
        else if (option.starts_with("trusted=")) entry.source.trusted = value == "yes";
        else if (option.starts_with("check-valid-until=")) entry.source.expires = value != "no";
      }
      line = trim(line.substr(close + 1));
    }
    const auto words = split_words(line);
    if (words.size() < 3) continue;
    entry.uris = {words[0]};
    entry.suites = {words[1]};
    entry.components.assign(words.begin() + 2, words.end());
    add_sources(entry, codename, sources);
  }
  return sources;
}

std::vector<AptSource> parse_stanza_sources(std::string_view text, std::string_view codename) {
  std::vector<AptSource> sources;
  Entry entry;
  std::string_view field;
  const auto take = [&](std::string_view value) {
    const auto words = split_words(value);
    const auto add = [&](std::vector<std::string_view>& list) { list.insert(list.end(), words.begin(), words.end()); };
    if (field == "types") add(entry.types);
    else if (field == "uris") add(entry.uris);
    else if (field == "suites") add(entry.suites);
    else if (field == "components") add(entry.components);
    else if (field == "enabled") entry.enabled = trim(value) != "no";
    else if (field == "trusted") entry.source.trusted = trim(value) == "yes";
    else if (field == "check-valid-until") entry.source.expires = trim(value) != "no";
    else if (field == "signed-by" && !trim(value).empty()) {
      // A whole key keeps its lines: they are written into another stanza as they are.
      std::string& all = entry.source.signed_by;
      all += fmt::format("{}{}", all.empty() ? "" : "\n ", trim(value));
    }
  };
  std::string name;
  for (std::string_view line : split(text, '\n')) {
    if (line.starts_with('#')) continue;
    if (trim(line).empty()) {
      add_sources(entry, codename, sources);
      entry = {};
      field = {};
      continue;
    }
    if (line.starts_with(' ') || line.starts_with('\t')) {
      take(line);
      continue;
    }
    const auto colon = line.find(':');
    name = std::string(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    field = name;
    if (colon != std::string_view::npos) take(line.substr(colon + 1));
  }
  add_sources(entry, codename, sources);
  return sources;
}

AptConfig parse_apt_config(std::string_view dump) {
  AptConfig config;
  for (std::string_view line : split(dump, '\n')) {
    const auto space = line.find(" \"");
    if (space == std::string_view::npos || !line.ends_with("\";")) continue;
    const std::string_view key = line.substr(0, space);
    if (!key.ends_with("::")) config[std::string(key)] = line.substr(space + 2, line.size() - space - 4);
  }
  return config;
}

fs::path apt_directory(const AptConfig& config, std::string_view key) {
  const auto found = config.find(std::string(key));
  const fs::path value = found == config.end() ? fs::path() : fs::path(found->second);
  const auto parent = key.rfind("::");
  if (value.is_absolute() || parent == std::string_view::npos) return value;
  return apt_directory(config, key.substr(0, parent)) / value;
}

std::string release_codename(std::string_view os_release) {
  constexpr std::string_view name = "VERSION_CODENAME=";
  for (std::string_view line : split(os_release, '\n')) {
    if (!line.starts_with(name)) continue;
    line = trim(line.substr(name.size()));
    if (line.size() > 1 && (line.front() == '"' || line.front() == '\'')) line = line.substr(1, line.size() - 2);
    return std::string(line);
  }
  return "";
}

namespace {

Result<AptConfig> host_config() {
  SWAGE_TRY(const ProcessResult result, run_process({.argv = {"apt-config", "dump"}}));
  if (!result.ok()) return fail(Errc::environment, fmt::format("'apt-config dump' fails: {}", trim(result.err)));
  return parse_apt_config(result.out);
}

}  // namespace

Result<std::vector<AptSource>> host_sources() {
  SWAGE_TRY(const AptConfig config, host_config());
  SWAGE_TRY(const std::string os_release, read_file("/etc/os-release"));
  const std::string codename = release_codename(os_release);
  std::vector<AptSource> sources;
  const auto add = [&](const fs::path& file) -> Result<void> {
    const bool stanzas = file.extension() == ".sources";
    if ((!stanzas && file.extension() != ".list") || !path_exists(file)) return {};
    SWAGE_TRY(const std::string text, read_file(file));
    for (AptSource& source : stanzas ? parse_stanza_sources(text, codename) : parse_one_line_sources(text, codename))
      if (std::none_of(sources.begin(), sources.end(),
                       [&](const AptSource& known) { return same_place(known, source); }))
        sources.push_back(std::move(source));
    return {};
  };
  SWAGE_CHECK(add(apt_directory(config, "Dir::Etc::sourcelist")));
  const fs::path parts = apt_directory(config, "Dir::Etc::sourceparts");
  if (directory_exists(parts)) {
    SWAGE_TRY(const std::vector<std::string> names, list_directory(parts));
    for (const std::string& name : names) SWAGE_CHECK(add(parts / name));
  }
  // A mirror that stands still on purpose: whoever set it up says so.
  const auto checked = config.find("Acquire::Check-Valid-Until");
  if (checked != config.end() && is_one_of(checked->second, {"false", "no", "0", "off", "without", "disable"}))
    for (AptSource& source : sources) source.expires = false;
  return sources;
}

Result<std::vector<std::string>> host_mirrors() {
  SWAGE_TRY(const std::vector<AptSource> sources, host_sources());
  std::vector<std::string> uris;
  for (const AptSource& source : sources)
    if (std::find(uris.begin(), uris.end(), source.uri) == uris.end()) uris.push_back(source.uri);
  return uris;
}

Result<HostProxies> host_proxies() {
  SWAGE_TRY(const AptConfig config, host_config());
  const auto value = [&](const std::string& key) {
    const auto found = config.find(key);
    return found == config.end() ? std::string() : found->second;
  };
  return HostProxies{.http = value("Acquire::http::Proxy"), .https = value("Acquire::https::Proxy")};
}

}  // namespace swage
