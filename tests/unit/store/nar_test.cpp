#include "store/nar.hpp"

#include <gtest/gtest.h>
#include <map>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "hard_trees.hpp"
#include "store/nar_stream.hpp"
#include "store_support.hpp"

namespace swage {
namespace {

using test::nar_of;
using test::Scratch;
using test::source_of;

// Tokens as the format frames them.
std::string frame(std::string_view token) {
  std::string out(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(token.size() >> (8 * i));
  out += token;
  out.append((8 - token.size() % 8) % 8, '\0');
  return out;
}
std::string frames(std::initializer_list<std::string_view> tokens) {
  std::string out;
  for (const std::string_view token : tokens) out += frame(token);
  return out;
}
std::string file_node(std::string_view text) { return frames({"(", "type", "regular", "contents", text, ")"}); }
std::string entry(std::string_view name, std::string_view node) { return frames({"entry", "(", "name", name, "node"}) + std::string(node) + frame(")"); }
std::string directory(std::string_view entries) { return frames({"nix-archive-1", "(", "type", "directory"}) + std::string(entries) + frame(")"); }

std::string fault(const std::string& nar) {
  const auto checked = check_nar(source_of(nar));
  Scratch scratch;
  const auto restored = restore_nar(source_of(nar, 7), scratch / "x");
  EXPECT_EQ(static_cast<bool>(checked), static_cast<bool>(restored));
  if (checked) return "accepted";
  EXPECT_EQ(checked.error().what, restored.error().what);
  EXPECT_EQ(checked.error().code, Errc::corrupt);
  EXPECT_FALSE(path_exists(scratch / "x"));
  return checked.error().what;
}

void make_sample(const fs::path& tree) {
  test::write(tree / "a", "hello");
  test::write(tree / "x", "#!/bin/sh\n", 0755);
  fs::create_directory(tree / "empty");
  fs::create_symlink("a", tree / "l");
}

TEST(Nar, DumpsTheBytesThatNixDumps) {
  Scratch scratch;
  test::write(scratch / "hello", "hello");
  make_sample(scratch / "d");
  EXPECT_EQ(nar_of(scratch / "hello"), read_file(test::data_file("file.nar")).value());
  EXPECT_EQ(nar_of(scratch / "d"), read_file(test::data_file("tree.nar")).value());
  SWAGE_OK(const NarHash hash, hash_nar(scratch / "d"));
  EXPECT_EQ(hash.hash.hex(), "4407843600569d5cffe1f40976d959218a15c4838bbc86c357ad0382ae46ece5");
  EXPECT_EQ(hash.size, 880u);
}

TEST(Nar, HashOfATextNeedsNoFile) {
  Scratch scratch;
  for (const std::size_t size : {0u, 1u, 8u, 4097u}) {
    const std::string text(size, 'x');
    test::write(scratch / "f", text);
    const NarHash expected = hash_nar(scratch / "f").value();
    EXPECT_EQ(nar::hash_of_text(text).hash, expected.hash);
    EXPECT_EQ(nar::hash_of_text(text).size, expected.size);
  }
}

TEST(Nar, OnlyTheOwnersExecuteBitCounts) {
  Scratch scratch;
  test::write(scratch / "a", "x", 0654);
  test::write(scratch / "b", "x", 0744);
  EXPECT_EQ(nar_of(scratch / "a").find("executable"), std::string::npos);
  EXPECT_NE(nar_of(scratch / "b").find("executable"), std::string::npos);
}

TEST(Nar, FilterDropsEntriesByRelativePath) {
  Scratch scratch;
  make_sample(scratch / "d");
  test::write(scratch / "d/empty/deep", "x");
  std::vector<std::string> asked;
  EXPECT_DONE(dump_nar(scratch / "d", [](std::string_view) { return Result<void>(); }, [&](std::string_view path) {
    asked.emplace_back(path);
    return path != "x";
  }));
  EXPECT_EQ(asked, (std::vector<std::string>{"a", "empty", "empty/deep", "l", "x"}));
  SWAGE_OK(const NarHash filtered, hash_nar(scratch / "d", [](std::string_view path) { return path != "empty/deep"; }));
  EXPECT_EQ(filtered.hash.hex(), "4407843600569d5cffe1f40976d959218a15c4838bbc86c357ad0382ae46ece5");
}

TEST(Nar, LargeTreesTakeTheSecondThread) {
  Scratch scratch;
  std::string big(3'000'001, '\0');
  for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 31 >> 5);
  test::write(scratch / "t/big", big);
  for (int i = 0; i < 50; ++i) test::write(scratch / "t" / ("small" + std::to_string(i)), std::to_string(i));
  const std::string nar = nar_of(scratch / "t");
  SWAGE_OK(const NarHash hash, hash_nar(scratch / "t"));
  EXPECT_EQ(hash.hash, sha256(nar));
  EXPECT_EQ(hash.size, nar.size());
  SWAGE_OK(const NarHash copied, nar::copy(scratch / "t", scratch / "copy", {}));
  EXPECT_EQ(copied.hash, hash.hash);
  EXPECT_EQ(copied.size, hash.size);
  EXPECT_EQ(nar_of(scratch / "copy"), nar);
}

TEST(Nar, CopyFailsOnEitherSide) {
  Scratch scratch;
  test::write(scratch / "t/big", std::string(5'000'000, 'x'));
  test::write(scratch / "taken", "x");
  const auto blocked = nar::copy(scratch / "t", scratch / "taken", {});
  ASSERT_FALSE(blocked);
  EXPECT_EQ(blocked.error().what.substr(0, 15), "cannot create '");
  EXPECT_EQ(read_file(scratch / "taken").value(), "x");
  ASSERT_EQ(::mkfifo((scratch / "t/pipe").c_str(), 0600), 0);
  EXPECT_FAILS(nar::copy(scratch / "t", scratch / "new", {}), Errc::invalid_input,
               "'" + (scratch / "t/pipe").string() + "' is neither a file, a directory nor a symbolic link");
  EXPECT_FALSE(path_exists(scratch / "new"));
}

TEST(Nar, SinkErrorsStopTheDump) {
  Scratch scratch;
  test::write(scratch / "f", std::string(2'000'000, 'x'));
  int calls = 0;
  EXPECT_FAILS(dump_nar(scratch / "f", [&](std::string_view) -> Result<void> {
    ++calls;
    return fail(Errc::environment, "full");
  }), Errc::environment, "full");
  EXPECT_EQ(calls, 1);
}

TEST(Nar, MissingTreesAreNamed) {
  Scratch scratch;
  const auto missing = hash_nar(scratch / "none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().what.substr(0, ("cannot read '" + (scratch / "none").string() + "'").size()),
            "cannot read '" + (scratch / "none").string() + "'");
}

TEST(NarReader, RefusesNamesThatLeadAnywhere) {
  const std::string node = file_node("");
  for (const std::string_view name : {std::string_view(""), std::string_view("."), std::string_view(".."), std::string_view("a/b"), std::string_view("a\0b", 3)})
    EXPECT_EQ(fault(directory(entry(name, node))), "archive is malformed at byte " + std::to_string(directory(frames({"entry", "(", "name", name})).size() - 16) + ": an invalid file name");
  EXPECT_EQ(fault(directory(entry("a", node))), "accepted");
  EXPECT_EQ(fault(directory(entry(std::string(255, 'a'), node))), "accepted");
  EXPECT_EQ(fault(directory(entry(std::string(256, 'a'), node))),
            "archive is malformed at byte 136: a string of 256 bytes where at most 255 are allowed");
}

TEST(NarReader, RefusesWrongOrder) {
  const std::string node = file_node("");
  EXPECT_EQ(fault(directory(entry("b", node) + entry("a", node))).substr(0, 27), "archive is malformed at byt");
  EXPECT_TRUE(fault(directory(entry("b", node) + entry("a", node))).ends_with("file names are not sorted"));
  EXPECT_TRUE(fault(directory(entry("a", node) + entry("a", node))).ends_with("file names are not sorted"));
  EXPECT_TRUE(fault(directory(entry("a", node) + entry("b", node))) == "accepted");
  // A node before its name, and a mark after the contents.
  EXPECT_TRUE(fault(directory(frames({"entry", "(", "node"}) + node + frames({"name", "a", ")"}))).ends_with("expected 'name'"));
  EXPECT_TRUE(fault(frames({"nix-archive-1", "(", "type", "regular", "contents", "x", "executable", "", ")"})).ends_with("expected ')'"));
  EXPECT_TRUE(fault(frames({"nix-archive-1", "(", "type", "regular", "contentz", "x", ")"})).ends_with("expected 'contents'"));
  EXPECT_TRUE(fault(frames({"nix-archive-1", "(", "type", "regular", "executable", "yes", "contents", "x", ")"})).ends_with("expected ''"));
  EXPECT_TRUE(fault(frames({"nix-archive-1", "(", "type", "fifo", ")"})).ends_with("an unknown type of file"));
}

TEST(NarReader, RefusesPaddingTrailersAndTruncation) {
  const std::string good = frame("nix-archive-1") + file_node("x");
  const std::size_t content = good.rfind('x');
  EXPECT_EQ(fault(good), "accepted");
  EXPECT_TRUE(fault(good + '\0').ends_with("bytes after the end"));
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_TRUE(fault(good.substr(0, size)).ends_with("it ends early")) << size;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 0x80);
    EXPECT_EQ(fault(changed) == "accepted", i == content) << i;
  }
  EXPECT_EQ(fault("not an archive at all, but a text"),
            "archive does not start with nix-archive-1");
}

TEST(NarReader, RefusesBadSymlinks) {
  const auto link = [](std::string_view target) { return fault(frames({"nix-archive-1", "(", "type", "symlink", "target", target, ")"})); };
  EXPECT_EQ(link("../../etc/passwd"), "accepted");
  EXPECT_TRUE(link("").ends_with("an invalid target of a symbolic link"));
  EXPECT_TRUE(link(std::string_view("a\0b", 3)).ends_with("an invalid target of a symbolic link"));
  EXPECT_EQ(link(std::string(4095, 'a')), "accepted");
  EXPECT_TRUE(link(std::string(4096, 'a')).ends_with("a string of 4096 bytes where at most 4095 are allowed"));
}

std::string nested(std::size_t depth) {
  const std::string open = frames({"(", "type", "directory", "entry", "(", "name", "d", "node"}), close = frames({")", ")"});
  std::string nar = frame("nix-archive-1");
  for (std::size_t i = 0; i < depth; ++i) nar += open;
  nar += file_node("");
  for (std::size_t i = 0; i < depth; ++i) nar += close;
  return nar;
}

TEST(Nar, AnyDepthAndAnyLengthWithFewDescriptors) {
  const test::DescriptorLimit limit(64);
  for (const auto& [levels, name] : {std::pair<unsigned, std::string>{5000, "d"}, {300, std::string(255, 'n')}}) {
    Scratch scratch;
    test::make_deep(scratch / "t", levels, name);
    const std::string nar = nar_of(scratch / "t");
    EXPECT_EQ(hash_nar(scratch / "t").value().hash, sha256(nar));
    ASSERT_TRUE(restore_nar(source_of(nar), scratch / "u"));
    EXPECT_EQ(nar_of(scratch / "u"), nar);
    EXPECT_EQ(nar::copy(scratch / "u", scratch / "v", {}).value().hash, sha256(nar));
    EXPECT_EQ(check_nar(source_of(nar)).value().size, nar.size());
    EXPECT_DONE(canonicalise(scratch / "v"));
  }
}

TEST(NarReader, LimitsDepthAsTheWriterDoes) {
  EXPECT_EQ(fault(nested(5000)), "accepted");
  const std::string deepest = nested(nar::kMaxDepth + 1);
  EXPECT_TRUE(check_nar(source_of(deepest)));
  const auto deeper = check_nar(source_of(nested(nar::kMaxDepth + 2)));
  ASSERT_FALSE(deeper);
  EXPECT_TRUE(deeper.error().what.ends_with("it is more than 100000 directories deep")) << deeper.error().what;
}

TEST(NarReader, AnArchiveCutInTheDeepLeavesNothing) {
  const std::string nar = nested(2000);
  EXPECT_TRUE(fault(nar.substr(0, nar.size() / 3)).ends_with("it ends early"));
  EXPECT_TRUE(fault(nar.substr(0, nar.size() - 8)).ends_with("it ends early"));
}

// In a process of its own, because an interrupt is for good: true when `work` ends with Errc::interrupted soon after one.
bool ends_when_interrupted(const std::function<Result<void>()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::thread([] {
      ::usleep(100'000);
      request_interrupt();
    }).detach();
    ::alarm(10);
    const Result<void> result = work();
    ::_exit(!result && result.error().code == Errc::interrupted ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0;
}

TEST(Nar, InterruptsEndTheReadingOfAnEndlessFile) {
  Scratch scratch;
  test::write(scratch / "t/sparse", "");
  ASSERT_EQ(::truncate((scratch / "t/sparse").c_str(), 4L << 40), 0);
  const ByteSink ignore = [](std::string_view) { return Result<void>(); };
  EXPECT_TRUE(ends_when_interrupted([&] { return dump_nar(scratch / "t", ignore); }));
  EXPECT_TRUE(ends_when_interrupted([&] { return hash_nar(scratch / "t").map([](const NarHash&) {}); }));
  EXPECT_TRUE(ends_when_interrupted([&] { return scan_tree(scratch / "t", {}).map([](const ScannedTree&) {}); }));
  const std::string head = frames({"nix-archive-1", "(", "type", "regular", "contents"}) + std::string("\0\0\0\0\0\0\0\x40", 8);
  EXPECT_TRUE(ends_when_interrupted([&] {
    std::string_view rest = head;
    const ByteSource endless = [&](char* buffer, std::size_t size) -> Result<std::size_t> {
      if (rest.empty()) return size;
      const std::size_t got = rest.copy(buffer, size);
      rest.remove_prefix(got);
      return got;
    };
    return check_nar(endless).map([](const NarHash&) {});
  }));
}

TEST(NarReader, WritesNothingOutsideTheTarget) {
  // A symbolic link, then an entry of the same name that would be written through it.
  Scratch scratch;
  fs::create_directory(scratch / "outside");
  const std::string link = frames({"(", "type", "symlink", "target", (scratch / "outside").string(), ")"});
  const std::string inner = frames({"(", "type", "directory"}) + entry("f", file_node("x")) + frame(")");
  const std::string nar = directory(entry("a", link) + entry("a", inner));
  EXPECT_FALSE(restore_nar(source_of(nar), scratch / "target"));
  EXPECT_FALSE(path_exists(scratch / "outside/f"));
  EXPECT_FALSE(path_exists(scratch / "target"));
}

TEST(NarReader, LeavesWhatWasThereBefore) {
  Scratch scratch;
  const std::string nar = frame("nix-archive-1") + file_node("new");
  test::write(scratch / "f", "old");
  EXPECT_FALSE(restore_nar(source_of(nar), scratch / "f"));
  EXPECT_EQ(read_file(scratch / "f").value(), "old");
  fs::create_symlink("elsewhere", scratch / "l");
  EXPECT_FALSE(restore_nar(source_of(nar), scratch / "l"));
  EXPECT_FALSE(path_exists(scratch / "elsewhere"));
}

// Random trees: a map from path to content; directories come from the paths.
using Tree = std::map<std::string, std::pair<std::string, int>>;

rc::Gen<Tree> any_tree() {
  const auto name = rc::gen::map(rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab.-+ \xff\n"))), [](std::string s) {
    s.resize(std::min<std::size_t>(s.size(), 20));
    return "n" + s;
  });
  const auto path = rc::gen::map(rc::gen::container<std::vector<std::string>>(name), [](std::vector<std::string> parts) {
    parts.resize(std::min<std::size_t>(parts.size(), 4));
    std::string out = "r";
    for (const std::string& part : parts) out += "/" + part;
    return out;
  });
  return rc::gen::container<Tree>(path, rc::gen::pair(rc::gen::arbitrary<std::string>(), rc::gen::inRange(0, 4)));
}

void build(const fs::path& root, const Tree& tree) {
  fs::create_directories(root);
  for (const auto& [path, content] : tree) {
    const fs::path where = root / path;
    std::error_code clash;  // two paths may want the same name as file and directory: the first one stays
    fs::create_directories(where.parent_path(), clash);
    if (clash || path_exists(where)) continue;
    if (content.second == 0)
      fs::create_symlink("t" + content.first.substr(0, content.first.find('\0')), where);
    else if (content.second == 1)
      fs::create_directories(where);
    else
      test::write(where, content.first, content.second == 2 ? 0755 : 0644);
  }
}

RC_GTEST_PROP(NarProperty, RestoreInvertsDump, ()) {
  const Tree tree = *rc::gen::resize(12, any_tree());  // a dozen entries: every kind beside every other, and fast
  Scratch scratch;
  build(scratch / "t", tree);
  const std::string nar = nar_of(scratch / "t");
  RC_ASSERT(restore_nar(source_of(nar, *rc::gen::inRange<std::size_t>(1, 400)), scratch / "u"));
  RC_ASSERT(nar_of(scratch / "u") == nar);
  RC_ASSERT(check_nar(source_of(nar)).value().hash == sha256(nar));
}

}  // namespace
}  // namespace swage
