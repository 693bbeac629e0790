// What remote caches answered, for a while, in a file: so that a second run asks them only for what is new. Whatever is
// wrong with the file, nothing is remembered, and that is all.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "store/database.hpp"

namespace swage {

// Thread-safe.
class CacheMemory {
 public:
  static constexpr std::int64_t kPresent = 30 * 24 * 3600;   // seconds that a file is taken to be as it was
  static constexpr std::int64_t kAbsent = 3600;              // that it is taken to be still missing

  explicit CacheMemory(const fs::path& file);   // "": remembers nothing

  // Of these names the ones that are known: what the file holds, or that it was not there.
  using Answers = std::map<std::string, std::optional<std::string>>;
  Answers recall(const std::string& cache, const std::vector<std::string>& names);
  void remember(const std::string& cache, const Answers& answers);
  void forget(const std::string& cache, const std::string& name);

 private:
  Result<void> open(const fs::path& file);
  Result<Answers> read(const std::string& cache, const std::vector<std::string>& names);
  Result<void> write(const std::string& cache, const Answers& answers);

  std::mutex mutex_{};
  std::optional<Database> database_{};
};

}  // namespace swage
