#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fmt/core.h>
#include <set>
#include <thread>
#include <unistd.h>

#include "base/beneath.hpp"
#include "base/interrupt.hpp"
#include "cache/place.hpp"
#include "cache/places.hpp"

namespace swage {

namespace {

constexpr std::string_view kStaging = ".swage-push";   // below the cache, in no listing
constexpr std::chrono::milliseconds kLockLook{20};

class DirectoryPlace final : public CachePlace {
 public:
  DirectoryPlace(Beneath root, std::string shown) : root_(std::move(root)), shown_(std::move(shown)) {}

  std::string shown() const override { return shown_; }
  bool is_remote() const override { return false; }

  Answer read(const std::string& name, std::uint64_t limit) override {
    return root_.find(name, limit);
  }

  Result<bool> stream(const std::string& name, const ByteSink& sink) override {
    SWAGE_TRY(const std::optional<UniqueFd> fd, root_.find_regular(name));
    if (!fd) return false;
    std::vector<char> buffer(1 << 18);
    for (;;) {
      SWAGE_CHECK(check_interrupt());
      const ssize_t got = ::read(fd->get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail_errno(fmt::format("cannot read '{}'", (root_.path() / name).string()), errno);
      if (got == 0) return true;
      SWAGE_CHECK(sink({buffer.data(), static_cast<std::size_t>(got)}));
    }
  }

  Result<bool> has(const std::string& name) override {
    SWAGE_TRY(const std::optional<UniqueFd> fd, root_.find_regular(name));
    return fd.has_value();
  }

  fs::path staging() const override { return root_.path() / kStaging; }

  Result<void> write(const std::string& name, const fs::path& file, std::string_view) override {
    const fs::path target = root_.path() / name;
    SWAGE_CHECK(make_directories(target.parent_path()));
    SWAGE_TRY(const UniqueFd fd, open_regular(file));
    if (::fchmod(fd.get(), 0644) != 0 || ::fsync(fd.get()) != 0)   // a server of another user is to read it
      return fail_errno(fmt::format("cannot write '{}'", file.string()), errno);
    if (::rename(file.c_str(), target.c_str()) != 0)
      return fail_errno(fmt::format("cannot write '{}'", target.string()), errno);
    return {};
  }

  bool can_list() const override { return true; }
  Result<std::vector<Entry>> list() override {
    std::vector<Entry> entries;
    SWAGE_CHECK(list_below("", entries));
    return entries;
  }

  Result<void> remove_all(const std::vector<std::string>& names) override {
    std::set<fs::path> changed;
    for (const std::string& name : names) {
      const fs::path target = root_.path() / name;
      if (::unlink(target.c_str()) == 0) changed.insert(target.parent_path());
      else if (errno != ENOENT) return fail_errno(fmt::format("cannot remove '{}'", target.string()), errno);
    }
    for (const fs::path& directory : changed) SWAGE_CHECK(sync_directory(directory));
    return {};
  }

  Result<void> renew(const std::string& name) override {
    const fs::path target = root_.path() / name;
    if (::utimensat(AT_FDCWD, target.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0) return {};
    return fail_errno(fmt::format("cannot write '{}'", target.string()), errno);
  }

  Result<Held> lock(Use use, const std::function<void()>& waiting) override {
    const fs::path file = staging() / (use == Use::index ? "index.lock" : "lock");
    const FileLock::Mode mode = use == Use::add ? FileLock::Mode::shared : FileLock::Mode::exclusive;
    // Looks now and then, since a signal reaches one thread, and any of them may wait.
    for (bool first = true;; first = false) {
      SWAGE_TRY(std::optional<FileLock> held, FileLock::try_acquire(file, mode));
      if (held) return std::make_shared<const FileLock>(*std::move(held));
      if (first) waiting();
      SWAGE_CHECK(check_interrupt());
      std::this_thread::sleep_for(kLockLook);
    }
  }

 private:
  // A cache is two directories deep; a link is no part of it.
  Result<void> list_below(const std::string& prefix, std::vector<Entry>& entries) {
    SWAGE_TRY(const std::vector<std::string> names, list_directory(root_.path() / prefix));
    for (const std::string& name : names) {
      if (prefix.empty() && name == kStaging) continue;
      const fs::path path = root_.path() / (prefix + name);
      struct stat status{};
      if (::lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) continue;
        return fail_errno(fmt::format("cannot read '{}'", path.string()), errno);
      }
      if (S_ISDIR(status.st_mode)) SWAGE_CHECK(list_below(prefix + name + "/", entries));
      if (S_ISREG(status.st_mode))
        entries.push_back({prefix + name, static_cast<std::uint64_t>(status.st_size), status.st_mtime});
    }
    return {};
  }

  Beneath root_;
  std::string shown_;
};

}  // namespace

Result<std::unique_ptr<CachePlace>> open_directory_place(const fs::path& directory, bool writable) {
  SWAGE_TRY(const fs::path given, absolute_path(directory));
  const fs::path absolute = given.lexically_normal();
  if (writable) SWAGE_CHECK(make_directories(absolute / kStaging));
  SWAGE_TRY(Beneath root, Beneath::open(absolute));
  return std::unique_ptr<CachePlace>(std::make_unique<DirectoryPlace>(std::move(root), absolute.string()));
}

}  // namespace swage
