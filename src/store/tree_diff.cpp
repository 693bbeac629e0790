#include "store/tree_diff.hpp"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tree_walk.hpp"

namespace swage {

namespace {

using Entries = std::map<std::string, TreeEntry>;

Result<std::string> link_target(const TreePlace& place, std::uint64_t size) {
  std::string target(size + 1, '\0');   // one more shows that it is whole
  const ssize_t n = ::readlinkat(place.parent, place.name, target.data(), target.size());
  if (n < 0) return fail_errno("cannot read the link '" + place.shown() + "'", errno);
  target.resize(static_cast<std::size_t>(n));
  return target;
}

class Listing final : public TreeVisitor {
 public:
  Result<void> leaf(const TreePlace& place) override {
    struct stat st {};
    if (::fstatat(place.parent, place.name, &st, AT_SYMLINK_NOFOLLOW) != 0)
      return fail_errno("cannot read '" + place.shown() + "'", errno);
    TreeEntry entry{.kind = TreeEntry::Kind::other};
    if (S_ISREG(st.st_mode))
      entry = {.kind = TreeEntry::Kind::file,
               .executable = (st.st_mode & S_IXUSR) != 0,
               .size = static_cast<std::uint64_t>(st.st_size)};
    if (S_ISLNK(st.st_mode)) {
      entry.kind = TreeEntry::Kind::link;
      SWAGE_TRY(entry.target, link_target(place, static_cast<std::uint64_t>(st.st_size)));
    }
    entries.emplace(place.relative(), std::move(entry));
    return {};
  }
  Result<bool> enter(const TreePlace& place) override {
    entries.emplace(place.relative(), TreeEntry{.kind = TreeEntry::Kind::directory});
    return true;
  }
  Result<void> leave(const TreePlace&) override { return {}; }

  Entries entries{};
};

Result<Entries> list(const fs::path& root, const Checkpoint& checkpoint) {
  Listing listing;
  SWAGE_CHECK(walk_tree(root, listing, checkpoint));
  return std::move(listing.entries);
}

// Reads a whole block, less at the end of the file.
Result<std::string_view> read_block(int fd, std::string& buffer, const fs::path& file) {
  std::size_t have = 0;
  while (have < buffer.size()) {
    const ssize_t n = ::read(fd, buffer.data() + have, buffer.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("cannot read '" + file.string() + "'", errno);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  return std::string_view(buffer).substr(0, have);
}

// A block is at most that long; both files are read once.
constexpr std::size_t kBlock = 1 << 20;

Result<void> compare_files(const fs::path& first, const fs::path& second, TreeDifference& found,
                           const Checkpoint& checkpoint) {
  SWAGE_TRY(const UniqueFd a, open_regular(first));
  SWAGE_TRY(const UniqueFd b, open_regular(second));
  std::string room_a(kBlock, '\0'), room_b(kBlock, '\0');
  for (std::uint64_t at = 0;; at += kBlock) {
    SWAGE_CHECK(checkpoint());
    SWAGE_TRY(const std::string_view of_a, read_block(a.get(), room_a, first));
    SWAGE_TRY(const std::string_view of_b, read_block(b.get(), room_b, second));
    if (of_a.empty() && of_b.empty()) break;
    if (of_a == of_b) continue;
    const std::size_t common = std::min(of_a.size(), of_b.size());
    std::size_t first_here = common;
    for (std::size_t i = common; i-- > 0;)
      if (of_a[i] != of_b[i]) {
        ++found.bytes;
        first_here = i;
      }
    if (found.first_bytes.empty() && found.second_bytes.empty()) {
      found.at = at + first_here;
      found.first_bytes = of_a.substr(std::min(first_here, of_a.size()), TreeDifference::kShown);
      found.second_bytes = of_b.substr(std::min(first_here, of_b.size()), TreeDifference::kShown);
    }
    found.bytes += std::max(of_a.size(), of_b.size()) - common;
  }
  return {};
}

}  // namespace

Result<std::vector<TreeDifference>> diff_trees(const fs::path& first, const fs::path& second,
                                               const Checkpoint& checkpoint) {
  SWAGE_TRY(const Entries of_first, list(first, checkpoint));
  SWAGE_TRY(const Entries of_second, list(second, checkpoint));
  std::vector<TreeDifference> found;
  std::string whole;   // a directory that one tree alone has: what is in it says nothing new
  const auto only = [&](const Entries::value_type& entry, std::optional<TreeEntry> TreeDifference::*side) {
    if (!whole.empty() && entry.first.starts_with(whole)) return;
    if (entry.second.kind == TreeEntry::Kind::directory) whole = entry.first + "/";
    found.emplace_back(TreeDifference{.path = entry.first}).*side = entry.second;
  };
  auto a = of_first.begin();
  auto b = of_second.begin();
  while (a != of_first.end() || b != of_second.end()) {
    if (b == of_second.end() || (a != of_first.end() && a->first < b->first)) {
      only(*a++, &TreeDifference::first);
      continue;
    }
    if (a == of_first.end() || b->first < a->first) {
      only(*b++, &TreeDifference::second);
      continue;
    }
    TreeDifference one{.path = a->first, .first = a->second, .second = b->second};
    if (a->second.kind == TreeEntry::Kind::file && b->second.kind == TreeEntry::Kind::file) {
      const auto below = [&](const fs::path& root) { return one.path.empty() ? root : root / one.path; };
      SWAGE_CHECK(compare_files(below(first), below(second), one, checkpoint));
    }
    if (one.bytes > 0 || a->second != b->second) found.push_back(std::move(one));
    ++a;
    ++b;
  }
  return found;
}

}  // namespace swage
