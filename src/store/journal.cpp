#include "store/journal.hpp"

#include <charconv>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>

#include "base/text.hpp"

namespace swage {

namespace {

// One line: path, sha256 of the NAR, its size, time, 1 for what was built here, deriver, content address, signatures,
// references; the last two with spaces between. None of them has a tab or a line end.
std::string line_of(const PathInfo& info) {
  std::string references;
  for (const StorePath& path : info.references) references += (references.empty() ? "" : " ") + path.base();
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", info.path.base(), info.nar_hash.hex(), info.nar_size,
                     info.registration_time, info.ultimate ? 1 : 0, info.deriver ? info.deriver->base() : "",
                     info.ca ? info.ca->str() : "", join(info.signatures, " "), references);
}

template <class T>
bool read_number(std::string_view text, T& value) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

std::optional<PathInfo> info_of(std::string_view line) {
  const std::vector<std::string_view> fields = split(line, '\t');
  if (fields.size() != 9) return std::nullopt;
  Result<StorePath> path = StorePath::parse_base(fields[0]);
  Result<Hash> hash = Hash::from_hex(HashAlgo::sha256, fields[1]);
  if (!path || !hash) return std::nullopt;
  PathInfo info{.path = std::move(*path), .nar_hash = *hash};
  if (!read_number(fields[2], info.nar_size) || !read_number(fields[3], info.registration_time)) return std::nullopt;
  info.ultimate = fields[4] == "1";
  if (!fields[5].empty()) {
    Result<StorePath> deriver = StorePath::parse_base(fields[5]);
    if (!deriver) return std::nullopt;
    info.deriver = std::move(*deriver);
  }
  if (!fields[6].empty()) {
    Result<ContentAddress> address = ContentAddress::parse(fields[6]);
    if (!address) return std::nullopt;
    info.ca = *address;
  }
  for (const std::string_view signature : split_words(fields[7])) info.signatures.emplace_back(signature);
  for (const std::string_view base : split_words(fields[8])) {
    Result<StorePath> reference = StorePath::parse_base(base);
    if (!reference) return std::nullopt;
    info.references.insert(std::move(*reference));
  }
  return info;
}

// Whoever rewrites the file replaces it: an append to the old one would be lost, so both hold this.
Result<FileLock> lock_of(const fs::path& file) {
  return FileLock::acquire(file.string() + ".lock", FileLock::Mode::exclusive);
}

std::string text_of(std::span<const Registration> batch) {
  std::string text;
  for (const Registration& one : batch) text += line_of(one.info);
  return text;
}

}  // namespace

void Journal::append(std::span<const Registration> batch) const {
  const Result<FileLock> lock = lock_of(file_);
  if (!lock) return;
  const Result<UniqueFd> fd = open_file(file_, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0644);
  // The empty line ends one that a full disk has cut.
  if (fd) (void)write_all(fd->get(), "\n" + text_of(batch), file_.string());
}

Result<std::map<StorePath, PathInfo>> Journal::read() const {
  std::map<StorePath, PathInfo> known;
  if (!path_exists(file_)) return known;
  SWAGE_TRY(const MappedFile text, map_file(file_));
  for (const std::string_view line : split(text.text(), '\n'))
    if (std::optional<PathInfo> info = info_of(line)) known.insert_or_assign(info->path, std::move(*info));
  return known;
}

Result<void> Journal::keep_short(const StorePathSet& valid) const {
  SWAGE_TRY(const FileLock lock, lock_of(file_));
  if (!path_exists(file_)) return {};
  SWAGE_TRY(const MappedFile text, map_file(file_));
  const std::vector<std::string_view> lines = split(text.text(), '\n');
  if (lines.size() <= 2 * valid.size() + 100) return {};
  std::map<StorePath, std::string_view> last;
  for (const std::string_view line : lines)
    if (const std::optional<PathInfo> info = info_of(line); info && valid.contains(info->path))
      last.insert_or_assign(info->path, line);
  std::string kept;
  for (const auto& [path, line] : last) kept.append(line) += '\n';
  return write_file_atomically(file_, kept);
}

Result<void> Journal::rewrite(std::span<const Registration> all) const {
  SWAGE_TRY(const FileLock lock, lock_of(file_));
  return write_file_atomically(file_, text_of(all));
}

}  // namespace swage
