// Kernel configuration given by the user: lines from options and from files, checked before anything is built.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace swage {

// One line of a foreign file as it can be shown: what is no plain text as \\xNN, and not without end.
std::string printable(std::string_view text);
// `CONFIG_FOO`, `FOO` -> `CONFIG_FOO`. Errors on anything that is not a symbol.
Result<std::string> config_symbol(std::string_view text);
// `FOO=value` -> `CONFIG_FOO=value`.
Result<std::string> config_assignment(std::string_view text);
// Checks every line of a .config or a fragment: assignment, `# CONFIG_X is not set`, comment or empty. Returns the
// assignments in the form of KernelOptions::lines (`=n` for not set). Bad lines are reported together, the first twenty
// of them; of a file with NULs only that it is no text.
Result<std::vector<std::string>> parse_config(std::string_view text, const std::string& file);
// A whole .config says on top what it was made for (`# Linux/arm64 6.1.0 Kernel Configuration`): an error when that is
// another architecture than `arch` (the kernel's ARCH). x86 calls itself x86, x86_64 or i386.
Result<void> check_config_arch(std::string_view text, const std::string& file, std::string_view arch);
// The version that a kernel tree's Makefile declares: VERSION.PATCHLEVEL.SUBLEVEL plus EXTRAVERSION when it is .N or
// -rcN.
Result<std::string> kernel_tree_version(std::string_view makefile, const std::string& file);

}  // namespace swage
