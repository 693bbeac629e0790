#include "fetch/lock.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <fmt/core.h>
#include <fnmatch.h>
#include <thread>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "fetch/apt.hpp"
#include "fetch/transport.hpp"
#include "store/nar.hpp"
#include "plan/sources.hpp"

namespace swage {

namespace {

constexpr std::string_view kSource = "source:";
constexpr std::string_view kSeed = "seed:";
constexpr std::string_view kNative = "amd64";   // the build platform's architecture

constexpr std::string_view kRoot = "root:";

// `2.44-3`, `2.44+3+b1`, `12.2.0-14+deb12u1` -> 2.44, 2.44, 12.2.0: packages that are built from another's source put
// more after it.
std::string package_upstream(std::string_view distribution_version) {
  const std::string version = upstream_version(distribution_version);
  std::string numbers = version.substr(0, version.find_first_not_of("0123456789."));
  while (numbers.ends_with('.')) numbers.pop_back();
  return numbers;
}

bool is_source(const LockRequest& request) { return request.key.starts_with(kSource); }
bool is_seed(const LockRequest& request) { return request.key.starts_with(kSeed); }

// One request and what came of it.
struct Job {
  const LockRequest* request = nullptr;
  std::vector<AptChoice> choices{};     // of a set or seed
  std::string dsc{};                    // of a source
  std::optional<Error> error{};
};

struct SuiteWork {
  AptSuite apt;
  std::vector<Job> jobs{};
  std::optional<Error> error{};         // the whole suite cannot be had
};

constexpr std::size_t kQuestions = 8;   // to mirrors at once

std::size_t cores() { return std::max(1U, std::thread::hardware_concurrency()); }

// Runs `work(i)` for all i below `count` on so many threads.
template <class Work>
void in_parallel(std::size_t count, std::size_t at_once, const Work& work) {
  std::atomic<std::size_t> next{0};
  const auto loop = [&] {
    for (std::size_t i; (i = next++) < count;) work(i);
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < std::min(count, at_once); ++i) threads.emplace_back(loop);
  loop();
  for (std::thread& thread : threads) thread.join();
}

// Tells when something starts and, at its end, how it went.
class JobEvents {
 public:
  JobEvents(Reporter& reporter, std::string name, std::string subject) : reporter_(reporter) {
    reporter_.on(JobStarted{.id = id_, .kind = "lock", .name = std::move(name), .subject = std::move(subject)});
  }
  void finish(bool ok) {
    reporter_.on(
        JobFinished{.id = id_,
                    .ok = ok,
                    .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count()});
  }
  std::uint64_t id() const { return id_; }

 private:
  Reporter& reporter_;
  std::uint64_t id_ = next_job_id();
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

bool fits(const AptChoice& choice, const std::string& pattern) {
  return ::fnmatch(pattern.c_str(), choice.name.c_str(), 0) == 0;
}

// A toolchain is chosen by the versions that its row declares: a suite that has others now must not pass for it.
std::optional<Error> moved_on(const LockRequest& request, const std::vector<AptChoice>& choices) {
  for (const AptChoice& choice : choices) {
    const auto declared = request.declared.find(choice.name);
    if (declared == request.declared.end()) continue;
    const std::string found = package_upstream(choice.version);
    const auto version = Version::parse(found);
    if (version && declared->second.is_prefix_of(*version)) continue;
    return Error{.code = Errc::invalid_input,
                 .what = fmt::format("suite '{}' has {} {}, and the catalog declares {}", request.suite, choice.name,
                                     found, declared->second.str())};
  }
  return std::nullopt;
}

// The choices that the request is for: a kernel, and not what installing it needs.
Result<std::vector<AptChoice>> only_of(const LockRequest& request, std::vector<AptChoice> choices) {
  if (request.only.empty()) return choices;
  for (const std::string& pattern : request.only)
    if (std::none_of(choices.begin(), choices.end(), [&](const AptChoice& choice) { return fits(choice, pattern); }))
      return fail(Errc::invalid_input, fmt::format("suite '{}' takes nothing that is called '{}' for {}", request.suite,
                                                   pattern, join(request.packages, ", ")));
  std::erase_if(choices, [&](const AptChoice& choice) {
    return std::none_of(request.only.begin(), request.only.end(),
                        [&](const std::string& pattern) { return fits(choice, pattern); });
  });
  return choices;
}

void answer(const AptSuite& apt, Job& job) {
  const LockRequest& request = *job.request;
  if (is_source(request)) {
    if (request.series) return;   // apt knows but one version
    auto dsc = apt.source_dsc(request.packages.front());
    if (dsc) job.dsc = std::move(*dsc);
    else job.error = std::move(dsc).error();
  } else {
    auto choices = apt.solve(request.packages);
    if (choices) choices = only_of(request, *std::move(choices));
    if (choices) job.error = moved_on(request, job.choices = std::move(*choices));
    else job.error = std::move(choices).error();
  }
}

class Locker {
 public:
  Locker(const LockOptions& options, std::vector<AptSource> sources, ArchiveNames archives, Reporter& reporter)
      : options_(options), sources_(std::move(sources)), archives_(std::move(archives)), reporter_(reporter) {
    if (options.keep) lock_ = *options.keep;
    else if (options.before) lock_.archives = options.before->archives;
    for (auto& [sha256, file] : lock_.files)   // the lock is of another day soon
      if (file.day.empty()) file.day = lock_.created;
    if (const Lockfile* known = before()) seen_ = known->suites;
  }

  Result<Lockfile> make(std::vector<LockRequest> requests) {
    std::set<std::string> unknown = options_.wanted;
    for (const LockRequest& request : requests) unknown.erase(request.key);
    for (const std::string& key : unknown) lock_.missing.insert_or_assign(key, "the catalog has no such row");
    std::erase_if(requests, [&](const LockRequest& request) {
      return !options_.wanted.contains(request.key) || is_pinned(request);
    });
    for (const LockRequest& request : requests) lock_.missing.erase(request.key);
    std::map<std::string, SuiteWork> suites = by_suite(requests);
    ask(suites);
    if (interrupted()) return fail(Errc::interrupted, "making the lock was interrupted");
    SWAGE_CHECK(take_releases(suites));
    for (auto& [name, suite] : suites) {
      if (suite.error) {
        for (Job& job : suite.jobs) job.error = suite.error;
        continue;
      }
      SWAGE_CHECK(take_sets(suite));
      SWAGE_CHECK(take_sources(suite));
    }
    for (auto& [name, suite] : suites)
      for (Job& job : suite.jobs)
        if (is_seed(*job.request) && !job.error)
          if (auto done = take_seed(job); !done) {
            if (done.error().code == Errc::interrupted) return Fail(std::move(done).error());
            job.error = std::move(done).error();
          }
    SWAGE_CHECK(note_missing(suites, requests.size()));
    lock_.created = now_.substr(0, std::string_view("2026-01-31").size());
    date_files();
    drop_unused_files();
    return std::move(lock_);
  }

 private:
  const Lockfile* before() const { return options_.keep ? options_.keep : options_.before; }

  // How old the suites are that were read; an error when one is too old.
  Result<void> take_releases(const std::map<std::string, SuiteWork>& suites) {
    std::map<std::string, std::string> read;   // the newest, of several architectures
    for (const auto& [name, suite] : suites) {
      if (suite.apt.stale()) return Fail(*suite.apt.stale());
      for (const std::string& reason : suite.apt.unread()) reporter_.on(Message{fmt::format("note: {}", reason)});
      if (suite.error) continue;
      for (const AptRelease& release : suite.apt.releases())
        if (!release.date.empty()) read[release.key] = std::max(read[release.key], release.date);
    }
    for (auto& [key, date] : seen_) lock_.suites.emplace(key, date);
    for (auto& [key, date] : read) lock_.suites.insert_or_assign(key, std::move(date));
    return {};
  }

  // Whether the kept lock file has the answer, to the question as it is now.
  bool is_pinned(const LockRequest& request) const {
    if (is_source(request)) return lock_.sources.contains(request.key.substr(kSource.size()));
    if (is_seed(request)) {
      const auto seed = lock_.seeds.find(request.key.substr(kSeed.size()));
      return seed != lock_.seeds.end() && seed->second.member == request.member;
    }
    return answers(lock_, request);
  }

  // Whether a set of the lock is what the request asks for.
  static bool answers(const Lockfile& lock, const LockRequest& request) {
    const auto set = lock.sets.find(request.key);
    if (set == lock.sets.end()) return false;
    if (set->second.suite != request.suite || set->second.request != request.locked_as) return false;
    std::vector<AptChoice> choices;
    for (const std::string& sha256 : set->second.files)
      choices.push_back({lock.files.at(sha256).name, lock.files.at(sha256).version});
    return !moved_on(request, choices);
  }

  std::map<std::string, SuiteWork> by_suite(const std::vector<LockRequest>& requests) const {
    std::map<std::string, SuiteWork> suites;
    for (const LockRequest& request : requests) {
      const bool with_sources = std::any_of(requests.begin(), requests.end(), [&](const LockRequest& other) {
        return other.suite == request.suite && is_source(other);
      });
      const bool native = request.architecture == kNative;
      const std::string components = join(request.components, "-");
      const bool usual = native && components == "main";
      std::string place = request.suite;
      if (!native) place += "-" + request.architecture;
      if (components != "main") place += "-" + components;
      auto [at, added] = suites.try_emplace(
          place,
          SuiteWork{AptSuite(options_.cache_dir / place, request.suite, request.architecture, request.components,
                             with_sources && usual ? AptSuite::Index::packages_and_sources : AptSuite::Index::packages,
                             options_.fetch.tries)});
      at->second.jobs.push_back({.request = &request});
    }
    return suites;
  }

  // All indices at once, since the network is what is waited for; then all questions, as many at once as there are
  // cores.
  void ask(std::map<std::string, SuiteWork>& suites) {
    std::vector<std::thread> threads;
    for (auto& [name, suite] : suites)
      threads.emplace_back([&suite = suite, this] {
        JobEvents events(reporter_, fmt::format("package index of {}", suite.apt.name()), suite.apt.name());
        std::vector<std::string> packages;
        for (const Job& job : suite.jobs)
          if (!is_source(*job.request))
            packages.insert(packages.end(), job.request->packages.begin(), job.request->packages.end());
        AptFreshness freshness{.seen = &seen_, .now = now_, .allow_older = options_.allow_older};
        for (const Job& job : suite.jobs)   // no other command asks for those
          if (job.request->on_demand && !lock_.sets.contains(job.request->key))
            freshness.allowed_by += " --root " + job.request->key.substr(kRoot.size());
        auto updated = suite.apt.update(sources_, freshness);
        if (updated) updated = suite.apt.narrow(packages);
        if (!updated) suite.error = std::move(updated).error();
        events.finish(!suite.error);
      });
    for (std::thread& thread : threads) thread.join();

    std::vector<std::pair<const AptSuite*, Job*>> jobs;
    for (auto& [name, suite] : suites)
      if (!suite.error)
        for (Job& job : suite.jobs) jobs.emplace_back(&suite.apt, &job);
    if (jobs.empty()) return;
    JobEvents events(reporter_, fmt::format("{} package sets", jobs.size()), "apt");
    in_parallel(jobs.size(), cores(), [&](std::size_t i) {
      if (!interrupted()) answer(*jobs[i].first, *jobs[i].second);
    });
    events.finish(true);
  }

  // From apt's choices to files of the pool, with one pass over the index.
  Result<void> take_sets(SuiteWork& suite) {
    std::set<AptChoice> wanted;
    for (const Job& job : suite.jobs) wanted.insert(job.choices.begin(), job.choices.end());
    if (wanted.empty()) return {};
    SWAGE_TRY(const std::vector<AptIndex> indices, suite.apt.packages_indices(archives_));
    const std::map<AptChoice, LockedFile> files = find_in_packages(indices, wanted);
    for (Job& job : suite.jobs) {
      if (job.error || is_source(*job.request)) continue;
      std::sort(job.choices.begin(), job.choices.end());
      LockedSet set{.suite = job.request->suite, .request = job.request->locked_as};
      for (const AptChoice& choice : job.choices) {
        const auto file = files.find(choice);
        if (file == files.end() || !check_pool_path(file->second.path) ||
            !Hash::from_hex(HashAlgo::sha256, file->second.sha256)) {
          job.error = Error{.code = Errc::environment,
                            .what = fmt::format("the index of suite '{}' does not describe '{} {}'", job.request->suite,
                                                choice.name, choice.version)};
          break;
        }
        set.files.push_back(file->second.sha256);
        lock_.files.emplace(file->second.sha256, file->second);
      }
      SWAGE_TRY(const bool kept, keep_before(job, set));
      if (kept) continue;
      if (!job.error && !is_seed(*job.request)) lock_.sets.insert_or_assign(job.request->key, std::move(set));
    }
    return {};
  }

  // Whether the set of the lock before stands, because the mirrors do not have a package of the new one yet. Only what
  // is new is asked for.
  Result<bool> keep_before(const Job& job, const LockedSet& set) {
    if (job.error || !options_.before || is_seed(*job.request) || !answers(*options_.before, *job.request))
      return false;
    const LockedSet& old = options_.before->sets.at(job.request->key);
    for (const std::string& sha256 : set.files) {
      if (options_.before->files.contains(sha256)) continue;
      const LockedFile& file = lock_.files.at(sha256);
      if (!absent_.contains(sha256)) { SWAGE_TRY(absent_[sha256], absent(file)); }
      if (!absent_[sha256]) continue;
      reporter_.on(Message{fmt::format("note: '{}' stays as it was: the mirrors do not have {} {}", job.request->key,
                                       file.name, file.version)});
      for (const std::string& one : old.files) lock_.files.emplace(one, options_.before->files.at(one));
      lock_.sets.insert_or_assign(job.request->key, old);
      return true;
    }
    return false;
  }

  Result<void> take_sources(SuiteWork& suite) {
    const auto wanted = [](const Job& job) { return is_source(*job.request) && !job.error; };
    if (std::none_of(suite.jobs.begin(), suite.jobs.end(), wanted)) return {};
    SWAGE_TRY(const std::vector<AptIndex> indices, suite.apt.sources_indices(archives_));
    std::vector<Job*> jobs;
    for (Job& job : suite.jobs)
      if (wanted(job)) jobs.push_back(&job);
    std::vector<Result<LockedFile>> files(jobs.size(), LockedFile{});
    in_parallel(jobs.size(), kQuestions, [&](std::size_t i) { files[i] = newest_there(indices, *jobs[i]); });
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      Job& job = *jobs[i];
      auto& file = files[i];
      if (!file && file.error().code == Errc::interrupted) return Fail(std::move(file).error());
      if (file && !check_pool_path(file->path))
        file = fail(Errc::environment,
                    fmt::format("the index of suite '{}' has the odd path '{}'", job.request->suite, file->path));
      if (!file) {
        job.error = std::move(file).error();
        continue;
      }
      lock_.sources.emplace(job.request->key.substr(kSource.size()), file->sha256);
      lock_.files.emplace(file->sha256, std::move(*file));
    }
    return {};
  }

  // What the index has of the source, best first, and then what the lock pinned before: an index may be ahead of the
  // mirrors' files for hours.
  Result<std::vector<LockedFile>> candidates(const std::vector<AptIndex>& indices, const Job& job) const {
    const LockRequest& request = *job.request;
    const std::string& package = request.packages.front();
    std::vector<LockedFile> files = find_versions_in_sources(indices, package, request.series);
    if (!request.series) {
      SWAGE_TRY(LockedFile chosen, find_in_sources(indices, package, job.dsc));
      std::erase_if(files, [&](const LockedFile& file) { return file.path == chosen.path; });
      files.insert(files.begin(), std::move(chosen));
    } else if (files.empty()) {
      return fail(Errc::invalid_input,
                  fmt::format("suite '{}' has no {} {}", request.suite, package, request.series->str()));
    }
    if (const Lockfile* known = before())
      if (const auto pinned = known->sources.find(request.key.substr(kSource.size())); pinned != known->sources.end())
        files.push_back(known->files.at(pinned->second));
    return files;
  }

  // A mirror that asks another one when it is asked may not have a file at first: it is asked twice, where tries are
  // allowed.
  Result<bool> absent(const LockedFile& file) {
    const Source::Download what{.name = file.store_name(), .sha256 = file.sha256, .pool_path = file.path};
    SWAGE_TRY(const bool at_first, transport_.absent(what));
    if (!at_first || options_.fetch.tries < 2) return at_first;
    std::this_thread::sleep_for(std::chrono::duration<double>(options_.fetch.first_delay));
    return transport_.absent(what);
  }

  // The first of them that the mirrors have; when they have none the best, which they may have when it is needed.
  Result<LockedFile> newest_there(const std::vector<AptIndex>& indices, const Job& job) {
    SWAGE_TRY(std::vector<LockedFile> files, candidates(indices, job));
    const std::string& package = job.request->packages.front();
    std::vector<std::string> missing;
    for (LockedFile& file : files) {
      SWAGE_TRY(const bool is_absent, absent(file));
      const std::string version = upstream_version(file.version);
      if (!is_absent) {
        std::erase(missing, version);   // another pocket has the same
        if (!missing.empty())
          reporter_.on(Message{
              fmt::format("note: {} {} is pinned: the mirrors do not have {}", package, version, join(missing, ", "))});
        return std::move(file);
      }
      if (std::find(missing.begin(), missing.end(), version) == missing.end()) missing.push_back(version);
    }
    reporter_.on(Message{fmt::format("note: {} {} is pinned, and the mirrors do not have it{}", package,
                                     missing.front(), missing.size() > 1 ? ", nor an older one" : "")});
    return std::move(files.front());
  }

  FetchOptions fetch_options() const {
    FetchOptions fetch = options_.fetch;
    for (const AptSource& source : sources_)
      if (std::find(fetch.mirrors.begin(), fetch.mirrors.end(), source.uri) == fetch.mirrors.end())
        fetch.mirrors.push_back(source.uri);
    return fetch;
  }

  // Downloads the package: the hash of a program in it is in no index.
  Result<void> take_seed(const Job& job) {
    const LockRequest& request = *job.request;
    const auto chosen = std::find_if(lock_.files.begin(), lock_.files.end(), [&](const auto& entry) {
      return entry.second.name == request.packages.front() &&
             std::any_of(job.choices.begin(), job.choices.end(), [&](const AptChoice& choice) {
               return choice.name == entry.second.name && choice.version == entry.second.version;
             });
    });
    if (chosen == lock_.files.end())
      return fail(Errc::environment, fmt::format("apt does not choose '{}' for itself", request.packages.front()));
    const LockedFile& file = chosen->second;
    const fs::path downloads = options_.cache_dir / "downloads";
    JobEvents events(reporter_, file.store_name(), file.store_name());
    SWAGE_TRY(const PartFile part, PartFile::acquire(downloads, file.sha256));
    const auto got =
        transport_.get({.name = file.store_name(), .sha256 = file.sha256, .size = file.size, .pool_path = file.path},
                      part, events.id());
    events.finish(got.has_value());
    SWAGE_CHECK(got);
    SWAGE_TRY(const TempDir directory, TempDir::create("seed", downloads));
    SWAGE_CHECK(extract_deb_program(part.path(), request.member, directory.path() / "tree", file.store_name()));
    SWAGE_TRY(const NarHash nar, hash_nar(directory.path() / "tree"));
    part.remove();
    lock_.seeds.insert_or_assign(
        request.key.substr(kSeed.size()),
        LockedSeed{.sha256 = file.sha256, .member = request.member, .nar_sha256 = nar.hash.hex()});
    return {};
  }

  Result<void> note_missing(const std::map<std::string, SuiteWork>& suites, std::size_t requests) {
    std::vector<const Job*> failed;
    for (const auto& [name, suite] : suites)
      for (const Job& job : suite.jobs)
        if (job.error) failed.push_back(&job);
    const auto is_new = [&](const Job* job) {   // or needed now
      return !options_.keep || job->request->on_demand || !options_.keep->missing.contains(job->request->key);
    };
    // Of one reason, such as no network, nobody needs to read once for each set.
    if (!failed.empty() && failed.size() == requests && std::any_of(failed.begin(), failed.end(), is_new)) {
      const Job& job = *failed.front();
      Error error = *job.error;
      std::set<std::string> told{error.what};
      for (const auto& [name, suite] : suites)
        if (suite.error && told.insert(suite.error->what).second)
          reporter_.on(Message{fmt::format("note: {}", without_hosts(suite.error->what, sources_))});
      error.notes.push_back("nothing that is to be pinned can be had from the distribution");
      if (error.code == Errc::invalid_input && !job.request->pos.file.empty()) error.where = job.request->pos;
      else if (error.hint.empty()) error.hint = "check the host's package sources with: apt-get update";
      return Fail(std::move(error));
    }
    for (const auto& [name, suite] : suites) leave_out(suite);
    return {};
  }

  // What failed of a suite. That it cannot be read at all is said once.
  void leave_out(const SuiteWork& suite) {
    const bool is_unread = suite.error && suite.jobs.size() > 1;
    if (is_unread)
      reporter_.on(Message{fmt::format("note: {} sets and sources are left out of the lock: {}", suite.jobs.size(),
                                       without_hosts(suite.error->what, sources_))});
    for (const Job& job : suite.jobs) {
      if (!job.error) continue;
      const std::string reason = without_hosts(job.error->what, sources_);
      lock_.missing.emplace(job.request->key, reason);
      lock_.sets.erase(job.request->key);   // what was kept answers another question
      if (is_unread) continue;
      const SourcePos& pos = job.request->pos;
      const std::string place = pos.file.empty() ? "" : fmt::format(" ({}:{})", pos.file, pos.line);
      reporter_.on(Message{fmt::format("note: '{}'{} is left out of the lock: {}", job.request->key, place, reason)});
      if (job.request->on_demand && !job.error->hint.empty()) reporter_.on(Message{"hint: " + job.error->hint});
    }
    if (is_unread && !suite.error->hint.empty()) reporter_.on(Message{"hint: " + suite.error->hint});
  }

  // What the lock before has too keeps the day that it says, so that only what is new makes a difference to it.
  void date_files() {
    for (auto& [sha256, file] : lock_.files) {
      if (const Lockfile* known = before())
        if (const auto old = known->files.find(sha256); old != known->files.end()) {
          if (!old->second.day.empty()) file = old->second;
          else if (file.day.empty()) file.day = known->created;
        }
      if (file.day.empty()) file.day = lock_.created;   // of a Release without date
    }
  }

  // Files of sets that failed half-way, and what a seed's package depends on.
  void drop_unused_files() {
    std::set<std::string> used;
    for (const auto& [key, set] : lock_.sets) used.insert(set.files.begin(), set.files.end());
    for (const auto& [key, sha256] : lock_.sources) used.insert(sha256);
    for (const auto& [key, seed] : lock_.seeds) used.insert(seed.sha256);
    std::erase_if(lock_.files, [&](const auto& entry) { return !used.contains(entry.first); });
  }

  const LockOptions& options_;
  std::vector<AptSource> sources_;
  ArchiveNames archives_;
  Reporter& reporter_;
  std::map<std::string, std::string> seen_{};   // Lockfile::suites, before
  const std::string now_ = time_text("%Y-%m-%dT%H:%M:%SZ", std::time(nullptr));
  Transport transport_{fetch_options(), reporter_};
  std::map<std::string, bool> absent_{};        // packages by sha256, once they were asked for
  Lockfile lock_{};
};

}  // namespace

bool is_on_demand(const RootRow& row) { return row.architecture != kNative || !row.only.empty(); }

std::set<std::string> pinned_on_demand(const Catalog& catalog, const Lockfile& lock) {
  std::set<std::string> found;
  for (const RootRow& row : catalog.roots())
    if (is_on_demand(row) && lock.sets.contains(root_key(row))) found.insert(root_key(row));
  return found;
}

Result<std::vector<LockRequest>> lock_requests(const Catalog& catalog) {
  std::map<std::string, LockRequest> requests;
  const auto add = [&](LockRequest request) {
    std::sort(request.packages.begin(), request.packages.end());
    request.packages.erase(std::unique(request.packages.begin(), request.packages.end()), request.packages.end());
    if (request.locked_as.empty()) request.locked_as = set_request(request.packages);
    std::string key = request.key;
    requests.emplace(std::move(key), std::move(request));
  };
  for (const RootRow& row : catalog.roots())
    add({.key = root_key(row),
         .suite = row.suite,
         .packages = row.packages,
         .only = row.only,
         .components = row.components,
         .architecture = row.architecture,
         .on_demand = is_on_demand(row),
         .locked_as = root_request(row),
         .pos = row.origin.pos});
  SWAGE_TRY(const std::vector<const ToolchainRow*> toolchains, catalog.all_toolchains());
  for (const ToolchainRow* each : toolchains) {
    const ToolchainRow& row = *each;
    if (row.suite.empty() || row.packages.empty()) continue;
    LockRequest request{
        .key = toolchain_key(row), .suite = row.suite, .packages = row.packages, .pos = row.origin.pos};
    request.declared.emplace(row.packages[0], row.version);
    if (row.packages.size() > 1 && row.binutils) request.declared.emplace(row.packages[1], *row.binutils);
    if (!row.cxx.empty()) {
      LockRequest full = request;
      full.key = toolchain_key(row, true);
      full.packages.insert(full.packages.end(), row.cxx.begin(), row.cxx.end());
      add(std::move(full));
    }
    add(std::move(request));
  }
  for (const SeedRow& row : catalog.seeds())
    add({.key = seed_key(row.name),
         .suite = row.suite,
         .packages = {row.package},
         .pos = row.origin.pos,
         .member = row.member});
  const auto add_source = [&](const SourceSpec& source, const Origin& origin) {
    if (source.debian_package.empty()) return;
    add({.key = source_key(source),
         .suite = source.debian_suite,
         .packages = {source.debian_package},
         .pos = origin.pos,
         .series = source.debian_series});
  };
  for (const KernelRow& row : catalog.kernels()) add_source(row.source, row.origin);
  SWAGE_TRY(const std::vector<ComponentRow>* components, catalog.components());
  for (const ComponentRow& row : *components) add_source(row.source, row.origin);
  SWAGE_TRY(const std::vector<const RecipeRow*> recipes, catalog.recipes());
  for (const RecipeRow* row : recipes) add_source(row->source, row->origin);
  std::vector<LockRequest> sorted;
  for (auto& [key, request] : requests) sorted.push_back(std::move(request));
  return sorted;
}

Result<Lockfile> make_lock(const Catalog& catalog, const LockOptions& options, Reporter& reporter) {
  LockOptions filled = options;
  if (filled.sources.empty()) {
    SWAGE_TRY(filled.sources, host_sources());
    if (filled.sources.empty())
      return Fail(Error{.code = Errc::environment,
                        .what = "the host's apt has no source for its own release",
                        .hint = "see which sources it has with: apt-get indextargets"});
    SWAGE_TRY(const HostProxies proxies, host_proxies());
    filled.fetch.http_proxy = proxies.http;
    filled.fetch.https_proxy = proxies.https;
  }
  SWAGE_CHECK(make_directories(filled.cache_dir));
  SWAGE_TRY(filled.cache_dir, absolute_path(filled.cache_dir));
  SWAGE_TRY(const FileLock lock, FileLock::acquire(filled.cache_dir / "lock", FileLock::Mode::exclusive));
  SWAGE_TRY(const std::vector<LockRequest> requests, lock_requests(catalog));
  ArchiveNames archives;
  for (const ArchiveRow& row : catalog.archives())
    for (const std::string& release : row.releases) archives.emplace(release, row.name);
  return Locker(filled, filled.sources, std::move(archives), reporter).make(requests);
}

}  // namespace swage
