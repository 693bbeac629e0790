#include "catalog/workspace.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.hpp"
#include "base/text.hpp"
#include "catalog/closed_sets.hpp"

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
        if (!instance.libc.empty()) check_word(in, instance.libc, c_libraries());
      })
      .optional("cflags", &Instance::cflags)
      .optional("static", &Instance::is_static);
  static const Schema<Instance> schema = Schema<Instance>("an instance")
      .optional("override", [](const FieldInput& in, Instance& instance) {
        if (in.is(TomlValue::Kind::table)) override_schema.read(in.document, in.value, instance, in.presence, in.findings);
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
    if (entry.key == kNoInstance) one.report({.what = fmt::format("'{}' is not a name for an instance: it says that none is meant", entry.key)});
    Instance& instance = workspace.instances.emplace(entry.key, Instance{.name = entry.key}).first->second;
    instance.pos = in.document.pos(entry.key_span);
    instance_schema().read(in.document, entry.value, instance, Presence::whole, in.findings);
  }
}

const Schema<Workspace>& workspace_schema() {
  static const Schema<Workspace> schema = Schema<Workspace>("swage.toml")
      .optional("layers", [](const FieldInput& in, Workspace& workspace) {
        std::vector<std::string> names;
        read_field(in, names);
        for (const std::string& name : names) workspace.layers.emplace_back(fs::path(in.document.path).parent_path() / name);
      })
      .optional("for", &Workspace::platforms)
      .optional("instance", read_instance_tables);
  return schema;
}

const Schema<Workspace>& instances_schema() {
  static const Schema<Workspace> schema = Schema<Workspace>("instances.toml").optional("instance", read_instance_tables);
  return schema;
}

// `instance = "NAME"` is what says which set is the usual one, and [instance.NAME] what one is: in TOML the same key twice. So the line
// is taken out of the text, whose other lines stay where they are, before it is parsed.
void take_usual_instance(std::string& text, const fs::path& file, Workspace& workspace) {
  unsigned number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    if (trim(line).starts_with('[')) return;
    if (!trim(line).starts_with("instance")) continue;
    const Result<TomlDocument> alone = parse_toml(std::string(line), file.string());
    const TomlEntry* entry = alone ? alone->root.find("instance") : nullptr;
    if (!entry || entry->value.kind != TomlValue::Kind::string) continue;
    workspace.usual_instance = entry->value.text;
    workspace.usual_pos = alone->pos(entry->value.span);
    workspace.usual_pos.line = number;
    const auto at = static_cast<std::size_t>(line.data() - text.data());
    text.replace(at, line.size(), line.size(), ' ');
    return;
  }
}

Result<Workspace> read(std::string text, const fs::path& file, const Schema<Workspace>& schema, Workspace workspace = {}) {
  SWAGE_TRY(const TomlDocument document, parse_toml(std::move(text), file.string()));
  Findings findings;
  schema.read(document, document.root, workspace, Presence::whole, findings);
  if (!findings.errors.empty()) return Fail(together(std::move(findings.errors)));
  return workspace;
}

}  // namespace

bool Instance::concerns(std::string_view package) const { return only.empty() || std::find(only.begin(), only.end(), package) != only.end(); }

Result<const Instance*> find_instance(const Instances& instances, std::string_view name) {
  if (const auto found = instances.find(name); found != instances.end()) return &found->second;
  std::vector<std::string> known;
  for (const auto& [other, row] : instances) known.push_back(other);
  Error error{.what = fmt::format("'{}' is not an instance", name), .hint = did_you_mean(name, known)};
  error.notes.push_back(known.empty() ? "there is none: a layer's instances.toml, or a swage.toml in this directory or above it, may have [instance.NAME]"
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
  for (const fs::path& place : {directory, file}) {
    struct stat st {};
    if (::stat(place.c_str(), &st) != 0) return fail_errno(fmt::format("cannot read '{}'", place.string()), errno);
    const bool own = st.st_uid == ::geteuid() || st.st_uid == 0;
    // The user's own group is often he alone, and then his umask lets it write.
    const bool groups = (st.st_mode & S_IWGRP) && st.st_gid != ::getegid() && st.st_gid != 0;
    if (own && (st.st_mode & S_IWOTH) == 0 && !groups) continue;
    const passwd* owner = ::getpwuid(st.st_uid);
    const std::string name = owner ? fmt::format("'{}'", owner->pw_name) : std::to_string(st.st_uid);
    const std::string writers = groups && !(st.st_mode & S_IWOTH) ? fmt::format("group {}", st.st_gid) : "everybody";
    Error error{.what = own ? fmt::format("'{}' is not obeyed: {} can write '{}'", file.string(), writers, place.string())
                            : fmt::format("'{}' is not obeyed: '{}' belongs to user {}", file.string(), place.string(), name)};
    error.notes = {"it would say what commands in all directories below are to build"};
    error.hint = fmt::format("if you trust it: swage --workspace {} ..., or SWAGE_WORKSPACE in the environment; to leave it out: --workspace none",
                             directory.string());
    return Fail(std::move(error));
  }
  return {};
}

Result<Workspace> read_workspace(const fs::path& file) {
  SWAGE_TRY(std::string text, read_file(file, kLargestTable));
  Workspace workspace;
  take_usual_instance(text, file, workspace);
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
