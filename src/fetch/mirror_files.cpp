#include "fetch/mirror_files.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/fs.h>
#include <mutex>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "fetch/transport.hpp"
#include "plan/sources.hpp"

namespace swage {

namespace {

constexpr unsigned kDownloads = 8;       // at once
constexpr unsigned kLooks = 16;          // questions to a web server at once

// Calls `work(sha256, file)` for all of them, on so many threads, until one fails or the user stops it. The first
// error.
template <class Map, class Work>
Result<void> for_each_at_once(const Map& files, std::size_t at_once, const Work& work) {
  std::vector<typename Map::const_iterator> all;
  for (auto at = files.begin(); at != files.end(); ++at) all.push_back(at);
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::optional<Error> error;
  std::atomic<bool> failed{false};
  const auto loop = [&] {
    for (std::size_t i; (i = next++) < all.size() && !failed && !interrupted();) {
      const Result<void> done = work(all[i]->first, all[i]->second);
      if (done) continue;
      const std::scoped_lock lock(mutex);
      if (!error) error = done.error();
      failed = true;
    }
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < std::min(all.size(), at_once); ++i) threads.emplace_back(loop);
  loop();
  threads.clear();
  if (error) return Fail(*std::move(error));
  return check_interrupt();
}

std::size_t cores_of_machine() { return std::max(1U, std::thread::hardware_concurrency()); }

// Reads a file to its end.
Result<void> read_through(int fd, const fs::path& path, const ByteSink& sink) {
  std::vector<char> buffer(1 << 18);
  for (;;) {
    SWAGE_CHECK(check_interrupt());
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(fmt::format("cannot read '{}'", path.string()), errno);
    if (got == 0) return {};
    SWAGE_CHECK(sink({buffer.data(), static_cast<std::size_t>(got)}));
  }
}

Result<std::string> sha256_of_file(const fs::path& path, std::uint64_t& bytes) {
  SWAGE_TRY(const UniqueFd fd, open_regular(path));
  Hasher hasher;
  SWAGE_CHECK(read_through(fd.get(), path, [&](std::string_view data) -> Result<void> {
    hasher.update(data);
    bytes += data.size();
    return {};
  }));
  return hasher.finish().hex();
}

bool is_nar_of_tree(const Source& source) {
  return std::holds_alternative<Source::Tree>(source.how) || std::holds_alternative<Source::Present>(source.how);
}

void add_wanted(WantedFiles& files, const std::string& sha256, WantedFile file, const std::string& needed_by) {
  WantedFile& known = files.emplace(sha256, std::move(file)).first->second;
  known.needed_by.insert(needed_by);
}

class MirrorPusher {
 public:
  MirrorPusher(fs::path directory, Store& store, const FetchOptions& fetch, Reporter& reporter)
      : directory_(std::move(directory)),
        incoming_(directory_ / kMirrorIncoming),
        store_(store),
        fetch_(fetch),
        reporter_(reporter) {}

  Result<MirrorPush> run(const WantedFiles& files) {
    SWAGE_CHECK(make_directories(incoming_));
    std::vector<Error> stuck;   // what a killed push left; another user's stays, and is in nobody's way
    SWAGE_CHECK(remove_abandoned(incoming_, Abandoned::like_a_tempdir, stuck));
    Result<void> done = for_each_at_once(files, kDownloads, [&](const std::string& sha256, const WantedFile& file) {
      return put(sha256, file);
    });
    // Also of a push that ends early: what it brought is there.
    if (Result<void> written = write_index(); !written && done) done = std::move(written);
    if (!done) return Fail(std::move(done).error());
    const auto by_hash = [](const MirrorProblem& a, const MirrorProblem& b) { return a.sha256 < b.sha256; };
    std::sort(result_.missing.begin(), result_.missing.end(), by_hash);
    return std::move(result_);
  }

 private:
  enum class How { present, taken, fetched };

  Result<void> put(const std::string& sha256, const WantedFile& file) {
    const fs::path target = directory_ / mirror_path(sha256);
    struct stat status{};
    if (::lstat(target.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        (file.size == 0 || file.size == static_cast<std::uint64_t>(status.st_size)))
      return there(sha256, file, How::present);
    SWAGE_CHECK(make_directories(target.parent_path()));
    SWAGE_TRY(const bool taken, take(sha256, file, target));
    if (taken) return there(sha256, file, How::taken);
    const Result<void> got = fetch(sha256, file, target);
    if (got) return there(sha256, file, How::fetched);
    const Error& error = got.error();
    if (error.code == Errc::interrupted || error.os_error != 0) return Fail(error);   // of the disk
    const std::scoped_lock lock(mutex_);
    result_.missing.push_back(
        {.sha256 = sha256, .name = file.name, .what = error.what, .notes = error.notes, .needed_by = file.needed_by});
    return {};
  }

  Result<void> there(const std::string& sha256, const WantedFile& file, How how) {
    struct stat status{};
    const fs::path target = directory_ / mirror_path(sha256);
    if (::lstat(target.c_str(), &status) != 0)
      return fail_errno(fmt::format("cannot read '{}'", target.string()), errno);
    const std::scoped_lock lock(mutex_);
    ++(how == How::present ? result_.present : how == How::taken ? result_.taken : result_.fetched);
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (how != How::present) result_.bytes += size;
    index_[sha256] = {.name = file.name, .size = size, .needed_by = file.needed_by};
    return {};
  }

  // Out of the store. False: it is not there, or no more what it was.
  Result<bool> take(const std::string& sha256, const WantedFile& file, const fs::path& target) {
    StorePath path = file.source.path;
    if (const auto* member = std::get_if<Source::Member>(&file.source.how)) {
      SWAGE_TRY(const Hash hash, Hash::from_hex(HashAlgo::sha256, sha256));
      SWAGE_TRY(path, make_fixed_path(store_name_of(member->package.name), ContentMethod::flat, hash));
    }
    SWAGE_CHECK(store_.add_temp_root(path));
    SWAGE_TRY(const bool valid, store_.is_valid(path));
    if (!valid) return false;
    const fs::path real = store_.real_path(path);
    return is_nar_of_tree(file.source) ? take_tree(sha256, real, target) : take_file(sha256, real, target);
  }

  Result<bool> take_file(const std::string& sha256, const fs::path& real, const fs::path& target) {
    std::uint64_t bytes = 0;
    SWAGE_TRY(const std::string digest, sha256_of_file(real, bytes));
    if (digest != sha256) return false;
    SWAGE_TRY(const TempDir scratch, TempDir::create("file", incoming_));
    const fs::path copy = scratch.path() / "file";
    SWAGE_TRY(const UniqueFd from, open_regular(real));
    SWAGE_TRY(UniqueFd to, open_file(copy, O_RDWR | O_CREAT | O_EXCL, 0644));
    if (::ioctl(to.get(), FICLONE, from.get()) == 0) return settle(copy, to.get(), target);
    // Another name of the store's file, which nobody writes to.
    if (::unlink(copy.c_str()) == 0 && ::link(real.c_str(), copy.c_str()) == 0) {
      if (::rename(copy.c_str(), target.c_str()) == 0) return true;
      return fail_errno(fmt::format("cannot write '{}'", target.string()), errno);
    }
    SWAGE_TRY(to, open_file(copy, O_RDWR | O_CREAT | O_EXCL, 0644));
    Hasher hasher;
    SWAGE_CHECK(read_through(from.get(), real, [&](std::string_view data) {
      hasher.update(data);
      return write_all(to.get(), data, copy.string());
    }));
    if (hasher.finish().hex() != sha256) return false;
    return settle(copy, to.get(), target);
  }

  Result<bool> take_tree(const std::string& sha256, const fs::path& real, const fs::path& target) {
    SWAGE_TRY(const TempDir scratch, TempDir::create("nar", incoming_));
    const fs::path nar = scratch.path() / "nar";
    SWAGE_TRY(const UniqueFd to, open_file(nar, O_RDWR | O_CREAT | O_EXCL, 0644));
    Hasher hasher;
    SWAGE_CHECK(dump_nar(real, [&](std::string_view data) {
      hasher.update(data);
      return write_all(to.get(), data, nar.string());
    }));
    if (hasher.finish().hex() != sha256) return false;
    return settle(nar, to.get(), target);
  }

  // Under its own name, once it is whole and on the disk.
  Result<bool> settle(const fs::path& file, int fd, const fs::path& target) {
    if (::fchmod(fd, 0644) != 0 || ::fsync(fd) != 0)   // a server of another user is to read it
      return fail_errno(fmt::format("cannot write '{}'", file.string()), errno);
    if (::rename(file.c_str(), target.c_str()) != 0)
      return fail_errno(fmt::format("cannot write '{}'", target.string()), errno);
    return true;
  }

  Result<void> fetch(const std::string& sha256, const WantedFile& file, const fs::path& target) {
    const std::uint64_t id = next_job_id();
    const auto start = std::chrono::steady_clock::now();
    reporter_.on(JobStarted{.id = id, .kind = "fetch", .name = file.name, .subject = file.name});
    const Result<void> got = fetch_into(sha256, file, target, id);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    reporter_.on(JobFinished{.id = id, .ok = got.has_value(), .seconds = took.count()});
    return got;
  }

  Result<void> fetch_into(const std::string& sha256, const WantedFile& file, const fs::path& target, std::uint64_t id) {
    if (std::holds_alternative<Source::Present>(file.source.how))
      return fail(Errc::environment, fmt::format("'{}' is not in the store, where repeating its record puts it",
                                                 file.name));
    if (is_nar_of_tree(file.source)) {   // an archive of it is unpacked first
      SWAGE_CHECK(fetcher_.fetch(file.source, id));
      SWAGE_TRY(const bool taken, take_tree(sha256, store_.real_path(file.source.path), target));
      if (!taken) return fail(Errc::hash_mismatch, fmt::format("'{}' is not the tree that is pinned", file.name));
      return {};
    }
    SWAGE_TRY(const PartFile part, PartFile::acquire(incoming_, sha256));
    if (path_exists(target)) return part.remove(), Result<void>();   // by who held it
    if (Result<void> got = transport_.get(*file.source.download(), part, id); !got) {
      struct stat status{};
      if (::fstat(part.fd(), &status) == 0 && status.st_size == 0) part.remove();   // nothing to go on with
      return got;
    }
    return settle(part.path(), part.fd(), target).map([](bool) {});
  }

  // With what is in it already. Of two that push at once none loses what the other added.
  Result<void> write_index() {
    SWAGE_TRY(const UniqueFd held, lock_directory(directory_));
    const fs::path file = directory_ / kMirrorIndex;
    MirrorIndex index;
    if (path_exists(file)) {
      SWAGE_TRY(const std::string text, read_file(file, kLargestMirrorIndex));
      SWAGE_TRY(index, parse_mirror_index(text, file.string()));
    }
    for (auto& [sha256, entry] : index_) {
      if (const auto known = index.find(sha256); known != index.end()) entry.needed_by.merge(known->second.needed_by);
      index.insert_or_assign(sha256, entry);
    }
    return write_file_atomically(file, mirror_index_text(index));
  }

  const fs::path directory_, incoming_;
  Store& store_;
  const FetchOptions& fetch_;
  Reporter& reporter_;
  Transport transport_{fetch_, reporter_};
  Fetcher fetcher_{store_, fetch_, reporter_};
  std::mutex mutex_{};                 // of all below
  MirrorIndex index_{};                // what was found to be there, or put there
  MirrorPush result_{};
};

// One file of a mirror: what is wrong with it; "" nothing.
class MirrorChecker {
 public:
  MirrorChecker(std::string url, MirrorProof proof, const FetchOptions& fetch, Reporter& reporter)
      : url_(std::move(url)),
        directory_(mirror_directory(url_)),
        proof_(proof),
        transport_(fetch, reporter),
        reporter_(reporter) {}

  Result<MirrorIndex> index() {
    const std::string shown = directory_ ? (*directory_ / kMirrorIndex).string() : url_ + "/" + kMirrorIndex;
    Result<std::string> text =
        directory_ ? read_file(*directory_ / kMirrorIndex, kLargestMirrorIndex) : download_index();
    if (!text && text.error().code == Errc::environment)
      return Fail(std::move(text).error().hinted("fill it with: swage mirror push, or say what it should have"));
    if (!text) return Fail(std::move(text).error());
    return parse_mirror_index(*text, shown);
  }

  Result<MirrorCheck> run(const std::map<std::string, MirrorEntry>& files) {
    const bool reads = directory_ || proof_ == MirrorProof::deep;
    const std::size_t at_once = directory_ ? cores_of_machine() : reads ? kDownloads : kLooks;
    const auto look_at = [&](const std::string& sha256, const MirrorEntry& entry) -> Result<void> {
      SWAGE_TRY(std::string what, look(sha256, entry));
      const std::scoped_lock lock(mutex_);
      ++result_.files;
      if (!what.empty())
        result_.problems.push_back(
            {.sha256 = sha256, .name = entry.name, .what = std::move(what), .needed_by = entry.needed_by});
      return {};
    };
    const std::uint64_t id = next_job_id();
    reporter_.on(JobStarted{.id = id, .kind = "check", .name = fmt::format("{} files", files.size()), .subject = url_});
    const auto start = std::chrono::steady_clock::now();
    const Result<void> done = for_each_at_once(files, at_once, look_at);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    reporter_.on(JobFinished{.id = id, .ok = done.has_value(), .seconds = took.count()});
    SWAGE_CHECK(done);
    const auto by_hash = [](const MirrorProblem& a, const MirrorProblem& b) { return a.sha256 < b.sha256; };
    std::sort(result_.problems.begin(), result_.problems.end(), by_hash);
    result_.bytes = bytes_;
    return std::move(result_);
  }

 private:
  Result<std::string> look(const std::string& sha256, const MirrorEntry& entry) {
    if (directory_) return look_at_file(sha256, entry, *directory_ / mirror_path(sha256));
    const std::string url = fmt::format("{}/{}", url_, mirror_path(sha256));
    if (proof_ == MirrorProof::deep) return look_at_bytes(sha256, entry, url);
    SWAGE_TRY(const Transport::Presence there, transport_.look(url));
    if (!there.reason.empty()) return "is not there: " + there.reason;
    if (!there.size) return std::string("is there, and the server does not say how large: --deep reads it");
    if (entry.size != 0 && *there.size != entry.size) return other_size(*there.size, entry.size);
    return std::string();
  }

  static std::string other_size(std::uint64_t got, std::uint64_t wanted) {
    return fmt::format("has {} bytes, and {} are pinned", got, wanted);
  }

  Result<std::string> look_at_file(const std::string& sha256, const MirrorEntry& entry, const fs::path& file) {
    struct stat status{};
    if (::lstat(file.c_str(), &status) != 0) return std::string("is not there");
    if (!S_ISREG(status.st_mode)) return std::string("is no regular file");
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (entry.size != 0 && size != entry.size) return other_size(size, entry.size);
    std::uint64_t bytes = 0;
    const Result<std::string> digest = sha256_of_file(file, bytes);
    bytes_ += bytes;
    if (!digest && digest.error().code == Errc::interrupted) return Fail(digest.error());
    if (!digest) return digest.error().what;
    return *digest == sha256 ? std::string() : fmt::format("has other content, of sha256 {}", *digest);
  }

  Result<std::string> look_at_bytes(const std::string& sha256, const MirrorEntry& entry, const std::string& url) {
    SWAGE_TRY(const TempDir scratch, TempDir::create("mirror"));
    SWAGE_TRY(const PartFile part, PartFile::acquire(scratch.path(), sha256));
    const Result<void> got =
        transport_.get({.name = entry.name, .sha256 = sha256, .size = entry.size, .urls = {url}}, part, next_job_id());
    if (got) return bytes_ += entry.size, std::string();
    if (got.error().code == Errc::interrupted || got.error().os_error != 0) return Fail(got.error());
    const std::string reason = got.error().notes.empty() ? got.error().what : got.error().notes.back();
    const std::string prefix = url + ": ";
    return "cannot be had: " + (reason.starts_with(prefix) ? reason.substr(prefix.size()) : reason);
  }

  Result<std::string> download_index() {
    SWAGE_TRY(const TempDir scratch, TempDir::create("mirror"));
    SWAGE_TRY(const PartFile part, PartFile::acquire(scratch.path(), kMirrorIndex));
    SWAGE_CHECK(transport_.get({.name = kMirrorIndex, .urls = {fmt::format("{}/{}", url_, kMirrorIndex)}}, part,
                               next_job_id()));
    return read_file(part.path(), kLargestMirrorIndex);
  }

  const std::string url_;
  const std::optional<fs::path> directory_;
  const MirrorProof proof_;
  Transport transport_;
  Reporter& reporter_;
  std::atomic<std::uint64_t> bytes_{0};
  std::mutex mutex_{};                 // of what is below
  MirrorCheck result_{};
};

}  // namespace

void want_source(WantedFiles& files, const Source& source, const std::string& needed_by,
                 const std::string& nar_sha256) {
  if (const Source::Download* download = source.download())
    return add_wanted(files, download->sha256, {.source = source, .name = download->name, .size = download->size},
                      needed_by);
  if (const auto* tree = std::get_if<Source::Tree>(&source.how))
    return add_wanted(files, tree->nar_sha256, {.source = source, .name = tree->name}, needed_by);
  if (const auto* present = std::get_if<Source::Present>(&source.how); present && !nar_sha256.empty())
    add_wanted(files, nar_sha256, {.source = source, .name = present->from}, needed_by);
}

void want_sources(WantedFiles& files, const Graph& graph, const std::vector<StorePath>& derivations,
                  const std::string& needed_by) {
  StorePathSet reached;
  for (const StorePath& drv : derivations)
    for (StorePath& path : graph.closure(drv)) reached.insert(std::move(path));
  StorePathSet sources;
  for (const StorePath& path : reached) {
    const StorePathSet& inputs = graph.find(path)->drv.input_srcs;
    sources.insert(inputs.begin(), inputs.end());
  }
  for (const StorePath& path : sources)
    if (const auto source = graph.sources.find(path); source != graph.sources.end())
      want_source(files, source->second, needed_by);
}

Result<void> want_locked(WantedFiles& files, const Lockfile& lock, const std::string& needed_by) {
  for (const auto& [sha256, file] : lock.files) {
    SWAGE_TRY(const Source source, source_of(file, lock.created));
    want_source(files, source, needed_by);
  }
  for (const auto& [url, sha256] : lock.archives) {
    SWAGE_TRY(const Source source, source_of(lock, {.urls = {url}, .sha256 = sha256}, url));
    want_source(files, source, needed_by);
  }
  return {};
}

Result<MirrorPush> push_to_mirror(const fs::path& directory, const WantedFiles& files, Store& store,
                                  const FetchOptions& fetch, Reporter& reporter) {
  return MirrorPusher(directory, store, fetch, reporter).run(files);
}

Result<MirrorCheck> check_mirror(const std::string& url, const WantedFiles* files, MirrorProof proof,
                                 const FetchOptions& fetch, Reporter& reporter) {
  MirrorChecker checker(url, proof, fetch, reporter);
  if (!files) {
    SWAGE_TRY(const MirrorIndex index, checker.index());
    return checker.run(index);
  }
  MirrorIndex wanted;
  for (const auto& [sha256, file] : *files)
    wanted[sha256] = {.name = file.name, .size = file.size, .needed_by = file.needed_by};
  return checker.run(wanted);
}

}  // namespace swage
