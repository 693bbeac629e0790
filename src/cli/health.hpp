// What of this machine matters to builds, each tried for real where it can be.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "request/session.hpp"

namespace swage {

struct Health {
  enum class State { ok, warn, fail };   // builds go well; something is slower or missing; builds cannot be made
  std::string name{};                    // "namespaces"
  State state = State::ok;
  std::string what{};
  std::vector<std::string> notes{};
  std::string hint{};                    // what to do, of all that is not ok
};

// In the order in which they are worth mending. Writes nothing but temporary files; takes seconds where a mirror does
// not answer.
std::vector<Health> examine(Session& session);

// Prints them, with --json beside `about`, and tells the exit code.
int print_health(const std::vector<Health>& all, Json about = Json::object());

// Exposed for tests.
Health examine_memory(std::string_view meminfo);                       // /proc/meminfo
Health examine_space(std::uint64_t free_bytes, std::uint64_t free_files, const std::string& place);
// `date` and `valid_until` of the mirrors' newest Release (AptRelease), `now` in the same form.
Health examine_clock(const std::string& now, const std::string& date, const std::string& valid_until);

}  // namespace swage
