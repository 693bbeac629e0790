// Links in the user's directory to what was made (`result`): the one place that makes them, for every command.
#pragma once

#include "cli/session.hpp"

namespace swage {

// Where a name for a link leads from here.
Result<fs::path> out_link_place(const fs::path& name);

// Refuses what could not be linked, before anything is built: a directory that is not there or cannot be written, and anything of this
// name that is not itself a link into the home's store.
Result<void> check_out_link(const Store& store, const fs::path& link);

// Checks again, since a build takes long; makes the link, and makes it a root.
Result<void> make_out_link(Store& store, const fs::path& target, const fs::path& link);

}  // namespace swage
