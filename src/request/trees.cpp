#include "request/trees.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <optional>

#include "base/beneath.hpp"
#include "base/text.hpp"
#include "catalog/layer.hpp"
#include "fetch/fetch.hpp"
#include "fetch/git_tree.hpp"
#include "request/given_tree.hpp"
#include "request/kconfig.hpp"
#include "request/mirrors.hpp"
#include "request/tree_damage.hpp"

namespace swage {

namespace {

constexpr std::size_t kShown = 5;   // names of files in a message

bool is_git(const std::string& from) {
  return from.find("://") != std::string::npos || from.find('#') != std::string::npos || from.ends_with(".git");
}

// Everything but version control.
bool is_source(std::string_view path) { return path != ".git"; }

bool is_module_source(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const auto ends = [&](std::string_view end) { return name.ends_with(end); };
  return is_source(path) && !ends(".o") && !ends(".ko") && !ends(".mod") && !ends(".mod.c") && !ends(".cmd") &&
         name != "Module.symvers" && name != "modules.order";
}

// A tree where it is, or as long as this lives unpacked, fetched or copied.
struct LocalTree {
  fs::path path{};
  std::optional<TempDir> unpacked{};
  KernelTree origin{};        // where it is from, as far as that is known
};

// By `make`, which is given a directory.
template <class Make>
Result<LocalTree> made_tree(Session& session, const Make& make) {
  SWAGE_TRY(Store* store, session.store());
  std::vector<Error> stuck;   // what a killed run has left here; what cannot be removed is for `store gc` to say
  SWAGE_CHECK(remove_abandoned(store->work_dir(), Abandoned::like_a_tempdir, stuck));
  LocalTree tree;
  SWAGE_TRY(tree.unpacked, TempDir::create("src-", store->work_dir()));
  SWAGE_TRY(tree.path, make(tree.unpacked->path()));
  return tree;
}

Result<LocalTree> fetched_tree(Session& session, const std::string& from,
                               const std::vector<std::string>& left_out = {}) {
  SWAGE_TRY(const GitPlace place, parse_git_place(from));
  if (is_remote_tree(place.url)) SWAGE_CHECK(session.check_online(fmt::format("'{}' cannot be fetched", place.url)));
  GitTree found;
  SWAGE_TRY(LocalTree tree, made_tree(session, [&](const fs::path& into) -> Result<fs::path> {
    SWAGE_TRY(found, git_tree(place, into, left_out, session.reporter()));
    return found.path;
  }));
  if (is_remote_tree(place.url)) tree.origin.url = place.url;
  tree.origin.commit = found.commit;
  tree.origin.directory = place.directory;
  tree.origin.missing = found.missing;
  return tree;
}

Result<LocalTree> unpacked_tree(Session& session, const fs::path& archive, const std::string& shown) {
  return made_tree(session, [&](const fs::path& into) -> Result<fs::path> {
    session.reporter().on(Message{fmt::format("note: unpacking '{}'", shown)});
    fs::path packed = archive;
    if (archive.extension() == ".deb") {   // linux-source-6.1_6.1.187-1_all.deb has usr/src/linux-source-6.1.tar.xz
      const std::string file = archive.filename().string();
      packed = into / "packed";
      SWAGE_CHECK(
          extract_deb_member(archive, fmt::format("usr/src/{}.tar.xz", file.substr(0, file.find('_'))), packed));
    }
    SWAGE_CHECK(extract_archive(packed, into / "tree"));
    return into / "tree";
  });
}

// What the user names may be anywhere.
Result<LocalTree> open_tree(Session& session, const std::string& from) {
  SWAGE_TRY(const fs::path named, absolute_path(from));
  const fs::path path = named.lexically_normal();
  std::error_code ignored;
  if (directory_exists(path)) return LocalTree{.path = path};
  if (fs::is_regular_file(path, ignored)) return unpacked_tree(session, path, from);
  if (!is_git(from)) return fail(Errc::invalid_input, fmt::format("'{}' is no directory, archive or git URL", from));
  return fetched_tree(session, from);
}

// What a layer names is below it, or comes from another machine.
Result<LocalTree> open_component_tree(Session& session, const ComponentRow& row) {
  if (is_remote_tree(row.tree)) return fetched_tree(session, row.tree);
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(fs::path place, catalog->component_tree(row));
  if (directory_exists(place)) return LocalTree{.path = std::move(place)};
  return unpacked_tree(session, place, row.tree);
}

// A record names what was left out, and few names are enough for what is committed by mistake.
constexpr std::size_t kMostOutputs = 100;

Result<void> refuse(const LocalTree& tree, const std::string& from, const TreeDamage& damage) {
  std::vector<Error> errors;
  if (!damage.outputs.empty() && (!tree.unpacked || damage.outputs.size() > kMostOutputs))
    errors.push_back({.what = fmt::format("'{}' has been built in", from),
                      .notes = {fmt::format("what a build has left in it: {}", join_some(damage.outputs, kShown))},
                      .hint = tree.unpacked
                                  ? "put it into a directory, clean that with `make mrproper`, and name it: --src DIR"
                                  : fmt::format("clean it with: make -C {} mrproper", shell_quoted(from))});
  if (!damage.absent.empty())
    errors.push_back(
        {.what = fmt::format("'{}' has lost files that its own makefiles name", from),
         .notes = {fmt::format("not there: {}", join_some(damage.absent, kShown))},
         .hint =
             "get it anew where links, file names and all files survive: a clone, or an archive unpacked on Linux"});
  if (errors.empty()) return {};
  return Fail(together(std::move(errors)));
}

// A directory of the user's stays as it is: what is mended is a copy.
Result<void> make_ours(Session& session, LocalTree& tree) {
  if (tree.unpacked) return {};
  SWAGE_TRY(LocalTree copy, made_tree(session, [&](const fs::path& into) -> Result<fs::path> {
    SWAGE_CHECK(copy_tree(tree.path, into / "tree"));
    return into / "tree";
  }));
  tree.path = std::move(copy.path);
  tree.unpacked = std::move(copy.unpacked);
  return {};
}

// As `how` says: found now, or recorded.
Result<void> mend(Session& session, LocalTree& tree, const KernelTree& how) {
  if (how.outputs.empty() && how.links.empty() && !how.executable) return {};
  SWAGE_CHECK(make_ours(session, tree));
  SWAGE_CHECK(remove_outputs(tree.path, how.outputs));
  SWAGE_CHECK(mend_links(tree.path, how.links));
  if (how.executable) SWAGE_CHECK(mend_execute_bits(tree.path));
  tree.origin.outputs = how.outputs;
  tree.origin.links = how.links;
  tree.origin.executable = how.executable;
  return {};
}

// What is wrong with the tree: told, mended or refused.
Result<void> look_after(Session& session, LocalTree& tree, const std::string& from, const Version& version,
                        const std::vector<const Platform*>& platforms) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const std::vector<TreeFileRow>* known, catalog->tree_files());
  std::vector<std::string> arches;
  for (const Platform* platform : platforms) arches.push_back(platform->kernel_arch);
  SWAGE_TRY(const TreeDamage damage, find_damage(tree.path, version, *known, arches));
  SWAGE_CHECK(refuse(tree, from, damage));
  const auto say = [&](const std::string& text) { session.reporter().on(Message{text}); };
  if (!damage.lost_twins.empty())
    say(fmt::format("warning: '{}' has lost files whose names differ from others' in case alone, and what needs them "
                    "does not build: {}",
                    from, join_some(damage.lost_twins, kShown)));
  if (!damage.pointers.empty())
    say(fmt::format("warning: '{}' has only what Git LFS calls {} of its files, and what needs them does not build: {}",
                    from, damage.pointers.size(), join_some(damage.pointers, kShown)));
  if (!damage.outputs.empty())
    say(fmt::format("note: '{}' has been built in; left out of the copy: {}", from, join_some(damage.outputs, kShown)));
  if (!damage.links.empty())
    say(fmt::format("note: '{}' has {} file{} where there were links, which become links again in the copy: {}", from,
                    damage.links.size(), damage.links.size() == 1 ? "" : "s", join_some(damage.links, kShown)));
  if (!damage.executable) say(fmt::format("note: '{}' has scripts of which none may run: in the copy all may", from));
  return mend(session, tree, {.outputs = damage.outputs, .links = damage.links, .executable = !damage.executable});
}

Result<std::string> version_of(const LocalTree& tree, const std::string& from) {
  SWAGE_TRY(const Beneath files, Beneath::open(tree.path));
  SWAGE_TRY(const std::optional<std::string> makefile, files.find("Makefile"));
  if (makefile)   // where a tree was unpacked is nothing to look for
    return kernel_tree_version(*makefile, (tree.unpacked ? fs::path(from) : tree.path) / "Makefile");
  Error error{.what = fmt::format("'{}' is not a kernel tree: it has no Makefile", from)};
  if (path_exists(tree.path / "HEAD") && directory_exists(tree.path / "objects"))
    error.hint = fmt::format("it is a repository: name one of its commits: --src {}#HEAD", shell_quoted(from));
  if (!tree.origin.commit.empty() && tree.origin.directory.empty())
    error.hint = "where it is below the repository's top: --src URL#REF:DIR";
  return Fail(std::move(error));
}

Result<KernelChoice> add_kernel(Session& session, const LocalTree& tree, const std::string& version,
                                const std::string& from) {
  SWAGE_TRY(Store* store, session.store());
  session.reporter().on(Message{fmt::format("note: copying '{}' into the store", from)});
  SWAGE_TRY(StorePath path, store->add_tree(kernel_source_name(version), tree.path, is_source));
  SWAGE_TRY(const std::optional<PathInfo> info, store->query(path));
  if (!info)
    return fail(Errc::corrupt, fmt::format("'{}' is not valid in the store, and it was just made", path.str()));
  SWAGE_TRY(Version found, Version::parse(version));
  KernelTree origin = tree.origin;
  origin.nar = info->nar_hash.hex();
  return KernelChoice{.version = std::move(found),
                      .source = Source{.path = std::move(path), .how = Source::Present{from}},
                      .tree = std::move(origin)};
}

// `wanted`: as the target has it, "" any.
Result<void> check_tree_version(const Version& found, const std::string& wanted, const std::string& from) {
  if (wanted.empty()) return {};
  SWAGE_TRY(const Version version, Version::parse(wanted));
  if (version.is_prefix_of(found)) return {};
  return fail(Errc::invalid_input, fmt::format("'{}' is linux {}, not {}", from, found.str(), wanted));
}

// Of a mirror, which has the NAR.
Result<bool> take_mirrored_tree(Session& session, const Source& source, const EvidenceRow& row) {
  SWAGE_TRY(const std::vector<std::string> mirrors, mirror_urls(session));
  if (mirrors.empty()) return false;
  SWAGE_TRY(const std::unique_ptr<SourceFetcher> fetcher, session.fetcher());
  const Source::Tree whole{.name = fmt::format("tree of linux {}", row.kernel), .nar_sha256 = row.tree->nar};
  const Result<void> got = fetcher->fetch({.path = source.path, .how = whole}, next_job_id());
  if (!got && got.error().code == Errc::interrupted) return Fail(got.error());
  return got.has_value();
}

// Where a recorded tree can be had again, as --src has it; "" nowhere.
std::string place_of(const KernelTree& tree) {
  if (tree.url.empty()) return "";
  return fmt::format("{}#{}{}{}", tree.url, tree.commit, tree.directory.empty() ? "" : ":", tree.directory);
}

}  // namespace

Result<KernelChoice> local_kernel(Session& session, const std::string& from, const std::string& version,
                                  const std::vector<const Platform*>& platforms) {
  std::string key = from;
  for (const Platform* platform : platforms) key += "\n" + platform->kernel_arch;
  if (const auto known = session.known_trees().find(key); known != session.known_trees().end()) {
    SWAGE_CHECK(check_tree_version(known->second->version, version, from));
    return *known->second;
  }
  SWAGE_TRY(LocalTree tree, open_tree(session, from));
  SWAGE_TRY(const std::string text, version_of(tree, from));
  SWAGE_TRY(const Version found, Version::parse(text));
  SWAGE_CHECK(check_tree_version(found, version, from));
  SWAGE_CHECK(look_after(session, tree, from, found, platforms));
  SWAGE_TRY(KernelChoice added, add_kernel(session, tree, text, from));
  session.known_trees().emplace(std::move(key), std::make_shared<const KernelChoice>(added));
  return added;
}

Result<void> fetch_recorded_tree(Session& session, const EvidenceRow& row) {
  const KernelTree& tree = *row.tree;
  SWAGE_TRY(const KernelChoice recorded, recorded_kernel(row));
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const bool is_there, store->is_valid(recorded.source->path));
  if (is_there) return {};
  SWAGE_TRY(const bool mirrored, take_mirrored_tree(session, *recorded.source, row));
  if (mirrored) return {};
  const std::string place = place_of(tree);
  if (place.empty())
    return Fail(Error{
        .code = Errc::environment,
        .what = fmt::format(
            "the tree that 'linux@{}' was recorded of is not in the store: the record has no place to fetch it from",
            row.kernel),
        .notes = {fmt::format("its sha256 (NAR) is {}", tree.nar)},
        .hint = "name the directory with: --src DIR"});
  SWAGE_TRY(LocalTree fetched, fetched_tree(session, place, tree.missing));
  const std::vector<std::string> missing = fetched.origin.missing;
  SWAGE_CHECK(mend(session, fetched, tree));
  SWAGE_TRY(const KernelChoice now, add_kernel(session, fetched, row.kernel, place));
  if (now.tree->nar == tree.nar) return {};
  Error error{.code = Errc::hash_mismatch, .what = fmt::format("'{}' is not the tree that was recorded", place),
              .notes = {fmt::format("recorded: {}", tree.nar), fmt::format("now:      {}", now.tree->nar)}};
  if (missing != tree.missing) error.notes.push_back("this copy of it lacks files that the recorded one had");
  return Fail(std::move(error));
}

Result<Source> component_source(Session& session, const ComponentRow& row) {
  auto opened = open_component_tree(session, row);
  if (!opened) {
    Error error = std::move(opened).error();
    if (!error.where) error.where = row.origin.pos;
    return Fail(std::move(error));
  }
  SWAGE_TRY(Store* store, session.store());
  session.reporter().on(Message{fmt::format("note: copying '{}' into the store", row.tree)});
  SWAGE_TRY(StorePath path, store->add_tree(fmt::format("{}-source", row.id), opened->path, is_source));
  return Source{.path = std::move(path), .how = Source::Present{row.tree}};
}

Result<Source> module_source(Session& session, const std::string& directory) {
  SWAGE_TRY(const fs::path named, absolute_path(directory));
  const fs::path tree = named.lexically_normal();
  if (!directory_exists(tree)) return fail(Errc::invalid_input, fmt::format("'{}' is no directory", directory));
  if (!path_exists(tree / "Makefile") && !path_exists(tree / "Kbuild"))
    return Fail(Error{.what = fmt::format("'{}' has neither a Makefile nor a Kbuild", directory),
                      .hint = "a module's Kbuild is one line: obj-m := NAME.o"});
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(StorePath path, store->add_tree("modules-source", tree, is_module_source));
  return Source{.path = std::move(path), .how = Source::Present{directory}};
}

}  // namespace swage
