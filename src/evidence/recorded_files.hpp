// What repeating records takes from outside.
#pragma once

#include <string>
#include <vector>

#include "fetch/mirror_files.hpp"
#include "request/session.hpp"

namespace swage {

struct RecordedFiles {
  WantedFiles files{};
  std::size_t records = 0;             // that could be planned
  std::vector<std::string> unplanned{};   // of the others: which, and why, a line each
};

// The sources of everything that the records of the catalog and of the home can be repeated from, kernels, packages and
// images, each planned from its own lock file, and all that those lock files pin: of a record that is planned otherwise
// today, at least that.
Result<RecordedFiles> recorded_files(Session& session);

}  // namespace swage
