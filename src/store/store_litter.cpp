// What processes that were killed leave in a home, and the reserve that lets a full disk be cleaned.
#include <cerrno>
#include <charconv>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_state.hpp"

namespace swage {

namespace {

// The file and size of Nix's, which shares it. Source: NixOS/nix src/libstore/local-store.cc, setting
// `gc-reserved-space`.
constexpr off_t kReserve = 8 * 1024 * 1024;
fs::path reserve_file(const fs::path& root) { return root / "nix/var/nix/db/reserved"; }

// A temporary of write_file_atomically() or make_symlink_atomically() takes a moment; one of this age is nobody's,
// unless its process still lives.
constexpr std::time_t kOldTemporary = 60;   // s

bool is_dead(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

// <name>.tmp.<pid>
bool is_left_temporary(const fs::path& directory, std::string_view name) {
  const auto at = name.rfind(".tmp.");
  if (at == std::string_view::npos) return false;
  const std::string_view digits = name.substr(at + 5);
  pid_t pid = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || pid <= 0 || !is_dead(pid))
    return false;
  struct stat st {};
  return ::lstat((directory / name).c_str(), &st) == 0 && !S_ISDIR(st.st_mode) &&
         st.st_mtime + kOldTemporary < std::time(nullptr);
}

// <sha256>.part and <sha256>.lock of downloads: whoever continues one holds the lock.
Result<void> remove_part(const fs::path& directory, std::string_view name, std::uint64_t& freed) {
  const std::string stem(name.substr(0, name.rfind('.')));
  const fs::path lock_file = directory / (stem + ".lock");
  SWAGE_TRY(const std::optional<FileLock> lock, FileLock::try_acquire(lock_file, FileLock::Mode::exclusive));
  if (!lock) return {};
  SWAGE_TRY(const std::uint64_t bytes, remove_tree(directory / (stem + ".part")));
  freed += bytes;
  ::unlink(lock_file.c_str());
  return {};
}

}  // namespace

void release_reserve(const fs::path& root) { ::unlink(reserve_file(root).c_str()); }

void renew_reserve(const fs::path& root) {
  const fs::path file = reserve_file(root);
  struct stat st {};
  if (::stat(file.c_str(), &st) == 0 && st.st_size == kReserve) return;
  const auto fd = open_file(file, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
  if (!fd) return;
  // All of it or nothing: the last bytes of a full disk are worth more elsewhere.
  if (::posix_fallocate(fd->get(), 0, kReserve) != 0) ::unlink(file.c_str());
}

Result<std::uint64_t> remove_litter(const fs::path& root, std::vector<Error>& stuck) {
  std::uint64_t freed = 0;
  const fs::path work = root / "nix/var/swage";
  const auto add = [&](const Result<std::uint64_t>& removed) -> Result<void> {
    if (removed) freed += *removed;
    else if (removed.error().code == Errc::interrupted) return Fail(removed.error());
    else stuck.push_back(removed.error());
    return {};
  };
  for (const char* kind : {"trash", "staging", "builds"})
    SWAGE_CHECK(add(remove_abandoned(work / kind, Abandoned::every_entry, stuck)));
  for (const fs::path& downloads : {work / "downloads", root / "cache/apt/downloads", root / "cache/published"}) {
    SWAGE_CHECK(add(remove_abandoned(downloads, Abandoned::like_a_tempdir, stuck)));
    if (!path_exists(downloads)) continue;
    SWAGE_TRY(const std::vector<std::string> names, list_directory(downloads));
    for (const std::string& name : names)
      if (name.ends_with(".part") || name.ends_with(".lock"))
        if (auto removed = remove_part(downloads, name, freed); !removed) stuck.push_back(std::move(removed).error());
  }
  SWAGE_CHECK(add(remove_abandoned(work, Abandoned::like_a_tempdir, stuck)));
  for (const fs::path& directory :
       {root, work, root / "evidence", root / "nix/var/nix/db", root / "nix/var/nix/gcroots/auto"}) {
    const auto names = list_directory(directory);
    if (!names) continue;
    for (const std::string& name : *names)
      if (is_left_temporary(directory, name)) SWAGE_CHECK(add(remove_tree(directory / name)));
  }
  return freed;
}

Result<std::uint64_t> remove_old_logs(const fs::path& root, const StorePathSet& valid) {
  constexpr std::time_t kKept = 30 * 24 * 3600;   // s
  const fs::path logs = root / "nix/var/log/nix/drvs";
  std::uint64_t freed = 0;
  if (!path_exists(logs)) return freed;
  const std::time_t oldest = std::time(nullptr) - kKept;
  SWAGE_TRY(const std::vector<std::string> directories, list_directory(logs));
  for (const std::string& begin : directories) {   // drvs/ab/cdef...-name.drv.bz2
    const Result<std::vector<std::string>> names = list_directory(logs / begin);
    if (!names) continue;
    for (const std::string& name : *names) {
      const fs::path file = logs / begin / name;
      const auto drv = StorePath::parse_base(begin + name.substr(0, name.rfind(".bz2")));
      struct stat st {};
      if (!drv || valid.contains(*drv) || ::lstat(file.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) continue;
      if (st.st_mtime < oldest && ::unlink(file.c_str()) == 0) freed += static_cast<std::uint64_t>(st.st_blocks) * 512;
    }
    ::rmdir((logs / begin).c_str());   // where it is empty
  }
  return freed;
}

}  // namespace swage
