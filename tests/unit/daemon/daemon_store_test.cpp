// Daemons that do wrong; those that do right are in tests/oracle.
#include "daemon/daemon_store.hpp"

#include <csignal>
#include <cstdlib>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

#include "store_support.hpp"

namespace swage {
namespace {

constexpr std::uint64_t kLast = 0x616c7473;

// Accepts one connection, says what it is told to say, whatever it is asked, and goes when the client does.
class FakeDaemon {
 public:
  explicit FakeDaemon(const fs::path& path, std::string says, bool stays = false)
      : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.string().copy(name.sun_path, sizeof name.sun_path - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    thread_ = std::jthread([this, says = std::move(says), stays] {
      const UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
      EXPECT_EQ(::send(client.get(), says.data(), says.size(), MSG_NOSIGNAL), static_cast<ssize_t>(says.size()));
      if (!stays) ::shutdown(client.get(), SHUT_WR);
      char buffer[4096];
      while (::read(client.get(), buffer, sizeof buffer) > 0) {
      }
    });
  }

 private:
  UniqueFd listener_;
  std::jthread thread_{};
};

// Of Nix 2.8, and in.
WireWriter in() {
  WireWriter out;
  out.number(0x6478696f).number(0x122).text("2.8.0").number(kLast);
  return out;
}

class DaemonStoreTest : public test::StoreTest {
 protected:
  fs::path socket = scratch / "socket";
  std::string uri = "unix://" + socket.string();
  const StorePath path = test::path_of(std::string(32, '0') + "-x");

  Result<std::unique_ptr<DaemonStore>> connect(std::chrono::seconds patience = std::chrono::seconds(60)) {
    return DaemonStore::connect(DaemonAddress::parse(uri).value(), {.patience = patience});
  }
};

TEST_F(DaemonStoreTest, NobodyListens) {
  const auto connected = connect();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().what, "cannot connect to the Nix daemon at '" + socket.string() + "': No such file or directory");
  EXPECT_EQ(connected.error().hint, "see whether it runs: systemctl status nix-daemon");
}

TEST_F(DaemonStoreTest, WhatAnswersIsNoDaemon) {
  const FakeDaemon daemon(socket, "SSH-2.0-OpenSSH_9.2p1 Debian\r\n");
  EXPECT_FAILS(connect(), Errc::corrupt, "'" + uri + "' does not speak the worker protocol at byte 8: what answers is no Nix daemon");
}

TEST_F(DaemonStoreTest, ItClosesTheConnection) {
  const FakeDaemon daemon(socket, "");
  EXPECT_FAILS(connect(), Errc::environment, "'" + uri + "' closed the connection");
}

TEST_F(DaemonStoreTest, ItSaysNothing) {
  const FakeDaemon daemon(socket, "", true);
  EXPECT_FAILS(connect(std::chrono::seconds(1)), Errc::environment, "'" + uri + "' has been silent for 1 s");
}

TEST_F(DaemonStoreTest, WhatIsBrokenIsGivenUp) {
  WireWriter says = in();
  says.number(kLast).number(UINT64_MAX);
  const FakeDaemon daemon(socket, says.bytes(), true);
  SWAGE_OK(const auto client, connect());
  EXPECT_FAILS(client->valid_paths({path}, DaemonStore::Substitutes::left_alone), Errc::corrupt,
               "'" + uri + "' does not speak the worker protocol at byte 56: a valid path is 18446744073709551615, "
               "and at most 1000000 is allowed");
  EXPECT_FAILS(client->valid_paths({path}, DaemonStore::Substitutes::left_alone), Errc::environment,
               "the connection to '" + uri + "' was given up");
}

TEST_F(DaemonStoreTest, WhatIsRefusedIsNot) {
  WireWriter says = in();
  says.number(0x63787470).text("Error").number(0).text("").text("not for you").number(0).number(0);
  says.number(kLast).paths({path});
  const FakeDaemon daemon(socket, says.bytes(), true);
  SWAGE_OK(const auto client, connect());
  const auto refused = client->valid_paths({path}, DaemonStore::Substitutes::left_alone);
  ASSERT_FALSE(refused);
  EXPECT_EQ(render(refused.error()), "error: '" + uri + "' does not say which paths it has\nnote: the daemon says: not for you\n");
  EXPECT_EQ(client->valid_paths({path}, DaemonStore::Substitutes::left_alone).value(), StorePathSet{path});
}

TEST_F(DaemonStoreTest, OtherBytesThanAnnouncedAreNotRegistered) {
  test::write(scratch / "file", "content");
  const std::string nar = test::nar_of(scratch / "file");
  WireWriter says = in();
  says.number(kLast).number(1);   // it is kept
  says.number(kLast).number(1);   // it is valid
  write_path_info(says, {.path = path, .nar_hash = sha256("other"), .nar_size = nar.size()});
  says.number(kLast).number(1);   // kept again
  says.number(kLast);             // its NAR
  const FakeDaemon daemon(socket, says.bytes() + nar, true);
  SWAGE_OK(const auto client, connect());
  EXPECT_FAILS(client->fetch(*store, {path}), Errc::hash_mismatch,
               "'" + uri + "' sent other bytes of '" + path.str() + "' than it announced");
  EXPECT_FALSE(store->is_valid(path).value());
  EXPECT_FALSE(fs::exists(store->real_path(path)));
}

TEST_F(DaemonStoreTest, EachBuildHasAResult) {
  WireWriter says = in();
  says.number(kLast).number(0);
  const FakeDaemon daemon(socket, says.bytes(), true);
  SWAGE_OK(const auto client, connect());
  EXPECT_FAILS(client->build({path}), Errc::corrupt,
               "'" + uri + "' does not speak the worker protocol at byte 56: it tells of 0 builds, and 1 were asked for");
}

TEST_F(DaemonStoreTest, WhatItDoesNotHaveIsSaid) {
  WireWriter says = in();
  says.number(kLast).number(1).number(kLast).number(0);
  const FakeDaemon daemon(socket, says.bytes(), true);
  SWAGE_OK(const auto client, connect());
  EXPECT_FAILS(client->fetch(*store, {path}), Errc::environment, "'" + uri + "' does not have '" + path.str() + "'");
}

// What is called ssh here does as the script says.
class DaemonOverSsh : public testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);   // as the program does
    ::unsetenv("NIX_SSHOPTS");
    ::setenv("PATH", (scratch.path().string() + ":" + path).c_str(), 1);
  }
  void TearDown() override { ::setenv("PATH", path.c_str(), 1); }
  Result<std::unique_ptr<DaemonStore>> connect(std::string_view script) {
    test::write(scratch / "ssh", "#!/bin/sh\n" + std::string(script), 0755);
    return DaemonStore::connect(DaemonAddress::parse("ssh-ng://far").value(), {.patience = std::chrono::seconds(2)});
  }
  std::string path = std::getenv("PATH");
  test::Scratch scratch{};
};

TEST_F(DaemonOverSsh, WhatSshSaysIsPassedOn) {
  const auto connected = connect("echo 'ssh: connect to host far port 22: No route to host' >&2; exit 255\n");
  ASSERT_FALSE(connected);
  EXPECT_EQ(render(connected.error()), "error: 'ssh-ng://far' closed the connection\n"
                                       "note: ssh said: ssh: connect to host far port 22: No route to host\n"
                                       "note: while connecting to 'ssh-ng://far'\n");
}

TEST_F(DaemonOverSsh, OneThatSaysNothingIsEnded) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FAILS(connect("exec sleep 1000\n"), Errc::environment, "'ssh-ng://far' has been silent for 2 s");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST_F(DaemonOverSsh, ThereIsNoSsh) {
  ::setenv("PATH", scratch.path().c_str(), 1);
  EXPECT_FAILS(DaemonStore::connect(DaemonAddress::parse("ssh-ng://far").value()), Errc::environment,
               "cannot run 'ssh': No such file or directory");
}

TEST(ReferencesFirst, SortsAndShowsCircles) {
  const StorePath a = test::path_of(std::string(32, '0') + "-a"), b = test::path_of(std::string(32, '1') + "-b");
  const std::vector<PathInfo> sorted = references_first({{.path = a, .references = {a, b}}, {.path = b}});
  ASSERT_EQ(sorted.size(), 2U);
  EXPECT_EQ(sorted[0].path, b);
  EXPECT_EQ(references_first({{.path = a, .references = {b}}, {.path = b, .references = {a}}}).size(), 0U);
}

}  // namespace
}  // namespace swage
