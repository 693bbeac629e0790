// swage list: what the catalog holds.
#include <algorithm>
#include <fmt/core.h>
#include <map>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "evidence/boundaries.hpp"
#include "plan/planner.hpp"
#include "request/builders.hpp"
#include "request/goals.hpp"
#include "resolve/resolve.hpp"

namespace swage {

namespace {

// A listing is rows of named values. Text has those of some columns, JSON those of others: what people read in one is
// often several.
enum class In { both, text, json };
struct Column {
  std::string name;
  In in = In::both;
};
struct Row {
  std::vector<Json> values{};
  const Origin* origin = nullptr;
};
struct Listing {
  std::vector<Column> columns{};
  std::vector<Row> rows{};
  std::vector<std::shared_ptr<const Origin>> made{};   // of rows that no table holds
};

// What rows are made from. `only`: the platforms that they must be for; none: all.
struct Listed {
  Session& session;
  const Catalog& catalog;
  std::vector<const Platform*> only{};
  std::vector<std::string> builders{};      // --builders

  bool is_for(std::string_view platform) const {
    return only.empty() ||
           std::any_of(only.begin(), only.end(), [&](const Platform* one) { return one->name == platform; });
  }
};

// The toolchain that programs for the platform are built with, or why there is none.
struct UserlandToolchain {
  std::string id{}, why_none{};
};
Result<UserlandToolchain> toolchain_of(const Catalog& catalog, const Platform& platform) {
  const UserlandToolchain none{.why_none = "no provider has one"};
  if (!catalog.has_toolchains(platform.name)) return none;
  SWAGE_TRY(const Resolution userland, resolve(catalog, {.platform = &platform, .purpose = Purpose::userland}));
  if (userland.chosen) return UserlandToolchain{.id = userland.chosen->id};
  if (userland.rejected.empty()) return none;
  return UserlandToolchain{
      .why_none = fmt::format("{} {}", userland.rejected.front().toolchain->id, userland.rejected.front().reason)};
}

Json debian_json(const SourceSpec& source) {
  if (source.debian_package.empty()) return nullptr;
  return {{"suite", source.debian_suite}, {"package", source.debian_package}};
}
Json source_json(const SourceSpec& source) {
  if (source.debian_package.empty() && source.urls.empty()) return nullptr;
  return {{"debian", debian_json(source)}, {"urls", source.urls}, {"sha256", text_or_null(source.sha256)}};
}
std::string debian_text(const SourceSpec& source) {
  return source.debian_package.empty() ? "" : fmt::format("{} of {}", source.debian_package, source.debian_suite);
}
// Nothing of what a distribution changes is built: people may take a version for the distribution's.
std::string archive_text(const SourceSpec& source) {
  if (source.debian_package.empty()) return source.urls.empty() ? "" : "upstream's archive";
  return fmt::format("upstream's archive in {}, without its patches", source.debian_suite);
}
std::string first_url(const SourceSpec& source) { return source.urls.empty() ? "" : source.urls.front(); }

template <class T>
Json ranges_json(const std::map<std::string, T>& by_name) {
  Json object = Json::object();
  for (const auto& [name, value] : by_name) object[name] = value.str();
  return object;
}
std::string arches_text(const std::vector<std::string>& arches) { return arches.empty() ? "all" : join(arches, " "); }

Result<Listing> platforms(const Listed& wanted) {
  Listing list{.columns = {{"name"},
                           {"triple"},
                           {"arch"},
                           {"endian"},
                           {"bits"},
                           {"libc"},
                           {"toolchain", In::text},
                           {"toolchain", In::json},
                           {"whyNoToolchain", In::json},
                           {"bareMetal", In::json},
                           {"aliases"}}};
  for (const Platform& p : wanted.catalog.platforms()) {
    SWAGE_TRY(const UserlandToolchain toolchain, toolchain_of(wanted.catalog, p));
    list.rows.push_back(
        {{p.name, p.triple.str(), text_or_null(p.kernel_arch), p.endian == Endian::little ? "little" : "big", p.bits,
          text_or_null(p.libc), toolchain.id.empty() ? "none: " + toolchain.why_none : toolchain.id,
          text_or_null(toolchain.id), text_or_null(toolchain.why_none), p.bare_metal(), p.aliases},
         &wanted.catalog.platform_origin(p.name)});
  }
  return list;
}
Result<Listing> kernels(const Listed& wanted) {
  Listing list{.columns = {{"version"}, {"released"}, {"source", In::text}, {"source", In::json}}};
  for (const KernelRow& k : wanted.catalog.kernels()) {
    const std::string debian = debian_text(k.source);
    list.rows.push_back({{k.version.str(), text_or_null(k.released), debian.empty() ? first_url(k.source) : debian,
                          source_json(k.source)},
                         &k.origin});
  }
  return list;
}
Result<Listing> toolchains(const Listed& wanted) {
  Listing list{.columns = {{"id"},
                           {"platform"},
                           {"compiler"},
                           {"version"},
                           {"binutils", In::text},
                           {"libc", In::text},
                           {"binutils", In::json},
                           {"libc", In::json},
                           {"libcVersion", In::json},
                           {"headers"},
                           {"released"},
                           {"provider"},
                           {"suite"},
                           {"packages"},
                           {"cxx"},
                           {"from", In::text},
                           {"url", In::json},
                           {"components", In::json},
                           {"prebuilt", In::json},
                           {"fallback", In::json}}};
  SWAGE_TRY(const std::vector<const ToolchainRow*> rows, wanted.catalog.all_toolchains());
  for (const ToolchainRow* row : rows) {
    const ToolchainRow& t = *row;
    if (!wanted.is_for(t.platform)) continue;
    const Json binutils = t.binutils ? Json(t.binutils->str()) : Json(nullptr);
    list.rows.push_back({{t.id,
                          t.platform,
                          t.compiler,
                          t.version.str(),
                          !t.binutils && !t.unknown.empty() ? Json("unknown") : binutils,
                          t.libc.empty() ? "none" : t.libc + " " + t.libc_version,
                          binutils,
                          text_or_null(t.libc),
                          text_or_null(t.libc_version),
                          text_or_null(t.headers),
                          text_or_null(t.released),
                          t.provider,
                          text_or_null(t.suite),
                          t.packages,
                          t.cxx,
                          t.source.urls.empty() ? join(t.components, " ") : first_url(t.source),
                          text_or_null(first_url(t.source)),
                          t.components,
                          t.prebuilt,
                          t.fallback},
                         &t.origin});
  }
  return list;
}
Result<Listing> components(const Listed& wanted) {
  Listing list{.columns = {{"id"},
                           {"name"},
                           {"version"},
                           {"released"},
                           {"sha256", In::text},
                           {"debian", In::text},
                           {"from", In::text},
                           {"source", In::json},
                           {"tree", In::json}}};
  SWAGE_TRY(const std::vector<ComponentRow>* rows, wanted.catalog.components());
  for (const ComponentRow& c : *rows)
    list.rows.push_back(
        {{c.id, c.name, c.version.str(), text_or_null(c.released), c.source.sha256, debian_text(c.source),
          c.tree.empty() ? first_url(c.source) : c.tree, source_json(c.source), text_or_null(c.tree)},
         &c.origin});
  return list;
}

// Of a package of the distribution the lock file knows the version, where there is one.
Result<std::optional<LockView>> present_lock(Session& session) {
  SWAGE_TRY(const fs::path path, session.lock_path());
  if (!path_exists(path)) return std::optional<LockView>();
  SWAGE_TRY(LockView view, session.lock_view());
  return std::optional(std::move(view));
}
Result<Listing> packages(const Listed& wanted) {
  Listing list{.columns = {{"name"},
                           {"version"},
                           {"source", In::text},
                           {"features", In::text},
                           {"summary"},
                           {"license", In::json},
                           {"homepage", In::json},
                           {"source", In::json},
                           {"system", In::json},
                           {"dependencies", In::json},
                           {"outputs", In::json},
                           {"features", In::json},
                           {"arch", In::json},
                           {"bareMetal", In::json}}};
  SWAGE_TRY(const std::vector<const RecipeRow*> rows, wanted.catalog.recipes());
  SWAGE_TRY(const std::optional<LockView> lock, present_lock(wanted.session));
  for (const RecipeRow* r : rows) {
    if (!wanted.only.empty() &&
        std::none_of(wanted.only.begin(), wanted.only.end(), [&](const Platform* one) { return r->is_for(*one); }))
      continue;
    Json dependencies = Json::object(), features = Json::object();
    for (const auto& [role, names] : r->deps) dependencies[role] = names;
    std::vector<std::string> switches;
    for (const auto& [name, on] : r->features) {
      features[name] = on;
      switches.push_back((on ? "+" : "-") + name);
    }
    list.rows.push_back(
        {{r->full_name(), text_or_null(lock ? package_version(*r, lock->sources()) : r->version),
          archive_text(r->source), std::move(switches), text_or_null(r->summary), text_or_null(r->license),
          text_or_null(r->homepage), source_json(r->source), text_or_null(r->system), std::move(dependencies),
          r->outputs, std::move(features), r->arch, r->bare_metal},
         &r->origin});
  }
  return list;
}
Result<Listing> roots(const Listed& wanted) {
  Listing list{.columns = {{"name"},
                           {"suite"},
                           {"purpose"},
                           {"packages"},
                           {"only", In::json},
                           {"components", In::json},
                           {"architecture", In::json},
                           {"like", In::json},
                           {"tools", In::json}}};
  for (const RootRow& r : wanted.catalog.roots())
    list.rows.push_back({{r.name, r.suite, text_or_null(r.purpose), r.packages, r.only, r.components, r.architecture,
                          text_or_null(r.like), ranges_json(r.tools)},
                         &r.origin});
  return list;
}
Result<Listing> machines(const Listed& wanted) {
  Listing list{.columns = {{"platform"}, {"kernels"}, {"qemu"}, {"arguments"}, {"defconfig"}}};
  SWAGE_TRY(const std::vector<MachineRow>* rows, wanted.catalog.machines());
  for (const MachineRow& m : *rows)
    if (wanted.is_for(m.platform))
      list.rows.push_back(
          {{m.platform, m.kernels.str(), text_or_null(m.qemu), m.qemu_args, text_or_null(m.defconfig)}, &m.origin});
  return list;
}
Json side_json(const SeenSide& side) {
  const EvidenceRow& row = *side.record;
  return {{"version", side.version.str()}, {"kernel", row.kernel},       {"arch", row.platform},
          {"toolchain", row.toolchain},    {"config", row.config},       {"state", evidence_state_name(row.state)},
          {"when", row.when},              {"record", row.file.string()}};
}
// What is on record of a constraint's two sides.
Json boundary_json(const Boundary& boundary) {
  Json against = Json::array();
  for (const SeenSide& side : boundary.against) against.push_back(side_json(side));
  return {{"sides", seen_sides(boundary)},
          {"tool", text_or_null(boundary.tool)},
          {"works", boundary.works ? side_json(*boundary.works) : Json(nullptr)},
          {"fails", boundary.fails ? side_json(*boundary.fails) : Json(nullptr)},
          {"against", std::move(against)}};
}
Result<Listing> constraints(const Listed& wanted) {
  Listing list{.columns = {{"id"},
                           {"kernels"},
                           {"arch", In::text},
                           {"arch", In::json},
                           {"measured"},
                           {"requires", In::text},
                           {"requires", In::json},
                           {"effect"},
                           {"verified", In::text},
                           {"verified", In::json},
                           {"reason"},
                           {"source"}}};
  SWAGE_TRY(const std::vector<Boundary> rows, boundaries(wanted.catalog));
  for (const Boundary& boundary : rows) {
    const ConstraintRow* c = boundary.constraint;
    std::vector<std::string> require;
    for (const auto& [variable, range] : c->require) require.push_back(variable + " " + range.str());
    list.rows.push_back({{c->id, c->kernels.str(), arches_text(c->arches), c->arches, c->measured, join(require, ", "),
                          ranges_json(c->require), std::string(effect_name(c->effect)), boundary_text(boundary),
                          boundary_json(boundary), text_or_null(c->reason), c->source},
                         &c->origin});
  }
  return list;
}
Result<Listing> quirks(const Listed& wanted) {
  Listing list{.columns = {{"id"},
                           {"kernels"},
                           {"arch", In::text},
                           {"arch", In::json},
                           {"measured"},
                           {"lifts"},
                           {"reason"},
                           {"source"}}};
  SWAGE_TRY(const std::vector<const QuirkRow*> rows, wanted.catalog.quirks());
  for (const QuirkRow* q : rows)
    list.rows.push_back(
        {{q->id, q->kernels.str(), arches_text(q->arches), q->arches, q->measured, q->lifts, q->reason, q->source},
         &q->origin});
  return list;
}

std::vector<std::string> names_of(const std::vector<NameAt>& names) {
  std::vector<std::string> texts;
  for (const NameAt& name : names) texts.push_back(name.text);
  return texts;
}
Result<Listing> boards(const Listed& wanted) {
  Listing list{.columns = {{"name"},
                           {"platform"},
                           {"title"},
                           {"table", In::json},
                           {"kernel"},
                           {"dtb", In::json},
                           {"vendorDtb", In::json},
                           {"console", In::json},
                           {"qemu"},
                           {"limits"}}};
  SWAGE_TRY(const ImageTables* tables, wanted.catalog.image_tables());
  for (const BoardRow& b : tables->boards)
    if (wanted.is_for(b.platform))
      list.rows.push_back({{b.name, b.platform, b.title, b.table, text_or_null(b.kernel), text_or_null(b.dtb),
                            text_or_null(b.vendor_dtb), text_or_null(b.console), text_or_null(b.qemu), b.limits},
                           &b.origin});
  return list;
}
Result<Listing> bundles(const Listed& wanted) {
  Listing list{.columns = {{"name"}, {"vendor"}, {"kernel"}, {"firmware"}, {"boards"}, {"aliases"}}};
  SWAGE_TRY(const ImageTables* tables, wanted.catalog.image_tables());
  for (const BundleRow& b : tables->bundles)
    list.rows.push_back(
        {{b.name, b.vendor.text, b.kernel.text, names_of(b.firmware), names_of(b.boards), b.aliases}, &b.origin});
  return list;
}
Result<Listing> firmware(const Listed& wanted) {
  Listing list{.columns = {{"name"}, {"kind"}, {"repository"}, {"commit"}, {"nar", In::json}}};
  SWAGE_TRY(const ImageTables* tables, wanted.catalog.image_tables());
  for (const FirmwareRow& f : tables->firmware)
    list.rows.push_back({{f.name, f.kind, f.repository, f.commit, f.nar}, &f.origin});
  return list;
}
Result<Listing> groups(const Listed& wanted) {
  Listing list{.columns = {{"name"}, {"images", In::json}, {"planned", In::json}, {"made", In::text}, {"summary"}}};
  SWAGE_TRY(const ImageTables* tables, wanted.catalog.image_tables());
  for (const GroupRow& g : tables->groups) {
    std::vector<std::string> made, planned;
    for (const ImageRow* image : tables->images_of(g)) (image->planned.empty() ? made : planned).push_back(image->name);
    list.rows.push_back(
        {{g.name, made, planned, fmt::format("{} of {}", made.size(), made.size() + planned.size()), g.summary},
         &g.origin});
  }
  return list;
}
Result<Listing> additions(const Listed& wanted) {
  Listing list{.columns = {{"name"}, {"boards"}, {"summary"}, {"limits"}}};
  SWAGE_TRY(const ImageTables* tables, wanted.catalog.image_tables());
  for (const AdditionRow& a : tables->additions)
    list.rows.push_back({{a.name, names_of(a.boards), a.summary, a.limits}, &a.origin});
  return list;
}

// What the later layers change of the rows of the earlier ones.
struct LayerSeen {
  std::size_t rows = 0;                      // that are its own
  std::vector<std::string> overrides{};      // [[board]] rpi3: cmdline
};
template <class Rows>
void see_layers(std::map<std::string, LayerSeen>& seen, const char* table, const Rows& rows) {
  for (const auto& row : rows) {
    ++seen[row.origin.layer].rows;
    std::map<std::string, std::vector<std::string>> by_layer;
    for (const auto& [key, layer] : row.origin.overridden)
      if (key != "name") by_layer[layer].push_back(key);
    for (const auto& [layer, keys] : by_layer)
      seen[layer].overrides.push_back(fmt::format("[[{}]] {}: {}", table, row.name, join(keys, ", ")));
  }
}
// In the order in which they apply: of two rows of a name, and of two overrides of a key, the later layer's counts.
Result<Listing> layers(const Listed& wanted) {
  Listing list{.columns = {{"order"}, {"name"}, {"directory"}, {"rows"}, {"overrides"}}};
  SWAGE_TRY(const ImageTables* tables, wanted.catalog.image_tables());
  SWAGE_TRY(const std::vector<MachineRow>* machines, wanted.catalog.machines());
  std::map<std::string, LayerSeen> seen;
  see_layers(seen, "root", wanted.catalog.roots());
  see_layers(seen, "machine", *machines);
  see_layers(seen, "board", tables->boards);
  see_layers(seen, "loader", tables->loaders);
  see_layers(seen, "layout", tables->layouts);
  see_layers(seen, "userland", tables->userlands);
  see_layers(seen, "variant", tables->variants);
  see_layers(seen, "axis", tables->axes);
  see_layers(seen, "family", tables->families);
  see_layers(seen, "group", tables->groups);
  see_layers(seen, "addition", tables->additions);
  see_layers(seen, "kernel", tables->kernels);
  see_layers(seen, "firmware", tables->firmware);
  see_layers(seen, "bundle", tables->bundles);
  static const Origin none;
  std::size_t order = 0;
  for (const auto& [name, directory] : wanted.catalog.layers()) {
    LayerSeen& one = seen[name];
    list.rows.push_back({{++order, name, directory.string(), one.rows, std::move(one.overrides)}, &none});
  }
  return list;
}
Result<Listing> images(const Listed& wanted) {
  Listing list{.columns = {{"name"},
                           {"board"},
                           {"platform"},
                           {"variant", In::json},
                           {"axes", In::json},
                           {"family", In::json},
                           {"boots", In::text},
                           {"emulated", In::json},
                           {"planned"}}};
  SWAGE_TRY(const ImageTables* tables, wanted.catalog.image_tables());
  for (const ImageRow& i : tables->images) {
    if (!wanted.is_for(i.board->platform)) continue;
    std::vector<std::string> axes;
    for (const AxisRow* axis : i.axes) axes.push_back(axis->name);
    list.rows.push_back({{i.name, i.board->name, i.board->platform, i.variant->name, axes, i.family->name,
                          i.board->emulated() ? "in QEMU" : "-", i.board->emulated(), text_or_null(i.planned)},
                         &i.family->origin});
  }
  return list;
}

// Machines that builds may go to, which are the user's and no layer's.
Result<Listing> builder_machines(const Listed& wanted) {
  Listing list{.columns = {{"uri"},
                           {"systems"},
                           {"slots"},
                           {"speedFactor"},
                           {"features"},
                           {"mandatoryFeatures"},
                           {"sshKey", In::json},
                           {"hostKey", In::json}}};
  SWAGE_TRY(const std::vector<Machine> all, builders(wanted.session, wanted.builders));
  const auto words = [](const std::set<std::string>& names) {
    return std::vector<std::string>(names.begin(), names.end());
  };
  for (const Machine& m : all) {
    const auto origin = std::make_shared<Origin>(Origin{.layer = "", .pos = m.pos});
    list.rows.push_back({{m.uri, words(m.systems), m.slots, m.speed, words(m.features), words(m.mandatory),
                          text_or_null(m.ssh_key.string()), text_or_null(m.host_key)},
                         origin.get()});
    list.made.push_back(origin);
  }
  return list;
}

struct Listable {
  const char* name;
  Result<Listing> (*make)(const Listed&);
  bool by_platform = false;                 // --for is of use
};
constexpr Listable kinds[] = {{"kernels", kernels},
                              {"toolchains", toolchains, true},
                              {"platforms", platforms},
                              {"packages", packages, true},
                              {"roots", roots},
                              {"machines", machines, true},
                              {"builders", builder_machines},
                              {"constraints", constraints},
                              {"quirks", quirks},
                              {"components", components},
                              {"boards", boards, true},
                              {"bundles", bundles},
                              {"firmware", firmware},
                              {"images", images, true},
                              {"groups", groups},
                              {"additions", additions},
                              {"layers", layers}};

std::string origin_text(const Origin& origin) {
  std::string text = fmt::format("{} {}:{}", origin.layer, origin.pos.file, origin.pos.line);
  for (const auto& [key, layer] : origin.overridden) text += fmt::format(", {} from {}", key, layer);
  return text;
}

std::string text_of(const Json& value) {
  if (value.is_null()) return "";
  if (!value.is_array()) return value.is_string() ? value.text() : value.dump();
  std::vector<std::string> words;
  for (const Json& item : value.items()) words.push_back(item.text());
  return join(words, " ");
}

void print_lines(const Listing& list, bool origins) {
  std::vector<std::vector<std::string>> lines(1 + list.rows.size());
  for (std::size_t c = 0; c < list.columns.size(); ++c) {
    if (list.columns[c].in == In::json) continue;
    std::string head = list.columns[c].name;
    std::transform(head.begin(), head.end(), head.begin(),
                   [](char letter) { return letter >= 'a' && letter <= 'z' ? char(letter - 32) : letter; });
    lines[0].push_back(std::move(head));
    for (std::size_t i = 0; i < list.rows.size(); ++i) lines[i + 1].push_back(text_of(list.rows[i].values[c]));
  }
  // The last column is prose and stays unpadded.
  std::vector<std::size_t> widths(lines[0].size());
  for (std::size_t c = 0; c + 1 < widths.size(); ++c)
    for (const auto& line : lines) widths[c] = std::max(widths[c], line[c].size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string line;
    for (std::size_t c = 0; c < widths.size(); ++c) line += fmt::format("{:<{}}  ", lines[i][c], widths[c]);
    if (origins) line += i == 0 ? "ORIGIN" : origin_text(*list.rows[i - 1].origin);
    line.erase(line.find_last_not_of(' ') + 1);
    print_result("{}\n", line);
  }
}

void print_rows(const char* kind, const Listing& list) {
  Json rows = Json::array();
  for (const Row& from : list.rows) {
    Json row = Json::object();
    for (std::size_t c = 0; c < list.columns.size(); ++c)
      if (list.columns[c].in != In::text) row[list.columns[c].name] = from.values[c];
    const Origin& origin = *from.origin;
    row["origin"] = {{"layer", origin.layer},
                     {"file", origin.pos.file},
                     {"line", origin.pos.line},
                     {"overridden", origin.overridden}};
    rows.push_back(std::move(row));
  }
  print_result("{}\n", json_text(Json{{kind, std::move(rows)}}));
}

Result<int> run(Session& session, const std::string& what, const std::vector<std::string>& platforms,
                const std::vector<std::string>& builders, bool origins) {
  const auto kind = std::find_if(std::begin(kinds), std::end(kinds), [&](const Listable& k) { return what == k.name; });
  if (kind == std::end(kinds)) {
    const std::vector<std::string> known = listed_kinds();
    Error error{.what = fmt::format("'{}' cannot be listed", what), .hint = did_you_mean(what, known)};
    error.notes.push_back(fmt::format("there are: {}", join(known, ", ")));
    return Fail(std::move(error));
  }
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  Listed wanted{.session = session, .catalog = *catalog, .builders = builders};
  if (!builders.empty() && kind->make != builder_machines)
    return Fail(
        Error{.what = fmt::format("'--builders' is of no use for '{}'", what), .notes = {"it is for builders"}});
  if (!platforms.empty()) {
    if (!kind->by_platform) {
      std::vector<std::string> able;
      for (const Listable& k : kinds)
        if (k.by_platform) able.push_back(k.name);
      return Fail(Error{.what = fmt::format("'--for' is of no use for '{}'", what),
                        .notes = {fmt::format("it is for {}", join(able, ", "))}});
    }
    SWAGE_TRY(wanted.only, parse_platforms(*catalog, platforms));
  }
  SWAGE_TRY(const Listing list, kind->make(wanted));
  if (as_json()) print_rows(kind->name, list);
  else print_lines(list, origins);
  return 0;
}

}  // namespace

std::vector<std::string> listed_kinds() {
  std::vector<std::string> names;
  for (const Listable& kind : kinds) names.emplace_back(kind.name);
  return names;
}

Action declare_list(const Options& app) {
  struct ListOptions {
    std::string what;
    std::vector<std::string> platforms{};
    std::vector<std::string> builders{};
    bool origins = false;
  };
  auto options = std::make_shared<ListOptions>();
  app.add_option("WHAT", options->what,
                 "kernels, toolchains, platforms, packages, roots, machines, constraints, quirks, components, boards, "
                 "bundles, firmware, images, groups (of images), additions (to boards), layers or builders (machines)")
      .required();
  app.add_option("--for", options->platforms,
                 "only what is for these platforms: toolchains, packages, machines, boards, images")
      .allow_extra_args(false);
  app.add_option("--builders", options->builders,
                 "machines as in a machines file, or @FILE (default: $SWAGE_BUILDERS, or what swage.toml says)")
      .allow_extra_args(false);
  app.add_flag("--origins", options->origins, "show which layer, file and line each row comes from");
  return [options](Session& session) {
    return run(session, options->what, options->platforms, options->builders, options->origins);
  };
}

}  // namespace swage
