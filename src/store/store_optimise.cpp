// Files of the same content become one, in the way of Nix's `store optimise`, which reads and makes the same links:
// .links/<hash of the file's NAR> and every file of that content are one inode.
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>
#include <unordered_set>

#include "base/tree_walk.hpp"
#include "store/base32.hpp"
#include "store/store_state.hpp"
#include "store/tree_diff.hpp"

namespace swage {

namespace {

// The regular files of a tree that can be shared, by size. Empty ones have nothing to share.
class Files final : public TreeVisitor {
 public:
  struct File {
    fs::path path;
    std::uint64_t size;
    std::uint64_t blocks;   // of 512 bytes
    ino_t inode;
  };
  explicit Files(const fs::path& root) : root_(root) {}
  Result<void> leaf(const TreePlace& place) override {
    struct stat st {};
    if (place.type != DT_REG) return {};
    if (::fstatat(place.parent, place.name, &st, AT_SYMLINK_NOFOLLOW) != 0)
      return fail_errno("cannot read '" + place.shown() + "'", errno);
    // What somebody can still write to would change in all places.
    if (!S_ISREG(st.st_mode) || st.st_size == 0 || (st.st_mode & 0222) != 0) return {};
    const std::string below = place.relative();
    found.push_back({.path = below.empty() ? root_ : root_ / below,
                     .size = static_cast<std::uint64_t>(st.st_size),
                     .blocks = static_cast<std::uint64_t>(st.st_blocks),
                     .inode = st.st_ino});
    return {};
  }
  Result<bool> enter(const TreePlace&) override { return true; }
  Result<void> leave(const TreePlace&) override { return {}; }

  std::vector<File> found{};

 private:
  fs::path root_;
};

// The link takes the file's place in one step: who has it open keeps what is there, and nobody meets a hole.
Result<void> put_in_place(const fs::path& link, const fs::path& file, const fs::path& temporary) {
  const fs::path directory = file.parent_path();
  struct stat before {};
  if (::stat(directory.c_str(), &before) != 0)
    return fail_errno(fmt::format("cannot read '{}'", directory.string()), errno);
  ::unlink(temporary.c_str());   // of a killed process that had this one's number
  if (::link(link.c_str(), temporary.c_str()) != 0)
    return fail_errno(fmt::format("cannot link '{}'", temporary.string()), errno);
  const bool closed = (before.st_mode & S_IWUSR) == 0;
  if (closed) ::chmod(directory.c_str(), before.st_mode | S_IWUSR);
  const int error = ::rename(temporary.c_str(), file.c_str()) == 0 ? 0 : errno;
  if (error != 0) ::unlink(temporary.c_str());
  if (closed) ::chmod(directory.c_str(), before.st_mode);
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ::utimensat(AT_FDCWD, directory.c_str(), times, 0);
  if (error != 0) return fail_errno(fmt::format("cannot replace '{}'", file.string()), error);
  return {};
}

Result<bool> is_same(const fs::path& a, const fs::path& b) {
  SWAGE_TRY(const std::vector<TreeDifference> differences, diff_trees(a, b));
  return differences.empty();
}

}  // namespace

Result<OptimiseResult> Store::optimise(bool dry_run) {
  SWAGE_CHECK(state_->need_writable());
  const fs::path farm = state_->store_dir / ".links";
  OptimiseResult result;
  SWAGE_TRY(const std::vector<StorePath> paths, all_paths());

  // Only files of one size can be equal: the others are never read.
  std::unordered_map<std::uint64_t, ino_t> first_of_size;
  std::unordered_set<std::uint64_t> shared_sizes;
  std::unordered_set<ino_t> in_farm;
  SWAGE_TRY(const std::vector<std::string> links, list_directory(farm));
  for (const std::string& name : links) {
    struct stat st {};
    if (::lstat((farm / name).c_str(), &st) != 0) continue;
    in_farm.insert(st.st_ino);
    shared_sizes.insert(static_cast<std::uint64_t>(st.st_size));
  }
  const auto look_through = [&](const auto& each) -> Result<void> {
    for (const StorePath& path : paths) {
      // Shared, and for one path at a time: a collection waits no longer than that.
      SWAGE_TRY(const FileLock lock, wait_for_lock(state_->gc_lock(), FileLock::Mode::shared));
      SWAGE_TRY(const bool valid, is_valid(path));
      if (!valid || !path_exists(state_->real(path))) continue;
      Files files(state_->real(path));
      SWAGE_CHECK(walk_tree(state_->real(path), files));
      SWAGE_CHECK(each(files.found));
    }
    return {};
  };
  SWAGE_CHECK(look_through([&](const std::vector<Files::File>& files) -> Result<void> {
    for (const Files::File& file : files) {
      ++result.files;
      const auto [first, fresh] = first_of_size.emplace(file.size, file.inode);
      if (!fresh && first->second != file.inode) shared_sizes.insert(file.size);
    }
    return {};
  }));
  std::unordered_map<std::string, ino_t> seen;   // by name of the link; without a dry run the farm itself says it
  SWAGE_CHECK(look_through([&](const std::vector<Files::File>& files) -> Result<void> {
    for (const Files::File& file : files) {
      if (!shared_sizes.contains(file.size) || in_farm.contains(file.inode)) continue;
      SWAGE_TRY(const NarHash nar, hash_nar(file.path));
      ++result.hashed;
      const std::string name = hash_base32(nar.hash);
      const fs::path link = farm / name;
      const bool known = dry_run ? !seen.emplace(name, file.inode).second || path_exists(link) : path_exists(link);
      if (!known) {
        if (dry_run) continue;
        // A file system that has no room for more links of a file, or in the farm, loses nothing.
        if (::link(file.path.c_str(), link.c_str()) == 0) in_farm.insert(file.inode);
        else if (errno != EMLINK && errno != ENOSPC && errno != EEXIST)
          return fail_errno(fmt::format("cannot link '{}'", link.string()), errno);
        continue;
      }
      if (!dry_run) {
        // What has that name in the farm may have been damaged since.
        SWAGE_TRY(const bool same, is_same(link, file.path));
        if (!same) {
          ::unlink(link.c_str());
          if (::link(file.path.c_str(), link.c_str()) == 0) in_farm.insert(file.inode);
          continue;
        }
        const Result<void> done =
            put_in_place(link, file.path, state_->store_dir / fmt::format(".tmp-link-{}", ::getpid()));
        if (!done && done.error().os_error != EMLINK) return Fail(done.error());
        if (!done) continue;
      }
      ++result.linked;
      result.bytes_freed += file.blocks * 512;
    }
    return {};
  }));
  return result;
}

}  // namespace swage
