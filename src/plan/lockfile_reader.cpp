// Reads swage.lock as a stream of JSON events: a lock has thousands of entries and is read by every command, and a
// document tree in between would cost more than all the checks. simdjson makes the events of a good lock; of a bad one
// nlohmann::json does, which tells where it was when the reader refused one.
#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <simdjson.h>

#include "base/text.hpp"
#include "plan/lockfile.hpp"

namespace swage {

namespace {

// A char pointer that tells how far the parser has read, so that an error has a place.
struct Cursor {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at = nullptr;
  const char** seen = nullptr;

  reference operator*() const { return *at; }
  Cursor& operator++() {
    *seen = ++at;
    return *this;
  }
  Cursor operator++(int) {
    Cursor old = *this;
    ++*this;
    return old;
  }
  friend bool operator==(const Cursor& a, const Cursor& b) { return a.at == b.at; }
};

enum class Type { string, number, object, array };
std::string_view type_name(Type type) {
  switch (type) {
    case Type::string: return "a string";
    case Type::number: return "a whole number";
    case Type::object: return "an object";
    case Type::array: return "an array";
  }
  return "";
}

struct Field {
  std::string_view name;
  Type type;
  bool required = true;
};

// An object with a closed set of keys.
struct Schema {
  std::string_view name;   // as errors call it
  std::span<const Field> fields;
};

constexpr std::array kRootFields{Field{"version", Type::number},         Field{"created", Type::string},
                                 Field{"files", Type::object},           Field{"sets", Type::object},
                                 Field{"sources", Type::object},         Field{"seeds", Type::object},
                                 Field{"archives", Type::object, false}, Field{"suites", Type::object, false},
                                 Field{"missing", Type::object}};
constexpr std::array kFileFields{Field{"name", Type::string}, Field{"version", Type::string},
                                 Field{"path", Type::string}, Field{"size", Type::number},
                                 Field{"seen", Type::string, false}};
constexpr std::array kSetFields{Field{"suite", Type::string}, Field{"request", Type::string},
                                Field{"files", Type::array}};
constexpr std::array kSeedFields{Field{"sha256", Type::string}, Field{"member", Type::string},
                                 Field{"nar_sha256", Type::string}};
constexpr Schema kRoot{"the lock", kRootFields};
constexpr Schema kFile{"a locked file", kFileFields};
constexpr Schema kSet{"a locked set", kSetFields};
constexpr Schema kLockedSeed{"a locked seed", kSeedFields};

// In the order of kRootFields, from its third.
enum class Section { files, sets, sources, seeds, archives, suites, missing };

bool is_letter_or_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_sha256(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}
bool is_name(std::string_view text, std::string_view more) {
  return !text.empty() && is_letter_or_digit(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter_or_digit(c) || more.find(c) != std::string_view::npos;
  });
}
bool is_printable(std::string_view text) {
  return !text.empty() &&
         std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; });
}
bool is_date(std::string_view text) {
  if (text.size() != 10) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (i == 4 || i == 7 ? text[i] != '-' : !is_digit(text[i])) return false;
  return true;
}

// 2026-01-31T00:00:00Z
bool is_time(std::string_view text) {
  constexpr std::string_view form = "T00:00:00Z";
  if (text.size() != 10 + form.size() || !is_date(text.substr(0, 10))) return false;
  for (std::size_t i = 0; i < form.size(); ++i)
    if (form[i] == '0' ? !is_digit(text[10 + i]) : text[10 + i] != form[i]) return false;
  return true;
}

// Receives the events. `false` stops the parser; `error` then says why.
class Reader {
 public:
  explicit Reader(Lockfile& lock) : lock_(lock) {}
  std::optional<Error> error{};
  bool syntax_error = false;   // the place is the parser's, not the cursor's
  std::size_t syntax_at = 0;

  bool start_object(std::size_t) {
    if (depth_ == 0) return depth_ = 1, enter(kRoot);
    if (!expect(Type::object)) return false;
    ++depth_;
    if (depth_ == 2) section_ = static_cast<Section>(field_ - 2);
    else enter(section_ == Section::files ? kFile : section_ == Section::sets ? kSet : kLockedSeed);
    return true;
  }

  bool end_object() {
    if (depth_ != 2 && !complete()) return false;
    --depth_;
    if (depth_ == 1) schema_ = &kRoot, present_ = root_present_;
    return true;
  }

  bool start_array(std::size_t) {
    if (!expect(Type::array)) return false;
    in_array_ = true;
    return true;
  }
  bool end_array() {
    in_array_ = false;
    return true;
  }

  bool key(std::string_view name) {
    if (depth_ == 2) return new_entry(name);
    const auto field =
        std::find_if(schema_->fields.begin(), schema_->fields.end(), [&](const Field& f) { return f.name == name; });
    if (field == schema_->fields.end()) {
      std::vector<std::string> names;
      for (const Field& f : schema_->fields) names.emplace_back(f.name);
      return stop(fmt::format("'{}' is not a key of {}", name, schema_->name), did_you_mean(name, names));
    }
    field_ = static_cast<unsigned>(field - schema_->fields.begin());
    if (present_ & 1U << field_) return stop(fmt::format("'{}' is there twice in {}", name, schema_->name));
    if (schema_ == &kRoot && present_ == 0 && field_ != 0) return stop(fmt::format("'{}' is before the version", name));
    present_ |= 1U << field_;
    if (depth_ == 1) root_present_ = present_;
    return true;
  }

  bool string(std::string_view text) {
    if (!expect(Type::string)) return false;
    if (depth_ == 1) {
      if (!is_date(text)) return stop(fmt::format("'{}' is not a date YYYY-MM-DD", text));
      lock_.created = text;
      return true;
    }
    switch (section_) {
      case Section::files: return file_string(text);
      case Section::sets: return set_string(text);
      case Section::seeds: return seed_string(text);
      case Section::sources:
      case Section::archives: return take_sha256(text, *free_value_);
      case Section::suites:
        if (!is_time(text)) return stop(fmt::format("'{}' is not a time YYYY-MM-DDTHH:MM:SSZ", text));
        *free_value_ = text;
        return true;
      case Section::missing:
        if (!is_printable(text)) return stop("a reason is empty or not printable");
        *free_value_ = text;
        return true;
    }
    return false;
  }

  bool number_unsigned(std::uint64_t value) {
    if (!expect(Type::number)) return false;
    if (depth_ > 1) file_->size = value;
    else if (value > Lockfile::kVersion)
      return stop(fmt::format("the lock has format {}, this swage reads format {}", value, Lockfile::kVersion),
                  "use a newer swage, or make the lock anew with: swage lock --update");
    else if (value == 0) return stop(fmt::format("the lock has the unknown format {}", value));
    return true;
  }
  bool number_integer(std::int64_t) { return wrong_type("a negative number"); }
  bool number_float(double, const std::string&) { return wrong_type("a fraction"); }
  bool null() { return wrong_type("null"); }
  bool boolean(bool) { return wrong_type("a truth value"); }
  bool binary(nlohmann::json::binary_t&) { return wrong_type("binary"); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& e) {
    syntax_error = true;
    syntax_at = position ? position - 1 : 0;
    // `[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ...`: the place is said
    // apart.
    std::string_view text = e.what();
    if (const auto at = text.find(": "); at != std::string_view::npos) text.remove_prefix(at + 2);
    return stop(fmt::format("the lock is not JSON: {}", text));
  }

 private:
  bool stop(std::string what, std::string hint = {}) {
    if (hint.empty()) hint = "make the lock anew with: swage lock --update";
    if (!error) error = Error{.code = Errc::invalid_input, .what = std::move(what), .hint = std::move(hint)};
    return false;
  }

  // Whether a value of this type may stand here.
  bool expect(Type found) {
    if (depth_ == 0 || wanted() != found) return wrong_type(type_name(found));
    return true;
  }
  Type wanted() const {
    if (in_array_) return Type::string;
    if (depth_ == 2)
      return section_ == Section::files || section_ == Section::sets || section_ == Section::seeds ? Type::object
                                                                                                   : Type::string;
    return schema_->fields[field_].type;
  }
  bool wrong_type(std::string_view found) {
    if (depth_ == 0) return stop(fmt::format("the lock is {}, not an object", found));
    return stop(fmt::format("'{}' is {}, not {}",
                            in_array_ || depth_ == 2 ? entry_ : std::string(schema_->fields[field_].name), found,
                            type_name(wanted())));
  }

  bool enter(const Schema& schema) {
    schema_ = &schema;
    present_ = 0;
    return true;
  }
  bool complete() {
    for (std::size_t i = 0; i < schema_->fields.size(); ++i)
      if (schema_->fields[i].required && !(present_ & 1U << i))
        return stop(fmt::format("'{}' is missing in {}", schema_->fields[i].name, schema_->name));
    return true;
  }

  template <class Map>
  bool add(Map& map, typename Map::mapped_type*& slot) {
    const std::size_t before = map.size();
    slot = &map.emplace_hint(map.end(), entry_, typename Map::mapped_type{})->second;   // entries come sorted
    return map.size() > before || stop(fmt::format("'{}' is there twice", entry_));
  }
  bool new_entry(std::string_view name) {
    entry_ = name;
    if (section_ == Section::files && !is_sha256(entry_)) return bad_sha256(entry_);
    if (!is_printable(entry_)) return stop("a key is empty or not printable");
    switch (section_) {
      case Section::files:
        if (!add(lock_.files, file_)) return false;
        file_->sha256 = entry_;
        return true;
      case Section::sets: return add(lock_.sets, set_);
      case Section::sources: return add(lock_.sources, free_value_);
      case Section::seeds: return add(lock_.seeds, seed_);
      case Section::archives: return add(lock_.archives, free_value_);
      case Section::suites: return add(lock_.suites, free_value_);
      case Section::missing: return add(lock_.missing, free_value_);
    }
    return false;
  }

  bool bad_sha256(std::string_view text) {
    return stop(fmt::format("'{}' is not a sha256: 64 digits 0-9 and a-f", text));
  }
  bool take_sha256(std::string_view text, std::string& into) {
    if (!is_sha256(text)) return bad_sha256(text);
    into = text;
    return true;
  }
  bool file_string(std::string_view text) {
    if (field_ == 0) {
      if (!is_name(text, "+-.")) return stop(fmt::format("'{}' is not a package name", text));
      file_->name = text;
    } else if (field_ == 1) {
      if (!is_name(text, "+-.~:")) return stop(fmt::format("'{}' is not a package version", text));
      file_->version = text;
    } else if (field_ == 2) {
      if (auto ok = check_pool_path(text); !ok) return stop(ok.error().what);
      file_->path = text;
    } else {
      const std::size_t day = std::min<std::size_t>(text.size(), 10);
      const std::string_view archive = text.substr(std::min(day + 1, text.size()));
      if (!is_date(text.substr(0, day)) || (text.size() > day && (text[day] != ' ' || !is_name(archive, "+-._"))))
        return stop(fmt::format("'{}' is not a day and an archive: 2026-01-31 debian", text));
      file_->day = text.substr(0, day);
      file_->archive = archive;
    }
    return true;
  }
  bool set_string(std::string_view text) {
    if (in_array_) return take_sha256(text, set_->files.emplace_back());
    if (field_ == 0 && !is_name(text, "-._/")) return stop(fmt::format("'{}' is not a suite", text));
    if (!is_printable(text)) return stop(fmt::format("the request of '{}' is empty or not printable", entry_));
    (field_ == 0 ? set_->suite : set_->request) = text;
    return true;
  }
  bool seed_string(std::string_view text) {
    if (field_ == 0) return take_sha256(text, seed_->sha256);
    if (field_ == 2) return take_sha256(text, seed_->nar_sha256);
    if (!is_printable(text)) return stop(fmt::format("the member of '{}' is empty or not printable", entry_));
    seed_->member = text;
    return true;
  }

  Lockfile& lock_;
  unsigned depth_ = 0;               // 1 in the document, 2 in a section, 3 in an entry
  const Schema* schema_ = &kRoot;
  unsigned present_ = 0;             // fields of `schema_` seen so far, as bits
  unsigned root_present_ = 0;
  unsigned field_ = 0;
  bool in_array_ = false;
  Section section_ = Section::files;
  std::string entry_;                // key of the entry that is read
  LockedFile* file_ = nullptr;
  LockedSet* set_ = nullptr;
  LockedSeed* seed_ = nullptr;
  std::string* free_value_ = nullptr;
};

// The token that ends at or shortly before `end`: the parser may have read the `:` or `,` behind it.
std::pair<std::size_t, std::size_t> token_before(std::string_view text, std::size_t end) {
  while (end > 1 && std::string_view(" \t\r\n:,}]").find(text[end - 1]) != std::string_view::npos) --end;
  std::size_t start = end ? end - 1 : 0;
  if (end > 1 && text[start] == '"') {
    const auto is_escaped = [&](std::size_t at) {
      std::size_t slashes = 0;
      while (slashes < at && text[at - slashes - 1] == '\\') ++slashes;
      return slashes % 2 == 1;
    };
    do --start;
    while (start > 0 && (text[start] != '"' || is_escaped(start)));
  } else {
    while (start > 0 && (is_letter_or_digit(text[start - 1]) ||
                         std::string_view("+-.").find(text[start - 1]) != std::string_view::npos))
      --start;
  }
  return {start, end};
}

SourcePos place(std::string_view text, std::size_t start, std::size_t end, std::string_view file) {
  constexpr std::size_t widest = 400;   // a line that swage wrote is shorter
  const auto line_start = start ? text.rfind('\n', start - 1) + 1 : 0;
  const auto line = text.substr(line_start, text.find('\n', line_start) - line_start);
  const auto before = text.substr(0, line_start);
  return SourcePos{.file = std::string(file),
                   .line = static_cast<unsigned>(1 + std::count(before.begin(), before.end(), '\n')),
                   .column = static_cast<unsigned>(start - line_start + 1),
                   .length = static_cast<unsigned>(std::min(end - start, line.size())),
                   .line_text = line.size() > widest ? std::string() : std::string(line)};
}

// Reads once more, now counting: a good lock does not pay for the place of an error.
Error located_error(std::string_view json, std::string_view name) {
  Lockfile lock;
  Reader reader(lock);
  const char* seen = json.data();
  (void)nlohmann::json::sax_parse(Cursor{json.data(), &seen}, Cursor{json.data() + json.size(), &seen}, &reader);
  const auto [start, end] = reader.syntax_error ? std::pair(std::min(reader.syntax_at, json.size()),
                                                            std::min(reader.syntax_at + 1, json.size()))
                                                : token_before(json, static_cast<std::size_t>(seen - json.data()));
  return std::move(*reader.error).at(place(json, start, end, name));
}

Fail dangling(std::string_view file, std::string_view user, std::string_view sha256) {
  return Fail(
      Error{.code = Errc::invalid_input,
            .what = fmt::format("'{}' of the lock '{}' needs the file {}, which is not in it", user, file, sha256),
            .hint = "make the lock anew with: swage lock --update"});
}

// Sends the events of a document that simdjson has parsed.
class Events {
 public:
  explicit Events(Reader& reader) : reader_(reader) {}

  bool send(simdjson::dom::element element) {
    using Kind = simdjson::dom::element_type;
    std::string_view text;
    std::uint64_t number = 0;
    simdjson::dom::array array;
    simdjson::dom::object object;
    switch (element.type()) {
      case Kind::STRING: return !element.get(text) && reader_.string(text);
      case Kind::INT64:
      // An error when it is negative.
      case Kind::UINT64: return !element.get(number) && reader_.number_unsigned(number);
      case Kind::ARRAY:
        if (element.get(array) || !reader_.start_array(0)) return false;
        for (const simdjson::dom::element one : array)
          if (!send(one)) return false;
        return reader_.end_array();
      case Kind::OBJECT: return !element.get(object) && send_object(object);
      default: return false;
    }
  }

 private:
  bool send_object(simdjson::dom::object object) {
    if (!reader_.start_object(0)) return false;
    for (const auto [key, value] : object)
      if (!reader_.key(key) || !send(value)) return false;
    return reader_.end_object();
  }

  Reader& reader_;
};

}  // namespace

Result<Lockfile> Lockfile::parse(std::string_view json, std::string_view name) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  Lockfile lock;
  Reader reader(lock);
  if (parser.parse(json.data(), json.size()).get(document) || !Events(reader).send(document))
    return Fail(located_error(json, name));
  for (const auto& [key, set] : lock.sets)
    for (const std::string& sha256 : set.files)
      if (!lock.files.contains(sha256)) return dangling(name, key, sha256);
  for (const auto& [key, sha256] : lock.sources)
    if (!lock.files.contains(sha256)) return dangling(name, key, sha256);
  for (const auto& [key, seed] : lock.seeds)
    if (!lock.files.contains(seed.sha256)) return dangling(name, key, seed.sha256);
  return lock;
}

}  // namespace swage
