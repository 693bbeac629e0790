#include "request/trees.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <optional>

#include "base/beneath.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "catalog/layer.hpp"
#include "fetch/fetch.hpp"
#include "request/kconfig.hpp"

namespace swage {

namespace {

bool is_git(const std::string& from) {
  return from.find("://") != std::string::npos || from.find('#') != std::string::npos || from.ends_with(".git");
}

// A shallow clone of one branch or tag.
Result<fs::path> clone(Session& session, const std::string& from, const fs::path& into) {
  SWAGE_CHECK(refuse_secrets(from));
  const auto hash = from.find('#');
  ProcessSpec git{.argv = {"git", "clone", "--quiet", "--depth", "1", "-c", "advice.detachedHead=false"}};
  if (hash != std::string::npos) git.argv.insert(git.argv.end(), {"--branch", from.substr(hash + 1)});
  git.argv.insert(git.argv.end(), {"--", from.substr(0, hash), (into / "tree").string()});
  session.reporter().on(Message{fmt::format("note: cloning '{}'", from)});
  SWAGE_TRY(const ProcessResult result, run_process(git));
  if (!result.ok()) {
    Error error{.code = Errc::environment, .what = fmt::format("'{}' cannot be cloned", from)};
    for (const std::string_view line : split(trim(result.err), '\n')) error.notes.push_back(fmt::format("git: {}", line));
    return Fail(std::move(error));
  }
  return into / "tree";
}

// Everything but version control.
bool is_source(std::string_view path) { return path != ".git"; }

bool is_module_source(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const auto ends = [&](std::string_view end) { return name.ends_with(end); };
  return is_source(path) && !ends(".o") && !ends(".ko") && !ends(".mod") && !ends(".mod.c") && !ends(".cmd") && name != "Module.symvers" &&
         name != "modules.order";
}

// A tree where it is, or as long as this lives unpacked or cloned.
struct LocalTree {
  fs::path path{};
  std::optional<TempDir> unpacked{};
};

// By `make`, which is given a directory.
template <class Make>
Result<LocalTree> made_tree(Session& session, const Make& make) {
  SWAGE_TRY(Store* store, session.store());
  LocalTree tree;
  SWAGE_TRY(tree.unpacked, TempDir::create("src-", store->work_dir()));
  SWAGE_TRY(tree.path, make(tree.unpacked->path()));
  return tree;
}

Result<LocalTree> cloned_tree(Session& session, const std::string& from) {
  return made_tree(session, [&](const fs::path& into) { return clone(session, from, into); });
}

Result<LocalTree> unpacked_tree(Session& session, const fs::path& archive, const std::string& shown) {
  return made_tree(session, [&](const fs::path& into) -> Result<fs::path> {
    session.reporter().on(Message{fmt::format("note: unpacking '{}'", shown)});
    SWAGE_CHECK(extract_archive(archive, into / "tree"));
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
  return cloned_tree(session, from);
}

// What a layer names is below it, or comes from another machine.
Result<LocalTree> open_component_tree(Session& session, const ComponentRow& row) {
  if (is_remote_tree(row.tree)) return cloned_tree(session, row.tree);
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(fs::path place, catalog->component_tree(row));
  if (directory_exists(place)) return LocalTree{.path = std::move(place)};
  return unpacked_tree(session, place, row.tree);
}

}  // namespace

Result<KernelChoice> local_kernel(Session& session, const std::string& from, const std::string& version) {
  SWAGE_TRY(const LocalTree opened, open_tree(session, from));
  const fs::path& tree = opened.path;
  SWAGE_TRY(const Beneath files, Beneath::open(tree));
  SWAGE_TRY(const std::optional<std::string> makefile, files.find("Makefile"));
  if (!makefile) return Fail(Error{.what = fmt::format("'{}' is not a kernel tree: it has no Makefile", from)});
  SWAGE_TRY(const std::string text, kernel_tree_version(*makefile, (tree / "Makefile").string()));
  SWAGE_TRY(Version found, Version::parse(text));
  if (!version.empty()) {
    SWAGE_TRY(const Version wanted, Version::parse(version));
    if (!wanted.is_prefix_of(found)) return fail(Errc::invalid_input, fmt::format("'{}' is linux {}, not {}", from, text, version));
  }
  if (path_exists(tree / ".config") || path_exists(tree / "include/config"))
    return Fail(Error{.what = fmt::format("'{}' has been built in", from), .hint = fmt::format("clean it with: make -C {} mrproper", from)});
  SWAGE_TRY(Store* store, session.store());
  session.reporter().on(Message{fmt::format("note: copying '{}' into the store", from)});
  SWAGE_TRY(StorePath path, store->add_tree(fmt::format("linux-{}-source", text), tree, is_source));
  return KernelChoice{.version = std::move(found), .source = Source{.path = std::move(path), .how = Source::Present{from}}};
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
