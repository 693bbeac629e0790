// The catalog: all tables that ship with swage and the user's layers over them, as typed values.
//
// A catalog directory (and a layer, which has the same shape) holds:
//   platforms.toml               [[cpu]], [[platform]]
//   roots.toml                   [[root]], [[seed]], [[archive]]
//   kernels/releases.toml        [[kernel]]; [releases], of the catalog alone
//   kernels/machines.toml        [common], [[machine]]
//   kernels/constraints.toml     [[constraint]]
//   kernels/quirks.toml          [[quirk]]; kernels/patches/ holds the patches that its rows name
//   kernels/constraints/         the same for one architecture, a platform's name or a kernel's ARCH:
//   kernels/quirks/              <architecture>.toml is read when a platform of it is first asked for, and its rows
//                                have no `when.arch`
//   kernels/signatures.toml      [[signature]]
//   kernels/symbols.toml         [[symbol]]
//   kernels/trees.toml           [[link]], [[twins]]
//   kernels/object_errors.toml   [[object_error]]
//   toolchains/<provider>.toml   [provider], [[target]], [[toolchain]]
//   toolchains/<provider>/       the same for providers with many rows: provider.toml has [provider] and [keys], and
//                                <platform>.toml [keys] and that platform's [[toolchain]] rows; it is read when first
//                                asked for
//   features.toml                [[feature]]
//   c_libraries.toml             [[c_library]]
//   components.toml              [[component]], read only when asked for
//   instances.toml               [instance.NAME], of layers (workspace.hpp)
//   log_lines.toml               [[line]]
//   firmware_models.toml         [[firmware_model]]
//   firmware_settings.toml       [[firmware_setting]]
//   firmware_overlays.toml       [[firmware_overlay]]
//   firmware_trees.toml          [[firmware_tree]]
//   boards/, firmware/, images/  files of any names, and bundles.toml: boards and images (images.hpp), read only when
//                                asked for
//   source_trees.toml            [[build-file]], [[license]] (source_trees.hpp)
//   packages/<name>/recipe.toml  [package], [target], [source], [build], [deps], [phase], [features], [env], [test],
//                                [[variant]], [[member]]
//   systems/<name>.toml          what the packages of one build system have in common: [build], [deps], [phase], [env],
//                                [[variant]]
//   scripts/                     the shell scripts that run inside builds, also in folders: the name of one is its file
//                                name
//   evidence/<platform>/*.toml   [evidence]: the record of one verified cell, read only when asked for (evidence.hpp)
//   evidence/packages/*.toml     [[package]]: the records of a platform's packages (package_evidence.hpp)
//   evidence/images/*.toml       [[image]]: those of its images
// Keys of the tables are the names of the members below, except where a row has a `debian = { suite, package }`
// (SourceSpec), `when` (Conditions), and `source`, which is the `reference` that a row's facts are from.
// Later layers win: a row with the same key replaces the earlier one, `override = true` changes only the fields it has.
//
// A toolchain file describes many rows by few: every [[toolchain]] row has a list `platforms`, and one ToolchainRow
// comes out for each, with {platform} and the keys of that platform's [[target]] row put into its strings. In the
// directory form a row has no `platforms`, and its strings take {platform} and the keys of the [keys] tables, the
// platform's over the provider's. The rows of such a file come after those of all tables: they replace or override rows
// of tables, of any layer.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/beneath.hpp"
#include "catalog/version.hpp"
#include "platform/platform.hpp"

namespace swage {

// Where a row stands, for errors and for `swage list --origins`.
struct Origin {
  std::string layer{};          // "catalog", or the layer's directory name
  SourcePos pos{};
  std::map<std::string, std::string> overridden{};  // key -> the later layer that changed it by `override = true`
  std::vector<std::string> wrong{};                 // keys with mistakes, which are reported: nothing follows from what
                                                    // they say
  bool is_wrong(std::string_view key) const { return std::find(wrong.begin(), wrong.end(), key) != wrong.end(); }
};

// What programs are linked with: the `libc` of platforms and toolchains.
struct CLibraryRow {
  std::string name;                          // uclibc
  std::string summary{};                     // for people
  std::string component{};                   // uclibc-ng: the name of its source in components.toml; "" toolchains are
                                             // not built with it
  std::string license{};                     // an expression of SPDX; "" nobody says
  Origin origin{};
};

// A static program of a distribution package that starts a build before there is any root.
struct SeedRow {
  std::string name;                          // busybox
  std::string suite{};
  std::string package{};                     // busybox-static
  std::string member{};                      // ./bin/busybox
  Origin origin{};
};

// An archive of the distribution: what lock files call it, and who still has what it had on a day.
struct ArchiveRow {
  std::string name;                          // debian-security
  std::vector<std::string> releases{};       // "ORIGIN/LABEL" of the Release files that are its own
  // Where a file that was in it on a day can be had ever after, in this order: URLs with {day} and {next_day}, as
  // YYYYMMDD, and {path} below the archive.
  std::vector<std::string> old{};
  Origin origin{};
};

// A package list that a hermetic file-system tree is built from.
struct RootRow {
  std::string name;
  std::string suite{};                       // bookworm
  std::vector<std::string> packages{};       // what apt is asked for; their dependencies come along
  std::vector<std::string> only{};           // of what apt takes for them, what has such a name (shell patterns);
                                             // empty: all
  std::vector<std::string> components{"main"};   // of the archive, that they are in
  std::string like{};                        // another root, whose packages come before these
  std::string architecture = "amd64";        // of the packages; builds in a root of another one than the build
                                             // platform's are emulated
  std::string purpose{};                     // for people
  std::string license{};                     // of what `only` takes, as an expression of SPDX; "" nobody says
  std::string kind{};                        // "build": kernels can be built in it, and the resolver chooses among
                                             // these
  unsigned rank = 0;                         // among roots of a kind, smaller first
  std::optional<VersionRange> first_for{};   // kernels of its time, for which it comes before all others, whatever its
                                             // rank
  std::string released{};                    // YYYY-MM-DD of the suite; required of kind "build"
  std::map<std::string, Version> tools{};    // what its host tools say of themselves: make, perl, host-gcc, bash ...
  std::string accelerators{};                // root of the build platform's programs that stand in for this one's in
                                             // accelerated builds
  Origin origin{};
};

// Where the bytes of a source come from.
struct SourceSpec {
  std::string debian_suite{};                // with debian_package: the .orig tarball of that source package, by the
                                             // lock
  std::string debian_package{};
  std::optional<Version> debian_series{};    // 7.2: the newest 7.2.x that mirrors have; none: the version that apt
                                             // takes
  std::vector<std::string> urls{};           // tried in order; with sha256 or sha256sums
  std::string sha256{};                      // base16
  std::string sha256sums{};                  // URL of the list, in the form of sha256sum(1), that its publisher has
                                             // beside the first of `urls`: what it says is pinned by the lock file when
                                             // the source is first needed
  std::uint64_t size = 0;                    // bytes, 0: unknown
  // What the lock calls the source package: SUITE/PACKAGE or SUITE/PACKAGE@SERIES.
  std::string debian_key() const {
    return debian_suite + "/" + debian_package + (debian_series ? "@" + debian_series->str() : "");
  }
};

// One version of what toolchains are built from.
struct ComponentRow {
  std::string id;                            // gcc-12.2.0: unique
  std::string name{};                        // gcc, binutils, gmp, mpfr, mpc, isl, linux-headers, or a C library's
                                             // `component`
  Version version;
  std::string released{};                    // YYYY-MM-DD, where it is known
  SourceSpec source{};                       // `urls`, the Debian package that has the same bytes, or both; a row
                                             // without `urls` is a distribution's own archive of it
  std::string tree{};                        // of a layer: a directory, an archive or a git URL (URL#REF) of the user's
                                             // own instead; a path is relative to the file of the row
  std::vector<std::string> configure{};      // further arguments of its configure
  std::string host_cc{}, host_cxx{};         // what compiles its host programs, where the build root's own default does
                                             // not
  std::string reference{};                   // source = "...": where these facts are from
  Origin origin{};
};

struct KernelRow {
  Version version;                           // a series (6.1, its sublevel comes from the lock) or a release (3.18.140)
  std::string released{};                    // YYYY-MM-DD of the series' .0
  SourceSpec source{};
  std::string reference{};                   // source = "...": where these facts are from
  Origin origin{};
};

// How a kernel of one platform is built and booted. Several rows per platform: the first whose range holds is taken.
struct MachineRow {
  std::string platform;
  VersionRange kernels = VersionRange::any();
  std::string name{};                        // what another row's `like` calls it: platform and kernels as written,
                                             // "mipsel <5.5"
  std::string like{};                        // the row whose keys it has, but for those that it says itself and the two
                                             // above
  SourcePos like_pos{};
  std::set<std::string> given{};             // the keys that it says itself
  std::string defconfig{};                   // what --config defconfig means: defconfig, malta_defconfig
  std::string image_target{};                // make target: Image, zImage, vmlinux
  std::string image{};                       // the boot image, relative to the build directory
  std::vector<std::string> make_args{};      // extra arguments of every kernel make
  std::vector<std::string> config{};         // lines CONFIG_X=y|m|n|value that `tiny` adds, after those of [common]
  std::vector<std::string> extra_config{};   // lines after those; once the rows are read they are among them
  std::string qemu{};                        // qemu-system-aarch64; "" none emulates it: kernels are built and not
                                             // booted
  std::string qemu_root{};                   // root that holds it
  std::vector<std::string> qemu_args{};      // -M, -cpu, -m ...; once the rows are read, what the next two say as well
  std::string icount{};                      // "shift=6,sleep=on", where the ratio of boot.sh will not do; "none" QEMU
                                             // cannot count its instructions
  std::vector<std::string> extra_qemu_args{};
  std::string cmdline{};                     // console= and friends
  std::string dtb{};                         // arch/arm/boot/dts/versatile-pb.dtb; "" none
  unsigned timeout = 120;                    // seconds until a boot is given up
  Origin origin{};
  bool emulated() const { return !qemu.empty(); }
};

// A compiler with its binutils and libc for one host platform.
struct ToolchainRow {
  std::string id{};                          // debian-bookworm-gcc-12-arm64: unique
  std::string group{};                       // what is made once for all rows of the group; the id unless the table
                                             // says so
  std::string provider{};                    // debian
  unsigned provider_rank = 0;                // smaller first; `rank` of the row, or else of its provider
  bool prebuilt = true;
  std::string platform{};                    // host platform's short name
  std::string compiler = "gcc";              // gcc or clang
  Version version;                           // of the compiler: 12.2.0
  std::optional<Version> binutils{};         // 2.40; none: it brings other tools (LLVM), unless they are `unknown`
  std::vector<std::string> unknown{};        // "binutils": it has them, and their version is not known
  std::string libc{};                        // "" none: kernel-only
  std::string libc_version{};
  std::string headers{};                     // kernel headers that its C library was made with, or newer: 4.19
  std::string released{};                    // YYYY-MM-DD of exactly this compiler release; of N.1.0 where only N is
                                             // known
  std::string prefix{};                      // aarch64-linux-gnu-
  std::string flags{};                       // what makes the compiler emit the platform's code, where that is not its
                                             // default
  std::string dumpmachine{};                 // what `gcc -dumpmachine` must say
  std::string suite{};                       // distribution suite
  std::vector<std::string> packages{};       // the compiler's first, then its binutils'
  std::vector<std::string> cxx{};            // more, which compile C++: for packages, since kernels need none
  std::vector<std::string> components{};     // ids of what it is built from
  std::vector<std::string> libc_config{};    // lines of its C library's configuration (uClibc), where the default does
                                             // not fit
  std::vector<std::string> features{};       // names of [[feature]]
  std::string userland{};                    // package that the boot test runs: its own, or else its provider's; ""
                                             // neither says one
  SourceSpec source{};                       // the archive that it comes in; none: it comes in packages
  bool fallback = false;                     // its own (in tables) or its provider's: considered where no other fits,
                                             // or when asked for
  std::string reference{};
  Origin origin{};
  std::string_view purpose() const { return libc.empty() ? "kernel" : "userland"; }
};

// Of the variables that conditions and requirements name: true for one that a build root answers (make, perl, host-gcc
// ...), false for those of a toolchain and the kernel.
bool is_host_tool(std::string_view variable);

enum class Effect { builds_not, boots_not, misbehaves };
std::string_view effect_name(Effect effect);  // "builds-not", ...

// When a constraint or a quirk concerns a cell and a candidate: all that it names must hold.
struct Conditions {
  VersionRange kernels = VersionRange::any();         // when.kernel
  std::vector<std::string> arches{};                  // when.arch: platform names or kernel ARCH values; empty: all
  int bits = 0;                                       // when.bits: 32 or 64, of the platform; 0: any
  std::vector<std::string> features{};                // when.feature: what the toolchain must declare
  std::map<std::string, VersionRange> when{};         // other conditions: gcc, clang, binutils, host-gcc, make ... ->
                                                      // range
};

struct ConstraintRow : Conditions {
  std::string id;
  std::map<std::string, VersionRange> require{};      // kernel, gcc, clang, binutils, make, ... -> range
  Effect effect = Effect::builds_not;
  std::string reason{};
  std::string source{};                               // required
  std::string confidence = "reported";                // primary, bisected, observed, reported
  std::vector<std::string> measured{};                // where it was seen (as `arches`), if it concerns more; empty: it
                                                      // is general
  Origin origin{};
};

// What a log says when a constraint does not hold: so that a failure is recognised, not only reported.
struct SignatureRow {
  std::string id;
  std::string pattern{};                     // POSIX extended regular expression, for one line of a log
  std::string constraint{};                  // id of what it points to
  std::string text{};                        // what has happened, one clause
  Origin origin{};
};

// What is known of a symbol of the kernel's configuration.
struct SymbolRow {
  std::string name;                          // without CONFIG_
  std::string renamed{};                     // what it is called since; `reference` says where
  bool path = false;                         // its value is files or directories, in words
  std::string within{};                      // of a path: the symbol that says the directory of its words; "" the
                                             // tree's top
  std::vector<std::string> generated{};      // values that the build makes itself
  std::string reference{};
  Origin origin{};
};

// What a line of a build's log says of a failure: it begins the report of a tool's error, or only looks like one.
enum class LogTool { none, compiler, assembler, linker, other };
struct LogLineRow {
  std::string id;
  std::string pattern{};                     // POSIX extended regular expression, for one line of a log
  std::string after{};                       // the same for the nearest line before it that is not blank; "" any
  LogTool tool = LogTool::other;             // whose error it is; none: the line is harmless
  bool weak = false;                         // builds also go on after it: it counts where no other line does
  std::string text{};                        // what has happened, one clause; "" the line itself says enough
  std::string hint{};                        // what to do; {target} and {platform} are those of the build
  Origin origin{};
};

// How a model of the Raspberry Pi begins to boot. docs/firmware-model.md says how the keys are used.
enum class FirmwareLoader {
  bootcode,       // the boot ROM loads bootcode.bin from the card, and that the firmware, start*.elf
  eeprom_start,   // a loader in an EEPROM loads the firmware from the card
  eeprom,         // the EEPROM holds the firmware too
};
enum class Arm64 { never, off, on, always };   // of arm_64bit where config.txt says nothing; never, always: whatever it
                                               // says
struct FirmwareModelRow {
  std::string id, name{};                             // rpi3+; Raspberry Pi 3 Model B+
  std::string like{};                                 // an earlier row, whose keys it has unless it says them itself
  SourcePos like_pos{};
  std::set<std::string> given{};                      // keys that it says itself
  std::string soc{};                                  // bcm2837
  std::string platform{};                             // what overlay maps call it: bcm2835, bcm2711, bcm2712
  FirmwareLoader loader = FirmwareLoader::bootcode;
  std::map<std::string, std::string> start{}, fixup{};   // the firmware's files: usual, x, debug, cut
  std::vector<std::string> tables{};                  // kinds of partition tables that it reads: mbr, gpt
  std::vector<unsigned> partition_types{};            // of an MBR, that it takes for FAT
  bool first_fat_only = false;                        // it looks into no other
  std::vector<std::string> filters{};                 // of config.txt that are true: pi3, pi3+
  std::vector<unsigned> board_types{};                // of [board-type=N]
  std::vector<std::string> no_filters{};              // that it does not have: EDID, HDMI
  std::vector<std::string> variables{};               // of expression filters, that it has
  Arm64 arm_64bit = Arm64::never;
  std::vector<std::string> kernels{}, kernels_64{};   // first one that is there
  unsigned kernel_address = 0, kernel_address_64 = 0; // where they are loaded
  std::vector<std::string> device_trees{}, upstream_trees{};   // likewise
  std::vector<std::string> stubs_64{};                // run before a 64-bit kernel where they are there
  std::vector<std::string> stepping_overlays{};       // that newer steppings of the processor load by themselves
  std::vector<std::string> made_names{};              // labels and parameters that the firmware adds to a tree
  std::vector<std::string> assumed{};                 // keys that the vendor's documentation does not say
  std::string reference{};
  Origin origin{};
};

// What is known of a setting of config.txt.
enum class SettingKind { flag, number, text, directive };   // directive: words follow it without '='
struct FirmwareSettingRow {
  std::string name;
  SettingKind kind = SettingKind::text;
  bool negative = false;                              // of a number: it may be less than 0
  bool early = false;                                 // read before the firmware runs
  std::vector<std::string> loaders{};                 // that it says something to, as tables name them; none: all
  std::string same_as{};                              // another name of this setting
  std::string instead{};                              // what is to be written in its place; what it does is not
                                                      // modelled
  std::string reference{};
  Origin origin{};
};
// An overlay that the vendor's tree has, and what overlay_map.dtb says of it.
struct FirmwareOverlayRow {
  std::string name;
  std::vector<std::string> params{};
  std::vector<std::string> on{};                      // processors that it is for; none: all
  std::map<std::string, std::string> instead{};       // processor -> the overlay that is taken there
  std::string renamed{}, deprecated{};                // what it is called now; why it is no longer to be used
  Origin origin{};
};
// A device tree of the vendor's, and its `dtparam`s.
struct FirmwareTreeRow {
  std::string name;                                   // bcm2712-rpi-5-b
  std::vector<std::string> params{};
  Origin origin{};
};
const std::vector<std::string>& firmware_loader_names();   // in the order of FirmwareLoader

// What kernel trees are known to lose on the way from one machine to another: symbolic links [[link]], or one of two
// files whose names differ in case alone [[twins]].
struct TreeFileRow {
  std::string link{};                                 // shell pattern of paths where releases have links, or
  std::string lower{}, upper{};                       // both files
  VersionRange kernels = VersionRange::any();         // of twins: the releases that have both
  std::string reference{};
  Origin origin{};
};

// One change of the kernel's tree. `file` may be a shell pattern; a file that is not there is left alone.
struct TreeEdit {
  std::string file{};
  std::string sed{};                                  // a sed script, or
  std::string copy_of{};                              // the file is made as a copy of this one, unless it is there
};

// What makes a kernel build although constraints say that it does not. A quirk applies where its conditions hold and it
// lifts a constraint that is not met; one that lifts nothing applies wherever its conditions hold.
struct QuirkRow : Conditions {
  std::string id;
  std::vector<std::string> lifts{};                   // ids of constraints
  std::vector<std::string> make_args{};               // further arguments of every kernel make
  std::vector<std::string> config{};                  // lines CONFIG_X=y|m|n|value, before those of the user
  std::vector<std::string> cflags{}, aflags{};        // KCFLAGS, KAFLAGS: after the kernel's own flags
  std::vector<std::string> cc_flags{}, ld_flags{};    // part of CC and LD: reach what resets the kernel's flags
  std::vector<std::string> host_cflags{};             // part of HOSTCC: HOSTCFLAGS would replace the tree's own before
                                                      // 4.19
  std::vector<std::string> patches{};                 // files under kernels/patches/
  std::vector<TreeEdit> edits{};
  std::string reason{};
  std::string source{};
  std::string confidence{};                           // as of a constraint
  std::vector<std::string> measured{};                // as of a constraint
  Origin origin{};
};

// What a recipe says of its build, and may say more of on some platforms.
struct RecipeParts {
  std::string script{};                      // file name of a script, run inside the root
  std::map<std::string, std::vector<std::string>> deps{};  // role, or "propagated-" and a role -> packages, NAME or
                                                           // NAME@INSTANCE
  std::vector<std::string> configure{};      // further arguments of the build system's configuration, each one word
  std::vector<std::string> make{};           // of each make (or of its counterpart)
  std::vector<std::string> install{};        // of the make that installs, instead of `install`
  std::vector<std::string> patches{};        // files beside the recipe, applied in order
  std::map<std::string, std::string> phases{};   // before-configure, build, after-install ... -> shell
  std::map<std::string, std::string> env{};
  std::vector<std::string> tests{};          // shell lines, run with $out and emulated where foreign; each must succeed
};

// [[variant]]: added where its `when` holds. A list means any of it, and a word with `!` before it anything else; what
// is empty does not matter.
struct RecipeVariant : RecipeParts {
  std::vector<std::string> libc{};           // glibc, musl, ...
  std::vector<std::string> arch{};           // platform names or kernel ARCH values
  std::vector<std::string> endian{};         // little, big
  std::vector<std::string> host{};           // "native": the platform that builds; "foreign": another
  int bits = 0;                              // of a register; 0: any
  std::vector<std::string> linkage{};        // shared, static
  std::vector<std::string> purpose{};        // of the toolchain, a targeted recipe's target's: userland; kernel,
                                             // without a C library
  std::vector<std::string> features{};       // of the recipe, that are on
  std::vector<std::string> member{};         // of the recipe's family
};

// [target]: what a target of the recipe asks of a request, and what is made of that.
struct TargetRow {
  bool kernel = false, machine = false;      // asks: what stands after @ is a kernel's version; that kernel's machine
                                             // on the platform
  bool toolchain = true;                     // asks: one that is resolved
  enum class Use { userland, kernel, boot } use = Use::userland;   // what that is for
  std::string booted_by{};                   // recipe whose build boots what this one makes
  std::string sampled_by{};                  // recipe that compiles some of the objects that this one would
  std::string tree{};                        // recipe of the unpacked tree that it is made from
  bool is_tree() const { return kernel && !toolchain; }
};

// How one package is built, or [systems/NAME.toml] what all packages of one build system have in common.
struct RecipeRow : RecipeParts {
  std::string name;
  std::string member{};                      // of a family: which of it, a version or a board
  std::string version{};                     // "" : from the source
  std::string summary{}, license{}, homepage{};
  SourceSpec source{};
  std::string system{};                      // systems/NAME.toml, whose parts come before this recipe's; "" none
  std::string root{};                        // root that it runs in
  bool targeted = false;                     // a compiler or the like: another one for each platform that it emits code
                                             // for
  TargetRow target{};
  bool of_compiler = false;                  // part of one: a package depends on that of its own compiler, whatever
                                             // others are built with
  std::vector<std::string> outputs{"out"};
  std::map<std::string, bool> features{};    // by name: whether it is on unless an instance says otherwise
  std::vector<RecipeVariant> variants{};     // in their order
  std::vector<RecipeRow> members{};          // [[member]]; each is whole: what they have in common comes before what it
                                             // says itself
  std::string default_member{};              // that the name alone means; "" none
  std::vector<std::string> arch{};           // platform names or kernel ARCH values that it is for; none: every one
  bool bare_metal = false;                   // it needs no operating system
  std::vector<std::string> allowed_references{};   // names of what it may refer to although only builds need it
  Origin origin{};
  std::string full_name() const { return member.empty() ? name : name + "@" + member; }
  bool is_for(const Platform& platform) const;
};

// How a cell was seen to end.
enum class EvidenceState {
  booted,   // built, and its userland spoke
  built,    // the kernel was built; it could not be booted, because no toolchain makes a userland for it
  failed,   // a build or the boot failed
};
std::string_view evidence_state_name(EvidenceState state);  // "booted", ...

// A kernel's tree that is not known to be a release of the catalog's.
struct KernelTree {
  std::string url{};                         // of git, for anyone to fetch it; "" it was a directory or an archive
  std::string commit{};                      // of that repository, or of a copy that only somebody has; "" of none
  std::string directory{};                   // where it is below the repository's top; "" there
  std::string nar{};                         // sha256 of what is built, as an archive (NAR), base16
  std::string vendor{};                      // whose it is; "" nobody says that it is not the release of its version
  std::vector<std::string> missing{};        // files of the commit that the copy it was fetched from did not have
  std::vector<std::string> outputs{};        // files and directories of a build in it, which were left out
  std::vector<std::string> links{};          // files that had come to stand where links were, and were made links again
  bool executable = false;                   // its scripts had lost the bits that let them run, and were given them
  std::vector<std::string> patches{};        // that were applied to it: "SHA256 NAME", in their order
  friend bool operator==(const KernelTree&, const KernelTree&) = default;
};

// Whose failure it is that an object of a kernel does not compile, as a line of what the tools said tells
// (kernels/object_errors.toml): of the toolchain, or of the object's own source.
struct ObjectErrorRow {
  std::string id;
  std::string pattern{};                     // POSIX extended regular expression, for one line
  bool of_toolchain = false;
  Origin origin{};
};

// What a cell's record says of a sample of the objects that its configuration would build.
struct ObjectSample {
  unsigned count = 0;                        // that were asked for
  std::string seed = "1";                    // which ones
  unsigned of = 0;                           // that there are
  unsigned compiled = 0;
  // `PATH: driver: WHY` or `PATH: toolchain: WHY`, by path: whose failure it is.
  std::vector<std::string> failed{};
  friend bool operator==(const ObjectSample&, const ObjectSample&) = default;
};

// The record of one cell that was really built: one kernel, platform, toolchain and configuration. Written by
// `swage verify`, never by hand. The console log, or the end of the build log, stands beside it as NAME.log.
struct EvidenceRow {
  std::string kernel;                        // with sublevel: 6.1.176
  std::string recipe{};                      // what made it; "" the catalog's kernel_recipe(): see recipe_of()
  std::string platform{};
  std::string toolchain{};                   // id; it may have left the catalog since
  std::string provider{}, compiler{}, compiler_version{};
  std::string binutils{};                    // "" the toolchain has none
  std::string config = "tiny";               // tiny, makes of the tree with commas between, or the name of a file
  std::string config_sha256{};               // of that file, base16; "" it was none
  EvidenceState state = EvidenceState::failed;
  std::string when{};                        // YYYY-MM-DD of the boot, the build or the failure
  std::string root{};                        // that the kernel was built in
  std::string machine{};                     // QEMU and its arguments
  std::string kernel_drv{};
  std::string boot_drv{};                    // "" built only
  std::string kernel_nar{}, boot_nar{};      // sha256 of the outputs' archives, base16; "" not made
  std::string banner{}, userland{};          // "" not booted
  std::optional<unsigned> build_seconds{};   // of the kernel alone; none: it was in the store already
  std::optional<unsigned> boot_seconds{};
  std::optional<unsigned> cores{};           // that the kernel's build could use
  std::string lock{};                        // file under evidence/locks/
  std::string reason{};                      // of a failure, one clause
  std::string signature{};                   // id of the [[signature]] that its log matched
  std::string next{};                        // of a failure: the next best toolchain
  std::optional<KernelTree> tree{};          // none: the release that `kernel` names
  std::optional<ObjectSample> sample{};      // of the objects that it would be made of; none: the kernel was built
  std::string failed_drv{};                  // of a failure: the derivation; "" it was stopped, or the record is older
  std::vector<std::string> forced{};         // ids of constraints that it was made against, to measure them; sorted
  bool root_named = false;                   // `root` was asked for, whatever the resolver would take
  // Says something of constraints or host tools, and nothing of what the resolver would choose.
  bool is_overruled() const { return !forced.empty() || root_named; }
  fs::path file{};                           // where it was read; not in the file
  // It was made, so it can be made again: of a sample, some of whose objects may have failed.
  bool is_repeatable() const { return state != EvidenceState::failed || (sample && !kernel_nar.empty()); }
  // Else it says nothing of the release of its version.
  bool is_of_release() const { return !tree || tree->vendor.empty(); }
  friend bool operator==(const EvidenceRow&, const EvidenceRow&) = default;
};

struct ImageTables;   // images.hpp

// As a dependency: a toolchain, which is resolved and not a recipe of that name.
inline constexpr const char* kToolchainDependency = "toolchain";

class Catalog {
 public:
  // Reads the catalog directory and then the layers, later ones over earlier ones. All errors of the files that are
  // read now are reported together (Error::also); those of what is read when asked for come then. `evidence`: further
  // directories of records, shaped like a catalog's evidence/, after the layers'.
  static Result<std::shared_ptr<const Catalog>> load(const fs::path& directory,
                                                     const std::vector<fs::path>& layers = {},
                                                     const std::vector<fs::path>& evidence = {});

  const std::vector<Platform>& platforms() const;
  Result<const CLibraryRow*> c_library(std::string_view name) const;
  const std::vector<RootRow>& roots() const;
  const std::vector<SeedRow>& seeds() const;
  const std::vector<ArchiveRow>& archives() const;        // of distributions
  const std::vector<KernelRow>& kernels() const;          // sorted by version
  const std::string& kernel_recipe() const;               // that makes them; "" there are none
  // What make of one that is built what images take: it is laid out as the distribution's packages are, and its tree's
  // overlays. "": no image has such a kernel.
  const std::string& image_kernel_recipe() const;
  const std::string& overlays_recipe() const;
  const std::string& recipe_of(const EvidenceRow& record) const;
  // What made its kernel_drv: that recipe, or the one that samples its objects.
  Result<std::string> maker_of(const EvidenceRow& record) const;

  // Those that may concern a platform, or all. Read when first asked for; thread-safe, and the rows live as long as the
  // catalog.
  Result<std::vector<const ConstraintRow*>> constraints(const Platform& platform) const;
  Result<std::vector<const ConstraintRow*>> constraints() const;
  Result<std::vector<const QuirkRow*>> quirks(const Platform& platform) const;
  Result<std::vector<const QuirkRow*>> quirks() const;

  // A short name, an alias, or any spelling of a triple that a platform or an alias has; the vendor does not matter.
  // Unknown: error with a suggestion.
  Result<const Platform*> platform(std::string_view name) const;
  Result<const RootRow*> root(std::string_view name) const;
  // By id. `platform`, where it is known, saves reading the files of the others.
  Result<const ToolchainRow*> toolchain(std::string_view id, std::string_view platform = {}) const;

  // The toolchains of one platform, without fallbacks, and the fallbacks. Rows of tables first, then those of
  // toolchains/<provider>/, both read when first asked for; errors are those of that platform's rows and files.
  // Thread-safe; the vectors live as long as the catalog. A name that is no platform has none.
  Result<const std::vector<ToolchainRow>*> toolchains(std::string_view platform) const;
  Result<const std::vector<ToolchainRow>*> fallbacks(std::string_view platform) const;
  // Both, of all platforms in their order: reads every file.
  Result<std::vector<const ToolchainRow*>> all_toolchains() const;
  bool has_toolchains(std::string_view platform) const;   // reads none of them
  // The text of a file of the last layer that has it: under scripts/, in whatever folder, under kernels/patches/,
  // beside a recipe. Never one outside that layer.
  Result<std::string> script(std::string_view name) const;
  Result<std::string> patch(std::string_view name) const;
  Result<std::string> recipe_file(const RecipeRow& recipe, std::string_view name) const;
  // Where the `tree` of a component really is, when it is no URL: below its layer.
  Result<fs::path> component_tree(const ComponentRow& row) const;

  // The records of a platform, or of what a recipe makes of one kernel for it, or of its series, by kernel version,
  // toolchain and configuration. Of several of the same cell and toolchain the latest by date counts, then that of the
  // later layer. Read when first asked for, from that platform's directories only, and by the names of their files no
  // others. Thread-safe; the vector lives as long as the catalog.
  Result<const std::vector<EvidenceRow>*> evidence(std::string_view platform) const;
  Result<const std::vector<EvidenceRow>*> evidence(std::string_view platform, const Version& kernel,
                                                   const std::string& recipe) const;
  Result<const std::vector<EvidenceRow>*> evidence_of_series(std::string_view platform, const Version& kernel,
                                                             const std::string& recipe) const;
  const std::vector<fs::path>& evidence_directories() const;   // that records are read from, first layer first; some
                                                               // may not be there

  // Read when first asked for; thread-safe, like the toolchains. Components are sorted by name, then version.
  Result<const std::vector<MachineRow>*> machines() const;
  Result<const std::vector<SignatureRow>*> signatures() const;
  Result<const std::vector<SymbolRow>*> symbols() const;
  Result<const std::vector<TreeFileRow>*> tree_files() const;
  Result<const std::vector<ObjectErrorRow>*> object_errors() const;   // in their order
  Result<const std::vector<LogLineRow>*> log_lines() const;
  Result<const std::vector<FirmwareModelRow>*> firmware_models() const;
  Result<const FirmwareModelRow*> firmware_model(std::string_view id) const;   // unknown: with a suggestion
  Result<const std::vector<FirmwareSettingRow>*> firmware_settings() const;
  Result<const std::vector<FirmwareOverlayRow>*> firmware_overlays() const;
  Result<const std::vector<FirmwareTreeRow>*> firmware_trees() const;
  // The catalog and the layers over it, later ones winning: names and directories.
  std::vector<std::pair<std::string, fs::path>> layers() const;
  Result<const ImageTables*> image_tables() const;         // images.hpp
  Result<const std::vector<ComponentRow>*> components() const;
  Result<const ComponentRow*> component(std::string_view id) const;
  // Likewise, each recipe by itself; by name: NAME, or NAME@MEMBER of a family.
  Result<const RecipeRow*> recipe(std::string_view name) const;
  Result<const TargetRow*> target(std::string_view recipe) const;   // of a family: what its members have in common
  Result<std::vector<const RecipeRow*>> recipes() const;          // of families the members
  // NAME[@MEMBER][@INSTANCE], as dependencies and targets name packages.
  struct RecipeName {
    const RecipeRow* recipe = nullptr;
    std::string instance{};                               // "" none
  };
  Result<RecipeName> parse_recipe_name(std::string_view text) const;
  std::vector<std::string> recipe_names() const;          // reads none of them
  bool has_recipe(std::string_view name) const;           // likewise

  // Origin of a platform row (Platform itself is below this layer).
  const Origin& platform_origin(std::string_view name) const;

  struct State;                                           // made by load() only
  explicit Catalog(std::shared_ptr<const State> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<const State> state_;
};

// What `swage check` prints: every mistake of a catalog and its layers in one list, in the order of files and lines.
// Empty: none, and `checked`, when given, receives the catalog, of which all is read.
std::vector<Error> check_catalog(const fs::path& directory, const std::vector<fs::path>& layers = {},
                                 std::shared_ptr<const Catalog>* checked = nullptr);

}  // namespace swage
