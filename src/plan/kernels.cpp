#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "plan/planner.hpp"
#include "plan/sources.hpp"

namespace swage {

namespace {

// A series whose source is a distribution's package has the sublevel that the lock file pins.
struct Known {
  const KernelRow* row;
  Version version;
  const LockedFile* locked;   // null: a plain download
};

Result<std::vector<Known>> known_kernels(const Catalog& catalog, const Lockfile& lock) {
  std::vector<Known> known;
  for (const KernelRow& row : catalog.kernels()) {
    if (row.source.debian_package.empty()) {
      known.push_back({&row, row.version, nullptr});
      continue;
    }
    const LockedFile* file = find_locked_source(lock, row.source);
    if (!file) continue;  // the suite could not be reached when the lock was made
    SWAGE_TRY(Version version, Version::parse(upstream_version(file->version)));
    known.push_back({&row, std::move(version), file});
  }
  return known;
}

}  // namespace

Result<std::vector<std::string>> nearest_kernels(const Catalog& catalog, const Lockfile& lock, const Version& wanted) {
  SWAGE_TRY(std::vector<Known> known, known_kernels(catalog, lock));
  std::sort(known.begin(), known.end(), [](const Known& a, const Known& b) { return a.version < b.version; });
  const auto same_series = [&](const Known& one) { return kernel_series(one.version) == kernel_series(wanted); };
  if (std::any_of(known.begin(), known.end(), same_series))
    std::erase_if(known, [&](const Known& one) { return !same_series(one); });
  const auto above = std::find_if(known.begin(), known.end(), [&](const Known& one) { return wanted < one.version; });
  std::vector<std::string> nearest;
  const auto add = [&](const Known& one) {
    nearest.push_back(fmt::format("{}@{}", catalog.kernel_recipe(), one.version.str()));
  };
  if (above != known.begin()) add(*(above - 1));
  if (above != known.end()) add(*above);
  return nearest;
}

std::set<std::string> unpinned_kernels(const Catalog& catalog, const Lockfile& lock,
                                       const std::optional<Version>& wanted) {
  std::vector<const KernelRow*> series;
  for (const KernelRow& row : catalog.kernels())
    if (!row.source.debian_package.empty() &&
        (!wanted || wanted->is_prefix_of(row.version) || row.version.is_prefix_of(*wanted)))
      series.push_back(&row);
  std::set<std::string> keys;
  if (!wanted)
    std::sort(series.begin(), series.end(),
              [](const KernelRow* a, const KernelRow* b) { return b->version < a->version; });
  for (const KernelRow* row : series) {
    const std::string key = source_key(row->source);
    const bool pinned = find_locked_source(lock, row->source) != nullptr;
    if (!pinned && !lock.missing.contains(key)) keys.insert(key);
    if (!wanted && (pinned || !keys.empty())) break;
  }
  return keys;
}

Result<KernelChoice> find_kernel(const Catalog& catalog, const Lockfile& lock, const std::optional<Version>& wanted) {
  SWAGE_TRY(const std::vector<Known> known, known_kernels(catalog, lock));
  // A request for a series is for the row of that series, whose source the lock file pins; a newer release of the
  // series that the catalog knows by URL is had by its full version.
  const auto matches = [&](const Known& candidate) {
    return !wanted || wanted->is_prefix_of(candidate.version) || candidate.row->version.str() == wanted->str();
  };
  const auto better = [&](const Known& a, const Known& b) {
    const bool series_a = a.locked && (!wanted || a.row->version.str() == wanted->str());
    const bool series_b = b.locked && (!wanted || b.row->version.str() == wanted->str());
    return series_a != series_b ? series_a : b.version < a.version;
  };
  const Known* best = nullptr;
  for (const Known& candidate : known)
    if (matches(candidate) && (!best || better(candidate, *best))) best = &candidate;
  const std::string shown = catalog.kernel_recipe() + (wanted ? "@" + wanted->str() : "");
  if (!best) {
    for (const KernelRow& row : catalog.kernels())
      if ((!wanted || wanted->is_prefix_of(row.version)) && !row.source.debian_package.empty())
        // Else it has another version.
        if (const Result<Source> source = source_of(lock, row.source, shown); !source) return Fail(source.error());
    Error error{.code = Errc::invalid_input, .what = fmt::format("'{}' is not in the catalog", shown)};
    if (wanted) {
      SWAGE_TRY(const std::vector<std::string> nearest, nearest_kernels(catalog, lock, *wanted));
      if (!nearest.empty())
        error.notes.push_back(
            fmt::format("nearest: {}; all that there are: swage list kernels", join(nearest, " and ")));
    }
    error.hint = fmt::format("build any tree with: swage build {} --src DIR", catalog.kernel_recipe());
    return Fail(std::move(error));
  }
  KernelChoice choice{.version = best->version};
  SWAGE_TRY(choice.source, source_of(lock, best->row->source, fmt::format("linux-{}", best->version.str())));
  return choice;
}

Result<KernelChoice> recorded_kernel(const EvidenceRow& row) {
  SWAGE_TRY(Version version, Version::parse(row.kernel));
  SWAGE_TRY(const Hash hash, Hash::from_hex(HashAlgo::sha256, row.tree->nar));
  SWAGE_TRY(StorePath path, make_fixed_path(kernel_source_name(row.kernel), ContentMethod::recursive, hash));
  const std::string from = row.tree->url.empty() ? "a directory" : row.tree->url;
  return KernelChoice{.version = std::move(version),
                      .source = Source{.path = std::move(path), .how = Source::Present{from}},
                      .tree = row.tree};
}

std::vector<std::string> vendor_lines(const ImageTables& tables, const VendorKernel& of) {
  std::vector<std::string> lines{fmt::format("# {}", of.vendor->name)};
  const auto add = [&](const std::vector<std::string>& more) { lines.insert(lines.end(), more.begin(), more.end()); };
  add(of.vendor->config);
  if (of.kernel) {
    for (const NameAt& name : of.kernel->fixups) add(tables.fixup(name.text)->config);
    add(of.kernel->config);
  }
  if (of.flavour) add(of.flavour->config);
  return lines;
}

Result<KernelChoice> vendor_kernel(const ImageTables& tables, const VendorKernel& of) {
  const VendorKernelRow& row = *of.kernel;
  const std::string name = fmt::format("{} {}", of.vendor->name, row.name);
  SWAGE_TRY(Version version, Version::parse(row.name));
  SWAGE_TRY(const Hash hash, Hash::from_hex(HashAlgo::sha256, row.nar));
  SWAGE_TRY(StorePath path, make_fixed_path(kernel_source_name(row.name), ContentMethod::recursive, hash));
  const std::string what = row.commit.empty() ? "refs/tags/" + row.tag : row.commit;
  Source::Tree tree{.name = name,
                    .nar_sha256 = row.nar,
                    .urls = {fmt::format("{}/archive/{}.tar.gz", of.vendor->repository, what)},
                    .hint = fmt::format("name a copy of it with: --src DIR (its NAR has the sha256 {})", row.nar)};
  KernelChoice choice{.version = std::move(version),
                      .source = Source{.path = std::move(path), .how = std::move(tree)},
                      .tree = KernelTree{.url = of.vendor->repository,
                                         .commit = row.commit.empty() ? row.tag : row.commit,
                                         .nar = row.nar,
                                         .vendor = of.vendor->name}};
  for (const NameAt& fixup : row.fixups) {
    const FixupRow& patched = *tables.fixup(fixup.text);
    for (std::size_t i = 0; i < patched.patches.size(); ++i) {
      SWAGE_TRY(Source patch, source_of({}, SourceSpec{.urls = {patched.patches[i]}, .sha256 = patched.sha256[i]},
                                        fixup.text));
      choice.patches.push_back(std::move(patch));
    }
  }
  choice.options.lines = vendor_lines(tables, of);
  return choice;
}

std::string kernel_source_name(std::string_view version) { return fmt::format("linux-{}-source", version); }

Result<const MachineRow*> find_machine(const Catalog& catalog, const Platform& platform, const Version& kernel) {
  SWAGE_TRY(const std::vector<MachineRow>* rows, catalog.machines());
  const MachineRow* of_any_kernel = nullptr;
  for (const MachineRow& row : *rows) {
    if (row.platform != platform.name || !row.kernels.contains(kernel)) continue;
    if (!row.kernels.is_any()) return &row;
    if (!of_any_kernel) of_any_kernel = &row;
  }
  return of_any_kernel;
}

}  // namespace swage
