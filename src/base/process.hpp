// Running a program outside the sandbox (apt-get, nix in tests): no shell, a given environment, captured output.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"

namespace swage {

struct ProcessSpec {
  std::vector<std::string> argv{};                       // argv[0] is looked up on PATH
  std::optional<std::map<std::string, std::string>> env{};  // default: inherited
  fs::path directory{};                                  // default: the caller's
  std::string input{};                                   // for standard input; empty: /dev/null
  bool capture = true;                                   // collect stdout and stderr; else both are inherited
};

struct ProcessResult {
  int status = 0;      // exit status, or 128 + signal number
  std::string out{};
  std::string err{};
  bool ok() const { return status == 0; }
};

// Fails only when the program cannot be started (Errc::environment, with its name), and when swage is interrupted: then
// the program is ended first (Errc::interrupted, whatever its status). A non-zero status is a result.
Result<ProcessResult> run_process(const ProcessSpec& spec);

}  // namespace swage
