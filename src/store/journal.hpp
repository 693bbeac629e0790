// A second record of what was registered: a file of lines, of which a new database can be made when the first is
// damaged. It is a help, never the truth: what it says of a path counts where the path's content has that hash. Inside
// the store layer only.
#pragma once

#include <map>
#include <span>

#include "store/registry.hpp"

namespace swage {

class Journal {
 public:
  // registered.log in a store's work directory.
  explicit Journal(const fs::path& work_dir) : file_(work_dir / "registered.log") {}

  // Registered just now. Several processes may append at once. Where it cannot be written, a rebuilt database will not
  // have these.
  void append(std::span<const Registration> batch) const;
  // What it says, of each path the last word. Lines that are cut or damaged say nothing; without a file nothing is
  // said.
  Result<std::map<StorePath, PathInfo>> read() const;
  // Where it says more than twice of what is valid by now: rewritten. Others may append meanwhile.
  Result<void> keep_short(const StorePathSet& valid) const;
  Result<void> rewrite(std::span<const Registration> all) const;

 private:
  fs::path file_;
};

}  // namespace swage
