#include "fetch/fetch.hpp"

#include <fmt/core.h>

#include "fetch/transport.hpp"
#include "store/nar.hpp"

namespace swage {

struct Fetcher::State {
  Store& store;
  Transport transport;

  fs::path downloads() const { return store.work_dir() / "downloads"; }
  Result<void> take_member(const Source& source, const Source::Member& member, std::uint64_t job_id);
  Result<void> check_present(const Source& source, const Source::Present& present);
  Result<void> take_tree(const Source& source, const Source::Tree& tree, std::uint64_t job_id);
};

Fetcher::Fetcher(Store& store, FetchOptions options, Reporter& reporter)
    : state_(new State{.store = store, .transport = Transport(std::move(options), reporter)}) {}
Fetcher::~Fetcher() = default;

namespace {

// The planner promised `wanted`; the bytes decide. They differ only when plan and content come from different places.
Result<void> check_path(const StorePath& wanted, const StorePath& got) {
  if (wanted == got) return {};
  return fail(Errc::corrupt, fmt::format("'{}' was planned, but its content belongs at '{}'", wanted.str(), got.str()));
}

}  // namespace

Result<StorePath> Fetcher::download(const Source::Download& what, std::string_view store_name, std::uint64_t job_id) {
  Store& store = state_->store;
  SWAGE_TRY(const Hash hash, Hash::from_hex(HashAlgo::sha256, what.sha256));
  SWAGE_TRY(StorePath path, make_fixed_path(store_name, ContentMethod::flat, hash));
  SWAGE_CHECK(store.add_temp_root(path));
  SWAGE_TRY(bool valid, store.is_valid(path));
  if (valid) return path;
  SWAGE_TRY(const PartFile part, PartFile::acquire(state_->downloads(), what.sha256));
  SWAGE_TRY(valid, store.is_valid(path));   // whoever held the part file has put it there
  if (!valid) {
    SWAGE_CHECK(state_->transport.get(what, part, job_id));
    SWAGE_CHECK(store.add_fixed_file(store_name, hash, part.path()));
  }
  part.remove();
  return path;
}

Result<void> Fetcher::State::take_member(const Source& source, const Source::Member& member, std::uint64_t job_id) {
  SWAGE_TRY(const PartFile part, PartFile::acquire(downloads(), member.package.sha256));
  SWAGE_TRY(const bool valid, store.is_valid(source.path));
  if (!valid) {
    SWAGE_CHECK(transport.get(member.package, part, job_id));
    SWAGE_TRY(const TempDir directory, TempDir::create("member", downloads()));
    const fs::path tree = directory.path() / "tree";
    SWAGE_CHECK(extract_deb_program(part.path(), member.member, tree, member.package.name));
    SWAGE_TRY(const NarHash nar, hash_nar(tree));
    if (nar.hash.hex() != member.nar_sha256)
      return Fail(
          Error{.code = Errc::hash_mismatch,
                .what = fmt::format("'{}' of '{}' is not the file that is pinned", member.member, member.package.name),
                .notes = {fmt::format("expected NAR sha256 {}", member.nar_sha256),
                          fmt::format("received NAR sha256 {}", nar.hash.hex())},
                .hint = "pin it anew with: swage lock --update"});
    SWAGE_TRY(const StorePath path, store.add_tree(source.path.name(), tree));
    SWAGE_CHECK(check_path(source.path, path));
  }
  part.remove();
  return {};
}

Result<void> Fetcher::State::check_present(const Source& source, const Source::Present& present) {
  SWAGE_TRY(const bool valid, store.is_valid(source.path));
  if (valid) return {};
  return Fail(Error{.code = Errc::environment,
                    .what = fmt::format("'{}' is no longer in the store", source.path.str()),
                    .notes = {fmt::format("it was copied from '{}' when the build was planned", present.from)},
                    .hint = "plan anew: run the same command again"});
}

Result<void> Fetcher::State::take_tree(const Source& source, const Source::Tree& tree, std::uint64_t job_id) {
  SWAGE_TRY(const PartFile part, PartFile::acquire(downloads(), tree.nar_sha256));
  SWAGE_TRY(const bool valid, store.is_valid(source.path));
  if (!valid) {
    if (Result<void> got = transport.get({.name = tree.name, .urls = tree.urls}, part, job_id); !got) {
      Error error = std::move(got).error();
      if (error.code == Errc::environment) error.hint = tree.hint;
      return Fail(std::move(error));
    }
    SWAGE_TRY(const TempDir directory, TempDir::create("tree", downloads()));
    const fs::path unpacked = directory.path() / "tree";
    SWAGE_CHECK(extract_archive(part.path(), unpacked, tree.name));
    SWAGE_TRY(const NarHash nar, hash_nar(unpacked));
    if (nar.hash.hex() != tree.nar_sha256)
      return Fail(Error{.code = Errc::hash_mismatch,
                        .what = fmt::format("'{}' is not the tree that is pinned", tree.name),
                        .notes = {fmt::format("expected NAR sha256 {}", tree.nar_sha256),
                                  fmt::format("received NAR sha256 {}", nar.hash.hex())},
                        .hint = tree.hint});
    SWAGE_TRY(const StorePath path, store.add_tree(source.path.name(), unpacked));
    SWAGE_CHECK(check_path(source.path, path));
  }
  part.remove();
  return {};
}

Result<void> Fetcher::fetch(const Source& source, std::uint64_t job_id) {
  SWAGE_CHECK(state_->store.add_temp_root(source.path));
  if (const auto* present = std::get_if<Source::Present>(&source.how)) return state_->check_present(source, *present);
  SWAGE_TRY(const bool valid, state_->store.is_valid(source.path));
  if (valid) return {};
  if (const auto* text = std::get_if<Source::Text>(&source.how)) {
    SWAGE_TRY(const StorePath path, state_->store.add_text(source.path.name(), text->content));
    return check_path(source.path, path);
  }
  if (const auto* member = std::get_if<Source::Member>(&source.how))
    return state_->take_member(source, *member, job_id);
  if (const auto* tree = std::get_if<Source::Tree>(&source.how)) return state_->take_tree(source, *tree, job_id);
  SWAGE_TRY(const StorePath path, download(std::get<Source::Download>(source.how), source.path.name(), job_id));
  return check_path(source.path, path);
}

}  // namespace swage
