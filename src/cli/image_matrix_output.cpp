// The matrix of images as text, for programs and for the page.
#include <algorithm>
#include <fmt/core.h>
#include <map>

#include "base/text.hpp"
#include "catalog/images.hpp"
#include "cli/json.hpp"
#include "cli/matrix_output.hpp"

namespace swage {

namespace {

std::string state_of(const ImageMatrix::Row& row) {
  return row.record ? std::string(package_state_name(row.record->state)) : "no record";
}

}  // namespace

std::string image_matrix_text(const ImageMatrix& matrix) {
  std::size_t width = 0;
  std::map<std::string, std::size_t> counts;
  for (const ImageMatrix::Row& row : matrix.rows) {
    width = std::max(width, row.image->name.size());
    ++counts[state_of(row)];
  }
  std::string out;
  for (const ImageMatrix::Row& row : matrix.rows) {
    std::string line = fmt::format("{:<9}  image/{:<{}}  {:<8}  {:<10}  {}", state_of(row), row.image->name, width,
                                   row.image->board->platform, row.record ? row.record->when : "",
                                   row.record ? row.record->reason : "");
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  std::string summary;
  for (const auto& [state, count] : counts)
    summary += fmt::format("{}{} {}", summary.empty() ? "" : ", ", count, state);
  return out + fmt::format("{} image{}: {}; {} more are only planned\n", matrix.rows.size(),
                           matrix.rows.size() == 1 ? "" : "s", summary, matrix.planned);
}

Json image_rows_json(const ImageMatrix& matrix) {
  auto list = Json::array();
  for (const ImageMatrix::Row& row : matrix.rows) {
    const PackageRecord record = row.record.value_or(PackageRecord{});
    list.push_back({{"image", row.image->name},
                    {"board", row.image->board->title},
                    {"platform", row.image->board->platform},
                    {"state", row.record ? Json(package_state_name(record.state)) : Json(nullptr)},
                    {"when", text_or_null(record.when)},
                    {"toolchain", text_or_null(record.toolchain)},
                    {"drv", text_or_null(record.drv)},
                    {"nar", text_or_null(record.nar)},
                    {"boot", text_or_null(record.boot)},
                    {"reason", text_or_null(record.reason)},
                    {"seconds", value_or_null(record.seconds)}});
  }
  return list;
}

std::string image_matrix_json(const ImageMatrix& matrix) {
  return json_text(Json{{"images", image_rows_json(matrix)}, {"planned", matrix.planned}}) + "\n";
}

}  // namespace swage
