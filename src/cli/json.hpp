// How every command writes JSON, and what it says of things that are not there.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/visible.hpp"
#include "cli/output.hpp"

namespace swage {

// On one line. Bytes that are no UTF-8, which names of files and logs may hold, become U+FFFD; what a terminal would act on is escaped.
inline std::string json_text(const nlohmann::ordered_json& value) {
  return visible_line(value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

inline nlohmann::ordered_json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
}
template <class T>
nlohmann::ordered_json value_or_null(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

// code, what, where, notes and hint; not the errors that came with it.
nlohmann::ordered_json error_json(const Error& error);
inline nlohmann::ordered_json error_or_null(const std::optional<Error>& error) {
  return error ? error_json(*error) : nlohmann::ordered_json(nullptr);
}
inline void print_json(const nlohmann::ordered_json& value) { print_result("{}\n", json_text(value)); }

}  // namespace swage
