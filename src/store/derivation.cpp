// The ATerm text of a derivation:
//   Derive([(name,path,algo,hash),...],[(drv,[output,...]),...],[source,...],
//          system,builder,[arg,...],[(key,value),...])
// Everything is a string in double quotes; \" \\ \n \r \t are escaped, every other byte stands for itself. All lists
// but the arguments are sorted by byte value without repetition, so one derivation has one text. The reader insists on
// that order: a text that it accepts is a text that unparse() could have written, but for needless or missing
// backslashes.
#include "store/derivation.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "store/aterm.hpp"

namespace swage {

// --- Writing ---

namespace aterm {

void put_string(std::string& out, std::string_view text) {
  // By a table: find_first_of calls memchr for each character, and most of the texts of a plan go through here.
  static constexpr auto kSpecial = [] {
    std::array<bool, 256> special{};
    for (const unsigned char c : {'"', '\\', '\n', '\r', '\t'}) special[c] = true;
    return special;
  }();
  const auto is_special = [](char c) { return kSpecial[static_cast<unsigned char>(c)]; };
  out += '"';
  for (;;) {
    const std::size_t plain =
        static_cast<std::size_t>(std::find_if(text.begin(), text.end(), is_special) - text.begin());
    out += text.substr(0, plain);
    if (plain == text.size()) break;
    const char c = text[plain];
    out += '\\';
    out += c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c;
    text.remove_prefix(plain + 1);
  }
  out += '"';
}

namespace {

// Calls `put` for each item with commas between.
template <class Items, class Put>
void put_list(std::string& out, const Items& items, Put put) {
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    put(item);
  }
  out += ']';
}

}  // namespace

std::string write(const Derivation& drv, Outputs outputs, const InputHashes* inputs) {
  const bool masked = outputs == Outputs::masked;
  std::string out;
  std::size_t size = 256;
  for (const auto& [key, value] : drv.env) size += key.size() + value.size() + 16;
  for (const std::string& arg : drv.args) size += arg.size() + 8;
  out.reserve(size + 128 * (drv.input_drvs.size() + drv.input_srcs.size() + drv.outputs.size()));

  const auto put = [&](std::string_view text) { put_string(out, text); };
  const auto put_inputs = [&](const auto& item) {
    out += '(';
    if constexpr (std::is_same_v<std::decay_t<decltype(item.first)>, StorePath>)
      put(item.first.str());
    else
      put(item.first);
    out += ',';
    put_list(out, item.second, put);
    out += ')';
  };
  out += "Derive(";
  put_list(out, drv.outputs, [&](const auto& item) {
    const auto& [name, output] = item;
    out += '(';
    put(name);
    out += ',';
    put(masked ? std::string_view() : output.path);
    out += ',';
    put(output.hash_algo);
    out += ',';
    put(output.hash);
    out += ')';
  });
  out += ',';
  if (inputs)
    put_list(out, *inputs, put_inputs);
  else
    put_list(out, drv.input_drvs, put_inputs);
  out += ',';
  put_list(out, drv.input_srcs, [&](const StorePath& path) { put(path.str()); });
  out += ',';
  put(drv.system);
  out += ',';
  put(drv.builder);
  out += ',';
  put_list(out, drv.args, put);
  out += ',';
  put_list(out, drv.env, [&](const auto& item) {
    out += '(';
    put(item.first);
    out += ',';
    put(masked && drv.outputs.contains(item.first) ? std::string_view() : item.second);
    out += ')';
  });
  out += ')';
  return out;
}

}  // namespace aterm

std::string unparse(const Derivation& drv) { return aterm::write(drv, aterm::Outputs::shown, nullptr); }

bool Derivation::is_fixed() const {
  return outputs.size() == 1 && outputs.begin()->first == "out" && !outputs.begin()->second.hash.empty();
}

// --- Reading ---

namespace {

class DerivationReader {
 public:
  DerivationReader(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  Result<Derivation> read() {
    Derivation drv;
    drv.name = std::string(name_);
    if (text_.starts_with("DrvWithVersion("))
      return fail(Errc::corrupt, fmt::format("derivation '{}' has a format version that is not known", name_));
    SWAGE_CHECK(expect("Derive("));
    SWAGE_CHECK(read_outputs(drv));
    SWAGE_CHECK(expect(","));
    SWAGE_CHECK(read_inputs(drv));
    SWAGE_CHECK(expect(","));
    SWAGE_CHECK(list([&]() -> Result<void> {
      SWAGE_TRY(StorePath path, store_path());
      return append(drv.input_srcs, std::move(path));
    }));
    SWAGE_CHECK(expect(","));
    SWAGE_TRY(drv.system, string());
    SWAGE_CHECK(expect(","));
    SWAGE_TRY(drv.builder, string());
    SWAGE_CHECK(expect(","));
    SWAGE_CHECK(list([&]() -> Result<void> {
      SWAGE_TRY(std::string arg, string());
      drv.args.push_back(std::move(arg));
      return {};
    }));
    SWAGE_CHECK(expect(","));
    SWAGE_CHECK(read_env(drv));
    SWAGE_CHECK(expect(")"));
    if (at_ != text_.size()) return broken("text after the end");
    return drv;
  }

 private:
  Fail broken(std::string_view why) const {
    return fail(Errc::corrupt, fmt::format("derivation '{}' is malformed at byte {}: {}", name_, at_, why));
  }

  Result<void> expect(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return broken(fmt::format("expected '{}'", token));
    at_ += token.size();
    return {};
  }

  Result<std::string> string() {
    SWAGE_CHECK(expect("\""));
    std::string out;
    for (;;) {
      const std::size_t stop = text_.find_first_of("\"\\", at_);
      if (stop == std::string_view::npos) return broken("a string without end");
      out += text_.substr(at_, stop - at_);
      at_ = stop + 1;
      if (text_[stop] == '"') return out;
      if (at_ == text_.size()) return broken("a string without end");
      const char c = text_[at_++];
      out += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
    }
  }

  // `[` item `,` item ... `]`
  template <class Item>
  Result<void> list(Item item) {
    SWAGE_CHECK(expect("["));
    if (text_.substr(at_).starts_with(']')) return expect("]");
    for (;;) {
      SWAGE_CHECK(item());
      if (text_.substr(at_).starts_with(']')) return expect("]");
      SWAGE_CHECK(expect(","));
    }
  }

  static const auto& key_of(const auto& item) {
    if constexpr (requires { item.first; })
      return item.first;
    else
      return item;
  }

  // Appends to a sorted container what must sort behind all that it holds.
  template <class Container>
  Result<void> append(Container& container, typename Container::value_type item) {
    if (!container.empty() && !(key_of(*container.rbegin()) < key_of(item))) return broken("a list is not sorted");
    container.insert(container.end(), std::move(item));
    return {};
  }

  Result<StorePath> store_path() {
    const std::size_t start = at_;
    SWAGE_TRY(const std::string text, string());
    auto path = StorePath::parse(text);
    if (!path) {
      at_ = start;
      return broken(path.error().what);
    }
    return std::move(*path);
  }

  Result<void> read_outputs(Derivation& drv) {
    return list([&]() -> Result<void> {
      SWAGE_CHECK(expect("("));
      SWAGE_TRY(std::string name, string());
      DerivationOutput output;
      SWAGE_CHECK(expect(","));
      if (text_.substr(at_).starts_with("\"\"")) {
        at_ += 2;
      } else {
        SWAGE_TRY(const StorePath path, store_path());
        output.path = path.str();
      }
      SWAGE_CHECK(expect(","));
      SWAGE_TRY(output.hash_algo, string());
      SWAGE_CHECK(expect(","));
      SWAGE_TRY(output.hash, string());
      SWAGE_CHECK(expect(")"));
      return append(drv.outputs, {std::move(name), std::move(output)});
    });
  }

  Result<void> read_inputs(Derivation& drv) {
    return list([&]() -> Result<void> {
      SWAGE_CHECK(expect("("));
      SWAGE_TRY(StorePath path, store_path());
      SWAGE_CHECK(expect(","));
      std::set<std::string> wanted;
      SWAGE_CHECK(list([&]() -> Result<void> {
        SWAGE_TRY(std::string output, string());
        return append(wanted, std::move(output));
      }));
      SWAGE_CHECK(expect(")"));
      return append(drv.input_drvs, {std::move(path), std::move(wanted)});
    });
  }

  Result<void> read_env(Derivation& drv) {
    return list([&]() -> Result<void> {
      SWAGE_CHECK(expect("("));
      SWAGE_TRY(std::string key, string());
      SWAGE_CHECK(expect(","));
      SWAGE_TRY(std::string value, string());
      SWAGE_CHECK(expect(")"));
      return append(drv.env, {std::move(key), std::move(value)});
    });
  }

  std::string_view text_;
  std::string_view name_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Derivation> parse_derivation(std::string_view text, std::string_view name) {
  return DerivationReader(text, name).read();
}

}  // namespace swage
