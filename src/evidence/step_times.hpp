// How long cells take, by what took how long before, and which of them comes next. Pure: nothing here looks at a store
// or a clock.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "catalog/catalog.hpp"
#include "store/store_path.hpp"

namespace swage {

// The median of what is on record: of the same kernel, else of its series, else of any; of the same compiler before
// others, and of the same recipe and configuration only. Counted for `cores`: twice as many take half as long. None:
// nothing is on record.
std::optional<double> recorded_build_seconds(const std::vector<EvidenceRow>& rows, const EvidenceRow& cell,
                                             unsigned cores);
std::optional<double> recorded_boot_seconds(const std::vector<EvidenceRow>& rows, const EvidenceRow& cell);

// A derivation that is not there yet.
struct MissingPart {
  StorePath drv;
  std::optional<double> seconds{};  // none: nobody knows
};

// What is ahead of a run that makes one cell after the other. The next is always the one that is done soonest, so that
// a run which ends at any moment has left as many records as it could; what cells share (a toolchain, a source tree) is
// paid by the first and free for the others.
class Ahead {
 public:
  // `again`: the cell has a record; it comes after all that have none. Cells are told apart by their number.
  void add(std::size_t cell, std::vector<MissingPart> parts, bool again);
  void close(std::size_t cell) { cells_.erase(cell); }
  void made(const StorePath& drv) { missing_.erase(drv); }
  // A cell took so long, of which seconds_of() had said something.
  void took(double seconds, double said);

  std::optional<std::size_t> next() const;
  std::optional<double> seconds_of(std::size_t cell) const;
  std::optional<double> seconds_of_all() const;                   // what they share once
  double ratio() const { return said_ > 0 ? took_ / said_ : 1; }  // of this machine's times to those on record

 private:
  struct Cell {
    std::vector<StorePath> parts{};
    bool again = false;
  };
  double guess() const;  // of a part of which nothing is known
  double sum_of(const Cell& cell, double unknown) const;
  std::map<std::size_t, Cell> cells_{};
  std::map<StorePath, std::optional<double>> missing_{};
  double took_ = 0, said_ = 0;
};

}  // namespace swage
