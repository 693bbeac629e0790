#include "evidence/step_times.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace swage {

namespace {

std::string series_of(const std::string& kernel) {
  const std::vector<std::string_view> parts = split(kernel, '.');
  const std::size_t count = parts.front() == "2" ? 3 : 2;  // 2.6.32, 6.1
  std::string series;
  for (std::size_t i = 0; i < std::min(count, parts.size()); ++i)
    series += std::string(i ? "." : "") + std::string(parts[i]);
  return series;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::optional<double> nearest_median(const std::vector<EvidenceRow>& rows, const EvidenceRow& cell,
                                     const std::function<std::optional<double>(const EvidenceRow&)>& seconds_of) {
  std::map<int, std::vector<double>> found;  // by how far from the cell
  for (const EvidenceRow& row : rows) {
    const auto objects = [](const EvidenceRow& one) { return one.sample ? one.sample->count : 0; };
    const bool comparable =
        row.config == cell.config && row.recipe == cell.recipe && objects(row) == objects(cell);
    const std::optional<double> seconds = comparable ? seconds_of(row) : std::nullopt;
    if (!seconds) continue;
    const int of_kernel = row.kernel == cell.kernel ? 0 : series_of(row.kernel) == series_of(cell.kernel) ? 2 : 4;
    found[of_kernel + (row.compiler == cell.compiler ? 0 : 1)].push_back(*seconds);
  }
  if (found.empty()) return std::nullopt;
  return median(std::move(found.begin()->second));
}

std::optional<double> seconds_if(const std::optional<unsigned>& seconds) {
  return seconds ? std::optional<double>(*seconds) : std::nullopt;
}

}  // namespace

std::optional<double> recorded_build_seconds(const std::vector<EvidenceRow>& rows, const EvidenceRow& cell,
                                             unsigned cores) {
  return nearest_median(rows, cell, [&](const EvidenceRow& row) -> std::optional<double> {
    if (!row.build_seconds) return std::nullopt;
    return *row.build_seconds * static_cast<double>(row.cores.value_or(cores)) / cores;
  });
}

std::optional<double> recorded_boot_seconds(const std::vector<EvidenceRow>& rows, const EvidenceRow& cell) {
  return nearest_median(rows, cell, [](const EvidenceRow& row) { return seconds_if(row.boot_seconds); });
}

void Ahead::add(std::size_t cell, std::vector<MissingPart> parts, bool again) {
  Cell& added = cells_[cell];
  added.again = again;
  for (MissingPart& part : parts) {
    missing_[part.drv] = part.seconds;
    added.parts.push_back(std::move(part.drv));
  }
}

void Ahead::took(double seconds, double said) {
  said_ += said / ratio();
  took_ += seconds;
}

double Ahead::guess() const {
  double sum = 0;
  std::size_t known = 0;
  for (const auto& [drv, seconds] : missing_)
    if (seconds) {
      sum += *seconds;
      ++known;
    }
  return known ? sum / static_cast<double>(known) : 0;
}

double Ahead::sum_of(const Cell& cell, double unknown) const {
  double sum = 0;
  for (const StorePath& part : cell.parts)
    if (const auto found = missing_.find(part); found != missing_.end()) sum += found->second.value_or(unknown);
  return sum;
}

std::optional<std::size_t> Ahead::next() const {
  std::optional<std::size_t> best;
  std::pair<bool, double> cost;
  const double unknown = guess();
  for (const auto& [number, cell] : cells_) {
    const std::pair<bool, double> own{cell.again, sum_of(cell, unknown)};
    if (best && own >= cost) continue;
    best = number;
    cost = own;
  }
  return best;
}

std::optional<double> Ahead::seconds_of(std::size_t cell) const {
  double sum = 0;
  for (const StorePath& part : cells_.at(cell).parts)
    if (const auto found = missing_.find(part); found != missing_.end()) {
      if (!found->second) return std::nullopt;
      sum += *found->second;
    }
  return sum * ratio();
}

std::optional<double> Ahead::seconds_of_all() const {
  std::map<StorePath, double> parts;
  bool known = false;
  const double unknown = guess();
  for (const auto& [number, cell] : cells_)
    for (const StorePath& part : cell.parts)
      if (const auto found = missing_.find(part); found != missing_.end()) {
        known = known || found->second;
        parts[part] = found->second.value_or(unknown);
      }
  if (!known && !parts.empty()) return std::nullopt;
  double sum = 0;
  for (const auto& [part, seconds] : parts) sum += seconds;
  return sum * ratio();
}

}  // namespace swage
