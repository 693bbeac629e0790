// A matrix as text, as JSON and as a page.
#include <algorithm>
#include <fmt/core.h>

#include "cli/json.hpp"
#include "cli/matrix_output.hpp"
#include "evidence/object_verdicts.hpp"

namespace swage {

namespace {

constexpr std::string_view kDataPlace = "@DATA@";
constexpr std::size_t kLongestLog = 64 * 1024;

struct Look {
  char letter;
  const char* colour;   // SGR parameters
};
Look look_of(MatrixState state) {
  switch (state) {
    case MatrixState::booted: return {'B', "1;32"};
    case MatrixState::built: return {'b', "36"};
    case MatrixState::sampled: return {'s', "36"};
    case MatrixState::failed: return {'F', "1;31"};
    case MatrixState::resolved: return {'.', "33"};
    case MatrixState::impossible: break;
  }
  return {'-', "2"};
}

std::string painted(MatrixState state, bool colour) {
  const Look look = look_of(state);
  return colour ? fmt::format("\033[{}m{}\033[0m", look.colour, look.letter) : std::string(1, look.letter);
}

// Whether what is shown of a cell rests on a record of an older recipe.
bool is_stale(const MatrixCell& cell) {
  for (const char* compiler : {"gcc", "clang"})
    if (cell.best(compiler).changed.value_or(false)) return true;
  return false;
}

// Whether what is shown of a cell rests on a tree that is not known to be the release.
bool is_of_tree(const MatrixCell& cell) {
  for (const char* compiler : {"gcc", "clang"})
    if (const MatrixEntry& best = cell.best(compiler); best.evidence && best.tree) return true;
  return false;
}

std::optional<long> age_of(const MatrixEntry& entry, const std::string& today) {
  if (!entry.evidence) return std::nullopt;
  return days_between(entry.evidence->when, today);
}

std::string states_text(const std::map<MatrixState, std::size_t>& counts) {
  std::string text;
  for (const auto& [state, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, matrix_state_name(state));
  return text;
}

std::string summary(const Matrix& matrix) {
  std::map<MatrixState, std::size_t> counts;
  std::size_t total = 0;
  std::optional<long> oldest;
  for (const auto& row : matrix.cells)
    for (const MatrixCell& cell : row) {
      ++counts[cell.state()];
      ++total;
      for (const MatrixEntry& entry : cell.entries)
        if (const auto age = age_of(entry, matrix.today); age && entry.state == MatrixState::booted)
          oldest = std::max(oldest.value_or(0), *age);
    }
  std::string text = fmt::format("{} cells: {}", total, states_text(counts));
  if (oldest) text += fmt::format("; the oldest boot is {} day{} old", *oldest, *oldest == 1 ? "" : "s");
  return text + "\n";
}

Json entry_json(const MatrixEntry& entry, const std::string& series, const Platform& platform,
                const std::string& today) {
  const EvidenceRow none{.kernel = {}};
  const EvidenceRow& row = entry.evidence ? *entry.evidence : none;
  return {{"kernel", entry.kernel},
          {"arch", platform.name},
          {"toolchain", text_or_null(entry.toolchain_id())},
          {"compiler", entry.compiler},
          {"state", matrix_state_name(entry.state)},
          {"when", text_or_null(row.when)},
          {"drv", text_or_null(row.boot_drv.empty() ? row.kernel_drv : row.boot_drv)},
          {"recipe", entry.recipe},
          {"series", series},
          {"provider", text_or_null(entry.provider())},
          {"compilerVersion", text_or_null(entry.evidence    ? row.compiler_version
                                           : entry.toolchain ? entry.toolchain->version.str()
                                                             : "")},
          {"config", entry.evidence ? row.config : "tiny"},
          {"configSha256", text_or_null(row.config_sha256)},
          {"objects", sample_json(row.sample)},
          {"ageDays", value_or_null(age_of(entry, today))},
          {"recipeChanged", value_or_null(entry.changed)},
          {"reason", text_or_null(entry.reason)},
          {"constraints", entry.constraints},
          {"signature", text_or_null(row.signature)},
          {"next", text_or_null(row.next)},
          {"buildSeconds", value_or_null(row.build_seconds)},
          {"bootSeconds", value_or_null(row.boot_seconds)},
          {"cores", value_or_null(row.cores)},
          {"banner", text_or_null(row.banner)},
          {"userland", text_or_null(row.userland)},
          {"record", text_or_null(row.file.string())},
          {"tree", tree_json(entry.tree)}};
}

std::string log_of(const EvidenceRow& row) {
  std::string log = read_evidence_log(row).value_or("");
  if (log.size() <= kLongestLog) return log;
  return "...\n" + log.substr(log.find('\n', log.size() - kLongestLog) + 1);
}

// What the page shows beyond what programs want to know.
Json page_entry(const MatrixEntry& entry, const std::string& series, const Platform& platform,
                const std::string& today) {
  Json json = entry_json(entry, series, platform, today);
  json.erase("record");   // a path of this machine
  const EvidenceRow none{.kernel = {}};
  const EvidenceRow& row = entry.evidence ? *entry.evidence : none;
  const bool resolved = !entry.evidence && entry.toolchain && entry.toolchain->binutils;
  json["binutils"] = text_or_null(resolved ? entry.toolchain->binutils->str() : row.binutils);
  json["machine"] = text_or_null(row.machine);
  json["root"] = text_or_null(row.root);
  json["kernelSha256"] = text_or_null(row.kernel_nar);
  json["bootSha256"] = text_or_null(row.boot_nar);
  json["lock"] = text_or_null(row.lock);
  json["explanation"] = entry.explanation;
  json["log"] = entry.evidence ? Json(log_of(row)) : Json(nullptr);
  return json;
}

}  // namespace

Json sample_json(const std::optional<ObjectSample>& sample) {
  if (!sample) return nullptr;
  return {{"count", sample->count},
          {"seed", sample->seed},
          {"of", sample->of},
          {"compiled", sample->compiled},
          {"failed", sample->failed}};
}

Json tree_json(const std::optional<KernelTree>& tree) {
  if (!tree) return nullptr;
  return {{"url", text_or_null(tree->url)},
          {"commit", text_or_null(tree->commit)},
          {"directory", text_or_null(tree->directory)},
          {"sha256", tree->nar},
          {"vendor", text_or_null(tree->vendor)},
          {"missing", tree->missing},
          {"outputs", tree->outputs},
          {"links", tree->links},
          {"executable", tree->executable},
          {"patches", tree->patches}};
}

std::string matrix_text(const Matrix& matrix, const MatrixTextOptions& options) {
  std::size_t name_width = 0, label_width = 4;   // two letters and two marks
  for (const Platform* platform : matrix.platforms) name_width = std::max(name_width, platform->name.size());
  for (const std::string& kernel : matrix.kernels) label_width = std::max(label_width, kernel.size());
  const std::size_t column = label_width + 2;
  const std::size_t fit =
      std::max<std::size_t>(options.width > name_width ? (options.width - name_width) / column : 1, 1);
  std::string text;
  for (std::size_t first = 0; first < matrix.kernels.size(); first += fit) {
    const std::size_t end = std::min(first + fit, matrix.kernels.size());
    std::string line(name_width, ' ');
    for (std::size_t k = first; k < end; ++k) line += fmt::format("  {:<{}}", matrix.kernels[k], label_width);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    for (std::size_t p = 0; p < matrix.platforms.size(); ++p) {
      text += fmt::format("{:<{}}", matrix.platforms[p]->name, name_width);
      std::size_t pending = 0;   // spaces that only come when something follows
      for (std::size_t k = first; k < end; ++k) {
        const MatrixCell& cell = matrix.cells[k][p];
        text += std::string(pending + 2, ' ');
        for (const char* compiler : {"gcc", "clang"}) text += painted(cell.best(compiler).state, options.colour);
        std::string marks;
        if (is_of_tree(cell)) marks += '\'';
        if (is_stale(cell)) marks += '~';
        text += marks;
        pending = label_width - 2 - marks.size();
      }
      text += '\n';
    }
    text += '\n';
  }
  text += "gcc and clang: ";
  using enum MatrixState;
  for (const MatrixState state : {booted, built, sampled, failed, resolved, impossible})
    text += fmt::format("{} {}, ", painted(state, options.colour),
                        state == resolved ? "not tried yet" : matrix_state_name(state));
  return text + "' of a tree, ~ recipe changed since\n" + summary(matrix);
}

std::string matrix_news(const Matrix& matrix, const std::string& since) {
  std::vector<const MatrixEntry*> news;
  for (const auto& row : matrix.cells)
    for (const MatrixCell& cell : row)
      for (const MatrixEntry& entry : cell.entries) news.push_back(&entry);
  if (news.empty()) return fmt::format("nothing was recorded since {}\n", since);
  std::stable_sort(news.begin(), news.end(), [](const MatrixEntry* a, const MatrixEntry* b) {
    return a->evidence->when > b->evidence->when;
  });
  std::map<MatrixState, std::size_t> counts;
  std::string text;
  for (const MatrixEntry* entry : news) {
    const EvidenceRow& row = *entry->evidence;
    ++counts[entry->state];
    text += fmt::format("{}  {}@{} for {}: {} by {}", row.when, entry->recipe, row.kernel, row.platform,
                        matrix_state_name(entry->state), row.toolchain);
    if (row.config != "tiny") text += fmt::format(", {}", row.config);
    if (row.sample) text += fmt::format(", {}", sample_text(*row.sample));
    if (row.tree) text += row.tree->vendor.empty() ? ", of a tree" : fmt::format(", of {}'s tree", row.tree->vendor);
    if (!row.reason.empty()) text += fmt::format(": {}", row.reason);
    text += '\n';
  }
  return fmt::format("{}\n{} record{} since {}: {}\n", text, news.size(), news.size() == 1 ? "" : "s", since,
                     states_text(counts));
}

std::string matrix_json(const Matrix& matrix) {
  Json cells = Json::array();
  for (std::size_t k = 0; k < matrix.cells.size(); ++k)
    for (std::size_t p = 0; p < matrix.platforms.size(); ++p)
      for (const MatrixEntry& entry : matrix.cells[k][p].entries)
        cells.push_back(entry_json(entry, matrix.series[k], *matrix.platforms[p], matrix.today));
  return Json{{"cells", std::move(cells)}}.dump() + "\n";
}

Result<std::string> matrix_html(const Matrix& matrix, const ImageMatrix& images, std::string page) {
  Json platforms = Json::array();
  for (const Platform* platform : matrix.platforms)
    platforms.push_back({{"name", platform->name}, {"triple", platform->triple.str()}, {"bits", platform->bits},
                         {"endian", platform->endian == Endian::little ? "little" : "big"}});
  Json cells = Json::array();
  for (std::size_t k = 0; k < matrix.kernels.size(); ++k)
    for (std::size_t p = 0; p < matrix.platforms.size(); ++p) {
      const MatrixCell& cell = matrix.cells[k][p];
      Json entries = Json::array();
      for (const MatrixEntry& entry : cell.entries)
        entries.push_back(page_entry(entry, matrix.series[k], *matrix.platforms[p], matrix.today));
      cells.push_back({{"kernel", matrix.kernels[k]},
                       {"arch", matrix.platforms[p]->name},
                       {"state", matrix_state_name(cell.state())},
                       {"entries", std::move(entries)}});
    }
  const Json all{{"today", matrix.today},
                 {"kernels", matrix.kernels},
                 {"platforms", std::move(platforms)},
                 {"cells", std::move(cells)},
                 {"images", image_rows_json(images)}};
  const std::string data = all.dump();
  // Inside a script element no text may look like its end: JSON has another way to write the character.
  std::string safe;
  safe.reserve(data.size());
  for (const char c : data) {
    if (c == '<') safe += "\\u003c";
    else safe += c;
  }
  const auto at = page.find(kDataPlace);
  if (at == std::string::npos)
    return fail(Errc::invalid_input, fmt::format("the page has no place for the data: '{}'", kDataPlace));
  return page.replace(at, kDataPlace.size(), safe);
}

}  // namespace swage
