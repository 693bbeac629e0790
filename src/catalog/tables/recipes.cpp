#include "catalog/tables/readers.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>

#include "catalog/closed_sets.hpp"
#include "platform/roles.hpp"

namespace swage {
namespace {

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
        in.findings.references.push_back(
            {NameOf::package, name.text.substr(0, name.text.find('@')), &in.document, name.span});
  }
}

// [env]: variables of the build's environment.
void read_env(const FieldInput& in, RecipeParts& row) {
  read_field(in, row.env);
  const auto fits = [](unsigned char c) { return std::isalnum(c) || c == '_'; };
  for (const TomlEntry& entry : in.value.entries)
    if (entry.key.empty() || !std::all_of(entry.key.begin(), entry.key.end(), fits) ||
        std::isdigit(static_cast<unsigned char>(entry.key.front())))
      in.report({.what = fmt::format("'{}' is not the name of a variable: letters, digits and _, and no digit first",
                                     entry.key),
                 .where = in.document.pos(entry.key_span)});
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

void read_negatable_names(const FieldInput& in, std::vector<std::string>& out, NameOf kind) {
  read_negatable(in, out, [&](const FieldInput& item, const std::string& word) {
    item.findings.references.push_back({kind, word, &item.document, item.value.span});
  });
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
      .optional("env", [](const FieldInput& in, Row& row) { read_env(in, row); });
}

template <class Row>
void read_tests(const FieldInput& in, Row& row) {
  read_field(in, row.tests);
}

void read_recipe_files(const FieldInput& in, std::vector<std::string>& names) {
  read_field(in, names);
  in.refer(NameOf::recipe_file);
}

void read_variants(const FieldInput& in, RecipeRow& row) {
  static const Schema<RecipeVariant> when =
      Schema<RecipeVariant>("when")
          .optional("libc",
                    [](const FieldInput& field, RecipeVariant& variant) {
                      read_negatable_names(field, variant.libc, NameOf::c_library);
                    })
          .optional("arch", [](const FieldInput& field,
                               RecipeVariant& variant) { read_negatable_names(field, variant.arch, NameOf::arch); })
          .optional("endian",
                    [](const FieldInput& field, RecipeVariant& variant) {
                      read_closed_words(field, variant.endian, {"little", "big"});
                    })
          .optional("host",
                    [](const FieldInput& field, RecipeVariant& variant) {
                      read_closed_words(field, variant.host, {"native", "foreign"});
                    })
          .optional("bits", one_of(&RecipeVariant::bits, {8, 16, 32, 64}))
          .optional("linkage",
                    [](const FieldInput& field, RecipeVariant& variant) {
                      read_closed_words(field, variant.linkage, {"shared", "static"});
                    })
          .optional("purpose",
                    [](const FieldInput& field, RecipeVariant& variant) {
                      read_closed_words(field, variant.purpose, {"kernel", "userland"});
                    })
          .optional("features", &RecipeVariant::features)
          .optional("member", &RecipeVariant::member);
  static const Schema<RecipeVariant> build =
      with_build_parts(Schema<RecipeVariant>("[build]"))
          .optional("patches",
                    [](const FieldInput& field, RecipeVariant& variant) { read_recipe_files(field, variant.patches); });
  static const Schema<RecipeVariant> test =
      Schema<RecipeVariant>("[test]").optional("run", read_tests<RecipeVariant>);
  static const Schema<RecipeVariant> schema = with_parts(Schema<RecipeVariant>("[[variant]]")
      .required("when", section(when))
      .optional("build", section(build))
      .optional("test", section(test)));
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

// The tables that a recipe and a member of it both may have.
Schema<RecipeRow> with_own_parts(Schema<RecipeRow>&& schema) {
  static const Schema<RecipeRow> test = Schema<RecipeRow>("[test]")
      .optional("run", read_tests<RecipeRow>)
      .optional("allow_references", &RecipeRow::allowed_references);
  return with_parts(std::move(schema)
                        .optional("source",
                                  [](const FieldInput& in, RecipeRow& row) {
                                    if (in.is(TomlValue::Kind::table))
                                      source_schema().read(in.document, in.value, row.source, in.presence, in.findings);
                                  })
                        .optional("test", section(test)));
}

void read_homepage(const FieldInput& in, RecipeRow& row) {
  read_url(in, row.homepage);
  if (!row.homepage.empty() && !row.homepage.starts_with("https://") && !row.homepage.starts_with("http://"))
    in.report(
        {.what = fmt::format("'{}' is not a homepage: it begins with neither https:// nor http://", row.homepage)});
}

// `asks = ["kernel", "toolchain"]`: all that it does not name is not asked for.
void read_asks(const FieldInput& in, TargetRow& row) {
  std::vector<std::string> asks;
  read_known_words(in, asks, {"kernel", "machine", "toolchain"});
  const auto has = [&](const char* word) { return std::find(asks.begin(), asks.end(), word) != asks.end(); };
  row.kernel = has("kernel");
  row.machine = has("machine");
  row.toolchain = has("toolchain");
  if (row.machine && !row.kernel)
    in.report({.what = "'asks' has a machine without a kernel: which machine it is depends on that"});
}

void read_target(const FieldInput& in, RecipeRow& row) {
  static const Schema<TargetRow> schema = Schema<TargetRow>("[target]")
      .optional("asks", read_asks)
      .optional("for", word<TargetRow, TargetRow::Use>(&TargetRow::use, {{"userland", TargetRow::Use::userland},
                                                                        {"kernel", TargetRow::Use::kernel},
                                                                        {"boot", TargetRow::Use::boot}}))
      .optional("booted_by", reference(&TargetRow::booted_by, NameOf::package))
      .optional("sampled_by", reference(&TargetRow::sampled_by, NameOf::package))
      .optional("tree", reference(&TargetRow::tree, NameOf::package));
  if (in.is(TomlValue::Kind::table)) schema.read(in.document, in.value, row.target, in.presence, in.findings);
}

void read_recipe_arch(const FieldInput& in, RecipeRow& row) { read_negatable_names(in, row.arch, NameOf::arch); }

// [[member]]: what it says of itself alone. What it has in common with the others is added when the recipe is whole.
void read_members(const FieldInput& in, RecipeRow& row) {
  static const Schema<RecipeRow> build =
      with_build_parts(Schema<RecipeRow>("[build]").optional("root", read_root_or_template))
          .optional("patches",
                    [](const FieldInput& field, RecipeRow& member) { read_recipe_files(field, member.patches); });
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
    if (std::any_of(row.members.begin(), row.members.end(), same))
      one.report({.what = fmt::format("'{}' is defined twice in [[member]]", member.member)});
  }
}

}  // namespace

const Schema<RecipeRow>& recipe_schema() {
  static const Schema<RecipeRow> package = Schema<RecipeRow>("[package]")
      .required("name", &RecipeRow::name)
      .optional("version", &RecipeRow::version)
      .optional("default", &RecipeRow::default_member)
      .optional("summary", &RecipeRow::summary)
      .optional("license", license(&RecipeRow::license))
      .optional("homepage", read_homepage)
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
        for (const TomlEntry& entry : in.value.entries)
          read_field(in.with(entry.value, entry.key), row.features[entry.key]);
      })
      .optional("variant", [](const FieldInput& in, RecipeRow& row) {
        read_variants(in, row);
        check_features(in, row);
      })
      .optional("target", read_target)
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

}  // namespace swage
