// What the quirks of a cell do together, as the values that recipes ask for.
#pragma once

#include <vector>

#include "catalog/catalog.hpp"
#include "plan/variables.hpp"

namespace swage {

// The keys of {quirks.KEY}, without `patches`, which are store objects. Words and lines that several quirks want are
// there once.
//   ids notes make_args config cflags aflags cc_flags ld_flags host_cc edits
// `notes` has a line "ID: reason" for each; `edits` a line "sed<TAB>FILE<TAB>SCRIPT" or "copy<TAB>FILE<TAB>FROM" for
// each; `host_cc` is empty when no quirk changes the host's compiler.
Values quirk_values(const std::vector<const QuirkRow*>& quirks);

// True when a quirk changes the kernel's tree itself.
bool change_tree(const std::vector<const QuirkRow*>& quirks);

}  // namespace swage
