// config.txt: which of its lines count, and what they set.
#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "image/fat.hpp"
#include "image/firmware_run.hpp"

namespace swage {

namespace {

constexpr std::size_t kDeepestInclude = 10, kMostLines = 10'000;   // nobody says how many there may be
constexpr std::uint64_t kLargestConfig = 256'000;

// hdmi_group:1 is hdmi_group of a port.
std::string without_port(const std::string& key) { return key.substr(0, key.find(':')); }

std::string place_of(const ConfigLine& line) { return fmt::format("{}:{}", line.file, line.number); }

}  // namespace

const FirmwareSettingRow* FirmwareRun::setting_row(std::string_view name) const {
  const auto found = std::find_if(known.settings->begin(), known.settings->end(),
                                  [&](const FirmwareSettingRow& row) { return row.name == name; });
  return found == known.settings->end() ? nullptr : &*found;
}

void FirmwareRun::say(std::size_t index, LineState state, std::string why) {
  ExplainedLine& line = out.lines[out.lines.size() - lines.size() + index];
  line.state = state;
  line.why = std::move(why);
}

std::string FirmwareRun::get(const std::string& key, const std::string& usual) const {
  const auto found = settings.find(key);
  return found == settings.end() ? usual : found->second.value;
}

// A number that is none is taken for 0 (assumed).
bool FirmwareRun::flag(const std::string& key, bool usual) const {
  const auto found = settings.find(key);
  return found == settings.end() ? usual : config_number(found->second.value).value_or(0) != 0;
}

std::string FirmwareRun::why_set(const std::string& key, const std::string& usual) const {
  const auto found = settings.find(key);
  return found == settings.end() || !found->second.line
             ? usual
             : fmt::format("{} {}", place_of(lines[*found->second.line]), key);
}

Error FirmwareRun::at_value(const std::string& key, Error error) const {
  const auto found = settings.find(key);
  if (found == settings.end() || !found->second.line) return error;
  return std::move(error).at(lines[*found->second.line].pos_of_value());
}

// `include` stands for the file's content: https://www.raspberrypi.com/documentation/computers/config_txt.html#include
Result<void> FirmwareRun::add_file(const std::string& path, std::vector<std::string> including,
                                   std::optional<std::size_t> by) {
  const auto placed = [&](Error error) { return by ? std::move(error).at(lines[*by].pos_of_value()) : error; };
  const BootFile* file = files->find(path);
  if (!file) {
    out.add(Severity::warning, "include-missing",
            placed({.what = fmt::format("'{}' is not there", path), .hint = did_you_mean(path, names_under(""))}));
    return {};
  }
  if (std::find(including.begin(), including.end(), file->path) != including.end()) {
    out.add(Severity::error, "include-loop",
            placed({.what = fmt::format("'{}' includes itself: {}", file->path, join(including, ", ")),
                    .notes = {"what the firmware makes of that is not documented"}}));
    return {};
  }
  if (including.size() > kDeepestInclude || lines.size() > kMostLines) {
    out.add(Severity::warning, "include-much",
            placed({.what = fmt::format("'{}' is not read: this model follows {} levels of includes, and {} lines",
                                        path, kDeepestInclude, kMostLines)}));
    return {};
  }
  auto text = files->read(*file, kLargestConfig);
  if (!text && text.error().code == Errc::corrupt) {
    out.add(Severity::error, "file-broken", placed(text.error()));
    return {};
  }
  if (!text) return Fail(text.error());
  including.push_back(file->path);
  for (ConfigLine& line : parse_config(inside + file->path, *text)) {
    const bool includes = line.kind == ConfigLine::Kind::directive && line.key == "include";
    lines.push_back(std::move(line));
    included.push_back(by.has_value());
    const std::size_t index = lines.size() - 1;
    out.lines.push_back({.file = lines[index].file, .number = lines[index].number, .text = lines[index].text});
    // What is included stands behind its line, so filters are entered while files are put together.
    take_line(index);
    if (lines.size() > kMostLines + 1) break;
    if (includes && filters->truth() == Truth::yes) SWAGE_CHECK(add_file(lines[index].value, including, index));
  }
  return {};
}

Result<void> FirmwareRun::read_config() {
  filters.emplace(model, *known.models, moment);
  overlays.push_back({});
  // https://www.raspberrypi.com/documentation/computers/raspberry-pi.html#fail-safe-os-updates-tryboot
  config_name = question.tryboot && !tryboot_a_b ? "tryboot.txt" : "config.txt";
  const BootFile* file = files->find(config_name);
  if (file) {
    const char* why = !question.tryboot ? ""
                      : tryboot_a_b     ? "tryboot_a_b=1 in autoboot.txt"
                                        : "the tryboot flag is set";
    loads("config", file->path, why).size = file->size;
    SWAGE_CHECK(add_file(config_name, {}, {}));
  } else if (config_name == "tryboot.txt") {
    out.add(Severity::warning, "tryboot-missing",
            {.what = "'tryboot.txt' is not there: nothing is configured (assumed)",
             .hint = "or say tryboot_a_b=1 in autoboot.txt"});
  }
  // Appended in memory: https://www.raspberrypi.com/documentation/computers/raspberry-pi.html#config_txt. That
  // config.txt's filters end before it is assumed.
  if (!eeprom_config.empty()) {
    filters->enter("all");
    for (ConfigLine& line : parse_config("EEPROM [config.txt]", eeprom_config)) {
      lines.push_back(std::move(line));
      included.push_back(true);
      out.lines.push_back({.file = lines.back().file, .number = lines.back().number, .text = lines.back().text});
      take_line(lines.size() - 1);
    }
  }
  for (const auto& [key, one] : settings)
    if (one.line) {
      const ConfigLine& last = lines[*one.line];
      for (std::size_t i = 0; i < *one.line; ++i)
        if (lines[i].kind == ConfigLine::Kind::setting && lines[i].key == key &&
            out.lines[out.lines.size() - lines.size() + i].state == LineState::counts)
          say(i, LineState::ignored, "set again at " + place_of(last));
    }
  return {};
}

// What an editor leaves in a file and nobody sees. What the firmware makes of it is not documented.
void FirmwareRun::check_form(std::size_t index) {
  const ConfigLine& line = lines[index];
  const auto odd = std::find_if(line.text.begin(), line.text.end(),
                                [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; });
  const bool marked = line.number == 1 && line.text.starts_with("\xef\xbb\xbf");
  if (odd == line.text.end() && !marked) return;
  const std::size_t at = marked ? 0 : static_cast<std::size_t>(odd - line.text.begin());
  out.add(Severity::warning, "odd-character",
          Error{.what = marked ? "the file begins with a byte order mark, which makes another word of the first one"
                               : "the line has a control character",
                .hint = "save the file as plain ASCII or UTF-8 without a mark"}
              .at(line.pos(static_cast<unsigned>(at + 1), marked ? 3 : 1)));
}

void FirmwareRun::take_line(std::size_t index) {
  if (lines[index].kind == ConfigLine::Kind::blank || lines[index].kind == ConfigLine::Kind::comment) return;
  check_form(index);
  if (const FirmwareSettingRow* row = setting_row(lines[index].key); row && !row->same_as.empty())
    lines[index].key = row->same_as;
  const ConfigLine line = lines[index];
  if (line.is_cut)
    out.add(
        Severity::warning, "line-too-long",
        Error{.what = fmt::format("the line has {} characters, and {} are read", line.text.size(), kLongestConfigLine)}
            .at(line.pos(kLongestConfigLine + 1, line.text.size() - kLongestConfigLine)));
  if (line.kind == ConfigLine::Kind::filter) {
    const FilterEntered entered = filters->enter(line.key);
    if (!entered.wrong.empty())
      out.add(Severity::warning, "filter",
              Error{.what = entered.wrong, .hint = entered.hint}.at(line.pos_of_key()));
    const Truth truth = filters->truth();
    const std::string because = filters->because();
    const std::string others = because == fmt::format("[{}]", line.key) ? "" : ": " + because;
    say(index, LineState::plain,
        truth == Truth::yes ? "holds" : (truth == Truth::no ? "does not hold" : "only the board can tell") + others);
    return;
  }
  if (line.kind == ConfigLine::Kind::other) {
    const FirmwareSettingRow* row = setting_row(line.key);
    out.add(Severity::warning, "no-setting",
            Error{.what = line.key.starts_with('[') ? "the filter has no ']'"
                          : row                     ? fmt::format("'{}' has no value", line.key)
                                                    : "the line is neither KEY=VALUE nor [FILTER]"}
                .at(line.pos_of_key()));
    say(index, LineState::ignored, "it is no setting");
    return;
  }
  const std::string name = without_port(line.key);
  const FirmwareSettingRow* row = setting_row(name);
  if (!row && !is_perhaps_known(line)) {
    say(index, LineState::ignored, "no setting that is known");
    return;
  }
  // "should not use the = character here": .../config_txt.html#initramfs; of `include` it is assumed.
  if (row && row->kind == SettingKind::directive && line.kind == ConfigLine::Kind::setting) {
    out.add(Severity::warning, "directive",
            Error{.what = fmt::format("'{}' is written without '='", line.key),
                  .hint = fmt::format("write {} {}", line.key, line.value)}
                .at(line.pos_of_key()));
    say(index, LineState::ignored, "it is no setting (assumed)");
    return;
  }
  if (row) check_value(line, *row);
  if (row && !row->instead.empty())
    out.add(Severity::warning, "setting-old",
            Error{.what = fmt::format("'{}' is of old firmware: what it does is not modelled", line.key),
                  .hint = "write " + row->instead}
                .at(line.pos_of_key()));
  if (const Truth truth = filters->truth(); truth != Truth::yes) {
    say(index, truth == Truth::no ? LineState::ignored : LineState::unknown,
        truth == Truth::no ? "not here: " + filters->because() : "only if " + filters->because() + ": taken as not so");
    // raspberrypi/firmware#1076: old bootcode.bin knows no filters.
    if (row && row->early && model.loader == FirmwareLoader::bootcode)
      out.add(
          Severity::warning, "early-filtered",
          Error{.what = fmt::format("'{}' is read by bootcode.bin, which took it whatever the filter says until the "
                                    "end of 2018",
                                    line.key)}
              .at(line.pos_of_key()));
    return;
  }
  take_setting(index, row);
}

void FirmwareRun::take_setting(std::size_t index, const FirmwareSettingRow* row) {
  const ConfigLine line = lines[index];
  const auto& loaders = firmware_loader_names();
  if (row && !row->loaders.empty() &&
      std::find(row->loaders.begin(), row->loaders.end(), loaders[static_cast<std::size_t>(model.loader)]) ==
          row->loaders.end()) {
    say(index, LineState::ignored, fmt::format("it says nothing to {}", model.name));
    return;
  }
  if (row && row->early && included[index]) {   // raspberrypi/firmware#1641, #1810
    say(index, LineState::ignored, "what reads it does not know `include`");
    out.add(
        Severity::warning, "early-included",
        Error{.what = fmt::format("'{}' counts in config.txt alone: what reads it does not know `include`", line.key)}
            .at(line.pos_of_key()));
    return;
  }
  say(index, LineState::counts, "");
  if (line.key == "dtoverlay") take_overlay(index);
  else if (line.key == "dtparam") take_parameters(index);
  else if (line.key != "include") settings[line.key] = {line.value, index};
}

// NAME[,PARAMETER[=VALUE]]...; without a name the last overlay's parameters end:
// https://www.raspberrypi.com/documentation/computers/configuration.html#part3.2. Behind the name a colon will do too:
// raspberrypi/firmware#405.
void FirmwareRun::take_overlay(std::size_t index) {
  ConfigLine& line = lines[index];
  if (const std::size_t end = line.value.find_first_of(":,="); end != std::string::npos && line.value[end] == ':')
    line.value[end] = ',';
  const std::vector<std::string_view> words = split(line.value, ',');
  overlays.push_back({.name = std::string(words[0]), .line = index, .column = line.value_column});
  if (words[0].empty()) {
    say(index, LineState::counts, "ends the parameters of the overlay before it");
    return;
  }
  take_parameters(index);
}

void FirmwareRun::take_parameters(std::size_t index) {
  const ConfigLine& line = lines[index];
  std::vector<std::string_view> words = split(line.value, ',');
  unsigned column = line.value_column;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const std::size_t equals = word.find('=');
    const bool is_name = i == 0 && line.key == "dtoverlay";
    if (!is_name && !word.empty())
      overlays.back().words.push_back(
          {.name = std::string(word.substr(0, equals)),
           .value = equals == std::string_view::npos ? "" : std::string(word.substr(equals + 1)),
           .line = index,
           .column = column,
           .has_value = equals != std::string_view::npos});
    column += static_cast<unsigned>(word.size() + 1);
  }
}

void FirmwareRun::check_value(const ConfigLine& line, const FirmwareSettingRow& row) {
  if (row.kind == SettingKind::text || row.kind == SettingKind::directive) return;
  const std::string_view digits = line.value.starts_with('-') ? std::string_view(line.value).substr(1) : line.value;
  const auto number = config_number(digits);
  if (number && (row.kind == SettingKind::number || *number <= 1)) return;
  const bool is_flag = row.kind == SettingKind::flag;
  static const std::vector<std::string> yes{"true", "yes", "on", "y"}, no{"false", "no", "off", "n", ""};
  const auto is = [&](const std::vector<std::string>& words) {
    const std::string value = fat_folded(line.value);
    return std::find(words.begin(), words.end(), value) != words.end();
  };
  Error error{.what = number               ? fmt::format("'{}' is 0 or 1, not {}", line.key, line.value)
                      : line.value.empty() ? fmt::format("'{}' is empty: taken for 0 (assumed)", line.key)
                                           : fmt::format("'{}' is {}, not '{}': taken for 0 (assumed)", line.key,
                                                         is_flag ? "0 or 1" : "a number", line.value)};
  if (is_flag && !number && (is(yes) || is(no)))
    error.hint = fmt::format("write {}={}", line.key, is(yes) ? 1 : 0);
  out.add(Severity::warning, "value", std::move(error).at(line.pos_of_value()));
}

// Not every setting is known here: one is told as misspelt where its name is near to one that is.
bool FirmwareRun::is_perhaps_known(const ConfigLine& line) {
  if (line.key.find_first_of(" \t") != std::string::npos) {
    out.add(Severity::warning, "blank-in-key",
            Error{.what = "blanks around '=' are part of what they touch", .hint = "write KEY=VALUE"}.at(
                line.pos_of_key()));
    return false;
  }
  std::vector<std::string> names;
  for (const FirmwareSettingRow& row : *known.settings) names.push_back(row.name);
  std::string hint = did_you_mean(line.key, names);
  for (const std::string& name : names)   // upper and lower case are two things to it
    if (hint.empty() && fat_folded(line.key) == fat_folded(name)) hint = fmt::format("did you mean '{}'?", name);
  if (hint.empty()) return true;
  out.add(Severity::warning, "setting-unknown",
          Error{.what = fmt::format("'{}' is no setting that is known", line.key), .hint = hint}.at(line.pos_of_key()));
  return false;
}

}  // namespace swage
