// Any bytes as what a Nix daemon answers, of any version: nothing is read beyond its bounds, and what is accepted is written and read back
// as the same. The first byte is the version, the second what is asked for.
#include "daemon/worker_protocol.hpp"
#include "fuzz.hpp"

#include <algorithm>

using namespace swage;

namespace {

WireReader reader(std::string_view text) {
  return {[text](char* buffer, std::size_t size) mutable -> Result<std::size_t> {
    const std::size_t count = std::min({size, text.size(), std::size_t{7}});
    std::copy_n(text.data(), count, buffer);
    text.remove_prefix(count);
    return count;
  }, "x"};
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const WorkerVersion version{1, 21U + data[0] % 18U};
  const std::string_view text = as_text(data, size).substr(2);
  WireReader in = reader(text);
  switch (data[1] % 6) {
    case 0:
      if (const auto agreed = read_hello(in)) {
        FUZZ_ASSERT(*agreed >= kOldestWorker && *agreed <= kNewestWorker);
        (void)read_after_hello(in, *agreed);
      }
      break;
    case 1:
      for (;;) {
        const auto message = read_message(in, version);
        if (!message) break;
        if (const auto* wants = std::get_if<DaemonWants>(&*message)) FUZZ_ASSERT(wants->size > 0);
      }
      break;
    case 2:
      if (const auto info = read_path_info(in, StorePath::parse_base("00000000000000000000000000000000-x").value())) {
        WireWriter out;
        write_path_info(out, *info);
        WireReader again_in = reader(out.bytes());
        const auto again = read_path_info(again_in, info->path);
        FUZZ_ASSERT(again && again->references == info->references && again->signatures == info->signatures);
        FUZZ_ASSERT(again->nar_hash == info->nar_hash && again->nar_size == info->nar_size && again->ca == info->ca);
      }
      break;
    case 3: (void)read_builds(in, version); break;
    case 4: (void)read_missing(in); break;
    default: (void)in.paths("x"); break;
  }
  return 0;
}
