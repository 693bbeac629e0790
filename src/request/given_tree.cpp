#include "request/given_tree.hpp"

#include <fmt/core.h>

#include "base/beneath.hpp"
#include "base/interrupt.hpp"
#include "request/kconfig.hpp"

namespace swage {

Result<Version> version_of_tree(const fs::path& tree) {
  if (!directory_exists(tree)) return Fail(Error{.what = fmt::format("'{}' is no directory", tree.string())});
  SWAGE_TRY(const Beneath files, Beneath::open(tree));
  SWAGE_TRY(const std::optional<std::string> makefile, files.find("Makefile"));
  if (!makefile)
    return Fail(Error{.what = fmt::format("'{}' is not a kernel tree: it has no Makefile", tree.string())});
  SWAGE_TRY(const std::string text, kernel_tree_version(*makefile, (tree / "Makefile").string()));
  return Version::parse(text);
}

Result<fs::path> place_of_tree(const Version& version, const fs::path& named) {
  SWAGE_TRY(const fs::path here, current_directory());
  if (named.empty())
    if (const Result<Version> found = version_of_tree(here); found && *found == version) return here;
  const std::string name = named.empty() ? fmt::format("linux-{}", version.str()) : named.string();
  const fs::path place = (here / name).lexically_normal();
  if (!path_exists(place)) return place;
  if (const Result<Version> found = version_of_tree(place); found && *found == version) return place;
  return Fail(Error{.what = fmt::format("'{}' is there, and is not a tree of linux {}", name, version.str()),
                    .hint = "name another place with: --dir DIR"});
}

namespace {

Result<void> copy_entry(const fs::directory_entry& entry, const fs::path& to) {
  std::error_code error;
  const fs::file_type type = entry.symlink_status(error).type();
  if (type == fs::file_type::symlink) {
    fs::copy_symlink(entry.path(), to, error);
  } else {
    if (type == fs::file_type::directory) fs::create_directory(to, error);
    else fs::copy_file(entry.path(), to, error);
    if (!error) fs::permissions(to, fs::perms::owner_write, fs::perm_options::add, error);
  }
  if (error) return fail_errno(fmt::format("cannot copy to '{}'", to.string()), error.value());
  return {};
}

}  // namespace

Result<void> copy_tree(const fs::path& from, const fs::path& to) {
  SWAGE_CHECK(make_directories(to.parent_path()));
  SWAGE_TRY(TempDir copy, TempDir::create(fmt::format(".{}-", to.filename().string()), to.parent_path()));
  std::error_code error;
  fs::recursive_directory_iterator at(from, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (interrupted()) return fail(Errc::interrupted, fmt::format("copying to '{}' was interrupted", to.string()));
    SWAGE_CHECK(copy_entry(*at, copy.path() / at->path().lexically_relative(from)));
  }
  if (error) return fail_errno(fmt::format("cannot read '{}'", from.string()), error.value());
  fs::permissions(copy.path(), fs::perms(0755), error);   // a temporary one is its owner's alone
  // Where another one came to be meanwhile, this fails.
  if (::rename(copy.path().c_str(), to.c_str()) != 0)
    return fail_errno(fmt::format("cannot rename to '{}'", to.string()), errno);
  (void)copy.release();
  return {};
}

}  // namespace swage
