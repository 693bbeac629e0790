// Sets of packages that differ from the usual one: by compiler, flags, linkage and features; and the outputs of packages.
#include <gtest/gtest.h>
#include <set>

#include "support/package_world.hpp"

namespace swage {
namespace {

constexpr const char* kNewer = R"([provider]
rank = 30
suites = ["bookworm"]
source = "https://example.org/"
[[toolchain]]
id = "newer-{platform}"
platforms = ["arm64"]
version = "13.2.0"
libc = "glibc"
released = "2023-07-27"
prefix = "new-"
suite = "bookworm"
packages = ["gcc-13-arm64"]
source = "s"
)";

// `program` needs `middle`, which needs `zlib`; `tool` is for builds and needs zlib of its own.
class InstanceWorld : public PackageWorld {
 public:
  InstanceWorld() {
    write("toolchains/newer.toml", kNewer);
    write("packages/toolchain-newer/recipe.toml", "[package]\nname = \"toolchain-newer\"\n[build]\nscript = \"toolchain.sh\"\n[env]\nname = \"{toolchain.id}\"\n");
    lock().set("toolchain:newer-arm64", {"gcc-13-arm64"});
    std::string cc = kCcRecipe;
    write("packages/cc/recipe.toml", cc.insert(cc.find("targeted"), "of_compiler = true\n"));
    write("systems/plain.toml", std::string(kPlainSystem) + "cflags = \"{instance.cflags}\"\nstatic = \"{instance.static}\"\n");
    package("zlib").package("tool", "[deps]\nhost = [\"zlib\"]\n").package("middle", "[deps]\nhost = [\"zlib\"]\nbuild = [\"tool\"]\n");
    package("program", "[deps]\nhost = [\"middle\"]\n").package("aside");
  }
  Cell cell_of(const Instance& instance) {
    Cell cell = host("arm64");
    if (instance.changes_compiler() && instance.only.empty()) cell.toolchain = catalog().toolchain("newer-arm64").value();
    cell.instance = &instance;
    return cell;
  }
  // Names of the derivations behind the package that are not behind it in the usual set.
  std::set<std::string> changed(const std::string& name, const Instance& instance) {
    const StorePath usual = plan(name, host("arm64")).path;
    const Cell& cell = kept_.emplace_back(cell_of(instance));
    const StorePath other = plan(name, cell).path;
    std::set<std::string> names;
    const std::vector<StorePath> before = planner().graph().closure(usual);
    for (const StorePath& path : planner().graph().closure(other))
      if (std::find(before.begin(), before.end(), path) == before.end()) names.insert(planner().graph().find(path)->drv.name);
    return names;
  }

 private:
  std::deque<Cell> kept_;
};

Instance gcc13(std::vector<std::string> only = {}) { return {.name = "gcc13", .version = Version::parse("13").value(), .only = std::move(only)}; }

using Names = std::set<std::string>;

TEST(Instances, AnotherCompilerForTheSetRebuildsTheSetAndNoToolOfBuilds) {
  InstanceWorld world;
  const Instance instance = gcc13();
  EXPECT_EQ(world.changed("program", instance), (Names{"cc-arm64", "middle-1.0-arm64", "newer-arm64", "program-1.0-arm64", "zlib-1.0-arm64"}));
}

TEST(Instances, AnotherCompilerForOnePackageRebuildsItAndWhatDependsOnIt) {
  InstanceWorld world;
  const Instance middle = gcc13({"middle"}), zlib = gcc13({"zlib"});
  EXPECT_EQ(world.changed("program", middle), (Names{"cc-arm64", "middle-1.0-arm64", "newer-arm64", "program-1.0-arm64"}));
  EXPECT_EQ(world.changed("program", zlib), (Names{"cc-arm64", "middle-1.0-arm64", "newer-arm64", "program-1.0-arm64", "zlib-1.0-arm64"}));
  EXPECT_EQ(world.changed("aside", zlib), Names{});
}

TEST(Instances, FlagsAndLinkageReachThePackagesThatAreMeant) {
  InstanceWorld world;
  const Instance instance{.name = "i", .cflags = {"-O3", "-g"}, .is_static = true, .only = {"zlib"}};
  const Cell cell = world.cell_of(instance);
  const Derivation& middle = world.plan("middle", cell).drv;
  EXPECT_EQ(middle.env.at("cflags"), "");
  const Derivation& zlib = world.plan("zlib", cell).drv;
  EXPECT_EQ(zlib.env.at("cflags"), "-O3 -g");
  EXPECT_EQ(zlib.env.at("static"), "1");
}

TEST(Instances, ADependencyMayBeOfAnother) {
  InstanceWorld world;
  world.instances().emplace("new", gcc13());
  world.package("user", "[deps]\nhost = [\"zlib@new\", \"aside\"]\n");
  const Derivation& user = world.plan("user", world.host("arm64")).drv;
  std::map<std::string, std::vector<std::string>> compilers;
  for (const auto& [path, outputs] : user.input_drvs) {
    const Derivation& drv = world.derivation(path.str());
    for (const std::string& name : world.inputs(drv)) compilers[drv.name].push_back(name);
    if (drv.name == "zlib-1.0-arm64") {
      EXPECT_EQ(drv.env.at("same"), "system");
      const Derivation& cc = world.planner().graph().find(drv.input_drvs.begin()->first)->drv;
      EXPECT_EQ(world.inputs(cc), (std::vector<std::string>{"newer-arm64"}));
    }
  }
  EXPECT_EQ(compilers.at("cc-arm64"), (std::vector<std::string>{"toolchain-debian-gcc-12-arm64"})) << "its own compiler stays";
  EXPECT_EQ(world.error("user", world.host("x86_64")),
            "error: 'x86_64' has no gcc 13\nnote: in instance 'gcc13'\nnote: while planning 'user' for x86_64\nhint: it has gcc 12: swage list toolchains\n");
}

TEST(Instances, FeaturesChooseVariants) {
  InstanceWorld world;
  world.package("shell", R"([features]
history = true
net = false
[[variant]]
when = { features = ["history"] }
deps.host = ["zlib"]
[[variant]]
when = { features = ["!history"] }
build.configure = ["--without-history"]
[[variant]]
when = { features = ["net"], linkage = ["static"] }
build.configure = ["--static-net"]
)");
  EXPECT_EQ(world.plan("shell", world.host("arm64")).drv.env.at("configure_args"), R"("--first")");
  const Instance instance{.name = "i", .is_static = true, .features = {{"shell", {{"history", false}, {"net", true}}}}};
  const Cell cell = world.cell_of(instance);
  const Derivation& drv = world.plan("shell", cell).drv;
  EXPECT_EQ(drv.env.at("configure_args"), R"("--first" "--without-history" "--static-net")");
  EXPECT_EQ(world.inputs(drv), (std::vector<std::string>{"cc-arm64"}));
  const Instance wrong{.name = "w", .features = {{"shell", {{"histroy", true}}}}};
  const Cell none = world.cell_of(wrong);
  EXPECT_EQ(world.error("shell", none), "error: 'shell' has no feature 'histroy'\nnote: it has: history, net\nnote: while planning 'shell' for arm64\nhint: did you mean 'history'?\n");
}

TEST(Instances, AVariantAsksForAFeatureThatTheRecipeHas) {
  CatalogDir dir;
  dir.write("scripts/x.sh", "").write("packages/a/recipe.toml", R"([package]
name = "a"
[build]
script = "x.sh"
[features]
history = true
[[variant]]
when = { features = ["!histroy"] }
)");
  const auto catalog = dir.load();
  ASSERT_TRUE(catalog) << dir.errors();
  const auto recipe = (*catalog)->recipe("a");
  ASSERT_FALSE(recipe);
  EXPECT_EQ(recipe.error().what, "'histroy' is not a known value of 'features'");
  EXPECT_EQ(recipe.error().hint, "did you mean 'history'?");
}

TEST(InstanceErrors, OneThatIsNotThereAndOneOfAnotherCLibrary) {
  InstanceWorld world;
  world.instances().emplace("musl", Instance{.name = "musl", .libc = "musl"});
  world.package("a", "[deps]\nhost = [\"zlib@msl\"]\n").package("b", "[deps]\nhost = [\"zlib@musl\"]\n");
  EXPECT_EQ(world.error("a", world.host("arm64")), "error: 'msl' is not an instance\nnote: known: musl\nnote: while planning 'a' for arm64\nhint: did you mean 'musl'?\n");
  EXPECT_EQ(world.error("b", world.host("arm64")),
            "error: a program has one C library: 'musl' is for musl, and what depends on it for glibc\nnote: while planning 'b' for arm64\n");
}

TEST(Outputs, DependenciesAreGivenAllButManuals) {
  PackageWorld world;
  world.package("zlib", "", "outputs = [\"out\", \"dev\", \"man\", \"lib\"]\n").package("user", "[deps]\nhost = [\"zlib\"]\n");
  const Derivation& zlib = world.plan("zlib", world.host("arm64")).drv;
  EXPECT_EQ(zlib.env.at("outputs"), "out dev man lib");
  const Derivation& user = world.plan("user", world.host("arm64")).drv;
  const auto path = [&](const char* output) { return zlib.outputs.at(output).path; };
  EXPECT_EQ(user.env.at("deps_host"), path("lib") + " " + path("out") + " " + path("dev"));
  for (const auto& [drv, outputs] : user.input_drvs)
    if (world.derivation(drv.str()).name == zlib.name) {
      EXPECT_EQ(outputs, (std::set<std::string>{"dev", "lib", "out"}));
    }
}

}  // namespace
}  // namespace swage
