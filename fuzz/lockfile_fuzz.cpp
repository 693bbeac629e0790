// Any text is a lock or an error with a place; a lock that was read is written and read again to the same value.
#include <cstdint>
#include <cstdlib>

#include "plan/lockfile.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto lock = swage::Lockfile::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!lock) {
    if (lock.error().what.empty() || swage::render(lock.error()).empty()) std::abort();
    return 0;
  }
  for (const auto& [sha256, file] : lock->files)
    if (!swage::check_pool_path(file.path) || !file.store_path()) std::abort();
  const std::string text = lock->str();
  const auto again = swage::Lockfile::parse(text, "fuzz");
  if (!again || *again != *lock || again->str() != text) std::abort();
  return 0;
}
