#include "cli/out_links.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"

namespace swage {

namespace {

Fail in_the_way(const fs::path& link, std::string_view what) {
  return Fail(Error{.code = Errc::invalid_input,
                    .what = fmt::format("'{}' is in the way of the link to the result: it is {}", link.string(), what),
                    .hint = "name the link otherwise with: -o NAME; or move what is there"});
}

std::string_view kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return "a file";
    case S_IFDIR: return "a directory";
    default: return "neither a file nor a link";
  }
}

}  // namespace

Result<void> check_out_link(const Store& store, const fs::path& link) {
  // Tried out: permissions are not all that a file system may refuse a link for.
  const std::string trial = fmt::format("{}.tmp.{}", link.string(), ::getpid());
  if (::symlink("trial", trial.c_str()) != 0 && errno != EEXIST) {
    const int error = errno;
    const std::string hint = error == ENOENT
                                 ? "make its directory with: mkdir -p " + shell_quoted(link.parent_path().string())
                                 : "name a link elsewhere with: -o NAME";
    return Fail(Error{.code = error == ENOENT || error == ENOTDIR ? Errc::invalid_input : Errc::environment,
                      .what = fmt::format("cannot make the link '{}': {}", link.string(), std::strerror(error)),
                      .hint = hint});
  }
  ::unlink(trial.c_str());
  struct stat st {};
  if (::lstat(link.c_str(), &st) != 0) return {};
  if (!S_ISLNK(st.st_mode)) return in_the_way(link, kind_of(st.st_mode));
  SWAGE_TRY(const std::string target, swage::read_symlink(link));
  if (store.may_forget_link(link)) return {};
  return in_the_way(link, fmt::format("a link to '{}', which is not in a store", target));
}

Result<void> make_out_link(Store& store, const fs::path& target, const fs::path& link) {
  SWAGE_CHECK(check_out_link(store, link));
  SWAGE_CHECK(make_symlink_atomically(target.string(), link));
  return store.add_indirect_root(link);
}

}  // namespace swage
