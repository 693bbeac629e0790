// Constraints and quirks of one architecture: what is read when, how layers change it, and its mistakes.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "support/catalogs.hpp"

namespace swage {
namespace {

using Strings = std::vector<std::string>;

std::string constraint(const std::string& id, const std::string& lines = "") {
  return fmt::format("[[constraint]]\nid = \"{}\"\n{}require = {{ gcc = \">=5\" }}\neffect = \"builds-not\"\nreason = \"r\"\nsource = \"s\"\n", id, lines);
}

std::string quirk(const std::string& id, const std::string& lifts) {
  return fmt::format("[[quirk]]\nid = \"{}\"\nwhen = {{}}\nlifts = [\"{}\"]\ncflags = [\"-w\"]\nreason = \"r\"\nsource = \"s\"\nconfidence = \"observed\"\n",
                     id, lifts);
}

class ArchRows : public testing::Test {
 protected:
  ArchRows() {
    dir.write("kernels/constraints.toml", constraint("all") + constraint("some", "when = { arch = [\"arm64\", \"x86\"] }\n"))
        .write("kernels/constraints/arm64.toml", constraint("arm64"))
        .write("kernels/constraints/x86.toml", constraint("x86"));
  }

  // "id: architectures" of the rows that are read for a platform.
  Strings read_for(const std::string& platform, const std::vector<std::string>& layers = {}) {
    const auto catalog = dir.load(layers);
    if (!catalog) return {dir.shown(catalog.error())};
    const auto row = (*catalog)->platform(platform);
    if (!row) return {dir.shown(row.error())};
    const auto rows = (*catalog)->constraints(**row);
    if (!rows) return {dir.shown(rows.error())};
    Strings list;
    for (const ConstraintRow* one : *rows) list.push_back(fmt::format("{}: {}", one->id, fmt::join(one->arches, " ")));
    return list;
  }
  CatalogDir dir;
};

TEST_F(ArchRows, AreThoseOfThePlatformAndOfItsKernelsArchitecture) {
  EXPECT_EQ(read_for("arm64"), (Strings{"all: ", "some: arm64 x86", "arm64: arm64"}));
  EXPECT_EQ(read_for("x86_64"), (Strings{"all: ", "some: arm64 x86", "x86: x86"}));
  dir.write("kernels/constraints/x86_64.toml", constraint("x86_64"));
  EXPECT_EQ(read_for("x86_64"), (Strings{"all: ", "some: arm64 x86", "x86: x86", "x86_64: x86_64"}));
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << dir.errors();
  EXPECT_EQ((*catalog)->constraints()->size(), 5u);
}

TEST_F(ArchRows, OfAnotherArchitectureAreNotRead) {
  dir.write("kernels/constraints/x86.toml", "[[constraint]]\nid = 7\n");
  EXPECT_EQ(read_for("arm64").size(), 3u);
  EXPECT_TRUE(read_for("x86_64").front().starts_with("error: ")) << read_for("x86_64").front();
  EXPECT_EQ(read_for("x86_64").front(), dir.checked()) << "swage check finds what nothing has asked for";
}

TEST_F(ArchRows, OfALaterLayerWin) {
  dir.write("mine/kernels/constraints/arm64.toml", "[[constraint]]\nid = \"arm64\"\noverride = true\nreason = \"mine\"\n" + constraint("more"))
      .write("new/kernels/constraints/x86.toml", constraint("x86") + constraint("new"));
  EXPECT_EQ(read_for("arm64", {"mine", "new"}), (Strings{"all: ", "some: arm64 x86", "arm64: arm64", "more: arm64"}));
  EXPECT_EQ(read_for("x86_64", {"mine", "new"}), (Strings{"all: ", "some: arm64 x86", "x86: x86", "new: x86"}));
  const auto catalog = dir.load({"mine"});
  ASSERT_TRUE(catalog) << dir.errors({"mine"});
  const auto rows = (*catalog)->constraints(**(*catalog)->platform("arm64"));
  ASSERT_TRUE(rows);
  EXPECT_EQ((*rows)[2]->reason, "mine");
  EXPECT_EQ((*rows)[2]->origin.overridden.at("reason"), "mine");
}

TEST_F(ArchRows, AreNotOverriddenFromTheFileForAll) {
  dir.write("mine/kernels/constraints.toml", "[[constraint]]\nid = \"arm64\"\noverride = true\nreason = \"mine\"\n");
  EXPECT_EQ(dir.errors({"mine"}), R"(error: 'arm64' overrides nothing: no earlier layer has it in [[constraint]]
  --> CAT/mine/kernels/constraints.toml:1:1
   1 | [[constraint]]
     | ^^^^^^^^^^^^^^
hint: a row of kernels/constraints/ARCH.toml is overridden in a file of that name
)");
}

TEST_F(ArchRows, SayNoArchitectureThemselves) {
  dir.write("kernels/constraints/arm64.toml", constraint("arm64", "when = { kernel = \"<5\", arch = [\"arm64\"] }\n"));
  EXPECT_EQ(read_for("arm64").front(), R"(error: 'arch' is not a key here: all rows of this file are for 'arm64'
  --> CAT/kernels/constraints/arm64.toml:3:25
   3 | when = { kernel = "<5", arch = ["arm64"] }
     |                         ^^^^
)");
}

TEST_F(ArchRows, NeedAnArchitecture) {
  dir.write("kernels/quirks/arm46.toml", quirk("q", "all"));
  EXPECT_EQ(dir.errors(), "error: 'CAT/kernels/quirks/arm46.toml' is for no platform: there is no platform or kernel architecture 'arm46'\n"
                          "hint: did you mean 'arm64'?\n");
}

TEST_F(ArchRows, HaveIdsOfTheirOwn) {
  dir.write("kernels/constraints/x86.toml", constraint("x86") + constraint("arm64"));
  EXPECT_EQ(dir.errors(), "no errors") << "nothing has asked for both files";
  EXPECT_EQ(dir.checked(), R"(error: 'arm64' is defined twice in [[constraint]]
  --> CAT/kernels/constraints/x86.toml:7:1
   7 | [[constraint]]
     | ^^^^^^^^^^^^^^
note: first defined at CAT/kernels/constraints/arm64.toml:1:1
)");
}

TEST_F(ArchRows, ThatAreReadTogetherHaveNoIdTwice) {
  dir.write("kernels/constraints/arm64.toml", constraint("arm64") + constraint("some"));
  const std::string twice = R"(error: 'some' is defined twice in [[constraint]]
  --> CAT/kernels/constraints/arm64.toml:7:1
   7 | [[constraint]]
     | ^^^^^^^^^^^^^^
note: first defined at CAT/kernels/constraints.toml:7:1
)";
  EXPECT_EQ(read_for("arm64"), Strings{twice});
  EXPECT_EQ(dir.checked(), twice);
  EXPECT_EQ(read_for("x86_64").size(), 3u) << "that reads the other file";
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << dir.errors();
  for (int times = 0; times < 2; ++times)
    EXPECT_FALSE((*catalog)->constraints(**(*catalog)->platform("arm64"))) << "and each time it is asked for";
}

// A quirk for all architectures may lift what concerns one, and the other way round.
TEST_F(ArchRows, MayBeLiftedByAnyQuirk) {
  dir.write("kernels/quirks.toml", quirk("q", "x86")).write("kernels/quirks/arm64.toml", quirk("r", "all") + quirk("s", "arm46"));
  EXPECT_EQ(dir.errors(), "no errors");
  EXPECT_EQ(dir.checked(), R"(error: 'arm46' is not a constraint
  --> CAT/kernels/quirks/arm64.toml:12:10
  12 | lifts = ["arm46"]
     |          ^^^^^^^
hint: did you mean 'arm64'?
)");
}

}  // namespace
}  // namespace swage
