#include "plan/lock_view.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/core.h>
#include <optional>

namespace swage {

namespace {

// The parts of a lock as Lockfile::str() writes it.
struct LockText {
  std::string_view head;    // up to the first of the files
  std::string_view files;   // their lines
  std::string_view sets;    // their lines, those of each after its key's
  std::string_view rest;    // from the sources on

  static std::optional<LockText> of(std::string_view text) {
    constexpr std::string_view files_start = "\n  \"files\": {\n", sets_start = "\n  \"sets\": {",
                               sources_start = "\n  \"sources\": {";
    constexpr std::string_view section_end = "\n  },";
    const std::size_t files = text.substr(0, 200).find(files_start), sets = text.find(sets_start),
                      sources = text.rfind(sources_start);
    if (files == std::string_view::npos || sets == std::string_view::npos || sources == std::string_view::npos)
      return std::nullopt;
    const std::size_t first = files + files_start.size(), first_set = sets + sets_start.size();
    if (sets < first || sources < first_set) return std::nullopt;
    const auto lines = [&](std::size_t from, std::size_t to) {
      std::string_view section = text.substr(from, to - from);
      if (section.starts_with('\n')) section.remove_prefix(1);
      if (section.ends_with(section_end)) section.remove_suffix(section_end.size());
      return section;
    };
    return LockText{text.substr(0, first), lines(first, sets), lines(first_set, sources), text.substr(sources)};
  }
};

constexpr std::string_view kEntry = "    \"";   // what a line with an entry's key begins with

// The entry `key` of a section whose entries are sorted, without its comma; "" when there is none. An entry may have
// more lines, which begin otherwise.
std::string_view entry_of(std::string_view section, std::string_view key) {
  const std::string wanted = fmt::format("{}{}\"", kEntry, key);
  const auto line_of = [&](std::size_t at) -> std::size_t {   // where it starts; rfind() looks at one byte at a time
    const void* end = memrchr(section.data(), '\n', at);
    return end ? static_cast<std::size_t>(static_cast<const char*>(end) - section.data()) + 1 : 0;
  };
  const auto is_start = [&](std::size_t line) { return section.substr(line, kEntry.size()) == kEntry; };
  std::size_t low = 0, high = section.size();   // the entry starts in [low, high), both at starts of lines
  while (low < high) {
    std::size_t start = line_of(low + (high - low) / 2);
    while (start > low && !is_start(start)) start = line_of(start - 1);
    std::size_t end = start;
    do end = std::min(section.find('\n', end + 1), section.size());
    while (end < high && !is_start(end + 1));
    const std::string_view entry = section.substr(start, end - start);
    const int order = entry.substr(0, wanted.size()).compare(wanted);
    if (order == 0) return entry.substr(0, entry.size() - entry.ends_with(','));
    if (order < 0) low = std::min(end + 1, high);
    else high = start;
  }
  return {};
}

// The lines of `files` for every quoted text in `text` that is as long as a sha256.
std::string files_of(std::string_view files, std::string_view text) {
  std::vector<std::string_view> hashes;
  for (std::size_t quote = text.find('"'); quote != std::string_view::npos;) {
    const std::size_t next = text.find('"', quote + 1);
    if (next != std::string_view::npos && next - quote == 65) hashes.push_back(text.substr(quote + 1, 64));
    quote = next;
  }
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  std::string lines;
  for (const std::string_view hash : hashes)
    if (const std::string_view line = entry_of(files, hash); !line.empty())
      lines.append(lines.empty() ? "" : ",\n").append(line);
  return lines;
}

}  // namespace

struct LockView::Part {
  std::optional<MappedFile> mapped{};
  std::string text{};                  // where no file is mapped
  std::string name{};                  // for errors
  std::optional<LockText> parts{};     // none: `known` is the whole lock
  Lockfile known{};                    // what was read so far; entries are only added

  std::string_view json() const { return mapped ? mapped->text() : text; }

  // Adds this entry and its files; nothing when the text has no such entry, or a mistake.
  void read_set(const std::string& key) {
    const std::string_view entry = entry_of(parts->sets, key);
    if (entry.empty()) return;
    auto read =
        Lockfile::parse(fmt::format(R"({}{}}}, "sets": {{{}}}, "sources": {{}}, "seeds": {{}}, "missing": {{}}}})",
                                    parts->head, files_of(parts->files, entry), entry),
                        name);
    if (read) add(std::move(*read));
  }

  Result<void> read_all() {
    SWAGE_TRY(Lockfile all, Lockfile::parse(json(), name));
    add(std::move(all));
    parts.reset();
    return {};
  }

  void add(Lockfile lock) {
    known.files.merge(lock.files);
    known.sets.merge(lock.sets);
  }
};

Result<LockView> LockView::open(const fs::path& path) {
  auto part = std::make_shared<Part>();
  SWAGE_TRY(MappedFile file, map_file(path));
  part->mapped.emplace(std::move(file));
  part->name = path.string();
  return of_part(std::move(part));
}

Result<LockView> LockView::parse(std::string json, std::string name) {
  auto part = std::make_shared<Part>();
  part->text = std::move(json);
  part->name = std::move(name);
  return of_part(std::move(part));
}

Result<LockView> LockView::of_part(std::shared_ptr<Part> part) {
  part->parts = LockText::of(part->json());
  if (part->parts) {
    const auto& [head, files, sets, rest] = *part->parts;
    if (auto read =
            Lockfile::parse(fmt::format("{}{}}}, \"sets\": {{}},{}", head, files_of(files, rest), rest), part->name)) {
      part->known = std::move(*read);
      return LockView(std::move(part));
    }
  }
  // Of another writer, or with a mistake, which has its place in the whole.
  part->parts.reset();
  SWAGE_TRY(part->known, Lockfile::parse(part->json(), part->name));
  return LockView(std::move(part));
}

const Lockfile& LockView::sources() const { return whole_ ? *whole_ : part_->known; }

Result<const LockedSet*> LockView::set(const std::string& key) const {
  const auto known = [&]() -> const LockedSet* {
    const auto at = sources().sets.find(key);
    return at == sources().sets.end() ? nullptr : &at->second;
  };
  if (const LockedSet* set = known(); set || !part_ || !part_->parts) return set;
  part_->read_set(key);
  if (const LockedSet* set = known()) return set;
  SWAGE_CHECK(part_->read_all());
  return known();
}

const LockedFile* LockView::file(const std::string& sha256) const {
  const auto at = sources().files.find(sha256);
  return at == sources().files.end() ? nullptr : &at->second;
}

}  // namespace swage
