// What running processes use: a shell whose PATH names a toolchain must not lose it to a garbage collection. Only
// processes that this user may look at can be seen, which are those that could be using the user's store.
#include <set>
#include <unistd.h>

#include "store/store_state.hpp"

namespace swage {

namespace {

class Finder {
 public:
  explicit Finder(const fs::path& store_dir) : prefix_(store_dir.string() + "/") {}

  void process(const std::string& pid) {
    pid_ = pid;
    const fs::path directory = fs::path("/proc") / pid;
    for (const char* link : {"exe", "cwd"}) target_of(directory / link);
    if (const auto descriptors = list_directory(directory / "fd"))
      for (const std::string& fd : *descriptors) target_of(directory / "fd" / fd);
    for (const char* file : {"maps", "environ"})
      if (const auto text = read_file(directory / file)) search(*text);
  }

  std::vector<Store::Root> roots{};

 private:
  void target_of(const fs::path& link) {
    if (const auto target = swage::read_symlink(link)) search(*target);
  }

  void search(std::string_view text) {
    for (std::size_t at = text.find(prefix_); at != std::string_view::npos; at = text.find(prefix_, at)) {
      at += prefix_.size();
      static constexpr std::string_view ends("/ :;,\"'()\n\0", 11);
      const auto path = StorePath::parse_base(text.substr(at, text.find_first_of(ends, at) - at));
      if (path && seen_.emplace(pid_, *path).second) roots.push_back({.link = "{process:" + pid_ + "}", .path = *path});
    }
  }

  std::string prefix_;
  std::string pid_{};
  std::set<std::pair<std::string, StorePath>> seen_{};
};

}  // namespace

std::vector<Store::Root> runtime_roots(const fs::path& store_dir) {
  Finder finder(store_dir);
  const auto names = list_directory("/proc");
  if (!names) return {};
  for (const std::string& name : *names)
    if (!name.empty() && name.find_first_not_of("0123456789") == std::string::npos) finder.process(name);
  return std::move(finder.roots);
}

}  // namespace swage
