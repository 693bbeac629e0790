// The matrix of packages as text, for docs/packages.md and for programs.
#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/json.hpp"
#include "cli/matrix_output.hpp"

namespace swage {

namespace {

std::size_t count(const PackageMatrix& matrix, std::size_t platform, PackageState state) {
  const PackageRecords& records = matrix.records[platform];
  return static_cast<std::size_t>(
      std::count_if(records.begin(), records.end(), [&](const auto& one) { return one.second.state == state; }));
}

char letter(const PackageRecord* record) {
  if (!record) return '.';
  switch (record->state) {
    case PackageState::tested: return 'T';
    case PackageState::built: return 'b';
    default: return 'F';
  }
}

std::string summary(const PackageMatrix& matrix, std::size_t platform) {
  std::string text = fmt::format("{} tested", count(matrix, platform, PackageState::tested));
  if (const auto built = count(matrix, platform, PackageState::built)) text += fmt::format(", {} built", built);
  if (const auto failed = count(matrix, platform, PackageState::failed)) text += fmt::format(", {} failed", failed);
  return text;
}

}  // namespace

std::string package_matrix_text(const PackageMatrix& matrix) {
  if (matrix.platforms.empty())
    return "no package has a record: make some with `swage verify PACKAGE --for PLATFORM`\n";
  std::size_t width = 0;
  for (const auto& row : matrix.rows) width = std::max(width, row.recipe->full_name().size());
  std::string out;
  for (const auto& row : matrix.rows) {
    out += fmt::format("{:<{}} ", row.recipe->full_name(), width);
    for (std::size_t i = 0; i < matrix.platforms.size(); ++i)
      out += fmt::format(" {}", row.recipe->is_for(*matrix.platforms[i]) ? letter(row.records[i]) : ' ');
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  }
  for (std::size_t i = 0; i < matrix.platforms.size(); ++i)
    out += fmt::format("column {}: {}: {}\n", i + 1, matrix.platforms[i]->name, summary(matrix, i));
  return out + "T tested, b built, F failed, . no record\n";
}

std::string package_matrix_markdown(const PackageMatrix& matrix) {
  std::string head = "| package | version |", rule = "|---|---|", sums = "| | |";
  for (std::size_t i = 0; i < matrix.platforms.size(); ++i) {
    head += fmt::format(" {} |", matrix.platforms[i]->name);
    rule += ":-:|";
    sums += fmt::format(" {} |", count(matrix, i, PackageState::tested) + count(matrix, i, PackageState::built));
  }
  std::string out = "# Packages\n\n"
                    "What `swage verify` has recorded, by platform. *tested*: built, its files checked, and its tests "
                    "run (under emulation where the platform is\n"
                    "another); *built*: it has no tests; *failed*: it was tried; a dot: it was not. Made by `swage "
                    "matrix --packages --markdown`.\n\n";
  out += fmt::format("{}\n{}\n", head, rule);
  for (const auto& row : matrix.rows) {
    const auto recorded =
        std::find_if(row.records.begin(), row.records.end(), [](const PackageRecord* record) { return record; });
    out += fmt::format("| {} | {} |", row.recipe->full_name(),
                       recorded == row.records.end() ? row.recipe->version : (*recorded)->version);
    for (std::size_t i = 0; i < matrix.platforms.size(); ++i)
      out += fmt::format(" {} |", !row.recipe->is_for(*matrix.platforms[i]) ? ""
                                  : row.records[i]                          ? package_state_name(row.records[i]->state)
                                                                            : "·");
    out += '\n';
  }
  return out + sums + "\n";
}

std::string package_matrix_json(const PackageMatrix& matrix) {
  auto list = Json::array();
  for (const auto& row : matrix.rows)
    for (std::size_t i = 0; i < row.records.size(); ++i)
      if (const PackageRecord* record = row.records[i])
        list.push_back({{"package", record->name},
                        {"platform", matrix.platforms[i]->name},
                        {"version", text_or_null(record->version)},
                        {"toolchain", record->toolchain},
                        {"state", package_state_name(record->state)},
                        {"when", record->when},
                        {"drv", record->drv},
                        {"nar", text_or_null(record->nar)},
                        {"reason", text_or_null(record->reason)},
                        {"seconds", value_or_null(record->seconds)}});
  return json_text(Json{{"packages", std::move(list)}}) + "\n";
}

}  // namespace swage
