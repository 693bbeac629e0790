// Records of packages: their text, and their mistakes.
#include "catalog/package_evidence.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <thread>

#include "support/catalogs.hpp"

namespace swage {
namespace {

PackageRecord tested(const std::string& name) {
  return {.name = name,
          .version = "3.8.2",
          .toolchain = "debian-gcc-12-arm64",
          .state = PackageState::tested,
          .when = "2026-01-31",
          .drv = "/nix/store/00000000000000000000000000000000-" + name + ".drv",
          .nar = std::string(64, 'a'),
          .seconds = 42,
          .lock = "2026-01-31-01234567.lock"};
}

std::string mistakes(const std::string& change_from, const std::string& change_to) {
  std::string text = package_evidence_text({{"bison", tested("bison")}});
  if (const auto at = text.find(change_from); at != std::string::npos) text.replace(at, change_from.size(), change_to);
  const auto parsed = parse_package_evidence(text, "arm64.toml");
  return parsed ? "no mistakes" : render(parsed.error());
}

TEST(PackageEvidence, NoRecordIsLostWhereSeveralAreKeptAtOnce) {
  const TempDir dir = TempDir::create("evidence").value();
  const auto keep = [&](const std::string& who) {
    for (int i = 0; i < 40; ++i) EXPECT_TRUE(keep_package_record(dir.path(), "arm64", tested(who + std::to_string(i))));
  };
  std::thread other(keep, "a");
  keep("b");
  other.join();
  EXPECT_EQ(read_package_evidence(dir.path(), "arm64").value().size(), 80u);
}

TEST(PackageEvidence, IsAFixedForm) {
  EXPECT_EQ(package_evidence_text({{"bison", tested("bison")}}), R"([[package]]
name = "bison"
version = "3.8.2"
toolchain = "debian-gcc-12-arm64"
state = "tested"
when = "2026-01-31"
drv = "/nix/store/00000000000000000000000000000000-bison.drv"
nar = ")" + std::string(64, 'a') + R"("
seconds = 42
lock = "2026-01-31-01234567.lock"
)");
  EXPECT_EQ(package_evidence_text({}), "");
}

RC_GTEST_PROP(PackageEvidence, ReadsBackWhatWasWritten, (const std::vector<std::string>& names, const std::string& reason, unsigned seconds)) {
  PackageRecords records;
  for (std::size_t i = 0; i < names.size(); ++i) {
    PackageRecord record = tested(std::to_string(i));
    if (seconds % 3 != 0) record.seconds = seconds;
    else record.seconds.reset();
    if (i % 2 != 0) {
      record.state = PackageState::failed;
      record.nar.clear();
      record.reason = "it said: ";
      for (const char c : reason) record.reason += static_cast<char>(c & 0x7f);
    }
    records.emplace(record.name, record);
  }
  const auto read = parse_package_evidence(package_evidence_text(records), "arm64.toml");
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == records);
}

TEST(PackageEvidence, TellsWhatIsWrong) {
  EXPECT_EQ(mistakes("", ""), "no mistakes");
  EXPECT_THAT(mistakes("nar = ", "knar = "), testing::HasSubstr("error: 'knar' is not a key of [[package]]"));
  EXPECT_THAT(mistakes("nar = \"" + std::string(64, 'a') + "\"\n", ""), testing::HasSubstr("error: 'nar' is missing in [[package]], and the state is 'tested'"));
  EXPECT_THAT(mistakes("\"tested\"", "\"failed\""), testing::HasSubstr("error: 'reason' is missing in [[package]], and the state is 'failed'"));
  EXPECT_THAT(mistakes("\"tested\"", "\"booted\""), testing::HasSubstr("'booted'"));
  EXPECT_THAT(mistakes("2026-01-31\"\nd", "yesterday\"\nd"), testing::HasSubstr("yesterday"));
  EXPECT_THAT(mistakes("bison.drv", "bison"), testing::HasSubstr("-bison' is not a derivation: it is not /nix/store/HASH-NAME.drv\n"));
  for (const char* lock : {"", "/etc/passwd", "../2026-01-31-01234567.lock", "2026-13-31-01234567.lock", "2026-01-31-0123456.lock"})
    EXPECT_THAT(mistakes("2026-01-31-01234567.lock", lock), testing::HasSubstr(fmt::format("error: '{}' is not a lock file of records: it is not YYYY-MM-DD-HEX.lock\n", lock)));
  EXPECT_THAT(mistakes("seconds = 42", "seconds = \"42\""), testing::HasSubstr("'seconds'"));
  EXPECT_THAT(mistakes("[[package]]", "[[package]]\nname = \"bison\""), testing::HasSubstr("name"));
}

TEST(PackageEvidence, ImagesHaveStatesAndABootOfTheirOwn) {
  PackageRecord booted = tested("image-one");
  booted.name = "one";
  booted.version = "";
  booted.state = PackageState::booted;
  booted.boot = "/nix/store/00000000000000000000000000000000-boot-image-one.drv";
  const std::string text = package_evidence_text({{"one", booted}}, RecordsOf::images);
  EXPECT_EQ(text, R"([[image]]
name = "one"
toolchain = "debian-gcc-12-arm64"
state = "booted"
when = "2026-01-31"
drv = "/nix/store/00000000000000000000000000000000-image-one.drv"
nar = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
boot = "/nix/store/00000000000000000000000000000000-boot-image-one.drv"
seconds = 42
lock = "2026-01-31-01234567.lock"
)");
  const auto of = [](std::string changed, const std::string& from, const std::string& to) {
    changed.replace(changed.find(from), from.size(), to);
    const auto parsed = parse_package_evidence(changed, "arm64.toml", RecordsOf::images);
    return parsed ? "no mistakes" : render(parsed.error());
  };
  EXPECT_EQ(parse_package_evidence(text, "arm64.toml", RecordsOf::images).value(), (PackageRecords{{"one", booted}}));
  EXPECT_THAT(of(text, "boot = \"" + booted.boot + "\"\n", ""), testing::HasSubstr("'boot' is missing in [[image]], and the state is 'booted'"));
  EXPECT_EQ(of(text, "\"booted\"", "\"modelled\""), "no mistakes");
  EXPECT_THAT(of(text, "\"booted\"", "\"tested\""), testing::HasSubstr("'tested'"));
  EXPECT_THAT(of(text, "[[image]]", "[[package]]"), testing::HasSubstr("'package'"));
}

TEST(PackageEvidence, OfNoPlatformOrWithoutItsLockFileIsAMistakeOfTheCatalog) {
  CatalogDir dir;
  dir.write("evidence/packages/arm46.toml", "").write("evidence/images/arm64.toml", package_evidence_text({{"one", tested("one")}}, RecordsOf::images));
  dir.write("evidence/packages/arm64.toml", package_evidence_text({{"bison", tested("bison")}}));
  std::string all;
  for (const Error& error : check_catalog(dir.path())) all += render(error);
  EXPECT_THAT(all, testing::HasSubstr("images/arm64.toml"));
  EXPECT_THAT(all, testing::HasSubstr("arm46.toml' is not the evidence of a platform"));
  EXPECT_THAT(all, testing::HasSubstr("has no lock file '2026-01-31-01234567.lock', which 'bison' was made with"));
}

}  // namespace
}  // namespace swage
