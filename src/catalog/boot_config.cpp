#include "catalog/boot_config.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <set>

#include "base/text.hpp"
#include "catalog/config_words.hpp"
#include "catalog/row_named.hpp"

namespace swage {

namespace {

constexpr std::size_t kLongestLine = 98;   // the rest is not read

// https://www.raspberrypi.com/documentation/computers/raspberry-pi.html#BOOT_ORDER
constexpr std::pair<const char*, char> kBootModes[] = {{"sd", '1'},   {"network", '2'}, {"rpiboot", '3'},
                                                       {"usb", '4'},  {"nvme", '6'},    {"http", '7'},
                                                       {"stop", 'e'}, {"restart", 'f'}};

std::string_view name_of_param(std::string_view text) { return text.substr(0, text.find('=')); }

bool lists(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// As firmware_trees.toml names a device tree.
std::string stem_of(const std::string& dtb) { return dtb.substr(0, dtb.find(".dtb")); }

template <class Row>
std::vector<std::string> names(const std::vector<Row>& rows) {
  std::vector<std::string> found;
  for (const Row& row : rows) found.push_back(row.name);
  return found;
}

// Which kernel's device tree config.txt is for: the firmware applies parameters to the tree that is on the card.
enum class TreeOf { distribution, vendor, either };   // either: of images with one and with the other

struct ConfigWriter {
  const BoardRow& board;
  const FirmwareModelRow& model;
  const std::vector<FirmwareModelRow>& models;
  const std::vector<FirmwareSettingRow>& settings;
  const std::vector<FirmwareOverlayRow>& overlays;
  const std::vector<FirmwareTreeRow>& trees;
  const std::string& dtb;
  TreeOf tree_of = TreeOf::either;
  std::vector<Error> errors{};
  std::string text{};
  std::vector<std::pair<std::string, SourcePos>> used{};   // overlays
  bool is_filtered = false;

  void report(std::string what, const SourcePos& pos, std::string hint = "", std::vector<std::string> notes = {}) {
    errors.push_back({.what = std::move(what), .where = pos, .notes = std::move(notes), .hint = std::move(hint)});
  }

  void line(const std::string& words, const SourcePos& pos) {
    std::string shown = words;
    if (const auto at = shown.find("@dtb@"); at != std::string::npos)
      shown.replace(at, 5, dtb.substr(dtb.rfind('/') + 1));
    if (shown.size() > kLongestLine)
      report(fmt::format("this is a line of {} characters, of which the firmware reads {}", shown.size(), kLongestLine),
             pos);
    text += words + "\n";
  }

  void section(const ConfigSection& section) {
    if (is_filtered || !section.filters.empty()) text += "[all]\n";
    is_filtered = !section.filters.empty();
    std::map<ConfigFilter::Kind, std::string> entered;
    for (const NameAt& filter : section.filters) {
      check_filter(filter, entered);
      text += fmt::format("[{}]\n", filter.text);
    }
    for (const ConfigOption& option : section.options) write(option);
    for (const NameAt& param : section.params) {
      check_tree_param(param);
      line("dtparam=" + param.text, param.pos);
    }
    for (const OverlayUse& use : section.overlays) write(use);
  }

  // `entered`: the filters before it, by kind, of which the firmware keeps one each.
  void check_filter(const NameAt& filter, std::map<ConfigFilter::Kind, std::string>& entered) {
    const ConfigFilter parsed = parse_config_filter(filter.text, models);
    if (!parsed.is_known || filter.text.find_first_of("[]") != std::string::npos)
      return report(fmt::format("'{}' is no filter of config.txt", filter.text), filter.pos, parsed.hint);
    if (!parsed.wrong.empty()) return report(parsed.wrong, filter.pos);
    if (parsed.kind == ConfigFilter::Kind::all)
      return report("'all' is no filter of a section: one without 'when' is for all", filter.pos);
    const auto [earlier, is_first] = entered.emplace(parsed.kind, filter.text);
    if (!is_first)
      report(fmt::format("'{}' takes the place of '{}': filters of one kind do not add up", filter.text,
                         earlier->second),
             filter.pos);
  }

  void write(const ConfigOption& option) {
    const FirmwareSettingRow* setting = row_named(settings, option.key);
    if (!setting) {
      const std::string near = did_you_mean(option.key, names(settings));
      report(fmt::format("'{}' is no known setting of config.txt", option.key), option.pos,
             near.empty() ? "a setting that is missing is a row of firmware_settings.toml" : near);
      return;
    }
    std::string value = option.value;
    const auto is_a = [&](const char* what) {
      report(fmt::format("'{}' is {}, not '{}'", option.key, what, option.value), option.pos);
    };
    switch (setting->kind) {
      case SettingKind::flag:
        if (option.is_boolean) value = option.value == "true" ? "1" : "0";
        else if (value != "0" && value != "1") is_a("true or false");
        break;
      case SettingKind::number:
        if (const bool minus = value.starts_with('-'); !config_number(std::string_view(value).substr(minus)))
          is_a("a number");
        else if (minus && !setting->negative) is_a("a number from 0 on");
        break;
      case SettingKind::text:
      case SettingKind::directive:
        if (option.is_boolean) is_a("a word");
        break;
    }
    line(fmt::format("{}{}{}", option.key, setting->kind == SettingKind::directive ? " " : "=", value), option.pos);
  }

  // That the vendor's tree has it, or the firmware adds it there. Of a tree that no row is of nothing is known.
  bool is_of_vendors_tree(std::string_view param) const {
    const FirmwareTreeRow* row = vendors_tree();
    return !row || lists(model.made_names, param) || lists(row->params, param);
  }
  const FirmwareTreeRow* vendors_tree() const { return row_named(trees, stem_of(board.vendor_dtb)); }

  // Mainline's trees have no parameters (__overrides__), so that the firmware has none to make others of either; where
  // one has, it is a row by its path.
  void check_tree_param(const NameAt& param) {
    const std::string_view name = name_of_param(param.text);
    const FirmwareTreeRow* mainline = row_named(trees, stem_of(board.dtb));
    const bool in_mainline = mainline && lists(mainline->params, name);
    if (tree_of != TreeOf::vendor && in_mainline) return;
    if (tree_of != TreeOf::distribution) {
      if (is_of_vendors_tree(name)) return;
      const FirmwareTreeRow* row = vendors_tree();
      return report(fmt::format("the device tree of '{}' has no parameter '{}'", board.name, name), param.pos,
                    did_you_mean(name, row->params));
    }
    const bool vendor_has = !board.vendor_kernel.text.empty() && vendors_tree() && is_of_vendors_tree(name);
    report(fmt::format("the device tree of '{}' with the kernel '{}' has no parameter '{}'", board.name, board.kernel,
                       name),
           param.pos,
           vendor_has ? fmt::format("the vendor's has it: of an image with 'linux@{}'", board.vendor_kernel.text) : "",
           {fmt::format("it is mainline's '{}', which has {}", dtb,
                        mainline ? join_some(mainline->params, 12) : "no parameters")});
  }

  // As the firmware looks for it, with overlay_map.dtb. Null: it is reported that there is none.
  const FirmwareOverlayRow* resolved(const OverlayUse& use) {
    const FirmwareOverlayRow* row = row_named(overlays, use.name);
    if (!row) {
      report(fmt::format("'{}' is no overlay", use.name), use.pos, did_you_mean(use.name, names(overlays)));
      return nullptr;
    }
    for (unsigned steps = 0; steps < 5; ++steps) {
      const auto other = row->instead.find(model.platform);
      const std::string next = other != row->instead.end() ? other->second : row->renamed;
      if (next.empty()) break;
      const FirmwareOverlayRow* to = row_named(overlays, next);
      if (!to) break;
      row = to;
    }
    if (!row->deprecated.empty()) {
      report(fmt::format("the overlay '{}' is retired", use.name), use.pos, row->deprecated);
      return nullptr;
    }
    if (row->on.empty() || std::find(row->on.begin(), row->on.end(), model.platform) != row->on.end()) return row;
    report(fmt::format("the overlay '{}' is not for '{}', which has a {}", use.name, board.name, model.platform),
           use.pos, "", {fmt::format("it is for {}", join(row->on, ", "))});
    return nullptr;
  }

  void write(const OverlayUse& use) {
    const FirmwareOverlayRow* row = resolved(use);
    if (!row) return;
    used.emplace_back(row->name, use.pos);
    line("dtoverlay=" + row->name, use.pos);
    for (const NameAt& param : use.params) {
      const std::string_view name = name_of_param(param.text);
      if (std::find(row->params.begin(), row->params.end(), name) == row->params.end())
        report(fmt::format("the overlay '{}' has no parameter '{}'", row->name, name), param.pos,
               did_you_mean(name, row->params),
               row->name == use.name
                   ? std::vector<std::string>{}
                   : std::vector{fmt::format("'{}' is '{}' on '{}'", use.name, row->name, board.name)});
      line("dtparam=" + param.text, param.pos);
    }
    text += "dtoverlay=\n";   // what comes after it is the tree's
  }
};

// `dtb`: what @dtb@ stands for. `used`: receives the overlays.
Result<std::string> config_of(const Catalog& catalog, const BoardRow& board, const LoaderRow* loader,
                              const std::string& dtb, TreeOf tree_of,
                              std::vector<std::pair<std::string, SourcePos>>* used = nullptr) {
  std::vector<const std::vector<ConfigSection>*> parts;
  if (loader) parts.push_back(&loader->config);
  parts.push_back(&board.config);
  SWAGE_TRY(const ImageTables* tables, catalog.image_tables());
  for (const NameAt& name : board.additions)
    if (const AdditionRow* addition = tables->addition(name.text)) parts.push_back(&addition->config);
  if (std::all_of(parts.begin(), parts.end(), [](const auto* sections) { return sections->empty(); }))
    return std::string();
  SWAGE_TRY(const FirmwareModelRow* model, catalog.firmware_model(board.firmware_model.text));
  SWAGE_TRY(const std::vector<FirmwareModelRow>* models, catalog.firmware_models());
  SWAGE_TRY(const std::vector<FirmwareSettingRow>* settings, catalog.firmware_settings());
  SWAGE_TRY(const std::vector<FirmwareOverlayRow>* overlays, catalog.firmware_overlays());
  SWAGE_TRY(const std::vector<FirmwareTreeRow>* trees, catalog.firmware_trees());
  ConfigWriter writer{.board = board,
                      .model = *model,
                      .models = *models,
                      .settings = *settings,
                      .overlays = *overlays,
                      .trees = *trees,
                      .dtb = dtb,
                      .tree_of = tree_of};
  for (const std::vector<ConfigSection>* sections : parts)
    for (const ConfigSection& section : *sections) writer.section(section);
  if (!writer.errors.empty()) return Fail(together(std::move(writer.errors)));
  if (used) *used = std::move(writer.used);
  return std::move(writer.text);
}

// Whether a file of the card is this one. A vendor's kernel comes with all overlays of its tree.
bool is_on_card(const ImageRow& image, const std::string& name) {
  if (image.takes_overlays()) return true;
  for (const auto* files : {&image.board->firmware, &image.loader->firmware})
    if (std::any_of(files->begin(), files->end(), [&](const RootFile& file) { return file.to == name; })) return true;
  return false;
}

// Of the images that a board can have, and of one of them. A tree that no row names came there otherwise.
TreeOf trees_of(const BoardRow& board) {
  if (board.kernel.empty()) return TreeOf::vendor;
  return board.vendor_dtb.empty() && !board.dtb.empty() ? TreeOf::distribution : TreeOf::either;
}
TreeOf tree_of(const ImageRow& image) {
  if (image.is_of_vendor()) return TreeOf::vendor;
  return image.dtb().empty() ? TreeOf::either : TreeOf::distribution;
}

}  // namespace

std::optional<char> boot_mode(std::string_view name) {
  for (const auto& [mode, digit] : kBootModes)
    if (name == mode) return digit;
  return std::nullopt;
}

std::vector<std::string> boot_mode_names() {
  std::vector<std::string> names;
  for (const auto& [mode, digit] : kBootModes) names.emplace_back(mode);
  return names;
}

Result<std::string> boot_config(const Catalog& catalog, const ImageRow& image) {
  std::vector<std::pair<std::string, SourcePos>> used;
  SWAGE_TRY(std::string text,
            config_of(catalog, *image.board, image.loader, image.dtb(), tree_of(image), &used));
  std::vector<Error> errors;
  const std::string without_overlays =
      image.is_of_vendor() ? fmt::format("its loader, '{}', takes none of its kernel's", image.loader->name)
                           : fmt::format("its kernel, '{}', comes without overlays", image.board->kernel);
  for (const auto& [name, pos] : used)
    if (const std::string file = fmt::format("overlays/{}.dtbo", name); !is_on_card(image, file))
      errors.push_back({.code = Errc::unsatisfiable,
                        .what = fmt::format("'{}' is not on the card of '{}'", file, image.name),
                        .where = pos,
                        .notes = {without_overlays},
                        .hint = "put it there by 'firmware' of the board: { root = ROOT, file = FILE, to = \"" + file +
                                "\" }"});
  if (!errors.empty()) return Fail(together(std::move(errors)));
  return text;
}

std::vector<Error> check_boot_configs(const Catalog& catalog) {
  std::vector<Error> errors;
  const auto tables = catalog.image_tables();
  if (!tables) return errors;   // told where they are read
  std::set<std::string> seen;
  const auto add = [&](const Result<std::string>& made) {
    if (made) return;
    const std::string shown = render(made.error());
    if (seen.insert(shown).second) errors.push_back(made.error());   // a loader's mistake is one, of whatever boards
  };
  for (const BoardRow& board : (*tables)->boards) {
    const LoaderRow* loader = row_named((*tables)->loaders, board.loader.text);
    if (loader && (!loader->config.empty() || !board.config.empty() || !board.additions.empty()))
      add(config_of(catalog, board, loader, board.dtb.empty() ? board.vendor_dtb : board.dtb, trees_of(board)));
  }
  // An addition that no board has is looked at with the boards that can have it.
  for (const AdditionRow& addition : (*tables)->additions)
    for (const NameAt& name : addition.boards)
      if (const BoardRow* board = (*tables)->board(name.text)) {
        BoardRow with = *board;
        with.config.clear();
        with.additions = {NameAt{.text = addition.name}};
        add(config_of(catalog, with, nullptr, with.dtb, trees_of(with)));
      }
  return errors;
}

std::string eeprom_config(const ImageTables& tables, const BoardRow& board) {
  std::string digits;
  for (const NameAt& name : board.additions)
    if (const AdditionRow* addition = tables.addition(name.text))
      for (const std::string& mode : addition->boot_order) digits.insert(digits.begin(), *boot_mode(mode));
  return digits.empty() ? "" : fmt::format("[all]\nBOOT_ORDER=0x{}\n", digits);
}

}  // namespace swage
