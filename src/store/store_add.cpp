// Adding: objects are made in a scratch directory on the store's file system, moved into place, made durable, then
// registered. A crash before the registration leaves litter, never a path that is valid and incomplete.
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/nar_stream.hpp"
#include "store/references.hpp"
#include "store/journal.hpp"
#include "store/store_state.hpp"

namespace swage {

Result<void> rename_tree(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  if (errno == EACCES || errno == EPERM) {
    // Moving a directory to another one changes its `..`, which the kernel allows its owner only with write permission.
    struct stat st {};
    if (::lstat(from.c_str(), &st) == 0 && S_ISDIR(st.st_mode) &&
        ::chmod(from.c_str(), (st.st_mode & 07777) | 0200) == 0) {
      const int status = ::rename(from.c_str(), to.c_str());
      const int error = errno;
      ::chmod((status == 0 ? to : from).c_str(), st.st_mode & 07777);
      if (status == 0) return {};
      errno = error;
    }
  }
  return fail_errno(fmt::format("cannot move '{}' to '{}'", from.string(), to.string()), errno);
}

namespace {

// A left-over of a crash may lie at the target: it is not registered, so it goes.
Result<void> move_into_place(const fs::path& tree, const fs::path& target) {
  struct stat st {};
  if (::lstat(tree.c_str(), &st) != 0) return fail_errno(fmt::format("cannot read '{}'", tree.string()), errno);
  struct stat old {};
  const bool occupied = ::lstat(target.c_str(), &old) == 0;
  // A file replaces a file in one step.
  if (occupied && (S_ISDIR(st.st_mode) || S_ISDIR(old.st_mode))) SWAGE_CHECK(remove_tree(target));
  return rename_tree(tree, target);
}

// What was written for these objects reaches the disk before the database names them. One sync of the file system is
// far cheaper than one for each file, unless there is only one.
Result<void> make_durable(const fs::path& store_dir, const fs::path& only_file) {
  SWAGE_TRY(const UniqueFd directory, open_file(store_dir, O_RDONLY | O_DIRECTORY));
  if (only_file.empty()) {
    if (::syncfs(directory.get()) != 0) return fail_errno(fmt::format("cannot sync '{}'", store_dir.string()), errno);
    return {};
  }
  SWAGE_TRY(const UniqueFd file, open_file(only_file, O_RDONLY | O_NOFOLLOW));
  if (::fsync(file.get()) != 0 || ::fsync(directory.get()) != 0)
    return fail_errno(fmt::format("cannot sync '{}'", only_file.string()), errno);
  return {};
}

bool is_regular(const fs::path& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
}

// A file as store objects are: read-only, of the first second of time.
Result<void> write_object(const fs::path& path, std::string_view text) {
  SWAGE_TRY(const UniqueFd fd, open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
  SWAGE_CHECK(write_all(fd.get(), text, path.string()));
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = 1, .tv_nsec = 0}};
  if (::fchmod(fd.get(), 0444) != 0 || ::futimens(fd.get(), times) != 0)
    return fail_errno(fmt::format("cannot write '{}'", path.string()), errno);
  return {};
}

std::map<std::string, std::string> outputs_of(const Derivation& drv) {
  std::map<std::string, std::string> outputs;
  for (const auto& [name, output] : drv.outputs)
    if (!output.path.empty()) outputs.emplace(name, output.path);
  return outputs;
}

// What the database records for a .drv that came as an archive.
Result<std::map<std::string, std::string>> outputs_of_file(const StorePath& path, const fs::path& file) {
  if (!path.is_derivation()) return std::map<std::string, std::string>();
  SWAGE_TRY(const std::string text, read_file(file));
  SWAGE_TRY(const Derivation drv, parse_derivation(text, path.name().substr(0, path.name().size() - 4)));
  return outputs_of(drv);
}

}  // namespace

Result<TempDir> Store::State::scratch(std::string_view kind) const {
  const fs::path parent = work_dir / kind;
  SWAGE_CHECK(make_directories(parent));
  return TempDir::create(fmt::format("{}", ::getpid()), parent);
}

Result<void> Store::State::commit(std::vector<NewObject> objects) {
  const std::lock_guard lock(commit_mutex);
  std::vector<Registration> registrations;
  fs::path only_file;
  for (NewObject& object : objects) {
    const StorePath& path = object.registration.info.path;
    SWAGE_TRY(const bool valid, with_registry([&](Registry& r) { return r.is_valid(path); }));
    if (valid) {
      SWAGE_CHECK(remove_tree(object.tree));
      continue;
    }
    SWAGE_CHECK(move_into_place(object.tree, real(path)));
    only_file = registrations.empty() && is_regular(real(path)) ? real(path) : fs::path();
    registrations.push_back(std::move(object.registration));
  }
  if (registrations.empty()) return {};
  SWAGE_CHECK(make_durable(store_dir, only_file));
  const std::int64_t now = std::time(nullptr);
  for (Registration& one : registrations)
    if (one.info.registration_time == 0) one.info.registration_time = now;
  SWAGE_CHECK(with_registry([&](Registry& r) { return r.add(registrations); }));
  Journal(work_dir).append(registrations);
  return {};
}

// Texts need no lock: whoever else adds the same path writes the same bytes, and one replaces the other in one step.
Result<void> Store::State::add_texts(std::vector<NewObject> objects, const std::vector<std::string_view>& texts) {
  StorePathSet paths;
  for (const NewObject& object : objects) paths.insert(object.registration.info.path);
  // Even a store that cannot be written knows what it has.
  if (writable) SWAGE_CHECK(temp_roots.add(paths));
  SWAGE_TRY(const StorePathSet valid, with_registry([&](Registry& r) { return r.valid_paths(paths); }));
  if (valid.size() == paths.size()) return {};
  SWAGE_CHECK(need_writable());
  SWAGE_TRY(const TempDir directory, scratch("staging"));
  std::vector<NewObject> missing;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    PathInfo& info = objects[i].registration.info;
    if (valid.contains(info.path)) continue;
    const NarHash nar = nar::hash_of_text(texts[i]);
    info.nar_hash = nar.hash;
    info.nar_size = nar.size;
    info.ca = ContentAddress{.method = ContentMethod::text, .hash = sha256(texts[i])};
    objects[i].tree = directory.path() / info.path.base();
    // The same derivation may be in the batch twice.
    if (path_exists(objects[i].tree)) continue;
    SWAGE_CHECK(write_object(objects[i].tree, texts[i]));
    missing.push_back(std::move(objects[i]));
  }
  return commit(std::move(missing));
}

Result<StorePath> Store::add_text(std::string_view name, std::string_view content, const StorePathSet& references) {
  SWAGE_TRY(StorePath path, make_text_path(name, sha256(content), references));
  NewObject object{.registration = {.info = {.path = path, .references = references}}};
  if (path.is_derivation()) {
    SWAGE_TRY(const Derivation drv, parse_derivation(content, name.substr(0, name.size() - 4)));
    object.registration.outputs = outputs_of(drv);
  }
  std::vector<NewObject> objects;
  objects.push_back(std::move(object));
  SWAGE_CHECK(state_->add_texts(std::move(objects), {content}));
  return path;
}

Result<void> Store::add_derivations(const std::vector<const FinishedDerivation*>& drvs) {
  std::vector<NewObject> objects;
  std::vector<std::string_view> texts;
  objects.reserve(drvs.size());
  texts.reserve(drvs.size());
  for (const FinishedDerivation* finished : drvs) {
    NewObject object{.registration = {.info = {.path = finished->path, .references = finished->drv.input_srcs},
                                      .outputs = outputs_of(finished->drv)}};
    for (const auto& [input, outputs] : finished->drv.input_drvs) object.registration.info.references.insert(input);
    objects.push_back(std::move(object));
    texts.push_back(finished->text);
  }
  return state_->add_texts(std::move(objects), texts);
}

Result<StorePath> Store::add_fixed_file(std::string_view name, const Hash& hash, const fs::path& file) {
  SWAGE_TRY(StorePath path, make_fixed_path(name, ContentMethod::flat, hash));
  SWAGE_CHECK(state_->need_writable());
  SWAGE_CHECK(state_->temp_roots.add({path}));
  if (!is_regular(file)) return fail(Errc::invalid_input, fmt::format("'{}' is not a file", file.string()));
  PathLocks locks;
  if (!holds_lock(lock_file_of(state_->store_dir, path))) {
    SWAGE_TRY(locks, lock_paths({path}));
  }
  SWAGE_TRY(const bool valid, is_valid(path));
  if (valid) {
    SWAGE_CHECK(remove_tree(file));
    return path;
  }
  SWAGE_TRY(const TempDir directory, state_->scratch("staging"));
  const fs::path staged = directory.path() / "file";
  if (::rename(file.c_str(), staged.c_str()) != 0) {
    if (errno != EXDEV) return fail_errno(fmt::format("cannot move '{}' into the store", file.string()), errno);
    SWAGE_CHECK(nar::copy(file, staged, {}));
    SWAGE_CHECK(remove_tree(file));
  }
  if (::chmod(staged.c_str(), 0444) != 0) return fail_errno(fmt::format("cannot change '{}'", staged.string()), errno);
  SWAGE_CHECK(canonicalise(staged));
  SWAGE_TRY(const NarHash nar, hash_nar(staged));
  std::vector<NewObject> objects;
  objects.push_back({.registration = {.info = {.path = path,
                                               .nar_hash = nar.hash,
                                               .nar_size = nar.size,
                                               .ca = ContentAddress{.method = ContentMethod::flat, .hash = hash}}},
                     .tree = staged});
  SWAGE_CHECK(state_->commit(std::move(objects)));
  return path;
}

// Hashed first: most trees that are added are there already. The copy is hashed again while it is made, and only that
// hash counts, so a tree that changes meanwhile cannot get a path that is not its own.
Result<StorePath> Store::add_tree(std::string_view name, const fs::path& tree, const PathFilter& keep) {
  SWAGE_TRY(const NarHash before, hash_nar(tree, keep));
  SWAGE_TRY(StorePath path, make_fixed_path(name, ContentMethod::recursive, before.hash));
  if (state_->writable) SWAGE_CHECK(state_->temp_roots.add({path}));
  SWAGE_TRY(const bool known, is_valid(path));
  if (known) return path;
  SWAGE_CHECK(state_->need_writable());
  SWAGE_TRY(const TempDir directory, state_->scratch("staging"));
  const fs::path staged = directory.path() / "tree";
  SWAGE_TRY(const NarHash nar, nar::copy(tree, staged, keep));
  if (nar.hash != before.hash) {
    SWAGE_TRY(path, make_fixed_path(name, ContentMethod::recursive, nar.hash));
    SWAGE_CHECK(state_->temp_roots.add({path}));
  }
  SWAGE_CHECK(canonicalise(staged));
  PathLocks locks;
  if (!holds_lock(lock_file_of(state_->store_dir, path))) {
    SWAGE_TRY(locks, lock_paths({path}));
  }
  std::vector<NewObject> objects;
  objects.push_back(
      {.registration = {.info = {.path = path,
                                 .nar_hash = nar.hash,
                                 .nar_size = nar.size,
                                 .ca = ContentAddress{.method = ContentMethod::recursive, .hash = nar.hash}}},
       .tree = staged});
  SWAGE_CHECK(state_->commit(std::move(objects)));
  return path;
}

Result<void> Store::register_outputs(std::vector<NewPath> outputs) {
  SWAGE_CHECK(state_->need_writable());
  StorePathSet paths;
  for (const NewPath& output : outputs) paths.insert(output.info.path);
  SWAGE_CHECK(state_->temp_roots.add(paths));
  std::vector<NewObject> objects;
  for (NewPath& output : outputs) {
    SWAGE_TRY(auto derivation_outputs, outputs_of_file(output.info.path, output.tree));
    objects.push_back({.registration = {.info = std::move(output.info), .outputs = std::move(derivation_outputs)},
                       .tree = std::move(output.tree)});
  }
  return state_->commit(std::move(objects));
}

Result<ScannedTree> scan_tree(const fs::path& tree, const StorePathSet& candidates, const Checkpoint& checkpoint) {
  ReferenceScanner scanner(candidates);
  SWAGE_TRY(const NarHash nar, nar::hash(tree, {}, [&](std::string_view bytes) {
    scanner.update(bytes);
    return checkpoint();
  }));
  return ScannedTree{.nar = nar, .references = scanner.found()};
}

}  // namespace swage
