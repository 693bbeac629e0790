#include "fetch/fetch.hpp"

#include <cerrno>
#include <fmt/core.h>
#include <unistd.h>

#include "fetch/transport.hpp"
#include "store/nar.hpp"

namespace swage {

struct Fetcher::State {
  Store& store;
  Transport transport;

  bool has_mirrors = false;       // of files by hash

  fs::path downloads() const { return store.work_dir() / "downloads"; }
  Result<void> take_member(const Source& source, const Source::Member& member, std::uint64_t job_id);
  Result<void> check_present(const Source& source, const Source::Present& present);
  Result<void> take_tree(const Source& source, const Source::Tree& tree, std::uint64_t job_id);
  Result<void> unpack_tree(const Source& source, const Source::Tree& tree, const PartFile& part, std::uint64_t job_id);
  Result<bool> unpack_nar(const Source::Tree& tree, const fs::path& target, const PartFile& part, std::uint64_t job_id,
                          std::vector<std::string>& reasons);
};

Fetcher::Fetcher(Store& store, FetchOptions options, Reporter& reporter)
    : state_(new State{.store = store,
                       .transport = Transport(options, reporter),
                       .has_mirrors = !options.by_hash.empty()}) {}
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

// What a mirror has of a tree is its NAR, whose hash is the tree's. False: none has it.
Result<bool> Fetcher::State::unpack_nar(const Source::Tree& tree, const fs::path& target, const PartFile& part,
                                        std::uint64_t job_id, std::vector<std::string>& reasons) {
  if (!has_mirrors) return false;
  Result<void> got = transport.get({.name = tree.name, .sha256 = tree.nar_sha256}, part, job_id);
  if (!got) {
    if (got.error().code == Errc::interrupted || got.error().os_error != 0) return Fail(std::move(got).error());
    reasons = got.error().notes;
    return false;
  }
  SWAGE_TRY(const UniqueFd fd, open_regular(part.path()));
  const auto read = [&](char* buffer, std::size_t size) -> Result<std::size_t> {
    for (;;) {
      const ssize_t count = ::read(fd.get(), buffer, size);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) return fail_errno(fmt::format("cannot read '{}'", part.path().string()), errno);
    }
  };
  SWAGE_CHECK(restore_nar(read, target));
  return true;
}

Result<void> Fetcher::State::unpack_tree(const Source& source, const Source::Tree& tree, const PartFile& part,
                                         std::uint64_t job_id) {
  SWAGE_TRY(const TempDir directory, TempDir::create("tree", downloads()));
  const fs::path unpacked = directory.path() / "tree";
  std::vector<std::string> reasons;
  SWAGE_TRY(const bool from_nar, unpack_nar(tree, unpacked, part, job_id, reasons));
  if (!from_nar) {
    if (Result<void> got = transport.get({.name = tree.name, .urls = tree.urls}, part, job_id); !got) {
      Error error = std::move(got).error();
      error.notes.insert(error.notes.begin(), reasons.begin(), reasons.end());
      if (error.code == Errc::environment) error.hint = tree.hint;
      return Fail(std::move(error));
    }
    SWAGE_CHECK(extract_archive(part.path(), unpacked, tree.name));
  }
  SWAGE_TRY(const NarHash nar, hash_nar(unpacked));
  if (nar.hash.hex() != tree.nar_sha256)
    return Fail(Error{.code = Errc::hash_mismatch,
                      .what = fmt::format("'{}' is not the tree that is pinned", tree.name),
                      .notes = {fmt::format("expected NAR sha256 {}", tree.nar_sha256),
                                fmt::format("received NAR sha256 {}", nar.hash.hex())},
                      .hint = tree.hint});
  SWAGE_TRY(const StorePath path, store.add_tree(source.path.name(), unpacked));
  return check_path(source.path, path);
}

Result<void> Fetcher::State::take_tree(const Source& source, const Source::Tree& tree, std::uint64_t job_id) {
  SWAGE_TRY(const PartFile part, PartFile::acquire(downloads(), tree.nar_sha256));
  SWAGE_TRY(const bool valid, store.is_valid(source.path));
  if (!valid) SWAGE_CHECK(unpack_tree(source, tree, part, job_id));
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
