// Any text as the makefiles and Kconfig files of a kernel's tree: what is missed stands below the tree and is named
// with its place, and of a file that is there nobody says that it is not.
#include "request/tree_damage.hpp"

#include "base/text.hpp"
#include "fuzz.hpp"

using namespace swage;

namespace {

// The tree is never another one; only what these say is.
const std::vector<std::string>& scripts() {
  static const std::vector<std::string> all{"Makefile",          "Kconfig",          "Kbuild",
                                            "arch/x86/Makefile", "arch/x86/Kconfig", "kernel/Makefile"};
  return all;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TempDir temp = TempDir::create("fuzz", fs::exists("/dev/shm") ? "/dev/shm" : "").value();
  const fs::path& tree = temp.path();
  for (const std::string& name : scripts()) {
    FUZZ_ASSERT(make_directories((tree / name).parent_path()));
    FUZZ_ASSERT(write_file_atomically(tree / name, as_text(data, size), 0644, Durability::volatile_ok));
  }
  FUZZ_ASSERT(write_file_atomically(tree / "kernel/fork.c", "", 0644, Durability::volatile_ok));
  const auto damage = find_damage(tree, Version::parse("6.1").value(), {}, {"x86_64"});
  FUZZ_ASSERT(damage);
  FUZZ_ASSERT(damage->outputs.empty() && damage->links.empty() && damage->lost_twins.empty());
  for (const std::string& absent : damage->absent) {
    const std::size_t by = absent.rfind(" (");
    FUZZ_ASSERT(by != std::string::npos && absent.ends_with(')'));
    const std::string_view source = "the source of ";
    const std::size_t from = absent.starts_with(source) ? source.size() : 0;
    const std::string file = absent.substr(from, by - from);
    FUZZ_ASSERT(!file.starts_with("..") && !file.starts_with('/') && file != "kernel/fork.o");
    FUZZ_ASSERT(from > 0 || !path_exists(tree / file));
  }
  return 0;
}
