// Reading of GNU system triples.
//
// The dash is both the separator and, in practice, optional padding: vendor and ABI may be left out, so three parts are
// cpu-kernel-abi (aarch64-linux-gnu) or cpu-vendor-kernel (mips-unknown-linux), and two parts are cpu-kernel or
// cpu-abi. As GNU config does, the second of three parts decides: it is a kernel only when it is a word that needs an
// ABI after it (linux, uclinux, windows). The differences from config.sub, each pinned by a test:
//   - the vendor that is not given is always "unknown": config.sub says "pc" for x86 and has three more exceptions,
//   which
//     would make `x86_64-linux-gnu` and `x86_64-unknown-linux-gnu` two platforms;
//   - ABIs are a closed set and belong to a CPU family: `x86_64-linux-gnuu` and `aarch64-linux-gnueabihf` are errors;
//   - LLVM's spellings are read too: `x86_64-pc-windows-msvc`, `riscv64gc`, and `none` as a kernel in four parts.
#include "platform/triple.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <vector>

#include "base/text.hpp"

namespace swage {
namespace {

struct Alias {
  std::string_view written, canonical;
};
constexpr auto kCpuAliases = std::to_array<Alias>({
    {"amd64", "x86_64"},        {"x64", "x86_64"},           {"arm64", "aarch64"},      {"aarch64le", "aarch64"},
    {"ppc", "powerpc"},         {"ppcle", "powerpcle"},      {"ppc64", "powerpc64"},    {"ppc64le", "powerpc64le"},
    {"powerpc64little", "powerpc64le"}, {"parisc", "hppa"},  {"parisc64", "hppa64"},    {"riscv64gc", "riscv64"},
    {"riscv32gc", "riscv32"},   {"openrisc", "or1k"},        {"mipsbe", "mips"},        {"mipseb", "mips"},
    {"mipsle", "mipsel"},       {"mips64eb", "mips64"},
});

constexpr auto kCpus = std::to_array<std::string_view>({
    "aarch64",      "aarch64_be",   "alpha",       "arc",          "arceb",          "arc64",        "arm",
    "armeb",        "armv4",        "armv4t",      "armv4l",       "armv5",          "armv5t",       "armv5te",
    "armv5tel",     "armv5l",       "armv5teb",    "armv6",        "armv6l",         "armv6k",       "armv6kz",
    "armv6m",       "armv6hl",      "armv7",       "armv7a",       "armv7l",         "armv7m",       "armv7r",
    "armv7hl",      "armv7eb",      "armv8a",      "armv8l",       "armv8m",         "armv8r",       "avr",
    "avr32",        "bfin",         "bpf",         "csky",         "epiphany",       "hexagon",      "hppa",
    "hppa64",       "i386",         "i486",        "i586",         "i686",           "ia64",         "lm32",
    "loongarch32",  "loongarch64",  "m32r",        "m68k",         "microblaze",     "microblazeel", "mips",
    "mipsel",       "mips64",       "mips64el",    "mips64octeon", "mips64octeonel", "mipsisa32",    "mipsisa32el",
    "mipsisa32r2",  "mipsisa32r2el", "mipsisa32r6", "mipsisa32r6el", "mipsisa64",    "mipsisa64el",  "mipsisa64r2",
    "mipsisa64r2el", "mipsisa64r6", "mipsisa64r6el", "mmix",       "moxie",          "msp430",       "nds32le",
    "nios2",        "or1k",         "powerpc",     "powerpcle",    "powerpcspe",     "powerpc64",    "powerpc64le",
    "pru",          "riscv32",      "riscv32be",   "riscv64",      "riscv64be",      "rx",           "s390",
    "s390x",        "sh",           "sh2",         "sh2a",         "sh2eb",          "sh3",          "sh3eb",
    "sh4",          "sh4a",         "sh4aeb",      "sh4eb",        "sparc",          "sparc64",      "sparcv9",
    "v850",         "vax",          "vc4",         "wasm32",       "wasm64",         "x86_64",       "xtensa",
    "javascript",
});

// Which CPUs an ABI may be used with; empty: all.
struct Abi {
  std::string_view name;
  std::string_view cpu_prefix;
  std::string_view libc;
};
constexpr auto kLinuxAbis = std::to_array<Abi>({
    {"gnu", "", "glibc"},           {"gnueabi", "arm", "glibc"},     {"gnueabihf", "arm", "glibc"},
    {"gnuabi64", "mips", "glibc"},  {"gnuabin32", "mips", "glibc"},  {"gnuabielfv1", "powerpc64", "glibc"},
    {"gnuabielfv2", "powerpc64", "glibc"}, {"gnux32", "x86_64", "glibc"}, {"gnuspe", "powerpc", "glibc"},
    {"gnusf", "", "glibc"},         {"gnuf32", "loongarch64", "glibc"}, {"gnuabiv2", "csky", "glibc"},
    {"gnu_ilp32", "aarch64", "glibc"}, {"musl", "", "musl"},         {"musleabi", "arm", "musl"},
    {"musleabihf", "arm", "musl"},  {"muslabi64", "mips", "musl"},   {"muslabin32", "mips", "musl"},
    {"muslx32", "x86_64", "musl"},  {"muslsf", "", "musl"},          {"uclibc", "", "uclibc"},
    {"uclibceabi", "arm", "uclibc"}, {"uclibceabihf", "arm", "uclibc"}, {"uclibcgnueabi", "arm", "uclibc"},
    {"uclibcgnueabihf", "arm", "uclibc"}, {"uclibcspe", "powerpc", "uclibc"}, {"android", "", "bionic"},
    {"androideabi", "arm", "bionic"}, {"newlib", "", "newlib"},
});
constexpr auto kBareAbis = std::to_array<Abi>({
    {"elf", "", "newlib"}, {"eabi", "", "newlib"}, {"eabihf", "arm", "newlib"}, {"aout", "", ""}, {"coff", "", ""},
});
constexpr auto kWindowsAbis = std::to_array<Abi>({{"gnu", "", ""}, {"msvc", "", ""}, {"gnullvm", "", ""}});

// Kernels that are the last part of a triple; a release number may follow (freebsd13, darwin20.1).
constexpr auto kLoneKernels = std::to_array<std::string_view>({
    "freebsd",
    "netbsd",
    "openbsd",
    "dragonfly",
    "darwin",
    "macos",
    "ios",
    "cygwin",
    "redox",
    "wasi",
    "wasip1",
    "wasip2",
    "mmixware",
    "ghcjs",
    "solaris",
    "haiku",
    "genode",
    "none",
});

bool is_release(std::string_view text) {
  return text.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_lone_kernel(std::string_view text) {
  return std::any_of(kLoneKernels.begin(), kLoneKernels.end(), [&](std::string_view kernel) {
    return text.starts_with(kernel) && is_release(text.substr(kernel.size()));
  });
}

template <class Abis>
const Abi* find_abi(const Abis& abis, std::string_view name) {
  for (const Abi& abi : abis)
    if (abi.name == name) return &abi;
  return nullptr;
}

template <class Abis>
std::vector<std::string> abi_names(const Abis& abis) {
  std::vector<std::string> names;
  for (const Abi& abi : abis) names.emplace_back(abi.name);
  return names;
}

Fail not_understood(std::string_view part, std::string_view kind, std::string_view triple,
                    const std::vector<std::string>& known) {
  Error error{.what = fmt::format("'{}' is not a known {} in triple '{}'", part, kind, triple)};
  error.hint = did_you_mean(part, known);
  return Fail(std::move(error));
}

Result<std::string> read_cpu(std::string_view part, std::string_view triple) {
  for (const Alias& alias : kCpuAliases)
    if (alias.written == part) return std::string(alias.canonical);
  if (std::find(kCpus.begin(), kCpus.end(), part) != kCpus.end()) return std::string(part);
  std::vector<std::string> known(kCpus.begin(), kCpus.end());
  for (const Alias& alias : kCpuAliases) known.emplace_back(alias.written);
  return not_understood(part, "cpu", triple, known);
}

template <class Abis>
Result<std::string> read_abi(const Abis& abis, std::string_view part, std::string_view cpu, std::string_view triple) {
  const Abi* abi = find_abi(abis, part);
  if (!abi) return not_understood(part, "abi", triple, abi_names(abis));
  if (!cpu.starts_with(abi->cpu_prefix))
    return fail(Errc::invalid_input, fmt::format("'{}' is not an abi of cpu '{}' in triple '{}'", part, cpu, triple));
  return std::string(part);
}

// The kernel words that take an ABI as a further part.
bool takes_abi(std::string_view part) { return part == "linux" || part == "uclinux" || part == "windows"; }

bool is_vendor(std::string_view part) {
  return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '+';
  });
}

struct Parts {
  std::string_view cpu, vendor = "unknown", kernel{}, abi{};   // kernel and abi still as written
};

// Puts the words into their places by number and by the second of three; says nothing about whether they are known.
Result<Parts> place(std::string_view text) {
  const auto words = split(text, '-');
  if (std::any_of(words.begin(), words.end(), [](std::string_view word) { return word.empty(); }))
    return fail(Errc::invalid_input, text.empty() ? "'' is not a triple: it is empty"
                                                  : fmt::format("'{}' is not a triple: it has an empty part", text));
  switch (words.size()) {
    case 1: return Parts{.cpu = words[0], .kernel = "none"};
    case 2: return Parts{.cpu = words[0], .kernel = words[1]};
    case 3:
      if (takes_abi(words[1])) return Parts{.cpu = words[0], .kernel = words[1], .abi = words[2]};
      return Parts{.cpu = words[0], .vendor = words[1], .kernel = words[2]};
    case 4: return Parts{.cpu = words[0], .vendor = words[1], .kernel = words[2], .abi = words[3]};
    default: return fail(Errc::invalid_input, fmt::format("'{}' is not a triple: it has more than four parts", text));
  }
}

}  // namespace

Result<Triple> Triple::parse(std::string_view text) {
  SWAGE_TRY(const Parts parts, place(text));
  Triple triple;
  SWAGE_TRY(triple.cpu_, read_cpu(parts.cpu, text));
  if (!is_vendor(parts.vendor)) return not_understood(parts.vendor, "vendor", text, {});
  triple.vendor_ = parts.vendor;

  if (parts.kernel == "linux" || parts.kernel == "uclinux") {
    triple.kernel_ = parts.kernel;
    SWAGE_TRY(triple.abi_, read_abi(kLinuxAbis, parts.abi.empty() ? "gnu" : parts.abi, triple.cpu_, text));
    return triple;
  }
  if (parts.kernel == "mingw32" || parts.kernel == "mingw64" || parts.kernel == "windows") {
    triple.kernel_ = "windows";
    const std::string_view implied = parts.kernel == "windows" ? "msvc" : "gnu";
    SWAGE_TRY(triple.abi_, read_abi(kWindowsAbis, parts.abi.empty() ? implied : parts.abi, triple.cpu_, text));
    return triple;
  }
  // Bare metal: the object format stands where a kernel would, or after an explicit `none`.
  const std::string_view format = parts.kernel == "none" ? parts.abi : parts.kernel;
  if (find_abi(kBareAbis, format) && (parts.kernel == "none" || parts.abi.empty())) {
    triple.kernel_ = "none";
    SWAGE_TRY(triple.abi_, read_abi(kBareAbis, format, triple.cpu_, text));
    return triple;
  }
  if (parts.kernel == "none" && !parts.abi.empty()) return not_understood(parts.abi, "abi", text, abi_names(kBareAbis));
  if (!is_lone_kernel(parts.kernel)) {
    std::vector<std::string> known{"linux", "uclinux", "windows", "mingw32"};
    known.insert(known.end(), kLoneKernels.begin(), kLoneKernels.end());
    for (const std::string& abi : abi_names(kBareAbis)) known.push_back(abi);
    return not_understood(parts.kernel, "kernel", text, known);
  }
  if (!parts.abi.empty())
    return fail(Errc::invalid_input,
                fmt::format("'{}' is not an abi of kernel '{}' in triple '{}'", parts.abi, parts.kernel, text));
  triple.kernel_ = parts.kernel;
  return triple;
}

std::string Triple::str() const {
  if (kernel_ == "windows" && abi_ == "gnu") return fmt::format("{}-{}-mingw32", cpu_, vendor_);
  if (kernel_ == "none") return fmt::format("{}-{}-{}", cpu_, vendor_, abi_.empty() ? "none" : abi_);
  if (abi_.empty()) return fmt::format("{}-{}-{}", cpu_, vendor_, kernel_);
  return fmt::format("{}-{}-{}-{}", cpu_, vendor_, kernel_, abi_);
}

std::string Triple::libc() const {
  const Abi* abi = nullptr;
  if (kernel_ == "linux" || kernel_ == "uclinux") abi = find_abi(kLinuxAbis, abi_);
  if (kernel_ == "none") abi = find_abi(kBareAbis, abi_);
  return abi ? std::string(abi->libc) : std::string();
}

}  // namespace swage
