// swage list: what the catalog holds.
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "resolve/resolve.hpp"

namespace swage {

namespace {

using Json = nlohmann::ordered_json;

// A listing is rows of named columns; text and JSON print the same ones.
struct Listing {
  std::vector<std::string> columns{};
  std::vector<std::vector<std::string>> rows{};
  std::vector<const Origin*> origins{};
};

// The id of the toolchain that programs for the platform are built with, or why there is none.
Result<std::string> toolchain_of(const Catalog& catalog, const Platform& platform) {
  if (!catalog.has_toolchains(platform.name)) return "none: no provider has one";
  SWAGE_TRY(const Resolution userland, resolve(catalog, {.platform = &platform, .purpose = Purpose::userland}));
  if (userland.chosen) return userland.chosen->id;
  return userland.rejected.empty() ? "none: no provider has one" : fmt::format("none: {} {}", userland.rejected.front().toolchain->id, userland.rejected.front().reason);
}

Result<Listing> platforms(const Catalog& catalog) {
  Listing list{.columns = {"name", "triple", "arch", "endian", "bits", "libc", "toolchain", "aliases"}};
  for (const Platform& p : catalog.platforms()) {
    SWAGE_TRY(std::string toolchain, toolchain_of(catalog, p));
    list.rows.push_back({p.name, p.triple.str(), p.kernel_arch, p.endian == Endian::little ? "little" : "big",
                         std::to_string(p.bits), p.libc, std::move(toolchain), join(p.aliases, " ")});
    list.origins.push_back(&catalog.platform_origin(p.name));
  }
  return list;
}
std::string source_text(const SourceSpec& source) {
  if (!source.debian_package.empty()) return fmt::format("{} of {}", source.debian_package, source.debian_suite);
  return source.urls.empty() ? "" : source.urls.front();
}
Result<Listing> kernels(const Catalog& catalog) {
  Listing list{.columns = {"version", "released", "source"}};
  for (const KernelRow& k : catalog.kernels()) {
    list.rows.push_back({k.version.str(), k.released, source_text(k.source)});
    list.origins.push_back(&k.origin);
  }
  return list;
}
Result<Listing> toolchains(const Catalog& catalog) {
  Listing list{.columns = {"id", "platform", "compiler", "version", "binutils", "libc", "headers", "released", "provider", "suite", "packages", "cxx", "from"}};
  SWAGE_TRY(const std::vector<const ToolchainRow*> rows, catalog.all_toolchains());
  for (const ToolchainRow* row : rows) {
    const ToolchainRow& t = *row;
    const std::string from = !t.source.urls.empty() ? t.source.urls.front() : join(t.components, " ");
    list.rows.push_back({t.id, t.platform, t.compiler, t.version.str(), t.binutils ? t.binutils->str() : t.unknown.empty() ? "" : "unknown",
                         t.libc.empty() ? "none" : t.libc + " " + t.libc_version, t.headers, t.released, t.provider, t.suite, join(t.packages, " "), join(t.cxx, " "), from});
    list.origins.push_back(&t.origin);
  }
  return list;
}
Result<Listing> components(const Catalog& catalog) {
  Listing list{.columns = {"id", "name", "version", "released", "sha256", "debian", "from"}};
  SWAGE_TRY(const std::vector<ComponentRow>* rows, catalog.components());
  for (const ComponentRow& c : *rows) {
    const SourceSpec& source = c.source;
    list.rows.push_back({c.id, c.name, c.version.str(), c.released, source.sha256,
                         source.debian_package.empty() ? "" : fmt::format("{} of {}", source.debian_package, source.debian_suite),
                         !c.tree.empty() ? c.tree : source.urls.empty() ? "" : source.urls.front()});
    list.origins.push_back(&c.origin);
  }
  return list;
}
Result<Listing> packages(const Catalog& catalog) {
  Listing list{.columns = {"name", "version", "summary"}};
  SWAGE_TRY(const std::vector<const RecipeRow*> rows, catalog.recipes());
  for (const RecipeRow* r : rows) {
    list.rows.push_back({r->full_name(), r->version, r->summary});
    list.origins.push_back(&r->origin);
  }
  return list;
}
Result<Listing> roots(const Catalog& catalog) {
  Listing list{.columns = {"name", "suite", "purpose", "packages"}};
  for (const RootRow& r : catalog.roots()) {
    list.rows.push_back({r.name, r.suite, r.purpose, join(r.packages, " ")});
    list.origins.push_back(&r.origin);
  }
  return list;
}
Result<Listing> machines(const Catalog& catalog) {
  Listing list{.columns = {"platform", "kernels", "qemu", "arguments", "defconfig"}};
  SWAGE_TRY(const std::vector<MachineRow>* rows, catalog.machines());
  for (const MachineRow& m : *rows) {
    list.rows.push_back({m.platform, m.kernels.str(), m.qemu, join(m.qemu_args, " "), m.defconfig});
    list.origins.push_back(&m.origin);
  }
  return list;
}
Result<Listing> constraints(const Catalog& catalog) {
  Listing list{.columns = {"id", "kernels", "arch", "measured", "requires", "effect", "reason", "source"}};
  SWAGE_TRY(const std::vector<const ConstraintRow*> rows, catalog.constraints());
  for (const ConstraintRow* c : rows) {
    std::vector<std::string> require;
    for (const auto& [variable, range] : c->require) require.push_back(variable + " " + range.str());
    list.rows.push_back({c->id, c->kernels.str(), c->arches.empty() ? "all" : join(c->arches, " "), join(c->measured, " "), join(require, ", "),
                         std::string(effect_name(c->effect)), c->reason, c->source});
    list.origins.push_back(&c->origin);
  }
  return list;
}

Result<Listing> quirks(const Catalog& catalog) {
  Listing list{.columns = {"id", "kernels", "arch", "measured", "lifts", "reason", "source"}};
  SWAGE_TRY(const std::vector<const QuirkRow*> rows, catalog.quirks());
  for (const QuirkRow* q : rows) {
    list.rows.push_back({q->id, q->kernels.str(), q->arches.empty() ? "all" : join(q->arches, " "), join(q->measured, " "), join(q->lifts, " "),
                         q->reason, q->source});
    list.origins.push_back(&q->origin);
  }
  return list;
}

struct Kind {
  const char* name;
  Result<Listing> (*make)(const Catalog&);
};
constexpr Kind kinds[] = {{"kernels", kernels}, {"toolchains", toolchains}, {"platforms", platforms}, {"packages", packages},
                          {"roots", roots},     {"machines", machines},     {"constraints", constraints}, {"quirks", quirks},
                          {"components", components}};

std::string origin_text(const Origin& origin) {
  std::string text = fmt::format("{} {}:{}", origin.layer, origin.pos.file, origin.pos.line);
  for (const auto& [key, layer] : origin.overridden) text += fmt::format(", {} from {}", key, layer);
  return text;
}

void print_text(const Listing& list, bool origins) {
  // The last column is prose and stays unpadded.
  std::vector<std::size_t> widths(list.columns.size());
  for (std::size_t c = 0; c + 1 < widths.size(); ++c) {
    widths[c] = list.columns[c].size();
    for (const auto& row : list.rows) widths[c] = std::max(widths[c], row[c].size());
  }
  const auto print_row = [&](const std::vector<std::string>& row, const std::string& origin) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) line += fmt::format("{:<{}}  ", row[c], widths[c]);
    line += origin;
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", line);
  };
  std::vector<std::string> head = list.columns;
  for (std::string& name : head) std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
  print_row(head, origins ? "ORIGIN" : "");
  for (std::size_t i = 0; i < list.rows.size(); ++i) {
    print_row(list.rows[i], origins ? origin_text(*list.origins[i]) : "");
  }
}

Result<int> run(Session& session, const std::string& what, bool origins) {
  const auto kind = std::find_if(std::begin(kinds), std::end(kinds), [&](const Kind& k) { return what == k.name; });
  if (kind == std::end(kinds)) {
    std::vector<std::string> known;
    for (const Kind& k : kinds) known.push_back(k.name);
    Error error{.what = fmt::format("'{}' cannot be listed", what), .hint = did_you_mean(what, known)};
    error.notes.push_back(fmt::format("there are: {}", join(known, ", ")));
    return Fail(std::move(error));
  }
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const Listing list, kind->make(*catalog));
  if (!session.options().json) {
    print_text(list, origins);
    return 0;
  }
  Json rows = Json::array();
  for (std::size_t i = 0; i < list.rows.size(); ++i) {
    Json row = Json::object();
    for (std::size_t c = 0; c < list.columns.size(); ++c) row[list.columns[c]] = list.rows[i][c];
    const Origin& origin = *list.origins[i];
    row["origin"] = {{"layer", origin.layer}, {"file", origin.pos.file}, {"line", origin.pos.line}, {"overridden", origin.overridden}};
    rows.push_back(std::move(row));
  }
  fmt::print("{}\n", Json{{kind->name, std::move(rows)}}.dump());
  return 0;
}

}  // namespace

Action declare_list(CLI::App& app) {
  struct Options {
    std::string what;
    bool origins = false;
  };
  auto options = std::make_shared<Options>();
  app.add_option("WHAT", options->what, "kernels, toolchains, platforms, packages, roots, machines, constraints, quirks or components")->required();
  app.add_flag("--origins", options->origins, "show which layer, file and line each row comes from");
  return [options](Session& session) { return run(session, options->what, options->origins); };
}

}  // namespace swage
