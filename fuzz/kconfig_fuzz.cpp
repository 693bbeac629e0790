// Any text as a .config and as a kernel's Makefile: what is read is assignments that mean the same when read again, every
// mistake has its place, and a version that a Makefile declares is one. And as a build's report on its configuration: what is read
// of it is the same when it is written and read again.
#include "base/text.hpp"
#include "catalog/version.hpp"
#include "request/config_report.hpp"
#include "request/kconfig.hpp"
#include "fuzz.hpp"

using namespace swage;

namespace {

// The report in the words of the script that writes it.
std::string as_written(const ConfigReport& report) {
  Json json = config_report_json(report);
  return Json{{"lines", json["withoutEffect"]}, {"new", json["new"]}}.dump();
}

}  // namespace

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
      FUZZ_ASSERT(error.code == Errc::invalid_input);
      FUZZ_ASSERT(printable(error.what).size() > 100 || printable(error.what) == error.what);
      if (text.find('\0') != std::string_view::npos) break;   // no text, and that is all that is said
      FUZZ_ASSERT(error.where && error.where->line > last);
      FUZZ_ASSERT(!error.where->line_text.empty());
      last = error.where->line;
    }
    FUZZ_ASSERT(!render(lines.error()).empty());
  }
  if (const auto report = parse_config_report(text)) {
    const auto again = parse_config_report(as_written(*report));
    FUZZ_ASSERT(again && config_summary(*again) == config_summary(*report) && again->fresh == report->fresh);
  }
  if (const auto version = kernel_tree_version(text, "fuzz")) FUZZ_ASSERT(Version::parse(*version).has_value());
  if (const auto symbol = config_symbol(text)) FUZZ_ASSERT(config_symbol(*symbol) == *symbol);
  return 0;
}
