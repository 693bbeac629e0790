#include "store/store_marks.hpp"

#include <fmt/core.h>
#include <queue>

namespace swage {

void Marks::keep(std::uint32_t node, GcKept::Because because, How how, std::uint32_t by) {
  if (alive(node)) return;
  marks_[node] = {.because = because, .how = how, .by = by};
  open_.push_back(node);
}

// Over references, from an output to its derivation, and from that to all of its outputs where build inputs stay.
void Marks::spread(const PathGraph& graph, GcKept::Because because, bool build_inputs) {
  while (!open_.empty()) {
    const std::uint32_t node = open_.back();
    open_.pop_back();
    for (const std::uint32_t reference : graph.references[node]) keep(reference, because, How::reference, node);
    if (const auto deriver = graph.derivers[node]) keep(*deriver, because, How::deriver, node);
    if (!build_inputs) continue;
    for (const std::uint32_t output : graph.outputs[node]) keep(output, because, How::output, node);
  }
}

Marks Marks::of(const PathGraph& graph, const Keep& what) {
  using enum GcKept::Because;
  Marks marks;
  marks.marks_.resize(graph.paths.size());
  const auto keep_roots = [&](std::span<const Store::Root> roots, GcKept::Because because) {
    for (const Store::Root& root : roots) {
      const auto node = graph.index.find(root.path);
      if (node == graph.index.end()) continue;
      marks.keep(node->second, because, How::root, static_cast<std::uint32_t>(marks.roots_.size()));
      marks.roots_.push_back(root.link);
    }
    marks.spread(graph, because, false);
  };
  keep_roots(what.links, link);
  keep_roots(what.processes, process);
  if (what.locked)
    for (const StorePath& path : *what.locked)
      if (const auto node = graph.index.find(path); node != graph.index.end())
        marks.keep(node->second, process, How::locked, 0);
  marks.spread(graph, process, false);
  for (std::uint32_t node = 0; what.newer && node < graph.paths.size(); ++node)
    if (graph.times[node] > *what.newer) marks.keep(node, newer, How::new_path, 0);
  marks.spread(graph, newer, false);
  if (!what.build_inputs) return marks;
  for (std::uint32_t node = 0; node < graph.paths.size(); ++node)
    if (marks.alive(node)) marks.open_.push_back(node);
  marks.spread(graph, building, true);
  if (what.pinned)
    for (const StorePath& path : *what.pinned)
      if (const auto node = graph.index.find(path); node != graph.index.end())
        marks.keep(node->second, lock, How::pinned, 0);
  marks.spread(graph, lock, true);
  return marks;
}

std::string Marks::reason(const PathGraph& graph, std::size_t node) const {
  const Mark& mark = marks_[node];
  switch (mark.how) {
    case How::root: return fmt::format("it is a root: {}", roots_[mark.by]);
    case How::locked: return "another process holds its lock";
    case How::new_path: return "it is new";
    case How::pinned: return "the lock file of a workspace pins it";
    case How::reference: return fmt::format("'{}' refers to it", graph.paths[mark.by].str());
    case How::deriver: return fmt::format("it is the derivation of '{}'", graph.paths[mark.by].str());
    case How::output:
      return fmt::format("what is kept was built with it, and '{}' made it", graph.paths[mark.by].str());
  }
  return {};
}

std::vector<std::string> Marks::reasons(const PathGraph& graph, std::uint32_t node) const {
  std::vector<std::string> found;
  while (alive(node)) {
    found.push_back(reason(graph, node));
    if (marks_[node].how < How::reference) break;
    node = marks_[node].by;
  }
  return found;
}

std::vector<GcKept> Marks::kept(const PathGraph& graph) const {
  std::vector<GcKept> kept;
  for (const auto because : {GcKept::Because::link, GcKept::Because::process, GcKept::Because::newer,
                             GcKept::Because::building, GcKept::Because::lock}) {
    GcKept one;
    one.because = because;
    for (std::size_t node = 0; node < marks_.size(); ++node)
      if (marks_[node].because == because) {
        ++one.paths;
        one.bytes += graph.nar_sizes[node];
      }
    if (one.paths) kept.push_back(one);
  }
  return kept;
}

std::vector<std::uint32_t> dead_in_order(const PathGraph& graph, const Marks& marks) {
  std::vector<std::uint32_t> referrers(graph.paths.size());
  for (std::size_t node = 0; node < graph.paths.size(); ++node)
    for (const std::uint32_t reference : graph.references[node])
      if (reference != node && !marks.alive(node)) ++referrers[reference];
  using Free = std::pair<std::int64_t, std::uint32_t>;   // when it came, and which it is
  std::priority_queue<Free, std::vector<Free>, std::greater<>> free;
  for (std::uint32_t node = 0; node < graph.paths.size(); ++node)
    if (!marks.alive(node) && referrers[node] == 0) free.emplace(graph.times[node], node);
  std::vector<std::uint32_t> order;
  while (!free.empty()) {
    const std::uint32_t node = free.top().second;
    free.pop();
    order.push_back(node);
    for (const std::uint32_t reference : graph.references[node])
      if (reference != node && !marks.alive(reference) && --referrers[reference] == 0)
        free.emplace(graph.times[reference], reference);
  }
  return order;
}

}  // namespace swage
