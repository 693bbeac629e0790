// What every command's JSON says of things that are not there.
#pragma once

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace swage {

inline nlohmann::ordered_json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
}
template <class T>
nlohmann::ordered_json value_or_null(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

inline nlohmann::ordered_json error_or_null(const std::optional<Error>& error) {
  if (!error) return nullptr;
  return {{"what", error->what}, {"notes", error->notes}, {"hint", text_or_null(error->hint)}};
}
// As a line. Builds may have printed any bytes: what is not UTF-8 becomes U+FFFD.
inline void print_json(const nlohmann::ordered_json& value) {
  fmt::print("{}\n", value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace swage
