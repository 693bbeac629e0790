// The host's own file system, or that of another system, with the store at its logical place: what an interactive shell
// needs to run store programs, without root and without touching the host. Not a sandbox: it protects nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "platform/platform.hpp"

namespace swage {

// Programs of another platform, started through the kernel: a binfmt_misc of the view's own (Linux 6.7 or newer), so
// that what such a program starts runs too.
struct Emulation {
  const Platform* platform = nullptr;           // what its files look like
  fs::path emulator{};                          // a static qemu-user, where it really is: opened before the view is
                                                // there
};

struct HostViewSpec {
  fs::path store_root{};                        // Store::root(): its nix/ appears as /nix
  std::vector<std::string> argv{};
  std::map<std::string, std::string> env{};     // added to the caller's
  std::vector<std::string> unset{};             // of the caller's, first
  fs::path directory{};                         // where the program starts; "" where the caller is
  std::optional<Emulation> emulation{};
  fs::path system{};                            // a root whose programs and libraries are there in place of the host's;
                                                // "" the host's
};

// Runs the program with the caller's terminal and identity and returns its exit status (128 + signal when killed).
// Errc::environment when user namespaces are refused or the program cannot be started.
Result<int> run_in_host_view(const HostViewSpec& spec);

}  // namespace swage
