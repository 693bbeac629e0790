// How builds elsewhere end; that they are made: tests/oracle.
#include "realise/remote.hpp"

#include <gtest/gtest.h>

namespace swage {
namespace {

const StorePath kBad = StorePath::parse("/nix/store/qacjf48h3x08ky76kwfqr0zcydkn370j-bad.drv").value();

TEST(Remote, ReasonsAreThoseOfFourReleases) {
  const std::string named = "'" + kBad.str() + "'";
  EXPECT_EQ(reason_of_failure("builder for " + named + " failed with exit code 3; last 1 log lines:\n  no", kBad),
            "builder failed with exit code 3");   // 2.3
  EXPECT_EQ(reason_of_failure("error: builder for " + named + " failed with exit code 3;\n  last 1 log lines:\n", kBad),
            "builder failed with exit code 3");   // 2.8, 2.26
  EXPECT_EQ(reason_of_failure("Cannot build " + named + ".\n  Reason: builder failed with exit code 3.\n  Output", kBad),
            "builder failed with exit code 3");   // 2.34
  EXPECT_EQ(reason_of_failure("building of " + named + " timed out after 2 seconds", kBad),
            "building of " + named + " timed out after 2 seconds");
  EXPECT_EQ(reason_of_failure("", kBad), "");
}

}  // namespace
}  // namespace swage
