#include "store/references.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "store_support.hpp"

namespace swage {
namespace {

StorePath nth(int i) { return make_store_path("text", sha256(std::to_string(i)), "p").value(); }

StorePathSet scan(const StorePathSet& candidates, std::string_view text, std::size_t piece = SIZE_MAX) {
  ReferenceScanner scanner(candidates);
  for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at)) scanner.update(text.substr(at, piece));
  return scanner.found();
}

TEST(References, FindsHashPartsAnywhere) {
  const StorePathSet all{nth(1), nth(2), nth(3)};
  const std::string one(nth(1).hash_part()), two(nth(2).hash_part());
  EXPECT_EQ(scan(all, one), StorePathSet{nth(1)});
  EXPECT_EQ(scan(all, "x/nix/store/" + one + "-p\0"), StorePathSet{nth(1)});
  EXPECT_EQ(scan(all, "000000" + one + two + "000"), (StorePathSet{nth(1), nth(2)}));
  EXPECT_EQ(scan(all, one.substr(0, 31)), StorePathSet{});
  EXPECT_EQ(scan(all, one.substr(0, 16) + "e" + one.substr(16)), StorePathSet{});
  EXPECT_EQ(scan({}, one), StorePathSet{});
}

TEST(References, OneHashMayStandForSeveralNames) {
  const std::string hash(32, '0');
  const StorePathSet both{test::path_of(hash + "-x"), test::path_of(hash + "-zero")};
  EXPECT_EQ(scan(both, hash), both);
}

// Against the definition: every substring compared with every candidate.
RC_GTEST_PROP(ReferencesProperty, AgreesWithTheDefinition, ()) {
  StorePathSet candidates;
  for (int i = 0; i < 5; ++i) candidates.insert(nth(i));
  std::string text;
  const auto pieces = *rc::gen::container<std::vector<int>>(rc::gen::inRange(-8, 5));
  for (const int piece : pieces) {
    if (piece >= 0)
      text += nth(piece).hash_part().substr(0, *rc::gen::inRange<std::size_t>(25, 40));
    else
      text += *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123zye/ \n")));
  }
  StorePathSet expected;
  for (const StorePath& path : candidates)
    if (text.find(path.hash_part()) != std::string::npos) expected.insert(path);
  RC_ASSERT(scan(candidates, text) == expected);
  RC_ASSERT(scan(candidates, text, *rc::gen::inRange<std::size_t>(1, 70)) == expected);
}

}  // namespace
}  // namespace swage
