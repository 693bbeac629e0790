// Looking a row up in a table that is kept as a list.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace swage {

// The first row of that name; null: there is none.
template <class Row>
const Row* row_named(const std::vector<Row>& rows, std::string_view name) {
  const auto at = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.name == name; });
  return at == rows.end() ? nullptr : &*at;
}

}  // namespace swage
