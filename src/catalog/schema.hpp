// A schema says which keys a table may have, which it must have, and which member of a C++ row each one fills.
//
//   const Schema<RootRow> schema = Schema<RootRow>("[[root]]")
//       .required("name", &RootRow::name)
//       .optional("packages", &RootRow::packages);
//   schema.read(document, value, row, Presence::whole, findings);
//
// Every mistake of a table is reported, each with its place: keys that are missing, unknown (with the nearest known
// one) or of the wrong type, and values that do not parse. A row with a mistake is still filled as far as possible.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "catalog/toml.hpp"

namespace swage {

// What a name in a table must be the name of. Checked when everything is read, because tables refer to each other.
enum class NameOf {
  platform, arch, root, suite, package, script, system, constraint, patch, recipe_file, feature, c_library, component,
  condition, requirement   // variables that the `when` and the `require` of a constraint may name
};

struct Reference {
  NameOf kind;
  std::string name;
  const TomlDocument* document;
  TomlSpan span;
};

// What reading a table leaves besides the row.
struct Findings {
  std::vector<Error> errors{};
  std::vector<Reference> references{};
  // Keys of the row that was read last whose values are wrong, or that a misspelt key was near to: what else is amiss
  // with them follows.
  std::vector<std::string> wrong{};
  bool of_logs = false;      // texts may be lines of logs, with whatever these hold
  bool incomplete = false;   // rows could not be read: that names are not found may come from that alone
};

// Whether the user has stopped swage, which the findings then say. Asked by what may take long.
bool stopped(Findings& findings);

// `whole`: required keys must be there. `overriding`: only the keys that are there change the row.
enum class Presence { whole, overriding };

// One value of a document, with the place to report mistakes to.
struct FieldInput {
  const TomlDocument& document;
  const TomlValue& value;
  std::string name;                    // the key, for messages
  Findings& findings;
  Presence presence = Presence::whole;

  void report(Error error) const;      // at the value, unless the error has a place
  bool is(TomlValue::Kind kind) const; // else reports "'name' is X, not Y"
  FieldInput with(const TomlValue& inner, std::string inner_name) const {
    return {document, inner, std::move(inner_name), findings, presence};
  }
  void refer(NameOf kind) const;       // the value, or each item of an array, is the name of a `kind`
  void refer_keys(NameOf kind) const;  // each key of a table is
};

// What a key of each type reads. Found by overload; a new type of value is one more function here.
void read_field(const FieldInput& in, std::string& out);
void read_field(const FieldInput& in, bool& out);
void read_field(const FieldInput& in, int& out);
void read_field(const FieldInput& in, unsigned& out);
void read_field(const FieldInput& in, std::uint64_t& out);
void read_field(const FieldInput& in, std::vector<std::string>& out);
void read_field(const FieldInput& in, std::map<std::string, std::string>& out);
void read_field(const FieldInput& in, std::map<std::string, VersionRange>& out);
void read_field(const FieldInput& in, Version& out);
void read_field(const FieldInput& in, std::optional<Version>& out);
void read_field(const FieldInput& in, VersionRange& out);
void read_field(const FieldInput& in, Triple& out);
void read_date(const FieldInput& in, std::string& out);    // YYYY-MM-DD
void read_sha256(const FieldInput& in, std::string& out);  // 64 hexadecimal digits
void read_drv(const FieldInput& in, std::string& out);     // /nix/store/HASH-NAME.drv
void read_lock_name(const FieldInput& in, std::string& out);   // of a lock file that stands beside records:
                                                               // YYYY-MM-DD-HEX.lock

// One word of a closed set.
template <class Enum>
void read_word(const FieldInput& in, const std::vector<std::pair<std::string, Enum>>& words, Enum& out);
// Reports that `word` is none of `known`.
void report_unknown_word(const FieldInput& in, const std::string& word, const std::vector<std::string>& known);

// Reports keys of a table that are not in `known`, and required ones that are not there.
struct KeyRule {
  std::string key;
  bool required = false;
};
void check_keys(const TomlDocument& document, const TomlValue& table, const std::string& title,
                const std::vector<KeyRule>& rules, Presence presence, Findings& findings);

template <class Row>
class Schema {
 public:
  using Reader = std::function<void(const FieldInput&, Row&)>;

  explicit Schema(std::string title) : title_(std::move(title)) {}  // "[[root]]", as it stands in the file

  // Not inlined: a schema has dozens of keys, and each would be code of its own in one long function, which is slow to
  // compile.
  template <class T>
  [[gnu::noinline]] Schema&& required(const char* key, T Row::*member) && {
    return std::move(*this).add(key, true, member);
  }
  template <class T>
  [[gnu::noinline]] Schema&& optional(const char* key, T Row::*member) && {
    return std::move(*this).add(key, false, member);
  }
  [[gnu::noinline]] Schema&& required(const char* key, Reader reader) && {
    return std::move(*this).add_reader(key, true, std::move(reader));
  }
  [[gnu::noinline]] Schema&& optional(const char* key, Reader reader) && {
    return std::move(*this).add_reader(key, false, std::move(reader));
  }

  void read(const TomlDocument& document, const TomlValue& table, Row& row, Presence presence,
            Findings& findings) const {
    check_keys(document, table, title_, rules_, presence, findings);
    for (std::size_t i = 0; i < rules_.size(); ++i)
      if (const TomlEntry* entry = table.find(rules_[i].key)) {
        const std::size_t before = findings.errors.size();
        readers_[i]({document, entry->value, entry->key, findings, presence}, row);
        if (findings.errors.size() != before) findings.wrong.push_back(entry->key);
      }
  }

 private:
  template <class T>
  Schema&& add(const char* key, bool needed, T Row::*member) && {
    return std::move(*this).add_reader(key, needed,
                                       [member](const FieldInput& in, Row& row) { read_field(in, row.*member); });
  }
  Schema&& add_reader(const char* key, bool needed, Reader reader) && {
    rules_.push_back({key, needed});
    readers_.push_back(std::move(reader));
    return std::move(*this);
  }
  std::string title_;
  std::vector<KeyRule> rules_;
  std::vector<Reader> readers_;
};

template <class Enum>
void read_word(const FieldInput& in, const std::vector<std::pair<std::string, Enum>>& words, Enum& out) {
  if (!in.is(TomlValue::Kind::string)) return;
  std::vector<std::string> known;
  for (const auto& [word, value] : words) {
    if (word == in.value.text) {
      out = value;
      return;
    }
    known.push_back(word);
  }
  report_unknown_word(in, in.value.text, known);
}

}  // namespace swage
