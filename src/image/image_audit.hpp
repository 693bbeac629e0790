// Whether what is in an image can run on its board: every program is of its machine and finds what it needs inside, and
// nothing of the machine that made the image is left. A value, and two ways to write it.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "image/image_tree.hpp"
#include "image/partition_table.hpp"
#include "platform/platform.hpp"

namespace swage {

struct AuditVolume {
  unsigned partition = 0;                    // 0: the whole image
  std::string file{};                        // of an initramfs: which file of the partition it is
  std::string kind{};                        // "ext4", "vfat", "initramfs"; "" not known
  std::string why_not{};                     // of one that is not looked into, one clause
  std::unique_ptr<ImageTree> tree{};         // null: it is not looked into
  std::size_t files = 0, programs = 0, scripts = 0;   // once it is audited
};

// Opens a file system of a kind that is not read here, as file_system_kind() names it.
using OpenOther = std::function<Result<std::unique_ptr<ImageTree>>(const std::string& kind, std::uint64_t offset,
                                                                   std::uint64_t length)>;

// Every partition, or the whole image where there is no table; behind it what initramfs its FAT file system has.
// Without `other` file systems of other kinds are not looked into.
Result<std::vector<AuditVolume>> audit_volumes(const ImageBytes& image, const OpenOther& other = {});

struct AuditQuestion {
  const Platform* platform = nullptr;
  std::span<const Platform> known{};         // to say what a program is of
  std::vector<std::string> firmware{};       // names in the boot file system of what other processors of the board run
  std::string build_libraries{};             // directory of the build platform's libraries, "x86_64-linux-gnu"; "" they
                                             // are of the board's platform too
};

struct AuditFinding {
  std::string id{};                          // for programs: "machine", "interpreter", "library", "script",
                                             // "store-path", "build-library", "search-path", "damaged", "not-read"
  unsigned partition = 0;
  std::string file{};                        // AuditVolume::file
  std::string path{};                        // "" of a whole file system
  std::string what{};
  std::string hint{};
};

// Fills in the counts of the volumes. Errors are those of reading the image.
Result<std::vector<AuditFinding>> audit_image(std::vector<AuditVolume>& volumes, const AuditQuestion& question);

// For people and for programs. `image`: what to call it.
std::string audit_text(const std::vector<AuditVolume>& volumes, const std::vector<AuditFinding>& findings,
                       const Platform& platform, const std::string& image);
Json audit_json(const std::vector<AuditVolume>& volumes, const std::vector<AuditFinding>& findings,
                const Platform& platform, const std::string& image);

}  // namespace swage
