// swage new: begins a recipe from a source archive.
#include <algorithm>
#include <fmt/core.h>
#include <optional>
#include <unistd.h>

#include "base/beneath.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "catalog/source_trees.hpp"
#include "catalog/toml.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "fetch/fetch.hpp"
#include "fetch/transport.hpp"

namespace swage {

namespace {

struct NewOptions {
  std::string what{}, name{}, url{}, sha256{}, into{};
};

struct Archive {
  std::string name{};                       // as its URL calls it
  fs::path file{};
  std::string sha256{};
  std::optional<PartFile> part{};           // of a download

  // It is complete. What no recipe can be made of is had anew the next time: upstream may have mended it.
  void drop_part() const {
    if (part) part->remove();
  }
};

// The beginning of a file of a tree that came from elsewhere.
std::string beginning_of(const Beneath& tree, const std::string& name) {
  char text[4096];
  const Result<UniqueFd> fd = tree.open_regular(name);
  const ssize_t size = fd ? ::read(fd->get(), text, sizeof text) : 0;
  return {text, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

bool is_url(const NewOptions& options) { return options.url.find("://") != std::string::npos; }

// The last part of the URL's path, or of the file's; the whole where there is none.
std::string archive_name(const NewOptions& options) {
  const std::string path = is_url(options) ? options.url.substr(0, options.url.find_first_of("?#")) : options.url;
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.empty() ? options.url : name;
}

// A file of this machine, or the bytes of the URL. With a hash they must be those.
Result<Archive> get_archive(Session& session, const NewOptions& options) {
  Archive archive{.name = archive_name(options)};
  if (!is_url(options)) {
    SWAGE_TRY(archive.file, absolute_path(options.url));
    if (!path_exists(archive.file))
      return Fail(Error{.what = fmt::format("'{}' is neither a file nor a URL", options.url)});
  } else {
    SWAGE_TRY(Store* store, session.store());
    SWAGE_TRY(PartFile part, PartFile::acquire(store->work_dir() / "downloads",
                                               options.sha256.empty() ? sha256(options.url).hex() : options.sha256));
    archive.part.emplace(std::move(part));
    Transport transport({}, session.reporter());
    const Result<void> got =
        transport.get({.name = archive.name, .sha256 = options.sha256, .urls = {options.url}}, *archive.part, 0);
    if (!got && options.sha256.empty()) archive.drop_part();   // the next run could not go on with it
    SWAGE_CHECK(got);
    archive.file = archive.part->path();
  }
  SWAGE_TRY(const Hash digest, hash_file(HashAlgo::sha256, archive.file));
  archive.sha256 = digest.hex();
  if (!options.sha256.empty() && options.sha256 != archive.sha256) {
    Error error{.code = Errc::hash_mismatch, .what = fmt::format("'{}' is not the file that is meant", archive.name)};
    error.notes = {fmt::format("expected sha256 {}", options.sha256),
                   fmt::format("received sha256 {}", archive.sha256)};
    return Fail(std::move(error));
  }
  return archive;
}

// What follows the first dash or underscore before a digit: 1.4.19 of m4-1.4.19.tar.xz, v2.3 of tool_v2.3.tgz without
// its v.
std::string version_in(std::string_view file) {
  for (const std::string_view end :
       {".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst", ".tar.lz", ".tgz", ".txz", ".tbz2", ".tar", ".zip"})
    if (file.ends_with(end)) file.remove_suffix(end.size());
  for (std::size_t i = 0; i + 1 < file.size(); ++i) {
    if (file[i] != '-' && file[i] != '_') continue;
    std::string_view rest = file.substr(i + 1);
    if (rest.starts_with('v')) rest.remove_prefix(1);
    if (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') return std::string(rest);
  }
  if (file.starts_with('v')) file.remove_prefix(1);
  // An archive that is called by its tag.
  return !file.empty() && file.front() >= '0' && file.front() <= '9' ? std::string(file) : "";
}

// The first of its files that the tree has at its top; "" none.
template <class Row>
std::string present(const Row& one, const std::vector<std::string>& files) {
  const auto file = std::find_first_of(one.files.begin(), one.files.end(), files.begin(), files.end());
  return file == one.files.end() ? "" : *file;
}

// By the words at its beginning; "" what it is cannot be told.
std::string license_of(const Beneath& tree, const std::vector<std::string>& files,
                       const std::vector<LicenseWords>& known) {
  for (const std::string& name : files) {
    if (!name.starts_with("COPYING") && !name.starts_with("LICENSE") && !name.starts_with("LICENCE")) continue;
    std::string words;
    for (const char c : beginning_of(tree, name))
      if (c != ' ' && c != '\t' && c != '\n' && c != '\r') words += c;
      else if (!words.ends_with(' ')) words += ' ';
    for (const LicenseWords& license : known)
      if (words.find(license.words) != std::string::npos) return license.spdx;
  }
  return "";
}

std::string recipe_text(const NewOptions& options, const Archive& archive, const std::string& version,
                        const std::string& license, const BuildFile& found, const std::string& build_file) {
  const std::string source = is_url(options) ? options.url : file_url(archive.file);
  std::string homepage;
  if (const auto host = source.find("://"); is_url(options))
    homepage = source.substr(0, source.find('/', host + 3)) + "/";
  const auto known = [](const char* key, const std::string& value) {
    return value.empty() ? fmt::format("# {} = \"\"\n", key) : fmt::format("{} = {}\n", key, toml_string(value));
  };
  std::string text =
      fmt::format("[package]\nname = {}\n{}summary = {}\n{}{}", toml_string(options.name), known("version", version),
                  toml_string(options.name), known("license", license), known("homepage", homepage));
  text += fmt::format("\n[source]\nurls = [{}]\nsha256 = \"{}\"\n", toml_string(source), archive.sha256);
  text += fmt::format("\n[build]\nsystem = \"{}\"   # it has {}\n", found.system, build_file);
  for (const std::string& line : found.lines) text += line + "\n";
  text +=
      "\n# Libraries that it is linked with, and programs that run during the build.\n[deps]\nhost = []\nbuild = []\n";
  text += fmt::format("\n# Lines of shell that must succeed; programs of another platform run under "
                      "emulation.\n[test]\nrun = []   # \"$out/bin/{} --version\"\n",
                      options.name);
  return text;
}

struct Begun {
  std::string system{}, version{}, text{};
};

// The recipe of an archive by what is in it.
Result<Begun> begin_recipe(Session& session, const NewOptions& options, const Archive& archive) {
  SWAGE_TRY(const SourceTrees known, session.source_trees());
  SWAGE_TRY(Store* store, session.store());
  SWAGE_TRY(const TempDir unpacked, TempDir::create("new-", store->work_dir()));
  const fs::path tree = unpacked.path() / "tree";
  SWAGE_CHECK(extract_archive(archive.file, tree, archive.name));
  const std::vector<std::string> files = list_directory(tree).value_or(std::vector<std::string>{});
  const auto found = std::find_if(known.build_files.begin(), known.build_files.end(),
                                  [&](const BuildFile& one) { return !present(one, files).empty(); });
  if (found == known.build_files.end()) {
    for (const UnsupportedBuild& one : known.unsupported)
      if (const std::string marker = present(one, files); !marker.empty())
        return Fail(Error{.what = fmt::format("'{}' is {}: that is not supported", options.url, one.what),
                          .notes = {fmt::format("it has {}", marker)},
                          .hint = "what has a configure, meson.build, CMakeLists.txt or Makefile is; steps of one's "
                                  "own: [phase] in docs/recipes.md"});
    std::vector<std::string> names;
    for (const BuildFile& one : known.build_files) names.insert(names.end(), one.files.begin(), one.files.end());
    Error error{.what = fmt::format("how '{}' is built cannot be told", options.url),
                .hint = "write the recipe by hand: docs/recipes.md"};
    return Fail(std::move(error).note(fmt::format("it has none of: {}", join(names, ", "))));
  }
  SWAGE_TRY(const Beneath tree_files, Beneath::open(tree));
  Begun begun{.system = found->system, .version = version_in(archive.name)};
  begun.text = recipe_text(options, archive, begun.version, license_of(tree_files, files, known.licenses), *found,
                           present(*found, files));
  return begun;
}

// Where it goes: --into, or the last layer in use, or here.
Result<fs::path> layer_of(Session& session, const NewOptions& options) {
  if (!options.into.empty()) return fs::path(options.into);
  if (!session.options().layers.empty()) return fs::path(session.options().layers.back());
  SWAGE_TRY(const Workspace* workspace, session.workspace());
  return workspace->layers.empty() ? fs::path(".") : workspace->layers.back();
}

Result<int> run(Session& session, const NewOptions& options) {
  if (options.what != "recipe")
    return Fail(Error{.what = fmt::format("'{}' cannot be begun", options.what),
                      .hint = "what can is: swage new recipe NAME --url URL"});
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == '_';
  };
  const bool all_plain = std::all_of(options.name.begin(), options.name.end(), plain);
  if (options.name.empty() || options.name.starts_with('.') || !all_plain)
    return Fail(Error{.what = fmt::format("'{}' is not a name for a package", options.name),
                      .hint = "lower-case letters, digits, and - + . _"});
  SWAGE_CHECK(refuse_secrets(options.url));
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const bool is_sha256 =
      options.sha256.size() == 64 && std::all_of(options.sha256.begin(), options.sha256.end(), hex);
  if (!options.sha256.empty() && !is_sha256)
    return Fail(Error{.what = fmt::format("'{}' is not a sha256: 64 hexadecimal digits", options.sha256)});
  SWAGE_TRY(const fs::path layer, layer_of(session, options));
  const fs::path directory = layer / "packages" / options.name;
  const fs::path file = directory / "recipe.toml";
  if (path_exists(file)) return Fail(Error{.what = fmt::format("'{}' is there already", file.string())});
  SWAGE_CHECK(session.source_trees());   // before anything is downloaded
  SWAGE_TRY(const Archive archive, get_archive(session, options));
  const Result<Begun> begun = begin_recipe(session, options, archive);
  if (begun || begun.error().code != Errc::interrupted) archive.drop_part();
  SWAGE_CHECK(begun);
  SWAGE_CHECK(make_directories(directory));
  SWAGE_CHECK(write_file_atomically(file, begun->text));
  session.stop_reporter();
  if (as_json()) {
    print_result("{}\n", json_text(Json{{"recipe", file.string()},
                                        {"system", begun->system},
                                        {"version", text_or_null(begun->version)},
                                        {"sha256", archive.sha256}}));
    return 0;
  }
  print_result("{}\nit builds with {}; say what it depends on, and then: swage --layer {} build {}\n", file.string(),
               begun->system, layer.string(), options.name);
  return 0;
}

}  // namespace

Action declare_new(const Options& app) {
  auto options = std::make_shared<NewOptions>();
  app.add_option("WHAT", options->what, "recipe").required();
  app.add_option("NAME", options->name, "of the package").required();
  app.add_option("--url", options->url, "of its source archive, or a file").required();
  app.add_option("--sha256", options->sha256, "that the archive must have (default: what it has)");
  app.add_option("--into", options->into, "the layer that gets it (default: the last one in use, or this directory)");
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
