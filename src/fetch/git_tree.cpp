#include "fetch/git_tree.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <unistd.h>

#include "base/process.hpp"
#include "base/text.hpp"
#include "base/url.hpp"

extern char** environ;

namespace swage {

namespace {

constexpr std::size_t kShownFiles = 5;

// What git lets a caller say of one repository, as it does to the hooks that it runs: here it is another one. The
// configuration that a caller hands on stays (GIT_CONFIG_*).
bool names_a_repository(std::string_view variable) {
  constexpr std::string_view names[] = {
      "GIT_DIR",        "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
      "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX",     "GIT_SHALLOW_FILE"};
  return std::find(std::begin(names), std::end(names), variable) != std::end(names);
}

std::map<std::string, std::string> environment_of_git() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos && !names_a_repository(text.substr(0, equals)))
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

Result<ProcessResult> try_git(const fs::path& directory, std::vector<std::string> words, std::string input = {}) {
  words.insert(words.begin(), {"git", "--git-dir=" + directory.string()});
  return run_process({.argv = std::move(words), .env = environment_of_git(), .input = std::move(input)});
}

// What git printed; its words are notes of the error `what`.
Result<std::string> git(const fs::path& directory, const std::string& what, std::vector<std::string> words,
                        std::string input = {}) {
  SWAGE_TRY(ProcessResult result, try_git(directory, std::move(words), std::move(input)));
  if (result.ok()) return std::move(result.out);
  Error error{.code = Errc::environment, .what = what};
  for (const std::string_view line : split(trim(result.err), '\n')) error.notes.push_back(fmt::format("git: {}", line));
  return Fail(std::move(error));
}

// Whose files nobody's attributes change. Of the repository's own those of its `info` win over all others.
Result<void> make_repository(const fs::path& directory, const std::string& what) {
  SWAGE_CHECK(make_directories(directory));
  SWAGE_CHECK(git(directory, what, {"init", "--quiet", "--bare", "--template="}));
  SWAGE_CHECK(make_directories(directory / "info"));
  return write_file_atomically(directory / "info/attributes", "* -text -ident -filter !eol !working-tree-encoding\n",
                               0644, Durability::volatile_ok);
}

// The directory that a URL means on this machine.
std::optional<fs::path> local_repository(const std::string& url) {
  const std::string path = url.starts_with("file://") ? url.substr(7) : url;
  if (!directory_exists(path)) return std::nullopt;
  const Result<fs::path> whole = absolute_path(path);
  if (!whole) return std::nullopt;
  return path_exists(*whole / ".git") ? *whole / ".git" : *whole;
}

// Lends the objects of a repository of this machine to ours: neither its configuration nor its hooks have a say, and
// nothing is written into it.
Result<std::string> borrow(const fs::path& from, const fs::path& ours, const GitPlace& place) {
  const std::string what = fmt::format("'{}' cannot be read as a git repository", place.url);
  SWAGE_TRY(const std::string objects, git(from, what, {"rev-parse", "--git-path", "objects"}));
  SWAGE_TRY(const fs::path whole, absolute_path(std::string(trim(objects))));
  SWAGE_CHECK(
      write_file_atomically(ours / "objects/info/alternates", whole.string() + "\n", 0644, Durability::volatile_ok));
  const std::string ref = place.ref.empty() ? "HEAD" : place.ref;
  SWAGE_TRY(const ProcessResult commit,
            try_git(from, {"rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}"}));
  if (!commit.ok()) return fail(Errc::invalid_input, fmt::format("'{}' has no commit '{}'", place.url, ref));
  return std::string(trim(commit.out));
}

// Of what was read into the index: "160000 COMMIT 0<tab>PATH".
Result<std::vector<std::string>> submodules(const fs::path& ours, const std::string& what) {
  SWAGE_TRY(const std::string entries, git(ours, what, {"ls-files", "--stage", "-z"}));
  std::vector<std::string> paths;
  for (const std::string_view entry : split(entries, '\0'))
    if (entry.starts_with("160000 ")) paths.emplace_back(entry.substr(entry.find('\t') + 1));
  return paths;
}

Result<std::string> fetch_commit(const fs::path& ours, const GitPlace& place) {
  const std::string ref = place.ref.empty() ? "HEAD" : place.ref;
  Result<std::string> fetched = git(ours, fmt::format("'{}' cannot be fetched", place.url),
                                    {"-c", "gc.auto=0", "-c", "maintenance.auto=false", "fetch", "--quiet", "--depth=1",
                                     "--no-tags", "--", place.url, ref});
  if (!fetched) {
    Error error = std::move(fetched).error();
    if (error.code == Errc::environment)
      error.hint =
          fmt::format("a copy can stand for it: git config --global url.DIR.insteadOf {}", shell_quoted(place.url));
    return Fail(std::move(error));
  }
  SWAGE_TRY(const std::string commit,
            git(ours, fmt::format("'{}' is no commit", place.ref), {"rev-parse", "--verify", "FETCH_HEAD^{commit}"}));
  return std::string(trim(commit));
}

// The files below the tree whose content the objects lack. Git lists them without asking anybody for them.
Result<std::vector<std::string>> lacking(const fs::path& ours, const std::string& tree, const std::string& what) {
  SWAGE_TRY(const std::string listed,
            git(ours, what, {"rev-list", "--objects", "--no-object-names", "--missing=print", tree}));
  std::set<std::string, std::less<>> objects;
  for (const std::string_view line : split(listed, '\n'))
    if (line.starts_with('?')) objects.emplace(line.substr(1));
  std::vector<std::string> files;
  if (objects.empty()) return files;
  SWAGE_TRY(const std::string index, git(ours, what, {"ls-files", "--stage", "-z"}));
  for (const std::string_view entry : split(index, '\0')) {   // MODE OBJECT STAGE<tab>PATH
    const std::size_t tab = entry.find('\t');
    if (tab != std::string_view::npos && objects.contains(split(entry.substr(0, tab), ' ')[1]))
      files.emplace_back(entry.substr(tab + 1));
  }
  return files;
}

Result<void> check_out(const fs::path& ours, const fs::path& into, const std::vector<std::string>& without,
                       const std::string& what) {
  SWAGE_CHECK(make_directories(into));
  const std::string tree = "--work-tree=" + into.string();
  if (!without.empty()) {
    std::string list;
    for (const std::string& file : without) list.append(file).push_back('\0');
    SWAGE_CHECK(git(ours, what, {tree, "update-index", "-z", "--force-remove", "--stdin"}, std::move(list)));
  }
  SWAGE_CHECK(git(ours, what,
                  {tree, "-c", "core.symlinks=true", "-c", "core.fileMode=true", "-c", "core.autocrlf=false", "-c",
                   "core.fsmonitor=false", "checkout-index", "--all", "--quiet"}));
  return {};
}

}  // namespace

Result<GitPlace> parse_git_place(const std::string& text) {
  SWAGE_CHECK(refuse_secrets(text));
  GitPlace place{.url = text.substr(0, text.find('#'))};
  if (place.url.size() == text.size()) return place;
  place.ref = text.substr(place.url.size() + 1);
  if (const std::size_t colon = place.ref.find(':'); colon != std::string::npos) {
    place.directory = place.ref.substr(colon + 1);
    place.ref.resize(colon);
    while (place.directory.ends_with('/')) place.directory.pop_back();
    const auto parts = split(place.directory, '/');
    if (std::any_of(parts.begin(), parts.end(),
                    [](std::string_view part) { return part.empty() || part == "." || part == ".."; }))
      return Fail(Error{.what = fmt::format("'{}' names no directory of the repository", text),
                        .hint = "write it as: URL#REF:DIR"});
  }
  const bool option = !place.ref.empty() && std::string_view("-+^").find(place.ref.front()) != std::string_view::npos;
  if (option || place.ref.find_first_of(" *?[\\") != std::string::npos)
    return Fail(Error{.what = fmt::format("'{}' is not a branch, a tag or a commit", place.ref),
                      .hint = "write it as: URL#REF or URL#REF:DIR"});
  return place;
}

Result<GitTree> git_tree(const GitPlace& place, const fs::path& scratch, const std::vector<std::string>& left_out,
                         Reporter& reporter) {
  const fs::path ours = scratch / "repository";
  const std::string what = fmt::format("the tree of '{}' cannot be read", place.url);
  SWAGE_CHECK(make_repository(ours, what));
  SWAGE_TRY(const std::string meant, git(ours, what, {"ls-remote", "--get-url", "--", place.url}));
  const std::string real(trim(meant));
  if (real != place.url)
    reporter.on(Message{fmt::format("note: '{}' is '{}' by git's configuration", place.url, shown_url(real))});
  const std::optional<fs::path> local = local_repository(real);
  if (!local && (real.empty() || std::string_view("./~").find(real.front()) != std::string_view::npos))
    return Fail(Error{.what = fmt::format("'{}' is no directory of this machine", real),
                      .hint = "a repository elsewhere is named by its URL: https://HOST/NAME#COMMIT"});
  if (!local) reporter.on(Message{fmt::format("note: fetching '{}'", place.url)});
  GitTree tree{.path = scratch / "tree"};
  SWAGE_TRY(tree.commit, local ? borrow(*local, ours, place) : fetch_commit(ours, place));
  const std::string revision = fmt::format("{}:{}", tree.commit, place.directory);
  SWAGE_TRY(const ProcessResult kind, try_git(ours, {"cat-file", "-t", revision}));
  if (trim(kind.out) != "tree")
    return fail(Errc::invalid_input,
                fmt::format("'{}' has no directory '{}' in commit {}", place.url, place.directory, tree.commit));
  SWAGE_CHECK(git(ours, what, {"read-tree", revision}));
  if (local) { SWAGE_TRY(tree.missing, lacking(ours, revision, what)); }
  SWAGE_TRY(const std::vector<std::string> modules, submodules(ours, what));
  if (!modules.empty())
    reporter.on(Message{
        fmt::format("note: '{}' has {} submodule{}, whose files are in other repositories and left out: {}", place.url,
                    modules.size(), modules.size() == 1 ? "" : "s", join_some(modules, kShownFiles))});
  if (!tree.missing.empty())
    reporter.on(Message{fmt::format("note: the copy of '{}' lacks {} of its files, which are left out: {}", place.url,
                                    tree.missing.size(), join_some(tree.missing, kShownFiles))});
  tree.missing.insert(tree.missing.end(), left_out.begin(), left_out.end());
  std::sort(tree.missing.begin(), tree.missing.end());
  tree.missing.erase(std::unique(tree.missing.begin(), tree.missing.end()), tree.missing.end());
  SWAGE_CHECK(check_out(ours, tree.path, tree.missing, what));
  SWAGE_CHECK(remove_tree(ours));
  return tree;
}

}  // namespace swage
