#include "plan/reduced_lock.hpp"

#include <algorithm>
#include <set>

namespace swage {

namespace {

using Sha256Set = std::set<std::string, std::less<>>;

const std::string* sha256_of(const Source& source) {
  if (const auto* download = std::get_if<Source::Download>(&source.how)) return &download->sha256;
  if (const auto* member = std::get_if<Source::Member>(&source.how)) return &member->package.sha256;
  return nullptr;
}

// The files that each derivation reached takes, one set for each.
std::vector<Sha256Set> files_by_derivation(const Graph& graph, const std::vector<StorePath>& wanted) {
  StorePathSet reached;
  for (const StorePath& drv : wanted)
    for (StorePath& path : graph.closure(drv)) reached.insert(std::move(path));
  std::vector<Sha256Set> taken;
  for (const StorePath& path : reached) {
    Sha256Set& files = taken.emplace_back();
    for (const StorePath& source : graph.find(path)->drv.input_srcs)
      if (const auto at = graph.sources.find(source); at != graph.sources.end())
        if (const std::string* sha256 = sha256_of(at->second)) files.insert(*sha256);
  }
  return taken;
}

template <class Value>
bool same(const Value& one, const Value& other) {
  return one == other;
}
// That it was seen again is no contradiction.
bool same(const LockedFile& one, const LockedFile& other) { return one.is(other); }

// Whether `whole` says where all files of `part` were seen that say it themselves.
bool knows_days(const std::map<std::string, LockedFile>& whole, const std::map<std::string, LockedFile>& part) {
  return std::all_of(part.begin(), part.end(),
                     [&](const auto& entry) { return entry.second.day.empty() || !whole.at(entry.first).day.empty(); });
}

template <class Map>
bool contains_all(const Map& whole, const Map& part) {
  return std::all_of(part.begin(), part.end(), [&](const auto& entry) {
    const auto at = whole.find(entry.first);
    return at != whole.end() && same(at->second, entry.second);
  });
}

template <class Map>
bool agree(const Map& one, const Map& other) {
  return std::all_of(one.begin(), one.end(), [&](const auto& entry) {
    const auto at = other.find(entry.first);
    return at == other.end() || same(at->second, entry.second);
  });
}

}  // namespace

Lockfile reduced_lock(const Lockfile& lock, const Graph& graph, const std::vector<StorePath>& wanted) {
  const std::vector<Sha256Set> taken = files_by_derivation(graph, wanted);
  const auto by_one = [&](const std::vector<std::string>& files) {
    return std::any_of(taken.begin(), taken.end(), [&](const Sha256Set& of) {
      return std::all_of(files.begin(), files.end(), [&](const std::string& file) { return of.contains(file); });
    });
  };
  Lockfile reduced{.created = lock.created};
  const auto keep_file = [&](const std::string& sha256) {
    if (const auto file = lock.files.find(sha256); file != lock.files.end()) reduced.files.insert(*file);
  };
  for (const auto& [key, set] : lock.sets) {
    if (!by_one(set.files)) continue;
    reduced.sets.emplace(key, set);
    for (const std::string& file : set.files) keep_file(file);
  }
  for (const auto& [key, sha256] : lock.sources)
    if (by_one({sha256})) {
      reduced.sources.emplace(key, sha256);
      keep_file(sha256);
    }
  for (const auto& [url, sha256] : lock.archives)
    if (by_one({sha256})) reduced.archives.emplace(url, sha256);
  for (const auto& [key, seed] : lock.seeds)
    if (by_one({seed.sha256})) {
      reduced.seeds.emplace(key, seed);
      keep_file(seed.sha256);
    }
  return reduced;
}

void add_missing_roots(Lockfile& record, const Lockfile& today) {
  for (const auto& [key, set] : today.sets) {
    if (!key.starts_with("root:") || !record.sets.emplace(key, set).second) continue;
    for (const std::string& sha256 : set.files)
      if (const auto file = today.files.find(sha256); file != today.files.end()) {
        const auto [at, added] = record.files.insert(*file);
        if (added && at->second.day.empty()) at->second.day = today.created;   // the record's is another
      }
  }
}

bool covers(const Lockfile& whole, const Lockfile& part) {
  return contains_all(whole.files, part.files) && knows_days(whole.files, part.files) &&
         contains_all(whole.sets, part.sets) && contains_all(whole.sources, part.sources) &&
         contains_all(whole.seeds, part.seeds) &&
         contains_all(whole.archives, part.archives);
}

std::optional<Lockfile> joined(const Lockfile& one, const Lockfile& other) {
  if (one.created != other.created || !agree(one.files, other.files) || !agree(one.sets, other.sets) ||
      !agree(one.sources, other.sources) || !agree(one.seeds, other.seeds) || !agree(one.archives, other.archives))
    return std::nullopt;
  Lockfile both = one;
  for (const auto& [sha256, file] : other.files) {
    LockedFile& known = both.files.emplace(sha256, file).first->second;
    if (known.day.empty()) known = file;
  }
  both.sets.insert(other.sets.begin(), other.sets.end());
  both.sources.insert(other.sources.begin(), other.sources.end());
  both.seeds.insert(other.seeds.begin(), other.seeds.end());
  both.archives.insert(other.archives.begin(), other.archives.end());
  return both;
}

}  // namespace swage
