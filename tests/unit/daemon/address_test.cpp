#include "daemon/address.hpp"

#include <cstdlib>
#include <gtest/gtest.h>

namespace swage {
namespace {

using Words = std::vector<std::string>;

std::string wrong(std::string_view uri) {
  const Result<DaemonAddress> address = DaemonAddress::parse(uri);
  if (address) return "nothing";
  EXPECT_EQ(address.error().code, Errc::invalid_input);
  return address.error().what;
}

TEST(DaemonAddress, Sockets) {
  ::unsetenv("NIX_DAEMON_SOCKET_PATH");
  EXPECT_EQ(DaemonAddress::parse("daemon")->socket, "/nix/var/nix/daemon-socket/socket");
  ::setenv("NIX_DAEMON_SOCKET_PATH", "/x/y", 1);
  EXPECT_EQ(DaemonAddress::parse("daemon")->socket, "/x/y");
  ::unsetenv("NIX_DAEMON_SOCKET_PATH");
  EXPECT_EQ(DaemonAddress::parse("unix:///run/x")->socket, "/run/x");
  EXPECT_TRUE(DaemonAddress::parse("unix:///run/x")->command.empty());
}

TEST(DaemonAddress, Ssh) {
  ::unsetenv("NIX_SSHOPTS");
  EXPECT_EQ(DaemonAddress::parse("ssh-ng://host")->command,
            (Words{"ssh", "-x", "-T", "-a", "--", "host", "nix-daemon", "--stdio"}));
  EXPECT_EQ(DaemonAddress::parse("ssh-ng://me@[fe80::1]/?remote-program=/opt/nix-daemon&remote-store=/s&ssh-key=/k")->command,
            (Words{"ssh", "-x", "-T", "-a", "-i", "/k", "--", "me@fe80::1", "/opt/nix-daemon", "--stdio", "--store", "/s"}));
  ::setenv("NIX_SSHOPTS", "-oBatchMode=yes -4", 1);
  EXPECT_EQ(DaemonAddress::parse("ssh-ng://host:22")->command,
            (Words{"ssh", "-x", "-T", "-a", "-oBatchMode=yes", "-4", "-p", "22", "--", "host", "nix-daemon", "--stdio"}));
  ::unsetenv("NIX_SSHOPTS");
}

TEST(DaemonAddress, WhatIsNone) {
  EXPECT_EQ(wrong("http://host"), "'http://host' is no address of a Nix daemon");
  EXPECT_EQ(wrong("unix://relative"), "'unix://relative' has no absolute path of a socket");
  EXPECT_EQ(wrong("unix:///" + std::string(107, 'x')),
            "'unix:///" + std::string(107, 'x') + "' is longer than the 107 bytes that a socket's path may have");
  EXPECT_EQ(wrong("unix:///x?root=/y"), "'unix:///x?root=/y' has parameters or escapes, which a socket has not");
  EXPECT_EQ(wrong("ssh-ng://"), "'ssh-ng://' has no host, or one that ssh would not take for one");
  EXPECT_EQ(wrong("ssh-ng://-oProxyCommand=x"),
            "'ssh-ng://-oProxyCommand=x' has no host, or one that ssh would not take for one");
  EXPECT_EQ(wrong("ssh-ng://host:x"), "'ssh-ng://host:x' has a port that is no number");
  EXPECT_EQ(wrong("ssh-ng://a b@host"), "'ssh-ng://a b@host' has a user that ssh would not take for one");
  EXPECT_EQ(wrong("ssh-ng://host?remote-program=x;reboot"),
            "'ssh-ng://host?remote-program=x;reboot' has a value of 'remote-program' that is no plain path or name");
  const Result<DaemonAddress> near = DaemonAddress::parse("ssh-ng://host?remote-stor=/x");
  ASSERT_FALSE(near);
  EXPECT_EQ(near.error().what, "'ssh-ng://host?remote-stor=/x' has a parameter 'remote-stor', which is not known");
  EXPECT_EQ(near.error().hint, "did you mean 'remote-store'?");
}

}  // namespace
}  // namespace swage
