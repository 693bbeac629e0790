#include "request/builders.hpp"

#include <cstdlib>

namespace swage {

namespace {

Result<std::vector<Machine>> machines_of(const std::vector<std::string>& texts, const std::string& origin,
                                         const std::vector<SourcePos>& places) {
  std::vector<Machine> all;
  std::vector<Error> errors;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    // What the text itself says is where the text is.
    const auto place = [&](std::optional<SourcePos>& pos) {
      if (pos && pos->file == origin && i < places.size()) pos = places[i];
    };
    Result<std::vector<Machine>> some = parse_machines(texts[i], origin, read_machines_file);
    if (!some) {
      place(some.error().where);
      for (Error& other : some.error().also) place(other.where);
      errors.push_back(std::move(some).error());
      continue;
    }
    for (Machine& machine : *some) {
      std::optional<SourcePos> pos = machine.pos;
      place(pos);
      machine.pos = *std::move(pos);
      all.push_back(std::move(machine));
    }
  }
  if (!errors.empty()) return Fail(together(std::move(errors)));
  return all;
}

}  // namespace

Result<std::vector<Machine>> builders(Session& session, const std::vector<std::string>& given) {
  if (!given.empty()) return machines_of(given, "--builders", {});
  if (const char* text = std::getenv("SWAGE_BUILDERS")) return machines_of({text}, "SWAGE_BUILDERS", {});
  SWAGE_TRY(const Workspace* workspace, session.workspace());
  SWAGE_TRY(const std::optional<fs::path> directory, session.workspace_directory());
  return machines_of(workspace->builders, (directory.value_or(fs::path()) / kWorkspaceFile).string(),
                     workspace->builder_pos);
}

}  // namespace swage
