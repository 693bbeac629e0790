// Building as the host platform: in a root of its own distribution packages, by programs of its own, with the compiler of the cross set.
#include <gtest/gtest.h>

#include "support/package_world.hpp"

namespace swage {
namespace {

class EmulationWorld : public PackageWorld {
 public:
  EmulationWorld() {
    write("roots.toml", std::string(kPlanRoots) + R"([[root]]
name = "packages"
suite = "bookworm"
packages = ["make"]
[[root]]
name = "packages-arm64"
like = "packages"
architecture = "arm64"
suite = "bookworm"
packages = ["qemu"]
)");
    write("platforms.toml", [] {
      std::string text = std::string(kSmallPlatforms) + kMipsel;
      const std::string row = "name = \"arm64\"\n";
      return text.insert(text.find(row) + row.size(), "debian = \"arm64\"\n");
    }());
    write("scripts/enter-emulated.sh", "# emulated\n");
    write("systems/plain.toml", std::string(kPlainSystem) + "mode = \"{build.mode}\"\nnative = \"{platform.native}\"\nbuild = \"{build.triple}\"\n");
    std::string cc = kCcRecipe;
    write("packages/cc/recipe.toml", cc.insert(cc.find("targeted"), "of_compiler = true\n"));
    lock().set("root:packages", {"make"}).set("root:packages-arm64", {"make", "qemu"});
    package("tool", "", "root = \"packages\"\n").package("user", "[deps]\nbuild = [\"tool\"]\nhost = [\"tool\"]\n", "root = \"packages\"\n");
  }
  Cell emulated(BuildMode mode, const std::string& platform = "arm64") {
    Cell cell = host(platform);
    cell.mode = mode;
    return cell;
  }
};

TEST(Emulation, TheWholeSetIsBuiltAsThePlatform) {
  EmulationWorld world;
  const Cell cell = world.emulated(BuildMode::emulated);
  const Derivation& user = world.plan("user", cell).drv;
  EXPECT_EQ(user.name, "user-1.0-arm64");
  EXPECT_EQ(world.inputs(user), (std::vector<std::string>{"cc-arm64", "root-packages-arm64", "tool-1.0-arm64"})) << "the tool is one, for both roles";
  ASSERT_EQ(user.args.size(), 4U);
  EXPECT_TRUE(user.args[1].ends_with("-enter-emulated.sh"));
  EXPECT_TRUE(user.args[2].ends_with("-enter.sh"));
  EXPECT_EQ(user.env.at("mode"), "emulated");
  EXPECT_EQ(user.env.at("native"), "1");
  EXPECT_EQ(user.env.at("build"), user.env.at("host"));
  EXPECT_EQ(world.plan("user", world.emulated(BuildMode::accelerated)).drv.env.at("mode"), "accelerated");
}

TEST(Emulation, TheCompilerIsThatOfTheCrossSet) {
  EmulationWorld world;
  const auto compiler = [&](const Derivation& drv) {
    for (const auto& [path, outputs] : drv.input_drvs)
      if (world.derivation(path.str()).name == "cc-arm64") return path.str();
    return std::string();
  };
  const std::string cross = compiler(world.plan("tool", world.host("arm64")).drv);
  const Cell cell = world.emulated(BuildMode::accelerated);
  EXPECT_EQ(compiler(world.plan("tool", cell).drv), cross);
  EXPECT_NE(cross, "");
}

TEST(Emulation, NeedsARootAndABuildSystem) {
  EmulationWorld world;
  world.recipe("bare", "");
  EXPECT_EQ(world.error("user", world.emulated(BuildMode::emulated, "x86_64")),
            "error: nothing can be built as 'x86_64': there is no root 'packages' of its architecture\nnote: while planning 'tool' for x86_64\n"
            "note: while planning 'user' for x86_64\nhint: there is one for arm64\n");
  EXPECT_EQ(world.error("bare", world.emulated(BuildMode::emulated)),
            "error: 'bare' cannot be built under emulation: it has no build system\nnote: while planning 'bare' for arm64\n");
}

TEST(Emulation, ARootMayBeLikeAnother) {
  EmulationWorld world;
  EXPECT_EQ(world.catalog().root("packages-arm64").value()->packages, (std::vector<std::string>{"make", "qemu"}));
  CatalogDir dir;
  dir.write("roots.toml", R"([[root]]
name = "a"
suite = "bookworm"
packages = []
like = "b"
[[root]]
name = "b"
suite = "bookworm"
packages = []
like = "c"
[[root]]
name = "c"
suite = "bookworm"
packages = []
)");
  EXPECT_FALSE(dir.load());
  EXPECT_NE(dir.errors().find("'a' is like 'b', which is like another root itself"), std::string::npos) << dir.errors();
}

}  // namespace
}  // namespace swage
