#include "request/session.hpp"

#include <cstdlib>
#include <ctime>
#include <fmt/core.h>
#include <memory>
#include <pwd.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "fetch/fetch.hpp"
#include "fetch/lock.hpp"
#include "fetch/published.hpp"
#include "plan/sources.hpp"
#include "request/mirrors.hpp"
#include "request/substituters.hpp"

namespace swage {

namespace {

std::string env(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// The nearest directory upwards from here that holds a swage.toml.
std::optional<fs::path> nearest_workspace() {
  fs::path directory = current_directory().value_or(fs::path());
  while (!directory.empty()) {
    if (path_exists(directory / kWorkspaceFile)) return directory;
    if (directory == directory.root_path()) break;
    directory = directory.parent_path();
  }
  return std::nullopt;
}

// Lends the fetch layer to the executor.
class LayerFetcher final : public SourceFetcher {
 public:
  LayerFetcher(Store& store, FetchOptions options, Reporter& reporter)
      : fetcher_(store, std::move(options), reporter) {}
  Result<void> fetch(const Source& source, std::uint64_t id) override { return fetcher_.fetch(source, id); }

 private:
  Fetcher fetcher_;
};

// As long as it lives others that would pin in the same lock file wait. Its file goes with it.
class Pinning {
 public:
  static Result<Pinning> begin(const fs::path& lock_file, Reporter& reporter) {
    if (lock_file.has_parent_path()) SWAGE_CHECK(make_directories(lock_file.parent_path()));
    fs::path file = lock_file;
    file += ".pinning";
    SWAGE_TRY(std::optional<FileLock> held, FileLock::try_acquire(file, FileLock::Mode::exclusive));
    if (!held) {
      reporter.on(Message{fmt::format("note: waiting for another swage, which pins in '{}'", lock_file.string())});
      SWAGE_TRY(held, FileLock::acquire(file, FileLock::Mode::exclusive));
    }
    return Pinning(std::move(file), *std::move(held));
  }
  Pinning(Pinning&& other) noexcept
      : file_(std::exchange(other.file_, {})), held_(std::move(other.held_)) {}
  Pinning& operator=(Pinning&&) = delete;
  ~Pinning() {
    if (!file_.empty()) ::unlink(file_.c_str());
  }

 private:
  Pinning(fs::path file, FileLock held) : file_(std::move(file)), held_(std::move(held)) {}
  fs::path file_;
  FileLock held_;
};

}  // namespace

Session::Session(SessionOptions options, MakeReporter make_reporter)
    : options_(std::move(options)), make_reporter_(std::move(make_reporter)) {}
Session::~Session() = default;

Result<fs::path> Session::home() const {
  if (!options_.home.empty()) return absolute_path(options_.home);
  if (const std::string home = env("SWAGE_HOME"); !home.empty()) return absolute_path(home);
  if (const std::string data = env("XDG_DATA_HOME"); data.starts_with('/')) return fs::path(data) / "swage";
  std::string user_home = env("HOME");
  if (user_home.empty())
    if (const passwd* entry = ::getpwuid(::getuid())) user_home = entry->pw_dir;
  if (user_home.empty())
    return Fail(Error{.code = Errc::environment,
                      .what = "no home directory is known",
                      .hint = "name one with: SWAGE_HOME=DIR swage ..."});
  return fs::path(user_home) / ".local/share/swage";
}

Result<std::optional<fs::path>> Session::workspace_directory() {
  if (workspace_directory_) return *workspace_directory_;
  const std::string named = options_.workspace.empty() ? env("SWAGE_WORKSPACE") : options_.workspace;
  std::optional<fs::path> found;
  if (named.empty()) {
    found = nearest_workspace();
    if (found) SWAGE_CHECK(check_owner(*found));
    workspace_was_found_ = true;
  } else if (named != "none") {
    SWAGE_TRY(found, absolute_path(named));
    if (!path_exists(*found / kWorkspaceFile))
      return Fail(Error{.what = fmt::format("'{}' is not a workspace: it has no {}", named, kWorkspaceFile),
                        .hint = "to have none: --workspace none"});
  }
  workspace_directory_ = found;
  return found;
}

Result<fs::path> Session::lock_path() {
  if (!options_.lock.empty()) return fs::path(options_.lock);
  SWAGE_TRY(const std::optional<fs::path> directory, workspace_directory());
  if (directory) return *directory / "swage.lock";
  SWAGE_TRY(const fs::path data, home());
  return data / "swage.lock";
}

Result<fs::path> Session::catalog_dir() const {
  if (!options_.catalog.empty()) return fs::path(options_.catalog);
  if (const std::string named = env("SWAGE_CATALOG"); !named.empty()) return fs::path(named);
  // Beside the program: a build tree inside the checkout, or an installation.
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  for (fs::path up = program.parent_path(); !up.empty(); up = up.parent_path()) {
    for (const fs::path& candidate : {up / "catalog", up / "share/swage/catalog"})
      if (path_exists(candidate / "platforms.toml")) return candidate;
    if (up == up.root_path()) break;
  }
  return Fail(Error{.code = Errc::environment, .what = "the catalog is not beside the program",
                    .hint = "name it with: swage --catalog DIR ..."});
}

Result<fs::path> Session::home_evidence() const {
  SWAGE_TRY(const fs::path data, home());
  return data / "evidence";
}

Result<const Workspace*> Session::workspace() {
  if (!workspace_) {
    Workspace found;
    SWAGE_TRY(const std::optional<fs::path> directory, workspace_directory());
    if (directory) { SWAGE_TRY(found, read_workspace(*directory / kWorkspaceFile)); }
    if (workspace_was_found_)
      for (const fs::path& layer : found.layers) SWAGE_CHECK(check_layer_owner(layer, *directory));
    workspace_ = std::make_unique<Workspace>(std::move(found));
  }
  return workspace_.get();
}

Result<std::vector<fs::path>> Session::layers() {
  SWAGE_TRY(const Workspace* settings, workspace());
  std::vector<fs::path> all = settings->layers;
  all.insert(all.end(), options_.layers.begin(), options_.layers.end());
  return all;
}

Result<const Instances*> Session::instances() {
  if (!instances_) {
    SWAGE_TRY(const Workspace* settings, workspace());
    Instances all;   // insert-only: the nearest comes first
    const auto add = [&](const auto& layers) -> Result<void> {
      for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        SWAGE_TRY(Instances of_layer, read_instances(*layer));
        all.merge(of_layer);
      }
      return {};
    };
    SWAGE_CHECK(add(options_.layers));
    all.insert(settings->instances.begin(), settings->instances.end());
    SWAGE_CHECK(add(settings->layers));
    instances_ = std::make_unique<Instances>(std::move(all));
  }
  return instances_.get();
}

Result<const Instance*> Session::usual_instance() {
  SWAGE_TRY(const Workspace* settings, workspace());
  const std::string& name = options_.instance.empty() ? settings->usual_instance : options_.instance;
  if (name.empty() || name == kNoInstance) return nullptr;
  SWAGE_TRY(const Instances* known, instances());
  Result<const Instance*> found = find_instance(*known, name);
  if (!found && options_.instance.empty()) return Fail(std::move(found).error().at(settings->usual_pos));
  return found;
}

Result<SourceTrees> Session::source_trees() {
  SWAGE_TRY(const fs::path directory, catalog_dir());
  SWAGE_TRY(const std::vector<fs::path> over, layers());
  return read_source_trees(directory, over);
}

Result<const Catalog*> Session::catalog() {
  if (!catalog_) {
    SWAGE_TRY(const fs::path directory, catalog_dir());
    SWAGE_TRY(const std::vector<fs::path> over, layers());
    std::vector<fs::path> evidence;
    if (Result<fs::path> own = home_evidence()) evidence.push_back(*std::move(own));
    evidence.insert(evidence.end(), evidence_.begin(), evidence_.end());
    SWAGE_TRY(std::shared_ptr<const Catalog> loaded, Catalog::load(directory, over, evidence));
    catalog_ = loaded.get();
    // Kept to the end of the process: to free every row would take longer than that takes.
    static std::vector<std::shared_ptr<const Catalog>>& kept = *new std::vector<std::shared_ptr<const Catalog>>();
    kept.push_back(std::move(loaded));
  }
  return catalog_;
}

const Lockfile* Session::take_lock(Lockfile lock) {
  return locks_.emplace_back(std::make_unique<const Lockfile>(std::move(lock))).get();
}

Result<std::optional<Lockfile>> Session::read_lock() {
  SWAGE_TRY(const fs::path path, lock_path());
  if (!path_exists(path)) return std::optional<Lockfile>();
  SWAGE_TRY(Lockfile lock, Lockfile::read(path));
  return std::optional(std::move(lock));
}

Result<const Lockfile*> Session::lock() {
  if (!locks_.empty()) return locks_.back().get();
  SWAGE_TRY(std::optional<Lockfile> there, read_lock());
  if (!there) { SWAGE_TRY(there, first_lock()); }
  return take_lock(*std::move(there));
}

Result<LockView> Session::lock_view() {
  if (!locks_.empty()) return LockView(*locks_.back());
  if (lock_view_) return *lock_view_;
  SWAGE_TRY(const fs::path path, lock_path());
  if (!path_exists(path)) {
    SWAGE_TRY(const Lockfile* first, lock());
    return LockView(*first);
  }
  SWAGE_TRY(lock_view_, expected_lock_view_.valid() ? expected_lock_view_.get() : LockView::open(path));
  return *lock_view_;
}

void Session::expect_lock_view() {
  if (!locks_.empty() || lock_view_ || expected_lock_view_.valid()) return;
  const Result<fs::path> path = lock_path();
  if (path && path_exists(*path))
    expected_lock_view_ = std::async(std::launch::async, [file = *path] { return LockView::open(file); });
}

// What nobody has pinned for a new workspace is pinned as in the user's data directory: both then share what is built.
Result<Lockfile> Session::first_lock() {
  SWAGE_TRY(const fs::path path, lock_path());
  SWAGE_TRY(const fs::path data, home());
  const fs::path of_home = data / "swage.lock";
  Lockfile none{.created = time_text("%Y-%m-%d", std::time(nullptr))};
  if (!options_.lock.empty() || path == of_home || !path_exists(of_home)) return none;
  Result<Lockfile> begun = Lockfile::read(of_home);
  if (!begun) return none;
  SWAGE_TRY(const Pinning pinning, Pinning::begin(path, reporter()));
  SWAGE_TRY(std::optional<Lockfile> there, read_lock());
  if (there) return *std::move(there);
  reporter().on(Message{
      fmt::format("note: '{}' begins with what '{}' pins; to ask the distribution for it anew: swage lock --update",
                  path.string(), of_home.string())});
  SWAGE_CHECK(write_file_atomically(path, begun->str()));
  return begun;
}

namespace {

// `root:build, seed:busybox and 5 more`
std::string some_of(const std::set<std::string>& keys) {
  constexpr std::size_t most = 4;
  std::vector<std::string> shown;
  for (const std::string& key : keys)
    if (shown.size() < most) shown.push_back(fmt::format("'{}'", key));
  const std::size_t rest = keys.size() - shown.size();
  return join(shown, ", ") + (rest > 0 ? fmt::format(" and {} more", rest) : "");
}

// Of a lock that there is no file of: what this command has found missing is its own.
Lockfile as_in_file(Lockfile lock) {
  lock.missing.clear();
  return lock;
}

Result<std::set<std::string>> not_in(const LockView& lock, const std::set<std::string>& keys) {
  std::set<std::string> absent;
  for (const std::string& key : keys) {
    SWAGE_TRY(const bool known, answers_key(lock, key));
    if (!known) absent.insert(key);
  }
  return absent;
}

}  // namespace

Result<void> Session::pin(const std::set<std::string>& keys) {
  SWAGE_TRY(const LockView view, lock_view());
  SWAGE_TRY(const std::set<std::string> absent, not_in(view, keys));
  if (absent.empty()) return {};
  if (options_.offline)
    return Fail(Error{.code = Errc::environment,
                      .what = fmt::format("the lock file does not pin {}, and without a network nothing can be pinned",
                                          some_of(absent)),
                      .hint = "run it without --offline, or before that: swage lock"});
  SWAGE_TRY(const Lockfile* known, lock());
  std::set<std::string> asked;
  std::size_t before = 0;
  const Result<const Lockfile*> grown = update_lock([&](Result<std::optional<Lockfile>> now) -> Result<LockChange> {
    SWAGE_TRY(std::optional<Lockfile> there, std::move(now));
    LockChange change{.keep = there ? std::move(there) : as_in_file(*known)};
    SWAGE_TRY(change.wanted, not_in(*change.keep, absent));
    asked = change.wanted;
    before = change.keep->files.size();
    return change;
  });
  if (!grown) {   // another command asks again, this one need not
    Lockfile without = *known;
    for (const std::string& key : asked) without.missing.emplace(key, grown.error().what);
    take_lock(std::move(without));
    return Fail(grown.error());
  }
  std::erase_if(asked, [&](const std::string& key) { return (*grown)->missing.contains(key); });   // which was told
  if (asked.empty()) return {};
  SWAGE_TRY(const fs::path path, lock_path());
  const std::size_t more = (*grown)->files.size() - before;
  reporter().on(Message{fmt::format("note: '{}' pins {} package{} more, for {}", path.string(), more,
                                    more == 1 ? "" : "s", some_of(asked))});
  return {};
}

Result<const Lockfile*> Session::update_lock(const ChooseLockChange& choose) {
  SWAGE_CHECK(check_online("nothing can be pinned"));
  SWAGE_TRY(const fs::path path, lock_path());
  SWAGE_TRY(const fs::path data, home());
  SWAGE_TRY(const Catalog* tables, catalog());
  SWAGE_TRY(const Pinning pinning, Pinning::begin(path, reporter()));
  SWAGE_TRY(LockChange change, choose(read_lock()));
  if (change.wanted.empty() && change.keep) return take_lock(*std::move(change.keep));
  reporter().on(Message{fmt::format("note: pinning distribution packages in '{}'", path.string())});
  SWAGE_TRY(Lockfile lock, make_lock(*tables,
                                     {.cache_dir = data / "cache/apt",
                                      .keep = change.keep ? &*change.keep : nullptr,
                                      .wanted = std::move(change.wanted),
                                      .before = change.before ? &*change.before : nullptr,
                                      .allow_older = change.allow_older},
                                     reporter()));
  SWAGE_CHECK(write_file_atomically(path, lock.str()));
  return take_lock(std::move(lock));
}

Result<void> Session::pin_archive(const SourceSpec& source) {
  if (source.sha256sums.empty()) return {};
  SWAGE_TRY(const LockView view, lock_view());
  const std::string& url = source.urls.front();
  if (view.sources().archives.contains(url)) return {};
  SWAGE_CHECK(check_online(fmt::format("'{}' cannot be pinned", url.substr(url.rfind('/') + 1))));
  SWAGE_TRY(const fs::path path, lock_path());
  SWAGE_TRY(const fs::path data, home());
  reporter().on(Message{fmt::format("note: pinning '{}' in '{}'", url.substr(url.rfind('/') + 1), path.string())});
  SWAGE_TRY(std::string sha256, published_sha256(source, data / "cache/published", {}, reporter()));
  SWAGE_TRY(const Lockfile* known, lock());
  SWAGE_TRY(const Pinning pinning, Pinning::begin(path, reporter()));
  SWAGE_TRY(std::optional<Lockfile> there, read_lock());
  Lockfile grown = there ? *std::move(there) : as_in_file(*known);
  grown.archives.emplace(url, std::move(sha256));
  SWAGE_CHECK(write_file_atomically(path, grown.str()));
  take_lock(std::move(grown));
  return {};
}

Result<Store*> Session::store(Store::Purpose purpose) {
  if (!store_) {
    SWAGE_TRY(const fs::path root, home());
    SWAGE_TRY(store_, Store::open(root, purpose));
  }
  return store_.get();
}

Result<std::unique_ptr<SourceFetcher>> Session::fetcher() {
  SWAGE_TRY(Store* local, store());
  SWAGE_TRY(FetchOptions options, fetch_options(*this));
  return std::make_unique<LayerFetcher>(*local, std::move(options), reporter());
}

Result<void> Session::check_online(const std::string& what) const {
  if (!options_.offline) return {};
  return Fail(Error{.code = Errc::environment,
                    .what = fmt::format("{} without a network", what),
                    .hint = "run it without --offline"});
}

Reporter& Session::reporter() {
  if (!reporter_) reporter_ = make_reporter_();
  return *reporter_;
}

void Session::stop_reporter() { reporter_.reset(); }

}  // namespace swage
