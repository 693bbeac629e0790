// Packages and Sources indices: stanzas of `Field: value` lines, parted by empty lines (deb-control(5)). They have tens
// of megabytes, so that they are passed over once and only the stanzas that are wanted are taken apart.
#include <algorithm>
#include <array>
#include <charconv>
#include <compare>
#include <fmt/core.h>
#include <optional>
#include <unordered_map>

#include "base/text.hpp"
#include "fetch/apt.hpp"

namespace swage {

namespace {

// The field's value with its continuation lines; "" when it is not there.
std::string_view field(std::string_view stanza, std::string_view name) {
  for (std::size_t at = 0; at < stanza.size();) {
    const auto end = std::min(stanza.find('\n', at), stanza.size());
    const std::string_view line = stanza.substr(at, end - at);
    if (line.size() > name.size() && line[name.size()] == ':' && line.starts_with(name)) {
      std::size_t last = end;
      while (last + 1 < stanza.size() && (stanza[last + 1] == ' ' || stanza[last + 1] == '\t'))
        last = std::min(stanza.find('\n', last + 1), stanza.size());
      return trim(stanza.substr(at + name.size() + 1, last - at - name.size() - 1));
    }
    at = end + 1;
  }
  return {};
}

// Calls `visit` with every stanza whose `Package` field, the first of every index that Debian's tools write, holds one
// of the names that `wanted` accepts.
template <class Wanted, class Visit>
void each_stanza(std::string_view index, const Wanted& wanted, const Visit& visit) {
  while (!index.empty()) {
    const auto end = std::min(index.find("\n\n"), index.size());
    const std::string_view stanza = index.substr(0, end);
    index.remove_prefix(std::min(index.size(), end + 2));
    if (wanted(field(stanza, "Package"))) visit(stanza);
  }
}

// Calls `visit` with every package name of a relation: `a (>= 2) | b:any, c`.
template <class Visit>
void each_name(std::string_view relation, const Visit& visit) {
  while (!relation.empty()) {
    const auto end = std::min(relation.find_first_of(",|"), relation.size());
    const std::string_view name = trim(relation.substr(0, end));
    visit(name.substr(0, name.find_first_of(" (:[\n\t")));
    relation.remove_prefix(std::min(relation.size(), end + 1));
  }
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The upstream tarball of a stanza of a Sources index, if the stanza is that of `dsc` ("": of any).
std::optional<LockedFile> tarball_of(std::string_view stanza, std::string_view dsc) {
  std::optional<LockedFile> orig, native;
  bool right_version = dsc.empty();
  for (std::string_view line : split(field(stanza, "Checksums-Sha256"), '\n')) {
    const auto words = split_words(line);   // sha256 size name
    if (words.size() != 3) continue;
    const std::string_view file = words[2];
    right_version = right_version || file == dsc;
    if (file.ends_with(".asc") || file.find(".tar.") == std::string_view::npos) continue;
    LockedFile locked{.name = std::string(field(stanza, "Package")),
                      .version = source_version(field(stanza, "Version")),
                      .path = fmt::format("{}/{}", field(stanza, "Directory"), file),
                      .sha256 = std::string(words[0]),
                      .size = number(words[1])};
    if (file.find(".orig.tar.") != std::string_view::npos) orig = std::move(locked);
    else if (file.find(".orig-") == std::string_view::npos && file.find(".debian.tar.") == std::string_view::npos)
      native = std::move(locked);
  }
  if (!right_version) return std::nullopt;
  return orig ? orig : native;
}

LockedFile seen_in(const AptIndex& index, LockedFile file) {
  file.day = index.day;
  file.archive = index.archive;
  return file;
}

// Of characters that are no digits: `~` comes before all, also before the end; letters before others.
int weight(std::string_view text, std::size_t at) {
  if (at >= text.size() || (text[at] >= '0' && text[at] <= '9')) return 0;
  const char c = text[at];
  if (c == '~') return -1;
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ? c : c + 256;
}

// The order of deb-version(7) of parts of versions: what is no number, then a number, and so on.
std::strong_ordering compare_parts(std::string_view a, std::string_view b) {
  const auto digits = [](std::string_view& text) {
    const std::string_view number = text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
    text.remove_prefix(number.size());
    return number.substr(std::min(number.find_first_not_of('0'), number.size()));
  };
  while (!a.empty() || !b.empty()) {
    while (weight(a, 0) != 0 || weight(b, 0) != 0) {
      if (const auto order = weight(a, 0) <=> weight(b, 0); order != 0) return order;
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
    const std::string_view x = digits(a), y = digits(b);
    if (const auto order = x.size() <=> y.size(); order != 0) return order;
    if (const auto order = x <=> y; order != 0) return order;
  }
  return std::strong_ordering::equal;
}

struct OlderVersion {
  using is_transparent = void;
  // Epoch, upstream's version, the distribution's.
  static std::array<std::string_view, 3> parts(std::string_view version) {
    const auto colon = version.find(':'), dash = version.rfind('-');
    const std::size_t start = colon == std::string_view::npos ? 0 : colon + 1,
                      end = dash == std::string_view::npos || dash < start ? version.size() : dash;
    return {colon == std::string_view::npos ? "0" : version.substr(0, colon), version.substr(start, end - start),
            version.substr(std::min(end + 1, version.size()))};
  }
  bool operator()(std::string_view a, std::string_view b) const {
    const auto x = parts(a), y = parts(b);
    for (std::size_t i = 0; i < x.size(); ++i)
      if (const auto order = compare_parts(x[i], y[i]); order != 0) return order < 0;
    return false;
  }
};

}  // namespace

std::map<AptChoice, LockedFile> find_in_packages(std::string_view index, const std::set<AptChoice>& wanted) {
  std::set<std::string, std::less<>> names;
  for (const AptChoice& choice : wanted) names.insert(choice.name);
  std::map<AptChoice, LockedFile> found;
  each_stanza(
      index, [&](std::string_view name) { return names.contains(name); },
      [&](std::string_view stanza) {
        const AptChoice choice{std::string(field(stanza, "Package")), std::string(field(stanza, "Version")),
                               std::string(field(stanza, "Architecture"))};
        if (!wanted.contains(choice)) return;
        std::string_view path = field(stanza, "Filename");
        while (path.starts_with("./")) path.remove_prefix(2);
        found.emplace(choice, LockedFile{.name = choice.name,
                                         .version = choice.version,
                                         .path = std::string(path),
                                         .sha256 = std::string(field(stanza, "SHA256")),
                                         .size = number(field(stanza, "Size"))});
      });
  return found;
}

std::string reachable_stanzas(std::string_view index, const std::vector<std::string>& packages) {
  // By package; by provided name.
  std::unordered_map<std::string_view, std::vector<std::string_view>> stanzas, providers;
  each_stanza(index, [](std::string_view) { return true; }, [&](std::string_view stanza) {
    const std::string_view name = field(stanza, "Package");
    stanzas[name].push_back(stanza);
    each_name(field(stanza, "Provides"), [&](std::string_view provided) { providers[provided].push_back(name); });
  });
  std::vector<std::string_view> wanted(packages.begin(), packages.end());
  std::set<std::string_view> reached;
  while (!wanted.empty()) {
    const std::string_view name = wanted.back();
    wanted.pop_back();
    if (!reached.insert(name).second) continue;
    for (std::string_view provider : providers[name]) wanted.push_back(provider);
    for (std::string_view stanza : stanzas[name])
      for (const char* kind : {"Pre-Depends", "Depends"})
        each_name(field(stanza, kind), [&](std::string_view needed) { wanted.push_back(needed); });
  }
  std::string out;
  for (std::string_view name : reached)
    for (std::string_view stanza : stanzas[name]) out += fmt::format("{}\n\n", trim(stanza));
  return out;
}

Result<LockedFile> find_in_sources(std::string_view index, std::string_view package, std::string_view dsc) {
  std::optional<LockedFile> found;
  each_stanza(index, [&](std::string_view name) { return name == package; }, [&](std::string_view stanza) {
    if (auto file = tarball_of(stanza, dsc)) found = std::move(file);
  });
  if (found) return std::move(*found);
  return fail(Errc::environment, fmt::format("the source package '{}' has no upstream tarball in the index", package));
}

std::vector<LockedFile> find_versions_in_sources(const std::vector<AptIndex>& indices, std::string_view package,
                                                 const std::optional<Version>& series) {
  std::multimap<std::string, LockedFile, OlderVersion> found;
  for (const AptIndex& index : indices)
    each_stanza(index.text, [&](std::string_view name) { return name == package; }, [&](std::string_view stanza) {
      const std::string whole(field(stanza, "Version")), upstream = upstream_version(whole);
      if (upstream.find('~') != std::string::npos) return;
      if (series)
        if (const auto version = Version::parse(upstream); !version || !series->is_prefix_of(*version)) return;
      if (auto file = tarball_of(stanza, "")) found.emplace(whole, seen_in(index, std::move(*file)));
    });
  std::vector<LockedFile> files;
  for (auto at = found.rbegin(); at != found.rend(); ++at)   // revisions of the distribution share an archive
    if (std::none_of(files.begin(), files.end(), [&](const LockedFile& file) { return file.path == at->second.path; }))
      files.push_back(std::move(at->second));
  return files;
}

std::map<AptChoice, LockedFile> find_in_packages(const std::vector<AptIndex>& indices,
                                                 const std::set<AptChoice>& wanted) {
  std::map<AptChoice, LockedFile> all;
  for (const AptIndex& index : indices)
    for (auto& [choice, file] : find_in_packages(index.text, wanted)) all.emplace(choice, seen_in(index, file));
  return all;
}

Result<LockedFile> find_in_sources(const std::vector<AptIndex>& indices, std::string_view package,
                                   std::string_view dsc) {
  for (auto index = indices.rbegin(); index != indices.rend(); ++index)
    if (Result<LockedFile> file = find_in_sources(index->text, package, dsc)) return seen_in(*index, *std::move(file));
  return find_in_sources("", package, dsc);
}

}  // namespace swage
