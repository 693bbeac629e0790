// Sharing files, comparing trees, and what keeps a path.
#include <fcntl.h>
#include <sys/stat.h>

#include "store/tree_diff.hpp"
#include "store_support.hpp"

namespace swage::test {
namespace {

ino_t inode(const fs::path& file) {
  struct stat st {};
  EXPECT_EQ(::lstat(file.c_str(), &st), 0) << file;
  return st.st_ino;
}

using StoreCare = StoreTest;

TEST_F(StoreCare, FilesOfTheSameContentShareIt) {
  const std::string text(9000, 'x'), other(9000, 'y');
  const StorePath a = add_output("a", {}, text), b = add_output("b", {}, text), c = add_output("c", {}, other);
  const StorePath small = add_output("small", {}, "z");
  const auto file = [&](const StorePath& path) { return store->real_path(path) / "file"; };
  SWAGE_OK(const OptimiseResult said, store->optimise(true));
  EXPECT_EQ(said.linked, 1U);
  EXPECT_NE(inode(file(a)), inode(file(b))) << "it only says";
  SWAGE_OK(const OptimiseResult result, store->optimise());
  EXPECT_EQ(result.files, 4U);
  EXPECT_EQ(result.hashed, 3U) << "nothing has the small one's size: it is not read";
  EXPECT_EQ(result.linked, 1U);
  EXPECT_GE(result.bytes_freed, 8192U);
  EXPECT_EQ(inode(file(a)), inode(file(b)));
  EXPECT_NE(inode(file(a)), inode(file(c)));
  struct stat st {};
  ASSERT_EQ(::stat(store->real_path(b).c_str(), &st), 0);
  EXPECT_EQ(st.st_mtime, 1);
  EXPECT_EQ(st.st_mode & 07777, 0555U);
  SWAGE_OK(const VerifyResult verified, store->verify({}));
  EXPECT_TRUE(verified.problems.empty());
  SWAGE_OK(const OptimiseResult again, store->optimise());
  EXPECT_EQ(again.linked, 0U);
  EXPECT_EQ(again.hashed, 0U) << "what is shared is known by its inode";
  // A new one joins; a link that nobody uses goes with its last user.
  const StorePath d = add_output("d", {}, text);
  SWAGE_OK(const OptimiseResult third, store->optimise());
  EXPECT_EQ(third.linked, 1U);
  EXPECT_EQ(inode(file(a)), inode(file(d)));
  reopen();
  EXPECT_DONE(store->collect_garbage({}));
  EXPECT_TRUE(list_directory(root / "nix/store/.links").value().empty());
}

TEST_F(StoreCare, ADamagedLinkIsNotSpread) {
  const std::string text(9000, 'x');
  const StorePath a = add_output("a", {}, text), b = add_output("b", {}, text);
  EXPECT_DONE(store->optimise());
  const fs::path shared = root / "nix/store/.links" / list_directory(root / "nix/store/.links").value().at(0);
  const StorePath c = add_output("c", {}, text);
  ::chmod(shared.c_str(), 0644);
  write(shared, std::string(9000, '!'), 0444);   // of all three names
  SWAGE_OK(const OptimiseResult result, store->optimise());
  EXPECT_EQ(result.linked, 0U);
  EXPECT_EQ(read_file(store->real_path(c) / "file").value(), text);
  SWAGE_OK(const VerifyResult verified, store->verify({}));
  EXPECT_EQ(verified.problems.size(), 2U) << "a and b were damaged before, and are still told";
}

TEST_F(StoreCare, ItSaysWhatKeepsAPath) {
  const StorePath library = add_output("library", {}), program = add_output("program", {library}), other = add_output("other", {});
  reopen();
  fs::create_symlink(program.str(), scratch / "result");
  EXPECT_DONE(store->add_indirect_root(scratch / "result"));
  EXPECT_EQ(store->why_kept(library).value(),
            (std::vector<std::string>{"'" + program.str() + "' refers to it", "it is a root: " + (scratch / "result").string()}));
  EXPECT_EQ(store->why_kept(other).value(), std::vector<std::string>{});
}

// --- Trees ---

class TreeDiff : public testing::Test {
 protected:
  Scratch scratch;
  void both(std::string_view name, std::string_view text, mode_t mode = 0644) {
    write(scratch / "a" / name, text, mode);
    write(scratch / "b" / name, text, mode);
  }
  std::vector<std::string> differ() const {
    std::vector<std::string> paths;
    const std::vector<TreeDifference> found = diff_trees(scratch / "a", scratch / "b").value();
    for (const TreeDifference& one : found) paths.push_back(one.path);
    return paths;
  }
};

TEST_F(TreeDiff, TellsFilesAndBytes) {
  both("same", "same");
  both("dir/longer", std::string(3 << 20, 'x'));
  both("mode", "x");
  fs::create_symlink("one", scratch / "a/link");
  fs::create_symlink("two", scratch / "b/link");
  EXPECT_EQ(differ(), std::vector<std::string>{"link"});
  std::string changed(3 << 20, 'x');
  changed[2'000'000] = 'y';
  changed[2'000'002] = 'y';
  write(scratch / "b/dir/longer", changed + "more");
  write(scratch / "a/left/deep/file", "");
  write(scratch / "b/right", "");
  ::chmod((scratch / "b/mode").c_str(), 0755);
  SWAGE_OK(const auto found, diff_trees(scratch / "a", scratch / "b"));
  ASSERT_EQ(found.size(), 5U);
  EXPECT_EQ(found[0].path, "dir/longer");
  EXPECT_EQ(found[0].bytes, 6U);
  EXPECT_EQ(found[0].at, 2'000'000U);
  EXPECT_EQ(found[0].first_bytes, std::string(16, 'x'));
  EXPECT_EQ(found[0].second_bytes, "yxy" + std::string(13, 'x'));
  EXPECT_EQ(found[1].path, "left") << "and not what is in it";
  EXPECT_FALSE(found[1].second);
  EXPECT_EQ(found[2].first->target, "one");
  EXPECT_EQ(found[3].path, "mode");
  EXPECT_EQ(found[3].bytes, 0U);
  EXPECT_TRUE(found[3].second->executable);
  EXPECT_EQ(found[4].path, "right");
  EXPECT_FALSE(found[4].first);
}

TEST_F(TreeDiff, ComparesSingleFilesAndKinds) {
  write(scratch / "a", "abc");
  write(scratch / "b", "ab");
  SWAGE_OK(const auto shorter, diff_trees(scratch / "a", scratch / "b"));
  ASSERT_EQ(shorter.size(), 1U);
  EXPECT_EQ(shorter[0].path, "");
  EXPECT_EQ(shorter[0].bytes, 1U);
  EXPECT_EQ(shorter[0].at, 2U);
  EXPECT_EQ(shorter[0].second_bytes, "");
  fs::remove(scratch / "b");
  fs::create_directory(scratch / "b");
  SWAGE_OK(const auto kinds, diff_trees(scratch / "a", scratch / "b"));
  ASSERT_EQ(kinds.size(), 1U);
  EXPECT_EQ(kinds[0].bytes, 0U);
  EXPECT_EQ(diff_trees(scratch / "none", scratch / "b").error().what, "cannot read '" + (scratch / "none").string() + "': No such file or directory");
}

TEST_F(TreeDiff, AFileThatGrewByAWholeBlock) {
  write(scratch / "a/f", std::string(1 << 20, 'x'));
  write(scratch / "b/f", std::string((1 << 20) + 3, 'x'));
  SWAGE_OK(const auto found, diff_trees(scratch / "a", scratch / "b"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].at, 1U << 20);
  EXPECT_EQ(found[0].bytes, 3U);
}

}  // namespace
}  // namespace swage::test
