// A world of packages: recipes of a build system `plain`, whose compiler is the package `cc`, for arm64, mipsel and the build platform.
#pragma once

#include <gtest/gtest.h>

#include "support/plan_world.hpp"

namespace swage {

inline constexpr const char* kPlainSystem = R"([build]
script = "boot.sh"
configure = ["--first"]
[deps]
build = ["cc"]
[env]
name = "{package.label}"
host = "{platform.triple}"
same = "system"
)";
inline constexpr const char* kCcRecipe = R"([package]
name = "cc"
[build]
script = "boot.sh"
targeted = true
[deps]
build-target = ["toolchain"]
[env]
name = "cc-{target.name}"
triple = "{build.triple} {platform.triple} {target.triple} {target.toolchain.prefix}"
)";
inline constexpr const char* kMipsel = R"([[platform]]
name = "mipsel"
triple = "mipsel-unknown-linux-gnu"
endian = "little"
bits = 32
kernel_arch = "mips"
elf_machine = 8
)";
inline constexpr const char* kMipselCompiler = R"([provider]
rank = 20
suites = ["bookworm"]
source = "https://example.org/"
[[toolchain]]
id = "other-{platform}"
platforms = ["mipsel"]
version = "12.2.0"
libc = "glibc"
released = "2022-08-19"
prefix = "arm-"
suite = "bookworm"
packages = ["gcc-12-mipsel"]
source = "s"
)";

class PackageWorld : public PlanWorld {
 public:
  PackageWorld() {
    write("platforms.toml", std::string(kSmallPlatforms) + kMipsel);
    write("systems/plain.toml", kPlainSystem);
    write("packages/cc/recipe.toml", kCcRecipe);
    write("toolchains/other.toml", kMipselCompiler);
    write("packages/toolchain-other/recipe.toml", "[package]\nname = \"toolchain-other\"\n[build]\nscript = \"toolchain.sh\"\n[env]\nname = \"{toolchain.id}\"\n");
    lock().set("toolchain:other-mipsel", {"gcc-12-mipsel"});
  }
  PackageWorld& package(const std::string& name, const std::string& rest = "", const std::string& build = "") {
    write("packages/" + name + "/recipe.toml", fmt::format("[package]\nname = \"{}\"\nversion = \"1.0\"\n[build]\nsystem = \"plain\"\n{}{}", name, build, rest));
    return *this;
  }
  const Cell& host(const std::string& platform) { return cell(platform, ""); }
  // For arm64, emitting code for mipsel.
  Cell canadian() {
    Cell cell = host("arm64");
    cell.target = catalog().platform("mipsel").value();
    cell.target_toolchain = catalog().toolchain("other-mipsel").value();
    return cell;
  }
  const Derivation& derivation(const std::string& path) { return planner().graph().find(StorePath::parse(path).value())->drv; }
  // Names of the derivations that `drv` has among its inputs.
  std::vector<std::string> inputs(const Derivation& drv) {
    std::vector<std::string> names;
    for (const auto& [path, outputs] : drv.input_drvs) names.push_back(planner().graph().find(path)->drv.name);
    std::sort(names.begin(), names.end());
    return names;
  }
};

}  // namespace swage
