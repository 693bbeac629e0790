// What is said of machines that lack something; that they are asked: tests/oracle.
#include "cli/builder_health.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace swage {
namespace {

using State = Health::State;

BuilderState good() {
  BuilderState state{.uri = "ssh-ng://far.example", .info = {.protocol = {1, 38}, .nix_version = "2.34.8", .trusted = false}};
  state.system = "x86_64-linux";
  state.features = {"benchmark", "kvm"};
  state.lines = {{"kernel", "6.12.1"}, {"cores", "8"}, {"memory", "16000000000"}, {"disk", "90000000000"},
                 {"directory", "/build"}, {"outside", "no"}, {"interfaces", "lo "}, {"nested", "yes"}, {"kvm", "yes"},
                 {"binfmt", "yes"}};
  return state;
}

Health find(const BuilderState& state, std::string_view name) {
  const std::vector<Health> all = builder_health(state);
  const auto at = std::find_if(all.begin(), all.end(), [&](const Health& one) { return one.name == name; });
  return at == all.end() ? Health{.name = "none"} : *at;
}

Health with(const ProbeLines& lines, std::string_view name) {
  BuilderState state = good();
  for (const auto& [key, value] : lines) state.lines[key] = value;
  return find(state, name);
}

TEST(BuilderHealth, AMachineThatLacksNothing) {
  for (const Health& one : builder_health(good())) {
    EXPECT_EQ(one.state, State::ok) << one.name;
    EXPECT_EQ(one.hint, "") << one.name;
  }
  EXPECT_EQ(find(good(), "nix").what, "Nix 2.34.8, protocol 1.38");
  EXPECT_EQ(find(good(), "trust").what,
            "this user is not trusted; not needed: all that swage sends is content-addressed");
  EXPECT_EQ(find(good(), "features").what, "x86_64-linux, benchmark, kvm");
  EXPECT_EQ(find(good(), "machine").what, "8 cores, 16.0 GB of memory, Linux 6.12.1");
}

TEST(BuilderHealth, WhatIsMissingComesWithTheLineToAdd) {
  EXPECT_EQ(with({{"outside", "yes"}}, "sandbox").state, State::fail);
  EXPECT_EQ(with({{"directory", "/tmp/nix-build-swage-probe.drv-0"}}, "sandbox").hint, "in its nix.conf: sandbox = true");
  EXPECT_EQ(with({{"interfaces", "lo eth0 "}}, "network").state, State::warn);
  const Health nested = with({{"nested", "no"}, {"nested_why", "unshare: No space left"}, {"max_user_namespaces", "0"}}, "namespaces");
  EXPECT_EQ(nested.state, State::fail);
  EXPECT_EQ(nested.notes, std::vector<std::string>{"unshare: No space left"});
  EXPECT_EQ(nested.hint, "there: sysctl -w user.max_user_namespaces=15000");
  EXPECT_EQ(with({{"nested", "no"}, {"unprivileged_userns_clone", "0"}}, "namespaces").hint,
            "there: sysctl -w kernel.unprivileged_userns_clone=1");
  EXPECT_EQ(with({{"nested", "no"}, {"apparmor_restricts", "1"}}, "namespaces").hint,
            "there: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
  EXPECT_EQ(with({{"nested", "no"}}, "namespaces").hint, "user namespaces must be allowed there: docs/builders.md");
  EXPECT_EQ(with({{"binfmt", "no"}}, "emulation").what, "programs of other platforms cannot be run in builds (Linux 6.12.1)");
  EXPECT_EQ(with({{"disk", "900000000"}}, "disk").state, State::warn);
  BuilderState state = good();
  state.lines["kvm"] = "no";
  EXPECT_EQ(find(state, "kvm").hint, "there: modprobe kvm, and let nixbld users write /dev/kvm");
  state.features = {"benchmark"};
  EXPECT_EQ(find(state, "kvm").hint, "in its nix.conf: system-features = benchmark kvm");
  state.features.reset();
  EXPECT_EQ(find(state, "kvm").hint, "in its nix.conf: system-features = kvm");
}

TEST(BuilderHealth, ABuildThatFailsIsAllThatIsKnown) {
  BuilderState state = good();
  state.lines.clear();
  state.failure = Error{.code = Errc::build_failed, .what = "it could not build"};
  EXPECT_EQ(find(state, "build").hint, "see its log there: journalctl -u nix-daemon");
  EXPECT_EQ(find(state, "sandbox").name, "none");
  state.system = "aarch64-linux";
  EXPECT_EQ(find(state, "build").state, State::fail);
  EXPECT_EQ(find(state, "build").hint, "in its nix.conf, if it can run such programs: extra-platforms = x86_64-linux");
}

TEST(BuilderHealth, FeaturesAreInARefusal) {
  const auto known = read_features("a 'x86_64-linux' with features {nonesuch} is required to build '/nix/store/x.drv', but "
                                   "I am a 'aarch64-linux' with features {benchmark, big-parallel}");
  ASSERT_TRUE(known);
  EXPECT_EQ(known->system, "aarch64-linux");
  EXPECT_EQ(known->features, (std::vector<std::string>{"benchmark", "big-parallel"}));
  const auto none = read_features("but I am a 'x86_64-linux' with features {}");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->features.empty());
  for (const char* text : {"", "but I am a '", "but I am a 'x'", "but I am a 'x' }{", "but I am a 'x' with features {a"})
    EXPECT_FALSE(read_features(text)) << text;
}

}  // namespace
}  // namespace swage
