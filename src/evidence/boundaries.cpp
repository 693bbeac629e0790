#include "evidence/boundaries.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <tuple>

#include "base/text.hpp"
#include "resolve/judge.hpp"

namespace swage {

namespace {

// The toolchain of a record as the catalog has it, or, where that has it no more, as far as the record tells.
Result<ToolchainRow> recorded_toolchain(const Catalog& catalog, const EvidenceRow& record) {
  for (const bool fallback : {false, true}) {
    SWAGE_TRY(const std::vector<ToolchainRow>* rows,
              fallback ? catalog.fallbacks(record.platform) : catalog.toolchains(record.platform));
    for (const ToolchainRow& row : *rows)
      if (row.id == record.toolchain) return row;
  }
  SWAGE_TRY(Version version, Version::parse(record.compiler_version));
  ToolchainRow row{.id = record.toolchain,
                   .provider = record.provider,
                   .platform = record.platform,
                   .compiler = record.compiler,
                   .version = std::move(version)};
  if (!record.binutils.empty()) {
    SWAGE_TRY(row.binutils, Version::parse(record.binutils));
  }
  return row;
}

enum class Step { kernel, boot, other };

// Which step of a cell failed; records from before that was kept have the kernel, or say what their log is known for.
Step failed_step(const EvidenceRow& record) {
  if (record.failed_drv.empty())
    return !record.kernel_nar.empty() ? Step::boot : record.signature.empty() ? Step::other : Step::kernel;
  return record.failed_drv == record.kernel_drv ? Step::kernel
         : record.failed_drv == record.boot_drv ? Step::boot
                                                : Step::other;
}

// What can be asked of one record.
class Reading {
 public:
  Reading(const EvidenceRow& record, const Platform& platform, ToolchainRow toolchain, const RootRow* root,
          Version kernel)
      : record_(record),
        toolchain_(std::move(toolchain)),
        request_{.platform = &platform,
                 .purpose = record.boot_drv.empty() ? Purpose::kernel : Purpose::boot,
                 .kernel = std::move(kernel),
                 .toolchain = record.toolchain},
        subject_(request_, toolchain_, root) {}
  Reading(const Reading&) = delete;

  bool is_concerned(const Conditions& row) const { return concerns_cell(row, request_) && concerns(row, subject_); }
  bool violates(const ConstraintRow& row) const { return swage::violates(row, subject_); }
  std::optional<SeenSide> side(const std::string& tool) const {
    const Subject::Variable variable = subject_.variable(tool);
    if (variable.answer != Subject::Answer::known) return std::nullopt;
    return SeenSide{&record_, *variable.version};
  }
  // Of these, what it violates and no quirk lifts: of what it was forced over none was taken.
  std::vector<const ConstraintRow*> unlifted(const std::vector<const ConstraintRow*>& rows,
                                             const std::vector<const QuirkRow*>& quirks) const {
    std::vector<const ConstraintRow*> violated;
    for (const ConstraintRow* row : rows) {
      if (!is_concerned(*row) || !violates(*row)) continue;
      const auto lifts = [&](const QuirkRow* quirk) {
        return std::find(quirk->lifts.begin(), quirk->lifts.end(), row->id) != quirk->lifts.end() &&
               is_concerned(*quirk);
      };
      const bool forced = std::find(record_.forced.begin(), record_.forced.end(), row->id) != record_.forced.end();
      if (forced || std::none_of(quirks.begin(), quirks.end(), lifts)) violated.push_back(row);
    }
    return violated;
  }

 private:
  const EvidenceRow& record_;
  ToolchainRow toolchain_;
  ResolveRequest request_;
  Subject subject_;
};

// The constraint that the record saw broken, of those that its cell violates; null: none can be said to be.
// `known`: the one that its log is known for.
const ConstraintRow* broken(const EvidenceRow& record, std::vector<const ConstraintRow*> violated,
                            const ConstraintRow* known) {
  std::erase_if(violated, [&](const ConstraintRow* row) {
    if (!is_of_failed_step(*row, record)) return true;
    return known && tool_of(*row) != tool_of(*known);  // several rows may have one kind of log
  });
  if (known && std::find(violated.begin(), violated.end(), known) != violated.end()) return known;
  const bool known_for_another = !known && !record.signature.empty();  // that the catalog has no constraint of any more
  return violated.size() == 1 && !known_for_another ? violated.front() : nullptr;
}

// All that was seen of a constraint.
struct Seen {
  std::vector<SeenSide> fails{}, works{};
};

// How far a version is from the nearest that the row names.
std::vector<unsigned> from_bounds(const ConstraintRow& row, const std::string& tool, const Version& version) {
  std::vector<unsigned> least;
  for (const Version& bound : row.require.at(tool).bounds())
    if (std::vector<unsigned> far = distance(bound, version); least.empty() || far < least) least = std::move(far);
  return least;
}

// Of two pairs of versions that are equally far apart, the one within the other is nearer.
bool is_within(const SeenSide& a, const SeenSide& b, const SeenSide& other_a, const SeenSide& other_b) {
  const auto [low, high] = std::minmax(a.version, b.version);
  const auto [other_low, other_high] = std::minmax(other_a.version, other_b.version);
  return low >= other_low && high <= other_high && (low != other_low || high != other_high);
}

void choose_sides(Boundary& boundary, const Seen& seen) {
  const auto cell = [](const SeenSide& side) {
    return std::tie(side.record->platform, side.record->kernel, side.record->config);
  };
  std::optional<std::vector<unsigned>> least;
  for (const SeenSide& fails : seen.fails)
    for (const SeenSide& works : seen.works) {
      if (cell(fails) != cell(works)) continue;
      std::vector<unsigned> far = distance(fails.version, works.version);
      const bool nearer =
          !least || far < *least || (far == *least && is_within(fails, works, *boundary.fails, *boundary.works));
      if (!nearer) continue;
      least = std::move(far);
      boundary.fails = fails;
      boundary.works = works;
    }
  if (least) return;
  const auto nearest = [&](const std::vector<SeenSide>& sides) {
    const auto far = [&](const SeenSide& side) {
      return from_bounds(*boundary.constraint, boundary.tool, side.version);
    };
    return *std::min_element(sides.begin(), sides.end(),
                             [&](const SeenSide& a, const SeenSide& b) { return far(a) < far(b); });
  };
  if (!seen.fails.empty()) boundary.fails = nearest(seen.fails);
  else if (!seen.works.empty()) boundary.works = nearest(seen.works);
}

// Reads records, one after another, and keeps what they say of each constraint.
class BoundaryReader {
 public:
  BoundaryReader(const std::vector<const ConstraintRow*>& rows, const std::vector<SignatureRow>& signatures)
      : signatures_(signatures) {
    for (const ConstraintRow* row : rows) {
      index_[row] = boundaries_.size();
      boundaries_.push_back({.constraint = row, .tool = tool_of(*row)});
    }
    seen_.resize(boundaries_.size());
  }

  void read(const EvidenceRow& record, const Reading& reading, const std::vector<const ConstraintRow*>& rows,
            const std::vector<const QuirkRow*>& quirks) {
    const std::vector<const ConstraintRow*> violated = reading.unlifted(rows, quirks);
    if (record.state == EvidenceState::failed) {
      if (const ConstraintRow* row = broken(record, violated, known_for(record)))
        add(reading, *row, seen_[index_[row]].fails);
      return;
    }
    for (const ConstraintRow* row : violated)
      if (contradicts(record, *row)) add(reading, *row, boundaries_[index_[row]].against);
    for (const ConstraintRow* row : rows)
      if (reading.is_concerned(*row) && !reading.violates(*row)) add(reading, *row, seen_[index_[row]].works);
  }

  std::vector<Boundary> result() && {
    for (std::size_t i = 0; i < boundaries_.size(); ++i) choose_sides(boundaries_[i], seen_[i]);
    return std::move(boundaries_);
  }

 private:
  void add(const Reading& reading, const ConstraintRow& row, std::vector<SeenSide>& sides) {
    const std::string& tool = boundaries_[index_[&row]].tool;
    if (tool.empty()) return;
    if (std::optional<SeenSide> side = reading.side(tool)) sides.push_back(*std::move(side));
  }

  const ConstraintRow* known_for(const EvidenceRow& record) const {
    for (const SignatureRow& signature : signatures_)
      if (signature.id == record.signature)
        for (const Boundary& boundary : boundaries_)
          if (boundary.constraint->id == signature.constraint) return boundary.constraint;
    return nullptr;
  }

  const std::vector<SignatureRow>& signatures_;
  std::vector<Boundary> boundaries_{};
  std::vector<Seen> seen_{};  // one for each
  std::map<const ConstraintRow*, std::size_t> index_{};
};

std::string cell_text(const EvidenceRow& record) {
  return fmt::format("linux {} for {}{}", record.kernel, record.platform,
                     record.config == "tiny" ? "" : " with " + record.config);
}

}  // namespace

bool contradicts(const EvidenceRow& worked, const ConstraintRow& row) {
  return row.effect == Effect::builds_not || (row.effect == Effect::boots_not && worked.state == EvidenceState::booted);
}

bool is_of_failed_step(const ConstraintRow& row, const EvidenceRow& failed) {
  return failed_step(failed) == (row.effect == Effect::builds_not ? Step::kernel : Step::boot);
}

std::string tool_of(const ConstraintRow& row) {
  for (const auto& [variable, range] : row.require)
    if (variable != "kernel") return variable;
  return {};
}

std::vector<unsigned> distance(const Version& a, const Version& b) {
  std::vector<unsigned> parts;
  const auto part = [](const Version& version, std::size_t i) {
    return i < version.parts().size() ? version.parts()[i] : 0;
  };
  for (std::size_t i = 0; i < std::max(a.parts().size(), b.parts().size()); ++i)
    parts.push_back(part(a, i) < part(b, i) ? part(b, i) - part(a, i) : part(a, i) - part(b, i));
  return parts;
}

const char* seen_sides(const Boundary& boundary) {
  if (boundary.fails && boundary.works) return "both";
  return boundary.fails ? "fails" : boundary.works ? "works" : "none";
}

Result<std::vector<Boundary>> boundaries(const Catalog& catalog) {
  SWAGE_TRY(const std::vector<const ConstraintRow*> all, catalog.constraints());
  SWAGE_TRY(const std::vector<SignatureRow>* signatures, catalog.signatures());
  BoundaryReader reader(all, *signatures);
  for (const Platform& platform : catalog.platforms()) {
    SWAGE_TRY(const std::vector<EvidenceRow>* records, catalog.evidence(platform.name));
    if (records->empty()) continue;
    SWAGE_TRY(const std::vector<const ConstraintRow*> rows, catalog.constraints(platform));
    SWAGE_TRY(const std::vector<const QuirkRow*> quirks, catalog.quirks(platform));
    for (const EvidenceRow& record : *records) {
      if (catalog.recipe_of(record) != catalog.kernel_recipe() || record.sample) continue;
      SWAGE_TRY(ToolchainRow toolchain, recorded_toolchain(catalog, record));
      SWAGE_TRY(Version kernel, Version::parse(record.kernel));
      const RootRow* root = nullptr;  // it may have left the catalog
      for (const RootRow& row : catalog.roots())
        if (row.name == record.root) root = &row;
      reader.read(record, Reading(record, platform, std::move(toolchain), root, std::move(kernel)), rows, quirks);
    }
  }
  return std::move(reader).result();
}

std::string boundary_text(const Boundary& boundary) {
  std::string text = "only reported";
  if (boundary.fails && boundary.works) {
    const auto& [low, high] = std::minmax(boundary.fails->version, boundary.works->version);
    text = fmt::format("both sides ({} {} | {}, {})", boundary.tool, low.str(), high.str(),
                       cell_text(*boundary.fails->record));
  } else if (boundary.fails || boundary.works) {
    const SeenSide& side = boundary.fails ? *boundary.fails : *boundary.works;
    text = fmt::format("one side ({}: {} {}, {})", seen_sides(boundary), boundary.tool, side.version.str(),
                       cell_text(*side.record));
  }
  if (!boundary.against.empty()) {
    const SeenSide& side = boundary.against.front();
    text += fmt::format("; against it: {} {}, {}", boundary.tool, side.version.str(), cell_text(*side.record));
  }
  return text;
}

Result<std::vector<std::string>> contradictions(const Catalog& catalog) {
  SWAGE_TRY(const std::vector<Boundary> all, boundaries(catalog));
  std::vector<std::string> texts;
  for (const Boundary& boundary : all)
    for (const SeenSide& side : boundary.against)
      texts.push_back(fmt::format(
          "'{}' says that {} {} {} {}, and it did on {}: '{}'", boundary.constraint->id, boundary.tool,
          side.version.str(), boundary.constraint->effect == Effect::builds_not ? "does not build" : "does not boot",
          cell_text(*side.record), side.record->when, side.record->file.string()));
  for (const Platform& platform : catalog.platforms()) {
    SWAGE_TRY(const std::vector<EvidenceRow>* records, catalog.evidence(platform.name));
    for (const EvidenceRow& record : *records)
      for (const std::string& id : record.forced)
        if (std::none_of(all.begin(), all.end(), [&](const Boundary& one) { return one.constraint->id == id; }))
          texts.push_back(
              fmt::format("'{}' was forced over '{}', which is no constraint any more", record.file.string(), id));
  }
  return texts;
}

}  // namespace swage
