// What a layer may name: files below it, of a kind and size that can be read, in tables that are not too deep.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "catalog/toml.hpp"
#include "catalog/workspace.hpp"
#include "support/catalogs.hpp"

namespace swage {
namespace {

constexpr const char* kNote = "note: only what is below that directory is read for it\n";

std::string recipe(const std::string& name, const std::string& rest) {
  return "[package]\nname = \"" + name + "\"\n[build]\nscript = \"a.sh\"\n" + rest;
}

class Gate : public testing::Test {
 protected:
  Gate() { dir.write("secret", "secret").write("scripts/a.sh", "").write("layer/scripts/b.sh", "").write("layer/packages/x/recipe.toml", recipe("x", "")); }
  void link(const std::string& target, const std::string& name) {
    fs::create_directories((dir.path() / name).parent_path());
    fs::create_symlink(target, dir.path() / name);
  }
  std::string checked() const { return dir.checked({"layer"}); }
  CatalogDir dir;
};

TEST_F(Gate, PatchesOfARecipeAreBelowItsLayer) {
  EXPECT_EQ(checked(), "");
  dir.write("layer/packages/x/fix.patch", "the patch").write("layer/shared.patch", "shared");
  dir.write("layer/packages/x/recipe.toml", recipe("x", "patches = [\"fix.patch\", \"../../shared.patch\"]\n"));
  EXPECT_EQ(checked(), "");
  const auto catalog = dir.load({"layer"}).value();
  EXPECT_EQ(catalog->recipe_file(*catalog->recipe("x").value(), "../../shared.patch").value(), "shared");
  dir.write("layer/packages/x/recipe.toml", recipe("x", "patches = [\"" + (dir.path() / "secret").string() + "\", \"../../../secret\", \"lost.patch\"]\n"));
  const std::string absolute = "\"" + (dir.path() / "secret").string() + "\"";
  const auto at = [](std::size_t column) { return "  --> CAT/layer/packages/x/recipe.toml:5:" + std::to_string(column) + "\n"; };
  const std::string text = checked();
  const auto third = 13 + absolute.size() + 2;
  EXPECT_TRUE(text.starts_with("error: 'CAT/secret' leads out of 'CAT/layer'\n" + at(12))) << text;
  EXPECT_NE(text.find("error: 'packages/x/../../../secret' leads out of 'CAT/layer'\n" + at(third - 1)), std::string::npos) << text;
  EXPECT_NE(text.find("error: 'lost.patch' is not a file under packages/x/\n" + at(third - 1 + 19)), std::string::npos) << text;
  // Who plans it hears the same.
  const auto loaded = dir.load({"layer"}).value();
  EXPECT_TRUE(dir.shown(loaded->recipe("x").error()).starts_with("error: 'CAT/secret' leads out of 'CAT/layer'\n" + at(12)));
}

TEST_F(Gate, LinksOutOfALayerAreFoundWhereverTheyStand) {
  link("../../secret", "layer/scripts/b.sh2");
  link("../../../secret", "layer/kernels/patches/p.patch");
  EXPECT_EQ(checked(), std::string("error: 'scripts/b.sh2' leads out of 'CAT/layer'\n") + kNote +
                           "error: 'kernels/patches/p.patch' leads out of 'CAT/layer'\n" + kNote);
  const auto catalog = dir.load({"layer"}).value();
  EXPECT_EQ(dir.shown(catalog->script("b.sh2").error()), std::string("error: 'scripts/b.sh2' leads out of 'CAT/layer'\n") + kNote);
  EXPECT_EQ(dir.shown(catalog->patch("p.patch").error()), std::string("error: 'kernels/patches/p.patch' leads out of 'CAT/layer'\n") + kNote);
}

TEST_F(Gate, FoldersOfScriptsAreBelowTheirLayerToo) {
  dir.write("elsewhere/d.sh", "secret").write("layer/scripts/in/e.sh", "ours");
  link("../../elsewhere", "layer/scripts/out");
  link("../../../secret", "layer/scripts/in/f.sh");
  EXPECT_EQ(checked(), std::string("error: 'scripts/in/f.sh' leads out of 'CAT/layer'\n") + kNote + "error: 'scripts/out' leads out of 'CAT/layer'\n" + kNote);
  const auto catalog = dir.load({"layer"}).value();
  EXPECT_EQ(catalog->script("e.sh").value(), "ours");
  EXPECT_FALSE(catalog->script("d.sh"));
  EXPECT_EQ(dir.shown(catalog->script("f.sh").error()), std::string("error: 'scripts/in/f.sh' leads out of 'CAT/layer'\n") + kNote);
}

TEST_F(Gate, TheScriptOfARecipeHasItsPlaceInTheTable) {
  link("/etc/passwd", "layer/scripts/c.sh");
  dir.write("layer/packages/x/recipe.toml", "[package]\nname = \"x\"\n[build]\nscript = \"c.sh\"\n");
  EXPECT_TRUE(checked().starts_with("error: 'scripts/c.sh' leads out of 'CAT/layer'\n  --> CAT/layer/packages/x/recipe.toml:4:10\n")) << checked();
}

TEST_F(Gate, TablesAndRecordsAreBelowTheLayerToo) {
  for (const char* file : {"platforms.toml", "kernels/quirks.toml", "packages/y/recipe.toml", "toolchains/p.toml", "components.toml", "systems/s.toml"}) {
    CatalogDir other;
    const fs::path link = other.path() / "layer" / file;
    fs::create_directories(link.parent_path());
    fs::create_symlink(dir.path() / "secret", link);
    EXPECT_TRUE(other.checked({"layer"}).starts_with("error: '" + std::string(file) + "' leads out of 'CAT/layer'\n")) << other.checked({"layer"});
  }
  link(dir.path().string(), "layer/evidence");
  EXPECT_TRUE(checked().starts_with("error: 'evidence' leads out of 'CAT/layer'\n")) << checked();
}

TEST_F(Gate, WhatIsNoFileDoesNotHangALoad) {
  fs::create_directories(dir.path() / "layer/kernels");
  ASSERT_EQ(::mkfifo((dir.path() / "layer/kernels/releases.toml").c_str(), 0600), 0);
  EXPECT_EQ(checked(), "error: 'CAT/layer/kernels/releases.toml' is a FIFO, not a file\n");
}

TEST_F(Gate, ATableThatCannotBeReadIsTheOnlyMistake) {
  dir.write("platforms.toml", "[[platform\n");
  dir.write("toolchains/debian.toml", std::string(kSmallProvider) + "[[toolchain]]\nid = \"a\"\nplatforms = [\"arm64\"]\nversion = \"1\"\nreleased = \"2020-01-01\"\n"
            "prefix = \"p\"\nsource = \"s\"\n");
  const std::string text = dir.checked();
  EXPECT_TRUE(text.starts_with("error: 'CAT/platforms.toml' is not TOML: ")) << text;
  EXPECT_EQ(text.find("is not a platform"), std::string::npos) << text;
}

std::string deep(const std::string& text) {
  const auto document = parse_toml(text, "f");
  return document ? "ok" : document.error().what + fmt::format(" {}:{}", document.error().where->line, document.error().where->column);
}

std::string times(std::size_t count, const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(TomlDepth, IsLimitedBeforeParsing) {
  const std::string refused = "'f' is more than 64 levels deep ";
  EXPECT_EQ(deep(times(49'999, "a.") + "a = 1\n"), refused + "1:130");
  EXPECT_EQ(deep("b = 2\n[" + times(49'999, "a.") + "a]\n"), refused + "2:129");
  EXPECT_EQ(deep("[[" + times(49'999, "a.") + "a]]\n"), refused + "1:130");
  EXPECT_EQ(deep("x = " + times(100'000, "[")), refused + "1:68");
  EXPECT_EQ(deep("x = " + times(100'000, "{ a = ")), refused + "1:195");
  // Levels of a header, of keys and of brackets add up.
  const std::string thirty = times(29, "a.") + "a";
  EXPECT_EQ(deep("[" + thirty + "]\n" + thirty + " = 1\n"), "ok");
  EXPECT_EQ(deep("[" + thirty + "]\n" + thirty + " = [[[[[1]]]]]\n"), refused + "2:67");
  EXPECT_EQ(deep("x = [ { " + thirty + " = { " + thirty + " = 1 } } ]\n"), "ok");
  EXPECT_EQ(deep("x = [ { " + thirty + " = { " + thirty + " = { a.b = 1 } } } ]\n"), refused + "1:135");
}

TEST(TomlDepth, CountsNothingThatIsText) {
  const std::string dots = times(500, "a.") + times(500, "[");
  for (const std::string& text : {"x = \"" + dots + "\"\n", "x = '" + dots + "'\n", "# " + dots + "\nx = 1\n", "x = \"\"\"\n" + dots + "\n\"\"\"\n",
                                  "x = '''" + dots + "'''\n", "x = \"\\\"" + dots + "\"\n", "x = [1.5, 2.5, " + times(500, "1.5, ") + "]\n",
                                  times(500, "[a.b]\n[[c.d]]\n").substr(0, 6) + times(500, "[[c.d]]\nx.y = { z = [1] }\n")})
    EXPECT_EQ(deep(text), "ok") << text.substr(0, 60);
}

// A text with quotes at its end does not hide what follows it.
TEST(TomlDepth, QuotesInQuotesEndWhereTheParserEndsThem) {
  const std::string refused = "'f' is more than 64 levels deep ";
  EXPECT_TRUE(deep("x = [\"\"\"a\"\"\"\", " + times(50'000, "[")).starts_with(refused));
  EXPECT_TRUE(deep("x = ['''a''''', " + times(50'000, "[")).starts_with(refused));
  EXPECT_TRUE(deep("x = [\"\\\\\", " + times(50'000, "[")).starts_with(refused));
  EXPECT_TRUE(deep("x = ['\\', " + times(50'000, "[")).starts_with(refused));
}

// It is parsed as a stream, which a byte order mark begins or not.
TEST(TomlSize, ALargeTableIsReadWhole) {
  constexpr std::size_t rows = 40'000;
  const std::string text = times(rows, "[[row]]\nname = \"a name of some bytes\"\n");
  ASSERT_GT(text.size(), 1'000'000u);
  for (const std::string& start : {std::string(), std::string("\xef\xbb\xbf")}) {
    const TomlDocument document = parse_toml(start + text, "f").value();
    const auto& found = document.root.find("row")->value.items;
    ASSERT_EQ(found.size(), rows);
    EXPECT_EQ(found.back().span.line, 2 * rows - 1);
  }
  EXPECT_EQ(deep(text + "x\n"), "'f' is not TOML: expected '=', saw '\\n' 80001:2");
}

TEST_F(Gate, APatternIsNotDeepEither) {
  dir.write("kernels/constraints.toml", "[[constraint]]\nid = \"c\"\nrequire = { gcc = \">=5\" }\neffect = \"builds-not\"\nreason = \"r\"\nsource = \"s\"\n");
  dir.write("kernels/signatures.toml", "[[signature]]\nid = \"s\"\npattern = '" + times(50'000, "(") + times(50'000, ")") + "'\nconstraint = \"c\"\ntext = \"t\"\n");
  EXPECT_TRUE(checked().starts_with("error: a pattern has more than 1000 bytes\n  --> CAT/kernels/signatures.toml:1:1\n")) << checked().substr(0, 200);
}

TEST(Workspaces, TheUsualInstanceStandsBesideItsTable) {
  CatalogDir dir;
  dir.write("swage.toml", "for = [\"arm64\"]\n  instance = \"gcc13\"   # as everywhere\n\n[instance.gcc13]\noverride.gcc = \"13\"\n");
  const Workspace workspace = read_workspace(dir.path() / "swage.toml").value();
  EXPECT_EQ(workspace.usual_instance, "gcc13");
  EXPECT_EQ(workspace.usual_pos.line, 2u);
  EXPECT_EQ(workspace.usual_pos.column, 14u);
  EXPECT_EQ(workspace.instances.at("gcc13").pos.line, 4u);
  dir.write("swage.toml", "\xef\xbb\xbfinstance = \"gcc13\"\r\n[instance.gcc13]\r\noverride.gcc = \"13\"\r\n");
  EXPECT_EQ(read_workspace(dir.path() / "swage.toml").value().usual_instance, "gcc13");
  dir.write("swage.toml", "instance = 13\n[instance.gcc13]\noverride.gcc = \"13\"\n");
  EXPECT_EQ(dir.shown(read_workspace(dir.path() / "swage.toml").error()),
            "error: 'instance' is an integer, not a string\n  --> CAT/swage.toml:1:12\n   1 | instance = 13\n     |            ^^\n");
  dir.write("swage.toml", "[instance.none]\n");
  EXPECT_TRUE(dir.shown(read_workspace(dir.path() / "swage.toml").error()).starts_with("error: 'none' is not a name for an instance"));
}

TEST_F(Gate, TreesOfComponentsAreBelowTheirLayer) {
  const auto said = [&](const std::string& tree) {
    dir.write("layer/components.toml", "[[component]]\nid = \"gcc-mine\"\nname = \"gcc\"\nversion = \"9.3.0\"\ntree = \"" + tree + "\"\nsource = \"s\"\n");
    const std::string text = checked();
    return text.substr(0, text.find('\n'));
  };
  fs::create_directories(dir.path() / "layer/mine");
  link("../secrets", "layer/out");
  fs::create_directories(dir.path() / "secrets");
  for (const char* tree : {"mine", "scripts/b.sh", "https://example.org/gcc.git#main", "ssh://git@example.org/gcc"}) EXPECT_EQ(said(tree), "") << tree;
  for (const char* tree : {"../secrets", "/etc", "out"}) EXPECT_NE(said(tree).find("leads out of"), std::string::npos) << tree << ": " << said(tree);
  for (const char* tree : {"file:///etc", "git://-oProxyCommand=x", "ext::sh -c x", "https:///x"}) EXPECT_NE(said(tree), "") << tree;
  EXPECT_EQ(said("nothing"), "error: 'CAT/layer/nothing' is no directory, archive or git URL");
}

}  // namespace
}  // namespace swage
