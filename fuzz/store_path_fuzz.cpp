// A path that parses is what it says, and no path parses that could mean another place. The same text also goes through
// the reference scanner, whose answer must be that of a plain search.
#include "fuzz.hpp"
#include "store/references.hpp"
#include "store/store_path.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  if (const auto path = StorePath::parse(text)) {
    FUZZ_ASSERT(path->str() == text);
    FUZZ_ASSERT(StorePath::parse_base(path->base()).value() == *path);
    FUZZ_ASSERT(text.substr(kStoreDir.size() + 1).find('/') == std::string_view::npos && text.find('\0') == std::string_view::npos);
    FUZZ_ASSERT(check_store_name(path->name()));
    FUZZ_ASSERT(path->hash_part().size() == 32 && std::string(path->hash_part()) + "-" + std::string(path->name()) == path->base());
  }
  if (check_store_name(text)) FUZZ_ASSERT(make_text_path(text, sha256(text), {}).value().name() == text);
  if (const auto address = ContentAddress::parse(text)) FUZZ_ASSERT(ContentAddress::parse(address->str()).value() == *address);

  StorePathSet candidates;
  StorePathSet expected;
  for (std::size_t at = 0; at + 34 <= text.size(); at += 17)
    if (auto path = StorePath::parse_base(std::string(text.substr(at, 32)) + "-x")) candidates.insert(*path);
  candidates.insert(StorePath::parse_base("00000000000000000000000000000000-zero").value());
  for (const StorePath& path : candidates)
    if (text.find(path.hash_part()) != std::string_view::npos) expected.insert(path);
  ReferenceScanner whole(candidates);
  whole.update(text);
  FUZZ_ASSERT(whole.found() == expected);
  ReferenceScanner pieces(candidates);
  for (std::size_t at = 0; at < size; at += 1 + at % 5) pieces.update(text.substr(at, 1 + at % 5));
  FUZZ_ASSERT(pieces.found() == expected);
  return 0;
}
