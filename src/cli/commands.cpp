#include "cli/command.hpp"

namespace swage {

namespace {
constexpr Command table[] = {
    {"build", "make targets and link the results", declare_build, true, false, true},
    {"boot", "build a kernel and boot it in QEMU", declare_boot, false, false, true},
    {"module", "build out-of-tree kernel modules and load them", declare_module, false, false, true},
    {"verify", "build and boot kernels, or build packages, and keep the evidence", declare_verify,
     false, false, false, true},
    {"frontier", "which version of a tool is the first that a kernel does not build or boot with", declare_frontier,
     false, false, false, true},
    {"matrix", "which kernels boot where, which packages are built, and which images start", declare_matrix},
    {"run", "run a program of a package, under emulation where it is foreign", declare_run, true, false, true},
    {"shell", "a shell with a target's toolchain", declare_shell, true, false, true},
    {"resolve", "which toolchain, and why", declare_resolve, true},
    {"plan", "the derivations behind targets", declare_plan, true, false, true},
    {"fetch", "get all that builds of targets need from outside", declare_fetch, true, false, true},
    {"why-build", "which input makes a target another one than what was built", declare_why_build, true},
    {"list", "what the catalog holds", declare_list},
    {"image", "look into images of disks and cards", declare_image, false, false, true},
    {"new", "begin a recipe from a source archive", declare_new},
    {"check", "validate a catalog or a layer", declare_check},
    {"lock", "pin distribution packages", declare_lock},
    {"log", "the log of a build", declare_log},
    {"store", "look at the store and keep it in order", declare_store},
    {"builder", "see what machines with a Nix daemon can build", declare_builder, false, false, false, true},
    {"cache", "fill, check and tidy binary caches", declare_cache, true},
    {"mirror", "keep the files that plans, records and lock files pin", declare_mirror, true, false, false, true},
    {"doctor", "what of this machine would stop builds, and what to do about it", declare_doctor},
    {"completion", "print what makes a shell complete swage's words", declare_completion},
    {"help", "the help of a command", declare_help},
    {"man", "write manual pages to a directory, for installation", declare_man, false, true},
};
}  // namespace

std::span<const Command> commands() { return table; }

}  // namespace swage
