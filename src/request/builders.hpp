// The machines that builds may go to, by the user's settings.
#pragma once

#include "daemon/machines.hpp"
#include "request/session.hpp"

namespace swage {

// Of `given` (--builders), SWAGE_BUILDERS or swage.toml: the nearest of the three that says anything counts. Relative
// files are of the directory that swage runs in, or of that of swage.toml.
Result<std::vector<Machine>> builders(Session& session, const std::vector<std::string>& given);

}  // namespace swage
