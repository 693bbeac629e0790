// What is known of symbols of the kernel's configuration.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/catalogs.hpp"

namespace swage {
namespace {

TEST(Symbols, ARowThatSaysNothingIsFoundByCheck) {
  CatalogDir dir;
  dir.write("kernels/symbols.toml", "[[symbol]]\nname = \"A\"\nsource = \"s\"\n\n[[symbol]]\nname = \"B\"\nrenamd = \"C\"\nsource = \"s\"\n");
  std::string text;
  for (const Error& error : check_catalog(dir.path())) text += render(error);
  for (std::size_t at; (at = text.find(dir.path().string())) != std::string::npos;) text.replace(at, dir.path().string().size(), "CAT");
  EXPECT_NE(text.find("error: 'A' says nothing of its symbol: neither 'renamed' nor 'path'\n  --> CAT/kernels/symbols.toml:1:1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean 'renamed'?"), std::string::npos) << text;
}

TEST(ShippedSymbols, NameOnesThatAreAndNotTheirPrefix) {
  const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  const std::vector<SymbolRow>& rows = *catalog->symbols().value();
  EXPECT_GT(rows.size(), 20U);
  for (const SymbolRow& row : rows) {
    for (const std::string& name : {row.name, row.renamed, row.within}) EXPECT_FALSE(name.starts_with("CONFIG_")) << name;
    EXPECT_TRUE(row.reference.starts_with("https://")) << row.name;
    EXPECT_TRUE(row.within.empty() || row.path) << row.name;
  }
}

}  // namespace
}  // namespace swage
