// Any links and any names in a directory: what is read below it is never what stands outside of it, and nothing hangs.
//
// The input is a program of two-byte steps: what to make, of which names. Then every name that it spoke of is read.
#include "base/beneath.hpp"

#include <sys/stat.h>

#include <array>

#include "fuzz.hpp"

using namespace swage;

namespace {

constexpr std::string_view kSecret = "the user's own", kInside = "of the layer";

const std::array<std::string, 16>& words() {
  static const std::array<std::string, 16> all{"a", "b", "c", "a/b", "a/b/c", "..", "../..", "../secret", "../../secret", ".", "a/..", "a/../..", "a/../../secret",
                                               "/", "//proc/self/root", "./b//c"};
  return all;
}

void step(const fs::path& layer, unsigned what, const std::string& name, const std::string& other) {
  std::error_code ignored;
  const fs::path place = (layer / name).lexically_normal();
  const fs::path parent = fs::canonical(place.parent_path(), ignored);   // where the step would really happen
  if (!parent.native().starts_with(fs::canonical(layer).native())) return;
  switch (what % 6) {
    case 0: fs::create_directory(place, ignored); break;
    case 1: fs::create_symlink(other, place, ignored); break;
    case 2: fs::create_symlink(layer.parent_path() / "secret", place, ignored); break;
    case 3: if (::mkfifo(place.c_str(), 0600) != 0) return; break;
    case 4: fs::create_symlink("/proc/self/cwd", place, ignored); break;
    case 5: if (!path_exists(place)) (void)write_file_atomically(place, kInside, 0600, Durability::volatile_ok); break;
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const TempDir temp = TempDir::create("fuzz", fs::exists("/dev/shm") ? "/dev/shm" : "").value();
  const fs::path layer = temp.path() / "layer";
  FUZZ_ASSERT(make_directories(layer) && write_file_atomically(temp.path() / "secret", kSecret, 0600, Durability::volatile_ok));
  const Beneath files = Beneath::open(layer).value();
  for (std::size_t i = 0; i + 1 < size && i < 64; i += 2) step(layer, data[i], words()[data[i + 1] & 15], words()[data[i + 1] >> 4]);
  for (const std::string& first : words())
    for (const std::string& second : words()) {
      const fs::path name = first == "/" ? first + second : first + "/" + second;
      const auto text = files.read(name, 100);
      FUZZ_ASSERT(!text || *text == kInside);
      if (!text) FUZZ_ASSERT(!text.error().what.empty() && render(text.error()).find(kSecret) == std::string::npos);
      const auto found = files.find(name, kInside.size() - 1);
      FUZZ_ASSERT(!found || !*found);   // more than the limit, or not there
      if (const auto directory = files.directory(name)) FUZZ_ASSERT(directory->native().starts_with(fs::canonical(layer).native()));
    }
  return 0;
}
