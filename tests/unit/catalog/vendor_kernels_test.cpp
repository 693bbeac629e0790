// Kernels of vendors by name: linux@rpi-latest-4k.
#include <gtest/gtest.h>

#include "catalog/images.hpp"
#include "support/catalogs.hpp"

namespace swage {
namespace {

constexpr const char* kHash = "sha256-HG8Oc04V2t54l0SOn4gKmNJWQUrZfjWusgKcWvx74H0=";

std::string vendors_board(const std::string& name) {
  return "[[board]]\nname = \"" + name + "\"\ntitle = \"t\"\nplatform = \"arm64\"\nfamily = \"f\"\nlimits = [\"none\"]\n" +
         "defconfigs = { arm64 = \"" + name + "_defconfig\" }\n";
}
std::string vendors_kernel(const std::string& name, const std::string& more) {
  return "[[kernel]]\nname = \"" + name + "\"\nvendor = \"acme\"\ntag = \"v" + name + "\"\nnar = \"" + kHash +
         "\"\nsource = \"s\"\n" + more;
}

class VendorKernels : public testing::Test {
 protected:
  VendorKernels() {
    dir.write("boards/b.toml",
              vendors_board("one") + vendors_board("two") +
                  "[[vendor]]\nname = \"acme\"\ntitle = \"t\"\nrepository = \"https://example.org/linux\"\n"
                  "[[flavour]]\nname = \"4k\"\ntitle = \"t\"\nvendor = \"acme\"\nboards = [\"one\"]\nconfig = [\"CONFIG_P=y\"]\n" +
                  vendors_kernel("6.6.1", "boards = [\"one\"]\n") + vendors_kernel("6.12.2", "boards = [\"one\", \"two\"]\n"));
    dir.write("bundles.toml", "[[bundle]]\nname = \"old\"\nvendor = \"acme\"\nkernel = \"6.6.1\"\nfirmware = []\nboards = [\"one\"]\naliases = [\"default\"]\n");
  }
  std::string found(const char* text) const {
    const auto catalog = dir.load().value();
    const auto kernel = find_vendor_kernel(*catalog->image_tables().value(), text);
    if (!kernel) return dir.shown(kernel.error());
    if (!*kernel) return "none";
    std::string words = (*kernel)->name();
    for (const std::string& board : (*kernel)->boards()) words += " " + board;
    return words;
  }
  CatalogDir dir;
};

TEST_F(VendorKernels, AreNamedByBundlesAliasesReleasesAndFlavours) {
  EXPECT_EQ(found("acme"), "acme-6.6.1 one");
  EXPECT_EQ(found("acme-default"), "acme-6.6.1 one");
  EXPECT_EQ(found("acme-old"), "acme-6.6.1 one");
  EXPECT_EQ(found("acme-6.12.2"), "acme-6.12.2 one two");
  EXPECT_EQ(found("acme-4k"), "acme-6.6.1-4k one");
  EXPECT_EQ(found("acme-6.12.2-4k"), "acme-6.12.2-4k one");
  EXPECT_EQ(found("acm"), "none");
  EXPECT_EQ(found("acmes"), "none");
  EXPECT_EQ(found("acme-6.12.3"), "error: 'acme' has no kernel '6.12.3'\nnote: there are: default, 6.6.1, 6.12.2, 4k\n"
                                  "hint: did you mean '6.12.2'?\n");
}

// Releases are numbered alike by all, and the name of a vendor may begin that of another.
TEST_F(VendorKernels, TwoVendorsMayHaveTheSameReleaseAndBundle) {
  std::string other = vendors_kernel("6.6.1", "boards = [\"two\"]\n");
  other.replace(other.find("\"acme\""), 6, "\"acme-labs\"");
  dir.write("boards/labs.toml", "[[vendor]]\nname = \"acme-labs\"\ntitle = \"t\"\nrepository = \"https://example.org/labs\"\n" + other);
  dir.write("layer/bundles.toml", "[[bundle]]\nname = \"old\"\nvendor = \"acme-labs\"\nkernel = \"6.6.1\"\nfirmware = []\nboards = [\"two\"]\naliases = [\"default\"]\n");
  EXPECT_EQ(dir.checked({"layer"}), "");
  const auto catalog = dir.load({"layer"}).value();
  const ImageTables& tables = *catalog->image_tables().value();
  for (const char* text : {"acme-labs", "acme-labs-old", "acme-labs-6.6.1"}) {
    const auto kernel = find_vendor_kernel(tables, text).value();
    EXPECT_EQ(kernel->name(), "acme-labs-6.6.1") << text;
    EXPECT_EQ(kernel->boards(), std::vector<std::string>{"two"}) << text;
  }
  EXPECT_EQ(find_vendor_kernel(tables, "acme-old").value()->boards(), std::vector<std::string>{"one"});
  dir.write("layer/bundles.toml", "[[bundle]]\nname = \"new\"\nvendor = \"acme-labs\"\nkernel = \"6.12.2\"\nfirmware = []\nboards = [\"two\"]\n");
  EXPECT_EQ(dir.checked({"layer"}), R"(error: '6.12.2' is not a kernel of 'acme-labs'
  --> CAT/layer/bundles.toml:4:10
   4 | kernel = "6.12.2"
     |          ^^^^^^^^
)");
}

TEST_F(VendorKernels, AnotherReleaseIsOneRowOfOneFile) {
  dir.write("layer/boards/mine.toml", vendors_kernel("6.18.3", "boards = [\"two\"]\n"));
  EXPECT_EQ(dir.checked({"layer"}), "");
  const auto catalog = dir.load({"layer"}).value();
  const auto kernel = find_vendor_kernel(*catalog->image_tables().value(), "acme-6.18.3").value();
  EXPECT_EQ(kernel->boards(), std::vector<std::string>{"two"});
  dir.write("layer/boards/mine.toml", std::string("[[firmware]]\nname = \"new\"\nkind = \"boot\"\nrepository = \"r\"\ncommit = \"c\"\nnar = \"") +
                                          kHash + "\"\nsource = \"s\"\n");
  EXPECT_EQ(dir.checked({"layer"}), "");
  EXPECT_NE(dir.load({"layer"}).value()->image_tables().value()->firmware_named("new"), nullptr);
}

TEST_F(VendorKernels, WhatDoesNotFitHasItsPlace) {
  dir.write("boards/c.toml", "[[board]]\nname = \"three\"\ntitle = \"t\"\nplatform = \"arm64\"\nfamily = \"f\"\nlimits = [\"none\"]\n"
                             "[[fixup]]\nname = \"half\"\ntitle = \"t\"\npatches = [\"https://example.org/p\"]\nsha256 = []\n"
                             "[[kernel]]\nname = \"7.1\"\nvendor = \"acmee\"\ntag = \"t\"\nsource = \"s\"\nboards = [\"three\"]\nfixups = [\"hlaf\"]\n");
  EXPECT_EQ(dir.checked(), R"(error: 'half' has 1 patches and 0 hashes of them
  --> CAT/boards/c.toml:7:1
   7 | [[fixup]]
     | ^^^^^^^^^
error: 'nar' is missing in [[kernel]]
  --> CAT/boards/c.toml:12:1
  12 | [[kernel]]
     | ^^^^^^^^^^
error: 'acmee' is not a vendor
  --> CAT/boards/c.toml:14:10
  14 | vendor = "acmee"
     |          ^^^^^^^
hint: did you mean 'acme'?
error: kernel 7.1 is for 'three', which has no 'defconfigs'
  --> CAT/boards/c.toml:17:11
  17 | boards = ["three"]
     |           ^^^^^^^
error: 'hlaf' is not a fixup
  --> CAT/boards/c.toml:18:11
  18 | fixups = ["hlaf"]
     |           ^^^^^^
hint: did you mean 'half'?
)");
}

}  // namespace
}  // namespace swage
