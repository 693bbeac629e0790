// A new database of what is on disk.
#include <sys/stat.h>

#include "store/rebuild_database.hpp"
#include "store_support.hpp"

namespace swage::test {
namespace {

class RebuildDatabase : public StoreTest {
 protected:
  const fs::path file = root / "nix/var/nix/db/db.sqlite", log = root / "nix/var/swage/registered.log";
  void lose_database() {
    store.reset();
    fs::remove(file);
  }
  StorePathSet valid() {
    store = open();
    const std::vector<StorePath> all = store->all_paths().value();
    return {all.begin(), all.end()};
  }
};

TEST_F(RebuildDatabase, WhatItsNameVouchesForNeedsNoRecord) {
  SWAGE_OK(const StorePath text, store->add_text("text", "x"));
  SWAGE_OK(const StorePath refers, store->add_text("refers", "to " + text.str(), {text}));
  write(scratch / "archive", "bytes");
  SWAGE_OK(const StorePath source, store->add_fixed_file("archive", sha256("bytes"), scratch / "archive"));
  write(scratch / "tree/bin/run", "#!/bin/sh\n", 0755);
  SWAGE_OK(const StorePath tree, store->add_tree("tree", scratch / "tree"));
  ModuloCache cache;
  const FinishedDerivation drv = finish_derivation(
      {.name = "program", .outputs = {{"out", {}}}, .input_srcs = {text}, .system = "x86_64-linux", .builder = "/bin/sh"}, cache).value();
  EXPECT_DONE(store->add_derivations({&drv}));
  const StorePath out = StorePath::parse(drv.drv.outputs.at("out").path).value();
  add_output(out, {text}, "made of " + text.str());
  lose_database();
  fs::copy(log, scratch / "log");
  fs::remove(log);
  SWAGE_OK(const RebuiltDatabase bare, rebuild_database(root));
  EXPECT_EQ(bare.self_verified, 5U);
  EXPECT_EQ(bare.left_out, std::vector{out}) << "only a record says what its content is to be";
  EXPECT_EQ(valid(), (StorePathSet{text, refers, source, tree, drv.path}));
  EXPECT_EQ(store->query(refers).value()->references, StorePathSet{text});
  EXPECT_EQ(store->query(tree).value()->ca->method, ContentMethod::recursive);
  // With the log it is known, and by its derivation who made it.
  lose_database();
  fs::copy(scratch / "log", log, fs::copy_options::overwrite_existing);
  SWAGE_OK(const RebuiltDatabase whole, rebuild_database(root));
  EXPECT_EQ(whole.registered, 6U);
  EXPECT_EQ(valid().size(), 6U);
  EXPECT_EQ(store->query(out).value()->deriver, drv.path);
}

TEST_F(RebuildDatabase, ARecordCountsOnlyForTheContentThatItSays) {
  const StorePath library = add_output("library", {}), program = add_output("program", {library}), sound = add_output("sound", {});
  lose_database();
  const fs::path changed = root / "nix/store" / library.base() / "file";
  ::chmod(changed.c_str(), 0644);
  write(changed, "TEXT", 0444);
  SWAGE_OK(const RebuiltDatabase rebuilt, rebuild_database(root));
  EXPECT_EQ(StorePathSet(rebuilt.left_out.begin(), rebuilt.left_out.end()), (StorePathSet{library, program}));
  EXPECT_EQ(valid(), StorePathSet{sound});
}

TEST_F(RebuildDatabase, ACutOrForeignLogSaysWhatItStillCan) {
  const StorePath a = add_output("a", {}), b = add_output("b", {});
  store.reset();
  const std::string text = read_file(log).value();
  const std::string junk = "\nno line\n" + std::string(40, '\t') + "\n" + a.base() + "\tnohash\t1\t1\t0\t\t\t\t\n";
  write(log, text.substr(0, text.size() - 20) + junk);   // b's line is cut
  lose_database();
  EXPECT_TRUE(rebuild_database(root));
  EXPECT_EQ(valid(), StorePathSet{a});
}

TEST_F(RebuildDatabase, AStoreAloneIsEnough) {
  SWAGE_OK(const StorePath text, store->add_text("text", "x"));
  store.reset();
  ASSERT_TRUE(remove_tree(root / "nix/var"));
  EXPECT_TRUE(rebuild_database(root));
  EXPECT_EQ(valid(), StorePathSet{text});
  EXPECT_DONE(store->collect_garbage({}));
}

TEST_F(RebuildDatabase, AnOpenStoreIsLeftAlone) {
  EXPECT_FAILS(rebuild_database(root), Errc::environment, "another process has the store '" + root.string() + "' open");
}

TEST_F(RebuildDatabase, TheLogIsKeptShort) {
  for (int i = 0; i < 150; ++i) ASSERT_TRUE(store->add_text("text", std::to_string(i)));
  const StorePath kept = add_output("kept", {});
  fs::create_symlink(kept.str(), root / "nix/var/nix/gcroots/kept");
  reopen();
  const auto before = fs::file_size(log);
  EXPECT_DONE(store->collect_garbage({}));
  EXPECT_LT(fs::file_size(log), before / 20);
  lose_database();
  EXPECT_TRUE(rebuild_database(root));
  EXPECT_EQ(valid(), StorePathSet{kept});
}

}  // namespace
}  // namespace swage::test
