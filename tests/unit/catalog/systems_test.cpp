// Build systems: what a recipe takes from systems/NAME.toml, and mistakes in both.
#include <gtest/gtest.h>

#include "support/catalogs.hpp"

namespace swage {
namespace {

class Systems : public ::testing::Test {
 protected:
  Systems() {
    dir_.write("scripts/run.sh", "").write("systems/base.toml", "[build]\nscript = \"run.sh\"\nconfigure = [\"--base\"]\n[env]\nx = \"base\"\ny = \"base\"\n");
  }
  void recipe(const std::string& build, const std::string& rest = "") {
    dir_.write("packages/p/recipe.toml", "[package]\nname = \"p\"\n[build]\n" + build + rest);
  }
  CatalogDir dir_;
};

TEST_F(Systems, MayBuildOnEachOther) {
  dir_.write("systems/top.toml", "[build]\nsystem = \"base\"\nconfigure = [\"--top\"]\n[env]\nx = \"top\"\n[phase]\nbuild = \"top\"\n");
  recipe("system = \"top\"\nconfigure = [\"--own\"]\n", "[phase]\nafter-build = \"own\"\n");
  const auto catalog = dir_.load();
  ASSERT_TRUE(catalog) << dir_.errors();
  const RecipeRow& row = **(*catalog)->recipe("p");
  EXPECT_EQ(row.configure, (std::vector<std::string>{"--base", "--top", "--own"}));
  EXPECT_EQ(row.env, (std::map<std::string, std::string>{{"x", "top"}, {"y", "base"}}));
  EXPECT_EQ(row.phases.size(), 2u);
  EXPECT_EQ(row.script, "run.sh");
}

TEST_F(Systems, AMemberHasWhatAllHaveAndThenItsOwn) {
  recipe("system = \"base\"\nconfigure = [\"--all\"]\n", R"([env]
x = "all"
[test]
run = ["all"]
[[member]]
name = "1.0"
version = "1.0.1"
env.y = "own"
build.configure = ["--own"]
test.run = ["own"]
[[member]]
name = "board"
arch = ["arm64"]
)");
  const auto catalog = dir_.load();
  ASSERT_TRUE(catalog) << dir_.errors();
  const RecipeRow& row = **(*catalog)->recipe("p@1.0");
  EXPECT_EQ(row.full_name(), "p@1.0");
  EXPECT_EQ(row.version, "1.0.1");
  EXPECT_EQ(row.configure, (std::vector<std::string>{"--base", "--all", "--own"}));
  EXPECT_EQ(row.env, (std::map<std::string, std::string>{{"x", "all"}, {"y", "own"}}));
  EXPECT_EQ(row.tests, (std::vector<std::string>{"all", "own"}));
  EXPECT_EQ(row.script, "run.sh");
  const RecipeRow& board = **(*catalog)->recipe("p@board");
  EXPECT_TRUE(board.is_for(**(*catalog)->platform("arm64")));
  EXPECT_FALSE(board.is_for(**(*catalog)->platform("x86_64")));
  EXPECT_TRUE(row.is_for(**(*catalog)->platform("x86_64")));
}

TEST_F(Systems, AMemberThatIsNamedMustBeThere) {
  recipe("system = \"base\"\n", "[[variant]]\nwhen.member = [\"1.0\", \"!2.1\"]\n[[member]]\nname = \"1.0\"\n[[member]]\nname = \"2.0\"\n");
  EXPECT_EQ(dir_.checked(), R"(error: '2.1' is not a member of 'p', and is what a variant is for
  --> CAT/packages/p/recipe.toml:1:1
   1 | [package]
     | ^^^^^^^^^
hint: did you mean '2.0'?
)");
}

TEST_F(Systems, MistakesHaveAPlace) {
  recipe("system = \"bace\"\n", R"([phase]
biuld = "x"
[[variant]]
when = { endian = ["!small"], arch = ["!arm65"] }
build.configur = ["x"]
)");
  EXPECT_EQ(dir_.checked(), R"(error: 'bace' is not a build system: there is no file of that name under systems/
  --> CAT/packages/p/recipe.toml:4:10
   4 | system = "bace"
     |          ^^^^^^
hint: did you mean 'base'?
error: 'biuld' is not a phase
  --> CAT/packages/p/recipe.toml:6:1
   6 | biuld = "x"
     | ^^^^^
hint: did you mean 'build'?
error: 'small' is not a known value of 'endian'
  --> CAT/packages/p/recipe.toml:8:20
   8 | when = { endian = ["!small"], arch = ["!arm65"] }
     |                    ^^^^^^^^
hint: the known values are little, big
error: 'arm65' is not a platform or a kernel architecture
  --> CAT/packages/p/recipe.toml:8:39
   8 | when = { endian = ["!small"], arch = ["!arm65"] }
     |                                       ^^^^^^^^
hint: did you mean 'arm64'?
error: 'configur' is not a key of [build]
  --> CAT/packages/p/recipe.toml:9:7
   9 | build.configur = ["x"]
     |       ^^^^^^^^
hint: did you mean 'configure'?
)");
}

TEST_F(Systems, ARecipeHasAScriptOfItsOwnOrOfASystem) {
  recipe("outputs = [\"out\"]\n");
  EXPECT_NE(dir_.checked().find("error: 'p' says neither 'script' nor 'system' in [build]"), std::string::npos) << dir_.checked();
}

TEST_F(Systems, OneMayNotBuildOnItself) {
  dir_.write("systems/a.toml", "[build]\nsystem = \"b\"\n").write("systems/b.toml", "[build]\nsystem = \"a\"\n");
  recipe("system = \"a\"\n");
  EXPECT_NE(dir_.checked().find("is a build system that builds on itself"), std::string::npos) << dir_.checked();
}

}  // namespace
}  // namespace swage
