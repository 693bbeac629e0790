// Any text as a narinfo and as nix-cache-info: what is accepted is written and read back as the same, and names nothing outside the cache.
#include "cache/narinfo.hpp"
#include "fuzz.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  if (const auto narinfo = parse_narinfo(text, "x")) {
    FUZZ_ASSERT(narinfo->url.find("..") == std::string::npos || is_cache_name(narinfo->url) || narinfo->url.starts_with("http"));
    FUZZ_ASSERT(!narinfo->url.starts_with('/') && !narinfo->url.starts_with("file:"));
    const std::string written = format_narinfo(*narinfo);
    const auto again = parse_narinfo(written, "x");
    FUZZ_ASSERT(again && format_narinfo(*again) == written);
    FUZZ_ASSERT(fingerprint(again->info) == fingerprint(narinfo->info));
  }
  if (const auto info = parse_cache_info(text, "x")) {
    const std::string written = format_cache_info(*info);
    FUZZ_ASSERT(format_cache_info(parse_cache_info(written, "x").value()) == written);
  }
  (void)PublicKey::parse(text);
  (void)SecretKey::parse(text);
  return 0;
}
