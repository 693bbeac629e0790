// What a collection leaves, and why. Inside the store layer only.
#pragma once

#include <span>

#include "store/store_state.hpp"

namespace swage {

// What one node of the graph is kept by, told in words only where somebody asks.
class Marks {
 public:
  struct Keep {
    std::span<const Store::Root> links{};      // results and profiles
    std::span<const Store::Root> processes{};
    const StorePathSet* locked = nullptr;      // another process works on these
    std::optional<std::int64_t> newer{};       // registered after this, in seconds since 1970
    bool build_inputs = true;                  // as GcOptions::keep_build_inputs
    const StorePathSet* pinned = nullptr;      // with these: by lock files
  };
  // Each path counts for the first that keeps it, in the order of GcKept::Because.
  static Marks of(const PathGraph& graph, const Keep& keep);

  bool alive(std::size_t node) const { return marks_[node].because.has_value(); }
  std::string reason(const PathGraph& graph, std::size_t node) const;
  std::vector<std::string> reasons(const PathGraph& graph, std::uint32_t node) const;   // up to a root
  std::vector<GcKept> kept(const PathGraph& graph) const;   // one for each reason that keeps something

 private:
  enum class How : std::uint8_t { root, locked, new_path, pinned, reference, deriver, output };
  struct Mark {
    std::optional<GcKept::Because> because{};
    How how{};
    std::uint32_t by = 0;                      // the node that keeps it, or the index of its root
  };
  void keep(std::uint32_t node, GcKept::Because because, How how, std::uint32_t by);
  void spread(const PathGraph& graph, GcKept::Because because, bool build_inputs);

  std::vector<Mark> marks_{};
  std::vector<std::uint32_t> open_{};
  std::vector<std::string> roots_{};           // their names
};

// The dead, each after all that refer to it, the oldest of those first: any prefix can go without leaving a dangling
// reference.
std::vector<std::uint32_t> dead_in_order(const PathGraph& graph, const Marks& marks);

}  // namespace swage
