// Any text is a lock or an error with a place; a lock that was read is written and read again to the same value. Its sources alone are
// the same, too.
#include <cstdint>
#include <cstdlib>

#include "plan/lockfile.hpp"

namespace {

void check_sources(const swage::Lockfile& lock, const std::string& text) {
  const auto part = swage::Lockfile::parse_sources(text, "fuzz");
  if (!part || part->sources != lock.sources || part->seeds != lock.seeds || part->missing != lock.missing) std::abort();
  for (const auto& [key, sha256] : lock.sources)
    if (part->files.at(sha256) != lock.files.at(sha256)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const auto lock = swage::Lockfile::parse(input, "fuzz");
  if (!lock) {
    if (lock.error().what.empty() || swage::render(lock.error()).empty()) std::abort();
    return 0;
  }
  check_sources(*lock, input);
  check_sources(*lock, lock->str());
  for (const auto& [sha256, file] : lock->files)
    if (!swage::check_pool_path(file.path) || !file.store_path()) std::abort();
  const std::string text = lock->str();
  const auto again = swage::Lockfile::parse(text, "fuzz");
  if (!again || *again != *lock || again->str() != text) std::abort();
  return 0;
}
