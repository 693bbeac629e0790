#include "request/tree_damage.hpp"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <fnmatch.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.hpp"
#include "base/text.hpp"
#include "base/tree_walk.hpp"

namespace swage {

namespace {

constexpr std::size_t kLongestLink = 1024;
constexpr std::uint64_t kLargestScript = 4'000'000;   // bytes: the largest makefile of a release has 0.1 MB

// What begins a file of the tree. Nothing: it cannot be read.
std::string beginning_of(const TreePlace& place, std::size_t most) {
  const UniqueFd fd(::openat(place.parent, place.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  std::string text(most, '\0');
  const ssize_t size = fd ? ::read(fd.get(), text.data(), most) : 0;
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

bool is_script(const TreePlace& place) { return beginning_of(place, 2) == "#!"; }

bool exists_beside(const TreePlace& place, const std::string& name) {
  return ::faccessat(place.parent, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// What Git LFS leaves in place of a large file: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
bool is_pointer(const TreePlace& place) {
  constexpr std::string_view begins = "version https://git-lfs.github.com/spec/v1\n";
  struct stat file{};
  if (::fstatat(place.parent, place.name, &file, AT_SYMLINK_NOFOLLOW) != 0 || file.st_size > 1024 ||
      file.st_size < static_cast<off_t>(begins.size()))
    return false;
  return beginning_of(place, begins.size()) == begins;
}

// Whether the text of a file of this path may be where a link goes: another path below the tree, and nothing else.
bool is_link_text(const std::string& path, const std::string& text) {
  if (text.empty() || text.size() >= kLongestLink || text.front() == '/' ||
      text.find_first_of(std::string_view("\n\0", 2)) != std::string::npos)
    return false;
  const fs::path target = (fs::path(path).parent_path() / text).lexically_normal();
  return !target.empty() && *target.begin() != "..";
}

class Looker final : public TreeVisitor {
 public:
  Looker(const std::vector<TreeFileRow>& known, TreeDamage& damage) : known_(known), damage_(damage) {}

  Result<void> leaf(const TreePlace& place) override {
    const std::string path = place.relative();
    if (is_output(place, path)) damage_.outputs.push_back(path);
    if (place.type == DT_REG && is_pointer(place)) damage_.pointers.push_back(path);
    if (place.type == DT_REG && is_link_place(path) && is_link_text(path, beginning_of(place, kLongestLink)))
      damage_.links.push_back(path);
    if (place.type == DT_REG && path.starts_with("scripts/") && is_script(place)) {
      ++scripts_;
      if (::faccessat(place.parent, place.name, X_OK, 0) == 0) ++executable_;
    }
    return {};
  }
  Result<bool> enter(const TreePlace& place) override {
    const std::string path = place.relative();
    if (path != "include/config" && path != "include/generated" &&
        ::fnmatch("arch/*/include/generated", path.c_str(), FNM_PATHNAME) != 0)
      return path != ".git";
    damage_.outputs.push_back(path);
    return false;
  }
  Result<void> leave(const TreePlace&) override { return {}; }
  bool has_run() const { return scripts_ == 0 || executable_ > 0; }

 private:
  // Of an object only what stands beside its source: others are parts of drivers whose source nobody gives.
  static bool is_output(const TreePlace& place, const std::string& path) {
    static const std::set<std::string, std::less<>> made{".config",
                                                         "vmlinux",
                                                         "include/asm",
                                                         "include/linux/autoconf.h",
                                                         "include/linux/compile.h",
                                                         "include/linux/utsrelease.h",
                                                         "include/linux/version.h"};
    if (made.contains(path)) return true;
    const std::string name = place.name;
    if (!name.ends_with(".o")) return false;
    const std::string stem = name.substr(0, name.size() - 1);
    return exists_beside(place, stem + "c") || exists_beside(place, stem + "S");
  }
  bool is_link_place(const std::string& path) const {
    return std::any_of(known_.begin(), known_.end(), [&](const TreeFileRow& row) {
      return !row.link.empty() && ::fnmatch(row.link.c_str(), path.c_str(), FNM_PATHNAME) == 0;
    });
  }

  const std::vector<TreeFileRow>& known_;
  TreeDamage& damage_;
  std::size_t scripts_ = 0, executable_ = 0;
};

// Where an entry of the tree really is: the directories on the way to it may be links, but not out of the tree.
Result<fs::path> real_place(const Beneath& files, const fs::path& entry) {
  SWAGE_TRY(const fs::path directory, files.directory(entry.has_parent_path() ? entry.parent_path() : "."));
  return directory / entry.filename();
}

class BitGiver final : public TreeVisitor {
 public:
  Result<void> leaf(const TreePlace& place) override {
    if (place.type != DT_REG || !is_script(place) || ::fchmodat(place.parent, place.name, 0755, 0) == 0) return {};
    return fail_errno(fmt::format("cannot change the mode of '{}'", place.shown()), errno);
  }
  Result<bool> enter(const TreePlace&) override { return true; }
  Result<void> leave(const TreePlace&) override { return {}; }
};

// ---- What makefiles and Kconfig files name

// One of them, and what it may mean by the variables that every build of the architecture sets.
struct Script {
  std::string path{};
  std::string text{};
  std::string arch{}, source_arch{};

  std::string expanded(std::string_view word) const {
    std::string out(word);
    const auto replace = [&](std::string_view what, std::string_view by) {
      for (std::size_t at = 0; (at = out.find(what, at)) != std::string::npos; at += by.size())
        out.replace(at, what.size(), by);
    };
    for (const std::string_view name : {"$(SRCARCH)", "${SRCARCH}", "$SRCARCH"}) replace(name, source_arch);
    for (const std::string_view name : {"$(ARCH)", "${ARCH}", "$ARCH"}) replace(name, arch);
    for (const std::string_view name : {"$(srctree)/", "${srctree}/", "$(src)/"}) replace(name, "");
    return out;
  }
};

struct Line {
  std::string text{};
  unsigned number = 0;
  bool conditional = false;   // it stands between ifeq and endif
};

// Whole lines of a makefile, without comments.
std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  unsigned number = 0, depth = 0;
  bool goes_on = false;
  for (std::string_view raw : split(text, '\n')) {
    ++number;
    const bool more = raw.ends_with('\\');
    if (more) raw.remove_suffix(1);
    if (goes_on) lines.back().text.append(" ").append(raw);
    else lines.push_back({.text = std::string(raw), .number = number});
    goes_on = more;
  }
  for (Line& line : lines) {
    const std::string_view first = line.text.starts_with('\t') ? std::string_view() : trim(line.text);
    if (first.starts_with("if"))
      depth += first.starts_with("ifeq") || first.starts_with("ifneq") || first.starts_with("ifdef") ||
               first.starts_with("ifndef");
    line.conditional = depth > 0;
    if (first.starts_with("endif") && depth > 0) --depth;
    line.text.resize(std::min(line.text.find('#'), line.text.size()));
  }
  return lines;
}

// `NAME := WORDS`: the words, when NAME is one of these.
std::vector<std::string> assigned(const Line& line, const std::vector<std::string_view>& names) {
  const std::size_t equals = line.text.find('=');
  if (line.text.starts_with('\t') || equals == std::string::npos) return {};
  std::string_view name = std::string_view(line.text).substr(0, equals);
  while (!name.empty() && std::string_view(" \t:+?").find(name.back()) != std::string_view::npos) name.remove_suffix(1);
  name = trim(name);
  if (name.starts_with("export ")) name = trim(name.substr(7));
  if (std::find(names.begin(), names.end(), name) == names.end()) return {};
  std::vector<std::string> words;
  for (const std::string_view word : split_words(std::string_view(line.text).substr(equals + 1)))
    words.emplace_back(word);
  return words;
}

// The words of a makefile, to ask how many begin with a text.
class Tokens {
 public:
  explicit Tokens(std::string_view text) {
    constexpr std::string_view between = " \t\n/(),";
    for (std::size_t at = 0; (at = text.find_first_not_of(between, at)) != std::string_view::npos;) {
      const std::size_t end = std::min(text.find_first_of(between, at), text.size());
      tokens_.push_back(text.substr(at, end - at));
      at = end;
    }
    std::sort(tokens_.begin(), tokens_.end());
  }
  std::size_t count(std::string_view beginning) const {
    const auto first = std::lower_bound(tokens_.begin(), tokens_.end(), beginning);
    const auto begins = [&](std::string_view token) { return token.starts_with(beginning); };
    const auto last = std::find_if_not(first, tokens_.end(), begins);
    return static_cast<std::size_t>(last - first);
  }

 private:
  std::vector<std::string_view> tokens_{};
};

class Naming {
 public:
  Naming(const Beneath& files, const fs::path& tree, std::string arch, std::string source_arch,
         std::set<std::string>& absent)
      : files_(files), tree_(tree), arch_(std::move(arch)), source_arch_(std::move(source_arch)), absent_(absent) {}

  Result<void> look() {
    const std::string of_arch = "arch/" + source_arch_;
    add(Kind::kconfig, path_exists(tree_ / "Kconfig") ? "Kconfig" : of_arch + "/Kconfig");
    add(Kind::top_makefile, "Makefile");
    add(Kind::arch_makefile, of_arch + "/Makefile");
    add(Kind::makefile, "Kbuild");
    // A list, not recursion: how deep files name each other is the tree's affair.
    for (std::size_t next = 0; next < to_read_.size(); ++next) {
      SWAGE_CHECK(check_interrupt());
      const auto [kind, path] = to_read_[next];
      // What cannot be read is left to the build, which says it of the file that it wants.
      Result<std::optional<std::string>> text = files_.find(path, kLargestScript);
      if (!text || !*text) continue;
      read(kind, {.path = path, .text = **std::move(text), .arch = arch_, .source_arch = source_arch_});
    }
    return {};
  }

 private:
  enum class Kind { kconfig, top_makefile, arch_makefile, makefile };

  void add(Kind kind, std::string path) {
    if (seen_.insert(path).second) to_read_.emplace_back(kind, std::move(path));
  }
  void read(Kind kind, const Script& script) {
    switch (kind) {
      case Kind::kconfig: return kconfig(script);
      case Kind::top_makefile: return top_makefile(script, true);
      case Kind::arch_makefile: return top_makefile(script, false);
      case Kind::makefile: return makefile(script);
    }
  }
  bool is_there(const std::string& path) const { return path_exists(tree_ / path); }
  void miss(const std::string& path, const Script& named_by, unsigned line) {
    absent_.insert(fmt::format("{} ({}:{})", path, named_by.path, line));
  }
  // A path below the tree that needs no variable; "" it is none.
  static std::string plain_path(const std::string& named, const fs::path& directory = {}) {
    if (named.empty() || named.front() == '/' || named.find_first_of("$*?%(){},") != std::string::npos) return "";
    std::string path = (directory / named).lexically_normal().string();
    return path.starts_with("..") ? "" : path;
  }

  // As scripts/kconfig reads `source`. Its help texts have lines that begin with that word too, but then no quoted path
  // alone follows.
  void kconfig(const Script& script) {
    unsigned number = 0;
    for (const std::string_view line : split(script.text, '\n')) {
      ++number;
      const auto words = split_words(line);
      if (words.size() != 2 || words[0] != "source") continue;
      std::string_view named = words[1];
      if (named.size() > 2 && named.front() == '"' && named.back() == '"') named = named.substr(1, named.size() - 2);
      else if (!line.starts_with("source") || named.find('/') == std::string_view::npos) continue;
      const std::string file = plain_path(script.expanded(named));
      if (file.empty()) continue;
      if (is_there(file)) add(Kind::kconfig, file);
      else miss(file, script, number);
    }
  }

  // What builds the parts of the kernel from the top, and what those makefiles include. The tree's own has nearly all
  // of it between ifeq and endif, of conditions that hold of every kernel's build.
  void top_makefile(const Script& script, bool conditional) {
    const Tokens tokens(script.text);
    for (const Line& line : lines_of(script.text)) {
      if (line.conditional && !conditional) continue;
      const auto first = split_words(line.text);
      if (first.size() == 2 && first[0] == "include") check_include(script, line, first[1]);
      for (const std::string& word : assigned(line, {"init-y", "core-y", "drivers-y", "net-y", "libs-y"}))
        part(script, tokens, line, "", word);
      for (const std::string& word : assigned(line, {"KBUILD_LDS", "vmlinux-lds"})) {
        const std::string file = plain_path(script.expanded(word));
        if (!file.empty() && !is_there(file) && !is_there(file + ".S")) miss(file + ".S", script, line.number);
      }
    }
  }
  // What a build makes first is below include/.
  void check_include(const Script& script, const Line& line, std::string_view word) {
    const std::string file = plain_path(script.expanded(word));
    const bool made = file.starts_with("include/") || file.find("/include/generated/") != std::string::npos;
    if (!file.empty() && !made && !is_there(file)) miss(file, script, line.number);
  }

  // A directory's own, by the names that it builds whatever is configured.
  void makefile(const Script& script) {
    const Tokens tokens(script.text);
    const std::string directory = fs::path(script.path).parent_path().string();
    for (const Line& line : lines_of(script.text)) {
      if (line.conditional) continue;
      for (const std::string& word : assigned(line, {"obj-y", "lib-y", "extra-y"}))
        part(script, tokens, line, directory, word);
    }
  }
  // `fork.o` or `sched/` in a makefile of `directory`.
  void part(const Script& script, const Tokens& tokens, const Line& line, const std::string& directory,
            const std::string& word) {
    const std::string path = plain_path(script.expanded(word), directory);
    if (path.ends_with('/')) {
      for (const char* name : {"Kbuild", "Makefile"})
        if (is_there(path + name)) return add(Kind::makefile, path + name);
      miss(path + "Makefile", script, line.number);
    } else if (path.ends_with(".o") && !has_source(path.substr(0, path.size() - 2)) && !is_made(tokens, path)) {
      miss("the source of " + path, script, line.number);
    }
  }
  bool has_source(const std::string& stem) const {
    constexpr const char* endings[] = {".c", ".S", ".s", ".o", ".rs", ".c_shipped", ".S_shipped", ".o_shipped"};
    return std::any_of(std::begin(endings), std::end(endings),
                       [&](const char* ending) { return is_there(stem + ending); });
  }
  // The makefile says of what the object is made, or how: it names more than the object, or that more than once.
  static bool is_made(const Tokens& tokens, const std::string& object) {
    const std::string name = object.substr(object.rfind('/') + 1);
    const std::string stem = name.substr(0, name.size() - 2);
    for (const char* how : {"-objs", "-y", "-$", ".c", ".S"})
      if (tokens.count(stem + how) > 0) return true;
    return tokens.count(name) > 1 || tokens.count("%") > 0;
  }

  const Beneath& files_;
  const fs::path& tree_;
  std::string arch_, source_arch_;
  std::set<std::string>& absent_;
  std::set<std::string> seen_{};
  std::vector<std::pair<Kind, std::string>> to_read_{};
};

}  // namespace

std::string source_arch(const fs::path& tree, const std::string& arch) {
  const auto is_there = [&](const std::string& name) { return directory_exists(tree / "arch" / name); };
  if (is_there(arch)) return arch;
  std::string wider = arch;
  if (arch == "i386" || arch == "x86_64") wider = "x86";
  else if (arch.ends_with("64")) wider.resize(arch.size() - 2);
  return is_there(wider) ? wider : "";
}

Result<TreeDamage> find_damage(const fs::path& tree, const Version& version, const std::vector<TreeFileRow>& known,
                               const std::vector<std::string>& arches) {
  TreeDamage damage;
  Looker looker(known, damage);
  SWAGE_CHECK(walk_tree(tree, looker));
  damage.executable = looker.has_run();
  for (const TreeFileRow& row : known) {
    if (!row.link.empty() || !row.kernels.contains(version)) continue;
    const bool lower = path_exists(tree / row.lower), upper = path_exists(tree / row.upper);
    if (lower != upper) damage.lost_twins.push_back(lower ? row.upper : row.lower);
  }
  SWAGE_TRY(const Beneath files, Beneath::open(tree));
  std::set<std::string> absent;
  for (const std::string& arch : arches)
    if (std::string directory = source_arch(tree, arch); !directory.empty())
      SWAGE_CHECK(Naming(files, tree, arch, std::move(directory), absent).look());
  damage.absent.assign(absent.begin(), absent.end());
  return damage;
}

Result<void> remove_outputs(const fs::path& tree, const std::vector<std::string>& outputs) {
  SWAGE_TRY(const Beneath files, Beneath::open(tree));
  for (const std::string& output : outputs) {
    SWAGE_TRY(const fs::path place, real_place(files, output));
    SWAGE_CHECK(remove_tree(place));
  }
  return {};
}

Result<void> mend_links(const fs::path& tree, const std::vector<std::string>& links) {
  SWAGE_TRY(const Beneath files, Beneath::open(tree));
  for (const std::string& link : links) {
    SWAGE_TRY(const std::optional<std::string> target, files.find(link));
    if (!target || !is_link_text(link, *target))
      return fail(Errc::invalid_input, fmt::format("'{}' is not a file that holds where a link goes", link));
    SWAGE_TRY(const fs::path place, real_place(files, link));
    SWAGE_CHECK(make_symlink_atomically(*target, place));
  }
  return {};
}

Result<void> mend_execute_bits(const fs::path& tree) {
  BitGiver giver;
  return walk_tree(tree, giver);
}

}  // namespace swage
