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
#include "cache/pushed_derivations.hpp"
#include "cache/read_nar.hpp"

namespace swage {

namespace {

class Check {
 public:
  Check(CachePlace& place, const CheckCacheOptions& options, Reporter& reporter)
      : place_(place), options_(options), reporter_(reporter) {}

  Result<CheckCacheResult> run() {
    SWAGE_TRY(const std::optional<std::string> about, place_.read("nix-cache-info", kLargestNarInfo));
    if (!about) add("nix-cache-info", "it is not there");
    else if (const Result<CacheInfo> info = parse_cache_info(*about, "nix-cache-info"); !info)
      add("nix-cache-info", info.error().what);
    SWAGE_CHECK(gather());
    result_.problems.insert(result_.problems.end(), contents_.problems.begin(), contents_.problems.end());
    result_.paths = contents_.paths.size();
    SWAGE_TRY(const StorePathSet elsewhere, find_upstream());
    result_.upstream = elsewhere.size();
    for (const auto& [path, held] : contents_.paths) compare(held.narinfo, elsewhere);
    if (options_.contents) SWAGE_CHECK(read_all());
    if (options_.contents) SWAGE_CHECK(read_derivations());
    for (const auto& [name, entry] : contents_.others)
      if (name.starts_with("nar/") && !used_.contains(name)) result_.unused.push_back(name);
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

  // What is to be looked at.
  Result<void> gather() {
    if (options_.paths) {
      result_.scope = CheckScope::paths;
      SWAGE_TRY(contents_, closure_contents(place_, *options_.paths));
      expect(*options_.paths, "it is not there");
      return {};
    }
    if (place_.can_list()) {
      SWAGE_TRY(contents_, list_contents(place_));
      listed_ = true;
    }
    const Result<std::optional<StorePathSet>> index = read_cache_index(place_);
    if (!index && index.error().code != Errc::corrupt) return Fail(index.error());
    if (!index) add(std::string(kCacheIndex), index.error().what);
    if (!listed_ && index && !*index)
      return Fail(Error{.what = fmt::format("'{}' cannot be listed, and has no '{}'", place_.shown(), kCacheIndex)}
                      .hinted("name the paths or targets to be checked; a push writes that file"));
    const StorePathSet named = index && *index ? **index : StorePathSet();
    if (!listed_) {
      result_.scope = CheckScope::index;
      SWAGE_TRY(contents_, closure_contents(place_, named));
    }
    expect(named, fmt::format("'{}' names it, and it is not there", kCacheIndex));
    if (index && *index)
      for (const auto& [path, held] : contents_.paths)
        if (!named.contains(path)) ++result_.unlisted;
    return {};
  }

  void expect(const StorePathSet& paths, const std::string& otherwise) {
    for (const StorePath& path : paths) {
      const std::string name = narinfo_name(path);
      const bool told = std::any_of(contents_.problems.begin(), contents_.problems.end(),
                                    [&](const CacheProblem& problem) { return problem.name == name; });
      if (!told && !contents_.paths.contains(path)) add(name, otherwise);
    }
  }

  // What is referred to and not here, of the upstreams.
  Result<StorePathSet> find_upstream() {
    StorePathSet missing, found;
    if (options_.upstreams.empty()) return found;
    for (const auto& [path, held] : contents_.paths)
      for (const StorePath& reference : held.narinfo.info.references)
        if (!contents_.paths.contains(reference)) missing.insert(reference);
    for (CachePlace* upstream : options_.upstreams) {
      SWAGE_TRY(const CacheContents theirs, closure_contents(*upstream, missing));
      for (const auto& [path, held] : theirs.paths)
        if (missing.contains(path)) found.insert(path);
    }
    return found;
  }

  // All that can be said without reading a NAR.
  void compare(const NarInfo& narinfo, const StorePathSet& elsewhere) {
    const std::string name = narinfo_name(narinfo.info.path);
    for (const StorePath& reference : narinfo.info.references)
      if (!contents_.paths.contains(reference) && !elsewhere.contains(reference))
        add(name, fmt::format("its reference '{}' is not in the cache", reference.str()));
    if (!is_trusted(narinfo.info, options_.keys) && !is_content_addressed(narinfo.info))
      add(name, options_.keys.empty() && !narinfo.info.signatures.empty() ? "no key was given to check its signature"
                : narinfo.info.signatures.empty()                         ? "it has no signature"
                                                                          : "no signature of a given key holds");
    if (narinfo.url.find("://") != std::string::npos) return;   // elsewhere
    used_.insert(narinfo.url);
    if (listed_) {
      const auto nar = contents_.others.find(narinfo.url);
      if (nar == contents_.others.end()) return add(name, fmt::format("its NAR '{}' is not there", narinfo.url));
      if (narinfo.file_size != 0 && nar->second.size != narinfo.file_size)
        return add(name, fmt::format("its NAR '{}' has {} bytes, not {}", narinfo.url, nar->second.size,
                                     narinfo.file_size));
    }
    to_read_.emplace_back(name, &narinfo);
  }

  Result<void> read_all() {
    std::atomic<std::size_t> next = 0;
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t jobs = std::min<std::size_t>(options_.jobs ? options_.jobs : cores, to_read_.size());
    {
      std::vector<std::jthread> workers;
      for (std::size_t i = 0; i < jobs; ++i)
        workers.emplace_back([&] {
          for (std::size_t at = next++; at < to_read_.size() && !stopped(); at = next++)
            read_one(to_read_[at].first, *to_read_[at].second);
        });
    }
    SWAGE_CHECK(check_interrupt());
    if (failed_) return Fail(*std::move(failed_));
    return {};
  }

  // Where they are listed; elsewhere nobody knows which there are.
  Result<void> read_derivations() {
    std::vector<std::string> names;
    for (const auto& [name, entry] : contents_.others)
      if (name.starts_with(kDerivationFiles)) names.push_back(name);
    if (names.empty()) return {};
    const std::vector<CachePlace::Answer> answers = place_.read_all(names, kLargestDerivation);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!answers[i] && answers[i].error().code != Errc::corrupt) return Fail(answers[i].error());
      if (!answers[i]) add(names[i], answers[i].error().what);
      else if (*answers[i])
        if (std::string fault = fault_of_derivation_file(names[i], **answers[i]); !fault.empty())
          add(names[i], std::move(fault));
    }
    return {};
  }

  bool stopped() {
    const std::lock_guard lock(mutex_);
    return failed_ || interrupted();
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
    if (!read && read.error().code == Errc::environment && place_.is_remote()) {   // says nothing of the path
      const std::lock_guard lock(mutex_);
      failed_ = read.error();
      return;
    }
    if (!read && read.error().code != Errc::interrupted) add(name, read.error().what);
    if (read && info.ca && !proves_address(info, nar)) add(name, "its content is not that of its address");
    const std::lock_guard lock(mutex_);
    result_.bytes += narinfo.file_size;
  }

  CachePlace& place_;
  const CheckCacheOptions& options_;
  Reporter& reporter_;
  CacheContents contents_{};
  bool listed_ = false;                              // contents_ is all that there is
  std::set<std::string> used_{};
  std::vector<std::pair<std::string, const NarInfo*>> to_read_{};
  std::mutex mutex_{};                               // guards what follows while NARs are read
  std::optional<Error> failed_{};                    // the place does not answer any more
  CheckCacheResult result_{};
};

}  // namespace

Result<CheckCacheResult> check_cache(CachePlace& place, const CheckCacheOptions& options, Reporter& reporter) {
  return Check(place, options, reporter).run();
}

}  // namespace swage
