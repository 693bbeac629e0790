// Which images there are, and whether the tables that they come from fit together.
#include <algorithm>
#include <cctype>
#include <fmt/core.h>
#include <map>
#include <set>

#include "base/text.hpp"
#include "catalog/image_rows.hpp"
#include "catalog/row_named.hpp"
#include "catalog/variable_names.hpp"

namespace swage {

namespace {

bool names_it(const std::vector<NameAt>& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(), [&](const NameAt& one) { return one.text == name; });
}

// What a family's pattern makes of a choice: {board}, {variant}, and the suffix of an axis by its group.
std::string name_by(const std::string& pattern, const std::string& board, const std::string& variant,
                    const std::vector<const AxisRow*>& axes) {
  std::string name = pattern;
  const auto put = [&](const std::string& variable, const std::string& value) {
    const std::string word = "{" + variable + "}";
    if (const auto at = name.find(word); at != std::string::npos) name.replace(at, word.size(), value);
  };
  std::map<std::string, std::string> words{{"board", board}, {"variant", variant}};
  for (const AxisRow* axis : axes) words[axis->group] += axis->suffix;   // of a name that cannot be, two of a group
  for (const auto& [variable, value] : words) put(variable, value);
  for (std::size_t at; (at = name.find('{')) != std::string::npos;) name.erase(at, name.find('}', at) + 1 - at);
  return name;
}

constexpr std::uint64_t kMbrBytes = std::uint64_t{1} << 41;   // 32 bits of sectors
constexpr std::uint64_t kGptBytes = 34 * 512;                 // the table, before the first partition
constexpr std::size_t kLongestName = 150;                     // the store's names have room for a little more
constexpr std::size_t kMbrEntries = 4, kGptEntries = 128, kGptName = 36;

// FAT takes capital and small letters for the same.
std::string folded(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

bool is_mbr_type(std::string_view text) {
  return !text.empty() && text.size() <= 2 && is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

bool is_guid(std::string_view text) {
  const auto parts = split(text, '-');
  constexpr std::size_t lengths[] = {8, 4, 4, 4, 12};
  return parts.size() == 5 && std::equal(parts.begin(), parts.end(), lengths, [](std::string_view part, std::size_t n) {
           return part.size() == n && is_hex(part);
         });
}

class ImageMaker {
 public:
  ImageMaker(ImageTables& tables, Findings& findings) : tables_(tables), findings_(findings) {}

  void make() {
    for (const BoardRow& board : tables_.boards) check(board);
    for (const LoaderRow& loader : tables_.loaders) check(loader);
    for (const LayoutRow& layout : tables_.layouts) check(layout);
    for (const AxisRow& axis : tables_.axes) check(axis);
    for (const VariantRow& variant : tables_.variants) check(variant);
    for (const PartRow& part : tables_.parts) check(part);
    for (const UserlandRow& userland : tables_.userlands) check(userland);
    for (const BundleRow& bundle : tables_.bundles) check(bundle);
    for (const VendorKernelRow& kernel : tables_.kernels) check(kernel);
    for (const GroupRow& group : tables_.groups) check(group);
    for (const AdditionRow& addition : tables_.additions)
      for (const NameAt& board : addition.boards) find(tables_.boards, board, "a board");
    for (const FixupRow& fixup : tables_.fixups) check(fixup);
    for (const FlavourRow& flavour : tables_.flavours) {
      find(tables_.vendors, flavour.vendor, "a vendor");
      for (const NameAt& board : flavour.boards) find(tables_.boards, board, "a board");
    }
    for (const FamilyRow& family : tables_.families) add(family);
    std::sort(tables_.images.begin(), tables_.images.end(),
              [](const ImageRow& a, const ImageRow& b) { return a.name < b.name; });
    for (std::size_t i = 1; i < tables_.images.size(); ++i)
      if (tables_.images[i].name == tables_.images[i - 1].name)
        report(fmt::format("'{}' is the name of two images", tables_.images[i].name),
               tables_.images[i].family->origin.pos);
    std::set<const FamilyRow*> told;
    for (const ImageRow& image : tables_.images) {
      if (tables_.group(image.name))
        report(fmt::format("'{}' is the name of an image and of a group", image.name), image.family->origin.pos);
      const bool begins = !image.name.empty() && std::isalnum(static_cast<unsigned char>(image.name[0]));
      if ((!begins || image.name.size() > kLongestName) && told.insert(image.family).second)
        report(fmt::format("'{}' is no name of an image: a letter or digit first, and at most {} characters",
                           image.name, kLongestName),
               image.family->pattern.pos);
    }
  }

 private:
  void report(std::string what, const SourcePos& pos, std::string hint = "") {
    findings_.errors.push_back({.what = std::move(what), .where = pos, .hint = std::move(hint)});
  }

  // Null: there is none, which is reported, or nothing was named.
  template <class Row>
  const Row* find(const std::vector<Row>& rows, const NameAt& name, std::string_view what) {
    if (name.text.empty()) return nullptr;
    std::vector<std::string> known;
    for (const Row& row : rows) {
      if (row.name == name.text) return &row;
      known.push_back(row.name);
    }
    if (!findings_.incomplete)
      report(fmt::format("'{}' is not {}", name.text, what), name.pos, did_you_mean(name.text, known));
    return nullptr;
  }

  void check(const GroupRow& group) {
    for (const NameAt& name : group.families) find(tables_.families, name, "a family");
    for (const NameAt& name : group.variants) find(tables_.variants, name, "a variant");
  }

  // That a vendor's kernel of that name can be configured for the board.
  void check_kernel(const NameAt& name, const BoardRow& board) {
    if (name.text.empty() || findings_.incomplete) return;
    const Result<std::optional<VendorKernel>> found = find_vendor_kernel(tables_, name.text);
    if (!found || !*found) {
      report(fmt::format("'{}' is not a vendor's kernel", name.text), name.pos);
      return;
    }
    const std::vector<std::string> boards = (*found)->boards();
    if (std::find(boards.begin(), boards.end(), board.name) == boards.end())
      report(fmt::format("'linux@{}' is not for '{}'", name.text, board.name), name.pos);
    else if (!board.defconfigs.contains(board.platform) && !board.origin.is_wrong("defconfigs"))
      report(fmt::format("'{}' has a vendor's kernel, and no configuration of it for '{}'", board.name, board.platform),
             name.pos);
    else if (!board.dtb.empty() && board.vendor_dtb.empty() && !board.origin.is_wrong("vendor_dtb"))
      report(fmt::format("'{}' has a 'dtb' and a vendor's kernel, and no 'vendor_dtb'", board.name), name.pos);
  }

  void check(const BoardRow& board) {
    find(tables_.loaders, board.loader, "a loader");
    check_kernel(board.vendor_kernel, board);
    for (const NameAt& name : board.additions) {
      const AdditionRow* addition = find(tables_.additions, name, "an addition");
      const auto is_it = [&](const NameAt& one) { return one.text == board.name; };
      if (addition && std::none_of(addition->boards.begin(), addition->boards.end(), is_it))
        report(fmt::format("'{}' is not for '{}'", addition->name, board.name), name.pos);
    }
    if (board.emulated() && board.qemu_root.empty() && !board.origin.is_wrong("qemu_root"))
      report("'qemu_root' is missing in [[board]], and it has 'qemu'", board.origin.pos);
    if (board.emulated() && board.console.empty() && !board.origin.is_wrong("console"))
      report(fmt::format("'{}' has an emulator and no 'console' to log in on", board.name), board.origin.pos);
    if (!board.emulated() && board.limits.empty() && !board.origin.is_wrong("limits"))
      report(fmt::format("'{}' has no emulator, and its 'limits' do not say why", board.name), board.origin.pos);
    if (board.origin.is_wrong("raw")) return;
    for (const RootFile& one : board.raw)
      for (const RootFile& other : board.raw)
        if (&one < &other && one.offset == other.offset)
          report(fmt::format("two blobs of '{}' begin at byte {}", board.name, one.offset), other.pos);
  }

  void check(const LoaderRow& loader) {
    std::vector<std::string> names;
    if (!loader.config.empty()) names.emplace_back("config.txt");
    for (const auto* files : {&loader.files, &loader.texts})
      for (const auto& [name, what] : *files) names.push_back(name);
    std::set<std::string> seen;
    for (const std::string& name : names)
      if (!seen.insert(folded(name)).second)
        report(fmt::format("'{}' has two files '{}' in its FAT file system", loader.name, folded(name)),
               loader.origin.pos);
  }

  void check(const LayoutRow& layout) {
    if (layout.origin.is_wrong("partition")) return;
    std::set<std::string> names, labels;
    if (layout.table != "mbr" && layout.start < kGptBytes)
      report(fmt::format("'{}' begins at byte {}, and its GPT ends at {}", layout.name, layout.start, kGptBytes),
             layout.origin.pos);
    std::uint64_t fixed = layout.start;
    for (const PartitionRow& partition : layout.partitions) {
      check(partition, layout.table == "mbr");
      if (!names.insert(partition.name).second)
        report(fmt::format("'{}' has two partitions '{}'", layout.name, partition.name), partition.pos);
      if (!partition.label.empty() && !labels.insert(partition.label).second)
        report(fmt::format("'{}' has two file systems with the label '{}'", layout.name, partition.label),
               partition.label_pos);
      fixed += parse_bytes(partition.size).value_or(0);   // one that grows with its content is known when it is made
      if (layout.table == "mbr" && fixed > kMbrBytes)
        return report(fmt::format("'{}' ends at byte {}, and an MBR knows {}", partition.name, fixed, kMbrBytes),
                      partition.size_pos);
    }
    check_contents(layout);
    const std::size_t most = layout.table == "mbr" ? kMbrEntries : kGptEntries;
    if (layout.partitions.size() > most)
      report(fmt::format("'{}' has {} partitions, and its table has room for {}", layout.name,
                         layout.partitions.size(), most),
             layout.partitions[most].pos);
  }

  // What boards start from, and one root, which the first start makes as large as the card.
  void check_contents(const LayoutRow& layout) {
    std::vector<const PartitionRow*> roots;
    for (const PartitionRow& one : layout.partitions)
      if (one.content == "root") roots.push_back(&one);
    if (roots.size() == layout.partitions.size())
      report(fmt::format("'{}' has no partition with the content 'boot'", layout.name), layout.origin.pos);
    if (roots.empty())
      report(fmt::format("'{}' has no partition with the content 'root'", layout.name), layout.origin.pos);
    else if (roots.size() > 1)
      report(fmt::format("'{}' has two roots, '{}' and '{}'", layout.name, roots[0]->name, roots[1]->name),
             roots[1]->pos);
    else if (roots[0]->fs == "ext4" && roots[0] != &layout.partitions.back())
      report(fmt::format("'{}' takes the rest of the card, and '{}' lies behind it", roots[0]->name,
                         layout.partitions.back().name),
             layout.partitions.back().pos);
  }

  void check(const PartitionRow& partition, bool is_mbr) {
    if (partition.content == "boot" && partition.fs != "vfat")
      report(fmt::format("'{}' holds what boards start from, which is read of vfat alone", partition.name),
             partition.pos);
    if (partition.content == "root" && partition.fs == "vfat")
      report(fmt::format("'{}' is a root file system, and vfat knows no owners", partition.name), partition.pos);
    if (is_mbr ? !is_mbr_type(partition.type) : !is_guid(partition.type))
      report(is_mbr ? fmt::format("'{}' is no type of a partition in an MBR: c, 83", partition.type)
                    : fmt::format("'{}' is no type of a partition in a GPT: a GUID", partition.type),
             partition.type_pos);
    if (!is_mbr && partition.name.size() > kGptName)
      report(fmt::format("'{}' is a name of {} characters, and a GPT has room for {}", partition.name,
                         partition.name.size(), kGptName),
             partition.pos);
    static const std::map<std::string, std::size_t> longest{{"vfat", 11}, {"ext4", 16}, {"erofs", 15}};
    const auto most = longest.find(partition.fs);
    if (most == longest.end()) return;   // squashfs has none
    if (partition.label.empty())
      report(fmt::format("'{}' has no 'label', by which its file system is found", partition.name), partition.pos);
    else if (partition.label.size() > most->second)
      report(fmt::format("'{}' is a label of {} characters, and {} has room for {}", partition.label,
                         partition.label.size(), partition.fs, most->second),
             partition.label_pos);
  }

  void check(const AxisRow& axis) {
    for (const auto* names : {&axis.excludes, &axis.needs})
      for (const NameAt& name : *names) find(tables_.axes, name, "an axis");
    for (const NameAt& name : axis.needs)
      if (std::any_of(axis.excludes.begin(), axis.excludes.end(),
                      [&](const NameAt& other) { return other.text == name.text; }))
        report(fmt::format("'{}' needs '{}' and excludes it", axis.name, name.text), name.pos);
    find(tables_.loaders, axis.loader, "a loader");
    find(tables_.layouts, axis.layout, "a layout");
    for (const NameAt& part : axis.parts) find(tables_.parts, part, "a part of userlands");
    for (const NameAt& name : axis.boards) find(tables_.boards, name, "a board");
    for (const NameAt& name : axis.variants) find(tables_.variants, name, "a variant");
  }

  void check(const VariantRow& variant) {
    find(tables_.userlands, variant.userland, "a userland");
    if (variant.userland.text.empty() && variant.planned.empty() && !variant.origin.is_wrong("userland"))
      report(fmt::format("'{}' has no 'userland', and does not say why it is 'planned'", variant.name),
             variant.origin.pos);
  }

  // Numbers also of a part that no userland has.
  void check(const PartRow& part) {
    std::vector<Error> errors;
    check_account_numbers(part, errors);
    tell_once(errors);
    for (const NameAt& name : part.to) find(tables_.userlands, name, "a userland");
    for (const NameAt& name : part.boards) find(tables_.boards, name, "a board");
  }

  // What several userlands have is wrong once.
  void tell_once(std::vector<Error>& errors) {
    for (Error& error : errors)
      if (told_.insert(render(error)).second) findings_.errors.push_back(std::move(error));
  }

  // Its parts together, as they are for any board, for each that a part is for, and with those of each axis.
  void check(const UserlandRow& userland) {
    bool are_parts = !userland.origin.is_wrong("parts");
    for (const NameAt& name : userland.parts) are_parts &= find(tables_.parts, name, "a part of userlands") != nullptr;
    for (const PartRow& part : tables_.parts) are_parts &= part.origin.wrong.empty();
    if (!are_parts) return;   // nothing follows from what is reported already
    std::set<std::string> boards{""};
    for (const PartRow& part : tables_.parts)
      for (const NameAt& board : part.boards) boards.insert(board.text);
    std::vector<Error> errors;
    for (const std::string& board : boards) put_together(tables_, userland, board, {}, errors);
    for (const AxisRow& axis : tables_.axes)
      if (!axis.parts.empty()) put_together(tables_, userland, "", {&axis}, errors);
    tell_once(errors);
  }

  // A board of its has a configuration for each platform that it is built for.
  void check(const VendorKernelRow& kernel) {
    find(tables_.vendors, kernel.vendor, "a vendor");
    for (const NameAt& fixup : kernel.fixups) find(tables_.fixups, fixup, "a fixup");
    for (const NameAt& name : kernel.boards) {
      const BoardRow* board = find(tables_.boards, name, "a board");
      if (board && board->defconfigs.empty() && !board->origin.is_wrong("defconfigs"))
        report(fmt::format("kernel {} is for '{}', which has no 'defconfigs'", kernel.name, board->name), name.pos);
    }
  }

  void check(const FixupRow& fixup) {
    if (fixup.patches.size() != fixup.sha256.size() && !fixup.origin.is_wrong("sha256") &&
        !fixup.origin.is_wrong("patches"))
      report(fmt::format("'{}' has {} patches and {} hashes of them", fixup.name, fixup.patches.size(),
                         fixup.sha256.size()),
             fixup.origin.pos);
  }

  const VendorKernelRow* kernel_of(const BundleRow& bundle) {
    if (!find(tables_.vendors, bundle.vendor, "a vendor") || bundle.kernel.text.empty()) return nullptr;
    if (const VendorKernelRow* kernel = tables_.kernel(bundle.vendor.text, bundle.kernel.text)) return kernel;
    std::vector<std::string> known;
    for (const VendorKernelRow& kernel : tables_.kernels)
      if (kernel.vendor.text == bundle.vendor.text) known.push_back(kernel.name);
    if (!findings_.incomplete)
      report(fmt::format("'{}' is not a kernel of '{}'", bundle.kernel.text, bundle.vendor.text), bundle.kernel.pos,
             did_you_mean(bundle.kernel.text, known));
    return nullptr;
  }

  // That its kernel is for its boards, and that what its firmware was made with is that kernel.
  void check(const BundleRow& bundle) {
    const VendorKernelRow* kernel = kernel_of(bundle);
    for (const NameAt& board : bundle.boards) {
      if (!find(tables_.boards, board, "a board") || !kernel) continue;
      const auto same = [&](const NameAt& one) { return one.text == board.text; };
      if (std::none_of(kernel->boards.begin(), kernel->boards.end(), same))
        report(fmt::format("'{}' is for '{}', and its kernel {} is not", bundle.name, board.text, kernel->name),
               board.pos);
    }
    for (const NameAt& name : bundle.firmware) {
      const FirmwareRow* firmware = find(tables_.firmware, name, "a firmware");
      if (!firmware || !kernel || firmware->kernel_commit.empty() || kernel->commit.empty()) continue;
      if (firmware->kernel_commit != kernel->commit)
        report(fmt::format("'{}' was made with kernel {}, and '{}' has {}", firmware->name,
                           firmware->kernel_commit.substr(0, 12), bundle.name, kernel->commit.substr(0, 12)),
               name.pos);
    }
    for (const BundleRow& other : tables_.bundles) {
      if (other.vendor.text != bundle.vendor.text) continue;   // each vendor has a default
      for (const std::string& alias : other.aliases)
        if (&other < &bundle && std::find(bundle.aliases.begin(), bundle.aliases.end(), alias) != bundle.aliases.end())
          report(fmt::format("'{}' means two bundles, '{}' and '{}'", alias, other.name, bundle.name),
                 bundle.origin.pos);
    }
  }

  // What the firmware of a board makes of a layout.
  void check_fit(const BoardRow& board, const LayoutRow& layout, const SourcePos& pos) {
    const bool both = layout.table == "hybrid" && board.table == "mbr";
    if (board.table != "any" && board.table != layout.table && !both)
      report(fmt::format("'{}' reads an {} partition table, and '{}' is {}", board.name, upper(board.table),
                         layout.name, upper(layout.table)),
             pos);
    const bool is_first = layout.partitions.empty() || layout.partitions.front().content == "boot";
    if (!is_first && (board.first_fat || (board.emulated() && board.starts != "card")))
      report(fmt::format("'{}' is started from the first partition, which in '{}' is '{}'", board.name, layout.name,
                         layout.partitions.front().name),
             pos);
    for (const RootFile& blob : board.raw)
      if (blob.offset >= layout.start)
        report(fmt::format("a blob of '{}' at byte {} lies in the partitions of '{}', which begin at {}", board.name,
                           blob.offset, layout.name, layout.start),
               blob.pos);
      else if (layout.table != "mbr" && blob.offset < kGptBytes)
        report(fmt::format("a blob of '{}' at byte {} lies over the GPT of '{}', which ends at {}", board.name,
                           blob.offset, layout.name, kGptBytes),
               blob.pos);
  }

  static std::string upper(const std::string& table) {
    return table == "mbr" ? "MBR" : table == "gpt" ? "GPT" : "a GPT with a hybrid MBR";
  }

  template <class Row>
  std::vector<const Row*> all(const std::vector<Row>& rows, const std::vector<NameAt>& names, std::string_view what) {
    std::vector<const Row*> found;
    for (const NameAt& name : names)
      if (const Row* row = find(rows, name, what)) found.push_back(row);
    return found;
  }

  // Characters of names and {VARIABLE}s, each of them once: the board, the variant, or a group of axes.
  bool check_pattern(const NameAt& pattern) {
    const std::size_t before = findings_.errors.size();
    std::vector<std::string> known{"board", "variant"}, seen;
    for (const AxisRow& axis : tables_.axes) known.push_back(axis.group);
    for (const std::string_view name : variables_in(pattern.text)) {
      if (std::find(seen.begin(), seen.end(), name) != seen.end())
        report(fmt::format("the pattern has {{{}}} twice", name), pattern.pos);
      else if (std::find(known.begin(), known.end(), name) == known.end() && !findings_.incomplete)
        report(fmt::format("the pattern has {{{}}}, which is no group of axes", name), pattern.pos,
               did_you_mean(name, known));
      seen.emplace_back(name);
    }
    const std::string plain = without_variables(pattern.text);
    const auto is_of_name = [](unsigned char c) {
      return std::isalnum(c) || std::string_view("-_.+").find(static_cast<char>(c)) != std::string_view::npos;
    };
    if (!std::all_of(plain.begin(), plain.end(), is_of_name))
      report("a pattern is of {board}, {variant} and {GROUP} of axes, and between them letters, digits, - _ . and +",
             pattern.pos);
    return findings_.errors.size() == before;
  }

  void add(const FamilyRow& family) {
    const auto boards = all(tables_.boards, family.boards, "a board");
    const auto variants = all(tables_.variants, family.variants, "a variant");
    const auto axes = all(tables_.axes, family.axes, "an axis");
    const LayoutRow* layout = find(tables_.layouts, family.layout, "a layout");
    if (!layout && family.planned.empty() && family.layout.text.empty() && !family.origin.is_wrong("layout"))
      report(fmt::format("'{}' has no 'layout', and does not say why it is 'planned'", family.name),
             family.origin.pos);
    if (family.origin.is_wrong("pattern") || !check_pattern(family.pattern)) return;
    std::vector<std::string> groups;
    for (const std::string_view group : variables_in(family.pattern.text))
      if (group != "board" && group != "variant") groups.emplace_back(group);
    for (const AxisRow* axis : axes)
      if (std::find(groups.begin(), groups.end(), axis->group) == groups.end())
        report(fmt::format("the pattern of '{}' has no {{{}}}, which '{}' is of", family.name, axis->group, axis->name),
               family.origin.pos);
    for (const BoardRow* board : boards) {
      for (const AxisRow* axis : axes)
        if (is_for(axis->boards, board->name)) check_kernel(axis->kernel, *board);
      if (layout && family.planned.empty()) check_fit(*board, *layout, family.layout.pos);
      for (const AxisRow* axis : axes) {
        const LayoutRow* own = row_named(tables_.layouts, axis->layout.text);
        if (own && is_for(axis->boards, board->name)) check_fit(*board, *own, axis->layout.pos);
      }
      for (const VariantRow* variant : variants) {
        ImageRow image{.board = board, .family = &family, .variant = variant, .layout = layout};
        choose(image, groups, 0, axes);
      }
    }
  }

  // Goes through the axes of a group, and none of them; groups of later places after that.
  void choose(ImageRow& image, const std::vector<std::string>& groups, std::size_t at,
              const std::vector<const AxisRow*>& axes) {
    if (at == groups.size()) return finish(image);
    choose(image, groups, at + 1, axes);
    for (const AxisRow* axis : axes) {
      if (axis->group != groups[at] || !is_for(axis->boards, image.board->name) ||
          !is_for(axis->variants, image.variant->name))
        continue;
      image.axes.push_back(axis);
      choose(image, groups, at + 1, axes);
      image.axes.pop_back();
    }
  }
  static bool is_for(const std::vector<NameAt>& names, const std::string& name) {
    return names.empty() || names_it(names, name);
  }

  void finish(ImageRow image) {
    const auto has = [&](const NameAt& name) {
      return std::any_of(image.axes.begin(), image.axes.end(),
                         [&](const AxisRow* axis) { return axis->name == name.text; });
    };
    NameAt loader = image.board->loader;
    if (image.board->kernel.empty()) image.vendor_kernel = image.board->vendor_kernel.text;
    for (const AxisRow* axis : image.axes) {
      if (!axis->kernel.text.empty()) image.vendor_kernel = axis->kernel.text;
      if (std::any_of(axis->excludes.begin(), axis->excludes.end(), has)) return;
      if (!std::all_of(axis->needs.begin(), axis->needs.end(), has)) return;
      if (!axis->loader.text.empty()) loader = axis->loader;
      if (!axis->layout.text.empty()) image.layout = row_named(tables_.layouts, axis->layout.text);
    }
    image.name = name_by(image.family->pattern.text, image.board->name, image.variant->name, image.axes);
    image.loader = row_named(tables_.loaders, loader.text);
    image.userland = row_named(tables_.userlands, image.variant->userland.text);
    image.planned = why_planned(image);
    if (image.planned.empty()) check_label(image);
    tables_.images.push_back(std::move(image));
  }

  // raspberrypi/firmware#1529: see hide_behind_label() in src/image.
  void check_label(const ImageRow& image) {
    if (image.board->firmware_model.text.empty() || !image.layout || !image.loader) return;
    std::vector<std::string> names;
    for (const auto& [name, what] : image.loader->files) names.push_back(name);
    for (const auto& [name, text] : image.loader->texts) names.push_back(name);
    for (const auto* files : {&image.board->firmware, &image.loader->firmware})
      for (const RootFile& file : *files) names.push_back(file.to);
    for (const PartitionRow& partition : image.layout->partitions) {
      if (partition.content != "boot") continue;
      for (const std::string& name : names) {
        const std::string directory = name.substr(0, name.find('/'));
        if (directory.size() == name.size() || folded(directory) != folded(partition.label)) continue;
        std::vector<Error> errors{
            {.what = fmt::format("the label '{}' is the name of a directory too, '{}' of '{}'", partition.label,
                                 directory, image.loader->name),
             .where = partition.label_pos,
             .notes = {"firmware of Raspberry Pis does not find such a directory: raspberrypi/firmware#1529"}}};
        return tell_once(errors);
      }
    }
  }

  std::string why_planned(const ImageRow& image) const {
    if (!image.family->planned.empty()) return image.family->planned;
    if (!image.variant->planned.empty()) return image.variant->planned;
    for (const AxisRow* axis : image.axes)
      if (!axis->planned.empty()) return axis->planned;
    const BoardRow& board = *image.board;
    if (board.kernel.empty() && !image.is_of_vendor())
      return fmt::format("no kernel for '{}' can be had yet{}{}", board.name, board.limits.empty() ? "" : ": ",
                         join(board.limits, "; "));
    return image.loader ? "" : fmt::format("'{}' has no loader yet", image.board->name);
  }

  ImageTables& tables_;
  Findings& findings_;
  std::set<std::string> told_{};
};

}  // namespace

void make_images(ImageTables& tables, Findings& findings) { ImageMaker(tables, findings).make(); }

void check_board_models(const ImageTables& tables, const std::vector<FirmwareModelRow>& models, Findings& findings) {
  std::vector<std::string> known;
  for (const FirmwareModelRow& model : models) known.push_back(model.id);
  for (const BoardRow& board : tables.boards) {
    const NameAt& name = board.firmware_model;
    if (name.text.empty() || std::find(known.begin(), known.end(), name.text) != known.end()) continue;
    findings.errors.push_back({.what = fmt::format("'{}' is no model of firmware_models.toml", name.text),
                               .where = name.pos,
                               .hint = did_you_mean(name.text, known)});
  }
}

namespace {

// Why these axes are of no image; "" they are of one.
std::string contradiction(const std::vector<const AxisRow*>& axes, const std::string& board,
                          const std::string& variant) {
  const auto has = [&](const NameAt& name) {
    return std::any_of(axes.begin(), axes.end(), [&](const AxisRow* axis) { return axis->name == name.text; });
  };
  for (const AxisRow* axis : axes) {
    for (const AxisRow* other : axes) {
      if (other == axis) continue;
      if (other->group == axis->group)
        return fmt::format("'{}' and '{}' contradict each other: an image has one '{}'", axis->name, other->name,
                           axis->group);
      if (names_it(axis->excludes, other->name))
        return fmt::format("'{}' and '{}' contradict each other", axis->name, other->name);
    }
    for (const NameAt& needed : axis->needs)
      if (!has(needed)) return fmt::format("'{}' needs '{}'", axis->name, needed.text);
    for (const auto& [of, name] : {std::pair(&axis->boards, &board), std::pair(&axis->variants, &variant)})
      if (!of->empty() && !names_it(*of, *name))
        return fmt::format("'{}' is not for '{}'", axis->name, *name);
  }
  return "";
}

// Tells of a name that the patterns would make of a choice that the axes do not allow; "" it is no such name.
std::string why_no_image(const ImageTables& tables, const std::string& name) {
  for (const FamilyRow& family : tables.families) {
    if (family.axes.empty()) continue;
    std::vector<const AxisRow*> axes;
    for (const NameAt& one : family.axes)
      for (const AxisRow& axis : tables.axes)
        if (axis.name == one.text && name.find(axis.suffix) != std::string::npos) axes.push_back(&axis);
    if (axes.empty() || axes.size() > 8) continue;
    for (const NameAt& board : family.boards) {
      if (name.find(board.text) == std::string::npos) continue;
      for (const NameAt& variant : family.variants)
        for (unsigned chosen = 1; chosen < 1u << axes.size(); ++chosen) {
          std::vector<const AxisRow*> of;
          for (std::size_t i = 0; i < axes.size(); ++i)
            if (chosen >> i & 1) of.push_back(axes[i]);
          if (name_by(family.pattern.text, board.text, variant.text, of) == name)
            return contradiction(of, board.text, variant.text);
        }
    }
  }
  return "";
}

}  // namespace

Result<const ImageRow*> ImageTables::image(std::string_view name) const {
  std::vector<std::string> known;
  for (const ImageRow& image : images) {
    if (image.name == name) return &image;
    known.push_back(image.name);
  }
  if (const GroupRow* of_name = group(name)) {
    std::vector<std::string> names;
    for (const ImageRow* image : images_of(*of_name)) names.push_back(image->name);
    return Fail(Error{.what = fmt::format("'{}' is a group of {} images, and this is of one", name, names.size()),
                      .notes = {join_some(names, 8)},
                      .hint = "see all of them with: swage list images"});
  }
  Error error{.what = fmt::format("'{}' is not an image", name), .hint = did_you_mean(name, known)};
  if (const std::string why = why_no_image(*this, std::string(name)); !why.empty()) {
    error.notes.push_back(why);
    error.hint.clear();
  }
  if (error.hint.empty()) error.hint = "see them all with: swage list images";
  return Fail(std::move(error));
}

bool ImageRow::takes_overlays() const {
  return is_of_vendor() && std::any_of(loader->files.begin(), loader->files.end(),
                                       [](const auto& file) { return file.second == "overlays"; });
}

const BoardRow* ImageTables::board(std::string_view name) const { return row_named(boards, name); }
const GroupRow* ImageTables::group(std::string_view name) const { return row_named(groups, name); }
const AdditionRow* ImageTables::addition(std::string_view name) const { return row_named(additions, name); }
std::vector<const ImageRow*> ImageTables::images_of(const GroupRow& group) const {
  std::vector<const ImageRow*> found;
  for (const ImageRow& image : images)
    if ((group.families.empty() || names_it(group.families, image.family->name)) &&
        (group.variants.empty() || names_it(group.variants, image.variant->name)))
      found.push_back(&image);
  return found;
}
const FixupRow* ImageTables::fixup(std::string_view name) const { return row_named(fixups, name); }
const FirmwareRow* ImageTables::firmware_named(std::string_view name) const { return row_named(firmware, name); }
const VendorKernelRow* ImageTables::kernel(std::string_view vendor, std::string_view name) const {
  for (const VendorKernelRow& row : kernels)
    if (row.vendor.text == vendor && row.name == name) return &row;
  return nullptr;
}

}  // namespace swage
