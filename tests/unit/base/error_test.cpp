#include "base/error.hpp"

#include <gtest/gtest.h>

namespace swage {
namespace {

TEST(Together, KeepsEveryErrorInOrder) {
  std::vector<Error> errors;
  for (const char* what : {"first", "second", "third"}) errors.push_back(fail(Errc::corrupt, what).value());
  errors[0].also.push_back(fail(Errc::corrupt, "with the first").value());
  const Error all = together(std::move(errors));
  EXPECT_EQ(all.what, "first");
  ASSERT_EQ(all.also.size(), 3u);
  EXPECT_EQ(all.also[0].what, "with the first");
  EXPECT_EQ(all.also[1].what, "second");
  EXPECT_EQ(all.also[2].what, "third");
}

TEST(Together, OneErrorStaysAsItIs) {
  const Error one = together({fail(Errc::corrupt, "alone").value()});
  EXPECT_EQ(one.what, "alone");
  EXPECT_TRUE(one.also.empty());
}

}  // namespace
}  // namespace swage
