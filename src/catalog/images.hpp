// Boards, what their cards are made of, and the images that come of them: boards/, firmware/, bundles.toml, images/.
//
// An image is no row. A [[family]] has boards and variants, and [[axis]] rows in groups: of each group an image has one
// axis or none. Every such choice that the axes allow is an image, and the family's `pattern` makes its name of theirs:
//   pattern = "{board}{loader}-{variant}"   ->   rpi3-minimal, rpi3-uboot-minimal
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.hpp"

namespace swage {

// The name of another row, or an offset, with its place.
struct NameAt {
  std::string text{};
  SourcePos pos{};
};

// A file of a root.
struct RootFile {
  std::string root{};
  std::string file{};                        // below the root; shell pattern
  std::string to{};                          // in the FAT file system; of a raw blob ""
  std::string as{};                          // of what a machine itself has: QEMU's option that takes it
  std::uint64_t offset = 0;                  // of a raw blob, in bytes of the disk
  SourcePos pos{};
};

// A part of config.txt, of the Raspberry Pi's firmware: the lines that count where all its filters hold.
struct ConfigOption {
  std::string key{}, value{};                // a boolean is "true" or "false" here
  bool is_boolean = false, is_number = false;
  SourcePos pos{};
};
struct OverlayUse {
  std::string name{};
  std::vector<NameAt> params{};              // NAME or NAME=VALUE
  SourcePos pos{};
};
struct ConfigSection {
  std::vector<NameAt> filters{};             // pi4, gpio4=1
  std::vector<ConfigOption> options{};
  std::vector<NameAt> params{};              // of the device tree: NAME or NAME=VALUE
  std::vector<OverlayUse> overlays{};        // applied in this order
};

// A file of the root file system, of a text.
struct TextFile {
  std::string text{};
  std::string mode{};                        // "0600"; "" not said: 0755 of what begins with #!, 0644 of all else
};

// What a board can have besides: Bluetooth, a display, a case.
struct AdditionRow {
  std::string name;
  std::string summary{};
  std::vector<NameAt> boards{};              // that can have it
  std::vector<ConfigSection> config{};
  std::map<std::string, TextFile> files{};   // of the root file system, by path
  std::vector<std::string> drivers{};        // as those of a part
  std::map<std::string, std::string> values{};  // what @NAME@ in these is: a layer says others
  std::vector<std::string> boot_order{};     // of the EEPROM: sd, usb, nvme, network ... the first is tried first
  std::vector<std::string> limits{};
  Origin origin{};
};

struct BoardRow {
  std::string name;                          // rpi3
  std::string title{};                       // Raspberry Pi 3 Model B
  std::string platform{};
  std::string family{};                      // raspberrypi
  NameAt firmware_model{};                   // what the model of its boot firmware calls it; "" none models it
  std::string table = "any";                 // the partition table that its firmware reads: mbr (a hybrid is one too),
                                             // gpt, any
  bool first_fat = false;                    // it looks in the first FAT partition alone
  std::string kernel{};                      // root with the distribution's kernel; "" there is none
  std::string dtb{};                         // as mainline kernels call it, below their device trees; "" none is given
  NameAt vendor_kernel{};                    // what `linux@` calls its vendor's: of images that have no other kernel
  std::string vendor_dtb{};                  // and what differs with that: the device tree's name,
  std::string vendor_console{};              // the serial line,
  std::string vendor_cmdline{};              // what it is told besides, instead of `cmdline`,
  std::vector<std::string> vendor_modules{}; // and what it does not have built in of `modules` and `network`
  std::map<std::string, std::string> load{}; // kernel, dtb, initramfs -> address that its boot loader gives it; empty:
                                             // the loader's row says it, or nobody does
  std::string console{};                     // of the serial line: ttyAMA0
  std::string cmdline{};                     // what its kernels are told besides
  std::map<std::string, std::string> defconfigs{};   // platform -> configuration of its vendor's kernels
  std::vector<std::string> modules{};        // without which such a kernel does not see its card
  std::vector<std::string> network{};        // and its network
  std::vector<RootFile> firmware{};          // files that it starts from, in the first FAT
  std::vector<RootFile> raw{};               // and blobs outside of the partitions
  std::vector<ConfigSection> config{};       // after that of the loader
  std::vector<NameAt> additions{};           // that it has
  NameAt loader{};
  std::string qemu{};                        // qemu-system-aarch64; "" nothing emulates it
  std::string qemu_root{};
  std::vector<std::string> qemu_args{};      // @image@ is the image's file
  std::string starts = "kernel";             // what QEMU is given: the `card` alone; the `kernel` out of it, since it
                                             // does not run the board's firmware; `memory`: the root file system too,
                                             // as an initramfs, since its machine has no card
  std::string qemu_console{};                // serial line there, where it is another than the board's
  std::vector<std::string> qemu_disabled{};  // nodes of its device tree (the last name a shell pattern) that its
                                             // machine does not have
  std::vector<RootFile> machine{};           // firmware that the machine has itself, and no card holds
  unsigned timeout = 300;                    // seconds until a login
  std::vector<std::string> limits{};         // what is known not to work, and why
  Origin origin{};
  bool emulated() const { return !qemu.empty(); }
};

// How a kernel comes to be started: what the boot file system holds. In texts and names @dtb@, @console@ and @cmdline@
// are the board's.
struct LoaderRow {
  std::string name;
  std::string summary{};
  std::map<std::string, std::string> files{};   // name in the boot file system -> kernel, initramfs, dtb, overlays: a
                                                // directory, if the kernel comes with them
  std::map<std::string, std::string> texts{};   // name -> text
  std::vector<RootFile> firmware{};             // what is started before the kernel
  std::map<std::string, std::string> load{};    // as BoardRow::load, of a loader that is the same on all boards
  std::vector<ConfigSection> config{};          // config.txt, if it has one
  Origin origin{};
};

struct PartitionRow {
  std::string name{};
  std::string type{};                        // of an MBR one or two hexadecimal digits, "c"; of a GPT a GUID
  std::string fs{};                          // vfat, ext4, erofs, squashfs
  std::string label{};                       // "" has none: squashfs
  std::string size{};                        // "64M", or "+16M": as much as the content, and so much
  std::string content{};                     // boot or root
  bool bootable = false;
  SourcePos pos{}, type_pos{}, label_pos{}, size_pos{};
};
struct LayoutRow {
  std::string name;
  std::string summary{};
  std::string table{};                       // mbr, gpt, hybrid: a GPT whose boot partition is in an MBR too
  std::uint64_t start = 1024 * 1024;         // of the first partition, in bytes
  std::vector<PartitionRow> partitions{};
  Origin origin{};
};

// Of a user, group or service that parts name several times the later one says what it says, and leaves the rest.
struct UserRow {
  std::string name{};
  std::string id{}, group{}, home{}, shell{};   // "" not said: the next number, a group of its own, /home/NAME, /bin/sh
  std::string password{};                    // the hash, as crypt(3) has it; "" or *: there is no login by password
  std::vector<std::string> groups{};         // others that the user is of
  std::vector<std::string> keys{};           // lines of SSH's authorized_keys
  SourcePos pos{};
};
struct UserGroupRow {
  std::string name{}, id{};
  SourcePos pos{};
};
struct ServiceRow {
  std::string name{};
  std::string run{};                         // a command line
  std::string when{};                        // start: in order, before all others; keep: again when it ends; once;
                                             // stop; ctrl-alt-del; never
  std::string tty{};                         // that it runs on
  SourcePos pos{};
};

// What a userland is put together of. @name@, @host@ and @console@ in texts are the image's, the host's and the
// board's.
struct PartRow {
  std::string name;
  std::string summary{};
  std::vector<NameAt> to{};                  // userlands that have it without naming it
  std::vector<NameAt> boards{};              // for these alone; empty: all
  NameAt host{};                             // the host's name
  std::vector<std::string> packages{};       // recipes
  std::map<std::string, std::vector<std::string>> programs{};   // of these recipes only these files
  std::vector<UserRow> users{};
  std::vector<UserGroupRow> groups{};
  std::vector<ServiceRow> services{};
  std::map<std::string, TextFile> files{};   // by path
  std::string login{};                       // USER:PASSWORD that a boot logs in by
  std::string password{};                    // regular expression (grep's): what its \(..\) matches of what a boot's
                                             // console says is @password@ in `login` and `checks`
  std::vector<std::string> checks{};         // commands that must succeed in it then
  std::uint64_t card = 0;                    // bytes of the card that a boot has at least
  unsigned boots = 1;                        // how many times a boot starts the card, one after another
  std::vector<std::string> modules{};        // of the kernel, loaded before the root file system is there
  std::vector<std::string> drivers{};        // likewise, in the root file system and loaded out of it
  std::vector<RootFile> firmware{};          // and what these load: in the root file system, `to` may be a directory
  std::string cmdline{};                     // what the kernel is told besides
  Origin origin{};
};

struct UserlandRow {
  std::string name;
  std::string summary{};
  std::vector<NameAt> parts{};
  Origin origin{};
};

// All parts of an image's userland as one: of a file, host, login or password the last one that says it.
struct Userland {
  PartRow whole{};
  std::map<std::string, std::vector<std::string>> packages{};   // recipe -> only these files of it; empty: all
  std::vector<std::string> passwd{}, group{};                   // lines of passwd(5), with hashes, and of group(5)
};

struct VariantRow {
  std::string name;
  std::string summary{};
  NameAt userland{};
  std::string planned{};                     // why there is no image of it yet; "" there is
  Origin origin{};
};

struct AxisRow {
  std::string name;
  std::string suffix{};                      // -uboot
  std::string group{};                       // of which an image has one
  std::vector<NameAt> boards{}, variants{};  // for these alone; empty: all
  std::vector<NameAt> excludes{}, needs{};   // other axes
  NameAt loader{};                           // instead of the board's
  NameAt layout{};                           // instead of the family's
  std::vector<NameAt> parts{};               // of the userland, besides
  std::string libc{};                        // instead of the platform's: musl
  NameAt kernel{};                           // instead of the board's: what `linux@` calls a vendor's
  std::string planned{};
  Origin origin{};
};

// Several images by one name: image/all-installer-images.
struct GroupRow {
  std::string name;
  std::string summary{};
  std::vector<NameAt> families{}, variants{};   // whose images; empty: all
  Origin origin{};
};

struct FamilyRow {
  std::string name;
  std::string summary{};
  NameAt pattern{};
  std::vector<NameAt> boards{}, variants{}, axes{};
  NameAt layout{};
  std::string planned{};
  Origin origin{};
};

// Who has a kernel tree of their own. A target `linux@NAME` is of it.
struct VendorRow {
  std::string name;                          // rpi
  std::string title{};
  std::string repository{};                  // whose archives `REPOSITORY/archive/COMMIT.tar.gz` are
  std::vector<std::string> config{};         // lines that all its configurations need
  Origin origin{};
};
// Lines of a configuration, and patches, that several releases of a vendor need.
struct FixupRow {
  std::string name;
  std::string title{};
  std::vector<std::string> config{};
  std::vector<std::string> patches{};        // URLs
  std::vector<std::string> sha256{};         // of each, base16
  Origin origin{};
};
// Another way to configure a vendor's kernels: `linux@rpi-4k`.
struct FlavourRow {
  std::string name;
  std::string title{};
  NameAt vendor{};
  std::vector<NameAt> boards{};              // empty: all
  std::vector<std::string> config{};
  Origin origin{};
};
// One release of a vendor's kernel tree.
struct VendorKernelRow {
  std::string name;                          // 6.12.47; another vendor may have it too
  NameAt vendor{};
  std::string tag{}, commit{};
  std::string nar{};                         // sha256 of the unpacked tree, base16
  std::vector<NameAt> boards{};
  std::vector<std::string> config{};         // lines that its configurations need
  std::vector<NameAt> fixups{};
  std::string reference{};
  Origin origin{};
};
struct FirmwareRow {
  std::string name;                          // 1.20250915
  std::string kind{};                        // boot, bluetooth, wireless
  std::string repository{}, commit{}, nar{};
  std::string kernel_commit{};               // that it says it was made with; "" not known
  std::string reference{};
  Origin origin{};
};
// A kernel and the firmware that fits it.
struct BundleRow {
  std::string name;
  NameAt vendor{};
  NameAt kernel{};                           // of the vendor
  std::vector<NameAt> firmware{};
  std::vector<NameAt> boards{};              // that it is for
  std::vector<std::string> aliases{};        // default, latest, stable
  Origin origin{};
};

struct ImageRow {
  std::string name;                          // rpi3-minimal
  const BoardRow* board = nullptr;
  const FamilyRow* family = nullptr;
  const VariantRow* variant = nullptr;
  std::vector<const AxisRow*> axes{};
  const LayoutRow* layout = nullptr;
  const LoaderRow* loader = nullptr;
  const UserlandRow* userland = nullptr;
  std::string vendor_kernel{};               // what `linux@` calls its kernel; "" it is the distribution's
  std::string planned{};                     // why it cannot be made yet
  // What the board has with this kernel.
  bool is_of_vendor() const { return !vendor_kernel.empty(); }
  bool takes_overlays() const;               // all of its kernel's tree
  const std::string& dtb() const { return is_of_vendor() ? board->vendor_dtb : board->dtb; }
  const std::string& console() const {
    return is_of_vendor() && !board->vendor_console.empty() ? board->vendor_console : board->console;
  }
  const std::string& cmdline() const { return is_of_vendor() ? board->vendor_cmdline : board->cmdline; }
  const std::vector<std::string>& modules() const { return is_of_vendor() ? board->vendor_modules : board->modules; }
  const std::map<std::string, std::string>& load() const { return loader->load.empty() ? board->load : loader->load; }
};

struct ImageTables {
  std::vector<BoardRow> boards{};
  std::vector<LoaderRow> loaders{};
  std::vector<LayoutRow> layouts{};
  std::vector<UserlandRow> userlands{};
  std::vector<PartRow> parts{};
  std::vector<VariantRow> variants{};
  std::vector<AxisRow> axes{};
  std::vector<FamilyRow> families{};
  std::vector<GroupRow> groups{};
  std::vector<AdditionRow> additions{};
  std::vector<VendorRow> vendors{};
  std::vector<FixupRow> fixups{};
  std::vector<FlavourRow> flavours{};
  std::vector<VendorKernelRow> kernels{};
  std::vector<FirmwareRow> firmware{};
  std::vector<BundleRow> bundles{};
  std::vector<ImageRow> images{};            // sorted by name

  Result<const ImageRow*> image(std::string_view name) const;   // one; a group of several is an error that says so
  std::vector<const ImageRow*> images_of(const GroupRow& group) const;   // planned ones too
  const GroupRow* group(std::string_view name) const;
  const AdditionRow* addition(std::string_view name) const;
  // The row of that name, or null.
  const BoardRow* board(std::string_view name) const;
  const FixupRow* fixup(std::string_view name) const;
  const FirmwareRow* firmware_named(std::string_view name) const;
  const VendorKernelRow* kernel(std::string_view vendor, std::string_view name) const;
};

// Two users, or two groups, of one number in a part.
void check_account_numbers(const PartRow& part, std::vector<Error>& errors);
// What a userland has on a board, with what the axes bring: its own parts, theirs, and then those that say they are for
// it, in the order of layers. What does not fit goes to `errors`: two users of one number, a group that is none.
Userland put_together(const ImageTables& tables, const UserlandRow& userland, std::string_view board,
                      const std::vector<const AxisRow*>& axes, std::vector<Error>& errors);
// What `linux@rpi-latest-4k` means: VENDOR[-BUNDLE][-FLAVOUR], where a bundle is named by itself, by an alias or by its
// kernel, and is `default` where none is named.
struct VendorKernel {
  const VendorRow* vendor = nullptr;
  const VendorKernelRow* kernel = nullptr;
  const BundleRow* bundle = nullptr;         // null: a kernel that no bundle has
  const FlavourRow* flavour = nullptr;
  bool is_named = false;                     // and not only `default`
  std::string name() const;                  // rpi-6.12.47-4k
  std::vector<std::string> boards() const;   // that it can be configured for
};
// Null: the text does not begin with a vendor's name. Unknown bundles are errors with what there is.
Result<std::optional<VendorKernel>> find_vendor_kernel(const ImageTables& tables, std::string_view text);

// What an EEPROM can start from, as digits of BOOT_ORDER: `sd` is 1. Null: there is no such mode.
std::optional<char> boot_mode(std::string_view name);
std::vector<std::string> boot_mode_names();

// Bytes of `64M`: K, M and G. Nothing: it is no size.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace swage
