// Builders for tests of the store: a throw-away store, small trees, and Result<T> checks that print the error.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include "store/store.hpp"

// The value of a Result; a failed one ends the test with its message.
#define SWAGE_OK(decl, expr)                                                    \
  auto SWAGE_CONCAT(ok_, __LINE__) = (expr);                                    \
  ASSERT_TRUE(SWAGE_CONCAT(ok_, __LINE__)) << ::swage::render(SWAGE_CONCAT(ok_, __LINE__).error()); \
  decl = std::move(*SWAGE_CONCAT(ok_, __LINE__))
#define EXPECT_DONE(expr)                                       \
  do {                                                          \
    const auto done = (expr);                                   \
    EXPECT_TRUE(done) << ::swage::render(done.error());         \
  } while (false)
#define EXPECT_FAILS(expr, expected_code, text)                 \
  do {                                                          \
    const auto failed = (expr);                                 \
    ASSERT_FALSE(failed);                                       \
    EXPECT_EQ(failed.error().code, expected_code);              \
    EXPECT_EQ(failed.error().what, text);                       \
  } while (false)

namespace swage::test {

inline fs::path data_file(std::string_view name) { return fs::path(SWAGE_SOURCE_DIR) / "tests/data/store" / name; }

// A directory that lives as long as the test, in memory where possible: a sync on a busy disk takes longer than a test.
class Scratch {
 public:
  Scratch() : dir_(TempDir::create("swage-test", ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "").value()) {}
  const fs::path& path() const { return dir_.path(); }
  fs::path operator/(std::string_view name) const { return dir_.path() / name; }

 private:
  TempDir dir_;
};

void done(const Result<void>& result);  // throws when it failed
void write(const fs::path& file, std::string_view text, mode_t mode = 0644);
std::string nar_of(const fs::path& path);
ByteSource source_of(std::string_view bytes, std::size_t piece = SIZE_MAX);  // `bytes` must outlive it
StorePath path_of(std::string_view base);

class StoreTest : public testing::Test {
 protected:
  Scratch scratch;
  fs::path root = scratch / "root";
  std::unique_ptr<Store> store = open();

  std::unique_ptr<Store> open() const { return Store::open(root).value(); }
  // A canonical tree, registered as the output of a build that refers to these.
  StorePath add_output(std::string_view name, const StorePathSet& references, std::string_view text = "text",
                       std::optional<StorePath> deriver = {}, std::int64_t time = 0);
  StorePath add_output(const StorePath& path, const StorePathSet& references, std::string_view text = "text",
                       std::optional<StorePath> deriver = {}, std::int64_t time = 0);
  // Ends the temporary roots of this process.
  void reopen() {
    store.reset();
    store = open();
  }
};

}  // namespace swage::test
