#include <fmt/core.h>

#include "catalog/evidence.hpp"
#include "catalog/layer.hpp"
#include "catalog/tables/readers.hpp"
#include "store/store_path.hpp"

namespace swage {
namespace {

void read_exact_kernel(const FieldInput& in, EvidenceRow& row) {
  Version version = *Version::parse("0");
  const std::size_t before = in.findings.errors.size();
  read_field(in, version);
  if (in.findings.errors.size() == before) row.kernel = in.value.text;
}

typename Schema<EvidenceRow>::Reader sha256_of(std::string EvidenceRow::*member) {
  return [member](const FieldInput& in, EvidenceRow& row) { read_sha256(in, row.*member); };
}

typename Schema<EvidenceRow>::Reader derivation(std::string EvidenceRow::*member) {
  return [member](const FieldInput& in, EvidenceRow& row) { read_drv(in, row.*member); };
}

// Of a root, as it was called then; "" the kernel was built in none.
void read_root(const FieldInput& in, EvidenceRow& row) {
  read_field(in, row.root);
  if (!row.root.empty() && !check_store_name(row.root))
    in.report({.what = fmt::format("'{}' is not the name of a root", row.root)});
}

// It may have left the catalog since.
void read_made_by(const FieldInput& in, EvidenceRow& row) {
  read_field(in, row.recipe);
  if (!check_store_name(row.recipe)) in.report({.what = fmt::format("'{}' is not the name of a recipe", row.recipe)});
}

typename Schema<EvidenceRow>::Reader count(std::optional<unsigned> EvidenceRow::*member) {
  return [member](const FieldInput& in, EvidenceRow& row) { read_field(in, (row.*member).emplace()); };
}

bool is_hex(std::string_view text, std::size_t length) {
  return text.size() == length && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Of a tree: what is looked for, left out and made below it, and never elsewhere.
void check_below(const FieldInput& in, const std::string& path) {
  const auto parts = split(path, '/');
  const auto leads_out = [](std::string_view part) { return part.empty() || part == "." || part == ".."; };
  if (std::any_of(parts.begin(), parts.end(), leads_out))
    in.report({.what = fmt::format("'{}' is not a path below a tree", path)});
}

void read_directory(const FieldInput& in, KernelTree& tree) {
  read_field(in, tree.directory);
  if (in.value.kind == TomlValue::Kind::string) check_below(in, tree.directory);
}

typename Schema<KernelTree>::Reader paths(std::vector<std::string> KernelTree::*member) {
  return [member](const FieldInput& in, KernelTree& tree) {
    read_field(in, tree.*member);
    for (const TomlValue& item : in.value.items)
      if (item.kind == TomlValue::Kind::string) check_below(in.with(item, in.name), item.text);
  };
}

void read_tree_url(const FieldInput& in, KernelTree& tree) {
  read_url(in, tree.url);
  if (in.value.kind == TomlValue::Kind::string && !is_remote_tree(tree.url))
    in.report({.what = fmt::format("'{}' is not a URL that git fetches from", tree.url)});
}

void read_commit(const FieldInput& in, KernelTree& tree) {
  read_field(in, tree.commit);
  if (in.value.kind == TomlValue::Kind::string && !is_hex(tree.commit, 40) && !is_hex(tree.commit, 64))
    in.report({.what = fmt::format("'{}' is not a whole commit of git: 40 or 64 hexadecimal digits", tree.commit)});
}

void read_patches(const FieldInput& in, KernelTree& tree) {
  read_field(in, tree.patches);
  for (const TomlValue& item : in.value.items)
    if (item.kind == TomlValue::Kind::string &&
        (item.text.size() < 66 || !is_hex(item.text.substr(0, 64), 64) || item.text[64] != ' '))
      in.with(item, in.name).report({.what = fmt::format("'{}' is not a patch: write SHA256 NAME", item.text)});
}

void read_vendor(const FieldInput& in, KernelTree& tree) {
  read_field(in, tree.vendor);
  if (in.value.kind == TomlValue::Kind::string)
    if (auto named = check_vendor(tree.vendor); !named) in.report(std::move(named).error());
}

void read_sample_seed(const FieldInput& in, ObjectSample& sample) {
  read_field(in, sample.seed);
  if (in.value.kind == TomlValue::Kind::string)
    if (auto fits = check_seed(sample.seed); !fits) in.report(std::move(fits).error());
}

// Of the configuration alone, with none of what leads elsewhere: it is part of the record's name.
void read_config_name(const FieldInput& in, EvidenceRow& row) {
  read_field(in, row.config);
  if (in.value.kind == TomlValue::Kind::string && row.config.find('/') != std::string::npos)
    in.report({.what = fmt::format("'{}' is not the name of a configuration", row.config)});
}

}  // namespace

Result<void> check_seed(std::string_view seed) {
  if (!seed.empty() && seed.size() <= 7 && seed.find_first_not_of("0123456789") == std::string_view::npos &&
      (seed == "0" || seed.front() != '0'))
    return {};
  return Fail(Error{.what = fmt::format("'{}' is not a seed: a number of at most 7 digits", seed)});
}

Result<void> check_vendor(std::string_view name) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '_' || c == '-'; };
  if (!name.empty() && std::isalnum(static_cast<unsigned char>(name.front())) &&
      std::all_of(name.begin(), name.end(), fits))
    return {};
  return Fail(Error{
      .what = fmt::format("'{}' is not a vendor's name: letters, digits and . _ - after one of the first two", name)});
}

const Schema<KernelTree>& kernel_tree_schema() {
  static const Schema<KernelTree> schema = Schema<KernelTree>("[tree]")
      .optional("url", read_tree_url)
      .optional("commit", read_commit)
      .optional("directory", read_directory)
      .required("nar", [](const FieldInput& in, KernelTree& tree) { read_sha256(in, tree.nar); })
      .optional("vendor", read_vendor)
      .optional("missing", paths(&KernelTree::missing))
      .optional("outputs", paths(&KernelTree::outputs))
      .optional("links", paths(&KernelTree::links))
      .optional("executable", &KernelTree::executable)
      .optional("patches", read_patches);
  return schema;
}

const Schema<ObjectSample>& object_sample_schema() {
  static const Schema<ObjectSample> schema = Schema<ObjectSample>("[objects]")
      .required("count", &ObjectSample::count)
      .required("seed", read_sample_seed)
      .optional("of", &ObjectSample::of)
      .optional("compiled", &ObjectSample::compiled)
      .optional("failed", &ObjectSample::failed);
  return schema;
}

const Schema<EvidenceRow>& evidence_schema() {
  static const Schema<EvidenceRow> schema = Schema<EvidenceRow>("[evidence]")
      .required("kernel", read_exact_kernel)
      .optional("recipe", read_made_by)
      .required("platform", reference(&EvidenceRow::platform, NameOf::platform))
      .required("toolchain", &EvidenceRow::toolchain)
      .required("provider", &EvidenceRow::provider)
      .required("compiler", word(&EvidenceRow::compiler, same_words({"gcc", "clang"})))
      .required("compiler_version", &EvidenceRow::compiler_version)
      .optional("binutils", &EvidenceRow::binutils)
      .required("config", read_config_name)
      .optional("config_sha256", sha256_of(&EvidenceRow::config_sha256))
      .required("state", word<EvidenceRow, EvidenceState>(&EvidenceRow::state, {{"booted", EvidenceState::booted},
                                                                               {"built", EvidenceState::built},
                                                                               {"failed", EvidenceState::failed}}))
      .required("when", date(&EvidenceRow::when))
      .required("root", read_root)
      .required("machine", &EvidenceRow::machine)
      .required("kernel_drv", derivation(&EvidenceRow::kernel_drv))
      .optional("boot_drv", derivation(&EvidenceRow::boot_drv))
      .optional("kernel_nar", sha256_of(&EvidenceRow::kernel_nar))
      .optional("boot_nar", sha256_of(&EvidenceRow::boot_nar))
      .optional("banner", &EvidenceRow::banner)
      .optional("userland", &EvidenceRow::userland)
      .optional("build_seconds", count(&EvidenceRow::build_seconds))
      .optional("boot_seconds", count(&EvidenceRow::boot_seconds))
      .optional("cores", count(&EvidenceRow::cores))
      .required("lock", [](const FieldInput& in, EvidenceRow& row) { read_lock_name(in, row.lock); })
      .optional("reason", &EvidenceRow::reason)
      .optional("signature", &EvidenceRow::signature)
      .optional("next", &EvidenceRow::next)
      .optional("failed_drv", derivation(&EvidenceRow::failed_drv))
      .optional("forced", &EvidenceRow::forced)
      .optional("root_named", &EvidenceRow::root_named);
  return schema;
}

}  // namespace swage
