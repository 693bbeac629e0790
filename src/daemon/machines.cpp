#include "daemon/machines.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/core.h>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace swage {

namespace {

constexpr unsigned kDeepest = 8;
constexpr std::size_t kMachineFields = 8, kMostMachines = 10'000;
constexpr std::uint64_t kLargestMachinesFile = 1'000'000;
constexpr unsigned kMostFiles = 100;
constexpr std::size_t kMostErrors = 100;
constexpr const char* kFieldNames = "URI SYSTEMS SSH-KEY SLOTS SPEED FEATURES MANDATORY-FEATURES HOST-KEY";

struct MachineWord {
  std::string_view text{};
  SourcePos pos{};
  bool is_default() const { return text.empty() || text == "-"; }
};

std::set<std::string> names_of(const MachineWord& word) {
  std::set<std::string> names;
  if (word.is_default()) return names;
  for (const std::string_view name : split(word.text, ','))
    if (!name.empty()) names.emplace(name);
  return names;
}

class MachinesParser {
 public:
  explicit MachinesParser(const ReadMachines& read) : read_(read) {}

  void text(std::string_view all, const std::string& origin, unsigned depth) {
    unsigned number = 0;
    for (const std::string_view one : split(all, '\n')) line(one, origin, ++number, depth);
  }

  Result<std::vector<Machine>> result() {
    if (!errors_.empty()) return Fail(together(std::move(errors_)));
    return std::move(machines_);
  }

 private:
  // A comment goes to the end of the line, and may hold a `;`.
  void line(std::string_view whole, const std::string& origin, unsigned number, unsigned depth) {
    const std::string_view said = whole.substr(0, whole.find('#'));
    for (std::size_t begin = 0; begin <= said.size();) {
      const std::size_t end = std::min(said.find(';', begin), said.size());
      std::vector<MachineWord> words;
      for (std::size_t at = begin; at < end;) {
        at = std::min(said.find_first_not_of(" \t\r", at), end);
        const std::size_t stop = std::min(said.find_first_of(" \t\r;", at), end);
        if (stop > at)
          words.push_back({said.substr(at, stop - at), {.file = origin,
                                                        .line = number,
                                                        .column = static_cast<unsigned>(at + 1),
                                                        .length = static_cast<unsigned>(stop - at),
                                                        .line_text = std::string(whole)}});
        at = stop;
      }
      if (!words.empty()) machine(words, origin, depth);
      begin = end + 1;
    }
  }

  void machine(std::vector<MachineWord>& words, const std::string& origin, unsigned depth) {
    if (words.front().text.starts_with('@')) return include(words, origin, depth);
    if (words.size() > kMachineFields)
      return mistake(words[kMachineFields], "is a ninth field of a machine",
                     fmt::format("there are eight: {}", kFieldNames));
    if (machines_.size() >= kMostMachines) return;
    words.resize(kMachineFields);
    Machine made{.systems = names_of(words[1]), .features = names_of(words[5]), .mandatory = names_of(words[6])};
    made.pos = words.front().pos;
    take_uri(words[0], made);
    if (!words[2].is_default()) made.ssh_key = words[2].text;
    take_slots(words[3], made);
    take_speed(words[4], made);
    take_host_key(words[7], made);
    machines_.push_back(std::move(made));
  }

  void include(const std::vector<MachineWord>& words, const std::string& origin, unsigned depth) {
    if (words.size() > 1) return mistake(words[1], "stands behind a file of machines", "a file is alone: @FILE");
    if (depth >= kDeepest)
      return mistake(words[0], fmt::format("is more than {} files deep", kDeepest), "does a file name itself?");
    if (++files_ > kMostFiles) return;   // they name each other
    fs::path file = words[0].text.substr(1);
    if (file.is_relative()) file = fs::path(origin).parent_path() / file;
    if (const Result<std::string> said = read_(file)) text(*said, file.string(), depth + 1);
    else {
      Error error = said.error();
      error.where = words[0].pos;
      errors_.push_back(std::move(error));
    }
  }

  void take_uri(const MachineWord& word, Machine& made) {
    constexpr std::string_view kOldSsh = "ssh://";
    made.uri = word.text;
    if (word.text.starts_with(kOldSsh)) made.uri = fmt::format("ssh-ng://{}", word.text.substr(kOldSsh.size()));
    else if (word.text != "daemon" && word.text.find("://") == std::string_view::npos)
      made.uri = fmt::format("ssh-ng://{}", word.text);
    const Result<DaemonAddress> address = DaemonAddress::parse(made.uri);
    if (address) return;
    Error error = address.error();
    error.where = word.pos;
    errors_.push_back(std::move(error));
  }

  void take_slots(const MachineWord& word, Machine& made) {
    if (word.is_default()) return;
    const auto [end, error] = std::from_chars(word.text.data(), word.text.data() + word.text.size(), made.slots);
    if (error != std::errc() || end != word.text.data() + word.text.size())
      mistake(word, "is no number of builds at once", "the fourth field: how many that machine builds at once, as 8");
  }

  void take_speed(const MachineWord& word, Machine& made) {
    if (word.is_default()) return;
    const auto [end, error] = std::from_chars(word.text.data(), word.text.data() + word.text.size(), made.speed,
                                              std::chars_format::fixed);
    if (error != std::errc() || end != word.text.data() + word.text.size() || !std::isfinite(made.speed) ||
        made.speed < 0)
      mistake(word, "is no speed", "the fifth field: how fast it is against others, as 2 or 0.5");
  }

  void take_host_key(const MachineWord& word, Machine& made) {
    if (word.is_default()) return;
    const Result<std::string> line = base64_decode(word.text);
    if (line) made.host_key = trim(*line);
    const bool printable =
        std::all_of(made.host_key.begin(), made.host_key.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (!line || !printable || made.host_key.find(' ') == std::string::npos)
      mistake(word, "is no host key in base64", "write what this prints: base64 -w0 /etc/ssh/ssh_host_ed25519_key.pub");
  }

  void mistake(const MachineWord& word, std::string_view what, std::string hint) {
    if (errors_.size() >= kMostErrors) return;
    errors_.push_back(
        Error{.what = fmt::format("'{}' {}", word.text, what), .where = word.pos, .hint = std::move(hint)});
  }

  const ReadMachines& read_;
  unsigned files_ = 0;
  std::vector<Machine> machines_{};
  std::vector<Error> errors_{};
};

}  // namespace

Result<std::vector<Machine>> parse_machines(std::string_view text, const std::string& origin,
                                            const ReadMachines& read) {
  MachinesParser parser(read);
  parser.text(text, origin, 0);
  return parser.result();
}

Result<std::string> read_machines_file(const fs::path& file) {
  return read_file(file, kLargestMachinesFile);
}

}  // namespace swage
