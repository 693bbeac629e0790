// Walking trees of any depth with a bounded number of descriptors and no recursion: the one walker behind hashing,
// copying, making canonical and removing. A path is never longer than a name for the kernel, so PATH_MAX is no limit
// either.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/files.hpp"
#include "base/interrupt.hpp"

namespace swage {

// The way from a directory down into a tree. Only the deepest few levels are open; one that was closed is opened again
// as the `..` of its child, and must be the same inode then. No symbolic link is followed.
class DirectoryStack {
 public:
  static constexpr std::size_t kOpen = 8;

  // The deepest directory; AT_FDCWD when there is none.
  int top() const;
  std::size_t depth() const { return levels_.size(); }
  // Enters `name` of the top (of an empty stack: a path). 0, or the errno.
  int push(const char* name);
  // Back to the parent. 0, or the errno: ESTALE when the directory lies elsewhere by now.
  int pop();

 private:
  struct Level {
    UniqueFd fd{};
    dev_t device = 0;   // of a level that is closed
    ino_t inode = 0;
  };
  std::vector<Level> levels_{};
};

class TreeWalk;

// An entry that a walk has come to.
struct TreePlace {
  const TreeWalk& walk;
  int parent;                // for the *at() calls; AT_FDCWD for the root of the walk
  const char* name;          // in `parent`; for the root its path
  unsigned char type;        // DT_REG, DT_DIR...; never DT_UNKNOWN
  std::size_t depth;         // 0: the root
  std::string relative() const;   // path below the root; "" for the root
  std::string shown() const;      // path for messages; a very long one loses its middle
};

// What is done on the way. An error ends the walk.
class TreeVisitor {
 public:
  virtual ~TreeVisitor() = default;
  virtual Result<void> leaf(const TreePlace& place) = 0;          // anything but a directory
  // A directory before it is opened; false passes it over.
  virtual Result<bool> enter(const TreePlace& place) = 0;
  virtual Result<void> leave(const TreePlace& place) = 0;         // after all that is in it
  // A directory that cannot be listed, or an entry that cannot be looked at. Returning no error goes on with the next.
  virtual Result<void> unreadable(const TreePlace& place, int error);
};

// Visits the tree at `root` depth first, the entries of a directory in the order of their bytes. A directory is read
// whole before its first entry is visited. `checkpoint` is asked at every entry.
Result<void> walk_tree(const fs::path& root, TreeVisitor& visitor, const Checkpoint& checkpoint = check_interrupt);

}  // namespace swage
