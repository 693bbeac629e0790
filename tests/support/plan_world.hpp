// A whole small world to plan in: a catalog in a temporary directory with the recipes of a kernel boot, shaped as catalog/ is,
// and the lock file that fits it.
#pragma once

#include <fmt/format.h>

#include "plan/planner.hpp"
#include "plan/sources.hpp"
#include "support/catalogs.hpp"

namespace swage {

// A sha256 that says which thing it is of.
inline std::string hex_of(std::string_view what) { return sha256(what).hex(); }

class LockBuilder {
 public:
  LockBuilder() { lock_.created = "2026-01-31"; }
  // Puts a pool file into the lock; returns its key.
  std::string file(const std::string& name, const std::string& version, const std::string& path) {
    const std::string key = hex_of(path);
    lock_.files[key] = {.name = name, .version = version, .path = path, .sha256 = key, .size = 1000};
    return key;
  }
  LockBuilder& set(const std::string& key, const std::vector<std::string>& packages, const std::string& suite = "bookworm") {
    LockedSet& set = lock_.sets[key];
    set = {.suite = suite, .request = set_request(packages)};
    for (const std::string& package : packages)
      set.files.push_back(file(package, "1.0-1", fmt::format("pool/main/{0}/{0}_1.0-1_amd64.deb", package)));
    return *this;
  }
  LockBuilder& source(const std::string& suite, const std::string& package, const std::string& version) {
    const std::string upstream = upstream_version(version);
    lock_.sources[suite + "/" + package] = file(package, version, fmt::format("pool/main/{0}/{0}_{1}.orig.tar.xz", package, upstream));
    return *this;
  }
  LockBuilder& seed() {
    const std::string key = file("busybox-static", "1.35.0-4", "pool/main/b/busybox-static_1.35.0-4_amd64.deb");
    lock_.seeds["busybox"] = {.sha256 = key, .member = "./bin/busybox", .nar_sha256 = hex_of("busybox nar")};
    return *this;
  }
  LockBuilder& missing(const std::string& key, const std::string& reason) {
    lock_.missing[key] = reason;
    return *this;
  }
  const Lockfile& lock() const { return lock_; }
  Lockfile& lock() { return lock_; }

 private:
  Lockfile lock_;
};

inline constexpr const char* kPlanRoots = R"([[seed]]
name = "busybox"
suite = "bookworm"
package = "busybox-static"
member = "./bin/busybox"

[[root]]
name = "build"
purpose = "host tools"
suite = "bookworm"
packages = ["make", "gcc"]

[[root]]
name = "qemu"
purpose = "boots"
suite = "bookworm"
packages = ["qemu-system-arm"]
)";

inline void write_plan_catalog(CatalogDir& dir) {
  dir.write("roots.toml", kPlanRoots);
  dir.write("toolchains/debian.toml", R"([provider]
rank = 10
suites = ["bullseye", "bookworm"]
source = "https://example.org/"

[[toolchain]]
id = "debian-gcc-12-{platform}"
platforms = ["arm64", "x86_64"]
compiler = "gcc"
version = "12.2.0"
binutils = "2.40"
libc = "glibc"
libc_version = "2.36"
released = "2022-08-19"
prefix = "{platform}-linux-gnu-"
dumpmachine = "{platform}-linux-gnu"
suite = "bookworm"
packages = ["gcc-12-{platform}"]
source = "s"
)");
  dir.write("kernels/releases.toml", R"([releases]
recipe = "linux"

[[kernel]]
version = "5.10"
released = "2020-12-13"
debian = { suite = "bullseye", package = "linux" }
source = "s"

[[kernel]]
version = "6.1"
released = "2022-12-11"
debian = { suite = "bookworm", package = "linux" }
source = "s"

[[kernel]]
version = "6.1.180"
released = "2022-12-11"
urls = ["https://example.org/linux-6.1.180.tar.xz", "https://example.net/linux-6.1.180.tar.xz"]
sha256 = "60a5ffe0206a0ea8997c29ccc595aa7dae55f6cb20c7d92aab88029ca4fef598"
size = 12345
source = "s"

[[kernel]]
version = "2.6.32.71"
released = "2009-12-03"
urls = ["https://example.org/linux-2.6.32.71.tar.xz"]
sha256 = "f5dfdb93ab7a3f3d4d0eb7ba3ec3a3d0c1b1a7a25c8a25a1e04f9a1b0c9d8e7f"
source = "s"
)");
  dir.write("kernels/machines.toml", R"([[machine]]
platform = "arm64"
kernels = "<4.0"
defconfig = "old_defconfig"
image_target = "Image"
cmdline = "console=ttyAMA0"
image = "old/Image"
qemu = "qemu-system-aarch64"
qemu_root = "qemu"

[[machine]]
platform = "arm64"
defconfig = "defconfig"
image_target = "Image"
image = "arch/arm64/boot/Image"
config = ["CONFIG_TTY=y", "CONFIG_PROC_FS=y"]
qemu = "qemu-system-aarch64"
qemu_root = "qemu"
qemu_args = ["-M", "virt"]
cmdline = "console=ttyAMA0"

[[machine]]
platform = "arm64"
kernels = ">=99"
like = "arm64"
image = "new/Image"
)");
  for (const char* script : {"enter.sh", "root.sh", "debs.sh", "toolchain.sh", "unpack.sh", "linux.sh", "initramfs.sh", "boot.sh", "busybox.sh"})
    dir.write(std::string("scripts/") + script, fmt::format("# {}\n", script));
  dir.write("packages/root/recipe.toml", R"([package]
name = "root"
[build]
script = "root.sh"
[env]
name = "root-{root.name}"
debs = "{root.debs}"
script_debs = "{script.debs.sh}"
)");
  dir.write("packages/toolchain-debian/recipe.toml", R"([package]
name = "toolchain-debian"
[build]
script = "toolchain.sh"
root = "build"
[env]
name = "toolchain-{toolchain.id}"
debs = "{toolchain.debs}"
script_debs = "{script.debs.sh}"
gcc = "{toolchain.version}"
elf_machine = "{platform.elf_machine}"
)");
  dir.write("packages/linux-source/recipe.toml", R"([package]
name = "linux-source"
[target]
asks = ["kernel"]
[build]
script = "unpack.sh"
root = "build"
[env]
name = "linux-{kernel.version}-source"
src = "{kernel.source}"
)");
  dir.write("packages/linux/recipe.toml", R"([package]
name = "linux"
[target]
asks = ["kernel", "machine", "toolchain"]
for = "kernel"
booted_by = "boot"
tree = "linux-source"
[build]
script = "linux.sh"
root = "build"
[deps]
build = ["toolchain"]
host = ["linux-source"]
[env]
name = "linux-{kernel.version}-{platform.name}"
src = "{dep.linux-source}"
arch = "{platform.kernel_arch}"
cross = "{toolchain.prefix}"
config = "{kernel.config}"
config_lines = "{kernel.config_lines}"
strict = "{kernel.strict}"
machine_config = "{machine.config}"
image = "{machine.image}"
flags = "${KCFLAGS:-} {a,b}"
)");
  dir.write("packages/busybox-boot/recipe.toml", R"([package]
name = "busybox-boot"
version = "1.35.0"
[source]
debian = { suite = "bookworm", package = "busybox" }
[build]
script = "busybox.sh"
root = "build"
[deps]
build = ["toolchain"]
[env]
src = "{source}"
for = "{platform.name}"
toolchain = "{toolchain.path}"
)");
  dir.write("packages/initramfs/recipe.toml", R"([package]
name = "initramfs"
[build]
script = "initramfs.sh"
root = "build"
[deps]
host = ["busybox-boot"]
[env]
name = "initramfs-{platform.name}"
userland = "{dep.busybox-boot}"
)");
  dir.write("packages/boot/recipe.toml", R"([package]
name = "boot"
[build]
script = "boot.sh"
root = "{machine.qemu_root}"
[deps]
host = ["linux", "initramfs"]
[env]
name = "boot-linux-{kernel.version}-{platform.name}"
kernel = "{dep.linux}"
initramfs = "{dep.initramfs}"
qemu = "{machine.qemu} {machine.qemu_args}"
cmdline = "{machine.cmdline}"
)");
}

inline LockBuilder plan_lock() {
  LockBuilder lock;
  lock.seed().set("root:build", {"make", "gcc"}).set("root:qemu", {"qemu-system-arm"});
  for (const char* platform : {"arm64", "x86_64"})
    lock.set(fmt::format("toolchain:debian-gcc-12-{}", platform), {fmt::format("gcc-12-{}", platform)});
  lock.source("bookworm", "linux", "6.1.170-3").source("bookworm", "busybox", "1:1.35.0-4");
  return lock;
}

// Catalog, lock and one planner over them. Files may be written until the catalog is first asked for.
class PlanWorld {
 public:
  PlanWorld() { write_plan_catalog(dir_); }
  PlanWorld& write(const std::string& name, const std::string& text) {
    dir_.write(name, text);
    return *this;
  }
  // A recipe that runs boot.sh under busybox alone; `rest` are its further tables.
  PlanWorld& recipe(const std::string& name, const std::string& rest, const std::string& build = "") {
    return write("packages/" + name + "/recipe.toml",
                 fmt::format("[package]\nname = \"{}\"\n[build]\nscript = \"boot.sh\"\n{}{}", name, build, rest));
  }
  LockBuilder& lock() { return lock_; }
  Instances& instances() { return instances_; }
  const Catalog& catalog() {
    if (!catalog_) {
      auto loaded = dir_.load();
      EXPECT_TRUE(loaded) << dir_.errors();
      catalog_ = *loaded;
    }
    return *catalog_;
  }
  Planner& planner() {
    if (!planner_) planner_ = std::make_unique<Planner>(catalog(), lock_.lock(), instances_);
    return *planner_;
  }
  // What a request for linux@VERSION --for PLATFORM resolves to.
  const Cell& cell(const std::string& platform = "arm64", const std::string& version = "6.1") {
    Cell& cell = cells_.emplace_back();
    cell.platform = catalog().platform(platform).value();
    cell.toolchain = catalog().toolchain("debian-gcc-12-" + platform).value();
    if (!version.empty()) {
      cell.kernel = find_kernel(catalog(), lock_.lock(), Version::parse(version).value()).value();
      cell.machine = find_machine(catalog(), *cell.platform, cell.kernel->version).value();
    }
    return cell;
  }
  const FinishedDerivation& plan(const std::string& recipe, const Cell& cell) {
    const auto wanted = planner().package(recipe, cell);
    EXPECT_TRUE(wanted) << render(wanted.error());
    return *planner().graph().find(wanted.value().drv);
  }
  std::string error(const std::string& recipe, const Cell& cell) {
    const auto wanted = planner().package(recipe, cell);
    return wanted ? "no error" : render(wanted.error());
  }

 private:
  CatalogDir dir_;
  LockBuilder lock_ = plan_lock();
  Instances instances_;
  std::shared_ptr<const Catalog> catalog_;
  std::deque<Cell> cells_;
  std::unique_ptr<Planner> planner_;
};

}  // namespace swage
