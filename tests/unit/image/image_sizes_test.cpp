// What takes the space, and what of it changed.
#include "image/image_sizes.hpp"

#include <gtest/gtest.h>

namespace swage {
namespace {

ImageSizes sizes_of(std::string_view text) { return parse_image_sizes(text, "sizes").value(); }

TEST(ImageSizes, TheLargestComeFirst) {
  EXPECT_EQ(sizes_text("image/a", sizes_of("3000000 boot/Image\n12 etc/a b\n40000 bin/sh\n"), {}), R"(image/a: 3.0 MB in 3 files
     3.0 MB  boot/Image
    40.0 kB  bin/sh
       12 B  etc/a b
)");
  std::string many;
  for (int i = 0; i < 30; ++i) many += std::to_string(1000 + i) + " f" + std::to_string(i) + "\n";
  const std::string text = sizes_text("image/a", sizes_of(many), {});
  EXPECT_TRUE(text.ends_with("     1.0 kB  f10\n  and 10 smaller ones\n")) << text;
}

TEST(ImageSizes, ChangesSinceAnotherBuild) {
  const SizesBefore before{"'old'", sizes_of("3000000 boot/Image\n500 same\n1000 gone\n")};
  EXPECT_EQ(sizes_text("image/a", sizes_of("3500000 boot/Image\n500 same\n20000 new\n"), before), R"(image/a: 3.5 MB in 3 files
before: 3.0 MB in 3 files, in 'old'
   +500.0 kB  boot/Image  (3.0 MB before)
    +20.0 kB  new  (new)
     -1.0 kB  gone  (gone)
   +519.0 kB  in all
)");
  EXPECT_EQ(sizes_text("image/a", before.sizes, before),
            "image/a: 3.0 MB in 3 files\nbefore: 3.0 MB in 3 files, in 'old'\nno file has another size\n");
  EXPECT_EQ(sizes_json("image/a", sizes_of("1 a\n"), SizesBefore{"x", sizes_of("2 a\n")}).dump(),
            R"({"image":"image/a","size":1,"files":[{"name":"a","size":1}],"before":"x","changes":[{"name":"a","before":2,"after":1}]})");
}

TEST(ImageSizes, OtherLinesAreRefused) {
  EXPECT_EQ(parse_image_sizes("1 a\nmuch b\n", "x/sizes").error().what, "'x/sizes' is no list of sizes: 'much b'");
  EXPECT_EQ(parse_image_sizes("12\n", "x/sizes").error().what, "'x/sizes' is no list of sizes: '12'");
}

}  // namespace
}  // namespace swage
