#include "request/unpack_file_system.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "base/text.hpp"
#include "realise/sandbox.hpp"
#include "request/image_file.hpp"

namespace swage {

namespace {

constexpr const char* kImageTools = "root@image-tools";
constexpr std::uint64_t kPieceOfPartition = 1 << 22, kLargestTree = 512'000'000, kLargestComplaint = 64'000;

// What it has of special files needs rights that nobody has here, and runs nothing.
std::string_view unpacker_of(std::string_view kind) {
  if (kind == "erofs") return "fsck.erofs --extract=tree --no-preserve partition";
  if (kind == "squashfs")
    return "rdsquashfs --quiet --no-dev --no-sock --no-fifo --unpack-path / --unpack-root tree partition";
  return {};
}

Result<void> copy_partition(const ImageBytes& image, std::uint64_t offset, std::uint64_t length, const fs::path& to) {
  SWAGE_TRY(const UniqueFd file, open_file(to, O_WRONLY | O_CREAT | O_EXCL, 0644));
  for (std::uint64_t at = 0; at < length; at += kPieceOfPartition) {
    SWAGE_TRY(const std::string piece, image.read(offset + at, std::min(kPieceOfPartition, length - at)));
    SWAGE_CHECK(write_all(file.get(), piece, to.string()));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ImageTree>> unpack_file_system(Session& session, const ImageBytes& image,
                                                      const std::string& kind, std::uint64_t offset,
                                                      std::uint64_t length) {
  const std::string_view unpacker = unpacker_of(kind);
  if (unpacker.empty()) return fail(Errc::corrupt, fmt::format("{} is not looked into", kind));
  SWAGE_TRY(const fs::path tools, make_image(session, kImageTools));
  SWAGE_TRY(const TempDir dir, TempDir::create("image"));
  const fs::path build = dir.path() / "build", store = dir.path() / "store";
  SWAGE_CHECK(make_directories(build));
  SWAGE_CHECK(make_directories(store));
  SWAGE_CHECK(copy_partition(image, offset, length, build / "partition"));
  SWAGE_TRY(const UniqueFd log, open_file(dir.path() / "log", O_WRONLY | O_CREAT | O_EXCL, 0644));
  const std::string script = fmt::format("mkdir tree\n{}\nchmod -R u+rX tree\ncd tree\n"
                                         "find . -print0 | cpio --quiet -0 -o -H newc > ../tree.cpio", unpacker);
  SandboxSpec spec{.builder = "/bin/sh",
                   .args = {"-euc", script},
                   .env = {{"PATH", "/usr/bin:/usr/sbin:/bin:/sbin"}, {"LC_ALL", "C"}, {"TMPDIR", "/build"}},
                   .build_dir = build,
                   .store_dir = store,
                   .output_fd = log.get()};
  for (const char* name : {"usr", "bin", "sbin", "lib", "lib64"})
    if (path_exists(tools / name)) spec.read_only.emplace_back(tools / name, fmt::format("/{}", name));
  SWAGE_TRY(Sandbox sandbox, Sandbox::start(spec));
  SWAGE_TRY(const Sandbox::Exit exit, sandbox.wait());
  if (exit.status != 0) {
    SWAGE_TRY(const std::string said, read_file(dir.path() / "log", kLargestComplaint));
    const auto lines = split(trim(said), '\n');
    return fail(Errc::corrupt, fmt::format("it is no {} that can be unpacked: {}", kind, lines.back()));
  }
  SWAGE_TRY(std::string files, read_file(build / "tree.cpio", kLargestTree));
  return open_cpio_tree(std::move(files));
}

}  // namespace swage
