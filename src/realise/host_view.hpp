// The host's own file system with the store at its logical place: what an interactive shell needs to run store programs,
// without root and without touching the host. Not a sandbox: it protects nothing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/files.hpp"

namespace swage {

struct HostViewSpec {
  fs::path store_root{};                        // Store::root(): its nix/ appears as /nix
  std::vector<std::string> argv{};
  std::map<std::string, std::string> env{};     // added to the caller's
};

// Runs the program with the caller's terminal and identity and returns its exit status (128 + signal when killed).
// Errc::environment when user namespaces are refused or the program cannot be started.
Result<int> run_in_host_view(const HostViewSpec& spec);

}  // namespace swage
