#include "plan/quirks.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {

namespace {

using Words = std::vector<std::string> QuirkRow::*;

std::vector<std::string> all(const std::vector<const QuirkRow*>& quirks, Words member) {
  std::vector<std::string> words;
  for (const QuirkRow* quirk : quirks)
    for (const std::string& word : quirk->*member)
      if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  return words;
}

}  // namespace

Values quirk_values(const std::vector<const QuirkRow*>& quirks) {
  std::vector<std::string> ids, notes, edits;
  for (const QuirkRow* quirk : quirks) {
    ids.push_back(quirk->id);
    notes.push_back(fmt::format("{}: {}", quirk->id, quirk->reason));
    for (const TreeEdit& edit : quirk->edits) {
      std::string line = edit.sed.empty() ? fmt::format("copy\t{}\t{}", edit.file, edit.copy_of)
                                          : fmt::format("sed\t{}\t{}", edit.file, edit.sed);
      if (std::find(edits.begin(), edits.end(), line) == edits.end()) edits.push_back(std::move(line));
    }
  }
  const std::string host_cflags = join(all(quirks, &QuirkRow::host_cflags), " ");
  return {
      {"ids", join(ids, " ")},
      {"notes", join(notes, "\n")},
      {"make_args", join(all(quirks, &QuirkRow::make_args), " ")},
      {"config", join(all(quirks, &QuirkRow::config), "\n")},
      {"cflags", join(all(quirks, &QuirkRow::cflags), " ")},
      {"aflags", join(all(quirks, &QuirkRow::aflags), " ")},
      {"cc_flags", join(all(quirks, &QuirkRow::cc_flags), " ")},
      {"ld_flags", join(all(quirks, &QuirkRow::ld_flags), " ")},
      {"host_cc", host_cflags.empty() ? "" : "gcc " + host_cflags},
      {"edits", join(edits, "\n")},
  };
}

bool change_tree(const std::vector<const QuirkRow*>& quirks) {
  return std::any_of(quirks.begin(), quirks.end(),
                     [](const QuirkRow* quirk) { return !quirk->patches.empty() || !quirk->edits.empty(); });
}

}  // namespace swage
