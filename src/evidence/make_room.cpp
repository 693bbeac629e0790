#include "evidence/make_room.hpp"

#include <algorithm>

#include "realise/durations.hpp"
#include "realise/load.hpp"

namespace swage {

namespace {

struct Remnant {
  StorePath path;
  std::uint64_t size = 0;
  double seconds = 0;  // to make it again
};

class Remnants {
 public:
  explicit Remnants(Store& store) : store_(store), durations_(Durations::load(store.work_dir() / "durations")) {}

  Result<void> add(const StorePath& path, const Derivation& drv) {
    if (!known_.insert(path).second) return {};
    derivations.insert(path);
    const double seconds = durations_.expected(drv.name);
    for (const auto& [name, output] : drv.outputs) {
      SWAGE_TRY(const StorePath made, StorePath::parse(output.path));
      SWAGE_TRY(const std::optional<PathInfo> info, store_.query(made));
      if (info) found.push_back({.path = made, .size = info->nar_size, .seconds = seconds});
    }
    return {};
  }

  // Those of records of whatever run, as far as this store has them.
  Result<void> add_recorded(const std::string& text, const StorePathSet& needed) {
    const Result<StorePath> path = StorePath::parse(text);
    if (!path || needed.contains(*path)) return {};
    SWAGE_TRY(const bool valid, store_.is_valid(*path));
    if (!valid) return {};
    SWAGE_TRY(const Derivation drv, store_.read_derivation(*path));
    return add(*path, drv);
  }

  std::vector<Remnant> found{};
  StorePathSet derivations{};

 private:
  Store& store_;
  Durations durations_;
  StorePathSet known_{};
};

}  // namespace

Result<RoomFreed> make_room(Store& store, const Catalog& catalog, const Graph& graph, const std::deque<CellRun>& cells,
                            std::uint64_t wanted) {
  RoomFreed room{.free = disk_free(store.root()).value_or(0)};
  StorePathSet needed, of_done;
  for (const CellRun& cell : cells) {
    StorePathSet& reached = cell.end == CellRun::End::open ? needed : of_done;
    reached.insert(cell.reached.begin(), cell.reached.end());
  }
  Remnants remnants(store);
  for (const StorePath& drv : of_done)
    if (!needed.contains(drv)) SWAGE_CHECK(remnants.add(drv, graph.find(drv)->drv));
  for (const Platform& platform : catalog.platforms()) {
    SWAGE_TRY(const std::vector<EvidenceRow>* rows, catalog.evidence(platform.name));
    for (const EvidenceRow& row : *rows)
      for (const std::string& drv : {row.kernel_drv, row.boot_drv}) SWAGE_CHECK(remnants.add_recorded(drv, needed));
  }
  StorePathSet dropped = remnants.derivations;
  for (const Remnant& one : remnants.found) dropped.insert(one.path);
  SWAGE_CHECK(store.drop_temp_roots(dropped));
  std::vector<Remnant>& found = remnants.found;
  const auto costs = [](const Remnant& one) {
    return one.seconds / static_cast<double>(std::max<std::uint64_t>(one.size, 1));
  };
  std::sort(found.begin(), found.end(), [&](const Remnant& a, const Remnant& b) {
    return std::pair(costs(a), a.path) < std::pair(costs(b), b.path);
  });
  auto next = found.begin();
  do {  // once in any case: a collection also takes what killed processes have left
    GcOptions options{.only = StorePathSet()};
    for (std::uint64_t size = room.free; next != found.end() && size < wanted; ++next) {
      options.only->insert(next->path);
      size += next->size;
    }
    SWAGE_TRY(const GcResult deleted, store.collect_garbage(options));
    room.paths += deleted.deleted.size();
    room.bytes += deleted.bytes_freed;
    room.free = disk_free(store.root()).value_or(0);
  } while (next != found.end() && room.free < wanted);
  return room;
}

}  // namespace swage
