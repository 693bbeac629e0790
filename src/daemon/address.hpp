// Where a Nix daemon is, as Nix writes it: `daemon`, `unix://PATH` or `ssh-ng://[USER@]HOST[:PORT]`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.hpp"

namespace swage {

struct DaemonAddress {
  std::string uri{};                      // as it was given
  fs::path socket{};                      // of daemon and unix://; empty for ssh-ng://
  std::vector<std::string> command{};     // of ssh-ng://: what talks with the daemon when it is started

  // `daemon` is the socket of NIX_DAEMON_SOCKET_PATH, or /nix/var/nix/daemon-socket/socket. ssh-ng:// takes Nix's
  // parameters `remote-program` (a path on that machine, nix-daemon), `remote-store` and `ssh-key`; words of
  // NIX_SSHOPTS go to ssh, whose other settings are its own configuration's. Errc::invalid_input: another scheme, a
  // parameter that is not known, a host that ssh would take for an option, a password.
  static Result<DaemonAddress> parse(std::string_view uri);
};

}  // namespace swage
