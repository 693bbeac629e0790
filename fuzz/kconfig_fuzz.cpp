// Any text as a .config and as a kernel's Makefile: what is read is assignments that mean the same when read again, every
// mistake has its place, and a version that a Makefile declares is one.
#include "base/text.hpp"
#include "catalog/version.hpp"
#include "cli/kconfig.hpp"
#include "fuzz.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  if (const auto lines = parse_config(text, "fuzz")) {
    for (const std::string& line : *lines) {
      FUZZ_ASSERT(line.find('\n') == std::string::npos);
      FUZZ_ASSERT(config_assignment(line) == line);
    }
    FUZZ_ASSERT(parse_config(join(*lines, "\n"), "fuzz") == *lines);
  } else {
    std::vector<Error> errors = lines.error().also;
    errors.insert(errors.begin(), lines.error());
    unsigned last = 0;
    for (const Error& error : errors) {
      FUZZ_ASSERT(error.code == Errc::invalid_input && error.where && error.where->line > last);
      FUZZ_ASSERT(!error.where->line_text.empty() && text.find(error.where->line_text) != std::string_view::npos);
      last = error.where->line;
    }
    FUZZ_ASSERT(!render(lines.error()).empty());
  }
  if (const auto version = kernel_tree_version(text, "fuzz")) FUZZ_ASSERT(Version::parse(*version).has_value());
  if (const auto symbol = config_symbol(text)) FUZZ_ASSERT(config_symbol(*symbol) == *symbol);
  return 0;
}
