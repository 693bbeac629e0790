// What is known of files that kernel trees lose.
#include <gtest/gtest.h>

#include "support/catalogs.hpp"

namespace swage {
namespace {

TEST(TreeFiles, MistakesHaveTheirPlace) {
  CatalogDir dir;
  dir.write("kernels/trees.toml",
            "[[link]]\npth = \"a\"\nsource = \"s\"\n\n[[twins]]\nlower = \"net/xt_a.c\"\nupper = \"net/xt_b.c\"\n"
            "kernels = \"*\"\nsource = \"s\"\n");
  const std::string text = dir.checked();
  EXPECT_NE(text.find("error: 'pth' is not a key of [[link]]\n  --> CAT/kernels/trees.toml:2:1\n"), std::string::npos)
      << text;
  EXPECT_NE(
      text.find(
          "error: 'net/xt_a.c' and 'net/xt_b.c' are no twins: their names must differ in case, and in nothing else\n"
          "  --> CAT/kernels/trees.toml:5:1\n"),
      std::string::npos)
      << text;
}

TEST(TreeFiles, ShippedRowsAreOfBothKinds) {
  const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog").value();
  const std::vector<TreeFileRow>& rows = *catalog->tree_files().value();
  const auto count = [&](auto&& fits) { return std::count_if(rows.begin(), rows.end(), fits); };
  EXPECT_GE(count([](const TreeFileRow& row) { return !row.link.empty() && row.lower.empty(); }), 5);
  const Version v2 = Version::parse("2.6.32.67").value(), v5 = Version::parse("5.4").value();
  EXPECT_EQ(count([&](const TreeFileRow& row) { return row.link.empty() && row.kernels.contains(v5); }), 12);
  EXPECT_EQ(count([&](const TreeFileRow& row) { return row.link.empty() && row.kernels.contains(v2); }), 15);
}

}  // namespace
}  // namespace swage
