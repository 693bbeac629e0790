// Quirks and the chosen root in derivations.
#include <gtest/gtest.h>

#include "plan/quirks.hpp"
#include "support/plan_world.hpp"

namespace swage {
namespace {

const QuirkRow& first_quirk() {
  static const QuirkRow row = [] {
    QuirkRow quirk;
    quirk.id = "first";
    quirk.reason = "one reason";
    quirk.make_args = {"A=1"};
    quirk.config = {"CONFIG_X=n", "CONFIG_Y=n"};
    quirk.cflags = {"-std=gnu89"};
    quirk.host_cflags = {"-fcommon", "-w"};
    quirk.edits = {{.file = "a/*.S", .sed = "s/x/y/"}};
    return quirk;
  }();
  return row;
}

const QuirkRow& second_quirk() {
  static const QuirkRow row = [] {
    QuirkRow quirk;
    quirk.id = "second";
    quirk.reason = "another: with a colon";
    quirk.config = {"CONFIG_Y=n", "CONFIG_Z=y"};
    quirk.aflags = {"-march=x"};
    quirk.cc_flags = {"-fno-pie"};
    quirk.ld_flags = {"-z", "max-page-size=0x200000"};
    quirk.host_cflags = {"-w"};
    quirk.patches = {"b.patch", "a.patch"};
    quirk.edits = {{.file = "new.h", .copy_of = "old.h"}, {.file = "a/*.S", .sed = "s/x/y/"}};
    return quirk;
  }();
  return row;
}

TEST(QuirkValues, AreWhatAllOfThemWantEachOnce) {
  const std::map<std::string, std::string, std::less<>> expected{
      {"ids", "first second"},
      {"notes", "first: one reason\nsecond: another: with a colon"},
      {"make_args", "A=1"},
      {"config", "CONFIG_X=n\nCONFIG_Y=n\nCONFIG_Z=y"},
      {"cflags", "-std=gnu89"},
      {"aflags", "-march=x"},
      {"cc_flags", "-fno-pie"},
      {"ld_flags", "-z max-page-size=0x200000"},
      {"host_cc", "gcc -fcommon -w"},
      {"edits", "sed\ta/*.S\ts/x/y/\ncopy\tnew.h\told.h"},
  };
  EXPECT_EQ(quirk_values({&first_quirk(), &second_quirk()}), expected);
}

TEST(QuirkValues, OfNoneAreAllEmpty) {
  for (const auto& [key, value] : quirk_values({})) EXPECT_EQ(value, "") << key;
  EXPECT_FALSE(change_tree({}));
  EXPECT_TRUE(change_tree({&first_quirk()}));
}

PlanWorld quirky_world() {
  PlanWorld world;
  world.write("packages/linux-source/recipe.toml", R"([package]
name = "linux-source"
[target]
asks = ["kernel"]
[build]
script = "unpack.sh"
root = "build"
[env]
name = "linux-{kernel.version}-source"
src = "{kernel.source}"
patches = "{kernel.patches}"
edits = "{quirks.edits}"
)");
  world.write("packages/linux/recipe.toml", R"([package]
name = "linux"
[build]
script = "linux.sh"
root = "{kernel.root}"
[deps]
host = ["linux-source"]
[env]
name = "linux-{kernel.version}-{platform.name}"
src = "{dep.linux-source}"
tools = "{kernel.tools}"
host_cc = "{quirks.host_cc}"
)");
  world.write("kernels/patches/a.patch", "patch a\n").write("kernels/patches/b.patch", "patch b\n");
  return world;
}

Cell quirky_cell(PlanWorld& world, const std::vector<const QuirkRow*>& quirks) {
  Cell cell = world.cell();
  cell.root = world.catalog().root("build").value();
  cell.quirks = quirks;
  return cell;
}

TEST(PlannerQuirks, PatchesOfTheRequestComeAfterTheirs) {
  PlanWorld world = quirky_world();
  Cell cell = quirky_cell(world, {&first_quirk(), &second_quirk()});
  const std::string theirs = world.plan("linux-source", cell).drv.env.at("patches");
  Cell patched = cell;
  patched.kernel->options.patches = {{"my fix.patch", "patch c\n"}};
  const std::string mine = text_source("my-fix.patch", "patch c\n").value().path.str();
  ASSERT_FALSE(theirs.empty());
  EXPECT_EQ(world.plan("linux-source", patched).drv.env.at("patches"), theirs + " " + mine);
  // A tree of the user's is copied to be patched, and stands in as it is without patches.
  const StorePath tree = make_fixed_path("linux-6.1.5-source", ContentMethod::recursive, sha256("tree")).value();
  Cell local = world.cell();
  local.kernel->source = Source{.path = tree, .how = Source::Present{"/home/linux"}};
  Cell local_patched = local;
  local_patched.kernel->options.patches = patched.kernel->options.patches;
  EXPECT_NE(world.error("linux-source", local), "no error");
  EXPECT_EQ(world.plan("linux-source", local_patched).drv.env.at("src"), tree.str());
}

TEST(PlannerQuirks, ReachTheKernelAndItsTree) {
  PlanWorld world = quirky_world();
  const Cell cell = quirky_cell(world, {&first_quirk(), &second_quirk()});
  const Derivation& linux = world.plan("linux", cell).drv;
  const Graph& graph = world.planner().graph();
  EXPECT_EQ(linux.env.at("host_cc"), "gcc -fcommon -w");
  const Derivation& tree = world.plan("linux-source", cell).drv;
  const std::string a = text_source("a.patch", "patch a\n").value().path.str(), b = text_source("b.patch", "patch b\n").value().path.str();
  EXPECT_EQ(tree.env.at("patches"), b + " " + a);
  EXPECT_EQ(tree.env.at("edits"), "sed\ta/*.S\ts/x/y/\ncopy\tnew.h\told.h");
  EXPECT_EQ(linux.env.at("src"), tree.outputs.at("out").path);
  EXPECT_TRUE(graph.sources.contains(text_source("a.patch", "patch a\n").value().path));
}

TEST(PlannerQuirks, ThatLeaveTheTreeAloneShareIt) {
  PlanWorld world = quirky_world();
  QuirkRow flags;
  flags.id = "flags";
  flags.host_cflags = {"-w"};
  const Cell with = quirky_cell(world, {&flags}), without = quirky_cell(world, {}), changed = quirky_cell(world, {&first_quirk()});
  const std::string src = world.plan("linux", without).drv.env.at("src");
  EXPECT_EQ(world.plan("linux", with).drv.env.at("src"), src);
  EXPECT_NE(world.plan("linux", with).path, world.plan("linux", without).path);
  EXPECT_NE(world.plan("linux", changed).drv.env.at("src"), src);
}

TEST(PlannerQuirks, ChangeACopyOfALocalTree) {
  PlanWorld world = quirky_world();
  const StorePath tree = make_fixed_path("linux-6.1.5-source", ContentMethod::recursive, sha256("tree")).value();
  Cell flags_only = quirky_cell(world, {}), changed = quirky_cell(world, {&first_quirk()});
  for (Cell* cell : {&flags_only, &changed}) {
    cell->kernel->version = Version::parse("6.1.5").value();
    cell->kernel->source = Source{.path = tree, .how = Source::Present{"/home/linux"}};
  }
  EXPECT_EQ(world.plan("linux", flags_only).drv.env.at("src"), tree.str());
  const Derivation& source = world.plan("linux-source", changed).drv;
  EXPECT_EQ(source.env.at("src"), tree.str());
  EXPECT_TRUE(source.input_srcs.contains(tree));
  EXPECT_EQ(world.plan("linux", changed).drv.env.at("src"), source.outputs.at("out").path);
}

TEST(PlannerQuirks, TheKernelIsBuiltInItsRootWhoseToolsItKnows) {
  PlanWorld world = quirky_world();
  world.write("roots.toml", std::string(kPlanRoots) + R"(
[[root]]
name = "older"
kind = "build"
suite = "bookworm"
released = "2021-08-14"
packages = ["make"]
tools = { make = "4.3", host-gcc = "10.2.1" }
)");
  world.lock().set("root:older", {"make"});
  Cell cell = quirky_cell(world, {});
  cell.root = world.catalog().root("older").value();
  const Derivation& linux = world.plan("linux", cell).drv;
  const Wanted older = world.planner().root("older").value();
  EXPECT_EQ(linux.env.at("root"), world.planner().graph().find(older.drv)->drv.outputs.at("out").path);
  EXPECT_EQ(linux.env.at("tools"), "host-gcc 10.2.1\nmake 4.3");
}

TEST(PlannerQuirks, ErrorsSayWhatIsMissing) {
  PlanWorld world = quirky_world();
  world.recipe("wrong", "[env]\nx = \"{quirks.cflag}\"\n");
  Cell rootless = world.cell();
  EXPECT_EQ(world.error("linux", rootless),
            "error: 'linux' needs a root to build kernels in, and platform 'arm64' has none for linux 6.1.170\nnote: while planning 'linux' for arm64\n");
  const Cell cell = quirky_cell(world, {});
  EXPECT_EQ(world.error("wrong", cell),
            "error: '{quirks.cflag}' is not a variable\nnote: while planning 'wrong' for arm64\nhint: did you mean 'cflags'?\n");
  QuirkRow lost;
  lost.id = "lost";
  lost.patches = {"lost.patch"};
  const Cell without_file = quirky_cell(world, {&lost});
  EXPECT_EQ(world.error("linux-source", without_file),
            "error: 'lost.patch' is not a file under kernels/patches/ of the catalog or any layer\nnote: while planning 'linux-source' for arm64\n");
}

}  // namespace
}  // namespace swage
