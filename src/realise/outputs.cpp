#include "realise/outputs.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"
#include "store/base32.hpp"
#include "store/nar.hpp"

namespace swage {

namespace {

struct Output {
  std::string name;
  StorePath path;
  fs::path made;
};

Result<std::vector<Output>> present_outputs(const FinishedDerivation& drv, const fs::path& made,
                                            const Checkpoint& checkpoint) {
  std::vector<Output> outputs;
  for (const auto& [name, output] : drv.drv.outputs) {
    SWAGE_TRY(StorePath path, StorePath::parse(output.path));
    const fs::path where = made / path.base();
    if (!path_exists(where))
      return Fail(Error{.code = Errc::build_failed,
                        .what = fmt::format("'{}' did not make its output '{}'", drv.drv.name, name),
                        .notes = {fmt::format("its builder ended well, but '{}' does not exist", path.str())},
                        .hint = "swage log " + drv.path.str()});
    SWAGE_CHECK(canonicalise(where, checkpoint).map_error([&](Error error) {
      if (error.code == Errc::interrupted) return error;
      if (error.code != Errc::environment) error.code = Errc::build_failed;
      return std::move(error).note(fmt::format("in output '{}' of '{}'", name, drv.drv.name));
    }));
    outputs.push_back({name, std::move(path), where});
  }
  return outputs;
}

Result<Hash> hash_flat(const fs::path& file, HashAlgo algo, std::string_view drv_name, const Checkpoint& checkpoint) {
  struct stat st {};
  if (::lstat(file.c_str(), &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 0111))
    return fail(Errc::build_failed,
                fmt::format("'{}' must make a plain file that is not executable, because its hash is flat", drv_name));
  SWAGE_TRY(const UniqueFd fd, open_file(file, O_RDONLY | O_NOFOLLOW));
  Hasher hasher(algo);
  std::vector<char> buffer(256 * 1024);
  for (;;) {
    SWAGE_CHECK(checkpoint());
    const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno(fmt::format("cannot read '{}'", file.string()), errno);
    if (size == 0) return hasher.finish();
    hasher.update({buffer.data(), static_cast<std::size_t>(size)});
  }
}

Result<Hash> hash_recursive(const fs::path& tree, HashAlgo algo, const Checkpoint& checkpoint) {
  Hasher hasher(algo);
  SWAGE_CHECK(dump_nar(tree, [&](std::string_view bytes) {
    hasher.update(bytes);
    return checkpoint();
  }));
  return hasher.finish();
}

// A fixed output is what its derivation says, or it is not accepted.
Result<ContentAddress> check_fixed(const FinishedDerivation& drv, const fs::path& made, const Checkpoint& checkpoint) {
  const DerivationOutput& output = drv.drv.outputs.at("out");
  std::string_view name = output.hash_algo;
  const bool recursive = name.starts_with("r:");
  if (recursive) name.remove_prefix(2);
  SWAGE_TRY(const HashAlgo algo, parse_hash_algo(name));
  SWAGE_TRY(const Hash expected, Hash::from_hex(algo, output.hash));
  SWAGE_TRY(const Hash got,
            recursive ? hash_recursive(made, algo, checkpoint) : hash_flat(made, algo, drv.drv.name, checkpoint));
  if (got != expected)
    return Fail(Error{.code = Errc::hash_mismatch,
                      .what = fmt::format("'{}' made something else than its fixed hash says", drv.drv.name),
                      .notes = {fmt::format("expected {} {}", name, expected.hex()),
                                fmt::format("     got {} {}", name, got.hex())}});
  return ContentAddress{recursive ? ContentMethod::recursive : ContentMethod::flat, expected};
}

}  // namespace

Result<void> register_built(Store& store, const FinishedDerivation& drv, const fs::path& made,
                            const StorePathSet& inputs, const Checkpoint& checkpoint) {
  SWAGE_TRY(const std::vector<Output> outputs, present_outputs(drv, made, checkpoint));
  StorePathSet candidates = inputs;
  for (const Output& output : outputs) candidates.insert(output.path);
  std::vector<Store::NewPath> fresh;
  for (const Output& output : outputs) {
    SWAGE_TRY(const bool valid, store.is_valid(output.path));
    if (valid) continue;  // only some outputs were missing: what users already refer to stays
    std::optional<ContentAddress> address;
    if (drv.drv.is_fixed()) {
      SWAGE_TRY(address, check_fixed(drv, output.made, checkpoint));
    }
    SWAGE_TRY(ScannedTree scanned, scan_tree(output.made, candidates, checkpoint));
    fresh.push_back({.info = {.path = output.path,
                              .nar_hash = scanned.nar.hash,
                              .nar_size = scanned.nar.size,
                              .references = std::move(scanned.references),
                              .deriver = drv.path,
                              .ultimate = true,
                              .ca = address},
                     .tree = output.made});
  }
  return store.register_outputs(std::move(fresh));
}

Result<void> compare_built(Store& store, const FinishedDerivation& drv, const fs::path& made, const fs::path& keep_in,
                           const Checkpoint& checkpoint) {
  SWAGE_TRY(const std::vector<Output> outputs, present_outputs(drv, made, checkpoint));
  for (const Output& output : outputs) {
    SWAGE_TRY(const std::optional<PathInfo> info, store.query(output.path));
    if (!info) continue;
    SWAGE_TRY(const ScannedTree scanned, scan_tree(output.made, {}, checkpoint));
    const NarHash& again = scanned.nar;
    if (again.hash == info->nar_hash) continue;
    Error error{.code = Errc::irreproducible,
                .what = fmt::format("'{}' is not reproducible: its output '{}' differs between two builds",
                                    drv.drv.name, output.name),
                .notes = {fmt::format(" first sha256:{}", hash_base32(info->nar_hash)),
                          fmt::format("second sha256:{}", hash_base32(again.hash))}};
    if (!keep_in.empty()) {
      const fs::path kept = keep_in / (output.path.base() + ".check");
      SWAGE_CHECK(make_directories(keep_in));
      SWAGE_CHECK(remove_tree(kept));
      struct stat st {};
      // A directory can be moved only by who may write to it.
      if (::lstat(output.made.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) ::chmod(output.made.c_str(), 0755);
      if (::rename(output.made.c_str(), kept.c_str()) != 0)
        return fail_errno(fmt::format("cannot keep '{}'", kept.string()), errno);
      error.notes.push_back(fmt::format("the second is kept in '{}'", kept.string()));
      error.hint = fmt::format("swage store diff {} {}", output.path.str(), shell_quoted(kept.string()));
    }
    return Fail(std::move(error));
  }
  return {};
}

Result<void> replace_built(Store& store, const FinishedDerivation& drv, const fs::path& made,
                           const StorePathSet& damaged) {
  for (const auto& [name, output] : drv.drv.outputs) {
    SWAGE_TRY(const StorePath path, StorePath::parse(output.path));
    if (damaged.contains(path)) SWAGE_CHECK(store.replace_content(path, made / path.base()));
  }
  return {};
}

}  // namespace swage
