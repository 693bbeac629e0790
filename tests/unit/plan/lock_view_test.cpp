#include "plan/lock_view.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/locks.hpp"

namespace swage {
namespace {

LockView view_of(const std::string& text) { return LockView::parse(text, "swage.lock").value(); }

Error view_error(const std::string& text) { return LockView::parse(text, "swage.lock").error(); }

std::string without_newlines(std::string text) {
  for (std::size_t at; (at = text.find('\n')) != std::string::npos;) text.replace(at, 1, " ");
  return text;
}

// What a view says of everything that a lock has, in any order.
void expect_equal(const LockView& view, const Lockfile& lock) {
  RC_ASSERT(view.sources().created == lock.created);
  RC_ASSERT(view.sources().sources == lock.sources);
  RC_ASSERT(view.sources().seeds == lock.seeds);
  RC_ASSERT(view.sources().archives == lock.archives);
  RC_ASSERT(view.sources().missing == lock.missing);
  for (const auto& [key, sha256] : lock.sources) RC_ASSERT(*view.file(sha256) == lock.files.at(sha256));
  for (const auto& [key, seed] : lock.seeds) RC_ASSERT(*view.file(seed.sha256) == lock.files.at(seed.sha256));
  std::vector<std::string> keys{"root:none", ""};
  for (const auto& [key, set] : lock.sets) keys.insert(keys.end(), {key, key + "x"});
  for (std::size_t i = keys.size(); i > 1; --i) std::swap(keys[i - 1], keys[*rc::gen::inRange<std::size_t>(0, i)]);
  for (const std::string& key : keys) {
    const auto set = view.set(key);
    RC_ASSERT(set.has_value());
    const auto expected = lock.sets.find(key);
    RC_ASSERT((*set != nullptr) == (expected != lock.sets.end()));
    if (!*set) continue;
    RC_ASSERT(**set == expected->second);
    for (const std::string& file : (*set)->files) RC_ASSERT(*view.file(file) == lock.files.at(file));
  }
}

RC_GTEST_PROP(LockViewProp, SaysWhatTheWholeLockSays, ()) {
  const Lockfile lock = any_lock();
  expect_equal(lock, lock);
  expect_equal(view_of(lock.str()), lock);
  expect_equal(view_of(without_newlines(lock.str())), lock);
}

// Fifty sets of five files each.
Lockfile large_lock() {
  Lockfile lock = small_lock();
  for (unsigned i = 10; i < 60; ++i) {
    lock.files[sha(i)] = {"p", "1", fmt::format("pool/p_{}.deb", i), sha(i), i};
    lock.sets[fmt::format("toolchain:{}", i)] = {"sid", "p", {sha(i), sha(10), sha(1)}};
  }
  return lock;
}

TEST(LockView, LeavesUnreadWhatIsNotAskedFor) {
  const Lockfile lock = large_lock();
  const LockView view = view_of(lock.str());
  EXPECT_TRUE(view.sources().sets.empty());
  EXPECT_EQ(view.sources().files.size(), 2u);
  ASSERT_NE(view.set("toolchain:33").value(), nullptr);
  EXPECT_EQ(*view.set("toolchain:33").value(), lock.sets.at("toolchain:33"));
  EXPECT_EQ(view.sources().sets.size(), 1u);
  EXPECT_EQ(view.sources().files.size(), 4u);
  EXPECT_EQ(view.file(sha(34)), nullptr);
}

TEST(LockView, WhatItGaveStaysWhenMoreIsRead) {
  const Lockfile lock = large_lock();
  const LockView view = view_of(lock.str()), copy = view;
  const LockedSet* set = view.set("toolchain:10").value();
  const LockedFile* file = view.file(sha(1));
  for (unsigned i = 11; i < 60; ++i) EXPECT_NE(copy.set(fmt::format("toolchain:{}", i)).value(), nullptr);
  EXPECT_EQ(copy.set("toolchain:60").value(), nullptr) << "which reads the whole lock";
  EXPECT_EQ(copy.set("toolchain:10").value(), set);
  EXPECT_EQ(copy.file(sha(1)), file);
  EXPECT_EQ(*set, lock.sets.at("toolchain:10"));
  EXPECT_EQ(view.sources(), lock);
}

TEST(LockView, LinesOfAnyLengthEndTheSearch) {
  std::string text = large_lock().str();
  for (const char* place : {"\n  \"files\": {\n", "\n  \"sets\": {\n", "},\n"})
    text.insert(text.find(place) + std::string(place).size(), "\n\n \n\n");
  const LockView view = view_of(text);
  EXPECT_EQ(view.sources().sources, small_lock().sources);
  for (const char* key : {"root:build", "toolchain:10", "toolchain:59"})
    EXPECT_EQ(*view.set(key).value(), large_lock().sets.at(key));
}

TEST(LockView, MistakesHaveTheirPlaceInTheFile) {
  std::string text = small_lock().str();
  const auto at = text.rfind(sha(2));
  text.replace(at, 64, sha(7));
  EXPECT_EQ(view_error(text).what, fmt::format("'bookworm/linux' of the lock 'swage.lock' needs the file {}, which is not in it", sha(7)));
  text.replace(at, 64, "x");
  const Error error = view_error(text);
  ASSERT_TRUE(error.where);
  EXPECT_EQ(error.where->line, 13u);
  EXPECT_EQ(error.where->line_text, "    \"bookworm/linux\": \"x\"");
}

TEST(LockView, AMistakeInASetIsFoundWhenTheSetIsLookedUp) {
  std::string text = large_lock().str();
  const std::string place = "\"toolchain:20\": {\"suite\": \"sid\"";
  text.replace(text.find(place), place.size(), "\"toolchain:20\": {\"suite\": 7");
  const LockView view = view_of(text);
  EXPECT_NE(view.set("toolchain:19").value(), nullptr);
  const auto set = view.set("toolchain:20");
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().what, "'suite' is a whole number, not a string");
  EXPECT_EQ(set.error().where->line_text, "    \"toolchain:20\": {\"suite\": 7, \"request\": \"p\", \"files\": [");
  EXPECT_FALSE(view.set("toolchain:20"));
}

TEST(LockView, AMissingFileAndAnEmptyOneAreErrors) {
  EXPECT_EQ(LockView::open("/nonexistent/swage.lock").error().code, Errc::environment);
  EXPECT_EQ(view_error("").code, Errc::invalid_input);
}

}  // namespace
}  // namespace swage
