#include "cli/trees.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "base/process.hpp"
#include "base/text.hpp"
#include "cli/kconfig.hpp"
#include "fetch/fetch.hpp"

namespace swage {

namespace {

bool is_git(const std::string& from) {
  return from.find("://") != std::string::npos || from.find('#') != std::string::npos || from.ends_with(".git");
}

// A shallow clone of one branch or tag.
Result<fs::path> clone(Session& session, const std::string& from, const fs::path& into) {
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

}  // namespace

Result<KernelChoice> local_kernel(Session& session, const std::string& from, const std::string& version) {
  fs::path tree = fs::absolute(from).lexically_normal();
  std::optional<TempDir> unpacked;
  std::error_code ignored;
  if (!fs::is_directory(tree, ignored)) {
    SWAGE_TRY(Store* store, session.store());
    const bool archive = fs::is_regular_file(tree, ignored);
    if (!archive && !is_git(from)) return fail(Errc::invalid_input, fmt::format("'{}' is no directory, archive or git URL", from));
    SWAGE_TRY(unpacked, TempDir::create("src-", store->work_dir()));
    if (archive) {
      session.reporter().on(Message{fmt::format("note: unpacking '{}'", from)});
      SWAGE_CHECK(extract_archive(tree, unpacked->path() / "tree"));
      tree = unpacked->path() / "tree";
    } else {
      SWAGE_TRY(tree, clone(session, from, unpacked->path()));
    }
  }
  Result<std::string> makefile = read_file(tree / "Makefile");
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

Result<Source> module_source(Session& session, const std::string& directory) {
  const fs::path tree = fs::absolute(directory).lexically_normal();
  std::error_code ignored;
  if (!fs::is_directory(tree, ignored)) return fail(Errc::invalid_input, fmt::format("'{}' is no directory", directory));
  if (!path_exists(tree / "Makefile") && !path_exists(tree / "Kbuild"))
    return Fail(Error{.what = fmt::format("'{}' has neither a Makefile nor a Kbuild", directory),
                      .hint = "a module's Kbuild is one line: obj-m := NAME.o"});
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(StorePath path, store->add_tree("modules-source", tree, is_module_source));
  return Source{.path = std::move(path), .how = Source::Present{directory}};
}

}  // namespace swage
