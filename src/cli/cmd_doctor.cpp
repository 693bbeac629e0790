// swage doctor: what of this machine would stop builds, and what to do about it.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/command.hpp"
#include "cli/health.hpp"
#include "cli/json.hpp"

namespace swage {

namespace {

const char* health_word(Health::State state) {
  return std::array{"ok", "warn", "fail"}[static_cast<std::size_t>(state)];
}

}  // namespace

int print_health(const std::vector<Health>& all, Json about) {
  const bool fails =
      std::any_of(all.begin(), all.end(), [](const Health& one) { return one.state == Health::State::fail; });
  if (as_json()) {
    auto checks = Json::array();
    for (const Health& one : all)
      checks.push_back(Json{{"name", one.name},
                            {"state", health_word(one.state)},
                            {"what", one.what},
                            {"notes", one.notes},
                            {"hint", text_or_null(one.hint)}});
    about["ok"] = !fails;
    about["checks"] = std::move(checks);
    print_json(std::move(about));
  } else {
    for (const Health& one : all) {
      print_result("{:<4}  {:<10}  {}\n", health_word(one.state), one.name, one.what);
      for (const std::string& note : one.notes) print_result("{:18}note: {}\n", "", note);
      if (!one.hint.empty()) print_result("{:18}hint: {}\n", "", one.hint);
    }
  }
  return fails ? exit_code(Errc::environment) : 0;
}

Action declare_doctor(const Options&) {
  return [](Session& session) -> Result<int> { return print_health(examine(session)); };
}

}  // namespace swage
