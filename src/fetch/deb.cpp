// A Debian package is an `ar` archive of `debian-binary`, `control.tar.*` and `data.tar.*` (deb(5)). The members are
// read as a stream inside a stream; nothing is written but the one file that is wanted.
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch/archive_reader.hpp"
#include "fetch/fetch.hpp"

namespace swage {

namespace {

constexpr std::size_t kBlock = 128 * 1024;

// Gives the data of the outer archive's current member to the inner archive.
struct MemberStream {
  archive* outer;
  std::vector<char> buffer = std::vector<char>(kBlock);

  static la_ssize_t read(archive* inner, void* self_pointer, const void** data) {
    auto* self = static_cast<MemberStream*>(self_pointer);
    const la_ssize_t n = libarchive().read_data(self->outer, self->buffer.data(), self->buffer.size());
    if (n < 0) {
      const char* reason = libarchive().error_string(self->outer);
      libarchive().set_error(inner, EIO, "%s", reason ? reason : "the member ends early");
      return -1;
    }
    *data = self->buffer.data();
    return n;
  }
};

std::string_view without_dot(std::string_view name) {
  while (name.starts_with("./")) name.remove_prefix(2);
  return name;
}

std::string_view type_of(archive_entry* entry) {
  if (libarchive().entry_hardlink(entry)) return "a hard link";
  switch (libarchive().entry_filetype(entry)) {
    case AE_IFREG: return "a file";
    case AE_IFLNK: return "a symbolic link";
    case AE_IFDIR: return "a directory";
    default: return "a special file";
  }
}

// Removes a target that was not finished.
struct Unfinished {
  const fs::path* path = nullptr;
  ~Unfinished() {
    if (path) ::unlink(path->c_str());
  }
};

struct MemberWanted {
  std::string_view deb, name;
  const fs::path& target;
  Unfinished& unfinished;
};

Result<void> write_member(archive* data, const MemberWanted& wanted) {
  SWAGE_TRY(const UniqueFd fd, open_file(wanted.target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  wanted.unfinished.path = &wanted.target;
  SWAGE_CHECK(copy_data(data, fd.get(), wanted.deb, wanted.target.string()));
  if (::fchmod(fd.get(), 0555) != 0)
    return fail_errno(fmt::format("cannot change the mode of '{}'", wanted.target.string()), errno);
  return {};
}

// Looks through data.tar, to its end: a package that breaks off behind the member is broken all the same.
Result<bool> search_data(archive* outer, const MemberWanted& wanted) {
  const ArchivePtr data(libarchive().read_new());
  support_compressions(data.get());
  libarchive().read_support_format_tar(data.get());
  MemberStream stream{outer};
  if (libarchive().read_open(data.get(), &stream, nullptr, MemberStream::read, nullptr) != ARCHIVE_OK)
    return Fail(damaged(wanted.deb, data.get()));
  bool found = false;
  for (archive_entry* entry = nullptr;;) {
    SWAGE_TRY(const Next next, next_entry(data.get(), entry, wanted.deb));
    if (next == Next::end) return found;
    const char* name = libarchive().entry_pathname(entry);
    if (found || !name || without_dot(name) != without_dot(wanted.name)) continue;
    if (const std::string_view type = type_of(entry); type != "a file")
      return fail(Errc::corrupt, fmt::format("'{}' of '{}' is {}, not a file", wanted.name, wanted.deb, type));
    SWAGE_CHECK(write_member(data.get(), wanted));
    found = true;
  }
}

Result<void> check_format(archive* outer, std::string_view deb) {
  std::array<char, 16> version{};
  const la_ssize_t size = libarchive().read_data(outer, version.data(), version.size());
  if (size < 0) return Fail(damaged(deb, outer));
  if (!std::string_view(version.data(), static_cast<std::size_t>(size)).starts_with("2."))
    return fail(Errc::corrupt, fmt::format("'{}' is not a Debian package of format 2", deb));
  return {};
}

}  // namespace

Result<void> extract_deb_member(const fs::path& deb, std::string_view member, const fs::path& target,
                                std::string_view shown_name) {
  const std::string name = shown_name.empty() ? deb.filename().string() : std::string(shown_name);
  SWAGE_TRY(const UniqueFd fd, open_file(deb, O_RDONLY));
  SWAGE_CHECK(load_archive());
  const Utf8Names utf8;
  const ArchivePtr outer(libarchive().read_new());
  libarchive().read_support_format_ar(outer.get());
  const auto not_a_package = [&] { return fail(Errc::corrupt, fmt::format("'{}' is not a Debian package", name)); };
  archive_entry* entry = nullptr;
  if (libarchive().read_open_fd(outer.get(), fd.get(), kBlock) != ARCHIVE_OK ||
      libarchive().read_next_header(outer.get(), &entry) < ARCHIVE_WARN)
    return not_a_package();
  const char* first = libarchive().entry_pathname(entry);
  if (!first || std::string_view(first) != "debian-binary") return not_a_package();
  SWAGE_CHECK(check_format(outer.get(), name));

  Unfinished unfinished;
  bool data_seen = false;
  bool found = false;
  for (;;) {
    SWAGE_TRY(const Next next, next_entry(outer.get(), entry, name));
    if (next == Next::end) break;
    const char* part = libarchive().entry_pathname(entry);
    if (data_seen || !part || !std::string_view(part).starts_with("data.tar")) continue;
    data_seen = true;
    SWAGE_TRY(found,
              search_data(outer.get(), {.deb = name, .name = member, .target = target, .unfinished = unfinished}));
  }
  if (!data_seen)
    return Fail(Error{.code = Errc::corrupt,
                      .what = fmt::format("'{}' is truncated or damaged", name),
                      .notes = {"it has no data.tar"}});
  if (!found) return fail(Errc::corrupt, fmt::format("'{}' has no file '{}'", name, member));
  unfinished.path = nullptr;
  return {};
}

Result<void> extract_deb_program(const fs::path& deb, std::string_view member, const fs::path& target,
                                 std::string_view shown_name) {
  SWAGE_CHECK(make_directories(target / "bin"));
  return extract_deb_member(deb, member, target / "bin" / member.substr(member.rfind('/') + 1), shown_name);
}

}  // namespace swage
