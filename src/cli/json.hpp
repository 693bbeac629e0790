// How every command writes JSON, and what it says of things that are not there.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/visible.hpp"
#include "cli/output.hpp"

namespace swage {

// On one line. Bytes that are no UTF-8, which names of files and logs may hold, become U+FFFD; what a terminal would
// act on is escaped.
inline std::string json_text(const Json& value) {
  return visible_line(value.dump());
}

inline Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}
template <class T>
Json value_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// code, what, where, notes and hint; not the errors that came with it.
Json error_json(const Error& error);
inline Json error_or_null(const std::optional<Error>& error) {
  return error ? error_json(*error) : Json(nullptr);
}
inline void print_json(const Json& value) { print_result("{}\n", json_text(value)); }

}  // namespace swage
