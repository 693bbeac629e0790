// Any text as an index of a distribution and as a list of its mirrors: what is found was asked for and is in the text, and
// further stanzas that nobody asks for change nothing.
#include "base/text.hpp"
#include "fetch/apt.hpp"
#include "fetch/apt_host.hpp"
#include "fuzz.hpp"

using namespace swage;

namespace {

// Values of a field anywhere in the text, so that the questions fit it.
std::vector<std::string> values(std::string_view text, std::string_view field) {
  std::vector<std::string> all;
  for (const std::string_view line : split(text, '\n'))
    if (line.starts_with(field) && all.size() < 6) all.emplace_back(trim(line.substr(field.size())));
  return all;
}

void check_packages(std::string_view text) {
  std::set<AptChoice> wanted;
  for (const std::string& name : values(text, "Package:"))
    for (const std::string& version : values(text, "Version:"))
      for (const std::string& architecture : values(text, "Architecture:")) wanted.insert({name, version, architecture});
  const auto found = find_in_packages(text, wanted);
  for (const auto& [choice, file] : found) {
    FUZZ_ASSERT(wanted.contains(choice));
    FUZZ_ASSERT(file.name == choice.name && file.version == choice.version);
    FUZZ_ASSERT(text.find(file.path) != std::string_view::npos && text.find(file.sha256) != std::string_view::npos);
    FUZZ_ASSERT(!file.path.starts_with("./"));
    FUZZ_ASSERT((find_in_packages(text, {choice}) == std::map<AptChoice, LockedFile>{{choice, file}}));
  }
  const std::string other = "Package: \x01\nVersion: 1\nArchitecture: all\nFilename: x\n";
  FUZZ_ASSERT(find_in_packages(other + "\n" + std::string(text), wanted) == found);
  FUZZ_ASSERT(find_in_packages(std::string(text) + "\n\n" + other, wanted) == found);
  FUZZ_ASSERT(find_in_packages(text, {}).empty());
}

void check_sources(std::string_view text) {
  for (const std::string& package : values(text, "Package:"))
    for (const std::string_view word : split_words(text.substr(0, 4096))) {
      if (!word.ends_with(".dsc")) continue;
      const auto file = find_in_sources(text, package, word);
      const auto again = find_in_sources("Package: \x01\n\n" + std::string(text), package, word);
      FUZZ_ASSERT(file.has_value() == again.has_value());
      if (!file) continue;
      FUZZ_ASSERT(*file == *again);
      FUZZ_ASSERT(file->name == package);
      const std::string name = file->path.substr(file->path.rfind('/') + 1);
      FUZZ_ASSERT(file->path.find('/') != std::string::npos && text.find(name) != std::string_view::npos);
      FUZZ_ASSERT(name.find(".tar.") != std::string::npos || file->path.find(".tar.") != std::string::npos);
      FUZZ_ASSERT(!name.ends_with(".asc"));
    }
}

std::vector<std::string> uris(const std::vector<AptSource>& sources) {
  std::vector<std::string> all;
  for (const AptSource& source : sources) all.push_back(source.uri);
  return all;
}

void check_mirrors(const std::vector<AptSource>& sources) {
  std::set<std::string> seen;
  for (const AptSource& source : sources) {
    FUZZ_ASSERT(seen.insert(source.uri).second);
    FUZZ_ASSERT(split_words(source.uri).size() == 1 && !source.uri.ends_with('/'));
    const auto colon = source.uri.find(":/");
    FUZZ_ASSERT(colon != std::string::npos && source.uri.find_first_not_of('/', colon + 1) != std::string::npos);
    const std::string scheme = source.uri.substr(0, colon);
    FUZZ_ASSERT(scheme == "http" || scheme == "https" || scheme == "file");
    // It is written as a field of another stanza, which it must not end or add to.
    const auto lines = split(source.signed_by, '\n');
    for (std::size_t i = 1; i < lines.size(); ++i) FUZZ_ASSERT(lines[i].starts_with(' ') && !trim(lines[i]).empty());
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  if (text.find('\x01') == std::string_view::npos) {   // the name of the stanzas that nobody asks for
    check_packages(text);
    check_sources(text);
  }
  if (text.find("mirror+file") != std::string_view::npos) return 0;   // names a file of the machine that fuzzes
  const auto lines = parse_one_line_sources(text, "bookworm");
  const auto stanzas = parse_stanza_sources(text, "bookworm");
  check_mirrors(lines);
  check_mirrors(stanzas);
  const std::string twice = std::string(text) + "\n# a comment\n\n" + std::string(text);
  FUZZ_ASSERT(uris(parse_one_line_sources(twice, "bookworm")) == uris(lines));
  FUZZ_ASSERT(uris(parse_stanza_sources(twice, "bookworm")) == uris(stanzas));
  return 0;
}
