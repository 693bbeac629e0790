// Links in the user's directory to what was made (`result`): the one place that makes them, for every command.
#pragma once

#include "store/store.hpp"

namespace swage {

// Refuses what could not be linked (an absolute path), before anything is built: in a directory that is not there or
// takes no link, and where anything is that is not itself a link into the home's store.
Result<void> check_out_link(const Store& store, const fs::path& link);

// Checks again, since a build takes long; makes the link, and makes it a root.
Result<void> make_out_link(Store& store, const fs::path& target, const fs::path& link);

}  // namespace swage
