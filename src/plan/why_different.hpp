// Why a derivation is another one than one that was made before: what of their inputs differs, down to the line.
//
// Two derivations are compared as what they say: variables of the environment and arguments, with what they name for
// its store path. Paths that stand at the same place, or have the same name, are a pair; a pair of derivations is
// compared likewise, a pair of texts by their lines. So a script that changed is told once, where it is read, and not
// as the hundred paths that came to differ by it. Where a derivation of another name stands in the place of one, as
// another compiler does, that is told, and not what makes the two differ.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plan/graph.hpp"

namespace swage {

struct Difference {
  enum class Kind {
    setting,   // a variable of the environment, or "args"
    text,      // a script or configuration file
    package,   // of the distribution
    file,      // any other source: an archive, a tree
    input,     // what another derivation makes
  };
  Kind kind = Kind::setting;
  std::vector<std::string> within{};   // names of derivations: the wanted one, then down to the one that has it
  std::string what{};                  // name of the setting, file, package or input
  std::string had{}, has{};            // a setting's values on one line; names or versions; "" there was or is none
  std::vector<std::string> lines{};    // where both texts are known: "-line" that was there, "+line" that is now
  bool is_forgotten = false;           // of an input: what it was made of before is not known any more
  bool may_follow = false;             // a setting of a derivation of which an input is another one: perhaps by that
};
std::string_view difference_kind_name(Difference::Kind kind);   // "setting", ...

// What is known of the other side.
struct MadeBefore {
  // Nothing: it is not there any more.
  std::function<Result<std::optional<Derivation>>(const StorePath& drv)> derivation{};
  // Of a source that is a small file. Nothing: it is not, or not there any more.
  std::function<std::optional<std::string>(const StorePath& source)> text{};
};

// Those of `wanted`, which is in the graph, against `had`; the nearest to it first. None: they are the same.
Result<std::vector<Difference>> why_different(const Graph& graph, const StorePath& wanted, const StorePath& had,
                                              const MadeBefore& before);

}  // namespace swage
