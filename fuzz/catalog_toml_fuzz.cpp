// Any bytes as a catalog file: every row of every kind is read, and every mistake has a place inside the file.
#include "catalog/rows.hpp"
#include "fuzz.hpp"

using namespace swage;

namespace {

void check_place(const Error& error, const std::string& text) {
  FUZZ_ASSERT(!error.what.empty());
  FUZZ_ASSERT(error.where.has_value());
  FUZZ_ASSERT(error.where->line >= 1 && error.where->column >= 1 && error.where->length >= 1);
  FUZZ_ASSERT(error.where->column <= error.where->line_text.size() + 1);
  FUZZ_ASSERT(text.find(error.where->line_text) != std::string::npos);
  FUZZ_ASSERT(!render(error).empty());
}

template <class Row>
void read_rows(const TomlDocument& document, const char* table, const Schema<Row>& schema, const Row& blank, Findings& findings) {
  const TomlEntry* entry = document.root.find(table);
  if (!entry) return;
  for (const TomlValue& item : entry->value.items) {
    Row row = blank;
    schema.read(document, item, row, Presence::whole, findings);
    schema.read(document, item, row, Presence::overriding, findings);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(as_text(data, size));
  const auto document = parse_toml(text, "fuzz.toml");
  if (!document) {
    check_place(document.error(), text);
    return 0;
  }
  Findings findings;
  read_rows(*document, "platform", platform_schema(), blank_platform(), findings);
  read_rows(*document, "root", root_schema(), RootRow{}, findings);
  read_rows(*document, "seed", seed_schema(), SeedRow{}, findings);
  read_rows(*document, "kernel", kernel_schema(), blank_kernel(), findings);
  read_rows(*document, "machine", machine_schema(), MachineRow{}, findings);
  read_rows(*document, "toolchain", toolchain_schema(), blank_toolchain(), findings);
  read_rows(*document, "constraint", constraint_schema(), ConstraintRow{}, findings);
  read_rows(*document, "quirk", quirk_schema(), QuirkRow{}, findings);
  RecipeRow recipe;
  recipe_schema().read(*document, document->root, recipe, Presence::whole, findings);
  for (const Error& error : findings.errors) check_place(error, text);
  for (const Reference& reference : findings.references) FUZZ_ASSERT(reference.document == &*document);
  return 0;
}
