// Laws of the resolver over random worlds, and what the shipped catalog must answer.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "support/versions.hpp"
#include "support/worlds.hpp"

namespace swage {
namespace {

std::string a_date() { return fmt::format("{}-{:02}-{:02}", *rc::gen::inRange(2018, 2024), *rc::gen::inRange(1, 13), *rc::gen::inRange(1, 29)); }
std::string a_condition(const std::string& variable) { return fmt::format("{} = \"{}\"", variable, *gen_range_text()); }

World a_world() {
  World world;
  world.kernel("2", "2019-01-01").kernel("4", "2021-01-01").provider("source", 5, false);
  for (int i = *rc::gen::inRange(1, 6); i > 0; --i)
    world.toolchain({.id = fmt::format("t{}", i),
                     .version = *rc::gen::element<std::string>("1", "2.5", "3.1", "4", "5.9"),
                     .binutils = *rc::gen::element<std::string>("1.2", "2", "3.4", "5"),
                     .released = a_date(),
                     .libc = *rc::gen::element<std::string>("glibc", ""),
                     .libc_version = *rc::gen::element<std::string>("1", "3", "5"),
                     .provider = *rc::gen::element<std::string>("debian", "source")});
  const bool roots = *rc::gen::inRange(0, 3) != 0;
  if (roots)
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i)
      world.root({.name = fmt::format("r{}", i),
                  .tools = fmt::format("make = \"{}\", host-gcc = \"{}\"", *rc::gen::element<std::string>("1", "3.2", "5"),
                                       *rc::gen::element<std::string>("2", "4", "5.5")),
                  .rank = *rc::gen::inRange(0, 2),
                  .released = a_date()});
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
    std::string when = *rc::gen::inRange(0, 2) ? a_condition("kernel") : std::string("arch = [\"arm64\"]");
    if (*rc::gen::inRange(0, 3) == 0) when += ", " + a_condition(*rc::gen::element<std::string>("binutils", "host-gcc"));
    const std::string effect = *rc::gen::element<std::string>("builds-not", "boots-not", "misbehaves");
    std::string require = a_condition(*rc::gen::element<std::string>("gcc", "binutils", "glibc"));
    if (*rc::gen::inRange(0, 3) == 0) require = a_condition(*rc::gen::element<std::string>("make", "host-gcc", "kernel"));
    world.constraint(fmt::format("c{}", i), when, require, effect);
    if (*rc::gen::inRange(0, 2)) world.quirk_for(fmt::format("c{}", i), fmt::format("q{}", i), a_condition(*rc::gen::element<std::string>("gcc", "kernel", "make")));
  }
  return world;
}

Ask a_question() {
  return {.kernel = *gen_version_text(), .purpose = *rc::gen::element(Purpose::kernel, Purpose::userland)};
}

// What a constraint or a quirk says, worked out from the rows again and without the resolver's own helpers.
class Evaluator {
 public:
  Evaluator(const Ask& question, const ToolchainRow& toolchain, const RootRow* root) : question_(question), toolchain_(toolchain), root_(root) {}

  bool applies(const Conditions& row) const {
    if (!row.kernels.contains(*Version::parse(question_.kernel))) return false;
    for (const auto& [name, range] : row.when) {
      const auto version = version_of(name);
      if (!version || !range.contains(*version)) return false;
    }
    return true;   // every platform of these worlds is the one that `arch` names
  }
  bool violated(const ConstraintRow& row) const {
    if (!applies(row)) return false;
    for (const auto& [name, range] : row.require)
      if (const auto version = version_of(name); version && !range.contains(*version)) return true;
    return false;
  }

 private:
  std::optional<Version> version_of(const std::string& name) const {
    if (name == "kernel") return *Version::parse(question_.kernel);
    if (name == "gcc") return toolchain_.version;
    if (name == "binutils") return toolchain_.binutils;
    if (name == "glibc") {
      if (question_.purpose != Purpose::userland || toolchain_.libc != "glibc") return std::nullopt;
      return *Version::parse(toolchain_.libc_version);
    }
    if (root_)
      for (const auto& [tool, version] : root_->tools)
        if (tool == name) return version;
    return std::nullopt;
  }

  const Ask& question_;
  const ToolchainRow& toolchain_;
  const RootRow* root_;
};

// How grave what is lifted is: of the toolchain, then of the root.
std::pair<int, int> lifted_weight(const Resolution& resolution) {
  std::pair<int, int> weight{0, 0};
  for (const QuirkApplied& one : resolution.quirks)
    for (const ConstraintRow* row : one.lifts) {
      const std::string name = row->require.begin()->first;
      int& gravest = name == "make" || name == "host-gcc" ? weight.second : weight.first;
      gravest = std::max(gravest, row->effect == Effect::builds_not ? 1 : row->effect == Effect::misbehaves ? 2 : 3);
    }
  return weight;
}

// The position of a choice in the ranking of a world without constraints, where all candidates that can serve are ranked.
std::size_t rank_of(const Resolution& free, const std::string& id) {
  for (std::size_t i = 0; i < free.ranking.size(); ++i)
    if (free.ranking[i].toolchain->id == id) return i;
  return free.ranking.size();
}

RC_GTEST_PROP(ResolverLaws, EveryCandidateIsEitherRankedOrRejectedForACause, ()) {
  const auto catalog = a_world().build();
  const auto resolution = ask(*catalog, a_question());
  RC_ASSERT(resolution.has_value());
  RC_ASSERT(resolution->ranking.size() + resolution->rejected.size() == catalog->all_toolchains()->size());
  RC_ASSERT((resolution->chosen != nullptr) == !resolution->ranking.empty());
  for (const Rejection& rejection : resolution->rejected) RC_ASSERT(!rejection.reason.empty());
}

RC_GTEST_PROP(ResolverLaws, TheChosenOneViolatesNothingThatItsQuirksDoNotLift, ()) {
  const auto catalog = a_world().build();
  const Ask question = a_question();
  const auto resolution = ask(*catalog, question);
  RC_PRE(resolution.has_value() && resolution->chosen);
  const Evaluator evaluator(question, *resolution->chosen, resolution->root);
  RC_ASSERT((resolution->root == nullptr) == catalog->roots().empty());
  const auto constraints = catalog->constraints().value();
  for (const ConstraintRow* constraint : constraints) {
    bool lifted = false;
    for (const QuirkApplied& one : resolution->quirks) {
      RC_ASSERT(evaluator.applies(*one.quirk));
      RC_ASSERT(!one.lifts.empty());
      for (const ConstraintRow* row : one.lifts) lifted = lifted || row == constraint;
    }
    RC_ASSERT(evaluator.violated(*constraint) == lifted);
  }
  if (question.purpose == Purpose::userland) RC_ASSERT(!resolution->chosen->libc.empty());
}

RC_GTEST_PROP(ResolverLaws, WhatIsRejectedFailsInEveryRoot, ()) {
  const auto catalog = a_world().build();
  const Ask question = a_question();
  const auto resolution = ask(*catalog, question);
  RC_ASSERT(resolution.has_value());
  const auto constraints = catalog->constraints().value();
  const auto quirks = catalog->quirks().value();
  std::vector<const RootRow*> roots;
  for (const RootRow& root : catalog->roots()) roots.push_back(&root);
  if (roots.empty()) roots.push_back(nullptr);
  for (const Rejection& rejection : resolution->rejected) {
    if (rejection.by.empty()) continue;
    for (const RootRow* root : roots) {
      const Evaluator evaluator(question, *rejection.toolchain, root);
      bool fails = false;
      for (const ConstraintRow* constraint : constraints) {
        if (!evaluator.violated(*constraint)) continue;
        bool lifted = false;
        for (const QuirkRow* quirk : quirks) lifted = lifted || (quirk->lifts.front() == constraint->id && evaluator.applies(*quirk));
        fails = fails || !lifted;
      }
      RC_ASSERT(fails);
    }
  }
}

RC_GTEST_PROP(ResolverLaws, RemovingAConstraintNeverMakesTheAnswerWorse, ()) {
  const World world = a_world();
  RC_PRE(world.constraint_count() > 0u);
  const Ask question = a_question();
  World free = world;
  while (free.constraint_count() > 0) free.drop_constraint(0);
  const auto free_catalog = free.build();
  const auto everything = ask(*free_catalog, question);
  World fewer = world;
  fewer.drop_constraint(*rc::gen::inRange<std::size_t>(0, world.constraint_count()));
  const auto catalog = world.build(), fewer_catalog = fewer.build();
  const auto before = ask(*catalog, question), after = ask(*fewer_catalog, question);
  if (!before->chosen) return;
  RC_ASSERT(after->chosen != nullptr);
  const auto rank = [&](const Resolution& resolution) {
    const std::pair<int, int> lifted = lifted_weight(resolution);
    const auto silent = [](int weight) { return weight == 1 ? 0 : weight; };
    return std::tuple(silent(lifted.first), silent(lifted.second), !resolution.chosen->prebuilt, lifted, rank_of(*everything, resolution.chosen->id));
  };
  RC_ASSERT(rank(*after) <= rank(*before));
}

RC_GTEST_PROP(ResolverLaws, TwoRunsAgree, ()) {
  const auto catalog = a_world().build();
  const Ask question = a_question();
  RC_ASSERT(resolution_json(*ask(*catalog, question)) == resolution_json(*ask(*catalog, question)));
}

RC_GTEST_PROP(ResolverLaws, TheOrderOfRowsDoesNotMatter, ()) {
  const World world = a_world();
  World reversed = world;
  reversed.reverse_rows();
  const Ask question = a_question();
  const auto catalog = world.build(), other = reversed.build();
  RC_ASSERT(resolution_json(*ask(*catalog, question)) == resolution_json(*ask(*other, question)));
  RC_ASSERT(explain(*ask(*catalog, question)) == explain(*ask(*other, question)));
}

struct Cell {
  const char* kernel;
  const char* suite;
};

TEST(ShippedCells, TakeTheCompilerOfTheirTime) {
  const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog");
  ASSERT_TRUE(catalog) << render(catalog.error());
  for (const char* platform : {"arm64", "armhf", "armel", "mipsel", "riscv64", "powerpc64le", "s390x", "x86_64", "i686"})
    for (const Cell& cell : {Cell{"5.10", "bullseye"}, {"5.10.223", "bullseye"}, {"6.1", "bookworm"}, {"6.1.170", "bookworm"}, {"6.12", "trixie"}, {"6.12.94", "trixie"}}) {
      SCOPED_TRACE(fmt::format("linux {} for {}", cell.kernel, platform));
      for (const Purpose purpose : {Purpose::kernel, Purpose::userland}) {
        const auto resolution = ask(**catalog, {.kernel = cell.kernel, .platform = platform, .purpose = purpose});
        ASSERT_TRUE(resolution && resolution->chosen);
        EXPECT_EQ(resolution->chosen->suite, cell.suite);
        EXPECT_FALSE(resolution->rules.empty());
      }
    }
}

TEST(ShippedCells, LiftTheKnownSilentFailures) {
  const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog");
  ASSERT_TRUE(catalog);
  // R_X86_64_PLT32 was backported: the same series needs the quirk before and not after that release.
  for (const auto& [kernel, needed] : {std::pair{"4.10", true}, {"4.14.27", true}, {"4.14.336", false}, {"3.18.99", true}, {"3.18.100", false}}) {
    const auto resolution = ask(**catalog, {.kernel = kernel, .platform = "x86_64"});
    ASSERT_TRUE(resolution && resolution->chosen) << kernel;
    EXPECT_EQ(resolution->chosen->id, "debian-bullseye-gcc-9-x86_64") << kernel;
    bool lifted = false;
    for (const QuirkApplied& one : resolution->quirks)
      for (const ConstraintRow* row : one.lifts) lifted = lifted || (one.quirk->id == "plt32-as-pc32" && row->id == "binutils-2.31-plt32");
    EXPECT_EQ(lifted, needed) << kernel;
  }
}

// glibc refuses kernels before 3.2: a boot of those takes the same compiler without it, and does not build another one first.
TEST(ShippedCells, BootOldKernelsWithoutACLibrary) {
  const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog");
  ASSERT_TRUE(catalog) << render(catalog.error());
  for (const std::string platform : {"armel", "i686", "mips", "mipsel", "powerpc", "x86_64"}) {
    const std::string id = fmt::format("debian-bullseye-gcc-{}-{}", platform.starts_with("mips") ? "10" : "9", platform);
    const auto boots = [&](const char* kernel) {
      return chosen(**catalog, {.kernel = kernel, .platform = platform, .purpose = Purpose::boot});
    };
    for (const char* kernel : {"2.6.32.71", "3.1"}) EXPECT_EQ(boots(kernel), id + "-nolibc") << kernel;
    for (const char* kernel : {"3.4.113", "3.12"}) EXPECT_EQ(boots(kernel), id) << kernel;
    EXPECT_EQ(chosen(**catalog, {.kernel = "3.1", .platform = platform}), id);
  }
}

TEST(ShippedCells, AllAnswerOnOneScreen) {
  const auto catalog = Catalog::load(fs::path(SWAGE_SOURCE_DIR) / "catalog");
  ASSERT_TRUE(catalog);
  std::size_t cells = 0, possible = 0;
  for (const Platform& platform : (**catalog).platforms())
    for (const KernelRow& kernel : (**catalog).kernels())
      for (const char* compiler : {"gcc", "clang"}) {
        SCOPED_TRACE(fmt::format("linux {} for {} with {}", kernel.version.str(), platform.name, compiler));
        const auto resolution = ask(**catalog, {.kernel = kernel.version.str(), .platform = platform.name, .compiler = compiler});
        ASSERT_TRUE(resolution) << render(resolution.error());
        cells += (**catalog).has_toolchains(platform.name);
        possible += resolution->chosen != nullptr;
        const std::string text = explain(*resolution);
        EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 40) << text;
        for (std::size_t at = 0; at < text.size();) {
          const std::size_t end = text.find('\n', at);
          EXPECT_LE(end - at, 140u) << text.substr(at, end - at);
          at = end + 1;
        }
        if (resolution->chosen) EXPECT_NE(resolution->root, nullptr);
        else EXPECT_EQ(unsatisfied(**catalog, *resolution).code, Errc::unsatisfiable);
      }
  EXPECT_GT(cells, 400u);
  EXPECT_GT(possible, cells / 3);
}

}  // namespace
}  // namespace swage
