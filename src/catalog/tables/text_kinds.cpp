#include "catalog/tables/text_kinds.hpp"

#include <cctype>
#include <regex.h>

#include "base/hash.hpp"
#include "base/visible.hpp"

namespace swage {

namespace {

constexpr std::size_t kLongestPart = 200;   // of a path; the store's names are not much longer

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 127; });
}

bool is_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return c < 128 && (std::isalnum(c) || others.find(static_cast<char>(c)) != std::string_view::npos);
  });
}

// The text as one line of a message, and not all of it.
std::string in_quotes(std::string_view text) {
  constexpr std::size_t most = 100;
  return fmt::format("'{}'", visible_line(text.substr(0, most)));
}

// What is wrong with a path below something; "" nothing. `never`: characters that it cannot have.
std::string wrong_below(std::string_view path, std::string_view never) {
  if (path.empty()) return "it is empty";
  if (path.front() == '/') return "it is absolute";
  if (has_control(path)) return "it has control characters";
  if (const auto at = path.find_first_of(never); at != std::string_view::npos)
    return path[at] == ' ' ? "it has a space" : fmt::format("it has a {}", path[at]);
  for (const std::string_view part : split(path, '/')) {
    if (part == "..") return "it leads out by '..'";
    if (part.empty() || part == ".") return "a part of it is empty or '.'";
    if (part.size() > kLongestPart) return fmt::format("a part of it has more than {} characters", kLongestPart);
  }
  return "";
}

std::string of_path(std::string_view what, const std::string& text, const std::string& why) {
  return why.empty() ? "" : fmt::format("{} is no {}: {}", in_quotes(text), what, why);
}

std::string wrong_absolute(const std::string& path) {
  if (!path.starts_with('/')) return "it does not begin with /";
  const std::string why = wrong_below(std::string_view(path).substr(1), "");
  return why.empty() && !is_of(path, "/._-+") ? "it is letters, digits, / . _ - and +" : why;
}

// How long a hash is, by what it begins with.
struct CryptKind {
  std::string_view begin;
  std::size_t length;
};
constexpr CryptKind kCrypts[] = {{"$1$", 22}, {"$5$", 43}, {"$6$", 86}, {"$y$", 43}, {"$2b$", 53}};

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const unsigned char byte : bytes.substr(0, 4)) value = value << 8 | byte;
  return value;
}

// Strings with their lengths, the first of which is the type: https://datatracker.ietf.org/doc/html/rfc4253#section-6.6
bool is_key_of(std::string_view type, std::string_view base64) {
  const Result<std::string> decoded = base64_decode(base64);
  if (!decoded) return false;
  std::string_view left = *decoded;
  std::vector<std::string_view> strings;
  while (left.size() >= 4 && left.size() - 4 >= big_endian(left)) {
    strings.push_back(left.substr(4, big_endian(left)));
    left.remove_prefix(4 + strings.back().size());
  }
  return left.empty() && strings.size() >= 2 && strings.front() == type && !strings.back().empty();
}

bool is_key_type(std::string_view word) {
  static const std::vector<std::string_view> types{"ssh-ed25519",
                                                   "ssh-rsa",
                                                   "ecdsa-sha2-nistp256",
                                                   "ecdsa-sha2-nistp384",
                                                   "ecdsa-sha2-nistp521",
                                                   "sk-ssh-ed25519@openssh.com",
                                                   "sk-ecdsa-sha2-nistp256@openssh.com"};
  return std::find(types.begin(), types.end(), word) != types.end();
}

// Takes the next word off; what is in quotes is of one word, as in options before a key.
std::string_view next_word(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  bool is_quoted = false;
  std::size_t end = 0;
  for (; end < text.size() && (is_quoted || text[end] != ' '); ++end)
    if (text[end] == '"' && (end == 0 || text[end - 1] != '\\')) is_quoted = !is_quoted;
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

void check_kind(const FieldInput& in, TextKind kind) {
  if (in.value.kind != TomlValue::Kind::string) return;
  if (visible(in.value.text) != in.value.text) return;   // told as it was read
  if (std::string wrong = kind(in.name, in.value.text); !wrong.empty()) in.report({.what = std::move(wrong)});
}

}  // namespace

std::string as_line(std::string_view key, const std::string& text) {
  return has_control(text) ? fmt::format("'{}' is one line, without control characters", key) : "";
}

std::string as_name(std::string_view, const std::string& text) {
  constexpr std::size_t most = 100;
  if (text.empty() || !is_of(text, "-_.+") || !is_of(text.substr(0, 1), ""))
    return fmt::format("{} is no name: it is letters, digits, - _ . and +, a letter or digit first", in_quotes(text));
  return text.size() > most ? fmt::format("{} is no name: it has more than {} characters", in_quotes(text), most) : "";
}

std::string as_emulator(std::string_view key, const std::string& text) {
  return text.empty() ? "" : as_name(key, text);
}

std::string as_suffix(std::string_view, const std::string& text) {
  return is_of(text, "-_.+")
             ? ""
             : fmt::format("{} is no end of a name: it is letters, digits, - _ . and +", in_quotes(text));
}

std::string as_tty(std::string_view, const std::string& text) {
  return is_of(text, "_-") ? ""
                           : fmt::format("{} is no terminal: it is called like ttyAMA0, without /dev/ and speed",
                                         in_quotes(text));
}

std::string as_tty_of_image(std::string_view key, const std::string& text) {
  return text == "@console@" ? "" : as_tty(key, text);
}

std::string as_module(std::string_view, const std::string& text) {
  return !text.empty() && is_of(text, "_-")
             ? ""
             : fmt::format("{} is no name of a module: it is letters, digits, - and _, without .ko", in_quotes(text));
}

std::string as_defconfig(std::string_view, const std::string& text) {
  return text.ends_with("defconfig") && is_of(text, "_-.")
             ? ""
             : fmt::format("{} is no name of a configuration: NAME_defconfig", in_quotes(text));
}

std::string as_node(std::string_view, const std::string& text) {
  return text.starts_with('/') && text.size() > 1 && is_of(text, "/@,._+-*?[]")
             ? ""
             : fmt::format("{} is no node of a device tree: /soc/serial@7e201000", in_quotes(text));
}

std::string as_dtb(std::string_view, const std::string& text) {
  if (text.empty()) return "";
  std::string why = wrong_below(text, "");
  if (why.empty() && !is_of(text, "/._-+")) why = "it is letters, digits, / . _ - and +";
  if (why.empty() && !text.ends_with(".dtb")) why = "it does not end with .dtb";
  return of_path("device tree", text, why);
}

std::string as_file_of_root(std::string_view, const std::string& text) {
  return of_path("file of a root", text, wrong_below(text, " |\\\"'`$"));
}

std::string as_file_of_package(std::string_view, const std::string& text) {
  return of_path("file of a package", text, wrong_below(text, " |\\\"'`$*?["));
}

std::string as_file_on_card(std::string_view, const std::string& text) {
  return of_path("file of a FAT file system", text, wrong_below(text, "|\\\"*?<>:"));
}

std::string as_file(std::string_view, const std::string& text) {
  return of_path("file of a root file system", text, wrong_below(text, "|\\"));
}

// Of a script the kernel takes no notice of setuid and setgid (execve(2)), and of a text that is none even less.
std::string as_mode(std::string_view, const std::string& text) {
  const bool is_octal = text.size() == 4 && text.find_first_not_of("01234567") == std::string::npos;
  if (!is_octal)
    return fmt::format("'{}' is no mode of a file: four octal digits, as 0600 and 0755", visible_line(text));
  if (text[0] != '0')
    return fmt::format("'{}' has setuid, setgid or sticky, which say nothing of a text or script", text);
  if (text[1] < '4') return fmt::format("'{}' is a mode by which its owner cannot read the file", text);
  return "";
}

std::string as_place(std::string_view, const std::string& text) {
  const std::string_view path = text;
  return of_path("place in a root file system", text,
                 wrong_below(path.substr(0, path.size() - (path.size() > 1 && path.ends_with('/'))), " |\\\"'`$*?["));
}

std::string as_home(std::string_view, const std::string& text) {
  return text == "/" ? "" : of_path("home", text, wrong_absolute(text));
}

std::string as_program(std::string_view, const std::string& text) {
  return of_path("program", text, wrong_absolute(text));
}

std::string as_param(std::string_view key, const std::string& text) {
  if (text.find(',') != std::string::npos)
    return fmt::format("{} is more than one parameter: each is an item by itself", in_quotes(text));
  return as_line(key, text);
}

std::string as_commit(std::string_view, const std::string& text) {
  const bool is_one = text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_one ? "" : fmt::format("{} is not a commit: 40 hexadecimal digits", in_quotes(text));
}

std::string as_password(std::string_view key, const std::string& text) {
  if (text == "*" || text == "!") return "";
  for (const CryptKind& kind : kCrypts) {
    if (!text.starts_with(kind.begin)) continue;
    const std::string_view hash = std::string_view(text).substr(text.rfind('$') + 1);
    if (is_of(text, "./$=,") && text.rfind('$') >= kind.begin.size() && hash.size() == kind.length && is_of(hash, "./"))
      return "";
    return fmt::format("'{}' is no whole hash: of {} the last part has {} characters of ./0-9A-Za-z", key, kind.begin,
                       kind.length);
  }
  return fmt::format("'{}' is a hash of crypt(3) that begins with $1$, $5$, $6$, $y$ or $2b$ (openssl passwd -6), or *",
                     key);
}

std::string as_ssh_key(std::string_view key, const std::string& text) {
  if (text.find("PRIVATE KEY") != std::string::npos)
    return fmt::format("'{}' has a private key: it takes the line of the public one, which is in the file .pub", key);
  if (std::string wrong = as_line(key, text); !wrong.empty()) return wrong;
  std::string_view left = text;
  std::string_view type = next_word(left);
  if (!is_key_type(type)) type = next_word(left);   // options come before it
  if (!is_key_type(type))
    return fmt::format("{} is no line of authorized_keys: ssh-ed25519 AAAA... NAME", in_quotes(text));
  return is_key_of(type, next_word(left)) ? "" : fmt::format("{} is no whole key of type {}", in_quotes(text), type);
}

std::string as_password_pattern(std::string_view key, const std::string& text) {
  if (text.empty()) return "";
  if (std::string wrong = as_line(key, text); !wrong.empty()) return wrong;
  regex_t compiled;
  const bool is_one = text.size() <= 1000 && ::regcomp(&compiled, text.c_str(), 0) == 0;
  const std::size_t groups = is_one ? compiled.re_nsub : 0;
  if (is_one) ::regfree(&compiled);
  return is_one && groups > 0 && text.find('/') == std::string::npos
             ? ""
             : fmt::format("{} is no regular expression of grep's with \\(..\\) and without /", in_quotes(text));
}

std::string as_label(std::string_view, const std::string& text) {
  return is_of(text, "-_") ? "" : fmt::format("{} is no label: it is letters, digits, - and _", in_quotes(text));
}

void read_kind(const FieldInput& in, std::string& out, TextKind kind) {
  read_field(in, out);
  check_kind(in, kind);
}

void read_kind(const FieldInput& in, std::vector<std::string>& out, TextKind kind) {
  read_field(in, out);
  for (const TomlValue& item : in.value.items) check_kind(in.with(item, in.name), kind);
}

void read_kind(const FieldInput& in, NameAt& out, TextKind kind) {
  read_kind(in, out.text, kind);
  out.pos = in.document.pos(in.value.span);
}

void read_kind(const FieldInput& in, std::vector<NameAt>& out, TextKind kind) {
  std::vector<std::string> texts;
  read_kind(in, texts, kind);
  out.clear();
  for (const TomlValue& item : in.value.items)
    if (item.kind == TomlValue::Kind::string) out.push_back({item.text, in.document.pos(item.span)});
}

void check_kind_of_keys(const FieldInput& in, TextKind kind) {
  for (const TomlEntry& entry : in.value.entries)
    if (std::string wrong = kind(in.name, entry.key); !wrong.empty())
      in.report({.what = std::move(wrong), .where = in.document.pos(entry.key_span)});
}

void read_kinds(const FieldInput& in, std::map<std::string, std::string>& out, TextKind keys, TextKind values) {
  read_field(in, out);
  check_kind_of_keys(in, keys);
  if (!values) return;
  for (const TomlEntry& entry : in.value.entries) check_kind(in.with(entry.value, entry.key), values);
}

}  // namespace swage
