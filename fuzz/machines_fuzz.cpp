// Any bytes as a file of machines, which names itself: what is accepted has its eight fields as they may be, and an address that is read again.
#include "daemon/machines.hpp"
#include "fuzz.hpp"

using namespace swage;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  const auto machines = parse_machines(text, "/machines", [&](const fs::path&) -> Result<std::string> { return std::string(text); });
  if (!machines) {
    FUZZ_ASSERT(machines.error().code == Errc::invalid_input);
    FUZZ_ASSERT(machines.error().where.has_value());
    return 0;
  }
  for (const Machine& machine : *machines) {
    FUZZ_ASSERT(DaemonAddress::parse(machine.uri).has_value());
    FUZZ_ASSERT(machine.speed >= 0);
    FUZZ_ASSERT(machine.pos.line > 0 && machine.pos.column > 0);
  }
  return 0;
}
