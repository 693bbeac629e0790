// Machines to build at, as Nix writes them: a line for each, or one line with `;` between them, of up to eight fields
// with blanks between them. A `-`, or none, is the default. `#` begins a comment, and `@FILE` stands for the file's
// lines.
//
//   ssh-ng://build@far.example x86_64-linux,i686-linux /root/.ssh/id 8 2 kvm,big-parallel - c3NoLWVkMjU1MTkg...
//   where                      systems                 ssh key       | | features         | host key, in base64
//                                                              slots-' '-speed            '-mandatory features
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/address.hpp"

namespace swage {

struct Machine {
  std::string uri{};                      // as DaemonAddress takes it: ssh:// and a host alone are ssh-ng:// too
  std::set<std::string> systems{};        // empty: that of this machine
  fs::path ssh_key{};                     // "" : ssh's own
  unsigned slots = 1;                     // builds at once; 0: none
  double speed = 1;                       // more is faster
  std::set<std::string> features{};       // that it has
  std::set<std::string> mandatory{};      // that a build must ask for
  std::string host_key{};                 // a line of known_hosts without the host; "" : ssh's own
  SourcePos pos{};
};

// What a file says, or why it cannot be read.
using ReadMachines = std::function<Result<std::string>(const fs::path& file)>;

// `origin` is where the text is from, for messages: a file's name, "--builders". All mistakes together, each with its
// place: Errc::invalid_input. Files name files, eight deep at most.
Result<std::vector<Machine>> parse_machines(std::string_view text, const std::string& origin, const ReadMachines& read);
// Reads files of at most a megabyte.
Result<std::string> read_machines_file(const fs::path& file);

}  // namespace swage
