// What a kernel's tree has lost or been given on its way from one machine to another, looked for before anything is
// built: where git, an archiver or a file system without links, execute bits or a difference between upper and lower
// case has been, or a build.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog.hpp"

namespace swage {

struct TreeDamage {
  std::vector<std::string> outputs{};      // what a build has left in it that another one would take for its own
  // What makefiles and Kconfig files name whatever is configured, and is not there: "FILE (FILE:LINE)".
  std::vector<std::string> absent{};
  std::vector<std::string> links{};        // files that hold where the link that stood in their place went
  std::vector<std::string> lost_twins{};   // of two files whose names differ in case alone, the one that is not there
  std::vector<std::string> pointers{};     // files of which Git LFS left what they are called elsewhere
  bool executable = true;                  // false: not one of its scripts has an execute bit
};

// `known`: Catalog::tree_files(). `arches`: the kernel's ARCH of what it is to be built for; one that the tree does not
// have is passed over.
Result<TreeDamage> find_damage(const fs::path& tree, const Version& version, const std::vector<TreeFileRow>& known,
                               const std::vector<std::string>& arches);

// The directory of an architecture below arch/: its ARCH names it, or one that it became part of. "" the tree has none.
std::string source_arch(const fs::path& tree, const std::string& arch);

// Removes what a build has left, makes files the links that they hold, and lets what begins with #! run. Nothing
// outside the tree changes, whatever links are in it. Errors for files that hold no link.
Result<void> remove_outputs(const fs::path& tree, const std::vector<std::string>& outputs);
Result<void> mend_links(const fs::path& tree, const std::vector<std::string>& links);
Result<void> mend_execute_bits(const fs::path& tree);

}  // namespace swage
