// Any text is a lock or an error with a place; a lock that was read is written and read again to the same value. A view of it says
// the same.
#include <cstdint>
#include <cstdlib>

#include "plan/lock_view.hpp"

namespace {

void check_view(const swage::Lockfile& lock, const std::string& text) {
  const auto view = swage::LockView::parse(text, "fuzz");
  if (!view) std::abort();
  const swage::Lockfile& seen = view->sources();
  if (seen.sources != lock.sources || seen.seeds != lock.seeds || seen.archives != lock.archives || seen.missing != lock.missing) std::abort();
  for (const auto& [key, sha256] : lock.sources)
    if (*view->file(sha256) != lock.files.at(sha256)) std::abort();
  for (const auto& [key, expected] : lock.sets) {
    const auto set = view->set(key);
    if (!set || !*set || **set != expected) std::abort();
    for (const std::string& sha256 : expected.files)
      if (*view->file(sha256) != lock.files.at(sha256)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const auto lock = swage::Lockfile::parse(input, "fuzz");
  if (!lock) {
    if (lock.error().what.empty() || swage::render(lock.error()).empty()) std::abort();
    return 0;
  }
  check_view(*lock, input);
  check_view(*lock, lock->str());
  for (const auto& [sha256, file] : lock->files)
    if (!swage::check_pool_path(file.path) || !file.store_path()) std::abort();
  const std::string text = lock->str();
  const auto again = swage::Lockfile::parse(text, "fuzz");
  if (!again || *again != *lock || again->str() != text) std::abort();
  return 0;
}
