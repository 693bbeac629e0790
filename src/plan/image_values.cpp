// What `{board.KEY}` and `{image.KEY}` of a recipe stand for.
//
// {image.kernel} is a directory as the distribution's packages of kernels are, and {image.overlays} one of overlays, or
// nothing. What is a list in a row is lines here; of several words in a line there is a `|` between two:
//   {image.partitions}   NAME|TYPE|FILE SYSTEM|LABEL|SIZE|CONTENT|bootable or nothing
//   {image.firmware}     FILE|NAME in the boot file system       {image.raw}       FILE|OFFSET
//   {board.machine}      FILE|QEMU's option that takes it
//   {image.loader}       WHAT|NAME in the boot file system       {image.texts}     FILE|NAME in the boot file system
//   {image.files}        FILE|PATH in the root file system       {image.load}      WHAT|ADDRESS in memory
//   {image.contents}     KIND|NAME|VERSION|LICENCE|SHA256|FILE|URL|WITHIN: parts of the image, for its bill of
//                        materials
//   {image.packages}     PATH|FILES of it, or nothing: all       {image.keys}      USER|KEY of SSH
//   {image.driver_files} FILE|NAME in the root file system
//   {image.services}     WHEN|TTY|COMMAND
//   {image.modes}        words before a script that makes a tar of a tree: nothing, or those by which files whose rows
//                        say a mode have it before
// and {image.users} and {image.groups} are lines of passwd and group.
#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "catalog/boot_config.hpp"
#include "plan/planner_state.hpp"
#include "plan/sources.hpp"

namespace swage {

namespace {

std::string board_words(const std::vector<std::string>& words) { return join(words, " "); }

// For a field of a line: a URL has the same meaning with its `|` as a number.
std::string without_bars(std::string url) {
  for (std::size_t at; (at = url.find('|')) != std::string::npos;) url.replace(at, 1, "%7C");
  return url;
}

std::string partition_lines(const LayoutRow& layout) {
  std::vector<std::string> lines;
  for (const PartitionRow& one : layout.partitions)
    lines.push_back(fmt::format("{}|{}|{}|{}|{}|{}|{}", one.name, one.type, one.fs, one.label, one.size, one.content,
                                one.bootable ? "bootable" : ""));
  return join(lines, "\n");
}

// Those of its parts, and that of the root's file system where the board does not name it already.
std::string module_words(const PartRow& whole, const ImageRow& image) {
  std::vector<std::string> words = whole.modules;
  const std::vector<std::string>& own = image.modules();
  for (const PartitionRow& one : image.layout->partitions)
    if (one.content == "root" && std::find(own.begin(), own.end(), one.fs) == own.end()) words.push_back(one.fs);
  return board_words(words);
}

// Whether something of the root is in the image, and does not only start it.
bool is_in_image(const ImageRow& image, const PartRow& whole, const std::string& root) {
  const BoardRow& board = *image.board;
  if (root == board.kernel) return !image.is_of_vendor();
  for (const auto* files : {&board.firmware, &board.raw, &image.loader->firmware, &whole.firmware})
    for (const RootFile& file : *files)
      if (file.root == root) return true;
  return false;
}

std::string loader_lines(const LoaderRow& loader) {
  std::vector<std::string> lines;
  for (const auto& [name, what] : loader.files) lines.push_back(fmt::format("{}|{}", what, name));
  return join(lines, "\n");
}

std::string load_lines(const std::map<std::string, std::string>& load) {
  std::vector<std::string> lines;
  for (const auto& [what, address] : load) lines.push_back(fmt::format("{}|{}", what, address));
  return join(lines, "\n");
}

std::string service_lines(const PartRow& part) {
  std::vector<std::string> lines;
  for (const ServiceRow& service : part.services)
    if (service.when != "never") lines.push_back(fmt::format("{}|{}|{}", service.when, service.tty, service.run));
  return join(lines, "\n");
}

std::string filled_in(std::string text, const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) {
    const std::string word = "@" + name + "@";
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += value.size())
      text.replace(at, word.size(), value);
  }
  return text;
}

std::string key_lines(const PartRow& part) {
  std::vector<std::string> lines;
  for (const UserRow& user : part.users)
    for (const std::string& key : user.keys) lines.push_back(fmt::format("{}|{}", user.name, key));
  return join(lines, "\n");
}

// Those of its parts, and of what the board has besides, with their values.
std::map<std::string, TextFile> files_of(const ImageTables& tables, const ImageRow& image, const PartRow& whole) {
  std::map<std::string, TextFile> all = whole.files;
  for (const NameAt& name : image.board->additions) {
    const AdditionRow& addition = *tables.addition(name.text);
    for (const auto& [path, file] : addition.files) all[path] = {filled_in(file.text, addition.values), file.mode};
  }
  return all;
}

// What of its tables fits together is known: they were checked as they were read.
Userland userland_of(const ImageTables& tables, const ImageRow& image) {
  std::vector<Error> none;
  return put_together(tables, *image.userland, image.board->name, image.axes, none);
}

// Names of images may have an underscore, which no name of a host has: mDNS would not answer for it (RFC 1123, 2.1).
std::string host_name(const ImageRow& image, const PartRow& whole) {
  if (whole.host.text != "@name@" || image.name.find('_') == std::string::npos) return whole.host.text;
  std::string name = image.name;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

}  // namespace

std::set<std::string> roots_of(const ImageTables& tables, const ImageRow& image) {
  const BoardRow& board = *image.board;
  const Userland userland = userland_of(tables, image);
  std::set<std::string> roots{image.is_of_vendor() ? "" : board.kernel, board.qemu_root};
  for (const auto* files :
       {&board.firmware, &board.raw, &board.machine, &image.loader->firmware, &userland.whole.firmware})
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

Result<std::string> Planner::State::image_modes(Draft& draft, const std::map<std::string, TextFile>& files) {
  std::string lines;
  for (const auto& [path, file] : files)
    if (!file.mode.empty()) lines += fmt::format("{} {}\n", file.mode, path);
  if (lines.empty()) return "";
  SWAGE_TRY(const std::string by, script(draft, "image-modes.py"));
  SWAGE_TRY(Source source, text_source("modes", lines));
  return fmt::format("{} {} ", by, add_source(draft, std::move(source)).str());
}

// Packages know nothing of the image: of all images of a platform they are the same.
const Cell& Planner::State::cell_of_image_packages(const Cell& cell) {
  const Side host = host_of(cell);
  const Cell*& plain = package_cells[{host, host, cell.instance, cell.mode, {}}];
  if (!plain)
    plain = &own_cells.emplace_back(Cell{.platform = cell.platform,
                                         .toolchain = cell.toolchain,
                                         .mode = cell.mode,
                                         .instance = cell.instance,
                                         .trees = cell.trees});
  return *plain;
}

// Where the packages of its userland are.
Result<std::string> Planner::State::image_packages(Draft& draft, const Userland& userland) {
  const Cell& of_packages = cell_of_image_packages(draft.cell);
  std::vector<std::string> lines;
  for (const auto& [name, files] : userland.packages) {
    SWAGE_TRY(const Object made, object(name, of_packages));
    lines.push_back(fmt::format("{}|{}", add_object(draft, made), join(files, " ")));
  }
  return join(lines, "\n");
}

// A package, and what is linked into it, since programs of images are static.
Result<void> Planner::State::add_linked(const RecipeRow& recipe, const Cell& cell, const std::string& into,
                                        std::map<std::string, LinkedPart>& parts) {
  LinkedPart& part = parts[recipe.full_name()];
  const bool is_new = !part.recipe;
  part.recipe = &recipe;
  if (!into.empty()) part.within.insert(into);
  if (!is_new) return {};
  SWAGE_TRY(const RecipeParts own, parts_for(recipe, cell));
  for (const char* role : {"host", "propagated-host"}) {
    const auto names = own.deps.find(role);
    if (names == own.deps.end()) continue;
    for (const std::string& name : names->second) {
      SWAGE_TRY(const Dependency dependency, dependency_of({.role = Role::host, .name = name}, cell));
      if (dependency.recipe->of_compiler) continue;   // whose libraries the toolchain's line tells
      SWAGE_CHECK(add_linked(*dependency.recipe, *dependency.cell, recipe.name, parts));
    }
  }
  return {};
}

// Packages that are built, what is linked into them, and the distribution's.
Result<std::string> Planner::State::image_contents(const Cell& cell, const Userland& userland) {
  const ImageRow& image = *cell.image;
  const Cell& of_packages = cell_of_image_packages(cell);
  std::map<std::string, LinkedPart> parts;
  for (const auto& [name, files] : userland.packages) {
    SWAGE_TRY(const RecipeRow* recipe, catalog.recipe(name));
    SWAGE_CHECK(add_linked(*recipe, of_packages, "", parts));
  }
  const auto base = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
  std::vector<std::string> lines, programs;
  for (const auto& [name, part] : parts) {
    const SourceSpec& source = part.recipe->source;
    const LockedFile* locked = find_locked_source(lock.sources(), source);
    const std::string url = source.urls.empty() ? "" : without_bars(source.urls.front());
    lines.push_back(fmt::format("built|{}|{}|{}|{}|{}|{}|{}", part.recipe->name,
                                pinned_version(*part.recipe), part.recipe->license,
                                locked ? locked->sha256 : source.sha256, base(locked ? locked->path : url), url,
                                join(std::vector<std::string>(part.within.begin(), part.within.end()), ",")));
    programs.push_back(part.recipe->name);
  }
  if (const ToolchainRow* toolchain = cell.toolchain; toolchain && !toolchain->libc.empty()) {
    SWAGE_TRY(const CLibraryRow* library, catalog.c_library(toolchain->libc));
    lines.push_back(fmt::format("toolchain|{}|{}|{}||||{}", library->name, toolchain->libc_version, library->license,
                                join(programs, ",")));
  }
  if (image.is_of_vendor()) {
    const KernelChoice& kernel = *cell.image_kernel->kernel;
    SWAGE_TRY(const RecipeRow* recipe, catalog.recipe(catalog.kernel_recipe()));
    const std::string url = kernel.tree ? without_bars(kernel.tree->url) : "";
    lines.push_back(fmt::format("built|{}|{}|{}|||{}|", recipe->name, kernel.version.str(), recipe->license, url));
  }
  SWAGE_TRY(const ImageTables* tables, catalog.image_tables());
  for (const std::string& root : roots_of(*tables, image)) {
    if (!is_in_image(image, userland.whole, root)) continue;
    SWAGE_TRY(const RootRow* row, catalog.root(root));
    SWAGE_CHECK(pinned_packages(*row));
    SWAGE_TRY(const LockedSet* set, lock.set(root_key(*row)));
    if (!set) continue;   // what is absent is only collected
    for (const std::string& sha256 : set->files) {
      const LockedFile* file = lock.file(sha256);
      lines.push_back(fmt::format("deb|{}|{}|{}|{}|{}||", file->name, file->version, row->license, sha256,
                                  base(file->path)));
    }
  }
  return join(lines, "\n");
}

Result<std::string> Planner::State::board_value(Draft& draft, std::string_view key) {
  if (!draft.cell.image) return cell_lacks(draft, "an image");
  const ImageRow& image = *draft.cell.image;
  const BoardRow& board = *image.board;
  if (key.starts_with("qemu") && !board.emulated())
    return fail(Errc::unsatisfiable,
                fmt::format("'{}' has no emulator: {}", board.name, join(board.limits, "; ")));
  if (key == "qemu_console") return board.qemu_console.empty() ? image.console() : board.qemu_console;
  if (key == "machine") return root_files(draft, board.machine);
  return look_up({{"name", board.name},
                  {"title", board.title},
                  {"dtb", image.dtb()},
                  {"console", image.console()},
                  {"cmdline", image.cmdline()},
                  {"modules", board_words(image.modules())},
                  {"network", image.is_of_vendor() ? "" : board_words(board.network)},
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

// What a recipe of [releases] makes of the image's kernel.
Result<Object> Planner::State::made_of_kernel(const std::string& recipe, const char* key, Draft& draft) {
  if (!recipe.empty()) return object(recipe, *draft.cell.image_kernel);
  return Fail(Error{.what = fmt::format("'{}' has a kernel that is built, and the catalog has no '{}' for it",
                                        draft.cell.image->name, key),
                    .hint = fmt::format("in kernels/releases.toml: [releases] {} = NAME", key)});
}

Result<std::string> Planner::State::image_value(Draft& draft, std::string_view key) {
  if (!draft.cell.image) return cell_lacks(draft, "an image");
  const ImageRow& image = *draft.cell.image;
  if (image.is_of_vendor() && !draft.cell.image_kernel) return cell_lacks(draft, "the image's kernel");
  if (key == "kernel") {
    SWAGE_TRY(const Object tree, image.is_of_vendor()
                                     ? made_of_kernel(catalog.image_kernel_recipe(), "image_recipe", draft)
                                     : root_object(image.board->kernel));
    return add_object(draft, tree);
  }
  if (key == "overlays") {
    if (!image.takes_overlays()) return "";
    SWAGE_TRY(const Object tree, made_of_kernel(catalog.overlays_recipe(), "overlays_recipe", draft));
    return add_object(draft, tree) + "/overlays";
  }
  SWAGE_TRY(const ImageTables* tables, catalog.image_tables());
  const Userland userland = userland_of(*tables, image);
  const PartRow& whole = userland.whole;
  if (key == "packages") return image_packages(draft, userland);
  if (key == "contents") return image_contents(draft.cell, userland);
  if (key == "firmware") {
    std::vector<RootFile> files = image.board->firmware;
    files.insert(files.end(), image.loader->firmware.begin(), image.loader->firmware.end());
    return root_files(draft, files);
  }
  if (key == "raw") return root_files(draft, image.board->raw);
  if (key == "driver_files") return root_files(draft, whole.firmware);
  if (key == "texts") {
    std::map<std::string, std::string> all = image.loader->texts;
    SWAGE_TRY(std::string config, boot_config(catalog, image));
    if (!config.empty()) all["config.txt"] = std::move(config);
    std::string eeprom = eeprom_config(*tables, *image.board);
    if (!eeprom.empty()) all["bootconf.txt"] = std::move(eeprom);
    return texts(draft, all);
  }
  if (key == "drivers") {
    std::vector<std::string> all = whole.drivers;
    for (const NameAt& name : image.board->additions) {
      const AdditionRow& addition = *tables->addition(name.text);
      all.insert(all.end(), addition.drivers.begin(), addition.drivers.end());
    }
    return board_words(all);
  }
  if (key == "files") {
    std::map<std::string, std::string> all;
    for (const auto& [path, file] : files_of(*tables, image, whole)) all[path] = file.text;
    return texts(draft, all);
  }
  if (key == "modes") return image_modes(draft, files_of(*tables, image, whole));
  return look_up({{"name", image.name},
                  {"variant", image.variant->name},
                  {"table", image.layout->table},
                  {"start", std::to_string(image.layout->start)},
                  {"partitions", partition_lines(*image.layout)},
                  {"loader", loader_lines(*image.loader)},
                  {"loader_name", image.loader->name},
                  {"load", load_lines(image.load())},
                  {"host", host_name(image, whole)},
                  {"login", whole.login},
                  {"password", whole.password},
                  {"checks", join(whole.checks, "\n")},
                  {"card", std::to_string(whole.card)},
                  // What has its root in memory keeps nothing for a second start.
                  {"boots", std::to_string(image.board->starts == "memory" ? 1 : whole.boots)},
                  {"modules", module_words(whole, image)},
                  {"cmdline", whole.cmdline},
                  {"users", join(userland.passwd, "\n")},
                  {"groups", join(userland.group, "\n")},
                  {"keys", key_lines(whole)},
                  {"services", service_lines(whole)},
                  {"kernel", {}},
                  {"overlays", {}},
                  {"packages", {}},
                  {"contents", {}},
                  {"firmware", {}},
                  {"raw", {}},
                  {"drivers", {}},
                  {"driver_files", {}},
                  {"modes", {}},
                  {"texts", {}},
                  {"files", {}}},
                 "image", key);
}

}  // namespace swage
