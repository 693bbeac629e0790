#include "store/derivation.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "store_support.hpp"

namespace swage {
namespace {

using test::path_of;

// The real Nix made these files (tests/data/store), inputs before users.
const std::vector<std::string> kFromNix{"16hfli33bwfjjn309c2ma55kvxqvrgzy-fx-flat.drv", "28wff04xw1ds3pzw6caqi2csxhr7p428-plain.drv"};

std::string text_of(std::string_view base) { return read_file(test::data_file(base)).value(); }
std::string name_of(const StorePath& drv) { return std::string(drv.name().substr(0, drv.name().size() - 4)); }

Derivation masked(Derivation drv) {
  for (auto& [name, output] : drv.outputs) {
    output.path.clear();
    drv.env.erase(name);
  }
  return drv;
}

TEST(Derivation, MakesThePathsThatNixMakes) {
  ModuloCache cache;
  std::size_t seen = 0;
  // Sorted names are not topological; inputs that are not hashed yet come in a later round.
  SWAGE_OK(const std::vector<std::string> entries, list_directory(test::data_file("")));
  for (int round = 0; round < 8; ++round)
    for (const std::string& entry : entries) {
      if (!entry.ends_with(".drv")) continue;
      const StorePath path = path_of(entry);
      const std::string text = text_of(entry);
      SWAGE_OK(const Derivation drv, parse_derivation(text, name_of(path)));
      if (cache.find(path) || std::any_of(drv.input_drvs.begin(), drv.input_drvs.end(), [&](const auto& i) { return !cache.find(i.first); }))
        continue;
      EXPECT_EQ(unparse(drv), text);
      EXPECT_EQ(derivation_path(drv, text), path);
      EXPECT_DONE(check_derivation(drv, cache));
      SWAGE_OK(const FinishedDerivation finished, finish_derivation(masked(drv), cache));
      EXPECT_EQ(finished.path, path);
      EXPECT_EQ(finished.text, text);
      EXPECT_EQ(finished.drv, drv);
      ++seen;
    }
  EXPECT_GE(seen, 5u);
  EXPECT_EQ(cache.find(path_of(kFromNix[0]))->hex(), "8b5ee3fd493458fb90955121710045382b8111fb9a9cc263ab14317567d33dfd");
  EXPECT_EQ(cache.find(path_of(kFromNix[1]))->hex(), "20566b412f8d5854589d9dfe0287955b4b70927f84d6289340ca40cb64868bab");
}

Derivation plain() {
  return {.name = "plain", .outputs = {{"out", {}}}, .system = "x86_64-linux", .builder = "/bin/sh", .args = {"-c", "echo hi > $out"},
          .env = {{"FOO", "a\nb\t\"q\"\\ $ \r end"}, {"builder", "/bin/sh"}, {"name", "plain"}, {"system", "x86_64-linux"}}};
}

TEST(Derivation, InputsWithEqualHashesAreOneInput) {
  // Two downloads of the same thing by different means: whatever uses one or the other has the same output paths.
  const auto fixed = [](std::string url) {
    return Derivation{.name = "file", .outputs = {{"out", {.hash_algo = "sha256", .hash = sha256("x").hex()}}},
                      .system = "s", .builder = "b", .env = {{"url", std::move(url)}}};
  };
  ModuloCache cache;
  const FinishedDerivation one = finish_derivation(fixed("1"), cache).value();
  const FinishedDerivation two = finish_derivation(fixed("2"), cache).value();
  EXPECT_NE(one.path, two.path);
  EXPECT_EQ(one.drv.outputs.at("out").path, two.drv.outputs.at("out").path);
  const auto user = [&](std::map<StorePath, std::set<std::string>> inputs) {
    Derivation drv = plain();
    drv.input_drvs = std::move(inputs);
    return finish_derivation(drv, cache).value().drv.outputs.at("out").path;
  };
  EXPECT_EQ(user({{one.path, {"out"}}}), user({{two.path, {"out"}}}));
  EXPECT_EQ(user({{one.path, {"out"}}}), user({{one.path, {"out"}}, {two.path, {"out"}}}));
}

TEST(Derivation, RefusesWhatNixRefuses) {
  ModuloCache cache;
  Derivation drv = plain();
  drv.input_drvs = {{path_of(kFromNix[0]), {"out"}}};
  EXPECT_FAILS(finish_derivation(drv, cache), Errc::invalid_input,
               "derivation 'plain' needs '/nix/store/16hfli33bwfjjn309c2ma55kvxqvrgzy-fx-flat.drv', which was not hashed before it");
  drv = plain();
  drv.name = "plain.drv";
  EXPECT_FAILS(finish_derivation(drv, cache), Errc::invalid_input, "derivation 'plain.drv' has a name that ends in .drv");
  drv = plain();
  drv.outputs.clear();
  EXPECT_FAILS(finish_derivation(drv, cache), Errc::invalid_input, "derivation 'plain' has no outputs");
  drv = plain();
  drv.outputs = {{"drv", {}}};
  EXPECT_FAILS(finish_derivation(drv, cache), Errc::invalid_input, "derivation 'plain' has an output named 'drv'");
  drv = plain();
  drv.outputs = {{"dev", {.hash_algo = "sha256", .hash = sha256("").hex()}}};
  EXPECT_FAILS(finish_derivation(drv, cache), Errc::invalid_input,
               "derivation 'plain' has a fixed output beside others, or one not named out");
  drv = plain();
  drv.outputs = {{"out", {.hash_algo = "r:sha256"}}};
  EXPECT_FAILS(finish_derivation(drv, cache), Errc::invalid_input,
               "derivation 'plain' has output 'out' with only one of hash and algorithm");
  drv = plain();
  drv.outputs = {{"out", {.hash_algo = "r:sha3", .hash = "00"}}};
  EXPECT_FAILS(finish_derivation(drv, cache), Errc::invalid_input, "'sha3' is not a hash algorithm");
  drv = plain();
  drv.input_drvs = {{path_of(kFromNix[0]), {}}};
  EXPECT_FAILS(finish_derivation(drv, cache), Errc::invalid_input,
               "derivation 'plain' wants no output of its input '/nix/store/16hfli33bwfjjn309c2ma55kvxqvrgzy-fx-flat.drv'");
}

TEST(Derivation, ChecksPathsAndVariables) {
  ModuloCache cache;
  const Derivation good = finish_derivation(plain(), cache).value().drv;
  EXPECT_DONE(check_derivation(good, cache));
  Derivation changed = good;
  changed.args.push_back("more");
  EXPECT_FALSE(check_derivation(changed, cache));
  EXPECT_EQ(check_derivation(changed, cache).error().code, Errc::corrupt);
  changed = good;
  changed.env["out"] = "/nix/store/elsewhere";
  EXPECT_FAILS(check_derivation(changed, cache), Errc::corrupt,
               "derivation 'plain' has a variable 'out' that is not the path of that output");
}

std::string broken(std::string_view text) {
  const auto drv = parse_derivation(text, "x");
  return drv ? "accepted" : drv.error().what;
}

TEST(ParseDerivation, NamesTheByte) {
  EXPECT_EQ(broken(""), "derivation 'x' is malformed at byte 0: expected 'Derive('");
  EXPECT_EQ(broken("DrvWithVersion(\"xp-dyn-drv\")"), "derivation 'x' has a format version that is not known");
  EXPECT_EQ(broken(R"(Derive([("out","","","")],[],[],"s","b",[],[])x)"), "derivation 'x' is malformed at byte 46: text after the end");
  EXPECT_EQ(broken(R"(Derive([("out","/tmp/x","",""))"),
            "derivation 'x' is malformed at byte 15: '/tmp/x' is not a store path: not below /nix/store");
  EXPECT_EQ(broken(R"(Derive([],[],[],"s","b",[],[("b",""),("a","")]))"), "derivation 'x' is malformed at byte 45: a list is not sorted");
  EXPECT_EQ(broken(R"(Derive([],[],[],"s","b",[],[("a",""),("a","")]))"), "derivation 'x' is malformed at byte 45: a list is not sorted");
  EXPECT_EQ(broken(R"(Derive([],[],[],"s)"), "derivation 'x' is malformed at byte 17: a string without end");
  EXPECT_EQ(broken(R"(Derive([],[],[],"s\)"), "derivation 'x' is malformed at byte 19: a string without end");
  EXPECT_EQ(broken("Derive([],[],[],\"s\",\"b\",[\"\\q\"],[])"), "accepted");
}

TEST(ParseDerivation, TakesUnescapedLineEndsAndEscapesThem) {
  SWAGE_OK(const Derivation drv, parse_derivation("Derive([],[],[],\"a\rb\nc\",\"\",[],[])", "x"));
  EXPECT_EQ(drv.system, "a\rb\nc");
  EXPECT_EQ(unparse(drv), R"(Derive([],[],[],"a\rb\nc","",[],[]))");
}

TEST(ParseDerivation, RejectsEveryPrefix) {
  const std::string text = text_of(kFromNix[1]);
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(parse_derivation(std::string_view(text).substr(0, size), "x")) << size;
}

rc::Gen<StorePath> any_path(std::string name) {
  return rc::gen::map(rc::gen::arbitrary<std::string>(), [name = std::move(name)](const std::string& seed) {
    return make_store_path("text", sha256(seed), name).value();
  });
}

rc::Gen<Derivation> any_derivation() {
  using Text = std::string;
  return rc::gen::build<Derivation>(
      rc::gen::set(&Derivation::name, rc::gen::just(Text("x"))),
      rc::gen::set(&Derivation::outputs,
                   rc::gen::container<std::map<Text, DerivationOutput>>(
                       rc::gen::arbitrary<Text>(),
                       rc::gen::build<DerivationOutput>(
                           rc::gen::set(&DerivationOutput::path, rc::gen::map(any_path("x"), [](const StorePath& p) { return p.str(); })),
                           rc::gen::set(&DerivationOutput::hash_algo), rc::gen::set(&DerivationOutput::hash)))),
      rc::gen::set(&Derivation::input_drvs, rc::gen::container<std::map<StorePath, std::set<Text>>>(any_path("i.drv"), rc::gen::arbitrary<std::set<Text>>())),
      rc::gen::set(&Derivation::input_srcs, rc::gen::container<StorePathSet>(any_path("src"))), rc::gen::set(&Derivation::system),
      rc::gen::set(&Derivation::builder), rc::gen::set(&Derivation::args), rc::gen::set(&Derivation::env));
}

RC_GTEST_PROP(DerivationProperty, ParseInvertsUnparse, ()) {
  const Derivation drv = *any_derivation();
  RC_ASSERT(parse_derivation(unparse(drv), drv.name).value() == drv);
}

}  // namespace
}  // namespace swage
