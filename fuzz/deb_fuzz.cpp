// Whatever the bytes are, a program comes out whole and executable, or nothing is written.
#include <cstdint>
#include <cstdlib>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fetch/fetch.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const swage::TempDir directory = swage::TempDir::create("fuzz").value();
  const swage::UniqueFd file(::memfd_create("deb", MFD_CLOEXEC));
  if (!swage::write_all(file.get(), {reinterpret_cast<const char*>(data), size}, "memfd")) std::abort();
  const swage::fs::path target = directory.path() / "busybox";
  const auto done = swage::extract_deb_member(fmt::format("/proc/self/fd/{}", file.get()), "./bin/busybox", target);
  struct stat st {};
  const bool there = ::lstat(target.c_str(), &st) == 0;
  if (done.has_value() != there) std::abort();
  if (there && (!S_ISREG(st.st_mode) || (st.st_mode & 07777) != 0555)) std::abort();
  if (!swage::remove_tree(target) || !swage::list_directory(directory.path())->empty()) std::abort();
  return 0;
}
