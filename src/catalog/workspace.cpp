#include "catalog/workspace.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.hpp"
#include "base/text.hpp"
#include "catalog/schema.hpp"

namespace swage {

namespace {

// Reports that a key is one too many of those that choose the compiler.
bool is_second_choice(const FieldInput& in, const Instance& instance) {
  if (instance.changes_compiler()) in.report(Error{.what = "only one of 'gcc', 'clang' and 'toolchain' can be chosen"});
  return instance.changes_compiler();
}

// "13" or "13.2".
Schema<Instance>::Reader compiler(const char* name) {
  return [name](const FieldInput& in, Instance& instance) {
    if (is_second_choice(in, instance)) return;
    Version version = *Version::parse("0");
    read_field(in, version);
    instance.compiler = name;
    instance.version = version;
  };
}

void read_features(const FieldInput& in, Instance& instance) {
  if (!in.is(TomlValue::Kind::table)) return;
  for (const TomlEntry& entry : in.value.entries) {
    std::vector<std::string> words;
    read_field(in.with(entry.value, entry.key), words);
    for (const std::string& word : words) {
      const auto [name, on] = feature_word(word);
      instance.features[entry.key][name] = on;
    }
  }
}

const Schema<Instance>& instance_schema() {
  static const Schema<Instance> override_schema = Schema<Instance>("override")
      .optional("gcc", compiler("gcc"))
      .optional("clang", compiler("clang"))
      .optional("toolchain", [](const FieldInput& in, Instance& instance) {
        if (!is_second_choice(in, instance)) read_field(in, instance.toolchain.emplace());
      })
      .optional("libc", [](const FieldInput& in, Instance& instance) {
        read_field(in, instance.libc);
        instance.libc_pos = in.document.pos(in.value.span);
      })
      .optional("cflags", &Instance::cflags)
      .optional("static", &Instance::is_static);
  static const Schema<Instance> schema =
      Schema<Instance>("an instance")
          .optional("override",
                    [](const FieldInput& in, Instance& instance) {
                      if (in.is(TomlValue::Kind::table))
                        override_schema.read(in.document, in.value, instance, in.presence, in.findings);
                    })
          .optional("only", &Instance::only)
          .optional("features", read_features);
  return schema;
}

void read_instance_tables(const FieldInput& in, Workspace& workspace) {
  if (!in.is(TomlValue::Kind::table)) return;
  for (const TomlEntry& entry : in.value.entries) {
    const FieldInput one = in.with(entry.value, entry.key);
    if (!one.is(TomlValue::Kind::table)) continue;
    const auto fits = [](unsigned char c) {
      return std::isalnum(c) || std::string_view("+-._").find(static_cast<char>(c)) != std::string_view::npos;
    };
    if (entry.key.empty() || !std::isalnum(static_cast<unsigned char>(entry.key.front())) ||
        !std::all_of(entry.key.begin(), entry.key.end(), fits))
      in.report({.what = fmt::format(
                     "'{}' is not a name for an instance: letters, digits and + - . _, the first a letter or digit",
                     entry.key),
                 .where = in.document.pos(entry.key_span)});
    if (entry.key == kNoInstance)
      one.report({.what = fmt::format("'{}' is not a name for an instance: it says that none is meant", entry.key)});
    Instance& instance = workspace.instances.emplace(entry.key, Instance{.name = entry.key}).first->second;
    instance.pos = in.document.pos(entry.key_span);
    instance_schema().read(in.document, entry.value, instance, Presence::whole, in.findings);
  }
}

std::vector<SourcePos> places_of_items(const FieldInput& in) {
  std::vector<SourcePos> all;
  for (const TomlValue& item : in.value.items) all.push_back(in.document.pos(item.span));
  return all;
}

const Schema<Workspace>& workspace_schema() {
  static const Schema<Workspace> schema = Schema<Workspace>("swage.toml")
      .optional("layers", [](const FieldInput& in, Workspace& workspace) {
        std::vector<std::string> names;
        read_field(in, names);
        for (std::size_t i = 0; i < names.size(); ++i)
          if (names[i].empty())
            in.with(in.value.items[i], "layers").report({.what = "'' is not the directory of a layer"});
        for (const std::string& name : names)
          workspace.layers.emplace_back(fs::path(in.document.path).parent_path() / name);
        workspace.layer_pos = places_of_items(in);
      })
      .optional("for", [](const FieldInput& in, Workspace& workspace) {
        read_field(in, workspace.platforms);
        workspace.platform_pos = places_of_items(in);
        if (in.value.kind == TomlValue::Kind::array && in.value.items.empty())
          in.report({.what = "'for' names no platform", .hint = "for the usual one, leave it out"});
      })
      .optional("substituters", [](const FieldInput& in, Workspace& workspace) {
        read_field(in, workspace.substituters.emplace());
        for (std::string& url : *workspace.substituters)
          if (url.starts_with('.')) url = (fs::path(in.document.path).parent_path() / url).string();
        workspace.substituter_pos = places_of_items(in);
      })
      .optional("trusted-public-keys", [](const FieldInput& in, Workspace& workspace) {
        read_field(in, workspace.trusted_keys.emplace());
        workspace.key_pos = places_of_items(in);
      })
      .optional("require-sigs", [](const FieldInput& in, Workspace& workspace) {
        read_field(in, workspace.require_signatures.emplace());
      })
      .optional("mirrors", [](const FieldInput& in, Workspace& workspace) {
        read_field(in, workspace.mirrors);
        workspace.mirror_pos = places_of_items(in);
      })
      .optional("builders", [](const FieldInput& in, Workspace& workspace) {
        read_field(in, workspace.builders);
        workspace.builder_pos = places_of_items(in);
      })
      .optional("instance", read_instance_tables);
  return schema;
}

const Schema<Workspace>& instances_schema() {
  static const Schema<Workspace> schema =
      Schema<Workspace>("instances.toml").optional("instance", read_instance_tables);
  return schema;
}

// What stands before the first table of its own, as a document of its own: up to a line that begins with `[` and before
// which all is TOML (in a string or an array of many lines it begins none). Nothing: there is no such place, or it is
// far down.
std::optional<TomlDocument> head_of(const std::string& text, const fs::path& file) {
  constexpr int most_tries = 100;
  int tries = 0;
  for (std::size_t at = 0; at <= text.size() && tries < most_tries;) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const bool header = trim(std::string_view(text).substr(at, end - at)).starts_with('[');
    if (header || end == text.size()) {
      ++tries;
      if (Result<TomlDocument> head = parse_toml(text.substr(0, header ? at : end), file.string()))
        return *std::move(head);
    }
    at = end + 1;
  }
  return std::nullopt;
}

// `instance = "NAME"` says which set is the usual one, and [instance.NAME] what one is: in TOML the same key twice. So
// the lines of the first are taken out of the text, whose other lines stay where they are, before it is parsed.
Result<void> take_usual_instance(std::string& text, const fs::path& file, Workspace& workspace) {
  const std::optional<TomlDocument> head = head_of(text, file);
  const TomlEntry* entry = head ? head->root.find("instance") : nullptr;
  if (!entry || entry->value.kind == TomlValue::Kind::table) return {};
  Findings findings;
  const FieldInput in{*head, entry->value, "instance", findings};
  read_field(in, workspace.usual_instance);
  if (findings.errors.empty() && workspace.usual_instance.empty())
    in.report({.what = "'instance' is empty", .hint = fmt::format("to have none: instance = \"{}\"", kNoInstance)});
  if (!findings.errors.empty()) return Fail(together(std::move(findings.errors)));
  workspace.usual_pos = head->pos(entry->value.span);
  for (std::uint32_t number = entry->key_span.line; number <= entry->value.span.end_line; ++number) {
    const std::string_view line = head->line(number);
    const auto at = static_cast<std::size_t>(line.data() - head->text.data());
    text.replace(at, line.size(), line.size(), ' ');
  }
  return {};
}

Result<Workspace> read(std::string text, const fs::path& file, const Schema<Workspace>& schema,
                       Workspace workspace = {}) {
  SWAGE_TRY(const TomlDocument document, parse_toml(std::move(text), file.string()));
  Findings findings;
  schema.read(document, document.root, workspace, Presence::whole, findings);
  if (!findings.errors.empty()) return Fail(together(std::move(findings.errors)));
  return workspace;
}

// That nobody but the user and root can change these. The error begins with who can.
Result<void> check_trust(std::initializer_list<fs::path> places) {
  for (const fs::path& place : places) {
    struct stat st {};
    if (::stat(place.c_str(), &st) != 0) return fail_errno(fmt::format("cannot read '{}'", place.string()), errno);
    const bool own = st.st_uid == ::geteuid() || st.st_uid == 0;
    // The user's own group is often he alone, and then his umask lets it write.
    const bool groups = (st.st_mode & S_IWGRP) && st.st_gid != ::getegid() && st.st_gid != 0;
    if (own && (st.st_mode & S_IWOTH) == 0 && !groups) continue;
    const passwd* owner = ::getpwuid(st.st_uid);
    const std::string name = owner ? fmt::format("'{}'", owner->pw_name) : std::to_string(st.st_uid);
    const std::string writers = groups && !(st.st_mode & S_IWOTH) ? fmt::format("group {}", st.st_gid) : "everybody";
    return Fail(Error{.what = own ? fmt::format("{} can write '{}'", writers, place.string())
                                  : fmt::format("'{}' belongs to user {}", place.string(), name)});
  }
  return {};
}

}  // namespace

bool Instance::concerns(std::string_view package) const {
  return only.empty() || std::find(only.begin(), only.end(), package) != only.end();
}

Result<const Instance*> find_instance(const Instances& instances, std::string_view name) {
  if (const auto found = instances.find(name); found != instances.end()) return &found->second;
  std::vector<std::string> known;
  for (const auto& [other, row] : instances) known.push_back(other);
  Error error{.what = fmt::format("'{}' is not an instance", name), .hint = did_you_mean(name, known)};
  error.notes.push_back(known.empty() ? "there is none: a layer's instances.toml, or a swage.toml in this directory or "
                                        "above it, may have [instance.NAME]"
                                      : fmt::format("known: {}", join(known, ", ")));
  if (!name.empty() && std::isdigit(static_cast<unsigned char>(name.front())))
    error.notes.push_back("a package is of one version unless its recipe has [[member]]s: swage list packages");
  return Fail(std::move(error));
}

Error instance_error(const Instance& instance, std::string what) {
  Error error{.what = std::move(what)};
  if (!instance.pos.file.empty()) error.where = instance.pos;
  return error;
}

std::pair<std::string, bool> feature_word(const std::string& word) {
  const bool off = word.starts_with('-');
  return {word.substr(off ? 1 : 0), !off};
}

Result<void> check_owner(const fs::path& directory) {
  const fs::path file = directory / kWorkspaceFile;
  Result<void> trusted = check_trust({directory, file});
  if (trusted) return {};
  Error error = std::move(trusted).error();
  error.what = fmt::format("'{}' is not obeyed: {}", file.string(), error.what);
  error.notes = {"it would say what commands in all directories below are to build"};
  error.hint = fmt::format("if you trust it: swage --workspace {} ..., or SWAGE_WORKSPACE in the environment; to leave "
                           "it out: --workspace none",
                           directory.string());
  return Fail(std::move(error));
}

Result<void> check_layer_owner(const fs::path& layer, const fs::path& workspace) {
  Result<void> trusted = check_trust({layer});
  if (trusted || trusted.error().code == Errc::environment) return {};   // that it is not there is said by who opens it
  Error error = std::move(trusted).error();
  error.what = fmt::format("the layer '{}' is not read: {}", layer.string(), error.what);
  error.notes = {fmt::format("'{}' names it", (workspace / kWorkspaceFile).string())};
  error.hint = fmt::format("if you trust it: swage --workspace {} ..., or SWAGE_WORKSPACE in the environment",
                           workspace.string());
  return Fail(std::move(error));
}

Result<Workspace> read_workspace(const fs::path& file) {
  SWAGE_TRY(std::string text, read_file(file, kLargestTable));
  Workspace workspace;
  SWAGE_CHECK(take_usual_instance(text, file, workspace));
  return read(std::move(text), file, workspace_schema(), std::move(workspace));
}

Result<Instances> read_instances(const fs::path& layer) {
  constexpr const char* name = "instances.toml";
  if (!path_exists(layer)) return Instances{};
  SWAGE_TRY(const Beneath files, Beneath::open(layer));
  SWAGE_TRY(std::optional<std::string> text, files.find(name, kLargestTable));
  if (!text) return Instances{};
  SWAGE_TRY(Workspace found, read(*std::move(text), layer / name, instances_schema()));
  return std::move(found.instances);
}

}  // namespace swage
