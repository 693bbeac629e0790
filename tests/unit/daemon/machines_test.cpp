#include "daemon/machines.hpp"

#include <gtest/gtest.h>
#include <map>

namespace swage {
namespace {

Result<std::vector<Machine>> parse(std::string_view text, const std::map<std::string, std::string>& files = {}) {
  return parse_machines(text, "/etc/machines", [&](const fs::path& file) -> Result<std::string> {
    const auto at = files.find(file.string());
    if (at == files.end()) return fail(Errc::environment, "cannot open '" + file.string() + "'");
    return at->second;
  });
}

std::string error_of(std::string_view text, const std::map<std::string, std::string>& files = {}) {
  const auto machines = parse(text, files);
  return machines ? "" : render(machines.error());
}

TEST(Machines, AllEightFields) {
  const auto machines = parse(
      "# of the office\n"
      "ssh-ng://build@far.example:2222  x86_64-linux,i686-linux  /root/.ssh/id  8  2.5  kvm,big-parallel  benchmark  "
      "c3NoLWVkMjU1MTkgQUFBQQo= # the fast one; really\n"
      "\t\r\n");
  ASSERT_TRUE(machines);
  ASSERT_EQ(machines->size(), 1U);
  const Machine& one = machines->front();
  EXPECT_EQ(one.uri, "ssh-ng://build@far.example:2222");
  EXPECT_EQ(one.systems, (std::set<std::string>{"i686-linux", "x86_64-linux"}));
  EXPECT_EQ(one.ssh_key, "/root/.ssh/id");
  EXPECT_EQ(one.slots, 8U);
  EXPECT_EQ(one.speed, 2.5);
  EXPECT_EQ(one.features, (std::set<std::string>{"big-parallel", "kvm"}));
  EXPECT_EQ(one.mandatory, std::set<std::string>{"benchmark"});
  EXPECT_EQ(one.host_key, "ssh-ed25519 AAAA");
  EXPECT_EQ(one.pos.line, 2U);
}

TEST(Machines, DefaultsAreADashOrNothing) {
  for (const char* text : {"far.example", "far.example - - - - - - -", "ssh://far.example -", " ssh-ng://far.example ;; "}) {
    const auto machines = parse(text);
    ASSERT_TRUE(machines) << text;
    ASSERT_EQ(machines->size(), 1U) << text;
    const Machine& one = machines->front();
    EXPECT_EQ(one.uri, "ssh-ng://far.example");
    EXPECT_TRUE(one.systems.empty() && one.features.empty() && one.mandatory.empty() && one.host_key.empty());
    EXPECT_EQ(one.slots, 1U);
    EXPECT_EQ(one.speed, 1.0);
  }
  EXPECT_EQ(parse("daemon")->front().uri, "daemon");
  EXPECT_EQ(parse("unix:///run/x")->front().uri, "unix:///run/x");
  EXPECT_TRUE(parse("")->empty());
}

TEST(Machines, SeveralOnALineAndInFiles) {
  const auto machines = parse("a.example; b.example - - 3 ;@more\n@/etc/nix/machines",
                              {{"/etc/more", "c.example\n"}, {"/etc/nix/machines", "d.example # last\n"}});
  ASSERT_TRUE(machines);
  std::vector<std::string> uris;
  for (const Machine& machine : *machines) uris.push_back(machine.uri);
  EXPECT_EQ(uris, (std::vector<std::string>{"ssh-ng://a.example", "ssh-ng://b.example", "ssh-ng://c.example",
                                            "ssh-ng://d.example"}));
  EXPECT_EQ((*machines)[1].slots, 3U);
  EXPECT_EQ((*machines)[2].pos.file, "/etc/more");
}

TEST(Machines, MistakesAreToldTogetherEachWithItsPlace) {
  EXPECT_EQ(error_of("a.example - - many\nb.example - - 1 fast\n"),
            "error: 'many' is no number of builds at once\n"
            "  --> /etc/machines:1:15\n"
            "   1 | a.example - - many\n"
            "     |               ^^^^\n"
            "hint: the fourth field: how many that machine builds at once, as 8\n"
            "error: 'fast' is no speed\n"
            "  --> /etc/machines:2:17\n"
            "   2 | b.example - - 1 fast\n"
            "     |                 ^^^^\n"
            "hint: the fifth field: how fast it is against others, as 2 or 0.5\n");
  for (const char* slots : {"-1", "99999999999", "1x", "1.5"})
    EXPECT_NE(error_of(std::string("a.example - - ") + slots).find("is no number of builds at once"), std::string::npos);
  for (const char* speed : {"-1", "inf", "nan", "1e3", "0x1"})
    EXPECT_NE(error_of(std::string("a.example - - 1 ") + speed).find("is no speed"), std::string::npos) << speed;
  EXPECT_EQ(error_of("a.example - - 1 1 - - AAAA"),
            "error: 'AAAA' is no host key in base64\n"
            "  --> /etc/machines:1:23\n"
            "   1 | a.example - - 1 1 - - AAAA\n"
            "     |                       ^^^^\n"
            "hint: write what this prints: base64 -w0 /etc/ssh/ssh_host_ed25519_key.pub\n");
  EXPECT_EQ(error_of("a.example - - 1 1 - - - more"),
            "error: 'more' is a ninth field of a machine\n"
            "  --> /etc/machines:1:25\n"
            "   1 | a.example - - 1 1 - - - more\n"
            "     |                         ^^^^\n"
            "hint: there are eight: URI SYSTEMS SSH-KEY SLOTS SPEED FEATURES MANDATORY-FEATURES HOST-KEY\n");
  EXPECT_NE(error_of("https://far.example").find("  --> /etc/machines:1:1\n"), std::string::npos);
  EXPECT_NE(error_of("-oProxyCommand=x").find("error: "), std::string::npos);
}

TEST(Machines, FilesThatAreNotThereOrNameThemselves) {
  EXPECT_EQ(error_of("@/none"),
            "error: cannot open '/none'\n"
            "  --> /etc/machines:1:1\n"
            "   1 | @/none\n"
            "     | ^^^^^^\n");
  EXPECT_NE(error_of("@/a", {{"/a", "@/a"}}).find("'@/a' is more than 8 files deep\n"), std::string::npos);
  EXPECT_NE(error_of("@/a b.example", {{"/a", ""}}).find("'b.example' stands behind a file of machines\n"), std::string::npos);
}

}  // namespace
}  // namespace swage
