#include "store/store.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "store/base32.hpp"
#include "store/database.hpp"
#include "store/rebuild_database.hpp"
#include "store_support.hpp"

namespace swage {
namespace {

using test::Scratch;

using StoreAdd = test::StoreTest;
using StoreQuery = test::StoreTest;
using StoreOpen = test::StoreTest;

struct stat status_of(const fs::path& path) {
  struct stat st {};
  EXPECT_EQ(::lstat(path.c_str(), &st), 0) << path;
  return st;
}

// --- Opening ---

TEST_F(StoreOpen, MakesTheLayoutOfNix) {
  EXPECT_EQ(read_file(root / "nix/var/nix/db/schema").value(), "10");
  for (const char* entry : {"nix/store/.links", "nix/var/nix/db/db.sqlite", "nix/var/nix/db/big-lock", "nix/var/nix/gcroots/auto",
                            "nix/var/nix/gcroots/profiles", "nix/var/nix/temproots", "nix/var/log/nix/drvs", "nix/var/swage"})
    EXPECT_TRUE(path_exists(root / entry)) << entry;
}

TEST_F(StoreOpen, RefusesAnotherSchema) {
  store.reset();
  test::write(root / "nix/var/nix/db/schema", "11");
  EXPECT_FAILS(Store::open(root), Errc::environment, "store '" + root.string() + "' has schema version '11', only 10 is known");
}

TEST_F(StoreOpen, ReportsABrokenDatabase) {
  store.reset();
  fs::remove(root / "nix/var/nix/db/db.sqlite-wal");
  test::write(root / "nix/var/nix/db/db.sqlite", std::string(8192, 'x'));
  const auto opened = Store::open(root);
  const auto valid = opened ? (*opened)->all_paths() : Result<std::vector<StorePath>>(Fail(opened.error()));
  EXPECT_FAILS(valid, Errc::corrupt,
               "database '" + (root / "nix/var/nix/db/db.sqlite").string() + "' cannot be used: file is not a database");
}

TEST_F(StoreOpen, ADatabaseBeyondUseNamesTheWayOut) {
  const fs::path db = root / "nix/var/nix/db", file = db / "db.sqlite";
  const std::vector<std::pair<std::string, std::function<void()>>> damages{
      {"is missing", [&] { fs::remove(file); }},
      {"cannot be used: no such table: ValidPaths", [&] { fs::resize_file(file, 0); }},
      {"cannot be used: file is not a database", [&] { test::write(file, std::string(8192, 'x')); }},
      {"cannot be used: database disk image is malformed", [&] { fs::resize_file(file, 5000); }}};
  SWAGE_OK(const StorePath text, store->add_text("text", "x"));
  const StorePath built = add_output("built", {text}, "made", {}, 1234567890);
  for (const auto& [what, damage] : damages) {
    store.reset();
    damage();
    {
      const auto opened = Store::open(root);
      const auto paths = opened ? (*opened)->all_paths() : Result<std::vector<StorePath>>(Fail(opened.error()));
      ASSERT_FALSE(paths) << what;
      EXPECT_EQ(paths.error().what, "database '" + file.string() + "' " + what);
      EXPECT_EQ(paths.error().hint,
                "make a new one of what the store has: swage store rebuild-database --home " + root.string());
    }
    SWAGE_OK(const RebuiltDatabase rebuilt, rebuild_database(root));
    EXPECT_EQ(rebuilt.registered, 2U) << what;
    EXPECT_EQ(rebuilt.self_verified, 1U);
    EXPECT_EQ(rebuilt.aside.empty(), what == "is missing");
    store = open();
    EXPECT_EQ(store->all_paths().value().size(), 2U);
    SWAGE_OK(const std::optional<PathInfo> info, store->query(built));
    ASSERT_TRUE(info);
    EXPECT_EQ(info->references, StorePathSet{text});
    EXPECT_EQ(info->registration_time, 1234567890);
    SWAGE_OK(const VerifyResult verified, store->verify({}));
    EXPECT_TRUE(verified.problems.empty());
    ASSERT_TRUE(remove_tree(rebuilt.aside));
  }
}

TEST_F(StoreOpen, AHomeOfAnotherOwnerIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "another user's files cannot be written anyway";
  store.reset();
  ASSERT_EQ(::chown((root / "nix/store").c_str(), 12345, 12345), 0);
  const auto refused = Store::open(root);
  ASSERT_FALSE(refused);
  EXPECT_EQ(render(refused.error()),
            "error: '" + root.string() + "' belongs to user 12345, not to 'root'\n"
            "note: what another user adds to it, its owner can neither use fully nor remove\n"
            "hint: take a home of your own with --home DIR, or run swage as its owner; to add to it all the same: SWAGE_FOREIGN_HOME=1 swage ...\n");
  ::setenv("SWAGE_FOREIGN_HOME", "1", 1);
  EXPECT_TRUE(Store::open(root));
  ::unsetenv("SWAGE_FOREIGN_HOME");
  // A store that sudo would make in the user's own directory, where there is none yet.
  fs::create_directories(scratch / "home/.local");
  ASSERT_EQ(::chown((scratch / "home/.local").c_str(), 12345, 12345), 0);
  ::setenv("SUDO_UID", "12345", 1);
  EXPECT_FALSE(Store::open(scratch / "home/.local/share/swage"));
  ::setenv("SUDO_UID", "12346", 1);
  EXPECT_TRUE(Store::open(scratch / "home/.local/share/swage"));
  ::unsetenv("SUDO_UID");
}

// Wherever a home's links lead, nothing is made in there before it is known whose it is.
TEST_F(StoreOpen, AHomeThatLeadsIntoAnotherOwnersIsRefusedUntouched) {
  if (::geteuid() != 0) GTEST_SKIP() << "another user's files cannot be written anyway";
  for (const char* link : {"nix", "nix/store", "nix/var", "nix/var/nix", "nix/var/log"}) {
    const fs::path theirs = scratch / "theirs", home = scratch / "home";
    ASSERT_TRUE(remove_tree(home));
    fs::create_directories(theirs);
    ASSERT_EQ(::chown(theirs.c_str(), 12345, 12345), 0);
    fs::create_directories((home / link).parent_path());
    fs::create_symlink(theirs, home / link);
    const auto refused = Store::open(home);
    ASSERT_FALSE(refused) << link;
    EXPECT_EQ(refused.error().what, "'" + (home / link).string() + "' belongs to user 12345, not to 'root'");
    EXPECT_TRUE(fs::is_empty(theirs)) << link;
  }
}

TEST_F(StoreOpen, AStoreOnAnotherFileSystemIsRefused) {
  store.reset();
  const TempDir elsewhere = TempDir::create("swage-test", fs::exists("/var/tmp") ? "/var/tmp" : "/tmp").value();
  struct stat here {}, there {};
  ASSERT_EQ(::stat(root.c_str(), &here), 0);
  ASSERT_EQ(::stat(elsewhere.path().c_str(), &there), 0);
  if (here.st_dev == there.st_dev) GTEST_SKIP() << "only one file system here";
  fs::copy(root / "nix/store", elsewhere.path() / "store", fs::copy_options::recursive);
  ASSERT_TRUE(remove_tree(root / "nix/store"));
  fs::create_symlink(elsewhere.path() / "store", root / "nix/store");
  EXPECT_FAILS(Store::open(root), Errc::environment,
               "'" + (root / "nix/store").string() + "' and '" + (root / "nix/var/swage").string() + "' are not on one file system");
}

TEST_F(StoreOpen, ManyProcessesMakeOneStore) {
  const fs::path fresh = scratch / "fresh";
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto opened = Store::open(fresh);
      ::_exit(opened && (*opened)->add_text("t" + std::to_string(i), "x") ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  SWAGE_OK(const auto opened, Store::open(fresh));
  EXPECT_EQ(opened->all_paths().value().size(), 8u);
}

TEST_F(StoreOpen, SurvivesACrashInTheMiddleOfItsMaking) {
  // Everything but the schema file, which is written last.
  const fs::path fresh = scratch / "fresh";
  fs::create_directories(fresh / "nix/var/nix/db");
  fs::copy_file(root / "nix/var/nix/db/db.sqlite", fresh / "nix/var/nix/db/db.sqlite");
  SWAGE_OK(const auto opened, Store::open(fresh));
  EXPECT_TRUE(opened->add_text("t", "x"));
}

TEST_F(StoreOpen, ReadOnlyStoresAnswerQuestions) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  const StorePath path = store->add_text("t", "x").value();
  store.reset();
  const fs::path db = root / "nix/var/nix/db";
  for (const fs::path& file : {db / "db.sqlite", db, root / "nix/store"}) fs::permissions(file, fs::perms::owner_write, fs::perm_options::remove);
  {
    SWAGE_OK(const auto opened, Store::open(root));
    EXPECT_TRUE(opened->is_valid(path).value());
    EXPECT_EQ(opened->add_text("t", "x").value(), path);
    EXPECT_FAILS(opened->add_text("t", "y"), Errc::environment, "store '" + root.string() + "' is read-only");
    EXPECT_FALSE(opened->verify({}).value().damaged());
  }
  for (const fs::path& file : {db, root / "nix/store"}) fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
}

// --- Adding ---

TEST_F(StoreAdd, TextsAreRegisteredWithTheirReferences) {
  SWAGE_OK(const StorePath one, store->add_text("foo.txt", "hello world\n"));
  EXPECT_EQ(one.base(), "llk87470jxy0in98q3rvx652wbj9psa9-foo.txt");
  SWAGE_OK(const StorePath two, store->add_text("bar", one.str(), {one}));
  SWAGE_OK(const auto info, store->query(two));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->references, StorePathSet{one});
  EXPECT_EQ(info->nar_hash, hash_nar(store->real_path(two)).value().hash);
  EXPECT_EQ(info->nar_size, hash_nar(store->real_path(two)).value().size);
  EXPECT_EQ(info->ca->str(), "text:sha256:" + hash_base32(sha256(one.str())));
  EXPECT_NE(info->registration_time, 0);
  EXPECT_EQ(status_of(store->real_path(two)).st_mode, S_IFREG | 0444u);
  EXPECT_EQ(status_of(store->real_path(two)).st_mtime, 1);
}

TEST_F(StoreAdd, UnknownReferencesAreRefusedAndLeaveNothingRegistered) {
  const StorePath other = test::path_of("llk87470jxy0in98q3rvx652wbj9psa9-foo.txt");
  const StorePath wanted = make_text_path("bar", sha256("x"), {other}).value();
  EXPECT_FAILS(store->add_text("bar", "x", {other}), Errc::invalid_input,
               "'" + wanted.str() + "' refers to '" + other.str() + "', which is not in the store");
  EXPECT_FALSE(store->is_valid(wanted).value());
}

TEST_F(StoreAdd, TreesAreCopiedAndCanonical) {
  test::write(scratch / "d/a", "hello");
  test::write(scratch / "d/x", "#!/bin/sh\n", 0755);
  fs::create_directory(scratch / "d/empty");
  fs::create_symlink("a", scratch / "d/l");
  SWAGE_OK(const StorePath path, store->add_tree("d", scratch / "d"));
  EXPECT_EQ(path.base(), "968isdg7hnzjxabkf5civyq4h35fvlm5-d");
  const fs::path real = store->real_path(path);
  EXPECT_EQ(status_of(real).st_mode, S_IFDIR | 0555u);
  EXPECT_EQ(status_of(real / "a").st_mode, S_IFREG | 0444u);
  EXPECT_EQ(status_of(real / "x").st_mode, S_IFREG | 0555u);
  for (const char* entry : {"", "a", "x", "l", "empty"}) EXPECT_EQ(status_of(real / entry).st_mtime, 1) << entry;
  EXPECT_EQ(store->add_tree("d", scratch / "d").value(), path);
  EXPECT_EQ(status_of(scratch / "d/a").st_mode & 0777, 0644u);
  EXPECT_TRUE(list_directory(store->work_dir() / "staging").value().empty());
}

TEST_F(StoreAdd, FilteredTreesGetThePathOfWhatIsKept) {
  test::write(scratch / "d/a", "x");
  const StorePath plain = store->add_tree("d", scratch / "d").value();
  test::write(scratch / "d/.git/config", "y");
  EXPECT_EQ(store->add_tree("d", scratch / "d", [](std::string_view path) { return path != ".git"; }).value(), plain);
}

TEST_F(StoreAdd, FixedFilesAreMovedIn) {
  const fs::path file = store->work_dir() / "download";
  test::write(file, "hello", 0700);
  SWAGE_OK(const StorePath path, store->add_fixed_file("fx-flat", sha256("hello"), file));
  EXPECT_EQ(path.base(), "4c1f90v1i3bdcdap1i0q7xh92643g50d-fx-flat");
  EXPECT_FALSE(path_exists(file));
  EXPECT_EQ(status_of(store->real_path(path)).st_mode, S_IFREG | 0444u);
  EXPECT_EQ(store->query(path).value()->ca->str(), "fixed:sha256:" + hash_base32(sha256("hello")));
  test::write(file, "hello");
  EXPECT_EQ(store->add_fixed_file("fx-flat", sha256("hello"), file).value(), path);
  EXPECT_FALSE(path_exists(file));
  fs::create_directory(file);
  EXPECT_FAILS(store->add_fixed_file("other", sha256("hello"), file), Errc::invalid_input, "'" + file.string() + "' is not a file");
}

TEST_F(StoreAdd, FilesComeFromOtherFileSystems) {
  const TempDir elsewhere = TempDir::create("swage-test").value();
  if (status_of(elsewhere.path()).st_dev == status_of(root).st_dev) GTEST_SKIP() << "there is one file system only";
  test::write(elsewhere.path() / "f", "hello");
  SWAGE_OK(const StorePath path, store->add_fixed_file("fx-flat", sha256("hello"), elsewhere.path() / "f"));
  EXPECT_EQ(read_file(store->real_path(path)).value(), "hello");
  EXPECT_FALSE(path_exists(elsewhere.path() / "f"));
}

TEST_F(StoreAdd, WorksUnderOnesOwnLock) {
  const StorePath path = make_fixed_path("f", ContentMethod::flat, sha256("x")).value();
  const Store::PathLocks locks = store->lock_paths({path}).value();
  test::write(store->work_dir() / "f", "x");
  EXPECT_EQ(store->add_fixed_file("f", sha256("x"), store->work_dir() / "f").value(), path);
}

FinishedDerivation chain_link(ModuloCache& cache, int i, const std::optional<StorePath>& input) {
  Derivation drv{.name = "link" + std::to_string(i), .outputs = {{"out", {}}, {"dev", {}}}, .system = "s", .builder = "b"};
  if (input) drv.input_drvs = {{*input, {"out"}}};
  return finish_derivation(std::move(drv), cache).value();
}

TEST_F(StoreAdd, DerivationsInBatchesWithTheirOutputs) {
  ModuloCache cache;
  std::vector<FinishedDerivation> chain;
  for (int i = 0; i < 300; ++i)
    chain.push_back(chain_link(cache, i, i ? std::optional(chain.back().path) : std::nullopt));
  std::vector<const FinishedDerivation*> batch;
  for (const auto& drv : chain) batch.push_back(&drv);
  batch.push_back(&chain[7]);
  EXPECT_DONE(store->add_derivations(batch));
  EXPECT_DONE(store->add_derivations(batch));
  EXPECT_EQ(store->all_paths().value().size(), chain.size());
  EXPECT_EQ(store->read_derivation(chain[5].path).value(), chain[5].drv);
  EXPECT_EQ(store->closure({chain[9].path}).value().size(), 10u);
  EXPECT_EQ(store->referrers(chain[5].path).value(), StorePathSet{chain[6].path});
  EXPECT_FALSE(store->verify({}).value().damaged());
  // Nix finds the derivation of an output here.
  SWAGE_OK(Database database, Database::open(root / "nix/var/nix/db/db.sqlite", Database::Access::read_only));
  SWAGE_OK(Query row, database.query("select d.id, d.path from DerivationOutputs d join ValidPaths v on d.drv = v.id where v.path = ? order by d.id"));
  const std::string drv = chain[5].path.str();
  row.bind(drv);
  for (const char* output : {"dev", "out"}) {
    ASSERT_TRUE(row.step().value());
    EXPECT_EQ(row.text(0), output);
    EXPECT_EQ(row.text(1), chain[5].drv.outputs.at(output).path);
  }
  EXPECT_FALSE(row.step().value());
}

TEST_F(StoreAdd, DerivationsNeedTheirInputs) {
  ModuloCache cache;
  const FinishedDerivation one = chain_link(cache, 1, {});
  const FinishedDerivation two = chain_link(cache, 2, one.path);
  EXPECT_FAILS(store->add_derivations({&two}), Errc::invalid_input,
               "'" + two.path.str() + "' refers to '" + one.path.str() + "', which is not in the store");
}

// --- Registering outputs ---

TEST_F(StoreAdd, OutputsAreRegisteredTogether) {
  const StorePath one = test::path_of("0000000000000000000000000000000a-one"), two = test::path_of("0000000000000000000000000000000b-two");
  std::vector<Store::NewPath> outputs;
  for (const auto& [path, other] : {std::pair{one, two}, std::pair{two, two}}) {
    const fs::path tree = store->work_dir() / path.base();
    test::write(tree / "f", other.str());
    EXPECT_DONE(canonicalise(tree));
    const ScannedTree scanned = scan_tree(tree, {one, two}).value();
    EXPECT_EQ(scanned.references, StorePathSet{other});
    outputs.push_back({.info = {.path = path, .nar_hash = scanned.nar.hash, .nar_size = scanned.nar.size,
                                .references = scanned.references, .ultimate = true, .signatures = {"a:b", "c:d"}},
                       .tree = tree});
  }
  // A crash left something at the target.
  test::write(store->real_path(one) / "old", "x");
  EXPECT_DONE(store->register_outputs(std::move(outputs)));
  SWAGE_OK(const auto info, store->query(one));
  EXPECT_TRUE(info->ultimate);
  EXPECT_EQ(info->signatures, (std::vector<std::string>{"a:b", "c:d"}));
  EXPECT_EQ(store->query(two).value()->references, StorePathSet{two});
  EXPECT_FALSE(path_exists(store->real_path(one) / "old"));
  EXPECT_EQ(status_of(store->real_path(one)).st_mode, S_IFDIR | 0555u);
  EXPECT_EQ(status_of(store->real_path(one)).st_mtime, 1);
  EXPECT_FALSE(store->verify({}).value().damaged());
}

TEST_F(StoreAdd, OutputsMayNotReferToEachOther) {
  const StorePath one = test::path_of("0000000000000000000000000000000a-one"), two = test::path_of("0000000000000000000000000000000b-two");
  std::vector<Store::NewPath> outputs;
  for (const auto& [path, other] : {std::pair{one, two}, std::pair{two, one}}) {
    test::write(store->work_dir() / path.base(), "x");
    outputs.push_back({.info = {.path = path, .references = {other}}, .tree = store->work_dir() / path.base()});
  }
  EXPECT_FAILS(store->register_outputs(std::move(outputs)), Errc::invalid_input,
               "'" + two.str() + "' and '" + one.str() + "' refer to each other");
  EXPECT_TRUE(store->all_paths().value().empty());
}

TEST_F(StoreAdd, AValidPathIsNeverReplaced) {
  const StorePath path = add_output("p", {}, "first");
  EXPECT_EQ(add_output("p", {}, "second"), path);
  EXPECT_EQ(read_file(store->real_path(path) / "file").value(), "first");
  EXPECT_FALSE(path_exists(store->work_dir() / path.base()));
}

// --- Queries ---

TEST_F(StoreQuery, AnswersForWhatIsNotThere) {
  const StorePath path = test::path_of("llk87470jxy0in98q3rvx652wbj9psa9-foo.txt");
  EXPECT_FALSE(store->is_valid(path).value());
  EXPECT_FALSE(store->query(path).value());
  EXPECT_FALSE(store->from_hash_part(path.hash_part()).value());
  EXPECT_TRUE(store->referrers(path).value().empty());
  EXPECT_FAILS(store->closure({path}), Errc::invalid_input, "'" + path.str() + "' is not in the store");
  EXPECT_FAILS(store->read_derivation(path), Errc::invalid_input, "'" + path.str() + "' is not a derivation");
}

TEST_F(StoreQuery, FindsByHashPartAndClosure) {
  const StorePath a = add_output("a", {}), b = add_output("b", {a}), c = add_output("c", {a, b}), d = add_output("d", {});
  EXPECT_EQ(store->from_hash_part(b.hash_part()).value(), b);
  EXPECT_EQ(store->closure({c}).value(), (StorePathSet{a, b, c}));
  EXPECT_EQ(store->referrers(a).value(), (StorePathSet{b, c}));
  EXPECT_EQ(store->valid_paths({a, d, test::path_of("llk87470jxy0in98q3rvx652wbj9psa9-x")}).value(), (StorePathSet{a, d}));
}

TEST_F(StoreQuery, ThreadsShareAStore) {
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const auto path = store->add_text("t", std::to_string((t + i) % 10));
        if (!path || !store->is_valid(*path).value_or(false)) ++failures;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(store->all_paths().value().size(), 10u);
}

// --- Canonical trees ---

TEST(Canonicalise, CutsHardLinksToOutside) {
  Scratch scratch;
  test::write(scratch / "outside", "x", 0644);
  test::write(scratch / "t/in", "y");
  fs::create_hard_link(scratch / "outside", scratch / "t/linked");
  fs::create_hard_link(scratch / "t/in", scratch / "t/twin");
  EXPECT_DONE(canonicalise(scratch / "t"));
  EXPECT_EQ(status_of(scratch / "outside").st_mode & 07777, 0644u);
  EXPECT_EQ(status_of(scratch / "outside").st_nlink, 1u);
  EXPECT_EQ(read_file(scratch / "t/linked").value(), "x");
  EXPECT_EQ(status_of(scratch / "t/linked").st_mode & 07777, 0444u);
  EXPECT_EQ(status_of(scratch / "t/in").st_ino, status_of(scratch / "t/twin").st_ino);
}

// The working directory may be anybody's, on any disk, and several builds may end at once.
TEST(Canonicalise, CutsALinkOfATreeThatIsOneFileBesideIt) {
  Scratch scratch;
  test::write(scratch / "store/out", "x", 0644);
  fs::create_hard_link(scratch / "store/out", scratch / "outside");
  test::write(scratch / ("store/.detach." + std::to_string(::getpid())), "a build's own", 0600);
  fs::create_directory(scratch / "here");
  test::write(scratch / ("here/.detach." + std::to_string(::getpid())), "another's", 0600);
  const fs::path before = fs::current_path();
  fs::current_path(scratch / "here");
  const Result<void> canonical = canonicalise(scratch / "store/out");
  fs::current_path(before);
  EXPECT_DONE(canonical);
  EXPECT_EQ(status_of(scratch / "store/out").st_nlink, 1u);
  EXPECT_EQ(read_file(scratch / "store/out").value(), "x");
  EXPECT_EQ(status_of(scratch / "outside").st_mode & 07777, 0644u);
  EXPECT_EQ(list_directory(scratch / "here").value().size(), 1u);
  EXPECT_EQ(list_directory(scratch / "store").value().size(), 2u);
}

TEST(Canonicalise, CutsLinksOfWhatItsOwnerCannotRead) {
  Scratch scratch;
  test::write(scratch / "t/in", "x", 0200);
  fs::create_hard_link(scratch / "t/in", scratch / "outside");
  for (const char* path : {"", "t", "t/in"})
    EXPECT_EQ(::geteuid() == 0 ? ::chown((scratch / path).c_str(), 65534, 65534) : 0, 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(2);
    ::_exit(canonicalise(scratch / "t") ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(status_of(scratch / "outside").st_mode & 07777, 0200u);
  fs::permissions(scratch / "t", fs::perms::owner_all);
}

TEST(Canonicalise, RefusesSpecialFilesAndDropsSetId) {
  Scratch scratch;
  test::write(scratch / "t/suid", "x", 06755);
  test::write(scratch / "t/closed/f", "x", 0000);
  fs::permissions(scratch / "t/closed", fs::perms::none);
  EXPECT_DONE(canonicalise(scratch / "t"));
  EXPECT_EQ(status_of(scratch / "t/suid").st_mode & 07777, 0555u);
  EXPECT_EQ(status_of(scratch / "t/closed/f").st_mode & 07777, 0444u);
  fs::permissions(scratch / "t", fs::perms::owner_all);
  ASSERT_EQ(::mkfifo((scratch / "t/pipe").c_str(), 0600), 0);
  EXPECT_FAILS(canonicalise(scratch / "t"), Errc::build_failed,
               "'" + (scratch / "t/pipe").string() + "' is neither a file, a directory nor a symbolic link");
}

}  // namespace
}  // namespace swage
