#include "cache/check_cache.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fmt/core.h>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

#include "base/interrupt.hpp"
#include "cache/read_nar.hpp"

namespace swage {

namespace {

constexpr std::string_view kSuffix = ".narinfo";

class Check {
 public:
  Check(CachePlace& place, const CheckCacheOptions& options, Reporter& reporter)
      : place_(place), options_(options), reporter_(reporter) {}

  Result<CheckCacheResult> run() {
    SWAGE_TRY(const std::optional<std::string> about, place_.read("nix-cache-info", kLargestNarInfo));
    if (!about) add("nix-cache-info", "it is not there");
    else if (const Result<CacheInfo> info = parse_cache_info(*about, "nix-cache-info"); !info)
      add("nix-cache-info", info.error().what);
    SWAGE_TRY(const std::vector<CachePlace::Entry> entries, place_.list());
    for (const CachePlace::Entry& entry : entries) {
      if (entry.name.starts_with("nar/")) nars_.emplace(entry.name, entry.size);
      if (entry.name.ends_with(kSuffix)) SWAGE_CHECK(read(entry.name));
    }
    result_.paths = narinfos_.size();
    for (const auto& [hash, narinfo] : narinfos_) compare(hash + std::string(kSuffix), narinfo);
    if (options_.contents) SWAGE_CHECK(read_all());
    for (const auto& [name, size] : nars_)
      if (!used_.contains(name)) result_.unused.push_back(name);
    std::sort(result_.problems.begin(), result_.problems.end(), [](const CacheProblem& a, const CacheProblem& b) {
      return std::tie(a.name, a.what) < std::tie(b.name, b.what);
    });
    return std::move(result_);
  }

 private:
  void add(std::string name, std::string what) {
    const std::lock_guard lock(mutex_);
    result_.problems.push_back({std::move(name), std::move(what)});
  }

  Result<void> read(const std::string& name) {
    SWAGE_CHECK(check_interrupt());
    const Result<std::optional<std::string>> text = place_.read(name, kLargestNarInfo);
    if (!text) {
      add(name, text.error().what);
      return {};
    }
    if (!*text) return {};   // it went while we looked
    Result<NarInfo> narinfo = parse_narinfo(**text, name);
    if (!narinfo) add(name, narinfo.error().what);
    else if (narinfo->info.path.hash_part() != std::string_view(name).substr(0, name.size() - kSuffix.size()))
      add(name, fmt::format("it is of '{}'", narinfo->info.path.str()));
    else narinfos_.emplace(narinfo->info.path.hash_part(), std::move(*narinfo));
    return {};
  }

  // All that can be said without reading a NAR.
  void compare(const std::string& name, const NarInfo& narinfo) {
    for (const StorePath& reference : narinfo.info.references) {
      const auto found = narinfos_.find(std::string(reference.hash_part()));
      if (found == narinfos_.end()) add(name, fmt::format("its reference '{}' is not in the cache", reference.str()));
    }
    if (!is_trusted(narinfo.info, options_.keys) && !is_content_addressed(narinfo.info))
      add(name, options_.keys.empty() && !narinfo.info.signatures.empty() ? "no key was given to check its signature"
                : narinfo.info.signatures.empty()                         ? "it has no signature"
                                                                          : "no signature of a given key holds");
    if (narinfo.url.find("://") != std::string::npos) return;   // elsewhere
    used_.insert(narinfo.url);
    const auto nar = nars_.find(narinfo.url);
    if (nar == nars_.end()) add(name, fmt::format("its NAR '{}' is not there", narinfo.url));
    else if (narinfo.file_size != 0 && nar->second != narinfo.file_size)
      add(name, fmt::format("its NAR '{}' has {} bytes, not {}", narinfo.url, nar->second, narinfo.file_size));
    else to_read_.emplace_back(name, &narinfo);
  }

  Result<void> read_all() {
    std::atomic<std::size_t> next = 0;
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t jobs = std::min<std::size_t>(options_.jobs ? options_.jobs : cores, to_read_.size());
    {
      std::vector<std::jthread> workers;
      for (std::size_t i = 0; i < jobs; ++i)
        workers.emplace_back([&] {
          for (std::size_t at = next++; at < to_read_.size() && !interrupted(); at = next++)
            read_one(to_read_[at].first, *to_read_[at].second);
        });
    }
    return check_interrupt();
  }

  void read_one(const std::string& name, const NarInfo& narinfo) {
    const PathInfo& info = narinfo.info;
    const std::uint64_t id = next_job_id();
    const auto start = std::chrono::steady_clock::now();
    reporter_.on(JobStarted{.id = id, .kind = "check", .name = std::string(info.path.name()), .subject = name});
    NarFile nar;
    const Result<void> read = read_nar(place_, narinfo, [&](const ByteSource& source) -> Result<void> {
      SWAGE_TRY(nar, check_nar_file(source, info.ca ? info.ca->hash.algo : HashAlgo::sha256));
      return {};
    });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    reporter_.on(JobFinished{.id = id, .ok = read.has_value(), .seconds = took.count()});
    if (!read && read.error().code != Errc::interrupted) add(name, read.error().what);
    if (read && info.ca && !proves_address(info, nar)) add(name, "its content is not that of its address");
    const std::lock_guard lock(mutex_);
    result_.bytes += narinfo.file_size;
  }

  CachePlace& place_;
  const CheckCacheOptions& options_;
  Reporter& reporter_;
  std::map<std::string, NarInfo> narinfos_{};        // by hash part
  std::map<std::string, std::uint64_t> nars_{};      // sizes
  std::set<std::string> used_{};
  std::vector<std::pair<std::string, const NarInfo*>> to_read_{};
  std::mutex mutex_{};                               // guards the result while NARs are read
  CheckCacheResult result_{};
};

}  // namespace

Result<CheckCacheResult> check_cache(CachePlace& place, const CheckCacheOptions& options, Reporter& reporter) {
  return Check(place, options, reporter).run();
}

}  // namespace swage
