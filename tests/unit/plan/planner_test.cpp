#include "plan/planner.hpp"

#include <deque>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

#include "support/plan_world.hpp"

namespace swage {
namespace {

// Position of a .drv in the graph, by the name of its derivation.
std::size_t position(const Graph& graph, const std::string& name) {
  for (std::size_t i = 0; i < graph.derivations.size(); ++i)
    if (graph.derivations[i].drv.name == name) return i;
  ADD_FAILURE() << "no derivation '" << name << "'";
  return 0;
}

const Derivation& named(const Graph& graph, const std::string& name) { return graph.derivations[position(graph, name)].drv; }

std::set<std::string> names(const Graph& graph) {
  std::set<std::string> all;
  for (const FinishedDerivation& finished : graph.derivations) all.insert(finished.drv.name);
  return all;
}

// Every store path that a text holds, without what is below it.
std::set<std::string> store_paths(const std::string& text) {
  std::set<std::string> paths;
  for (std::size_t at = 0; (at = text.find("/nix/store/", at)) != std::string::npos;) {
    const auto end = std::min(text.find_first_of("/ \n", at + 11), text.size());
    paths.insert(text.substr(at, end - at));
    at = end;
  }
  return paths;
}

// What is mentioned is an input or an own output, and every input is mentioned.
void expect_mentions_are_inputs(const Graph& graph, const FinishedDerivation& finished) {
  const Derivation& drv = finished.drv;
  std::set<std::string> mentioned = store_paths(drv.builder);
  for (const std::string& arg : drv.args) mentioned.merge(store_paths(arg));
  for (const auto& [key, value] : drv.env) mentioned.merge(store_paths(value));
  std::set<std::string> inputs;
  for (const StorePath& path : drv.input_srcs) inputs.insert(path.str());
  for (const auto& [path, outputs] : drv.input_drvs) {
    const FinishedDerivation* input = graph.find(path);
    ASSERT_NE(input, nullptr) << path.str();
    EXPECT_EQ(outputs, std::set<std::string>{"out"});
    inputs.insert(input->drv.outputs.at("out").path);
  }
  for (const std::string& input : inputs) EXPECT_TRUE(mentioned.contains(input)) << drv.name << " does not use " << input;
  inputs.insert(drv.outputs.at("out").path);
  for (const std::string& path : mentioned) EXPECT_TRUE(inputs.contains(path)) << drv.name << " has no input " << path;
}

void expect_golden(const std::string& file, const std::string& actual) {
  const std::string path = std::string(SWAGE_SOURCE_DIR) + "/tests/data/plan/" + file;
  if (std::getenv("SWAGE_ACCEPT")) {
    std::ofstream(path) << actual;
    GTEST_SKIP() << "rewrote " << path;
  }
  std::ostringstream wanted;
  wanted << std::ifstream(path).rdbuf();
  EXPECT_EQ(actual, wanted.str()) << "run again with SWAGE_ACCEPT=1 and review the difference";
}

TEST(Planner, ABootIsMadeOfEverythingBelowIt) {
  PlanWorld world;
  world.plan("boot", world.cell());
  EXPECT_EQ(names(world.planner().graph()),
            (std::set<std::string>{"root-build", "root-qemu", "toolchain-debian-gcc-12-arm64", "linux-6.1.170-source", "linux-6.1.170-arm64",
                                   "busybox-boot-1.35.0", "initramfs-arm64", "boot-linux-6.1.170-arm64"}));
}

TEST(Planner, InputsComeBeforeUsers) {
  PlanWorld world;
  world.plan("boot", world.cell("arm64"));
  world.plan("linux", world.cell("arm64", "2.6.32"));
  const Graph& graph = world.planner().graph();
  EXPECT_EQ(graph.index.size(), graph.derivations.size());
  for (std::size_t i = 0; i < graph.derivations.size(); ++i) {
    EXPECT_EQ(graph.index.at(graph.derivations[i].path), i);
    for (const auto& [input, outputs] : graph.derivations[i].drv.input_drvs) EXPECT_LT(graph.index.at(input), i);
  }
}

TEST(Graph, AClosureIsWhatOneDerivationIsMadeOf) {
  PlanWorld world;
  world.plan("boot", world.cell());
  const StorePath kernel = world.plan("linux", world.cell("arm64", "2.6.32")).path;
  const Graph& graph = world.planner().graph();
  std::vector<std::string> made_of;
  for (const StorePath& path : graph.closure(kernel)) made_of.push_back(graph.find(path)->drv.name);
  EXPECT_EQ(made_of.back(), "linux-2.6.32.71-arm64");
  std::set<std::string> before;
  for (const std::string& name : made_of) {
    for (const auto& [input, outputs] : named(graph, name).input_drvs) EXPECT_TRUE(before.contains(graph.find(input)->drv.name)) << name;
    before.insert(name);
  }
  EXPECT_EQ(before,
            (std::set<std::string>{"root-build", "toolchain-debian-gcc-12-arm64", "linux-2.6.32.71-source", "linux-2.6.32.71-arm64"}));
  EXPECT_EQ(made_of.size(), 4u) << "each of them once";
}

TEST(Planner, EverySourceSaysHowToGetIt) {
  PlanWorld world;
  world.plan("boot", world.cell());
  const Graph& graph = world.planner().graph();
  for (const FinishedDerivation& finished : graph.derivations)
    for (const StorePath& source : finished.drv.input_srcs) EXPECT_TRUE(graph.sources.contains(source)) << source.str();
}

TEST(Planner, EveryMentionedStorePathIsAnInputAndEveryInputIsMentioned) {
  PlanWorld world;
  Cell with_text = world.cell();
  with_text.kernel->options.config_text = "CONFIG_X=y\n";
  world.plan("linux", with_text);
  world.plan("boot", world.cell());
  for (const FinishedDerivation& finished : world.planner().graph().derivations) expect_mentions_are_inputs(world.planner().graph(), finished);
}

TEST(Planner, FollowsTheBuilderContract) {
  PlanWorld world;
  world.plan("boot", world.cell());
  const Graph& graph = world.planner().graph();
  const std::string busybox = seed_source(world.lock().lock(), "busybox").value().path.str() + "/bin/busybox";
  for (const FinishedDerivation& finished : graph.derivations) {
    const Derivation& drv = finished.drv;
    const bool rooted = !drv.name.starts_with("root-");
    EXPECT_EQ(drv.builder, busybox);
    EXPECT_EQ(drv.system, "x86_64-linux");
    ASSERT_EQ(drv.args.size(), rooted ? 3u : 2u) << drv.name;
    EXPECT_EQ(drv.args.front(), "sh");
    if (rooted) {
      EXPECT_EQ(drv.args[1], text_source("enter.sh", "# enter.sh\n").value().path.str());
    }
    EXPECT_EQ(drv.env.contains("root"), rooted) << drv.name;
    EXPECT_EQ(drv.env.at("busybox"), busybox);
    EXPECT_EQ(drv.env.at("builder"), busybox);
    EXPECT_EQ(drv.env.at("system"), drv.system);
    EXPECT_EQ(drv.env.at("name"), drv.name);
    EXPECT_EQ(drv.env.at("out"), drv.outputs.at("out").path);
    EXPECT_TRUE(check_derivation(drv, graph.modulo));
  }
}

TEST(Planner, TheRecipesScriptIsTheLastArgument) {
  PlanWorld world;
  const Derivation& linux = world.plan("linux", world.cell()).drv;
  EXPECT_EQ(linux.args.back(), text_source("linux.sh", "# linux.sh\n").value().path.str());
  const Derivation& root = named(world.planner().graph(), "root-build");
  EXPECT_EQ(root.args.back(), text_source("root.sh", "# root.sh\n").value().path.str());
}

TEST(Planner, TheEnvironmentIsTheRecipesWithItsVariablesReplaced) {
  PlanWorld world;
  Cell cell = world.cell();
  cell.kernel->options.lines = {"CONFIG_A=y", "CONFIG_B=n"};
  cell.kernel->options.strict = true;
  const Derivation& linux = world.plan("linux", cell).drv;
  const Graph& graph = world.planner().graph();
  const auto out = [&](const char* name) { return named(graph, name).outputs.at("out").path; };
  const std::map<std::string, std::string> expected{
      {"arch", "arm64"},
      {"builder", linux.builder},
      {"busybox", linux.builder},
      {"config", "tiny"},
      {"config_lines", "CONFIG_A=y\nCONFIG_B=n"},
      {"cross", "arm64-linux-gnu-"},
      {"deps_build", out("toolchain-debian-gcc-12-arm64")},
      {"deps_host", out("linux-6.1.170-source")},
      {"flags", "${KCFLAGS:-} {a,b}"},
      {"image", "arch/arm64/boot/Image"},
      {"machine_config", "CONFIG_TTY=y\nCONFIG_PROC_FS=y"},
      {"name", "linux-6.1.170-arm64"},
      {"out", linux.outputs.at("out").path},
      {"root", out("root-build")},
      {"src", out("linux-6.1.170-source")},
      {"strict", "1"},
      {"system", "x86_64-linux"},
  };
  EXPECT_EQ(linux.env, expected);
}

// A lock that has these alone, of those that `whole` has.
Lockfile part_of(const Lockfile& whole, const std::set<std::string>& keys) {
  Lockfile part{.created = whole.created, .files = whole.files};
  for (const auto& [key, set] : whole.sets)
    if (keys.contains(key)) part.sets.emplace(key, set);
  for (const auto& [key, sha256] : whole.sources)
    if (keys.contains("source:" + key)) part.sources.emplace(key, sha256);
  for (const auto& [key, seed] : whole.seeds)
    if (keys.contains("seed:" + key)) part.seeds.emplace(key, seed);
  return part;
}

TEST(Planner, WhatTheLockLacksIsFoundAtOnceAndIsEnough) {
  PlanWorld world;
  const Cell& cell = world.cell();
  const Lockfile& whole = world.lock().lock();
  const Lockfile empty{.created = whole.created};
  Planner survey(world.catalog(), empty);
  survey.collect_absent();
  ASSERT_TRUE(survey.package("boot", cell));
  const std::set<std::string> absent = survey.end_collecting();
  EXPECT_EQ(absent, (std::set<std::string>{"root:build", "root:qemu", "seed:busybox", "source:bookworm/busybox", "toolchain:debian-gcc-12-arm64"}));

  const Lockfile part = part_of(whole, absent);
  Planner grown(world.catalog(), part);
  grown.collect_absent();
  EXPECT_EQ(grown.package("boot", cell).value().drv, world.planner().package("boot", cell).value().drv) << "nothing else is pinned";
  EXPECT_TRUE(grown.end_collecting().empty());
  EXPECT_FALSE(grown.root("emulators")) << "what is planned afterwards is not collected";
}

TEST(Planner, WhatCannotBeHadIsAnErrorAndNotAskedForAgain) {
  PlanWorld world;
  const Cell& cell = world.cell();
  Lockfile part = part_of(world.lock().lock(), {"seed:busybox"});
  part.missing["root:build"] = "no such suite";
  Planner planner(world.catalog(), part);
  planner.collect_absent();
  const auto made = planner.root("build");
  ASSERT_FALSE(made);
  EXPECT_EQ(render(made.error()), "error: 'root:build' has no packages in the lock file\nnote: when it was asked for: no such suite\n"
                                  "hint: pin it with: swage lock --root build\n");
  EXPECT_FALSE(planner.package("linux", cell));
}

// Which of two places a source comes from must not depend on what others have pinned.
TEST(Planner, ASourceThatCanBeHadElsewhereIsAskedForToo) {
  PlanWorld world;
  world.recipe("tool", "[source]\nurls = [\"https://example.org/tool.tar.xz\"]\nsha256 = \"60a5ffe0206a0ea8997c29ccc595aa7dae55f6cb20c7d92aab88029ca4fef598\"\n"
                       "debian = { suite = \"bookworm\", package = \"tool\" }\n[env]\nsrc = \"{source}\"\n");
  const Cell& cell = world.cell();
  Planner planner(world.catalog(), world.lock().lock());
  planner.collect_absent();
  ASSERT_TRUE(planner.package("tool", cell));
  EXPECT_EQ(planner.end_collecting(), (std::set<std::string>{"source:bookworm/tool"}));
}

TEST(Planner, ARootIsMadeOfItsLockedPackages) {
  PlanWorld world;
  const Wanted wanted = world.planner().root("build").value();
  const Derivation& root = world.planner().graph().find(wanted.drv)->drv;
  const std::vector<Source> packages = set_sources(world.lock().lock(), "root:build", "bookworm", {"make", "gcc"}).value();
  std::string debs;
  for (const Source& source : packages) debs += (debs.empty() ? "" : " ") + source.path.str();
  EXPECT_EQ(root.env.at("debs"), debs);
  EXPECT_TRUE(root.input_drvs.empty());
}

TEST(Planner, AConfigurationFileIsAnInput) {
  PlanWorld world;
  Cell cell = world.cell();
  cell.kernel->options.config_text = "CONFIG_X=y\n";
  const Derivation& linux = world.plan("linux", cell).drv;
  const StorePath text = text_source("kernel.config", "CONFIG_X=y\n").value().path;
  EXPECT_EQ(linux.env.at("config"), text.str());
  EXPECT_TRUE(linux.input_srcs.contains(text));
}

TEST(Planner, ALocalTreeStandsInForTheKernelSource) {
  PlanWorld world;
  Cell cell = world.cell();
  const StorePath tree = make_fixed_path("linux-6.1.5-source", ContentMethod::recursive, sha256("tree")).value();
  cell.kernel->version = Version::parse("6.1.5").value();
  cell.kernel->source = Source{.path = tree, .how = Source::Present{"/home/linux"}};
  const Derivation& linux = world.plan("linux", cell).drv;
  const Graph& graph = world.planner().graph();
  EXPECT_EQ(linux.env.at("src"), tree.str());
  EXPECT_EQ(linux.env.at("deps_host"), tree.str());
  EXPECT_TRUE(linux.input_srcs.contains(tree));
  EXPECT_TRUE(std::holds_alternative<Source::Present>(graph.sources.at(tree).how));
  EXPECT_FALSE(names(graph).contains("linux-6.1.5-source"));
  EXPECT_EQ(world.error("linux-source", cell),
            fmt::format("error: 'linux-source' is the given tree, which nothing builds: '{}'\n", tree.str()));
}

TEST(Planner, AskingAgainAddsNothing) {
  PlanWorld world;
  const Cell& cell = world.cell();
  const StorePath first = world.plan("boot", cell).path;
  const std::size_t size = world.planner().graph().derivations.size();
  EXPECT_EQ(world.plan("boot", cell).path, first);
  EXPECT_EQ(world.plan("boot", world.cell()).path, first);  // an equal cell elsewhere
  EXPECT_EQ(world.planner().graph().derivations.size(), size);
}

TEST(Planner, TheSameInputsGiveTheSameDerivationsInAnotherDirectory) {
  PlanWorld here, there;
  ASSERT_NE(&here.catalog(), &there.catalog());
  EXPECT_EQ(here.plan("boot", here.cell()).text, there.plan("boot", there.cell()).text);
  const auto all = [](const Graph& graph) {
    std::vector<std::string> paths;
    for (const FinishedDerivation& finished : graph.derivations) paths.push_back(finished.path.str());
    return paths;
  };
  EXPECT_EQ(all(here.planner().graph()), all(there.planner().graph()));
}

TEST(Planner, TheOrderOfRequestsDoesNotMatter) {
  PlanWorld one, two;
  const StorePath boot = one.plan("boot", one.cell()).path;
  two.planner().root("qemu").value();
  two.plan("busybox-boot", two.cell("x86_64", ""));
  EXPECT_EQ(two.plan("boot", two.cell()).path, boot);
}

TEST(Planner, AChangedScriptMovesWhatItMakesAndNothingElse) {
  PlanWorld one, two;
  two.write("scripts/linux.sh", "# other\n");
  one.plan("boot", one.cell());
  two.plan("boot", two.cell());
  const auto out = [](PlanWorld& world, const char* name) { return named(world.planner().graph(), name).outputs.at("out").path; };
  for (const char* moved : {"linux-6.1.170-arm64", "boot-linux-6.1.170-arm64"}) EXPECT_NE(out(one, moved), out(two, moved));
  for (const char* kept : {"initramfs-arm64", "toolchain-debian-gcc-12-arm64", "root-build"}) EXPECT_EQ(out(one, kept), out(two, kept));
}

TEST(PlannerRoles, AHostDependencyIsForThePlatformAndABuildDependencyForTheMachineThatBuilds) {
  PlanWorld world;
  world.recipe("tool", "[deps]\nbuild = [\"busybox-boot\"]\n[env]\npath = \"{dep.busybox-boot}\"\n");
  world.recipe("part", "[deps]\nhost = [\"busybox-boot\"]\n[env]\npath = \"{dep.busybox-boot}\"\n");
  const Cell& arm64 = world.cell("arm64", "");
  const StorePath for_arm64 = world.plan("busybox-boot", arm64).path;
  const StorePath for_x86_64 = world.plan("busybox-boot", world.cell("x86_64", "")).path;
  const Derivation& tool = world.plan("tool", arm64).drv;
  const Derivation& part = world.plan("part", arm64).drv;
  ASSERT_NE(for_arm64, for_x86_64);
  EXPECT_TRUE(tool.input_drvs.contains(for_x86_64) && !tool.input_drvs.contains(for_arm64));
  EXPECT_TRUE(part.input_drvs.contains(for_arm64) && !part.input_drvs.contains(for_x86_64));
  EXPECT_EQ(tool.env.at("path"), tool.env.at("deps_build"));
  EXPECT_EQ(part.env.at("path"), part.env.at("deps_host"));
}

TEST(PlannerRoles, ABuildToolIsTheSameForEveryPlatform) {
  PlanWorld world;
  world.recipe("tool", "[deps]\nbuild = [\"busybox-boot\"]\n");
  EXPECT_EQ(world.plan("tool", world.cell("arm64", "")).path, world.plan("tool", world.cell("x86_64", "")).path);
}

TEST(PlannerRoles, OnePackageMayBeADependencyInTwoRoles) {
  PlanWorld world;
  world.recipe("native", "[deps]\nhost = [\"first\"]\n");
  world.recipe("first", "[env]\nplatform = \"{platform.name}\"\n");
  world.recipe("two", "[deps]\nhost = [\"first\", \"native\"]\nbuild = [\"first\"]\n");
  const Derivation& two = world.plan("two", world.cell("arm64", "")).drv;
  EXPECT_EQ(two.input_drvs.size(), 3u);
  EXPECT_EQ(std::count(two.env.at("deps_host").begin(), two.env.at("deps_host").end(), ' '), 1);
}

TEST(PlannerRoles, AVariableSaysTheRoleOfOneThatIsADependencyInSeveral) {
  PlanWorld world;
  world.recipe("first", "[env]\nplatform = \"{platform.name}\"\n", "outputs = [\"out\", \"dev\"]\n");
  world.recipe("two", "[deps]\nhost = [\"first\"]\nbuild = [\"first\"]\n[env]\nruns = \"{dep.host.first}\"\nhelps = \"{dep.build.first} {dep.build.first:dev}\"\n");
  const Cell& arm64 = world.cell("arm64", "");
  const Derivation& two = world.plan("two", arm64).drv;
  const Derivation& helps = world.plan("first", world.cell("x86_64", "")).drv;
  EXPECT_EQ(two.env.at("runs"), world.plan("first", arm64).drv.outputs.at("out").path);
  EXPECT_EQ(two.env.at("helps"), helps.outputs.at("out").path + " " + helps.outputs.at("dev").path);
}

TEST(PlannerRoles, WhatARecipeSaysItselfComesBeforeWhatOthersBring) {
  PlanWorld world;
  world.recipe("first", "[env]\nplatform = \"{platform.name}\"\n").recipe("brings", "[deps]\npropagated-host = [\"first\"]\n");
  world.recipe("own", "[deps]\nhost = [\"brings\"]\nbuild = [\"first\"]\n[env]\nx = \"{dep.first}\"\ny = \"{dep.host.first}\"\n");
  const Derivation& own = world.plan("own", world.cell("arm64", "")).drv;
  EXPECT_EQ(own.env.at("x"), own.env.at("deps_build"));
  EXPECT_NE(own.env.at("y"), own.env.at("x"));
  EXPECT_TRUE(own.env.at("deps_host").ends_with(" " + own.env.at("y")));
}

TEST(PlannerRoles, AVariableThatDoesNotSayWhichIsAnErrorOnEveryPlatform) {
  PlanWorld world;
  world.recipe("first", "").recipe("brings", "[deps]\npropagated-host = [\"first\"]\n");
  world.recipe("two", "[deps]\nhost = [\"first\"]\nbuild = [\"first\"]\n[env]\nx = \"{dep.first:out}\"\n");
  world.recipe("other", "[deps]\nhost = [\"first\"]\nbuild = [\"brings\"]\n[env]\nx = \"{dep.build-build.first}\"\n");
  world.recipe("brought", "[deps]\nhost = [\"brings\"]\nbuild = [\"brings\"]\n[env]\nx = \"{dep.first}\"\n");
  for (const char* platform : {"arm64", "x86_64"}) {
    const Cell& cell = world.cell(platform, "");
    const std::string which = "in several roles, and '{dep.first}' does not say which\n";
    const std::string hint = "hint: write {dep.build.first} or {dep.host.first}\n";
    const auto planning = [&](const char* name) { return fmt::format("note: while planning '{}' for {}\n", name, platform); };
    EXPECT_EQ(world.error("two", cell), "error: 'first' is a dependency of 'two' " + which + planning("two") + hint);
    EXPECT_EQ(world.error("brought", cell), "error: 'first' is a dependency of 'brought' " + which + planning("brought") + hint);
    EXPECT_EQ(world.error("other", cell), "error: 'first' is not a dependency of 'other' in role 'build-build'\n" + planning("other") + hint);
  }
}

// A toolchain that is built from source, in two stages.
void write_source_toolchain(PlanWorld& world, const std::string& more = "") {
  world.write("components.toml", R"([[component]]
id = "gcc-9.3.0"
name = "gcc"
version = "9.3.0"
urls = ["https://example.org/gcc-9.3.0.tar.xz"]
sha256 = "60a5ffe0206a0ea8997c29ccc595aa7dae55f6cb20c7d92aab88029ca4fef598"
configure = ["--disable-one", "--disable-two"]
host_cxx = "g++ -std=gnu++98"
source = "s"

[[component]]
id = "binutils-2.35.2"
name = "binutils"
version = "2.35.2"
debian = { suite = "bookworm", package = "binutils" }
source = "s"
)" + more);
  world.write("toolchains/source.toml", R"([provider]
rank = 30
prebuilt = false
source = "s"

[[toolchain]]
id = "source-gcc-9-{platform}"
platforms = ["arm64"]
version = "9.3.0"
binutils = "2.35.2"
released = "2020-03-12"
prefix = "a-"
dumpmachine = "a"
components = ["binutils-2.35.2", "gcc-9.3.0"]
source = "s"
)");
  world.recipe("toolchain-source", "[deps]\nhost = [\"stage-{toolchain.purpose}\"]\n[env]\nname = \"toolchain-{toolchain.id}\"\n");
  world.recipe("stage-kernel", R"([env]
name = "gcc-{component.gcc:version}"
src = "{component.gcc}"
binutils = "{component.binutils}"
configure = "{component.gcc:configure}"
cxx = "{component.gcc:host_cxx}"
)");
  world.lock().source("bookworm", "binutils", "2.35.2-2");
}

TEST(PlannerComponents, StagesAreMadeFromTheComponentsThatTheToolchainNames) {
  PlanWorld world;
  write_source_toolchain(world);
  const Wanted wanted = world.planner().toolchain(*world.catalog().toolchain("source-gcc-9-arm64").value()).value();
  const Graph& graph = world.planner().graph();
  const Derivation& stage = graph.find(graph.find(wanted.drv)->drv.input_drvs.begin()->first)->drv;
  EXPECT_EQ(stage.env.at("name"), "gcc-9.3.0");
  EXPECT_EQ(stage.env.at("configure"), "--disable-one --disable-two");
  EXPECT_EQ(stage.env.at("cxx"), "g++ -std=gnu++98");
  EXPECT_TRUE(stage.env.at("src").ends_with("-gcc-9.3.0.tar.xz"));
  EXPECT_TRUE(stage.env.at("binutils").ends_with("-binutils_2.35.2.orig.tar.xz"));
  for (const char* key : {"src", "binutils"}) EXPECT_TRUE(stage.input_srcs.contains(StorePath::parse(stage.env.at(key)).value())) << key;
}

// A toolchain's self-check runs it in all roots that kernels are built in, and a layer's root is one of them.
TEST(PlannerRoots, AllOfAKindAreInputsWhereARecipeAsksForThem) {
  PlanWorld world;
  const auto root = [](const char* name, const char* package) {
    return fmt::format("[[root]]\nname = \"{}\"\nkind = \"build\"\nsuite = \"bookworm\"\nreleased = \"2023-06-10\"\npackages = [\"{}\"]\n", name, package);
  };
  world.write("roots.toml", kPlanRoots + root("kernels-a", "make") + root("kernels-b", "gcc"));
  world.lock().set("root:kernels-a", {"make"}).set("root:kernels-b", {"gcc"});
  world.recipe("asks", "[env]\nname = \"asks\"\nroots = \"{roots.kind:build}\"\nnone = \"{roots.kind:other}\"\n");
  const FinishedDerivation& asks = world.plan("asks", world.cell());
  const Derivation& drv = asks.drv;
  EXPECT_EQ(drv.env.at("none"), "");
  const auto roots = store_paths(drv.env.at("roots"));
  ASSERT_EQ(roots.size(), 2u) << drv.env.at("roots");
  std::set<std::string> kinds;
  for (const std::string& path : roots) kinds.insert(path.substr(path.find("-root-")));
  EXPECT_EQ(kinds, (std::set<std::string>{"-root-kernels-a", "-root-kernels-b"}));
  expect_mentions_are_inputs(world.planner().graph(), asks);
}

TEST(PlannerComponents, ATreeOfTheUsersStandsInForAComponent) {
  PlanWorld world, plain;
  const std::string text = "[[component]]\nid = \"gcc-mine\"\nname = \"gcc\"\nversion = \"9.3.0\"\ntree = \"mine\"\nsource = \"s\"\n";
  write_source_toolchain(world, text);
  world.write("mine/configure", "");
  world.write("toolchains/mine.toml", "[provider]\nrank = 1\nsource = \"s\"\n[[toolchain]]\nid = \"mine\"\nplatforms = [\"arm64\"]\nversion = \"9.3.0\"\n"
              "released = \"2020-03-12\"\nprefix = \"a-\"\ncomponents = [\"binutils-2.35.2\", \"gcc-mine\"]\nsource = \"s\"\n");
  world.recipe("toolchain-mine", "[deps]\nhost = [\"stage-kernel\"]\n");
  const ToolchainRow& row = *world.catalog().toolchain("mine").value();
  const Source tree{.path = StorePath::parse("/nix/store/00000000000000000000000000000000-gcc-mine-source").value(), .how = Source::Present{"mine"}};
  const Wanted wanted = world.planner().toolchain(row, {{"gcc-mine", tree}}).value();
  const Graph& graph = world.planner().graph();
  EXPECT_EQ(graph.find(graph.find(wanted.drv)->drv.input_drvs.begin()->first)->drv.env.at("src"), tree.path.str());
  Planner without(world.catalog(), world.lock().lock());
  const auto refused = without.toolchain(row);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(render(refused.error()).starts_with("error: 'gcc-mine' is a tree of a layer, which is not read here\n")) << render(refused.error());
}

TEST(PlannerComponents, OneThatTheToolchainLacksIsNamed) {
  PlanWorld world;
  write_source_toolchain(world);
  world.recipe("stage-kernel", "[env]\nsrc = \"{component.musl}\"\n");
  const auto refused = world.planner().toolchain(*world.catalog().toolchain("source-gcc-9-arm64").value());
  ASSERT_FALSE(refused);
  EXPECT_EQ(render(refused.error()), "error: 'source-gcc-9-arm64' has no component 'musl', which 'stage-kernel' is made from\n"
                                     "note: while planning 'stage-kernel' for arm64\n");
}

TEST(PlannerRoles, AToolchainsOwnPackagesAreForItsPlatform) {
  // Both toolchains are planned by one planner: what one needs must not be taken for what the other needs.
  PlanWorld world;
  world.recipe("headers", "[env]\nplatform = \"{platform.name}\"\n");
  world.write("packages/toolchain-debian/recipe.toml", R"([package]
name = "toolchain-debian"
[build]
script = "toolchain.sh"
[deps]
host = ["headers"]
[env]
name = "toolchain-{toolchain.id}"
)");
  std::map<std::string, std::string> headers;
  for (const char* platform : {"arm64", "x86_64"}) {
    const Wanted wanted = world.planner().toolchain(*world.cell(platform, "").toolchain).value();
    const Graph& graph = world.planner().graph();
    const Derivation& toolchain = graph.find(wanted.drv)->drv;
    headers[platform] = graph.find(toolchain.input_drvs.begin()->first)->drv.env.at("platform");
  }
  EXPECT_EQ(headers, (std::map<std::string, std::string>{{"arm64", "arm64"}, {"x86_64", "x86_64"}}));
}

TEST(PlannerErrors, ACycleShowsItsWay) {
  PlanWorld world;
  world.recipe("a", "[deps]\nhost = [\"b\"]\n").recipe("b", "[deps]\nhost = [\"c\"]\n").recipe("c", "[deps]\nhost = [\"b\"]\n");
  EXPECT_EQ(world.error("a", world.cell("arm64", "")), R"(error: 'b' depends on itself: a -> b -> c -> b
note: while planning 'c' for arm64
note: while planning 'b' for arm64
note: while planning 'a' for arm64
)");
}

TEST(PlannerErrors, ACycleOfBuildToolsShowsItsWay) {
  PlanWorld world;
  world.recipe("tool", "[deps]\nbuild = [\"tool\"]\n");
  EXPECT_EQ(world.error("tool", world.cell("arm64", "")), R"(error: 'tool' depends on itself: tool -> tool -> tool
note: while planning 'tool' for x86_64
note: while planning 'tool' for arm64
)");
}

TEST(PlannerErrors, ARootThatNeedsItselfIsACycle) {
  PlanWorld world;
  world.write("packages/root/recipe.toml", "[package]\nname = \"root\"\n[build]\nscript = \"root.sh\"\nroot = \"build\"\n");
  const auto wanted = world.planner().root("build");
  ASSERT_FALSE(wanted);
  EXPECT_EQ(render(wanted.error()), "error: 'root@build' depends on itself: root@build -> root@build\n");
}

TEST(PlannerErrors, AToolchainThatNeedsItselfIsACycle) {
  PlanWorld world;
  world.write("packages/toolchain-debian/recipe.toml",
              "[package]\nname = \"toolchain-debian\"\n[build]\nscript = \"toolchain.sh\"\n[deps]\nbuild = [\"toolchain\"]\n");
  EXPECT_EQ(world.error("busybox-boot", world.cell("arm64", "")),
            R"(error: 'debian-gcc-12-arm64' depends on itself: busybox-boot -> debian-gcc-12-arm64 -> debian-gcc-12-arm64
note: while planning 'busybox-boot' for arm64
)");
}

TEST(PlannerErrors, AnUnknownRecipeHasASuggestion) {
  PlanWorld world;
  EXPECT_EQ(world.error("busibox-boot", world.cell("arm64", "")),
            "error: 'busibox-boot' is not a package\nhint: did you mean 'busybox-boot'?\n");
}

TEST(PlannerErrors, AVariableOfAPackageThatIsNoDependency) {
  PlanWorld world;
  world.recipe("tool", "[env]\npath = \"{dep.busybox-boot}\"\n");
  EXPECT_EQ(world.error("tool", world.cell("arm64", "")),
            "error: 'busybox-boot' is not a dependency of 'tool'\nnote: while planning 'tool' for arm64\n");
}

TEST(PlannerErrors, AMisspelledVariableNamesTheRecipe) {
  PlanWorld world;
  world.recipe("tool", "[env]\npath = \"{platform.endain}\"\n");
  EXPECT_EQ(world.error("tool", world.cell("arm64", "")),
            "error: '{platform.endain}' is not a variable\nnote: while planning 'tool' for arm64\nhint: did you mean 'endian'?\n");
}

TEST(PlannerErrors, WhatTheCellLacksIsNamed) {
  PlanWorld world;
  EXPECT_EQ(world.error("linux", world.cell("arm64", "")), R"(error: 'linux-source' needs a kernel, and platform 'arm64' has none
note: while planning 'linux-source' for arm64
note: while planning 'linux' for arm64
)");
  EXPECT_EQ(world.error("linux", world.cell("x86_64")),
            R"(error: 'linux' needs a boot machine, and platform 'x86_64' has none for linux 6.1.170
note: while planning 'linux' for x86_64
)");
  Cell bare = world.cell("arm64");
  bare.toolchain = nullptr;
  EXPECT_EQ(world.error("busybox-boot", bare), R"(error: 'busybox-boot' needs a toolchain, and platform 'arm64' has none for linux 6.1.170
note: while planning 'busybox-boot' for arm64
)");
}

TEST(PlannerErrors, AToolchainOfABootSaysItsUserlandOrItsProviderDoes) {
  const auto made = [](const std::string& of_provider, const std::string& of_row) {
    PlanWorld world;
    world.recipe("initramfs", "[deps]\nhost = [\"{toolchain.userland}\"]\n").recipe("init", "").recipe("toolchain-mine", "");
    world.write("toolchains/mine.toml", "[provider]\nrank = 1\nsource = \"s\"\n" + of_provider + "[[toolchain]]\nid = \"mine\"\nplatforms = [\"arm64\"]\n"
                "version = \"9.3.0\"\nreleased = \"2020-03-12\"\nprefix = \"a-\"\nsource = \"s\"\n" + of_row);
    Cell cell = world.cell("arm64", "");
    cell.toolchain = world.catalog().toolchain("mine").value();
    Result<Wanted> wanted = world.planner().package("initramfs", cell);
    if (wanted) return world.planner().graph().find(wanted->drv)->drv.env.at("deps_host").substr(sizeof "/nix/store/" - 1 + 33);
    wanted.error().where->file = fs::path(wanted.error().where->file).filename();
    wanted.error().where->line_text.clear();
    return render(wanted.error());
  };
  EXPECT_EQ(made("userland = \"init\"\n", ""), "init");
  EXPECT_EQ(made("userland = \"init\"\n", "userland = \"busybox-boot\"\n"), "busybox-boot-1.35.0");
  EXPECT_EQ(made("", ""), R"(error: 'mine' says no 'userland', which 'initramfs' is made from
  --> mine.toml:4:1
note: while planning 'initramfs' for arm64
hint: name the package in its row, or in the [provider] of 'mine'
)");
}

TEST(PlannerErrors, ARecipeMayNotSetWhatThePlannerSets) {
  for (const char* key : {"root", "deps_build", "busybox", "builder", "system", "out"}) {
    PlanWorld world;
    world.recipe("tool", fmt::format("[deps]\nbuild = [\"toolchain\"]\n[env]\n{} = \"x\"\n", key), "root = \"build\"\n");
    const std::string error = world.error("tool", world.cell("arm64", ""));
    EXPECT_EQ(error.substr(0, error.find('\n')), fmt::format("error: '{}' is set by the planner, and [env] of 'tool' sets it too", key));
  }
}

TEST(PlannerErrors, ARecipeNeedsTheOutputOut) {
  PlanWorld world;
  world.recipe("tool", "", "outputs = [\"dev\"]\n");
  EXPECT_EQ(world.error("tool", world.cell("arm64", "")), "error: 'tool' has no output 'out'\nnote: while planning 'tool' for arm64\n");
}

TEST(PlannerErrors, AnOutputThatADependencyLacks) {
  PlanWorld world;
  world.recipe("library", "", "outputs = [\"out\", \"dev\"]\n");
  world.recipe("tool", "[deps]\nhost = [\"library\"]\n[env]\nx = \"{dep.library:man}\"\n", "");
  EXPECT_EQ(world.error("tool", world.cell("arm64", "")),
            "error: 'library' has no output 'man', which 'tool' wants\nnote: while planning 'tool' for arm64\n");
}

TEST(PlannerErrors, AStaleLockNamesTheSet) {
  PlanWorld world;
  world.lock().set("root:build", {"make"});
  EXPECT_EQ(world.error("busybox-boot", world.cell("arm64", "")), R"(error: 'root:build' has changed since it was pinned
note: while planning 'busybox-boot' for arm64
hint: pin it anew with: swage lock --update root:build
)");
}

TEST(Planner, WhatIsKnownOfSymbolsThatTheRequestNamesIsTold) {
  PlanWorld world;
  world.write("kernels/symbols.toml", R"(
[[symbol]]
name = "OLD"
renamed = "NEW"
source = "x"
[[symbol]]
name = "KEY"
path = true
generated = ["made.pem"]
source = "x"
[[symbol]]
name = "FIRMWARE"
path = true
within = "FIRMWARE_DIR"
source = "x"
)");
  world.recipe("symbols", "[env]\nsymbols = \"{kernel.symbols}\"\n");
  std::deque<Cell> cells;
  const auto known = [&](std::vector<std::string> lines, std::optional<std::string> text) {
    Cell& cell = cells.emplace_back(world.cell());
    cell.kernel->options.lines = std::move(lines);
    cell.kernel->options.config_text = std::move(text);
    return world.plan("symbols", cell).drv.env.at("symbols");
  };
  EXPECT_EQ(known({"CONFIG_TTY=y"}, std::nullopt), "") << "a row that nothing names is in no derivation";
  EXPECT_EQ(known({"CONFIG_OLD=n", "# fragment", "CONFIG_KEY=\"keys/a.pem\""}, std::nullopt), "renamed OLD NEW\npath KEY");
  EXPECT_EQ(known({"CONFIG_KEY=\"\""}, "CONFIG_KEY=\"keys/a.pem\"\nCONFIG_FIRMWARE=\"a b\"\n# CONFIG_OLD is not set\n"),
            "renamed OLD NEW\npath FIRMWARE FIRMWARE_DIR");
  EXPECT_EQ(known({"CONFIG_KEY=\"made.pem\""}, std::nullopt), "");
}

TEST(PlannerErrors, AFailureIsNotRemembered) {
  PlanWorld world;
  const Cell& cell = world.cell("arm64", "");
  const std::string first = world.error("linux", cell);
  EXPECT_EQ(world.error("linux", cell), first);
  EXPECT_EQ(world.error("busybox-boot", cell), "no error");
}

TEST(PlannerGolden, AKernelsDerivationIsTheseBytes) {
  PlanWorld world;
  Cell cell = world.cell();
  cell.kernel->options.lines = {"CONFIG_A=y", "CONFIG_NAME=\"x\""};
  const FinishedDerivation& linux = world.plan("linux", cell);
  expect_golden("linux.drv", linux.text);
  EXPECT_EQ(parse_derivation(linux.text, "linux-6.1.170-arm64").value(), linux.drv);
}

}  // namespace
}  // namespace swage
