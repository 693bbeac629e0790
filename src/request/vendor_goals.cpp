#include "request/vendor_goals.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "request/trees.hpp"

namespace swage {

namespace {

Fail no_such_board(const ImageTables& tables, const Target& target, const std::string& name) {
  const std::vector<std::string> known = target.vendor->boards();
  Error error{.what = fmt::format("'{}' is not among the boards of '{}@{}'", name, target.name, target.vendor->name()),
              .notes = {fmt::format("it is for {}", join(known, ", "))},
              .hint = did_you_mean(name, known)};
  for (const VendorKernelRow& other : tables.kernels) {
    const auto is_it = [&](const NameAt& board) { return board.text == name; };
    if (other.vendor.text != target.vendor->vendor->name ||
        std::none_of(other.boards.begin(), other.boards.end(), is_it))
      continue;
    error.hint = fmt::format("'{}@{}-{}' is for it", target.name, other.vendor.text, other.name);
    break;
  }
  return Fail(std::move(error));
}

}  // namespace

Error no_such_vendor(const ImageTables& tables, const Target& target) {
  std::vector<std::string> known;
  for (const VendorRow& vendor : tables.vendors) known.push_back(vendor.name);
  Error error{.what = fmt::format("'{}' is not a kernel: '{}' is neither a version nor a vendor", target.text,
                                  target.version),
              .hint = did_you_mean(target.version, known)};
  if (!known.empty()) error.notes.push_back(fmt::format("vendors: {}", join(known, ", ")));
  return error;
}

Result<std::vector<BoardGoal>> vendor_boards(const Catalog& catalog, const TargetOptions& options,
                                             const Target& target) {
  std::vector<BoardGoal> found;
  if (!target.vendor) return found;
  SWAGE_TRY(const ImageTables* tables, catalog.image_tables());
  const std::vector<std::string> known = target.vendor->boards();
  const auto add = [&](const std::string& word) -> Result<void> {
    const std::string name = word.substr(0, word.find(':'));
    if (std::find(known.begin(), known.end(), name) == known.end()) return no_such_board(*tables, target, name);
    const BoardRow* board = tables->board(name);
    SWAGE_TRY(const Platform* platform,
              catalog.platform(name == word ? board->platform : word.substr(name.size() + 1)));
    if (!board->defconfigs.contains(platform->name)) {
      std::vector<std::string> able;
      for (const auto& [other, config] : board->defconfigs) able.push_back(other);
      return Fail(Error{.code = Errc::unsatisfiable,
                        .what = fmt::format("'{}' has no configuration for '{}'", name, platform->name),
                        .notes = {fmt::format("it has them for {}", join(able, ", "))},
                        .hint = {}});
    }
    if (std::none_of(found.begin(), found.end(),
                     [&](const BoardGoal& one) { return one.board == board && one.platform == platform; }))
      found.push_back({board, platform});
    return {};
  };
  for (const std::string& list : options.platforms)
    for (const std::string_view word : split(list, ',')) {
      if (!is_all_word(word)) {
        SWAGE_CHECK(add(std::string(word)));
        continue;
      }
      for (const std::string& name : known) SWAGE_CHECK(add(name));
    }
  if (!found.empty()) return found;
  return Fail(Error{.what = fmt::format("'{}' is configured for a board, and none is named", target.text),
                    .notes = {fmt::format("it is for {}", join(known, ", "))},
                    .hint = fmt::format("name one with: --for {}", known.empty() ? "BOARD" : known.back())});
}

Result<KernelChoice> kernel_of_vendor(Session& session, const Catalog& catalog, const TargetOptions& options,
                                      const Target& target, const std::vector<const Platform*>& platforms) {
  SWAGE_TRY(const ImageTables* tables, catalog.image_tables());
  VendorKernel of = *target.vendor;
  if (options.src.empty()) return vendor_kernel(*tables, of);
  SWAGE_TRY(KernelChoice choice,
            local_kernel(session, options.src, of.is_named ? of.kernel->name : "", platforms));
  of.kernel = nullptr;
  for (const VendorKernelRow& row : tables->kernels)
    if (row.vendor.text == of.vendor->name && row.name == choice.version.str()) of.kernel = &row;
  choice.tree->vendor = of.vendor->name;
  choice.options.lines = vendor_lines(*tables, of);
  return choice;
}

void set_options(KernelChoice& choice, KernelOptions options) {
  std::vector<std::string> lines = std::move(choice.options.lines);
  if (!lines.empty() && !options.lines.empty() && !options.lines.front().starts_with("# "))
    lines.push_back("# option");
  lines.insert(lines.end(), options.lines.begin(), options.lines.end());
  choice.options = std::move(options);
  choice.options.lines = std::move(lines);
}

void use_defconfig(std::string& config, const std::string& of_board) {
  std::string words;
  for (const std::string_view word : split_words(config))
    words += fmt::format("{}{}", words.empty() ? "" : " ", word == "defconfig" ? std::string_view(of_board) : word);
  config = words;
}

}  // namespace swage
