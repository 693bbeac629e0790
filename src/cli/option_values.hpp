// What kind of words options and positionals take: named so in help and manual pages, and offered so where a shell
// completes.
#pragma once

#include "base/options.hpp"

namespace swage {

enum class ValueKind {
  none,            // a flag
  words,           // the user's own: a symbol, a command, an address
  number,
  platforms,       // several with commas
  platform,
  toolchain,
  instance,        // or none
  feature,
  tool,            // that has a frontier
  constraint,
  board,           // whose firmware is known
  provider,        // of toolchains
  configuration,   // tiny, defconfig, or a file
  target,
  kernel,          // of targets those that boot
  store_target,    // a target, or a path of the store
  image,           // image/NAME, or a file
  listed,          // what `swage list` lists
  graph_format,
  shell,           // that completions are made for
  command,         // of swage
  new_thing,       // what `swage new` begins
  sources,         // a file or directory; an address too
  file,
  directory,
  workspace,       // a directory, or none
};

// Of an option of this command. Unknown options that take a value are `words`: a test finds those that
// option_values.cpp does not have.
ValueKind value_kind(const Options& command, const Option& option);
bool is_known_value(const Options& command, const Option& option);

// Gives the values of a command's options names: --for PLATFORMS
void name_values(const Options& command);

}  // namespace swage
