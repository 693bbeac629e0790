#include "cache/caches.hpp"

#include <algorithm>
#include <atomic>
#include <fmt/core.h>
#include <future>
#include <set>

#include "base/url.hpp"
#include "cache/read_nar.hpp"

namespace swage {

namespace {

constexpr const char* kAboutCache = "nix-cache-info";
constexpr unsigned kMostFailures = 5;   // paths that a cache may get wrong, until it is left out

// The disk's own trouble is told from the cache's, which ends as an error of the stream.
struct Unpacked {
  Result<void> done{};
  bool of_disk = false;
};

Unpacked unpack(CachePlace& place, const NarInfo& narinfo, const fs::path& tree,
                const std::function<void(std::uint64_t)>& progress) {
  bool stream_failed = false, disk_failed = false;
  Result<void> done = read_nar(place, narinfo, [&](const ByteSource& plain) {
    const Result<void> restored = restore_nar([&](char* buffer, std::size_t size) {
      Result<std::size_t> got = plain(buffer, size);
      stream_failed = stream_failed || !got;
      return got;
    }, tree);
    disk_failed = !restored && !stream_failed && restored.error().code == Errc::environment;
    return restored;
  }, progress, FileHash::left_alone);
  if (done) {
    done = canonicalise(tree);
    disk_failed = !done;
  }
  return {.done = std::move(done), .of_disk = disk_failed};
}

// That a file or text has the content that its address is of, when it says one.
Result<void> prove_address(PathInfo& info, const fs::path& tree) {
  if (!is_content_addressed(info)) {
    info.ca.reset();
    return {};
  }
  NarFile nar;
  struct stat st {};
  if (::lstat(tree.c_str(), &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IXUSR) == 0) {
    SWAGE_TRY(nar.content, hash_file(info.ca->hash.algo, tree));
  }
  if (proves_address(info, nar)) return {};
  return fail(Errc::hash_mismatch, fmt::format("'{}' has not the content of its address", info.path.str()));
}

}  // namespace

struct Caches::Cache {
  struct Known {
    std::optional<NarInfo> narinfo{};   // none: it has it not, or nobody who is trusted has signed it
    bool remembered = false;            // by an earlier run
  };
  std::string url{};
  std::unique_ptr<CachePlace> place{};  // none: it could not be opened
  int priority = 50;
  std::map<StorePath, Known> known{};
  CacheUse use{};
};

Caches::Caches(CachesOptions options) : options_(std::move(options)), memory_(options_.memory) {}
Caches::~Caches() = default;

Result<std::unique_ptr<Caches>> Caches::open(CachesOptions options) {
  for (const std::string& url : options.urls) SWAGE_CHECK(check_place(url));
  return std::unique_ptr<Caches>(new Caches(std::move(options)));
}

// What it says of itself.
Result<void> Caches::describe(Cache& cache) {
  SWAGE_TRY(cache.place, open_place(cache.url, false, options_.limits));
  cache.use.cache = cache.place->shown();
  CacheMemory::Answers known;
  if (cache.place->is_remote()) known = memory_.recall(cache.url, {kAboutCache});
  std::optional<std::string> text = known.empty() ? std::nullopt : known.begin()->second;
  if (!text) {
    SWAGE_TRY(text, cache.place->read(kAboutCache, kLargestNarInfo));
    if (!text) return fail(Errc::corrupt, fmt::format("it has no '{}'", kAboutCache));
  }
  SWAGE_TRY(const CacheInfo info, parse_cache_info(*text, kAboutCache));
  cache.priority = info.priority;
  if (known.empty() && cache.place->is_remote()) memory_.remember(cache.url, {{kAboutCache, std::move(text)}});
  return {};
}

// All at once: those that do not answer cost one time-out together.
Result<void> Caches::begin() {
  if (std::exchange(begun_, true)) return {};
  std::vector<std::future<Result<void>>> described;
  for (const std::string& url : options_.urls) {
    caches_.push_back(std::make_unique<Cache>());
    Cache& cache = *caches_.back();
    cache.url = url;
    cache.use.cache = shown_url(url);
    described.push_back(std::async(std::launch::async, [this, &cache] { return describe(cache); }));
  }
  for (std::size_t i = 0; i < caches_.size(); ++i) {
    const Result<void> done = described[i].get();
    if (done) continue;
    if (done.error().code == Errc::interrupted) begun_ = false;
    leave_out(*caches_[i], done.error().what);
  }
  if (!begun_) {
    caches_.clear();
    return fail(Errc::interrupted, "interrupted");
  }
  std::stable_sort(caches_.begin(), caches_.end(),
                   [](const auto& a, const auto& b) { return a->priority < b->priority; });
  return {};
}

void Caches::leave_out(Cache& cache, const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (cache.use.left_out.empty()) cache.use.left_out = why;
}

bool Caches::is_left_out(const Cache& cache) const {
  const std::lock_guard lock(mutex_);
  return !cache.use.left_out.empty();
}

void Caches::failed(Cache& cache, const StorePath& path, const Error& error) {
  const std::lock_guard lock(mutex_);
  cache.known[path].narinfo.reset();
  if (cache.use.failed++ == 0) cache.use.failure = error.what;
  if (cache.use.failed >= kMostFailures && cache.use.left_out.empty())
    cache.use.left_out =
        fmt::format("{} paths were not as it says, the first: {}", cache.use.failed, cache.use.failure);
}

// What a narinfo says, if it is one and may be trusted. `use` is told if not.
std::optional<NarInfo> Caches::judged(const StorePath& path, const std::string& text, CacheUse* use) const {
  Result<NarInfo> narinfo = parse_narinfo(text, narinfo_name(path));
  std::string wrong;
  if (!narinfo) wrong = narinfo.error().what;
  else if (narinfo->info.path != path)
    wrong = fmt::format("'{}' is of '{}'", narinfo_name(path), narinfo->info.path.str());
  else if (!options_.require_signatures || is_content_addressed(narinfo->info) ||
           is_trusted(narinfo->info, options_.keys))
    return *std::move(narinfo);
  if (!use) return std::nullopt;
  if (wrong.empty()) ++use->untrusted;
  else if (use->failed++ == 0) use->failure = std::move(wrong);
  return std::nullopt;
}

// For what it was not asked before. asking_ is held.
Result<void> Caches::ask(Cache& cache, const StorePathSet& paths) {
  std::map<std::string, StorePath> wanted;
  {
    const std::lock_guard lock(mutex_);
    for (const StorePath& path : paths)
      if (!cache.known.contains(path)) wanted.emplace(narinfo_name(path), path);
  }
  std::vector<std::string> names;
  for (const auto& [name, path] : wanted) names.push_back(name);
  std::map<StorePath, Cache::Known> known;
  if (cache.place->is_remote()) {
    for (const auto& [name, text] : memory_.recall(cache.url, names)) {
      Cache::Known one{.remembered = true};
      if (text) one.narinfo = judged(wanted.at(name), *text, nullptr);
      if (text && !one.narinfo) continue;   // somebody may have signed it since
      known.emplace(wanted.at(name), std::move(one));
    }
    std::erase_if(names, [&](const std::string& name) { return known.contains(wanted.at(name)); });
  }
  const std::vector<CachePlace::Answer> answers = cache.place->read_all(names, kLargestNarInfo);
  CacheMemory::Answers fresh;
  std::optional<Error> problem;
  CacheUse use;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const StorePath& path = wanted.at(names[i]);
    Cache::Known one;
    if (answers[i]) {
      const std::optional<std::string>& text = *answers[i];
      if (text) one.narinfo = judged(path, *text, &use);
      if (!text || one.narinfo) fresh.emplace(names[i], text);
    } else if (answers[i].error().code == Errc::corrupt) {
      if (use.failed++ == 0) use.failure = answers[i].error().what;
    } else {
      problem = answers[i].error();
      continue;
    }
    known.emplace(path, std::move(one));
  }
  if (cache.place->is_remote()) memory_.remember(cache.url, fresh);
  {
    const std::lock_guard lock(mutex_);
    cache.known.merge(known);
    cache.use.untrusted += use.untrusted;
    if (cache.use.failed == 0) cache.use.failure = use.failure;
    cache.use.failed += use.failed;
  }
  if (!problem) return {};
  if (problem->code == Errc::interrupted) return Fail(*std::move(problem));
  leave_out(cache, problem->what);
  return {};
}

Result<std::vector<NarInfo>> Caches::find(const StorePathSet& paths) {
  const std::lock_guard asking(asking_);
  SWAGE_CHECK(begin());
  StorePathSet open;
  std::set_difference(paths.begin(), paths.end(), given_up_.begin(), given_up_.end(), std::inserter(open, open.end()));
  std::vector<NarInfo> found;
  for (const auto& cache : caches_) {
    if (open.empty()) break;
    if (is_left_out(*cache)) continue;
    SWAGE_CHECK(ask(*cache, open));
    const std::lock_guard lock(mutex_);
    std::erase_if(open, [&](const StorePath& path) {
      const auto at = cache->known.find(path);
      if (at == cache->known.end() || !at->second.narinfo) return false;
      found.push_back(*at->second.narinfo);
      offered_.insert(path);
      return true;
    });
  }
  return found;
}

Result<std::optional<NarInfo>> Caches::answer_of(Cache& cache, const StorePath& path) {
  const std::lock_guard asking(asking_);
  if (is_left_out(cache)) return std::nullopt;
  SWAGE_CHECK(ask(cache, offered_));   // of which more may be wanted soon
  const std::lock_guard lock(mutex_);
  const auto at = cache.known.find(path);
  return at == cache.known.end() ? std::nullopt : at->second.narinfo;
}

// An answer of an earlier run may be out of date: true when there was one, and it is to be asked again.
bool Caches::forget(Cache& cache, const StorePath& path) {
  const std::lock_guard lock(mutex_);
  const auto at = cache.known.find(path);
  if (at == cache.known.end() || !at->second.remembered) return false;
  cache.known.erase(at);
  memory_.forget(cache.url, narinfo_name(path));
  return true;
}

Result<std::optional<PathInfo>> Caches::get(const StorePath& path, const StorePathSet& references, const fs::path& tree,
                                            Reporter& reporter, std::uint64_t job_id) {
  const Traffic::Running running(options_.traffic);
  for (const auto& cache : caches_) {
    for (;;) {
      SWAGE_TRY(const std::optional<NarInfo> narinfo, answer_of(*cache, path));
      if (!narinfo || !std::includes(references.begin(), references.end(), narinfo->info.references.begin(),
                                     narinfo->info.references.end()))
        break;
      std::uint64_t told = 0, bytes = 0;
      Unpacked unpacked = unpack(*cache->place, *narinfo, tree, [&](std::uint64_t got) {
        if (options_.traffic) options_.traffic->add(got - bytes);
        bytes = got;
        if (got < told + 1'000'000 && got != narinfo->file_size) return;
        told = got;
        reporter.on(JobProgress{.id = job_id, .done = got, .total = narinfo->file_size});
      });
      if (unpacked.of_disk) return Fail(std::move(unpacked.done).error());
      PathInfo info = narinfo->info;
      if (unpacked.done) unpacked.done = prove_address(info, tree);
      if (unpacked.done) {
        const std::lock_guard lock(mutex_);
        ++cache->use.paths;
        cache->use.bytes += bytes;
        return info;
      }
      const Error error = std::move(unpacked.done).error();
      SWAGE_CHECK(remove_tree(tree));
      if (error.code == Errc::interrupted) return Fail(error);
      if (error.code == Errc::environment) {
        leave_out(*cache, error.what);
        break;
      }
      if (forget(*cache, path)) continue;
      failed(*cache, path, error);
      break;
    }
  }
  const std::lock_guard asking(asking_);
  given_up_.insert(path);
  return std::nullopt;
}

std::vector<CacheUse> Caches::uses() const {
  const std::lock_guard lock(mutex_);
  std::vector<CacheUse> all;
  for (const auto& cache : caches_) all.push_back(cache->use);
  return all;
}

}  // namespace swage
