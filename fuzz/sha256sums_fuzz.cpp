// Any text as a publisher's list of sha256: what is found is a hash of the text, and lines about other files change nothing.
#include "base/text.hpp"
#include "fetch/published.hpp"
#include "fuzz.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(as_text(data, size));
  std::vector<std::string> names{"a.tar.xz", ""};
  for (const std::string_view word : split_words(text))
    if (names.size() < 40) names.emplace_back(word.substr(word.rfind('/') + 1));
  const std::string other = std::string(64, 'a') + "  \x01\n";
  for (const std::string& name : names) {
    const auto found = find_in_sha256sums(text, name);
    if (name == "\x01") continue;
    FUZZ_ASSERT(find_in_sha256sums(other + text, name) == found);
    FUZZ_ASSERT(find_in_sha256sums(text + "\n" + other, name) == found);
    if (!found) continue;
    FUZZ_ASSERT(found->size() == 64 && found->find_first_not_of("0123456789abcdef") == std::string::npos);
    FUZZ_ASSERT(text.find(name) != std::string::npos);
    FUZZ_ASSERT(find_in_sha256sums(text + "\n" + *found + "  " + name + "\n", name) == found);
  }
  return 0;
}
