// The coverage matrix: kernels and platforms, and what is known of each cell.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/evidence.hpp"
#include "request/goals.hpp"

namespace swage {

// Best first: the state of a cell is that of its best entry.
// sampled: some objects of the kernel compile, and none fails for the toolchain.
enum class MatrixState { booted, built, sampled, failed, resolved, impossible };
std::string_view matrix_state_name(MatrixState state);

// One toolchain's word on a cell: a record, or what the resolver would choose for this compiler.
struct MatrixEntry {
  MatrixState state = MatrixState::impossible;
  std::string kernel{};                     // exactly: that of the record, or that which would be built now
  std::string recipe{};                     // that makes it
  std::string compiler{};
  const ToolchainRow* toolchain = nullptr;  // null: impossible, or it has left the catalog since
  std::optional<EvidenceRow> evidence{};    // booted, built, failed
  std::optional<KernelTree> tree{};         // that it is of; none: the release
  std::optional<bool> changed{};            // whether the recorded derivation is planned differently now; none: not
                                            // known
  std::vector<std::string> constraints{};   // impossible: ids of the rows that forbid it
  std::string reason{};                     // impossible, failed
  std::string explanation{};                // of the resolver

  std::string toolchain_id() const { return evidence ? evidence->toolchain : toolchain ? toolchain->id : ""; }
  std::string provider() const { return evidence ? evidence->provider : toolchain ? toolchain->provider : ""; }
};

struct MatrixCell {
  std::vector<MatrixEntry> entries{};       // gcc before clang, then the best first; one of each compiler at least
  MatrixState state() const;
  const MatrixEntry& best(std::string_view compiler) const;
};

struct Matrix {
  std::string today{};                                  // YYYY-MM-DD, that ages are counted to
  // Oldest first: series, releases, and others that have records; what a vendor has made of a release is a kernel of
  // its own, RELEASE-VENDOR, and so is what another recipe makes of one, RECIPE@VERSION.
  std::vector<std::string> kernels{};
  std::vector<std::string> series{};                    // of each kernel: 6.1, 2.6.32; a vendor's and another recipe's
                                                        // are in none but their own
  std::vector<const Platform*> platforms{};
  std::vector<std::vector<MatrixCell>> cells{};         // [kernel][platform]
};

// Reads the records of the platforms and resolves what has none. `lock`: gives a series its present release; null: none
// is made for a question.
Result<Matrix> make_matrix(const Catalog& catalog, const Lockfile* lock, const std::vector<const Platform*>& platforms,
                           std::string today);
// The same with one kernel for each series, whose cells have the entries of all its releases.
Matrix fold_series(Matrix matrix);
// What was recorded on that day (YYYY-MM-DD) or later alone, so cells can be without entries: for lists of entries.
Matrix recorded_since(Matrix matrix, std::string_view since);

}  // namespace swage
