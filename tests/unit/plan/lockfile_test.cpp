#include "plan/lockfile.hpp"

#include <chrono>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/locks.hpp"

namespace swage {
namespace {

std::string error_of(std::string_view json) {
  const auto lock = Lockfile::parse(json, "swage.lock");
  return lock ? "no error" : render(lock.error());
}

std::string first_line(std::string_view json) {
  const std::string text = error_of(json);
  return text.substr(0, text.find('\n'));
}

// The text of small_lock() with one replacement, which must be there.
std::string with(std::string_view from, std::string_view to) {
  std::string text = small_lock().str();
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Lockfile, HasOnePackageALineAndSortedKeys) {
  EXPECT_EQ(small_lock().str(), fmt::format(R"({{
  "version": 1,
  "created": "2026-01-31",
  "files": {{
    "{1}": {{"name": "bc", "version": "1.07.1-3+b1", "path": "pool/main/b/bc/bc_1.07.1-3+b1_amd64.deb", "size": 108512}},
    "{2}": {{"name": "linux", "version": "6.1.170-3", "path": "pool/main/l/linux/linux_6.1.170.orig.tar.xz", "size": 137000000}}
  }},
  "sets": {{
    "root:build": {{"suite": "bookworm", "request": "bc make", "files": [
      "{1}"]}}
  }},
  "sources": {{
    "bookworm/linux": "{2}"
  }},
  "seeds": {{
    "busybox": {{"sha256": "{1}", "member": "./bin/busybox", "nar_sha256": "{3}"}}
  }},
  "missing": {{
    "root:old": "unknown package 'gcc-2.95' in suite 'bookworm'"
  }}
}}
)",
                                            0, sha(1), sha(2), sha(3)));
}

TEST(Lockfile, ReadsWhatItWrote) {
  EXPECT_EQ(Lockfile::parse(small_lock().str(), "x").value(), small_lock());
  const Lockfile empty{.created = "2026-01-31"};
  EXPECT_EQ(Lockfile::parse(empty.str(), "x").value(), empty);
}

TEST(Lockfile, ArchivesAreInItWhenThereAreAny) {
  Lockfile lock = small_lock();
  lock.archives["https://kernel.org/x.tar.xz"] = sha(7);
  EXPECT_EQ(lock.str(), with("  \"missing\"", fmt::format("  \"archives\": {{\n    \"https://kernel.org/x.tar.xz\": \"{}\"\n  }},\n  \"missing\"", sha(7))));
  EXPECT_EQ(Lockfile::parse(lock.str(), "x").value(), lock);
  EXPECT_EQ(first_line(with("  \"missing\"", "  \"archives\": {\"a\": \"b\"},\n  \"missing\"")), "error: 'b' is not a sha256: 64 digits 0-9 and a-f");
  EXPECT_EQ(first_line(with("  \"missing\"", "  \"archives\": {\"a\": {}},\n  \"missing\"")), "error: 'a' is an object, not a string");
}

TEST(Lockfile, KnowsHowOldItsSuitesWere) {
  Lockfile lock = small_lock();
  lock.suites["Debian/bookworm-security"] = "2026-01-31T02:53:00Z";
  EXPECT_EQ(lock.str(), with("  \"missing\"", "  \"suites\": {\n    \"Debian/bookworm-security\": \"2026-01-31T02:53:00Z\"\n  },\n  \"missing\""));
  EXPECT_EQ(Lockfile::parse(lock.str(), "x").value(), lock);
  for (const char* wrong : {"2026-01-31", "2026-01-31T02:53:00", "2026-01-31 02:53:00Z", "2026-01-31T02:5x:00Z", ""})
    EXPECT_EQ(first_line(with("  \"missing\"", fmt::format("  \"suites\": {{\"a\": \"{}\"}},\n  \"missing\"", wrong))),
              fmt::format("error: '{}' is not a time YYYY-MM-DDTHH:MM:SSZ", wrong));
}

TEST(Lockfile, SaysWhereAndWhenFilesWereSeen) {
  Lockfile lock = small_lock();
  lock.files.at(sha(1)).day = "2026-01-30";
  lock.files.at(sha(1)).archive = "debian-security";
  lock.files.at(sha(2)).day = "2026-01-31";
  std::string text = with("108512}", "108512, \"seen\": \"2026-01-30 debian-security\"}");
  text.replace(text.find("137000000}"), 10, "137000000, \"seen\": \"2026-01-31\"}");
  text.replace(text.find("\"version\": 1"), 12, "\"version\": 2");
  EXPECT_EQ(lock.str(), text);
  EXPECT_EQ(Lockfile::parse(text, "x").value(), lock);
  EXPECT_EQ(small_lock().str().substr(0, 17), "{\n  \"version\": 1,") << "one without is as it was before";
  for (const char* wrong : {"", "debian", "2026-01-3", "2026-01-31debian", "2026-01-31 ", "2026-01-31  x", "2026-01-31 a/b"})
    EXPECT_TRUE(first_line(with("108512}", fmt::format("108512, \"seen\": \"{}\"}}", wrong))).ends_with("' is not a day and an archive: 2026-01-31 debian")) << wrong;
}

TEST(Lockfile, ASourcesVersionIsUpstreams) {
  EXPECT_EQ(source_version("3.0.17-1~deb12u3"), "3.0.17");
  EXPECT_EQ(source_version("1:2.6.1-4+deb13u3"), "2.6.1");
  EXPECT_EQ(source_version("2.8.1-dev-1"), "2.8.1-dev-1") << "its upstream part has a dash, and upstream_version() would take that for the distribution's";
  EXPECT_EQ(upstream_version(source_version("2.8.1-dev-1")), "2.8.1-dev");
}

TEST(Lockfile, ErrorsNameTheFileAndThePlace) {
  EXPECT_EQ(error_of(with("\"size\": 108512", "\"siez\": 108512")), fmt::format(
R"(error: 'siez' is not a key of a locked file
  --> swage.lock:5:165
   5 |     "{}": {{"name": "bc", "version": "1.07.1-3+b1", "path": "pool/main/b/bc/bc_1.07.1-3+b1_amd64.deb", "siez": 108512}},
     | {:>170}
hint: did you mean 'size'?
)", sha(1), "^^^^^^"));
}

TEST(Lockfile, RefusesOtherFormatVersions) {
  EXPECT_EQ(error_of(with("\"version\": 1", "\"version\": 3")), R"(error: the lock has format 3, this swage reads format 2
  --> swage.lock:2:14
   2 |   "version": 3,
     |              ^
hint: use a newer swage, or make the lock anew with: swage lock --update
)");
  EXPECT_EQ(error_of("{\"version\": 0}").substr(0, 41), "error: the lock has the unknown format 0\n");
  EXPECT_EQ(error_of("{\"created\": 0}").substr(0, 41), "error: 'created' is before the version\n  ");
}

TEST(Lockfile, RefusesWhatIsNotALock) {
  const std::string digest = sha(1);
  EXPECT_EQ(first_line(""), "error: the lock is not JSON: syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal");
  EXPECT_EQ(first_line("[]"), "error: the lock is an array, not an object");
  EXPECT_EQ(first_line("7"), "error: the lock is a whole number, not an object");
  EXPECT_EQ(first_line(with("108512", "-1")), "error: 'size' is a negative number, not a whole number");
  EXPECT_EQ(first_line(with("108512", "1.5")), "error: 'size' is a fraction, not a whole number");
  EXPECT_EQ(first_line(with("\"bc\"", "null")), "error: 'name' is null, not a string");
  EXPECT_EQ(first_line(with("\"bc\"", "\"../bc\"")), "error: '../bc' is not a package name");
  EXPECT_EQ(first_line(with("\"1.07.1-3+b1\"", "\"1 2\"")), "error: '1 2' is not a package version");
  EXPECT_EQ(first_line(with("\"bc\"", "{}")), "error: 'name' is an object, not a string");
  EXPECT_EQ(first_line(with("\"bookworm\"", "\"book worm\"")), "error: 'book worm' is not a suite");
  EXPECT_EQ(first_line(with("2026-01-31", "yesterday")), "error: 'yesterday' is not a date YYYY-MM-DD");
  EXPECT_EQ(first_line(with("{\"name\": \"bc\", ", "{")), "error: 'name' is missing in a locked file");
  EXPECT_EQ(first_line(with("{\"name\": \"bc\", ", "{\"name\": \"bc\", \"name\": \"bc\", ")), "error: 'name' is there twice in a locked file");
  EXPECT_EQ(first_line(with(",\n  \"missing\": {\n    \"root:old\": \"unknown package 'gcc-2.95' in suite 'bookworm'\"\n  }", "")),
            "error: 'missing' is missing in the lock");
  EXPECT_EQ(first_line(with(fmt::format("    \"{}\": {{", digest), "    \"ABC\": {")), "error: 'ABC' is not a sha256: 64 digits 0-9 and a-f");
  EXPECT_EQ(first_line(with(fmt::format("[\n      \"{}\"]", digest), "[\"" + sha(9) + "\"]")),
            fmt::format("error: 'root:build' of the lock 'swage.lock' needs the file {}, which is not in it", sha(9)));
  EXPECT_EQ(first_line(with(fmt::format("[\n      \"{}\"]", digest), "[{}]")), "error: 'root:build' is an object, not a string");
  EXPECT_EQ(first_line(small_lock().str() + "x").substr(0, 28), "error: the lock is not JSON:");
}

TEST(Lockfile, RefusesPathsThatLeaveTheMirror) {
  const auto why = [](std::string_view path) {
    const auto ok = check_pool_path(path);
    return ok ? "fine" : ok.error().what;
  };
  EXPECT_EQ(why("pool/main/b/bc/bc_1%3a1~rc.deb"), "fine");
  EXPECT_EQ(why(""), "'' is not a path below a mirror: it is empty");
  EXPECT_EQ(why("/etc/passwd"), "'/etc/passwd' is not a path below a mirror: it is absolute");
  EXPECT_EQ(why("https://x/y"), "'https://x/y' is not a path below a mirror: it names a host");
  EXPECT_EQ(why("pool/../../x"), "'pool/../../x' is not a path below a mirror: it has the part '..'");
  EXPECT_EQ(why("pool//x"), "'pool//x' is not a path below a mirror: it has an empty part");
  EXPECT_EQ(why("pool/x y"), "'pool/x y' is not a path below a mirror: it has a character that no package file has");
  EXPECT_EQ(why("pool/.x"), "'pool/.x' is not a path below a mirror: its file name starts with a dot");
  EXPECT_EQ(why(std::string(212, 'a')),
            fmt::format("'{}' is not a path below a mirror: its file name is longer than 211 characters", std::string(212, 'a')));
  EXPECT_EQ(error_of(with("pool/main/b/bc/bc_1.07.1-3+b1_amd64.deb", "../bc")).substr(0, 71),
            "error: '../bc' is not a path below a mirror: it has the part '..'\n  -->");
}

TEST(Lockfile, NamesStoreObjectsAfterTheFile) {
  EXPECT_EQ((LockedFile{.path = "pool/main/x/x_1%3a2~rc1_all.deb"}).store_name(), "x_1-3a2-rc1_all.deb");
}

TEST(Lockfile, UpstreamVersionDropsEpochAndRevision) {
  EXPECT_EQ(upstream_version("1.2.3-4"), "1.2.3");
  EXPECT_EQ(upstream_version("1:2.40-2"), "2.40");
  EXPECT_EQ(upstream_version("6.1.170-3"), "6.1.170");
  EXPECT_EQ(upstream_version("1.0-rc2-1"), "1.0-rc2");
  EXPECT_EQ(upstream_version("9"), "9");
}

RC_GTEST_PROP(LockfileProp, ParseGivesBackWhatStrWrote, ()) {
  const Lockfile lock = any_lock();
  const std::string text = lock.str();
  const auto again = Lockfile::parse(text, "x");
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->str() == text);
  RC_ASSERT(*again == lock);
}

TEST(Lockfile, TwoThousandEntriesAreReadQuickly) {
  Lockfile lock{.created = "2026-01-31"};
  std::vector<std::string> keys;
  for (unsigned i = 0; i < 2000; ++i) {
    const std::string name = fmt::format("libpackage{}-dev", i);
    lock.files[sha(i)] = {name, "1:12.2.0-14+deb12u1", fmt::format("pool/main/libp/{0}/{0}_12.2.0-14+deb12u1_amd64.deb", name), sha(i), i};
    keys.push_back(sha(i));
  }
  for (unsigned set = 0; set < 40; ++set)
    lock.sets[fmt::format("root:{}", set)] = {"bookworm", "make", {keys.begin() + set * 50, keys.begin() + set * 50 + 50}};
  const std::string text = lock.str();
  double best = 1;
  for (int round = 0; round < 10; ++round) {
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(Lockfile::parse(text, "x").has_value());
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  RecordProperty("microseconds", static_cast<int>(best * 1e6));
  EXPECT_LT(best, 0.05) << "milliseconds are expected, ten times that is a change of the algorithm";
}

}  // namespace
}  // namespace swage
