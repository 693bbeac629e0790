#include "catalog/rows.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "base/url.hpp"
#include "catalog/closed_sets.hpp"
#include "platform/roles.hpp"

namespace swage {
namespace {

// The key every row may have; load.cpp acts on it.
template <class Row>
void read_override(const FieldInput& in, Row&) {
  in.is(TomlValue::Kind::boolean);
}

template <class Row, class T>
typename Schema<Row>::Reader reference(T Row::*member, NameOf kind) {
  return [member, kind](const FieldInput& in, Row& row) {
    read_field(in, row.*member);
    in.refer(kind);
  };
}

template <class Row>
typename Schema<Row>::Reader date(std::string Row::*member) {
  return [member](const FieldInput& in, Row& row) { read_date(in, row.*member); };
}

template <class Row, class Enum>
typename Schema<Row>::Reader word(Enum Row::*member, std::vector<std::pair<std::string, Enum>> words) {
  return [member, words = std::move(words)](const FieldInput& in, Row& row) { read_word(in, words, row.*member); };
}

std::vector<std::pair<std::string, std::string>> same_words(std::vector<std::string> words) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::string& text : words) pairs.emplace_back(text, text);
  return pairs;
}

std::vector<std::pair<std::string, std::string>> confidence_words() { return same_words({"primary", "bisected", "observed", "reported"}); }

// A key of a download: nobody's password.
void read_urls(const FieldInput& in, std::vector<std::string>& urls) {
  read_field(in, urls);
  for (const TomlValue& item : in.value.items)
    if (item.kind == TomlValue::Kind::string)
      if (auto open = refuse_secrets(item.text); !open) in.with(item, in.name).report(std::move(open).error());
}
void read_url(const FieldInput& in, std::string& url) {
  read_field(in, url);
  if (auto open = refuse_secrets(url); !open) in.report(std::move(open).error());
}

// An integer of a closed set.
template <class Row>
typename Schema<Row>::Reader one_of(int Row::*member, std::vector<int> values) {
  return [member, values = std::move(values)](const FieldInput& in, Row& row) {
    const std::size_t before = in.findings.errors.size();
    read_field(in, row.*member);
    if (in.findings.errors.size() != before || std::find(values.begin(), values.end(), row.*member) != values.end()) return;
    std::vector<std::string> known;
    for (const int value : values) known.push_back(std::to_string(value));
    in.report({.what = fmt::format("'{}' is none of {}: {}", in.name, join(known, ", "), row.*member)});
  };
}

// `debian = { suite = "...", package = "...", series = "7.2" }`
void read_debian(const FieldInput& in, SourceSpec& source) {
  static const Schema<SourceSpec> schema = Schema<SourceSpec>("'debian'")
      .required("suite", reference(&SourceSpec::debian_suite, NameOf::suite))
      .required("package", &SourceSpec::debian_package)
      .optional("series", &SourceSpec::debian_series);
  if (in.is(TomlValue::Kind::table)) schema.read(in.document, in.value, source, in.presence, in.findings);
}

const Schema<SourceSpec>& source_schema() {
  static const Schema<SourceSpec> schema = Schema<SourceSpec>("[source]")
      .optional("debian", read_debian)
      .optional("urls", [](const FieldInput& in, SourceSpec& row) { read_urls(in, row.urls); })
      .optional("sha256", [](const FieldInput& in, SourceSpec& row) { read_sha256(in, row.sha256); })
      .optional("size", &SourceSpec::size);
  return schema;
}

// Rows that are a download or a source themselves have its keys among their own.
template <class Row>
Schema<Row> with_download(Schema<Row> schema) {
  return std::move(schema)
      .optional("urls", [](const FieldInput& in, Row& row) { read_urls(in, row.source.urls); })
      .optional("sha256", [](const FieldInput& in, Row& row) { read_sha256(in, row.source.sha256); })
      .optional("size", [](const FieldInput& in, Row& row) { read_field(in, row.source.size); });
}
template <class Row>
Schema<Row> with_source(Schema<Row> schema) {
  return with_download(std::move(schema)).optional("debian", [](const FieldInput& in, Row& row) { read_debian(in, row.source); });
}

std::vector<std::string> constraint_variables() {
  std::vector<std::string> names = toolchain_variables();
  names.insert(names.end(), host_tools().begin(), host_tools().end());
  return names;
}

void read_conditions(const FieldInput& in, Conditions& row) {
  if (!in.is(TomlValue::Kind::table)) return;
  row = {};
  TomlValue others = in.value;
  std::erase_if(others.entries, [&](const TomlEntry& entry) {
    const FieldInput field = in.with(entry.value, entry.key);
    if (entry.key == "kernel") read_field(field, row.kernels);
    else if (entry.key == "bits") {
      read_field(field, row.bits);
      if (entry.value.kind == TomlValue::Kind::integer && row.bits != 32 && row.bits != 64) field.report({.what = "'bits' is neither 32 nor 64"});
    } else if (entry.key == "feature") read_known_words(field, row.features, toolchain_features());
    else if (entry.key == "arch") {
      read_field(field, row.arches);
      field.refer(NameOf::arch);
    } else return false;
    return true;
  });
  read_field(in.with(others, in.name), row.when);
  check_names(in, row.when, constraint_variables());
}

// A requirement on the kernel itself says when an architecture came and went.
void read_require(const FieldInput& in, ConstraintRow& row) {
  read_field(in, row.require);
  std::vector<std::string> known = constraint_variables();
  known.push_back("kernel");
  check_names(in, row.require, known);
  if (in.value.kind == TomlValue::Kind::table && row.require.empty()) in.report({.what = "'require' requires nothing"});
}

template <class Row>
void read_config(const FieldInput& in, Row& row) {
  read_field(in, row.config);
  for (const TomlValue& item : in.value.items)
    if (item.kind == TomlValue::Kind::string && (!item.text.starts_with("CONFIG_") || item.text.find('=') == std::string::npos))
      in.with(item, in.name).report({.what = fmt::format("'{}' is not a line CONFIG_NAME=value", item.text)});
}

// Words of a command line that is split at white space and expanded by nothing.
void read_words(const FieldInput& in, std::vector<std::string>& words) {
  read_field(in, words);
  for (const TomlValue& item : in.value.items)
    if (item.kind == TomlValue::Kind::string && (item.text.empty() || item.text.find_first_of(" \t\n'\"*?[$`\\") != std::string::npos))
      in.with(item, in.name).report({.what = fmt::format("'{}' is not one word: write each argument by itself, without quotes", item.text)});
}
template <class Row>
typename Schema<Row>::Reader words(std::vector<std::string> Row::*member) {
  return [member](const FieldInput& in, Row& row) { read_words(in, row.*member); };
}

// `edits = [{ file = "...", sed = "..." }, { file = "...", copy_of = "..." }]`. The builder gets one line for each, in fields
// that are parted by tabs.
void read_edits(const FieldInput& in, QuirkRow& row) {
  static const Schema<TreeEdit> schema = Schema<TreeEdit>("'edits'")
      .required("file", &TreeEdit::file)
      .optional("sed", &TreeEdit::sed)
      .optional("copy_of", &TreeEdit::copy_of);
  row.edits.clear();
  if (!in.is(TomlValue::Kind::array)) return;
  for (const TomlValue& item : in.value.items) {
    const FieldInput field = in.with(item, in.name);
    if (!field.is(TomlValue::Kind::table)) continue;
    TreeEdit& edit = row.edits.emplace_back();
    schema.read(in.document, item, edit, in.presence, in.findings);
    if (edit.sed.empty() == edit.copy_of.empty()) field.report({.what = "'edits' wants one of 'sed' and 'copy_of'"});
    for (const std::string* text : {&edit.file, &edit.sed, &edit.copy_of})
      if (text->find_first_of("\t\n") != std::string::npos) field.report({.what = "'edits' cannot hold a tab or a line end: write \\t or \\n for sed"});
    for (const std::string* path : {&edit.file, &edit.copy_of})
      if (path->starts_with('/') || path->find("..") != std::string::npos)
        field.report({.what = fmt::format("'{}' is not a path below the kernel's tree", *path)});
  }
}

// `tools = { make = "4.3", host-gcc = "12.2.0" }`
void read_tools(const FieldInput& in, RootRow& row) {
  row.tools.clear();
  if (!in.is(TomlValue::Kind::table)) return;
  for (const TomlEntry& entry : in.value.entries) {
    Version version = *Version::parse("0");
    read_field(in.with(entry.value, entry.key), version);
    row.tools.emplace(entry.key, std::move(version));
  }
  check_names(in, row.tools, host_tools());
}

// A root may be a template that the planner fills: {machine.qemu_root}.
void read_root_or_template(const FieldInput& in, RecipeRow& row) {
  read_field(in, row.root);
  if (row.root.find('{') == std::string::npos) in.refer(NameOf::root);
}

void read_deps(const FieldInput& in, RecipeParts& row) {
  static const std::vector<std::string> roles = [] {
    std::vector<std::string> names;
    for (const std::string_view prefix : {std::string_view{}, kPropagated})
      for (const Role role : kRoles) names.push_back(fmt::format("{}{}", prefix, role_name(role)));
    return names;
  }();
  if (!in.is(TomlValue::Kind::table)) return;
  for (const TomlEntry& entry : in.value.entries) {
    const FieldInput field = in.with(entry.value, entry.key);
    if (std::find(roles.begin(), roles.end(), entry.key) == roles.end()) {
      report_unknown_word(in, entry.key, roles);
      in.findings.errors.back().what = fmt::format("'{}' is not a role of a dependency", entry.key);
      in.findings.errors.back().where = in.document.pos(entry.key_span);
      continue;
    }
    read_field(field, row.deps[entry.key]);
    for (const TomlValue& name : entry.value.items)   // a variable ({toolchain.userland}) is the planner's to fill
      if (name.kind == TomlValue::Kind::string && name.text.find('{') == std::string::npos)
        in.findings.references.push_back({NameOf::package, name.text.substr(0, name.text.find('@')), &in.document, name.span});
  }
}

// [phase]: before-NAME, NAME or after-NAME of one of the steps of a package's build.
void read_phases(const FieldInput& in, RecipeParts& row) {
  if (!in.is(TomlValue::Kind::table)) return;
  std::vector<std::string> known;
  for (const char* name : {"unpack", "configure", "build", "install", "finish"})
    for (const char* when : {"", "before-", "after-"}) known.push_back(std::string(when) + name);
  for (const TomlEntry& entry : in.value.entries) {
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      report_unknown_word(in, entry.key, known);
      in.findings.errors.back().what = fmt::format("'{}' is not a phase", entry.key);
      in.findings.errors.back().where = in.document.pos(entry.key_span);
      continue;
    }
    read_field(in.with(entry.value, entry.key), row.phases[entry.key]);
  }
}

void read_platform_words(const FieldInput& in, std::vector<std::string>& out, NameOf kind) {
  read_negatable(in, out, [&](const FieldInput& item, const std::string& word) {
    item.findings.references.push_back({kind, word, &item.document, item.value.span});
  });
}

void read_exact_kernel(const FieldInput& in, EvidenceRow& row) {
  Version version = *Version::parse("0");
  const std::size_t before = in.findings.errors.size();
  read_field(in, version);
  if (in.findings.errors.size() == before) row.kernel = in.value.text;
}

typename Schema<EvidenceRow>::Reader sha256_of(std::string EvidenceRow::*member) {
  return [member](const FieldInput& in, EvidenceRow& row) { read_sha256(in, row.*member); };
}

typename Schema<EvidenceRow>::Reader count(std::optional<unsigned> EvidenceRow::*member) {
  return [member](const FieldInput& in, EvidenceRow& row) { read_field(in, (row.*member).emplace()); };
}

template <class Row>
typename Schema<Row>::Reader section(const Schema<Row>& schema) {
  return [&schema](const FieldInput& in, Row& row) {
    if (in.is(TomlValue::Kind::table)) schema.read(in.document, in.value, row, in.presence, in.findings);
  };
}

// The keys of [build] that a build system and a variant may have too.
template <class Row>
Schema<Row> with_build_parts(Schema<Row>&& schema) {
  const auto part = [](auto RecipeParts::*member) {
    return [member](const FieldInput& in, Row& row) { read_field(in, row.*member); };
  };
  return std::move(schema)
      .optional("script", reference(static_cast<std::string Row::*>(&RecipeParts::script), NameOf::script))
      .optional("configure", part(&RecipeParts::configure))
      .optional("make", part(&RecipeParts::make))
      .optional("install", part(&RecipeParts::install));
}

// The tables that a recipe and a variant of it both may have.
template <class Row>
Schema<Row> with_parts(Schema<Row>&& schema) {
  return std::move(schema)
      .optional("deps", [](const FieldInput& in, Row& row) { read_deps(in, row); })
      .optional("phase", [](const FieldInput& in, Row& row) { read_phases(in, row); })
      .optional("env", [](const FieldInput& in, Row& row) { read_field(in, row.env); });
}

void read_recipe_files(const FieldInput& in, std::vector<std::string>& names) {
  read_field(in, names);
  in.refer(NameOf::recipe_file);
}

void read_variants(const FieldInput& in, RecipeRow& row) {
  static const Schema<RecipeVariant> when = Schema<RecipeVariant>("when")
      .optional("libc", [](const FieldInput& field, RecipeVariant& variant) { read_closed_words(field, variant.libc, c_libraries()); })
      .optional("arch", [](const FieldInput& field, RecipeVariant& variant) { read_platform_words(field, variant.arch, NameOf::arch); })
      .optional("endian", [](const FieldInput& field, RecipeVariant& variant) { read_closed_words(field, variant.endian, {"little", "big"}); })
      .optional("host", [](const FieldInput& field, RecipeVariant& variant) { read_closed_words(field, variant.host, {"native", "foreign"}); })
      .optional("bits", one_of(&RecipeVariant::bits, {8, 16, 32, 64}))
      .optional("linkage", [](const FieldInput& field, RecipeVariant& variant) { read_closed_words(field, variant.linkage, {"shared", "static"}); })
      .optional("features", &RecipeVariant::features)
      .optional("member", &RecipeVariant::member);
  static const Schema<RecipeVariant> build = with_build_parts(Schema<RecipeVariant>("[build]"))
      .optional("patches", [](const FieldInput& field, RecipeVariant& variant) { read_recipe_files(field, variant.patches); });
  static const Schema<RecipeVariant> schema = with_parts(Schema<RecipeVariant>("[[variant]]")
      .required("when", section(when))
      .optional("build", section(build)));
  if (!in.is(TomlValue::Kind::array)) return;
  for (const TomlValue& item : in.value.items)
    if (const FieldInput one = in.with(item, "variant"); one.is(TomlValue::Kind::table))
      schema.read(in.document, item, row.variants.emplace_back(), Presence::whole, in.findings);
}

// Variants may only ask for features that the recipe has.
void check_features(const FieldInput& in, const RecipeRow& row) {
  std::vector<std::string> known;
  for (const auto& [name, on] : row.features) known.push_back(name);
  for (const TomlValue& variant : in.value.items) {
    const TomlEntry* when = variant.find("when");
    const TomlEntry* words = when ? when->value.find("features") : nullptr;
    if (!words) continue;
    std::vector<std::string> unused;
    read_closed_words(in.with(words->value, "features"), unused, known);
  }
}

// [build] of a recipe and of a build system.
Schema<RecipeRow> build_schema() {
  return with_build_parts(Schema<RecipeRow>("[build]")
      .optional("system", reference(&RecipeRow::system, NameOf::system))
      .optional("root", read_root_or_template));
}

// A path is relative to the file that names it, also when the row overrides one of another layer.
void read_tree(const FieldInput& in, ComponentRow& row) {
  read_url(in, row.tree);
  if (row.tree.find("://") == std::string::npos && fs::path(row.tree).is_relative()) row.tree = (fs::path(in.document.path).parent_path() / row.tree).string();
}

}  // namespace

bool is_host_tool(std::string_view variable) { return std::find(host_tools().begin(), host_tools().end(), variable) != host_tools().end(); }

Platform blank_platform() { return {.name = {}, .triple = *Triple::parse("x86_64-linux-gnu")}; }
KernelRow blank_kernel() { return {.version = *Version::parse("0")}; }
ComponentRow blank_component() { return {.id = {}, .version = *Version::parse("0")}; }
ToolchainRow blank_toolchain() { return {.version = *Version::parse("0")}; }

const Schema<Platform>& platform_schema() {
  static const Schema<Platform> schema = Schema<Platform>("[[platform]]")
      .required("name", &Platform::name)
      .optional("aliases", &Platform::aliases)
      .required("triple", &Platform::triple)
      .optional("libc", word(&Platform::libc, same_words(c_libraries())))
      .optional("endian", word<Platform, Endian>(&Platform::endian, {{"little", Endian::little}, {"big", Endian::big}}))
      .optional("bits", one_of(&Platform::bits, {8, 16, 32, 64}))
      .optional("pointer_bits", one_of(&Platform::pointer_bits, {16, 32, 64}))
      .optional("float_abi", word(&Platform::float_abi, same_words({"hard", "soft", "softfp"})))
      .optional("kernel_arch", &Platform::kernel_arch)
      .optional("debian", &Platform::debian)
      .optional("qemu_user", &Platform::qemu_user)
      .optional("qemu_system", &Platform::qemu_system)
      .optional("format", word(&Platform::format, same_words({"elf", "pe", "mach-o", "wasm", "script"})))
      .optional("elf_machine", &Platform::elf_machine)
      .optional("elf_class", one_of(&Platform::elf_class, {32, 64}))
      .optional("gcc", [](const FieldInput& in, Platform& row) { read_gcc_options(in, row.gcc); })
      .optional("override", read_override<Platform>);
  return schema;
}

const Schema<CpuRow>& cpu_schema() {
  static const Schema<CpuRow> schema = Schema<CpuRow>("[[cpu]]")
      .required("names", &CpuRow::names)
      .required("endian", word<CpuRow, Endian>(&CpuRow::endian, {{"little", Endian::little}, {"big", Endian::big}}))
      .required("bits", one_of(&CpuRow::bits, {8, 16, 32, 64}))
      .optional("pointer_bits", one_of(&CpuRow::pointer_bits, {16, 32, 64}))
      .optional("kernel_arch", &CpuRow::kernel_arch)
      .optional("qemu_user", &CpuRow::qemu_user)
      .optional("qemu_system", &CpuRow::qemu_system)
      .optional("elf_machine", &CpuRow::elf_machine);
  return schema;
}

const Schema<RootRow>& root_schema() {
  static const Schema<RootRow> schema = Schema<RootRow>("[[root]]")
      .required("name", &RootRow::name)
      .required("suite", reference(&RootRow::suite, NameOf::suite))
      .required("packages", &RootRow::packages)
      .optional("like", reference(&RootRow::like, NameOf::root))
      .optional("architecture", &RootRow::architecture)
      .optional("purpose", &RootRow::purpose)
      .optional("kind", word(&RootRow::kind, same_words({"build"})))
      .optional("rank", &RootRow::rank)
      .optional("first_for", [](const FieldInput& in, RootRow& row) { read_field(in, row.first_for.emplace(VersionRange::any())); })
      .optional("released", date(&RootRow::released))
      .optional("tools", read_tools)
      .optional("accelerators", reference(&RootRow::accelerators, NameOf::root))
      .optional("override", read_override<RootRow>);
  return schema;
}

const Schema<SeedRow>& seed_schema() {
  static const Schema<SeedRow> schema = Schema<SeedRow>("[[seed]]")
      .required("name", &SeedRow::name)
      .required("suite", reference(&SeedRow::suite, NameOf::suite))
      .required("package", &SeedRow::package)
      .required("member", &SeedRow::member)
      .optional("override", read_override<SeedRow>);
  return schema;
}

const Schema<ComponentRow>& component_schema() {
  static const Schema<ComponentRow> schema = with_source(Schema<ComponentRow>("[[component]]"))
      .required("id", &ComponentRow::id)
      .required("name", word(&ComponentRow::name, same_words({"binutils", "gcc", "gmp", "mpfr", "mpc", "isl", "musl", "glibc", "uclibc-ng",
                                                              "linux-headers"})))
      .required("version", &ComponentRow::version)
      .optional("released", date(&ComponentRow::released))
      .optional("tree", read_tree)
      .optional("configure", &ComponentRow::configure)
      .optional("host_cc", &ComponentRow::host_cc)
      .optional("host_cxx", &ComponentRow::host_cxx)
      .required("source", &ComponentRow::reference)
      .optional("override", read_override<ComponentRow>);
  return schema;
}

const Schema<KernelRow>& kernel_schema() {
  static const Schema<KernelRow> schema = with_source(Schema<KernelRow>("[[kernel]]"))
      .required("version", &KernelRow::version)
      .required("released", date(&KernelRow::released))
      .required("source", &KernelRow::reference)
      .optional("override", read_override<KernelRow>);
  return schema;
}

const Schema<CommonMachine>& common_machine_schema() {
  static const Schema<CommonMachine> schema = Schema<CommonMachine>("[common]").optional("config", read_config<CommonMachine>);
  return schema;
}

const Schema<MachineRow>& machine_schema() {
  static const Schema<MachineRow> schema = Schema<MachineRow>("[[machine]]")
      .required("platform", reference(&MachineRow::platform, NameOf::platform))
      .optional("kernels", &MachineRow::kernels)
      .required("defconfig", &MachineRow::defconfig)
      .required("image_target", &MachineRow::image_target)
      .required("image", &MachineRow::image)
      .optional("make_args", &MachineRow::make_args)
      .optional("config", read_config<MachineRow>)
      .optional("qemu", &MachineRow::qemu)
      .optional("qemu_root", reference(&MachineRow::qemu_root, NameOf::root))
      .optional("qemu_args", &MachineRow::qemu_args)
      .optional("cmdline", &MachineRow::cmdline)
      .optional("dtb", &MachineRow::dtb)
      .optional("timeout", &MachineRow::timeout)
      .optional("override", read_override<MachineRow>);
  return schema;
}

const Schema<Provider>& provider_schema() {
  static const Schema<Provider> schema = Schema<Provider>("[provider]")
      .required("rank", &Provider::rank)
      .optional("prebuilt", &Provider::prebuilt)
      .optional("suites", &Provider::suites)
      .optional("features", [](const FieldInput& in, Provider& row) { read_known_words(in, row.features, toolchain_features()); })
      .optional("userland", reference(&Provider::userland, NameOf::package))
      .optional("fallback", &Provider::fallback)
      .required("source", &Provider::reference);
  return schema;
}

const Schema<ToolchainRow>& toolchain_schema() {
  static const Schema<ToolchainRow> schema = with_download(Schema<ToolchainRow>("[[toolchain]]"))
      .required("id", &ToolchainRow::id)
      .optional("group", &ToolchainRow::group)
      .required("platforms", [](const FieldInput& in, ToolchainRow&) { in.refer(NameOf::platform); })
      .optional("compiler", word(&ToolchainRow::compiler, same_words({"gcc", "clang"})))
      .required("version", &ToolchainRow::version)
      .optional("binutils", &ToolchainRow::binutils)
      .optional("libc", word(&ToolchainRow::libc, same_words(c_libraries())))
      .optional("unknown", [](const FieldInput& in, ToolchainRow& row) {
        read_field(in, row.unknown);
        for (const TomlValue& item : in.value.items)
          if (item.kind == TomlValue::Kind::string && item.text != "binutils") report_unknown_word(in.with(item, in.name), item.text, {"binutils"});
      })
      .optional("libc_version", &ToolchainRow::libc_version)
      .optional("headers", &ToolchainRow::headers)
      .required("released", date(&ToolchainRow::released))
      .required("prefix", &ToolchainRow::prefix)
      .optional("dumpmachine", &ToolchainRow::dumpmachine)
      .optional("suite", reference(&ToolchainRow::suite, NameOf::suite))
      .optional("packages", &ToolchainRow::packages)
      .optional("cxx", &ToolchainRow::cxx)
      .optional("libc_config", &ToolchainRow::libc_config)
      .optional("components", &ToolchainRow::components)
      .optional("flags", &ToolchainRow::flags)
      .optional("features", [](const FieldInput& in, ToolchainRow& row) { read_known_words(in, row.features, toolchain_features()); })
      .optional("userland", reference(&ToolchainRow::userland, NameOf::package))
      .optional("rank", &ToolchainRow::provider_rank)
      .optional("fallback", &ToolchainRow::fallback)
      .optional("sha256sums", [](const FieldInput& in, ToolchainRow& row) { read_url(in, row.source.sha256sums); })
      .required("source", &ToolchainRow::reference)
      .optional("override", read_override<ToolchainRow>);
  return schema;
}

const Schema<ConstraintRow>& constraint_schema() {
  static const Schema<ConstraintRow> schema = Schema<ConstraintRow>("[[constraint]]")
      .required("id", &ConstraintRow::id)
      .optional("when", [](const FieldInput& in, ConstraintRow& row) { read_conditions(in, row); })
      .required("require", read_require)
      .required("effect", word<ConstraintRow, Effect>(&ConstraintRow::effect, {{"builds-not", Effect::builds_not},
                                                                              {"boots-not", Effect::boots_not},
                                                                              {"misbehaves", Effect::misbehaves}}))
      .required("reason", &ConstraintRow::reason)
      .required("source", &ConstraintRow::source)
      .optional("confidence", word(&ConstraintRow::confidence, confidence_words()))
      .optional("measured", reference(&ConstraintRow::measured, NameOf::arch))
      .optional("override", read_override<ConstraintRow>);
  return schema;
}

const Schema<SignatureRow>& signature_schema() {
  static const Schema<SignatureRow> schema = Schema<SignatureRow>("[[signature]]")
      .required("id", &SignatureRow::id)
      .required("pattern", &SignatureRow::pattern)
      .required("constraint", reference(&SignatureRow::constraint, NameOf::constraint))
      .required("text", &SignatureRow::text)
      .optional("override", read_override<SignatureRow>);
  return schema;
}

const Schema<SymbolRow>& symbol_schema() {
  static const Schema<SymbolRow> schema = Schema<SymbolRow>("[[symbol]]")
      .required("name", &SymbolRow::name)
      .optional("renamed", &SymbolRow::renamed)
      .optional("path", &SymbolRow::path)
      .optional("within", &SymbolRow::within)
      .optional("generated", &SymbolRow::generated)
      .required("source", &SymbolRow::reference)
      .optional("override", read_override<SymbolRow>);
  return schema;
}

const Schema<LogLineRow>& log_line_schema() {
  static const Schema<LogLineRow> schema = Schema<LogLineRow>("[[line]]")
      .required("id", &LogLineRow::id)
      .required("pattern", &LogLineRow::pattern)
      .required("tool", word<LogLineRow, LogTool>(&LogLineRow::tool, {{"none", LogTool::none}, {"compiler", LogTool::compiler}, {"assembler", LogTool::assembler},
                                                                     {"linker", LogTool::linker}, {"other", LogTool::other}}))
      .optional("weak", &LogLineRow::weak)
      .optional("text", &LogLineRow::text)
      .optional("hint", &LogLineRow::hint)
      .optional("override", read_override<LogLineRow>);
  return schema;
}

const Schema<QuirkRow>& quirk_schema() {
  static const Schema<QuirkRow> schema = Schema<QuirkRow>("[[quirk]]")
      .required("id", &QuirkRow::id)
      .required("when", [](const FieldInput& in, QuirkRow& row) { read_conditions(in, row); })
      .optional("lifts", reference(&QuirkRow::lifts, NameOf::constraint))
      .optional("make_args", words(&QuirkRow::make_args))
      .optional("config", read_config<QuirkRow>)
      .optional("cflags", words(&QuirkRow::cflags))
      .optional("aflags", words(&QuirkRow::aflags))
      .optional("cc_flags", words(&QuirkRow::cc_flags))
      .optional("ld_flags", words(&QuirkRow::ld_flags))
      .optional("host_cflags", words(&QuirkRow::host_cflags))
      .optional("patches", reference(&QuirkRow::patches, NameOf::patch))
      .optional("edits", read_edits)
      .required("reason", &QuirkRow::reason)
      .required("source", &QuirkRow::source)
      .required("confidence", word(&QuirkRow::confidence, confidence_words()))
      .optional("measured", reference(&QuirkRow::measured, NameOf::arch))
      .optional("override", read_override<QuirkRow>);
  return schema;
}

namespace {

// The tables that a recipe and a member of it both may have.
Schema<RecipeRow> with_own_parts(Schema<RecipeRow>&& schema) {
  static const Schema<RecipeRow> test = Schema<RecipeRow>("[test]")
      .optional("run", &RecipeRow::tests)
      .optional("allow_references", &RecipeRow::allowed_references);
  return with_parts(std::move(schema)
      .optional("source", [](const FieldInput& in, RecipeRow& row) {
        if (in.is(TomlValue::Kind::table)) source_schema().read(in.document, in.value, row.source, in.presence, in.findings);
      })
      .optional("test", section(test)));
}

void read_recipe_arch(const FieldInput& in, RecipeRow& row) { read_platform_words(in, row.arch, NameOf::arch); }

// [[member]]: what it says of itself alone. What it has in common with the others is added when the recipe is whole.
void read_members(const FieldInput& in, RecipeRow& row) {
  static const Schema<RecipeRow> build = with_build_parts(Schema<RecipeRow>("[build]")
      .optional("root", read_root_or_template))
      .optional("patches", [](const FieldInput& field, RecipeRow& member) { read_recipe_files(field, member.patches); });
  static const Schema<RecipeRow> schema = with_own_parts(Schema<RecipeRow>("[[member]]")
      .required("name", &RecipeRow::member)
      .optional("version", &RecipeRow::version)
      .optional("summary", &RecipeRow::summary)
      .optional("arch", read_recipe_arch)
      .optional("build", section(build)));
  row.members.clear();
  if (!in.is(TomlValue::Kind::array)) return;
  for (const TomlValue& item : in.value.items) {
    const FieldInput one = in.with(item, "member");
    if (!one.is(TomlValue::Kind::table)) continue;
    if (stopped(in.findings)) return;
    RecipeRow& member = row.members.emplace_back();
    in.findings.wrong.clear();
    schema.read(in.document, item, member, Presence::whole, in.findings);
    member.origin.pos = in.document.pos(item.span);
    member.origin.wrong = in.findings.wrong;
    const auto same = [&](const RecipeRow& other) { return &other != &member && other.member == member.member; };
    if (std::any_of(row.members.begin(), row.members.end(), same)) one.report({.what = fmt::format("'{}' is defined twice in [[member]]", member.member)});
  }
}

}  // namespace

const Schema<RecipeRow>& recipe_schema() {
  static const Schema<RecipeRow> package = Schema<RecipeRow>("[package]")
      .required("name", &RecipeRow::name)
      .optional("version", &RecipeRow::version)
      .optional("default", &RecipeRow::default_member)
      .optional("summary", &RecipeRow::summary)
      .optional("license", &RecipeRow::license)
      .optional("homepage", [](const FieldInput& in, RecipeRow& row) { read_url(in, row.homepage); })
      .optional("arch", read_recipe_arch)
      .optional("bare_metal", &RecipeRow::bare_metal);
  static const Schema<RecipeRow> build = build_schema()
      .optional("targeted", &RecipeRow::targeted)
      .optional("of_compiler", &RecipeRow::of_compiler)
      .optional("outputs", &RecipeRow::outputs)
      .optional("patches", [](const FieldInput& in, RecipeRow& row) { read_recipe_files(in, row.patches); });
  static const Schema<RecipeRow> schema = with_own_parts(Schema<RecipeRow>("a recipe")
      .required("package", section(package))
      .required("build", section(build))
      .optional("features", [](const FieldInput& in, RecipeRow& row) {
        if (!in.is(TomlValue::Kind::table)) return;
        for (const TomlEntry& entry : in.value.entries) read_field(in.with(entry.value, entry.key), row.features[entry.key]);
      })
      .optional("variant", [](const FieldInput& in, RecipeRow& row) {
        read_variants(in, row);
        check_features(in, row);
      })
      .optional("member", read_members)
      .optional("override", read_override<RecipeRow>));
  return schema;
}

const Schema<RecipeRow>& system_schema() {
  static const Schema<RecipeRow> build = build_schema();
  static const Schema<RecipeRow> schema = with_parts(Schema<RecipeRow>("a build system")
      .required("build", section(build))
      .optional("variant", read_variants));
  return schema;
}

const Schema<EvidenceRow>& evidence_schema() {
  static const Schema<EvidenceRow> schema = Schema<EvidenceRow>("[evidence]")
      .required("kernel", read_exact_kernel)
      .required("platform", reference(&EvidenceRow::platform, NameOf::platform))
      .required("toolchain", &EvidenceRow::toolchain)
      .required("provider", &EvidenceRow::provider)
      .required("compiler", word(&EvidenceRow::compiler, same_words({"gcc", "clang"})))
      .required("compiler_version", &EvidenceRow::compiler_version)
      .optional("binutils", &EvidenceRow::binutils)
      .required("config", &EvidenceRow::config)
      .required("state", word<EvidenceRow, EvidenceState>(&EvidenceRow::state, {{"booted", EvidenceState::booted},
                                                                               {"built", EvidenceState::built},
                                                                               {"failed", EvidenceState::failed}}))
      .required("when", date(&EvidenceRow::when))
      .required("root", &EvidenceRow::root)
      .required("machine", &EvidenceRow::machine)
      .required("kernel_drv", &EvidenceRow::kernel_drv)
      .optional("boot_drv", &EvidenceRow::boot_drv)
      .optional("kernel_nar", sha256_of(&EvidenceRow::kernel_nar))
      .optional("boot_nar", sha256_of(&EvidenceRow::boot_nar))
      .optional("banner", &EvidenceRow::banner)
      .optional("userland", &EvidenceRow::userland)
      .optional("build_seconds", count(&EvidenceRow::build_seconds))
      .optional("boot_seconds", count(&EvidenceRow::boot_seconds))
      .optional("cores", count(&EvidenceRow::cores))
      .required("lock", &EvidenceRow::lock)
      .optional("reason", &EvidenceRow::reason)
      .optional("signature", &EvidenceRow::signature)
      .optional("next", &EvidenceRow::next);
  return schema;
}

}  // namespace swage
