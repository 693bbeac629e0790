#include "image/image_audit.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <fnmatch.h>
#include <optional>

#include "base/text.hpp"
#include "image/elf_file.hpp"

namespace swage {

namespace {

constexpr std::size_t kMostLinks = 40, kLongestShebang = 256;   // as the kernel has it
constexpr std::uint64_t kPiece = 1 << 20, kOverlap = 256;

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

// Names inside one file system, as a program on it would see them.
class Inside {
 public:
  explicit Inside(const ImageTree& tree) : tree_(tree) {}

  // What the path leads to, through links. Null: nothing.
  const ImageNode* find(const std::string& path) const {
    std::vector<std::string> left = parts(path), at;
    std::size_t links = 0;
    const ImageNode* node = nullptr;
    while (!left.empty()) {
      const std::string part = left.back();
      left.pop_back();
      if (part == "..") {
        if (!at.empty()) at.pop_back();
        continue;
      }
      at.push_back(part);
      node = tree_.find(join(at, "/"));
      if (!node) return nullptr;
      if (node->kind != NodeKind::link) continue;
      if (++links > kMostLinks) return nullptr;
      at.pop_back();
      if (node->target.starts_with('/')) at.clear();
      for (std::string& one : parts(node->target)) left.push_back(std::move(one));
    }
    return at.empty() ? nullptr : tree_.find(join(at, "/"));
  }

  // Where a loader looks without being told: /lib, /usr/lib, those of other widths, and of each what belongs to one
  // ABI.
  const std::vector<std::string>& library_directories() const {
    if (!directories_.empty()) return directories_;
    for (const char* top : {"lib", "usr/lib", "usr/local/lib", "lib64", "usr/lib64", "lib32", "usr/lib32"}) {
      directories_.emplace_back(top);
      const std::string begin = std::string(top) + "/";
      for (const ImageNode& node : tree_.nodes())
        if (node.kind == NodeKind::directory && node.path.starts_with(begin) &&
            node.path.find('/', begin.size()) == std::string::npos && node.path.find("-linux-") != std::string::npos)
          directories_.push_back(node.path);
    }
    return directories_;
  }

 private:
  // In reverse, the last one first.
  static std::vector<std::string> parts(std::string_view path) {
    std::vector<std::string> all;
    for (const std::string_view part : split(path, '/'))
      if (!part.empty() && part != ".") all.emplace_back(part);
    std::reverse(all.begin(), all.end());
    return all;
  }

  const ImageTree& tree_;
  mutable std::vector<std::string> directories_{};
};

bool is_store_hash(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdfghijklmnpqrsvwxyz";
  return text.size() == 32 && text.find_first_not_of(digits) == std::string_view::npos;
}

// The first path of a store in the text, up to the end of its name; "" there is none.
std::string store_path_in(std::string_view text) {
  constexpr std::string_view store = "/nix/store/";
  for (auto at = text.find(store); at != std::string_view::npos; at = text.find(store, at + 1)) {
    const std::string_view rest = text.substr(at + store.size());
    if (rest.size() < 34 || !is_store_hash(rest.substr(0, 32)) || rest[32] != '-') continue;
    const auto end = rest.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._?=", 33);
    return std::string(store) + std::string(rest.substr(0, std::min<std::size_t>(end, 100)));
  }
  return "";
}

class Auditor {
 public:
  Auditor(AuditVolume& volume, const AuditQuestion& question, std::vector<AuditFinding>& findings)
      : volume_(volume), tree_(*volume.tree), inside_(tree_), question_(question), findings_(findings) {}

  Result<void> run() {
    for (const ImageNode& node : tree_.nodes()) {
      if (node.kind == NodeKind::link) look_at_link(node);
      if (node.kind != NodeKind::file) continue;
      ++volume_.files;
      SWAGE_CHECK(settle(node, look_at_file(node)));
    }
    return {};
  }

 private:
  void report(const ImageNode& node, const char* id, std::string what, std::string hint = "") {
    findings_.push_back({.id = id,
                         .partition = volume_.partition,
                         .file = volume_.file,
                         .path = node.path,
                         .what = std::move(what),
                         .hint = std::move(hint)});
  }

  // What is broken is a fact of the image.
  Result<void> settle(const ImageNode& node, Result<void> done) {
    if (done || done.error().code != Errc::corrupt) return done;
    report(node, "damaged", fmt::format("'{}' is damaged: {}", node.path, done.error().what));
    return {};
  }

  void look_at_link(const ImageNode& node) {
    if (const std::string path = store_path_in(node.target); !path.empty())
      report(node, "store-path",
             fmt::format("'{}' leads to '{}', which is of the machine that made the image", node.path, node.target));
  }

  Result<void> look_at_file(const ImageNode& node) {
    const ReadAt read = [&](std::uint64_t offset, std::uint64_t length) { return tree_.read(node, offset, length); };
    SWAGE_TRY(const std::string head, read(0, kLongestShebang));
    if (head.starts_with("#!")) {
      ++volume_.scripts;
      look_at_script(node, head);
    }
    const bool firmware = is_firmware(node);
    if (head.starts_with("\x7f" "ELF") && !firmware) {
      ++volume_.programs;
      SWAGE_CHECK(settle(node, look_at_program(node, read)));
    }
    return look_for_paths(node);
  }

  bool is_firmware(const ImageNode& node) const {
    return volume_.kind == "vfat" &&
           std::any_of(question_.firmware.begin(), question_.firmware.end(), [&](const std::string& pattern) {
             return ::fnmatch(pattern.c_str(), node.path.c_str(), FNM_CASEFOLD) == 0;
           });
  }

  Result<void> look_at_program(const ImageNode& node, const ReadAt& read) {
    SWAGE_TRY(const std::optional<ElfFile> file, read_elf(read, node.size));
    if (!file) return {};
    const Platform& platform = *question_.platform;
    if (const std::string foreign = why_foreign(*file, platform, question_.known); !foreign.empty()) {
      report(node, "machine", fmt::format("'{}' is {}, and the image is for {}", node.path, foreign, platform.name));
      return {};
    }
    if (volume_.kind == "vfat") return {};   // nothing runs from there
    if (!file->interpreter.empty() && !inside_.find(file->interpreter))
      report(node, "interpreter",
             fmt::format("'{}' is started by '{}', which is not in the image", node.path, file->interpreter));
    for (const std::string& path : file->search)
      if (const std::string of = of_build(path); !of.empty())
        report(node, "search-path",
               fmt::format("'{}' looks for libraries in '{}', which is of the machine that made the image", node.path,
                           path));
    for (const std::string& name : file->needed)
      if (!has_library(node, *file, name))
        report(node, "library", fmt::format("'{}' needs '{}', which is not in the image", node.path, name));
    return {};
  }

  std::string of_build(const std::string& path) const {
    if (const std::string store = store_path_in(path); !store.empty()) return store;
    return !question_.build_libraries.empty() && path.find("/" + question_.build_libraries) != std::string::npos ? path
                                                                                                                 : "";
  }

  // By a loader of the same machine, which passes over others.
  bool has_library(const ImageNode& node, const ElfFile& by, const std::string& name) const {
    if (name.find('/') != std::string::npos) return is_library(name, by);
    for (std::string path : by.search) {
      for (const char* origin : {"$ORIGIN", "${ORIGIN}"})
        if (const auto at = path.find(origin); at != std::string::npos)
          path.replace(at, std::string_view(origin).size(), "/" + directory_of(node.path));
      if (is_library(path + "/" + name, by)) return true;
    }
    const auto& usual = inside_.library_directories();
    return std::any_of(usual.begin(), usual.end(),
                       [&](const std::string& one) { return is_library(one + "/" + name, by); });
  }

  bool is_library(const std::string& path, const ElfFile& by) const {
    const ImageNode* node = inside_.find(path);
    if (!node || node->kind != NodeKind::file) return false;
    const auto file = read_elf(
        [&](std::uint64_t offset, std::uint64_t length) { return tree_.read(*node, offset, length); }, node->size);
    return file && *file && (*file)->machine == by.machine && (*file)->bits == by.bits && (*file)->endian == by.endian;
  }

  void look_at_script(const ImageNode& node, std::string_view head) {
    const std::string_view line = head.substr(2, head.find('\n', 2) - 2);
    const std::vector<std::string_view> words = split_words(line);
    if (words.empty() || volume_.kind == "vfat") return;
    const std::string interpreter(words[0]);
    if (!store_path_in(interpreter).empty()) {
      report(node, "script",
             fmt::format("'{}' is run by '{}', which is of the machine that made the image", node.path, interpreter),
             "say #!/bin/sh, or what the image has");
      return;
    }
    if ((node.mode & 0111) == 0) return;
    if (!inside_.find(interpreter)) {
      report(node, "script", fmt::format("'{}' is run by '{}', which is not in the image", node.path, interpreter));
      return;
    }
    if (!interpreter.ends_with("/env") || words.size() < 2) return;
    const std::string program(words[1] == "-S" && words.size() > 2 ? words[2] : words[1]);
    for (const char* directory : {"bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin"})
      if (inside_.find(fmt::format("{}/{}", directory, program))) return;
    report(node, "script",
           fmt::format("'{}' is run by '{}', which is in no directory of programs of the image", node.path, program));
  }

  // The first of each kind, in the content. What is compressed is not looked into.
  Result<void> look_for_paths(const ImageNode& node) {
    bool store = false, library = question_.build_libraries.empty();
    const std::string wanted = "/" + question_.build_libraries + "/";
    std::string window;
    for (std::uint64_t at = 0; at < node.size && (!store || !library); at += kPiece) {
      SWAGE_TRY(const std::string piece, tree_.read(node, at, kPiece));
      if (piece.empty()) break;
      window = window.substr(window.size() - std::min<std::size_t>(window.size(), kOverlap)) + piece;
      if (const std::string path = store ? "" : store_path_in(window); !path.empty()) {
        store = true;
        report(node, "store-path",
               fmt::format("'{}' names '{}', which is of the machine that made the image", node.path, path));
      }
      if (!library && window.find(wanted) != std::string::npos) {
        library = true;
        report(node, "build-library",
               fmt::format("'{}' names the directory '{}' of the machine that made the image", node.path,
                           question_.build_libraries));
      }
    }
    return {};
  }

  AuditVolume& volume_;
  const ImageTree& tree_;
  const Inside inside_;
  const AuditQuestion& question_;
  std::vector<AuditFinding>& findings_;
};

std::string volume_name(unsigned partition, const std::string& file) {
  const std::string name = partition == 0 ? "the image" : fmt::format("partition {}", partition);
  return file.empty() ? name : fmt::format("'{}' on {}", file, name);
}

std::string volume_name(const AuditVolume& volume) { return volume_name(volume.partition, volume.file); }

// What is started before the root is there.
Result<void> add_initramfs(const AuditVolume& boot, std::vector<AuditVolume>& volumes) {
  constexpr std::uint64_t head_size = 4096, largest = 256'000'000;
  for (const ImageNode& node : boot.tree->nodes()) {
    if (node.kind != NodeKind::file || node.size > largest) continue;
    const auto head = boot.tree->read(node, 0, head_size);
    if (!head || !is_initramfs(*head)) continue;
    auto bytes = boot.tree->read(node, 0, node.size);
    if (!bytes && bytes.error().code != Errc::corrupt) return Fail(bytes.error());
    if (!bytes) continue;   // which is told when its file system is audited
    AuditVolume volume{.partition = boot.partition, .file = node.path, .kind = "initramfs"};
    if (auto tree = open_cpio_tree(*std::move(bytes))) volume.tree = *std::move(tree);
    else volume.why_not = tree.error().what;
    volumes.push_back(std::move(volume));
  }
  return {};
}

}  // namespace

Result<std::vector<AuditVolume>> audit_volumes(const ImageBytes& image, const OpenOther& other) {
  SWAGE_TRY(const PartitionTable table, read_partition_table(image));
  std::vector<Partition> places =
      table.kind == TableKind::gpt || table.kind == TableKind::hybrid ? table.gpt : table.mbr;
  if (table.kind == TableKind::none) places = {Partition{.size = image.size()}};
  std::vector<AuditVolume> volumes;
  for (const Partition& place : places) {
    AuditVolume volume{.partition = place.number};
    const std::uint64_t there = place.start > image.size() ? 0 : std::min(place.size, image.size() - place.start);
    SWAGE_TRY(volume.kind, file_system_kind(image, place.start, there));
    const auto open = [&]() -> Result<std::unique_ptr<ImageTree>> {
      if (volume.kind == "vfat") return open_fat_tree(image, place.start, there);
      if (volume.kind == "ext4") return open_ext_tree(image, place.start, there);
      if (volume.kind.empty()) return fail(Errc::corrupt, "no file system that is known begins there");
      if (other) return other(volume.kind, place.start, there);
      return fail(Errc::corrupt, fmt::format("{} is not looked into", volume.kind));
    };
    if (auto tree = open()) {
      volume.tree = *std::move(tree);
    } else if (tree.error().code == Errc::corrupt) {
      volume.why_not = tree.error().what;
    } else {
      return Fail(tree.error());
    }
    std::vector<AuditVolume> inside;
    if (volume.kind == "vfat" && volume.tree) SWAGE_CHECK(add_initramfs(volume, inside));
    volumes.push_back(std::move(volume));
    for (AuditVolume& one : inside) volumes.push_back(std::move(one));
  }
  return volumes;
}

Result<std::vector<AuditFinding>> audit_image(std::vector<AuditVolume>& volumes, const AuditQuestion& question) {
  std::vector<AuditFinding> findings;
  for (AuditVolume& volume : volumes) {
    if (!volume.tree) {
      findings.push_back({.id = "not-read",
                          .partition = volume.partition,
                          .file = volume.file,
                          .what = fmt::format("{} is not audited: {}", volume_name(volume), volume.why_not)});
      continue;
    }
    SWAGE_CHECK(Auditor(volume, question, findings).run());
  }
  return findings;
}

std::string audit_text(const std::vector<AuditVolume>& volumes, const std::vector<AuditFinding>& findings,
                       const Platform& platform, const std::string& image) {
  std::string out = fmt::format("'{}' for {}\n", image, platform.name);
  for (const AuditVolume& volume : volumes)
    if (volume.tree)
      out +=
          fmt::format("  {}: {}, {}, {}, {}\n", volume_name(volume), volume.kind, counted(volume.files, "file"),
                      counted(volume.programs, "program"), counted(volume.scripts, "script"));
    else out += fmt::format("  {}: {}\n", volume_name(volume), volume.why_not);
  for (const AuditFinding& finding : findings) {
    out += fmt::format("\nerror: {}\n", finding.what);
    if (!finding.path.empty()) out += fmt::format("note: on {}\n", volume_name(finding.partition, finding.file));
    if (!finding.hint.empty()) out += fmt::format("hint: {}\n", finding.hint);
  }
  return out + fmt::format("\n{}: {}\n", findings.empty() ? "nothing is wrong" : "it is not right",
                           counted(findings.size(), "error"));
}

Json audit_json(const std::vector<AuditVolume>& volumes, const std::vector<AuditFinding>& findings,
                const Platform& platform, const std::string& image) {
  Json parts = Json::array(), wrong = Json::array();
  for (const AuditVolume& volume : volumes)
    parts.push_back({{"partition", volume.partition},
                     {"file", volume.file.empty() ? Json(nullptr) : Json(volume.file)},
                     {"fs", volume.kind.empty() ? Json(nullptr) : Json(volume.kind)},
                     {"audited", volume.tree != nullptr},
                     {"why", volume.why_not.empty() ? Json(nullptr) : Json(volume.why_not)},
                     {"files", volume.files},
                     {"programs", volume.programs},
                     {"scripts", volume.scripts}});
  for (const AuditFinding& finding : findings)
    wrong.push_back({{"id", finding.id},
                     {"partition", finding.partition},
                     {"file", finding.file.empty() ? Json(nullptr) : Json(finding.file)},
                     {"path", finding.path.empty() ? Json(nullptr) : Json(finding.path)},
                     {"what", finding.what},
                     {"hint", finding.hint}});
  return {{"image", image},
          {"platform", platform.name},
          {"right", findings.empty()},
          {"volumes", std::move(parts)},
          {"findings", std::move(wrong)}};
}

}  // namespace swage
