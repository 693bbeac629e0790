// What is taken from others, what is built all the same, and in which order.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <thread>

#include "support/realise_world.hpp"

namespace swage {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using testing_support::World;

// Offers files that hold "taken".
class FakeSubstituter final : public Substituter {
 public:
  void offer(const StorePath& path, const StorePathSet& references = {}) {
    known_.emplace(path, Offer{.path = path, .references = references, .download = 10, .nar_size = 100});
  }
  Result<std::vector<Offer>> offers(const StorePathSet& paths) override {
    ++asked;
    std::vector<Offer> all;
    for (const StorePath& path : paths)
      if (const auto at = known_.find(path); at != known_.end()) all.push_back(at->second);
    return all;
  }
  Result<std::optional<PathInfo>> get(const Offer& offer, const fs::path& tree, std::uint64_t) override {
    {
      const std::scoped_lock lock(mutex_);
      if (error) return Fail(*error);
      if (refuses.contains(offer.path)) {
        known_.erase(offer.path);
        return std::nullopt;
      }
    }
    if (offer.path == slow) std::this_thread::sleep_for(std::chrono::milliseconds(300));
    SWAGE_CHECK(write_file_atomically(tree, "taken\n", 0644, Durability::volatile_ok));
    SWAGE_CHECK(canonicalise(tree));
    SWAGE_TRY(const NarHash nar, hash_nar(tree));
    return PathInfo{.path = offer.path, .nar_hash = nar.hash, .nar_size = nar.size, .references = offer.references};
  }

  StorePathSet refuses{};
  std::optional<StorePath> slow{};
  std::optional<Error> error{};
  unsigned asked = 0;

 private:
  std::mutex mutex_{};
  std::map<StorePath, Offer> known_{};
};

class SubstitutionTest : public testing::Test {
 protected:
  SubstitutionTest() { world_.options.substituter = &others_; }
  RealiseResult realised(const StorePath& drv) {
    Result<RealiseResult> result = world_.realise(drv);
    EXPECT_TRUE(result) << render(result.error());
    const VerifyResult verified = world_.store->verify({}).value();
    EXPECT_FALSE(verified.damaged());
    EXPECT_THAT(list_directory(world_.store->work_dir() / "staging").value_or(std::vector<std::string>()), IsEmpty());
    return result ? *result : RealiseResult();
  }
  RealisePlan plan(const StorePath& drv, bool check = false) {
    return plan_realise(*world_.store, world_.graph, {{.drv = drv}}, check, &others_).value();
  }
  bool is_valid(const StorePath& drv) { return world_.store->is_valid(world_.output(drv)).value(); }

  World world_{};
  FakeSubstituter others_{};
  StorePath low_ = world_.add({.name = "low", .script = "echo low > $out"});
  StorePath mid_ = world_.add({.name = "mid", .script = "echo $in0 > $out", .needs = {low_}});
  StorePath top_ = world_.add({.name = "top", .script = "echo $in0 > $out", .needs = {mid_}});
};

TEST_F(SubstitutionTest, WhatIsTakenNeedsNoneOfItsInputs) {
  others_.offer(world_.output(top_));
  const RealisePlan planned = plan(top_);
  EXPECT_THAT(planned.build, IsEmpty());
  EXPECT_THAT(planned.substituted, ElementsAre(top_));
  ASSERT_EQ(planned.substitute.size(), 1U);
  EXPECT_EQ(planned.substitute[0].path, world_.output(top_));
  const RealiseResult result = realised(top_);
  EXPECT_THAT(result.built, IsEmpty());
  EXPECT_EQ(result.substituted, 1U);
  EXPECT_EQ(world_.content(top_), "taken\n");
  EXPECT_FALSE(is_valid(low_) || is_valid(mid_));
  EXPECT_THAT(world_.journal.lines(), Contains("start substitute top"));
  const PathInfo info = world_.store->query(world_.output(top_)).value().value();
  EXPECT_FALSE(info.ultimate);
}

TEST_F(SubstitutionTest, WhatItRefersToComesFirst) {
  others_.offer(world_.output(top_), {world_.output(mid_), world_.output(top_)});
  others_.offer(world_.output(mid_), {world_.output(low_)});
  others_.offer(world_.output(low_));
  others_.slow = world_.output(low_);
  std::vector<StorePath> order;
  for (const Offer& offer : plan(top_).substitute) order.push_back(offer.path);
  EXPECT_THAT(order, ElementsAre(world_.output(low_), world_.output(mid_), world_.output(top_)));
  EXPECT_EQ(realised(top_).substituted, 3U);
  EXPECT_EQ(world_.store->closure({world_.output(top_)}).value().size(), 3U);
}

TEST_F(SubstitutionTest, WhatRefersToAHoleIsBuilt) {
  others_.offer(world_.output(top_), {world_.output(mid_)});
  others_.offer(world_.output(mid_), {world_.output(low_)});
  EXPECT_THAT(plan(top_).substitute, IsEmpty());
  EXPECT_EQ(realised(top_).built.size(), 3U);
}

TEST_F(SubstitutionTest, CirclesAreHoles) {
  others_.offer(world_.output(top_), {world_.output(mid_)});
  others_.offer(world_.output(mid_), {world_.output(top_)});
  EXPECT_EQ(realised(top_).built.size(), 3U);
}

TEST_F(SubstitutionTest, InputsOfWhatIsBuiltAreTaken) {
  others_.offer(world_.output(mid_));
  const RealiseResult result = realised(top_);
  ASSERT_EQ(result.built.size(), 1U);
  EXPECT_EQ(result.built[0].drv, top_);
  EXPECT_EQ(world_.content(top_), world_.output(mid_).str() + "\n");
  EXPECT_FALSE(is_valid(low_));
}

TEST_F(SubstitutionTest, WhatIsNotGivenAfterAllIsBuiltWithWhatRefersToIt) {
  others_.offer(world_.output(top_), {world_.output(mid_)});
  others_.offer(world_.output(mid_));
  others_.refuses = {world_.output(mid_)};
  const RealiseResult result = realised(top_);
  EXPECT_EQ(result.built.size(), 3U);
  EXPECT_EQ(result.substituted, 0U);
  EXPECT_EQ(world_.content(top_), world_.output(mid_).str() + "\n");
}

TEST_F(SubstitutionTest, AnErrorOfTheDiskEndsTheRun) {
  others_.offer(world_.output(top_));
  others_.error = Error{.code = Errc::environment, .what = "no space"};
  const Result<RealiseResult> result = world_.realise(top_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, "no space");
  EXPECT_FALSE(is_valid(top_));
}

TEST_F(SubstitutionTest, OutputsOfWhatIsBuiltForAnotherOutputAreNotTaken) {
  const StorePath two = world_.add({.name = "two", .script = "echo 1 > $out; echo 2 > $dev", .outputs = {"dev", "out"}});
  others_.offer(world_.output(two, "dev"));
  const RealisePlan planned = plan_realise(*world_.store, world_.graph, {{.drv = two, .outputs = {"dev", "out"}}}, false, &others_).value();
  EXPECT_THAT(planned.build, ElementsAre(two));
  EXPECT_THAT(planned.substitute, IsEmpty());
  others_.offer(world_.output(two));
  EXPECT_EQ(realised(two).substituted, 2U);
}

TEST_F(SubstitutionTest, ACheckBuildsAllTheSame) {
  others_.offer(world_.output(low_));
  world_.options.check = true;
  const Result<RealiseResult> result = world_.realise(low_);
  ASSERT_FALSE(result) << "what was taken is not what is built";
  EXPECT_EQ(result.error().code, Errc::irreproducible);
  EXPECT_THAT(plan(low_, true).build, ElementsAre(low_));
}

TEST_F(SubstitutionTest, SourcesAreTakenToo) {
  const Hash hash = sha256("from afar");
  const StorePath source = make_fixed_path("file", ContentMethod::flat, hash).value();
  world_.graph.sources.emplace(source, Source{.path = source, .how = Source::Download{.name = "file", .sha256 = hash.hex()}});
  const StorePath drv = world_.add({.name = "uses", .script = "echo > $out", .sources = {source}});
  others_.offer(source);
  const RealisePlan planned = plan(drv);
  EXPECT_THAT(planned.fetch, IsEmpty());
  EXPECT_EQ(planned.substitute.size(), 1U);
  EXPECT_EQ(realised(drv).fetched, 0U);
  EXPECT_TRUE(world_.store->is_valid(source).value());
}

TEST_F(SubstitutionTest, ManyPathsWaitForOneThatIsSlow) {
  StorePathSet all;
  std::vector<StorePath> drvs;
  for (int i = 0; i < 150; ++i) {
    drvs.push_back(world_.add({.name = fmt::format("user{}", i), .script = "exit 1", .needs = {low_}}));
    others_.offer(world_.output(drvs.back()), {world_.output(low_)});
  }
  others_.offer(world_.output(low_));
  others_.slow = world_.output(low_);
  const Result<RealiseResult> result = world_.realise(drvs);
  ASSERT_TRUE(result) << render(result.error());
  EXPECT_EQ(result->substituted, 151U);
  EXPECT_LT(others_.asked, 20U) << "in batches";
}

TEST_F(SubstitutionTest, WhatAnotherProcessMakesIsWaitedFor) {
  others_.offer(world_.output(low_));
  const std::unique_ptr<Store> other = Store::open(world_.store->root()).value();
  std::optional<Store::PathLocks> locks = other->try_lock_paths({world_.output(low_)}).value();
  ASSERT_TRUE(locks);
  std::jthread maker([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const fs::path tree = other->work_dir() / "made";
    ASSERT_TRUE(write_file_atomically(tree, "made by another\n"));
    ASSERT_TRUE(canonicalise(tree));
    const NarHash nar = hash_nar(tree).value();
    std::vector<Store::NewPath> outputs;
    outputs.push_back({.info = {.path = world_.output(low_), .nar_hash = nar.hash, .nar_size = nar.size}, .tree = tree});
    ASSERT_TRUE(other->register_outputs(std::move(outputs)));
    locks.reset();
  });
  EXPECT_THAT(realised(low_).built, IsEmpty());
  EXPECT_EQ(world_.content(low_), "made by another\n");
  EXPECT_THAT(world_.journal.lines(), Contains("message waiting for another process that makes 'low'"));
}

}  // namespace
}  // namespace swage
