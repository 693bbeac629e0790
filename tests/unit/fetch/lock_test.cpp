#include "fetch/lock.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <mutex>

#include "fake_distribution.hpp"
#include "store/nar.hpp"

namespace swage {
namespace {

struct Messages final : Reporter {
  std::mutex mutex;
  std::vector<std::string> texts;
  void on(const Event& event) override {
    const std::lock_guard lock(mutex);
    if (const auto* message = std::get_if<Message>(&event)) texts.push_back(message->text);
  }
};

// What `swage lock` asks for.
std::set<std::string> usual_keys(const Catalog& catalog) {
  const std::vector<LockRequest> requests = lock_requests(catalog).value();
  std::set<std::string> keys;
  for (const LockRequest& request : requests)
    if (!request.on_demand) keys.insert(request.key);
  return keys;
}

class LockTest : public testing::Test {
 protected:
  TempDir dir = TempDir::create("lock").value();
  test::FakeDistribution archive{dir.path() / "archive"};
  Messages messages;
  std::vector<AptSource> sources{{.uri = archive.uri(), .trusted = true}};

  std::shared_ptr<const Catalog> catalog(const std::string& roots, const std::string& kernels = "", const std::string& toolchains = "") {
    const fs::path directory = dir.path() / "catalog";
    for (const auto& [name, text] : std::map<std::string, std::string>{
             {"platforms.toml", R"([[platform]]
name = "arm64"
triple = "aarch64-linux-gnu"
endian = "little"
bits = 64
kernel_arch = "arm64"
elf_machine = 183
elf_class = 64
)"},
             {"roots.toml", roots},
             {"kernels/releases.toml", kernels},
             {"toolchains/debian.toml", "[provider]\nrank = 1\nsuites = [\"new\", \"old\", \"gone\"]\nsource = \"https://example.org/\"\n" + toolchains}}) {
      EXPECT_TRUE(make_directories((directory / name).parent_path()).has_value());
      EXPECT_TRUE(write_file_atomically(directory / name, text).has_value());
    }
    auto loaded = Catalog::load(directory);
    if (!loaded) throw std::runtime_error(render(loaded.error()));
    return *loaded;
  }
  Result<Lockfile> lock(const std::string& roots, const std::string& kernels = "", const Lockfile* keep = nullptr) {
    const auto tables = catalog(roots, kernels);
    return make_lock(*tables, {.cache_dir = dir.path() / "cache", .sources = sources, .fetch = {.tries = 1}, .keep = keep, .wanted = usual_keys(*tables)}, messages);
  }
  // `swage lock --update`
  Result<Lockfile> update(const std::string& roots, const std::string& kernels, const Lockfile& before, bool allow_older = false) {
    const auto tables = catalog(roots, kernels);
    return make_lock(*tables, {.cache_dir = dir.path() / "cache", .sources = sources, .fetch = {.tries = 1}, .wanted = usual_keys(*tables), .before = &before,
                               .allow_older = allow_older}, messages);
  }
  static std::vector<std::string> names(const Lockfile& lock, const std::string& set) {
    std::vector<std::string> all;
    for (const std::string& sha : lock.sets.at(set).files) all.push_back(lock.files.at(sha).name + " " + lock.files.at(sha).version);
    return all;
  }
};

TEST_F(LockTest, WhatIsKeptStaysPinnedAndWhatIsNotIsAdded) {
  const auto root = [](const std::string& name, const std::string& packages) {
    return "[[root]]\nname = \"" + name + "\"\nsuite = \"new\"\npackages = [" + packages + "]\n";
  };
  archive.add("new", {.name = "make", .version = "4.3-1"});
  archive.add("new", {.name = "sed", .version = "4.8-1"});
  archive.publish("new");
  const auto before = lock(root("one", "\"make\"") + root("two", "\"make\"") + root("late", "\"absent\""));
  ASSERT_TRUE(before) << render(before.error());
  EXPECT_EQ(before->missing.size(), 1U);

  archive.add("new", {.name = "make", .version = "4.4-1"});
  archive.add("new", {.name = "absent", .version = "1"});
  archive.publish("new");
  // One is asked as before, one for more than before, one is new, and one could not be had.
  const auto after = lock(root("one", "\"make\"") + root("two", "\"make\", \"sed\"") + root("three", "\"make\"") + root("late", "\"absent\""), "", &*before);
  ASSERT_TRUE(after) << render(after.error());
  EXPECT_EQ(names(*after, "root:one"), (std::vector<std::string>{"make 4.3-1"}));
  EXPECT_EQ(names(*after, "root:two"), (std::vector<std::string>{"make 4.4-1", "sed 4.8-1"}));
  EXPECT_EQ(names(*after, "root:three"), (std::vector<std::string>{"make 4.4-1"}));
  EXPECT_EQ(names(*after, "root:late"), (std::vector<std::string>{"absent 1"}));
  EXPECT_TRUE(after->missing.empty());
  EXPECT_EQ(after->files.size(), 4U);
  // Nothing to ask for: nothing changes.
  const auto again = lock(root("one", "\"make\""), "", &*after);
  ASSERT_TRUE(again) << render(again.error());
  EXPECT_EQ(again->sets, after->sets);
}

// So that a file can be had of the archive of that day when the mirrors have moved on.
TEST_F(LockTest, EveryFileSaysWhereAndWhenItWasSeen) {
  const std::string roots =
      "[[archive]]\nname = \"main\"\nreleases = [\"Test/Test\", \"Test Backports/Test\"]\nold = []\n"
      "[[archive]]\nname = \"safe\"\nreleases = [\"Test/Test-Security\"]\nold = []\n"
      "[[root]]\nname = \"one\"\nsuite = \"new\"\npackages = [\"make\", \"sed\"]\n";
  archive.add("new", {.name = "make", .version = "4.3-1"});
  archive.add("new", {.name = "sed", .version = "4.8-1"});
  archive.publish("new", "Fri, 30 Jan 2026 23:00:00 UTC", "Label: Test\n");
  archive.add("new-security", {.name = "sed", .version = "4.8-1+deb12u1"});
  archive.publish("new-security", "Sun, 01 Feb 2026 10:00:00 UTC", "Label: Test-Security\n");
  archive.add("new-updates", {.name = "unrelated", .version = "1"});
  archive.publish("new-updates", "Sun, 01 Feb 2026 10:00:00 UTC", "Label: Nobody\n");
  sources.push_back({.pocket = "-security", .uri = archive.uri(), .trusted = true});
  sources.push_back({.pocket = "-updates", .uri = archive.uri(), .trusted = true});
  const auto seen = [&](const Lockfile& lock) {
    std::vector<std::string> all;
    for (const std::string& sha : lock.sets.at("root:one").files) {
      const LockedFile& file = lock.files.at(sha);
      all.push_back(file.name + " " + file.version + " " + file.day + " " + file.archive);
    }
    return all;
  };
  const auto made = lock(roots);
  ASSERT_TRUE(made) << render(made.error());
  EXPECT_EQ(seen(*made), (std::vector<std::string>{"make 4.3-1 2026-01-30 main", "sed 4.8-1+deb12u1 2026-02-01 safe"}));
  EXPECT_EQ(Lockfile::parse(made->str(), "x").value(), *made);

  // What stays keeps its day; an archive that nobody has named is not made up.
  archive.add("new-updates", {.name = "make", .version = "4.4-1"});
  archive.publish("new", "Thu, 05 Feb 2026 23:00:00 UTC", "Label: Test\n");
  archive.publish("new-updates", "Fri, 06 Feb 2026 10:00:00 UTC", "Label: Nobody\n");
  const auto updated = update(roots, "", *made);
  ASSERT_TRUE(updated) << render(updated.error());
  EXPECT_EQ(seen(*updated), (std::vector<std::string>{"make 4.4-1 2026-02-06 ", "sed 4.8-1+deb12u1 2026-02-01 safe"}));

  // Of a lock file from before there were days, what is kept is of its day.
  Lockfile old = *made;
  old.created = "2025-12-24";
  for (auto& [sha, file] : old.files) file.day = file.archive = "";
  const auto kept = lock(roots, "", &old);
  ASSERT_TRUE(kept) << render(kept.error());
  EXPECT_EQ(seen(*kept), (std::vector<std::string>{"make 4.3-1 2025-12-24 ", "sed 4.8-1+deb12u1 2025-12-24 "}));
}

// Parts of images: a kernel without what installing it needs, in a component that is not read otherwise.
TEST_F(LockTest, PartsArePinnedOnDemandWithoutTheirDependencies) {
  archive.add("new", {.name = "tools", .version = "1"});
  archive.add("new", {.name = "kernel", .version = "6.12", .depends = "kernel-6.12"});
  archive.add("new", {.name = "kernel-6.12", .version = "6.12.1", .depends = "tools"});
  archive.add("new", {.name = "blobs", .version = "2", .depends = "tools", .component = "non-free"});
  archive.publish("new");
  const std::string roots =
      "[[root]]\nname = \"usual\"\nsuite = \"new\"\npackages = [\"tools\"]\n"
      "[[root]]\nname = \"kernel\"\nsuite = \"new\"\npackages = [\"kernel\"]\nonly = [\"kernel-*\"]\n"
      "[[root]]\nname = \"wrong\"\nsuite = \"new\"\npackages = [\"kernel\"]\nonly = [\"linux-*\"]\n"
      "[[root]]\nname = \"blobs\"\nsuite = \"new\"\npackages = [\"blobs\"]\nonly = [\"blobs\"]\ncomponents = [\"main\", \"non-free\"]\n";
  const auto first = lock(roots);
  ASSERT_TRUE(first) << render(first.error());
  EXPECT_EQ(first->sets.size(), 1U);
  EXPECT_TRUE(first->missing.empty());

  const auto tables = catalog(roots);
  const auto more = make_lock(*tables, {.cache_dir = dir.path() / "cache", .sources = sources, .fetch = {.tries = 1},
                                        .keep = &*first, .wanted = {"root:kernel", "root:wrong", "root:blobs"}}, messages);
  ASSERT_TRUE(more) << render(more.error());
  EXPECT_EQ(names(*more, "root:kernel"), (std::vector<std::string>{"kernel-6.12 6.12.1"}));
  EXPECT_EQ(names(*more, "root:blobs"), (std::vector<std::string>{"blobs 2"}));
  EXPECT_EQ(more->sets.at("root:blobs").request, "blobs only blobs of main non-free");
  EXPECT_EQ(more->missing.at("root:wrong"), "suite 'new' takes nothing that is called 'linux-*' for kernel");
  EXPECT_EQ(pinned_on_demand(*tables, *more), (std::set<std::string>{"root:blobs", "root:kernel"}));
}

TEST_F(LockTest, PinsSetsSourcesAndSeedsOfSeveralSuites) {
  archive.add("new", {.name = "make", .version = "1:4.3-2", .depends = "libc6"});
  const std::string libc = archive.add("new", {.name = "libc6", .version = "2.36"});
  archive.add("new", {.name = "unrelated", .version = "1"});
  const std::string shell = archive.add("new", {.name = "shell-static", .version = "1.0~rc1-1", .depends = "libc6", .programs = {{"bin/shell", "static"}}});
  archive.add("old", {.name = "make", .version = "4.2-1", .depends = "libc6"});
  archive.add("old", {.name = "libc6", .version = "2.31"});
  const std::string tarball = archive.add_source("old", "linux", "5.10.3-1", "old sources");
  archive.add_source("old", "linux", "5.10.2-1", "older sources");
  archive.publish("new");
  archive.publish("old");

  const auto made = lock(R"([[root]]
name = "build"
suite = "new"
packages = ["make", "libc6", "make"]
[[root]]
name = "old"
suite = "old"
packages = ["make"]
[[seed]]
name = "shell"
suite = "new"
package = "shell-static"
member = "./bin/shell"
)", R"([[kernel]]
version = "5.10"
released = "2020-12-13"
debian = { suite = "old", package = "linux" }
source = "https://example.org/"
)");
  ASSERT_TRUE(made.has_value()) << render(made.error());
  EXPECT_EQ(messages.texts, std::vector<std::string>{});
  EXPECT_EQ(names(*made, "root:build"), (std::vector<std::string>{"libc6 2.36", "make 1:4.3-2"}));
  EXPECT_EQ(made->sets.at("root:build").suite, "new");
  EXPECT_EQ(made->sets.at("root:build").request, "libc6 make");
  EXPECT_EQ(names(*made, "root:old"), (std::vector<std::string>{"libc6 2.31", "make 4.2-1"}));
  const LockedFile& pinned = made->files.at(made->sets.at("root:build").files[0]);
  EXPECT_EQ(pinned.path, libc);
  EXPECT_EQ(pinned.sha256, sha256(archive.bytes(libc)).hex());
  EXPECT_EQ(pinned.size, archive.bytes(libc).size());
  const LockedFile& source = made->files.at(made->sources.at("old/linux"));
  EXPECT_EQ(source, (LockedFile{"linux", "5.10.3", tarball, sha256("old sources").hex(), 11, "2026-01-31"}));
  const LockedSeed& seed = made->seeds.at("shell");
  EXPECT_EQ(seed.sha256, sha256(archive.bytes(shell)).hex());
  EXPECT_EQ(seed.member, "./bin/shell");
  const fs::path tree = dir.path() / "tree";
  ASSERT_TRUE(make_directories(tree / "bin").has_value());
  ASSERT_TRUE(write_file_atomically(tree / "bin/shell", "static", 0555).has_value());
  EXPECT_EQ(seed.nar_sha256, hash_nar(tree)->hash.hex());
  EXPECT_EQ(made->files.size(), 6U);
  EXPECT_EQ(Lockfile::parse(made->str(), "x").value(), *made);
  EXPECT_EQ(made->str().find(dir.path().string()), std::string::npos) << "the lock names the mirror";

  // Once more, from the state that is there, after the distribution moved.
  archive.add("old", {.name = "libc6", .version = "2.31-1"});
  archive.publish("old");
  EXPECT_EQ(names(*lock("[[root]]\nname = \"old\"\nsuite = \"old\"\npackages = [\"make\"]\n"), "root:old"),
            (std::vector<std::string>{"libc6 2.31-1", "make 4.2-1"}));
}

TEST_F(LockTest, WhatCannotBeHadLeavesOutOnlyItsSet) {
  archive.add("new", {.name = "make", .version = "4.3-2"});
  archive.add("new", {.name = "broken", .version = "1", .depends = "nothing (>= 3)"});
  archive.publish("new");
  const std::string file = (dir.path() / "catalog/roots.toml").string();
  const auto made = lock(R"([[root]]
name = "build"
suite = "new"
packages = ["make"]
[[root]]
name = "typo"
suite = "new"
packages = ["maek"]
[[root]]
name = "unmet"
suite = "new"
packages = ["broken"]
[[root]]
name = "hostile"
suite = "new"
packages = ["make-"]
[[root]]
name = "gone"
suite = "gone"
packages = ["make"]
[[seed]]
name = "shell"
suite = "new"
package = "make"
member = "./bin/shell"
)", R"([[kernel]]
version = "5.10"
released = "2020-12-13"
debian = { suite = "new", package = "linux" }
source = "https://example.org/"
)");
  ASSERT_TRUE(made.has_value()) << render(made.error());
  EXPECT_EQ(made->sets.size(), 1U);
  EXPECT_EQ(made->missing, (std::map<std::string, std::string>{
      {"root:typo", "unknown package 'maek' in suite 'new'"},
      {"root:unmet", "suite 'new' cannot install these packages together: broken : Depends: nothing (>= 3) but it is not installable"},
      {"root:hostile", "'make-' is not a package name"},
      {"root:gone", "suite 'gone' cannot be read: Failed to fetch dists/gone/main/binary-amd64/Packages File not found - dists/gone/main/binary-amd64/Packages (2: No such file or directory)"},
      {"seed:shell", "'make_4.3-2_amd64.deb' has no file './bin/shell'"},
      {"source:new/linux", "unknown source package 'linux' in suite 'new'"}}));
  EXPECT_EQ(messages.texts.size(), 6U);
  EXPECT_EQ(messages.texts[0], "note: 'root:gone' (" + file + ":17) is left out of the lock: " + made->missing.at("root:gone"));
}

// A distribution may drop a suite that a hundred sets are of.
TEST_F(LockTest, ThatASuiteCannotBeReadIsSaidOnce) {
  archive.add("new", {.name = "make", .version = "4.3-2"});
  archive.publish("new");
  const auto row = [](const std::string& name, const std::string& suite) {
    return "[[root]]\nname = \"" + name + "\"\nsuite = \"" + suite + "\"\npackages = [\"make\"]\n";
  };
  const auto made = lock(row("build", "new") + row("one", "gone") + row("two", "gone") + row("three", "gone"));
  ASSERT_TRUE(made.has_value()) << render(made.error());
  EXPECT_EQ(made->sets.size(), 1U);
  EXPECT_EQ(made->missing.size(), 3U);
  EXPECT_EQ(messages.texts, (std::vector<std::string>{"note: 3 sets and sources are left out of the lock: " + made->missing.at("root:two")}));
}

TEST_F(LockTest, WithoutAnySuiteEachIsToldOnce) {
  const auto row = [](const std::string& name, const std::string& suite) {
    return "[[root]]\nname = \"" + name + "\"\nsuite = \"" + suite + "\"\npackages = [\"make\"]\n";
  };
  const auto unread = [](const std::string& suite) {
    return "suite '" + suite + "' cannot be read: Failed to fetch dists/" + suite + "/main/binary-amd64/Packages File not found - dists/" + suite +
           "/main/binary-amd64/Packages (2: No such file or directory)";
  };
  const auto made = lock(row("one", "new") + row("two", "new") + row("three", "old") + row("four", "old") + row("five", "gone"));
  ASSERT_FALSE(made);
  EXPECT_EQ(render(made.error()), "error: " + unread("gone") + "\nnote: nothing that is to be pinned can be had from the distribution\n"
                                  "hint: check the host's package sources with: apt-get update\n");
  EXPECT_EQ(messages.texts, (std::vector<std::string>{"note: " + unread("new"), "note: " + unread("old")}));
}

// A lock grows: of the catalog only that is asked for which is wanted now, what it has stays, and no other suite is read.
TEST_F(LockTest, OnlyWhatIsWantedIsAskedFor) {
  archive.add("new", {.name = "make", .version = "4.3-1"});
  archive.add("old", {.name = "sed", .version = "4.8-1"});
  archive.publish("new");
  archive.publish("old");
  const auto tables = catalog("[[root]]\nname = \"build\"\nsuite = \"new\"\npackages = [\"make\"]\n"
                              "[[root]]\nname = \"tools\"\nsuite = \"old\"\npackages = [\"sed\"]\n"
                              "[[root]]\nname = \"more\"\nsuite = \"gone\"\npackages = [\"sed\"]\n");
  const auto grow = [&](const Lockfile* keep, std::set<std::string> wanted) {
    return make_lock(*tables, {.cache_dir = dir.path() / "cache", .sources = sources, .fetch = {.tries = 1}, .keep = keep, .wanted = std::move(wanted)}, messages);
  };
  const auto first = grow(nullptr, {"root:build"});
  ASSERT_TRUE(first) << render(first.error());
  EXPECT_EQ(first->sets.size(), 1U);
  EXPECT_TRUE(first->missing.empty());
  EXPECT_EQ(first->suites, (std::map<std::string, std::string>{{"Test/new", "2026-01-31T00:00:00Z"}}));

  // Later both suites have moved on.
  archive.forget("new");
  archive.forget("old");
  archive.add("new", {.name = "make", .version = "4.4-1"});
  archive.add("old", {.name = "sed", .version = "4.9-1"});
  archive.publish("new", "Sun, 01 Feb 2026 00:00:00 UTC");
  archive.publish("old", "Sun, 01 Feb 2026 00:00:00 UTC");
  const auto second = grow(&*first, {"root:build", "root:tools", "root:unheard-of"});
  ASSERT_TRUE(second) << render(second.error());
  EXPECT_EQ(names(*second, "root:build"), (std::vector<std::string>{"make 4.3-1"}));
  EXPECT_EQ(names(*second, "root:tools"), (std::vector<std::string>{"sed 4.9-1"}));
  EXPECT_EQ(second->missing, (std::map<std::string, std::string>{{"root:unheard-of", "the catalog has no such row"}}));
  EXPECT_EQ(second->suites, (std::map<std::string, std::string>{{"Test/new", "2026-01-31T00:00:00Z"}, {"Test/old", "2026-02-01T00:00:00Z"}}));
  EXPECT_EQ(second->files.at(second->sets.at("root:build").files.front()).day, "2026-01-31");
  EXPECT_EQ(second->files.at(second->sets.at("root:tools").files.front()).day, "2026-02-01");
  EXPECT_TRUE(messages.texts.empty());
}

std::string toolchain_row(const std::string& id, const std::string& version, const std::string& binutils, const std::string& packages) {
  return "[[toolchain]]\nid = \"" + id + "\"\nplatforms = [\"arm64\"]\nversion = \"" + version + "\"\nbinutils = \"" + binutils +
         "\"\nreleased = \"2022-08-19\"\nprefix = \"a-\"\ndumpmachine = \"aarch64-linux-gnu\"\nsuite = \"new\"\npackages = [" + packages +
         "]\nsource = \"https://example.org/\"\n";
}

TEST_F(LockTest, AToolchainOfAnotherVersionIsLeftOut) {
  archive.add("new", {.name = "gcc-12", .version = "12.2.0-14+deb12u1", .depends = "gcc-base"});
  archive.add("new", {.name = "gcc-base", .version = "99-1"});
  archive.add("new", {.name = "gcc-or1k", .version = "12.2.0-14+1.0.4+b2"});
  archive.add("new", {.name = "binutils", .version = "1:2.47.50.20261021-1"});
  archive.add("new", {.name = "binutils-sh", .version = "2.44+3+b1"});
  archive.publish("new");
  const auto rows = catalog("", "", toolchain_row("good", "12.2.0", "2.47.50", R"("gcc-12", "binutils")") +
                                        toolchain_row("derived", "12.2.0", "2.44", R"("gcc-or1k", "binutils-sh")") +
                                        toolchain_row("moved", "12.3.0", "2.47.50", R"("gcc-12", "binutils")") +
                                        toolchain_row("linker-moved", "12.2.0", "2.47.5", R"("gcc-12", "binutils")"));
  const auto made = make_lock(*rows, {.cache_dir = dir.path() / "cache of apt", .sources = {{.uri = archive.uri(), .trusted = true}}, .fetch = {.tries = 1}, .wanted = usual_keys(*rows)}, messages);
  ASSERT_TRUE(made.has_value()) << render(made.error());
  EXPECT_EQ(names(*made, "toolchain:good"), (std::vector<std::string>{"binutils 1:2.47.50.20261021-1", "gcc-12 12.2.0-14+deb12u1", "gcc-base 99-1"}));
  EXPECT_TRUE(made->sets.contains("toolchain:derived"));
  EXPECT_EQ(made->missing, (std::map<std::string, std::string>{
      {"toolchain:moved", "suite 'new' has gcc-12 12.2.0, and the catalog declares 12.3.0"},
      {"toolchain:linker-moved", "suite 'new' has binutils 2.47.50.20261021, and the catalog declares 2.47.5"}}));
}

TEST_F(LockTest, AKeptToolchainWhoseRowMovedIsAskedForAgain) {
  archive.add("new", {.name = "gcc-12", .version = "12.2.0-14"});
  archive.publish("new");
  const auto lock_row = [&](const std::string& version, const Lockfile* keep) {
    const auto row = "[[toolchain]]\nid = \"gcc\"\nplatforms = [\"arm64\"]\nversion = \"" + version +
                     "\"\nreleased = \"2022-08-19\"\nprefix = \"a-\"\ndumpmachine = \"aarch64-linux-gnu\"\nsuite = \"new\"\npackages = [\"gcc-12\"]\n"
                     "source = \"https://example.org/\"\n";
    const auto tables = catalog("[[root]]\nname = \"r\"\nsuite = \"new\"\npackages = [\"gcc-12\"]\n", "", row);
    return make_lock(*tables, {.cache_dir = dir.path() / "cache", .sources = {{.uri = archive.uri(), .trusted = true}}, .fetch = {.tries = 1}, .keep = keep,
                               .wanted = usual_keys(*tables)}, messages);
  };
  const auto before = lock_row("12.2.0", nullptr);
  ASSERT_TRUE(before) << render(before.error());
  EXPECT_EQ(names(*before, "toolchain:gcc"), (std::vector<std::string>{"gcc-12 12.2.0-14"}));
  archive.add("new", {.name = "gcc-12", .version = "12.4.0-1"});
  archive.publish("new");
  const auto after = lock_row("12.4.0", &*before);
  ASSERT_TRUE(after) << render(after.error());
  EXPECT_EQ(names(*after, "toolchain:gcc"), (std::vector<std::string>{"gcc-12 12.4.0-1"}));
  EXPECT_EQ(names(*after, "root:r"), (std::vector<std::string>{"gcc-12 12.2.0-14"}));

  // What was asked for now cannot be had, and nothing else was: an error once, and a note when that is known.
  const auto wrong = lock_row("12.9.0", &*after);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().what, "suite 'new' has gcc-12 12.4.0, and the catalog declares 12.9.0");
  Lockfile known = *after;
  known.sets.erase("toolchain:gcc");
  known.missing["toolchain:gcc"] = "";
  const auto again = lock_row("12.9.0", &known);
  ASSERT_TRUE(again) << render(again.error());
  EXPECT_EQ(again->missing, (std::map<std::string, std::string>{{"toolchain:gcc", wrong.error().what}}));
}

// An index may name files that the mirrors do not have yet, or no longer.
TEST_F(LockTest, ASeriesIsTheNewestThatTheMirrorsHave) {
  archive.add("new", {.name = "make", .version = "4.3-2"});
  archive.add_source("new", "linux", "7.1.8-1", "7.1 sources");
  archive.add_source("new", "linux", "7.2.8-1", "older sources");
  const std::string tarball = archive.add_source("new", "linux", "7.2.9-1", "sources");
  const std::string newest = archive.add_source("new", "linux", "7.2.13-1", "newest sources");
  archive.publish("new");
  ASSERT_TRUE(fs::remove(dir.path() / "archive" / newest));
  const auto row = [](const std::string& series) {
    return "[[kernel]]\nversion = \"" + series + "\"\nreleased = \"2026-08-23\"\ndebian = { suite = \"new\", package = \"linux\", series = \"" + series +
           "\" }\nsource = \"https://example.org/\"\n";
  };
  const std::string root = "[[root]]\nname = \"build\"\nsuite = \"new\"\npackages = [\"make\"]\n";
  const auto made = lock(root, row("7.1") + row("7.2") + row("7.3"));
  ASSERT_TRUE(made.has_value()) << render(made.error());
  EXPECT_EQ(made->files.at(made->sources.at("new/linux@7.2")), (LockedFile{"linux", "7.2.9", tarball, sha256("sources").hex(), 7, "2026-01-31"}));
  EXPECT_EQ(made->files.at(made->sources.at("new/linux@7.1")).version, "7.1.8");
  EXPECT_EQ(made->missing, (std::map<std::string, std::string>{{"source:new/linux@7.3", "suite 'new' has no linux 7.3"}}));
  EXPECT_EQ(messages.texts[0], "note: linux 7.2.9 is pinned: the mirrors do not have 7.2.13");

  ASSERT_TRUE(fs::remove(dir.path() / "archive" / tarball));
  ASSERT_TRUE(fs::remove(dir.path() / "archive/pool/main/linux/linux_7.2.8.orig.tar.xz"));
  // They may have it when it is needed.
  const auto later = lock(root, row("7.2"));
  ASSERT_TRUE(later) << render(later.error());
  EXPECT_EQ(later->files.at(later->sources.at("new/linux@7.2")).version, "7.2.13");
  EXPECT_EQ(messages.texts.back(), "note: linux 7.2.13 is pinned, and the mirrors do not have it, nor an older one");
}

const std::string kMake = "[[root]]\nname = \"build\"\nsuite = \"new\"\npackages = [\"make\"]\n";

std::string kernel_of(const std::string& version) {
  return "[[kernel]]\nversion = \"" + version + "\"\nreleased = \"2024-11-17\"\ndebian = { suite = \"new\", package = \"linux\" }\nsource = \"https://example.org/\"\n";
}

// Also without a series: what the lock pinned before will do where the index has but one version, and that is not there yet.
TEST_F(LockTest, ASourceAheadOfItsPoolStepsBack) {
  archive.add("new", {.name = "make", .version = "4.3-2"});
  const std::string old = archive.add_source("new", "linux", "6.12.116-1", "old sources");
  archive.publish("new");
  const auto before = lock(kMake, kernel_of("6.12"));
  ASSERT_TRUE(before) << render(before.error());
  archive.forget("new");
  archive.add("new", {.name = "make", .version = "4.3-2"});
  const std::string ahead = archive.add_source("new", "linux", "6.12.117-1", "new sources");
  archive.publish("new");
  ASSERT_TRUE(fs::remove(dir.path() / "archive" / ahead));
  const auto after = update(kMake, kernel_of("6.12"), *before);
  ASSERT_TRUE(after) << render(after.error());
  EXPECT_EQ(after->files.at(after->sources.at("new/linux")), (LockedFile{"linux", "6.12.116", old, sha256("old sources").hex(), 11, "2026-01-31"}));
  EXPECT_EQ(messages.texts, (std::vector<std::string>{"note: linux 6.12.116 is pinned: the mirrors do not have 6.12.117"}));
  // With nothing to step back to it is what the index says.
  const auto fresh = lock(kMake, kernel_of("6.12"));
  ASSERT_TRUE(fresh) << render(fresh.error());
  EXPECT_EQ(fresh->files.at(fresh->sources.at("new/linux")).version, "6.12.117");
  EXPECT_EQ(messages.texts.back(), "note: linux 6.12.117 is pinned, and the mirrors do not have it");
}

// A set whose new packages are not there yet stays as it was, whole: half of one and half of the other is what nobody has tested.
TEST_F(LockTest, ASetAheadOfItsPoolStaysAsItWas) {
  archive.add("new", {.name = "make", .version = "4.3-2", .depends = "libc6"});
  archive.add("new", {.name = "libc6", .version = "2.36"});
  archive.publish("new");
  const auto before = lock(kMake);
  ASSERT_TRUE(before) << render(before.error());
  archive.add("new", {.name = "make", .version = "4.4-1", .depends = "libc6"});
  const std::string ahead = archive.add("new", {.name = "libc6", .version = "2.37"});
  archive.publish("new");
  ASSERT_TRUE(fs::remove(dir.path() / "archive" / ahead));
  const auto after = update(kMake, "", *before);
  ASSERT_TRUE(after) << render(after.error());
  EXPECT_EQ(names(*after, "root:build"), (std::vector<std::string>{"libc6 2.36", "make 4.3-2"}));
  EXPECT_EQ(after->files.size(), 2U);
  EXPECT_EQ(messages.texts, (std::vector<std::string>{"note: 'root:build' stays as it was: the mirrors do not have libc6 2.37"}));
}

TEST_F(LockTest, SecurityFixesAndUpdatesAreRead) {
  archive.add("new", {.name = "make", .version = "4.3-1", .depends = "libssl"});
  archive.add("new", {.name = "libssl", .version = "3.0.17-1"});
  archive.add_source("new", "linux", "6.1.176-1", "sources");
  archive.publish("new");
  archive.add("new-security", {.name = "libssl", .version = "3.0.17-1+deb12u2"});
  const std::string fixed = archive.add_source("new-security", "linux", "6.1.192-3", "fixed sources");
  archive.publish("new-security", "Sun, 01 Feb 2026 10:00:00 UTC");
  archive.add("new-updates", {.name = "make", .version = "4.3-1+deb12u1", .depends = "libssl"});
  archive.publish("new-updates");
  sources.push_back({.pocket = "-security", .uri = archive.uri(), .trusted = true});
  sources.push_back({.pocket = "-updates", .uri = archive.uri(), .trusted = true});
  auto made = lock(kMake, kernel_of("6.1"));
  ASSERT_TRUE(made) << render(made.error());
  EXPECT_EQ(names(*made, "root:build"), (std::vector<std::string>{"libssl 3.0.17-1+deb12u2", "make 4.3-1+deb12u1"}));
  EXPECT_EQ(made->files.at(made->sources.at("new/linux")), (LockedFile{"linux", "6.1.192", fixed, sha256("fixed sources").hex(), 13, "2026-02-01"}));
  EXPECT_EQ(made->suites, (std::map<std::string, std::string>{{"Test/new", "2026-01-31T00:00:00Z"}, {"Test/new-security", "2026-02-01T10:00:00Z"},
                                                              {"Test/new-updates", "2026-01-31T00:00:00Z"}}));
  EXPECT_EQ(made->str().find(archive.uri()), std::string::npos);
  EXPECT_TRUE(messages.texts.empty()) << messages.texts.front();

  // A pocket that a release does not have is left out; one that was there and is gone is as good as an older one.
  ASSERT_TRUE(remove_tree(dir.path() / "archive/dists/new-security"));
  const auto fresh = lock(kMake, kernel_of("6.1"));
  ASSERT_TRUE(fresh) << render(fresh.error());
  EXPECT_EQ(names(*fresh, "root:build"), (std::vector<std::string>{"libssl 3.0.17-1", "make 4.3-1+deb12u1"}));
  const auto gone = update(kMake, kernel_of("6.1"), *made);
  ASSERT_FALSE(gone);
  EXPECT_TRUE(gone.error().what.starts_with("suite 'new-security' cannot be read, and the lock was made from it: ")) << gone.error().what;
  EXPECT_EQ(gone.error().hint, "if it may be done without, allow it with: swage lock --allow-older");
  EXPECT_EQ(gone.error().code, Errc::environment);
  const auto allowed = update(kMake, kernel_of("6.1"), *made, true);
  ASSERT_TRUE(allowed) << render(allowed.error());
  EXPECT_EQ(names(*allowed, "root:build"), (std::vector<std::string>{"libssl 3.0.17-1", "make 4.3-1+deb12u1"}));

  // So is what is only added to a lock; the command that allows it names the root, and what was pinned stays so.
  const std::string more = kMake + "[[root]]\nname = \"part\"\nsuite = \"new\"\npackages = [\"libssl\"]\nonly = [\"libssl\"]\n";
  const auto added = [&](bool allow_older) {
    return make_lock(*catalog(more), {.cache_dir = dir.path() / "cache", .sources = sources, .fetch = {.tries = 1}, .keep = &*made,
                                      .wanted = {"root:part"}, .before = &*made, .allow_older = allow_older}, messages);
  };
  made->missing["root:part"] = "it was not there";   // when another command needed it
  EXPECT_EQ(added(false).error().hint, "if it may be done without, allow it with: swage lock --allow-older --root part");
  const auto without = added(true);
  ASSERT_TRUE(without) << render(without.error());
  EXPECT_EQ(names(*without, "root:part"), (std::vector<std::string>{"libssl 3.0.17-1"}));
  EXPECT_EQ(names(*without, "root:build"), names(*made, "root:build"));
  EXPECT_EQ(without->suites, made->suites);
}

// The signatures of old indices stay good: who can replay them keeps vulnerable packages alive.
TEST_F(LockTest, AnOlderIndexIsRefused) {
  archive.add("new", {.name = "make", .version = "4.3-2"});
  archive.publish("new", "Tue, 10 Feb 2026 08:00:00 UTC");
  const auto before = lock(kMake);
  ASSERT_TRUE(before) << render(before.error());
  archive.publish("new");
  // apt ignores it where it has the newer one, which is not everywhere that a lock is.
  ASSERT_TRUE(remove_tree(dir.path() / "cache"));
  const auto replayed = update(kMake, "", *before);
  ASSERT_FALSE(replayed);
  EXPECT_EQ(render(replayed.error()), R"(error: suite 'new' is older than the one that the lock was made from
note: it is of 2026-01-31 00:00:00 UTC, and the lock knows it of 2026-02-10 08:00:00 UTC
hint: if that state is meant, allow it with: swage lock --allow-older
)");
  EXPECT_EQ(replayed.error().code, Errc::environment);
  // Also for what is only added to a lock.
  EXPECT_FALSE(lock(kMake + "[[root]]\nname = \"two\"\nsuite = \"new\"\npackages = [\"make\"]\n", "", &*before));
  const auto allowed = update(kMake, "", *before, true);
  ASSERT_TRUE(allowed) << render(allowed.error());
  EXPECT_EQ(allowed->suites, (std::map<std::string, std::string>{{"Test/new", "2026-01-31T00:00:00Z"}}));
  // A second mirror that is up to date will do.
  test::FakeDistribution other{dir.path() / "other"};
  other.add("new", {.name = "make", .version = "4.3-2"});
  other.publish("new", "Wed, 11 Feb 2026 08:00:00 UTC");
  sources.push_back({.uri = other.uri(), .trusted = true});
  const auto second = update(kMake, "", *before);
  ASSERT_TRUE(second) << render(second.error());
  EXPECT_EQ(second->suites.at("Test/new"), "2026-02-11T08:00:00Z");
}

TEST_F(LockTest, AnExpiredIndexIsRefusedUnlessTheHostDoesNotCare) {
  archive.add("new", {.name = "make", .version = "4.3-2"});
  archive.publish("new", "Sat, 31 Jan 2026 00:00:00 UTC", "Valid-Until: Sat, 07 Feb 2026 00:00:00 UTC\n");
  const auto expired = lock(kMake);
  ASSERT_FALSE(expired);
  EXPECT_EQ(render(expired.error()), R"(error: suite 'new' has expired
note: it is of 2026-01-31 00:00:00 UTC, and was valid until 2026-02-07 00:00:00 UTC
hint: if that state is meant, allow it with: swage lock --allow-older
)");
  sources.front().expires = false;
  EXPECT_TRUE(lock(kMake));
  sources.front().expires = true;
  archive.publish("new", "Sat, 31 Jan 2026 00:00:00 UTC", "Valid-Until: Thu, 07 Feb 2126 00:00:00 UTC\n");
  EXPECT_TRUE(lock(kMake));
}

TEST_F(LockTest, NothingAtAllIsAnError) {
  archive.add("new", {.name = "make", .version = "4.3-2"});
  archive.publish("new");
  const std::string file = (dir.path() / "catalog/roots.toml").string();
  const auto typo = lock("[[root]]\nname = \"typo\"\nsuite = \"new\"\npackages = [\"maek\"]\n");
  ASSERT_FALSE(typo.has_value());
  EXPECT_EQ(typo.error().code, Errc::invalid_input);
  EXPECT_EQ(typo.error().what, "unknown package 'maek' in suite 'new'");
  EXPECT_EQ(typo.error().where->file, file);
  const auto gone = lock("[[root]]\nname = \"gone\"\nsuite = \"gone\"\npackages = [\"make\"]\n");
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(render(gone.error()), R"(error: suite 'gone' cannot be read: Failed to fetch dists/gone/main/binary-amd64/Packages File not found - dists/gone/main/binary-amd64/Packages (2: No such file or directory)
note: nothing that is to be pinned can be had from the distribution
hint: check the host's package sources with: apt-get update
)");
  EXPECT_EQ(gone.error().code, Errc::environment);
}

TEST_F(LockTest, AnUnreachableMirrorIsNamedByNoOne) {
  const auto made = make_lock(*catalog("[[root]]\nname = \"x\"\nsuite = \"new\"\npackages = [\"make\"]\n"),
                              {.cache_dir = dir.path() / "cache", .sources = {{.uri = "http://mirror.invalid/debian", .trusted = true}}, .fetch = {.tries = 1}, .wanted = {"root:x"}}, messages);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(render(made.error()).find("mirror.invalid"), std::string::npos) << render(made.error());
  EXPECT_EQ(made.error().code, Errc::environment);
}

// The host's own mirror, one small suite: run by `ctest -L network`.
TEST(LockNetwork, AsksTheHostsMirrors) {
  if (!std::getenv("SWAGE_NETWORK_TESTS")) GTEST_SKIP() << "set SWAGE_NETWORK_TESTS to ask the host's mirrors";
  const TempDir dir = TempDir::create("network").value();
  for (const auto& [name, text] : std::map<std::string, std::string>{
           {"platforms.toml", ""},
           {"roots.toml", "[[seed]]\nname = \"busybox\"\nsuite = \"bookworm\"\npackage = \"busybox-static\"\nmember = \"./bin/busybox\"\n"
                          "[[root]]\nname = \"bc\"\nsuite = \"bookworm\"\npackages = [\"bc\"]\n"},
           {"toolchains/debian.toml", "[provider]\nrank = 1\nsuites = [\"bookworm\"]\nsource = \"https://example.org/\"\n"}}) {
    ASSERT_TRUE(make_directories((dir.path() / "catalog" / name).parent_path()).has_value());
    ASSERT_TRUE(write_file_atomically(dir.path() / "catalog" / name, text).has_value());
  }
  Messages messages;
  const auto catalog = Catalog::load(dir.path() / "catalog");
  ASSERT_TRUE(catalog.has_value()) << render(catalog.error());
  const auto made = make_lock(**catalog, {.cache_dir = dir.path() / "cache", .wanted = {"root:bc", "seed:busybox"}}, messages);
  ASSERT_TRUE(made.has_value()) << render(made.error());
  EXPECT_TRUE(made->missing.empty());
  EXPECT_TRUE(made->seeds.contains("busybox"));
  EXPECT_FALSE(made->sets.at("root:bc").files.empty());
  const std::vector<AptSource> sources = host_sources().value();
  for (const AptSource& source : sources) EXPECT_EQ(made->str().find(source.uri), std::string::npos);
}

}  // namespace
}  // namespace swage
