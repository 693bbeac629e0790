#include "realise/outputs.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include "store/base32.hpp"
#include "store/nar.hpp"

namespace swage {

namespace {

struct Output {
  std::string name;
  StorePath path;
  fs::path made;
};

Result<std::vector<Output>> present_outputs(const FinishedDerivation& drv, const fs::path& made) {
  std::vector<Output> outputs;
  for (const auto& [name, output] : drv.drv.outputs) {
    SWAGE_TRY(StorePath path, StorePath::parse(output.path));
    const fs::path where = made / path.base();
    if (!path_exists(where))
      return Fail(Error{.code = Errc::build_failed,
                        .what = fmt::format("'{}' did not make its output '{}'", drv.drv.name, name),
                        .notes = {fmt::format("its builder ended well, but '{}' does not exist", path.str())},
                        .hint = "swage log " + drv.path.str()});
    SWAGE_CHECK(canonicalise(where).map_error([&](Error error) {
      error.code = error.code == Errc::environment ? Errc::environment : Errc::build_failed;
      return std::move(error).note(fmt::format("in output '{}' of '{}'", name, drv.drv.name));
    }));
    outputs.push_back({name, std::move(path), where});
  }
  return outputs;
}

Result<Hash> hash_flat(const fs::path& file, HashAlgo algo, std::string_view drv_name) {
  struct stat st {};
  if (::lstat(file.c_str(), &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 0111))
    return fail(Errc::build_failed, fmt::format("'{}' must make a plain file that is not executable, because its hash is flat", drv_name));
  SWAGE_TRY(const std::string bytes, read_file(file));
  return hash_string(algo, bytes);
}

Result<Hash> hash_recursive(const fs::path& tree, HashAlgo algo) {
  Hasher hasher(algo);
  SWAGE_CHECK(dump_nar(tree, [&](std::string_view bytes) -> Result<void> {
    hasher.update(bytes);
    return {};
  }));
  return hasher.finish();
}

// A fixed output is what its derivation says, or it is not accepted.
Result<ContentAddress> check_fixed(const FinishedDerivation& drv, const fs::path& made) {
  const DerivationOutput& output = drv.drv.outputs.at("out");
  std::string_view name = output.hash_algo;
  const bool recursive = name.starts_with("r:");
  if (recursive) name.remove_prefix(2);
  SWAGE_TRY(const HashAlgo algo, parse_hash_algo(name));
  SWAGE_TRY(const Hash expected, Hash::from_hex(algo, output.hash));
  SWAGE_TRY(const Hash got, recursive ? hash_recursive(made, algo) : hash_flat(made, algo, drv.drv.name));
  if (got != expected)
    return Fail(Error{.code = Errc::hash_mismatch,
                      .what = fmt::format("'{}' made something else than its fixed hash says", drv.drv.name),
                      .notes = {fmt::format("expected {} {}", name, expected.hex()), fmt::format("     got {} {}", name, got.hex())}});
  return ContentAddress{recursive ? ContentMethod::recursive : ContentMethod::flat, expected};
}

}  // namespace

Result<void> register_built(Store& store, const FinishedDerivation& drv, const fs::path& made, const StorePathSet& inputs) {
  SWAGE_TRY(const std::vector<Output> outputs, present_outputs(drv, made));
  StorePathSet candidates = inputs;
  for (const Output& output : outputs) candidates.insert(output.path);
  std::vector<Store::NewPath> fresh;
  for (const Output& output : outputs) {
    SWAGE_TRY(const bool valid, store.is_valid(output.path));
    if (valid) continue;  // only some outputs were missing: what users already refer to stays
    std::optional<ContentAddress> address;
    if (drv.drv.is_fixed()) {
      SWAGE_TRY(address, check_fixed(drv, output.made));
    }
    SWAGE_TRY(ScannedTree scanned, scan_tree(output.made, candidates));
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

Result<void> compare_built(Store& store, const FinishedDerivation& drv, const fs::path& made, const fs::path& keep_in) {
  SWAGE_TRY(const std::vector<Output> outputs, present_outputs(drv, made));
  for (const Output& output : outputs) {
    SWAGE_TRY(const std::optional<PathInfo> info, store.query(output.path));
    if (!info) continue;
    SWAGE_TRY(const NarHash again, hash_nar(output.made));
    if (again.hash == info->nar_hash) continue;
    Error error{.code = Errc::build_failed,
                .what = fmt::format("'{}' is not reproducible: its output '{}' differs between two builds", drv.drv.name, output.name),
                .notes = {fmt::format(" first sha256:{}", hash_base32(info->nar_hash)),
                          fmt::format("second sha256:{}", hash_base32(again.hash))}};
    if (!keep_in.empty()) {
      const fs::path kept = keep_in / (output.path.base() + ".check");
      SWAGE_CHECK(make_directories(keep_in));
      SWAGE_CHECK(remove_tree(kept));
      struct stat st {};
      // A directory can be moved only by who may write to it.
      if (::lstat(output.made.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) ::chmod(output.made.c_str(), 0755);
      if (::rename(output.made.c_str(), kept.c_str()) != 0) return fail_errno(fmt::format("cannot keep '{}'", kept.string()), errno);
      error.notes.push_back(fmt::format("the second is kept in '{}'", kept.string()));
      error.hint = fmt::format("diff -r {} {}", store.real_path(output.path).string(), kept.string());
    }
    return Fail(std::move(error));
  }
  return {};
}

}  // namespace swage
