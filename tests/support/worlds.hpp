// Small worlds for the resolver: a catalog written as rows, one call each.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "resolve/resolve.hpp"
#include "support/catalogs.hpp"

namespace swage {

struct ToolchainSpec {
  std::string id;
  std::string version = "12.2.0";
  std::string binutils = "2.40";   // "unknown": it has them
  std::string released = "2022-08-19";
  std::string libc = "glibc";
  std::string libc_version = "2.36";
  std::string platform = "arm64";
  std::string compiler = "gcc";
  std::string provider = "debian";
  std::string features{};   // the inside of an array
};

struct RootSpec {
  std::string name;
  std::string tools{};      // the inside of an inline table
  int rank = 0;
  std::string first_for{};  // a range of kernels
  std::string released = "2023-06-10";
};

class World {
 public:
  World() { provider("debian", 10, true); }

  World& provider(const std::string& name, int rank, bool prebuilt, bool fallback = false) {
    providers_[name] = fmt::format("[provider]\nrank = {}\nprebuilt = {}\nfallback = {}\nsuites = [\"bookworm\"]\nsource = \"s\"\n", rank, prebuilt, fallback);
    return *this;
  }
  World& toolchain(const ToolchainSpec& t) {
    const std::string features = t.features.empty() ? "" : fmt::format("features = [{}]\n", t.features);
    const std::string libc = t.libc.empty() ? "" : fmt::format("libc = \"{}\"\nlibc_version = \"{}\"\n", t.libc, t.libc_version);
    const std::string binutils = t.binutils == "unknown" ? "unknown = [\"binutils\"]" : fmt::format("binutils = \"{}\"", t.binutils);
    toolchains_.push_back({t.provider, fmt::format("[[toolchain]]\nid = \"{}\"\nplatforms = [\"{}\"]\ncompiler = \"{}\"\nversion = \"{}\"\n"
                                                   "{}\n{}{}released = \"{}\"\nprefix = \"p-\"\ndumpmachine = \"p\"\nsource = \"s\"\n",
                                                   t.id, t.platform, t.compiler, t.version, binutils, libc, features, t.released)});
    return *this;
  }
  World& kernel(const std::string& version, const std::string& released) {
    kernels_ += fmt::format("[[kernel]]\nversion = \"{}\"\nreleased = \"{}\"\ndebian = {{ suite = \"bookworm\", package = \"linux\" }}\nsource = \"s\"\n",
                            version, released);
    return *this;
  }
  // `when` and `require` are the insides of inline tables, `more` are further lines.
  World& constraint(const std::string& id, const std::string& when, const std::string& require, const std::string& effect = "builds-not",
                    const std::string& more = "") {
    constraints_.push_back(fmt::format("[[constraint]]\nid = \"{}\"\nwhen = {{ {} }}\nrequire = {{ {} }}\neffect = \"{}\"\nreason = \"reason of {}\"\nsource = \"s\"\n{}",
                                       id, when, require, effect, id, more));
    return *this;
  }
  // One that lifts one constraint, and is left out when the world has no such constraint.
  World& quirk_for(const std::string& constraint, const std::string& id, const std::string& when) {
    quirks_for_.emplace_back(constraint, World().quirk(id, when, fmt::format("lifts = [\"{}\"]\nhost_cflags = [\"-w\"]", constraint)).quirks_.front());
    return *this;
  }
  // `rest` are the lines of the row besides id, when and where the facts are from.
  World& quirk(const std::string& id, const std::string& when, const std::string& rest) {
    quirks_.push_back(fmt::format("[[quirk]]\nid = \"{}\"\nwhen = {{ {} }}\n{}\nreason = \"reason of {}\"\nsource = \"s\"\nconfidence = \"observed\"\n",
                                  id, when, rest, id));
    return *this;
  }
  World& root(const RootSpec& r) {
    roots_.push_back(fmt::format("[[root]]\nname = \"{}\"\nkind = \"build\"\nrank = {}\nsuite = \"bookworm\"\nreleased = \"{}\"\npackages = []\ntools = {{ {} }}\n",
                                 r.name, r.rank, r.released, r.tools) +
                     (r.first_for.empty() ? "" : fmt::format("first_for = \"{}\"\n", r.first_for)));
    return *this;
  }
  World& drop_constraint(std::size_t index) {
    constraints_.erase(constraints_.begin() + static_cast<std::ptrdiff_t>(index));
    return *this;
  }
  std::size_t constraint_count() const { return constraints_.size(); }
  World& reverse_rows() {
    std::reverse(toolchains_.begin(), toolchains_.end());
    std::reverse(constraints_.begin(), constraints_.end());
    std::reverse(quirks_.begin(), quirks_.end());
    std::reverse(quirks_for_.begin(), quirks_for_.end());
    std::reverse(roots_.begin(), roots_.end());
    return *this;
  }

  World& signature(const std::string& id, const std::string& constraint) {
    signatures_ += fmt::format("[[signature]]\nid = \"{}\"\npattern = \"pattern of {}\"\nconstraint = \"{}\"\ntext = \"text of {}\"\n", id, id, constraint, id);
    return *this;
  }

  // `evidence`: directories of records.
  std::shared_ptr<const Catalog> build(const std::vector<fs::path>& evidence = {}) const {
    CatalogDir dir;
    auto files = providers_;
    for (const auto& [provider, text] : toolchains_) files[provider] += text;
    for (const auto& [name, text] : files) dir.write("toolchains/" + name + ".toml", text);
    dir.write("kernels/releases.toml", "[releases]\nrecipe = \"linux\"\n" + kernels_).write("features.toml", kFeatures);
    dir.write("packages/linux/recipe.toml", "[package]\nname = \"linux\"\n[build]\nscript = \"linux.sh\"\n").write("scripts/linux.sh", "");
    std::string rows;
    for (const std::string& row : constraints_) rows += row;
    dir.write("kernels/constraints.toml", rows);
    const auto all = [](const std::vector<std::string>& texts) { return fmt::format("{}", fmt::join(texts, "\n")); };
    std::vector<std::string> quirks = quirks_;
    for (const auto& [constraint, text] : quirks_for_)
      if (rows.find(fmt::format("id = \"{}\"\n", constraint)) != std::string::npos) quirks.push_back(text);
    dir.write("kernels/quirks.toml", all(quirks)).write("roots.toml", all(roots_));
    dir.write("kernels/signatures.toml", signatures_);
    auto catalog = Catalog::load(dir.path(), {}, evidence);
    EXPECT_TRUE(catalog) << dir.errors();
    if (!catalog) return nullptr;
    EXPECT_TRUE((*catalog)->signatures());   // which are read when asked for, and the directory is gone then
    built_.push_back(*catalog);  // resolutions point into it
    return *catalog;
  }

 private:
  mutable std::vector<std::shared_ptr<const Catalog>> built_;
  std::map<std::string, std::string> providers_;
  std::vector<std::pair<std::string, std::string>> toolchains_;
  std::string kernels_, signatures_;
  std::vector<std::string> constraints_, quirks_, roots_;
  std::vector<std::pair<std::string, std::string>> quirks_for_;   // constraint, row
};

struct Ask {
  std::string kernel{};
  std::string platform = "arm64";
  Purpose purpose = Purpose::kernel;
  std::string toolchain{};
  std::string compiler = "gcc";
  std::map<std::string, Evidence> evidence{};
};

inline Result<Resolution> ask(const Catalog& catalog, const Ask& what) {
  ResolveRequest request{.platform = *catalog.platform(what.platform), .purpose = what.purpose, .compiler = what.compiler, .evidence = what.evidence};
  if (!what.kernel.empty()) request.kernel = Version::parse(what.kernel).value();
  if (!what.toolchain.empty()) request.toolchain = what.toolchain;
  return resolve(catalog, request);
}

inline std::string chosen(const Catalog& catalog, const Ask& what) {
  const auto resolution = ask(catalog, what);
  if (!resolution) return "error: " + resolution.error().what;
  return resolution->chosen ? resolution->chosen->id : "none";
}

}  // namespace swage
