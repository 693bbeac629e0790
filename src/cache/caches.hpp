// The caches of one run, as one: which of them has a path, and the path out of the first that gives it whole. What a
// cache gets wrong is the next one's turn; a cache that does not answer, or is too slow, costs one time-out and is left
// out from then on. None of it is an error.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "base/events.hpp"
#include "cache/cache_memory.hpp"
#include "cache/narinfo.hpp"
#include "cache/place.hpp"
#include "fetch/traffic.hpp"

namespace swage {

struct CachesOptions {
  std::vector<std::string> urls{};         // of the same priority (nix-cache-info) the first is asked first
  std::vector<PublicKey> keys{};
  bool require_signatures = true;          // of paths that do not prove themselves by their address
  fs::path memory{};                       // file of CacheMemory
  PlaceLimits limits{};
  Traffic* traffic = nullptr;              // counts what archives take; null: nobody does
};

// What a cache was to a run.
struct CacheUse {
  std::string cache{};                     // for people
  std::uint64_t paths = 0, bytes = 0;      // that it gave; bytes as they were sent
  std::uint64_t untrusted = 0;             // paths that it has and no trusted key has signed
  std::uint64_t failed = 0;                // paths that it said to have, and did not give
  std::string failure{};                   // of the first of these
  std::string left_out{};                  // why; "": it is not
};

class Caches {
 public:
  // Errc::invalid_input: a URL that is none. Nothing is asked yet.
  static Result<std::unique_ptr<Caches>> open(CachesOptions options);
  ~Caches();

  // For each of `paths` that can be had, what the first cache says of it that has it and may be trusted. Nothing is
  // promised of what it refers to. Errors: Errc::interrupted.
  Result<std::vector<NarInfo>> find(const StorePathSet& paths);

  // Unpacks a path to `tree`, which is then canonical, and tells what it is. Its hash, and its signature or address,
  // hold. It refers to nothing outside `references`. Nothing: no cache gave it, and it is not found any more. Errors
  // are of the disk and of the user. Thread-safe.
  Result<std::optional<PathInfo>> get(const StorePath& path, const StorePathSet& references, const fs::path& tree,
                                      Reporter& reporter, std::uint64_t job_id);

  std::vector<CacheUse> uses() const;      // in the order in which they are asked

 private:
  struct Cache;
  explicit Caches(CachesOptions options);
  Result<void> begin();
  Result<void> describe(Cache& cache);
  Result<void> ask(Cache& cache, const StorePathSet& paths);
  std::optional<NarInfo> judged(const StorePath& path, const std::string& text, CacheUse* use) const;
  Result<std::optional<NarInfo>> answer_of(Cache& cache, const StorePath& path);
  bool forget(Cache& cache, const StorePath& path);
  void leave_out(Cache& cache, const std::string& why);
  void failed(Cache& cache, const StorePath& path, const Error& error);
  bool is_left_out(const Cache& cache) const;

  CachesOptions options_;
  CacheMemory memory_;
  mutable std::mutex mutex_{};             // guards what is in the caches, and below
  std::mutex asking_{};                    // held by who asks for narinfos; before mutex_
  std::vector<std::unique_ptr<Cache>> caches_{};
  StorePathSet offered_{}, given_up_{};
  bool begun_ = false;
};

}  // namespace swage
