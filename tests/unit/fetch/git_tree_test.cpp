// Trees of git repositories: which is meant, what of the user's and of the repository's has a say in it, and what a
// copy lacks.
#include "fetch/git_tree.hpp"

#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/process.hpp"
#include "base/text.hpp"

namespace swage {
namespace {

using Strings = std::vector<std::string>;
using testing::ElementsAre;

struct Notes final : Reporter {
  Strings texts{};
  void on(const Event& event) override {
    if (const auto* message = std::get_if<Message>(&event)) texts.push_back(message->text);
  }
};

// A repository with one commit, and git's configuration of a user who has nothing but what the test gives him.
class GitTreeTest : public testing::Test {
 protected:
  GitTreeTest() {
    ::setenv("GIT_CONFIG_GLOBAL", (dir_.path() / "config").c_str(), 1);
    ::setenv("GIT_CONFIG_SYSTEM", "/dev/null", 1);
    configure("[user]\nname = n\nemail = e@example.org\n");
    git({"init", "--quiet", repository().string()});
  }
  fs::path repository() const { return dir_.path() / "repository"; }
  void configure(const std::string& text) { std::ofstream(dir_.path() / "config", std::ios::app) << text; }
  std::string git(Strings words, const std::string& input = "") {
    words.insert(words.begin(), "git");
    const ProcessResult result = run_process({.argv = words, .input = input}).value();
    EXPECT_TRUE(result.ok()) << join(words, " ") << "\n" << result.err;
    return std::string(trim(result.out));
  }
  std::string in_repository(Strings words, const std::string& input = "") {
    words.insert(words.begin(), {"-C", repository().string()});
    return git(words, input);
  }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((repository() / name).parent_path());
    std::ofstream(repository() / name) << text;
  }
  std::string commit() {
    in_repository({"add", "--all"});
    in_repository({"commit", "--quiet", "-m", "m"});
    return in_repository({"rev-parse", "HEAD"});
  }
  // As a copy that drops some files has them: the object is not there.
  void lose(const std::string& name) {
    const std::string object = in_repository({"rev-parse", "HEAD:" + name});
    ASSERT_TRUE(fs::remove(repository() / ".git/objects" / object.substr(0, 2) / object.substr(2)));
  }
  Result<GitTree> get(const std::string& text, const Strings& left_out = {}) {
    notes_.texts.clear();
    const auto place = parse_git_place(text);
    if (!place) return Fail(place.error());
    const fs::path scratch = dir_.path() / fmt::format("scratch{}", ++count_);
    fs::create_directories(scratch);
    return git_tree(*place, scratch, left_out, notes_);
  }
  static Strings files(const GitTree& tree) {
    Strings names;
    for (const auto& entry : fs::recursive_directory_iterator(tree.path))
      if (!entry.is_directory() || entry.is_symlink())
        names.push_back(entry.path().lexically_relative(tree.path).string());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string problem(const std::string& text) {
    const auto tree = get(text);
    return tree ? "no problem" : render(tree.error());
  }

  TempDir dir_ = TempDir::create("git").value();
  Notes notes_{};
  int count_ = 0;
};

TEST_F(GitTreeTest, IsTheCommitOfABranchATagOrAHash) {
  write("a", "1");
  const std::string first = commit();
  in_repository({"tag", "-a", "-m", "t", "v1"});
  write("a", "2");
  const std::string second = commit();
  const std::string url = repository().string();
  EXPECT_EQ(get(url)->commit, second);
  EXPECT_EQ(get(url + "#v1")->commit, first);
  EXPECT_EQ(get(url + "#" + first.substr(0, 10))->commit, first);
  const GitTree tree = get("file://" + url + "#v1").value();
  EXPECT_EQ(tree.commit, first);
  EXPECT_THAT(files(tree), ElementsAre("a"));
  EXPECT_EQ(read_file(tree.path / "a").value(), "1");
  EXPECT_THAT(notes_.texts, ElementsAre());
  EXPECT_EQ(problem(url + "#none"), fmt::format("error: '{}' has no commit 'none'\n", url));
}

TEST_F(GitTreeTest, MayBeOfADirectoryBelowTheTop) {
  write("linux/a", "1");
  write("linux/sub/b", "1");
  write("other", "1");
  const std::string head = commit();
  const std::string url = repository().string();
  EXPECT_THAT(files(get(url + "#HEAD:linux").value()), ElementsAre("a", "sub/b"));
  EXPECT_THAT(files(get(url + "#:linux/sub/").value()), ElementsAre("b"));
  for (const char* none : {"none", "other"})
    EXPECT_EQ(problem(url + "#HEAD:" + none),
              fmt::format("error: '{}' has no directory '{}' in commit {}\n", url, none, head));
  for (const char* out : {"..", "a/../..", "/etc", "a//b", "."})
    EXPECT_EQ(problem(fmt::format("{}#HEAD:{}", url, out)),
              fmt::format("error: '{}#HEAD:{}' names no directory of the repository\nhint: write it as: URL#REF:DIR\n",
                          url, out));
  for (const char* ref : {"--upload-pack=x", "+main", "^v1", "a*"})
    EXPECT_EQ(problem(fmt::format("{}#{}", url, ref)),
              fmt::format("error: '{}' is not a branch, a tag or a commit\nhint: write it as: URL#REF or URL#REF:DIR\n",
                          ref));
}

TEST_F(GitTreeTest, HoldsWhatWasCommittedAndNothingElse) {
  write("unix", "1\n2\n");
  write("dos", "1\r\n");
  write("id", "$Id$\n");
  write("big", "pointer\n");
  write("script", "#!/bin/sh\n");
  ::chmod((repository() / "script").c_str(), 0755);
  fs::create_symlink("../out", repository() / "link");
  in_repository({"add", "--all"});
  write(".gitattributes", "unix eol=crlf\nid ident\nbig filter=lfs working-tree-encoding=UTF-16\ndos export-ignore\n");
  in_repository({"add", ".gitattributes"});
  in_repository({"commit", "--quiet", "-m", "m"});
  configure("[core]\nautocrlf = true\nsymlinks = false\n[filter \"lfs\"]\nsmudge = echo smudged\nrequired = true\n");
  const GitTree tree = get(repository().string()).value();
  EXPECT_THAT(files(tree), ElementsAre(".gitattributes", "big", "dos", "id", "link", "script", "unix"));
  EXPECT_EQ(read_file(tree.path / "unix").value(), "1\n2\n");
  EXPECT_EQ(read_file(tree.path / "dos").value(), "1\r\n");
  EXPECT_EQ(read_file(tree.path / "id").value(), "$Id$\n");
  EXPECT_EQ(read_file(tree.path / "big").value(), "pointer\n");
  EXPECT_EQ(swage::read_symlink(tree.path / "link").value(), "../out");
  EXPECT_NE(fs::status(tree.path / "script").permissions() & fs::perms::owner_exec, fs::perms::none);
}

TEST_F(GitTreeTest, GitsConfigurationLetsACopyStandForAUrl) {
  write("a", "1");
  commit();
  configure(fmt::format("[url \"{}\"]\ninsteadOf = https://example.org/linux\n", repository().string()));
  const GitTree tree = get("https://example.org/linux#HEAD").value();
  EXPECT_THAT(files(tree), ElementsAre("a"));
  EXPECT_THAT(notes_.texts, ElementsAre(fmt::format("note: 'https://example.org/linux' is '{}' by git's configuration",
                                                    repository().string())));
}

// Git sets these for its hooks, and a hook may call swage.
TEST_F(GitTreeTest, AnotherRepositoryOfTheEnvironmentIsNotMeant) {
  write("a", "1");
  commit();
  for (const char* name : {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"})
    ::setenv(name, "/nowhere", 1);
  const auto tree = get(repository().string());
  for (const char* name : {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"}) ::unsetenv(name);
  ASSERT_TRUE(tree) << render(tree.error());
  EXPECT_THAT(files(*tree), ElementsAre("a"));
}

TEST_F(GitTreeTest, LeavesOutWhatTheCopyLacksAndSaysSo) {
  for (const char* name : {"k/a", "k/b b", "k/c", "k/keep"}) write(name, name);
  commit();
  lose("k/a");
  lose("k/b b");
  const std::string url = repository().string();
  const GitTree whole = get(url).value();
  EXPECT_THAT(whole.missing, ElementsAre("k/a", "k/b b"));
  EXPECT_THAT(files(whole), ElementsAre("k/c", "k/keep"));
  EXPECT_THAT(notes_.texts, ElementsAre(fmt::format(
                                "note: the copy of '{}' lacks 2 of its files, which are left out: k/a, k/b b", url)));
  const GitTree part = get(url + "#HEAD:k").value();
  EXPECT_THAT(part.missing, ElementsAre("a", "b b"));
}

TEST_F(GitTreeTest, LeavesOutWhatARecordHadNotEvenWhereItCanBeHad) {
  for (const char* name : {"a", "b", "c"}) write(name, name);
  commit();
  const GitTree tree = get(repository().string(), {"a", "c"}).value();
  EXPECT_THAT(files(tree), ElementsAre("b"));
  EXPECT_THAT(tree.missing, ElementsAre("a", "c"));
  EXPECT_THAT(notes_.texts, ElementsAre());
}

TEST_F(GitTreeTest, WhatIsNoRepositoryIsSaid) {
  const fs::path plain = dir_.path() / "plain";
  fs::create_directory(plain);
  EXPECT_THAT(
      problem(plain.string() + "#main"),
      testing::StartsWith(fmt::format(
          "error: '{}' cannot be read as a git repository\nnote: git: fatal: not a git repository", plain.string())));
}

}  // namespace
}  // namespace swage
