// Whatever the archive says, nothing is written beside the new tree, and after an error not even that is left.
#include <cstdint>
#include <cstdlib>
#include <fmt/format.h>
#include <sys/mman.h>

#include "fetch/fetch.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const swage::TempDir directory = swage::TempDir::create("fuzz").value();
  const swage::UniqueFd file(::memfd_create("archive", MFD_CLOEXEC));
  if (!swage::write_all(file.get(), {reinterpret_cast<const char*>(data), size}, "memfd")) std::abort();
  const swage::fs::path inner = directory.path() / "inner";
  if (!swage::make_directories(inner)) std::abort();
  const auto done = swage::extract_archive(fmt::format("/proc/self/fd/{}", file.get()), inner / "tree");
  const auto beside = swage::list_directory(inner).value();
  if (beside != (done ? std::vector<std::string>{"tree"} : std::vector<std::string>{})) std::abort();
  if (swage::list_directory(directory.path()).value() != std::vector<std::string>{"inner"}) std::abort();
  if (done && swage::list_directory(inner / "tree").value().empty()) std::abort();
  if (done)
    for (auto entry = swage::fs::recursive_directory_iterator(inner / "tree"); entry != swage::fs::recursive_directory_iterator(); ++entry)
      if (!entry->is_symlink() && !entry->is_directory() && !entry->is_regular_file()) std::abort();
  if (!swage::remove_tree(inner)) std::abort();
  return 0;
}
