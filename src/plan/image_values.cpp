// What `{board.KEY}` and `{image.KEY}` of a recipe stand for.
//
// What is a list in a row is lines here; of several words in a line there is a `|` between two:
//   {image.partitions}   NAME|TYPE|FILE SYSTEM|LABEL|SIZE|CONTENT|bootable or nothing
//   {image.firmware}     FILE|NAME in the boot file system       {image.raw}       FILE|OFFSET
//   {board.machine}      FILE|QEMU's option that takes it
//   {image.loader}       WHAT|NAME in the boot file system       {image.texts}     FILE|NAME in the boot file system
//   {image.files}        FILE|PATH in the root file system       {image.contents}  NAME|VERSION|LICENCE|HASH
#include <fmt/core.h>

#include "base/text.hpp"
#include "catalog/boot_config.hpp"
#include "plan/planner_state.hpp"
#include "plan/sources.hpp"

namespace swage {

namespace {

std::string board_words(const std::vector<std::string>& words) { return join(words, " "); }

std::string partition_lines(const LayoutRow& layout) {
  std::vector<std::string> lines;
  for (const PartitionRow& one : layout.partitions)
    lines.push_back(fmt::format("{}|{}|{}|{}|{}|{}|{}", one.name, one.type, one.fs, one.label, one.size, one.content,
                                one.bootable ? "bootable" : ""));
  return join(lines, "\n");
}

// Whether something of the root is in the image, and does not only start it.
bool is_in_image(const ImageRow& image, const std::string& root) {
  const BoardRow& board = *image.board;
  if (root == board.kernel) return true;
  for (const auto* files : {&board.firmware, &board.raw, &image.loader->firmware})
    for (const RootFile& file : *files)
      if (file.root == root) return true;
  return false;
}

std::string loader_lines(const LoaderRow& loader) {
  std::vector<std::string> lines;
  for (const auto& [name, what] : loader.files) lines.push_back(fmt::format("{}|{}", what, name));
  return join(lines, "\n");
}

}  // namespace

std::set<std::string> roots_of(const ImageRow& image) {
  const BoardRow& board = *image.board;
  std::set<std::string> roots{board.kernel, board.qemu_root};
  for (const auto* files : {&board.firmware, &board.raw, &board.machine, &image.loader->firmware})
    for (const RootFile& file : *files) roots.insert(file.root);
  roots.erase("");
  return roots;
}

Result<std::string> Planner::State::root_files(Draft& draft, const std::vector<RootFile>& files) {
  std::vector<std::string> lines;
  for (const RootFile& file : files) {
    SWAGE_TRY(const Object tree, root_object(file.root));
    const std::string last = file.offset ? std::to_string(file.offset) : file.as.empty() ? file.to : file.as;
    lines.push_back(fmt::format("{}/{}|{}", add_object(draft, tree), file.file, last));
  }
  return join(lines, "\n");
}

Result<std::string> Planner::State::texts(Draft& draft, const std::map<std::string, std::string>& texts) {
  std::vector<std::string> lines;
  for (const auto& [name, text] : texts) {
    SWAGE_TRY(Source source, text_source(store_name_of(name.substr(name.rfind('/') + 1)), text));
    lines.push_back(fmt::format("{}|{}", add_source(draft, std::move(source)).str(), name));
  }
  return join(lines, "\n");
}

// Where the packages of its userland are. They know nothing of the image: of all images of a platform they are the
// same.
Result<std::string> Planner::State::image_packages(Draft& draft) {
  const Cell& cell = draft.cell;
  const Side host = host_of(cell);
  const Cell*& plain = package_cells[{host, host, cell.instance, cell.mode, {}}];
  if (!plain)
    plain = &own_cells.emplace_back(Cell{.platform = cell.platform,
                                         .toolchain = cell.toolchain,
                                         .mode = cell.mode,
                                         .instance = cell.instance,
                                         .trees = cell.trees});
  const Cell& of_packages = *plain;
  std::vector<std::string> paths;
  for (const std::string& name : cell.image->userland->packages) {
    SWAGE_TRY(const Object made, object(name, of_packages));
    paths.push_back(add_object(draft, made));
  }
  return join(paths, " ");
}

// Packages that are built, and the distribution's, for the manifest.
Result<std::string> Planner::State::image_contents(const ImageRow& image) {
  std::vector<std::string> lines;
  for (const std::string& name : image.userland->packages) {
    SWAGE_TRY(const RecipeRow* recipe, catalog.recipe(name));
    const LockedFile* source = find_locked_source(lock.sources(), recipe->source);
    lines.push_back(fmt::format("{}|{}|{}|{}", recipe->name, package_version(*recipe, lock.sources()), recipe->license,
                                source ? source->sha256 : recipe->source.sha256));
  }
  for (const std::string& root : roots_of(image)) {
    if (!is_in_image(image, root)) continue;
    SWAGE_TRY(const RootRow* row, catalog.root(root));
    SWAGE_CHECK(set_sources(lock, *row));
    SWAGE_TRY(const LockedSet* set, lock.set("root:" + root));
    for (const std::string& sha256 : set->files) {
      const LockedFile* file = lock.file(sha256);
      lines.push_back(fmt::format("{}|{}||{}", file->name, file->version, sha256));
    }
  }
  return join(lines, "\n");
}

Result<std::string> Planner::State::board_value(Draft& draft, std::string_view key) {
  if (!draft.cell.image) return cell_lacks(draft, "an image");
  const BoardRow& board = *draft.cell.image->board;
  if (key.starts_with("qemu") && !board.emulated())
    return fail(Errc::unsatisfiable,
                fmt::format("'{}' has no emulator: {}", board.name, join(board.limits, "; ")));
  if (key == "qemu_console") return board.qemu_console.empty() ? board.console : board.qemu_console;
  if (key == "machine") return root_files(draft, board.machine);
  return look_up({{"name", board.name},
                  {"title", board.title},
                  {"dtb", board.dtb},
                  {"console", board.console},
                  {"cmdline", board.cmdline},
                  {"modules", board_words(board.modules)},
                  {"network", board_words(board.network)},
                  {"qemu", board.qemu},
                  {"qemu_root", board.qemu_root},
                  {"qemu_args", board_words(board.qemu_args)},
                  {"qemu_console", {}},
                  {"qemu_disabled", board_words(board.qemu_disabled)},
                  {"starts", board.starts},
                  {"machine", {}},
                  {"timeout", std::to_string(board.timeout)}},
                 "board", key);
}

Result<std::string> Planner::State::image_value(Draft& draft, std::string_view key) {
  if (!draft.cell.image) return cell_lacks(draft, "an image");
  const ImageRow& image = *draft.cell.image;
  if (key == "kernel") {
    SWAGE_TRY(const Object tree, root_object(image.board->kernel));
    return add_object(draft, tree);
  }
  if (key == "packages") return image_packages(draft);
  if (key == "contents") return image_contents(image);
  if (key == "firmware") {
    std::vector<RootFile> files = image.board->firmware;
    files.insert(files.end(), image.loader->firmware.begin(), image.loader->firmware.end());
    return root_files(draft, files);
  }
  if (key == "raw") return root_files(draft, image.board->raw);
  if (key == "texts") {
    std::map<std::string, std::string> all = image.loader->texts;
    SWAGE_TRY(const ImageTables* tables, catalog.image_tables());
    SWAGE_TRY(std::string config, boot_config(catalog, image));
    if (!config.empty()) all["config.txt"] = std::move(config);
    std::string eeprom = eeprom_config(*tables, *image.board);
    if (!eeprom.empty()) all["bootconf.txt"] = std::move(eeprom);
    return texts(draft, all);
  }
  if (key == "files") {
    std::map<std::string, std::string> all = image.userland->files;
    SWAGE_TRY(const ImageTables* tables, catalog.image_tables());
    for (const NameAt& name : image.board->additions)
      for (const auto& [path, text] : tables->addition(name.text)->files) all[path] = text;
    return texts(draft, all);
  }
  return look_up({{"name", image.name},
                  {"variant", image.variant->name},
                  {"table", image.layout->table},
                  {"start", std::to_string(image.layout->start)},
                  {"partitions", partition_lines(*image.layout)},
                  {"loader", loader_lines(*image.loader)},
                  {"login", image.userland->login},
                  {"checks", join(image.userland->checks, "\n")},
                  {"users", join(image.userland->users, "\n")},
                  {"groups", join(image.userland->groups, "\n")},
                  {"services", join(image.userland->services, "\n")},
                  {"kernel", {}},
                  {"packages", {}},
                  {"contents", {}},
                  {"firmware", {}},
                  {"raw", {}},
                  {"texts", {}},
                  {"files", {}}},
                 "image", key);
}

}  // namespace swage
