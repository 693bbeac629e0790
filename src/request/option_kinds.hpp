// Which options say something of what: one that says nothing of any target is refused, not ignored.
#pragma once

#include <string_view>
#include <vector>

#include "request/goals.hpp"

namespace swage {

// Whether the command has the option: not one that would change nothing of what it does.
bool command_has(std::string_view command, std::string_view option);

struct KnownTarget {
  std::string_view text;
  TargetKind kind;
};
// The first option that says something of none of the targets is an error, which names the first of them.
Result<void> check_options(const TargetOptions& options, const std::vector<KnownTarget>& targets);
// That error. `kinds`: what the option is for.
Error nothing_of(std::string_view option, const KnownTarget& target, const std::vector<std::string>& kinds,
                 std::string_view command);

// Refuses what is given besides `taken`: "'--static' says nothing of WHAT".
Result<void> check_only(const TargetOptions& options, const std::vector<std::string_view>& taken,
                        std::string_view what);

// Those that were given and say something of such a target, as words of a command line: "--config", "tiny".
std::vector<std::string> option_words(const TargetOptions& options, TargetKind kind);

std::string_view kind_name(TargetKind kind);   // "a package"

}  // namespace swage
