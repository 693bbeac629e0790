// A value to write as JSON. An object keeps its keys in the order in which they were put.
//
//   Json row{{"path", path.str()}, {"size", size}, {"deriver", nullptr}};
//   row["references"] = Json::array();
//
// In braces, a list of nothing but pairs whose first is text is an object, any other list is an array.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace swage {

class JsonPart;

class Json {
 public:
  Json(std::nullptr_t = nullptr);
  template <std::same_as<bool> T>   // not what converts to it, as pointers do
  Json(T value) : Json(Kind::boolean, value) {}
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Json(T value) : Json(std::signed_integral<T> ? Kind::integer : Kind::natural, static_cast<std::uint64_t>(value)) {}
  Json(double value);
  Json(const char* text);
  Json(std::string text);
  Json(std::string_view text);
  Json(const std::vector<std::string>& texts);
  Json(const std::set<std::string>& texts);
  Json(const std::map<std::string, std::string>& texts);
  Json(std::vector<Json> items);
  Json(std::initializer_list<JsonPart> items);
  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(Json other) noexcept;
  ~Json();

  static Json array();
  static Json object();

  bool is_null() const { return kind_ == Kind::null; }
  bool is_array() const { return kind_ == Kind::array; }
  bool is_string() const { return kind_ == Kind::text; }
  const std::string& text() const { return text_; }            // of a string
  const std::vector<Json>& items() const { return items_; }    // of an array; an object's values

  void push_back(Json item);                  // null becomes an array
  Json& back() { return items_.back(); }
  Json& operator[](std::string_view key);     // null becomes an object; a key that is new is put last, with null
  void update(const Json& object);            // takes its keys and values
  void erase(std::string_view key);

  // Without `indent` on one line, else each item on its own. Bytes that are no UTF-8 become U+FFFD.
  std::string dump(std::optional<unsigned> indent = {}) const;

 private:
  enum class Kind : std::uint8_t { null, boolean, integer, natural, real, text, array, object };
  Json(Kind kind, std::uint64_t number);
  void write(std::string& out, std::optional<unsigned> indent, unsigned depth) const;

  Kind kind_ = Kind::null;
  std::uint64_t number_ = 0;          // boolean; integer: its bits; real: its bits
  std::string text_{};
  std::vector<std::string> keys_{};   // of an object, one for each item
  std::vector<Json> items_{};
};

// What stands in braces: its value can be moved out of the list.
class JsonPart {
 public:
  template <class T>
    requires std::constructible_from<Json, T&&>
  JsonPart(T&& value) : value_(std::forward<T>(value)) {}
  JsonPart(std::initializer_list<JsonPart> items) : value_(items) {}

 private:
  friend class Json;
  mutable Json value_;
};

enum class JsonAscii { no, yes };   // yes: what is not ASCII is escaped
// A string of JSON, with its quotation marks.
std::string json_string(std::string_view text, JsonAscii ascii = JsonAscii::no);

}  // namespace swage
