#include "store/registry.hpp"

#include <ctime>
#include <fmt/core.h>

#include "base/text.hpp"
#include "store/base32.hpp"

namespace swage {

namespace {

// Schema 10 as Nix creates it: other processes of Nix read and write the same file.
constexpr const char* kSchema = R"sql(
create table if not exists ValidPaths (
    id               integer primary key autoincrement not null,
    path             text unique not null,
    hash             text not null,
    registrationTime integer not null,
    deriver          text,
    narSize          integer,
    ultimate         integer,
    sigs             text,
    ca               text
);
create table if not exists Refs (
    referrer  integer not null,
    reference integer not null,
    primary key (referrer, reference),
    foreign key (referrer) references ValidPaths(id) on delete cascade,
    foreign key (reference) references ValidPaths(id) on delete restrict
);
create index if not exists IndexReferrer on Refs(referrer);
create index if not exists IndexReference on Refs(reference);
create trigger if not exists DeleteSelfRefs before delete on ValidPaths
  begin
    delete from Refs where referrer = old.id and reference = old.id;
  end;
create table if not exists DerivationOutputs (
    drv  integer not null,
    id   text not null,
    path text not null,
    primary key (drv, id),
    foreign key (drv) references ValidPaths(id) on delete cascade
);
create index if not exists IndexDerivationOutputs on DerivationOutputs(path);
)sql";

Result<StorePath> stored_path(std::string_view text) {
  return StorePath::parse(text).map_error([](Error error) {
    error.code = Errc::corrupt;
    return std::move(error).note("while reading the store database");
  });
}

Result<PathInfo> stored_info(const Query& row, StorePath path) {
  PathInfo info{.path = std::move(path)};
  const auto explain = [&](Error error) {
    error.code = Errc::corrupt;
    return std::move(error).note(fmt::format("while reading '{}' from the store database", info.path.str()));
  };
  SWAGE_TRY(info.nar_hash, parse_hash(row.text(1), HashAlgo::sha256).map_error(explain));
  info.registration_time = row.integer(2);
  if (!row.is_null(3)) {
    SWAGE_TRY(info.deriver, StorePath::parse(row.text(3)).map_error(explain));
  }
  info.nar_size = static_cast<std::uint64_t>(row.integer(4));
  info.ultimate = row.integer(5) == 1;
  for (const std::string_view signature : split_words(row.text(6))) info.signatures.emplace_back(signature);
  // A content address of a kind that swage does not make (git, other algorithms) is Nix's business: the path is as
  // valid.
  if (!row.is_null(7))
    if (auto ca = ContentAddress::parse(row.text(7))) info.ca = std::move(*ca);
  return info;
}

enum class Mark : std::uint8_t { unseen, open, done };

// Depth first, without recursion: a batch of derivations may be one long chain.
Result<void> reject_cycles(std::span<const Registration> batch) {
  std::unordered_map<StorePath, std::size_t> index;
  for (std::size_t i = 0; i < batch.size(); ++i) index.emplace(batch[i].info.path, i);
  std::vector<Mark> marks(batch.size(), Mark::unseen);
  std::vector<std::pair<std::size_t, StorePathSet::const_iterator>> stack;
  const auto enter = [&](std::size_t node) {
    marks[node] = Mark::open;
    stack.emplace_back(node, batch[node].info.references.begin());
  };
  for (std::size_t start = 0; start < batch.size(); ++start) {
    if (marks[start] == Mark::unseen) enter(start);
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      if (next == batch[node].info.references.end()) {
        marks[node] = Mark::done;
        stack.pop_back();
        continue;
      }
      const auto target = index.find(*next++);
      if (target == index.end() || target->second == node) continue;
      if (marks[target->second] == Mark::open)
        return fail(Errc::invalid_input, fmt::format("'{}' and '{}' refer to each other", batch[node].info.path.str(),
                                                     target->first.str()));
      if (marks[target->second] == Mark::unseen) enter(target->second);
    }
  }
  return {};
}

}  // namespace

Result<Registry> Registry::open(const fs::path& file, Database::Access access) {
  SWAGE_TRY(Database database, Database::open(file, access));
  return Registry(std::move(database));
}

Result<void> Registry::create_schema() {
  SWAGE_CHECK(database_.execute("pragma journal_mode = wal"));
  SWAGE_TRY(Transaction transaction, Transaction::begin(database_, Transaction::Kind::write));
  SWAGE_CHECK(database_.execute(kSchema));
  return transaction.commit();
}

Result<void> Registry::keep_log_short() { return database_.execute("pragma wal_autocheckpoint = 1"); }

// --- Queries ---

Result<std::optional<std::int64_t>> Registry::id_of(const StorePath& path) {
  const std::string full = path.str();
  SWAGE_TRY(Query row, database_.query("select id from ValidPaths where path = ?"));
  SWAGE_TRY(const bool found, row.bind(full).step());
  return found ? std::optional(row.integer(0)) : std::nullopt;
}

Result<bool> Registry::is_valid(const StorePath& path) {
  SWAGE_TRY(const auto id, id_of(path));
  return id.has_value();
}

Result<StorePathSet> Registry::valid_paths(const StorePathSet& among) {
  SWAGE_TRY(Transaction transaction, Transaction::begin(database_, Transaction::Kind::read));
  StorePathSet valid;
  for (const StorePath& path : among) {
    SWAGE_TRY(const bool is, is_valid(path));
    if (is) valid.insert(valid.end(), path);
  }
  SWAGE_CHECK(transaction.commit());
  return valid;
}

Result<std::optional<PathInfo>> Registry::query(const StorePath& path) {
  const std::string full = path.str();
  SWAGE_TRY(Query row, database_.query("select id, hash, registrationTime, deriver, narSize, ultimate, sigs, ca "
                                       "from ValidPaths where path = ?"));
  SWAGE_TRY(const bool found, row.bind(full).step());
  if (!found) return std::optional<PathInfo>();
  SWAGE_TRY(PathInfo info, stored_info(row, path));
  SWAGE_TRY(info.references, references(path));
  return std::optional(std::move(info));
}

Result<std::vector<StorePath>> Registry::all_paths() {
  std::vector<StorePath> paths;
  SWAGE_TRY(Query row, database_.query("select path from ValidPaths order by path"));
  for (;;) {
    SWAGE_TRY(const bool found, row.step());
    if (!found) return paths;
    SWAGE_TRY(StorePath path, stored_path(row.text(0)));
    paths.push_back(std::move(path));
  }
}

namespace {

Result<StorePathSet> collect(Query row) {
  StorePathSet paths;
  for (;;) {
    SWAGE_TRY(const bool found, row.step());
    if (!found) return paths;
    SWAGE_TRY(StorePath path, stored_path(row.text(0)));
    paths.insert(std::move(path));
  }
}

}  // namespace

Result<StorePathSet> Registry::references(const StorePath& path) {
  const std::string full = path.str();
  SWAGE_TRY(Query row, database_.query("select path from Refs join ValidPaths on reference = id where referrer = "
                                       "(select id from ValidPaths where path = ?)"));
  row.bind(full);
  return collect(std::move(row));
}

Result<StorePathSet> Registry::referrers(const StorePath& path) {
  const std::string full = path.str();
  SWAGE_TRY(Query row, database_.query("select path from Refs join ValidPaths on referrer = id where reference = "
                                       "(select id from ValidPaths where path = ?)"));
  row.bind(full);
  return collect(std::move(row));
}

Result<StorePathSet> Registry::closure(const StorePathSet& of) {
  SWAGE_TRY(Transaction transaction, Transaction::begin(database_, Transaction::Kind::read));
  StorePathSet seen;
  std::vector<StorePath> open;
  for (const StorePath& path : of) {
    SWAGE_TRY(const bool valid, is_valid(path));
    if (!valid) return fail(Errc::invalid_input, fmt::format("'{}' is not in the store", path.str()));
    if (seen.insert(path).second) open.push_back(path);
  }
  while (!open.empty()) {
    const StorePath path = std::move(open.back());
    open.pop_back();
    SWAGE_TRY(const StorePathSet next, references(path));
    for (const StorePath& reference : next)
      if (seen.insert(reference).second) open.push_back(reference);
  }
  SWAGE_CHECK(transaction.commit());
  return seen;
}

Result<std::optional<StorePath>> Registry::from_hash_part(std::string_view hash_part) {
  const std::string prefix = fmt::format("{}/{}-", kStoreDir, hash_part);
  SWAGE_TRY(Query row, database_.query("select path from ValidPaths where path >= ? order by path limit 1"));
  SWAGE_TRY(const bool found, row.bind(prefix).step());
  if (!found || !row.text(0).starts_with(prefix)) return std::optional<StorePath>();
  SWAGE_TRY(StorePath path, stored_path(row.text(0)));
  return std::optional(std::move(path));
}

Result<PathGraph> Registry::graph() {
  SWAGE_TRY(Transaction transaction, Transaction::begin(database_, Transaction::Kind::read));
  PathGraph graph;
  std::unordered_map<std::int64_t, std::uint32_t> by_id;
  std::vector<std::string> derivers;
  {
    SWAGE_TRY(Query row,
              database_.query("select id, path, deriver, narSize, registrationTime from ValidPaths order by path"));
    for (;;) {
      SWAGE_TRY(const bool found, row.step());
      if (!found) break;
      // Rows that are no paths are for verify to report; nothing can be collected by them.
      auto path = StorePath::parse(row.text(1));
      if (!path) continue;
      const auto node = static_cast<std::uint32_t>(graph.paths.size());
      by_id.emplace(row.integer(0), node);
      derivers.emplace_back(row.text(2));
      graph.nar_sizes.push_back(static_cast<std::uint64_t>(row.integer(3)));
      graph.times.push_back(row.integer(4));
      graph.index.emplace(*path, node);
      graph.paths.push_back(std::move(*path));
    }
  }
  graph.references.resize(graph.paths.size());
  graph.derivers.resize(graph.paths.size());
  for (std::size_t i = 0; i < derivers.size(); ++i) {
    const auto deriver = StorePath::parse(derivers[i]);
    if (!deriver) continue;
    if (const auto found = graph.index.find(*deriver); found != graph.index.end()) graph.derivers[i] = found->second;
  }
  graph.outputs.resize(graph.paths.size());
  {
    SWAGE_TRY(Query row, database_.query("select drv, path from DerivationOutputs"));
    for (;;) {
      SWAGE_TRY(const bool found, row.step());
      if (!found) break;
      const auto drv = by_id.find(row.integer(0));
      const auto path = StorePath::parse(row.text(1));
      if (drv == by_id.end() || !path) continue;
      if (const auto output = graph.index.find(*path); output != graph.index.end())
        graph.outputs[drv->second].push_back(output->second);
    }
  }
  SWAGE_TRY(Query row, database_.query("select referrer, reference from Refs"));
  for (;;) {
    SWAGE_TRY(const bool found, row.step());
    if (!found) return graph;
    const auto from = by_id.find(row.integer(0));
    const auto to = by_id.find(row.integer(1));
    if (from != by_id.end() && to != by_id.end()) graph.references[from->second].push_back(to->second);
  }
}

Result<std::vector<std::pair<StorePath, Result<Registry::Content>>>> Registry::contents() {
  std::vector<std::pair<StorePath, Result<Content>>> all;
  SWAGE_TRY(Query row, database_.query("select path, hash, narSize from ValidPaths order by path"));
  for (;;) {
    SWAGE_TRY(const bool found, row.step());
    if (!found) return all;
    auto path = StorePath::parse(row.text(0));
    if (!path) continue;
    Result<Hash> hash = parse_hash(row.text(1), HashAlgo::sha256).map_error([&](Error error) {
      error.code = Errc::corrupt;
      return std::move(error).note(fmt::format("while reading '{}' from the store database", path->str()));
    });
    const auto size = static_cast<std::uint64_t>(row.integer(2));
    all.emplace_back(std::move(*path), hash ? Result<Content>(Content{*hash, size}) : Fail(std::move(hash).error()));
  }
}

// --- Changes ---

Result<std::int64_t> Registry::insert(const Registration& registration) {
  const PathInfo& info = registration.info;
  const std::string path = info.path.str();
  const std::string hash = fmt::format("sha256:{}", info.nar_hash.hex());
  const std::string deriver = info.deriver ? info.deriver->str() : std::string();
  const std::string signatures = join(info.signatures, " ");
  const std::string ca = info.ca ? info.ca->str() : std::string();
  const auto bind_optional = [](Query& query, const std::string& text) {
    text.empty() ? query.bind_null() : query.bind(text);
  };
  SWAGE_TRY(
      Query row,
      database_.query("insert into ValidPaths (path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca) "
                      "values (?, ?, ?, ?, ?, ?, ?, ?)"));
  row.bind(path).bind(hash).bind(info.registration_time ? info.registration_time
                                                        : static_cast<std::int64_t>(std::time(nullptr)));
  bind_optional(row, deriver);
  row.bind(static_cast<std::int64_t>(info.nar_size));
  info.ultimate ? row.bind(std::int64_t{1}) : row.bind_null();
  bind_optional(row, signatures);
  bind_optional(row, ca);
  SWAGE_CHECK(row.run());
  const std::int64_t id = database_.last_insert_id();
  for (const auto& [output, output_path] : registration.outputs) {
    SWAGE_TRY(Query add, database_.query("insert or replace into DerivationOutputs (drv, id, path) values (?, ?, ?)"));
    SWAGE_CHECK(add.bind(id).bind(output).bind(output_path).run());
  }
  return id;
}

Result<void> Registry::add(std::span<const Registration> batch) {
  SWAGE_CHECK(reject_cycles(batch));
  SWAGE_TRY(Transaction transaction, Transaction::begin(database_, Transaction::Kind::write));
  std::vector<std::pair<std::int64_t, const PathInfo*>> added;
  for (const Registration& registration : batch) {
    SWAGE_TRY(const bool valid, is_valid(registration.info.path));
    if (valid) continue;
    SWAGE_TRY(const std::int64_t id, insert(registration));
    added.emplace_back(id, &registration.info);
  }
  for (const auto& [id, info] : added) {
    for (const StorePath& reference : info->references) {
      SWAGE_TRY(const std::optional<std::int64_t> target, id_of(reference));
      if (!target)
        return fail(Errc::invalid_input, fmt::format("'{}' refers to '{}', which is not in the store", info->path.str(),
                                                     reference.str()));
      SWAGE_TRY(Query row, database_.query("insert or replace into Refs (referrer, reference) values (?, ?)"));
      SWAGE_CHECK(row.bind(id).bind(*target).run());
    }
  }
  return transaction.commit();
}

Result<void> Registry::remove(const StorePathSet& paths) {
  SWAGE_TRY(Transaction transaction, Transaction::begin(database_, Transaction::Kind::write));
  std::vector<std::int64_t> ids;
  for (const StorePath& path : paths) {
    SWAGE_TRY(const auto id, id_of(path));
    if (id) ids.push_back(*id);
  }
  // First all references among them, then the paths: the order of the paths does not matter then.
  for (const std::int64_t id : ids) {
    SWAGE_TRY(Query row, database_.query("delete from Refs where referrer = ?"));
    SWAGE_CHECK(row.bind(id).run());
  }
  for (const std::int64_t id : ids) {
    SWAGE_TRY(Query row, database_.query("delete from ValidPaths where id = ?"));
    SWAGE_CHECK(row.bind(id).run());
  }
  return transaction.commit();
}

// --- Damage ---

Result<std::vector<std::pair<std::string, std::string>>> Registry::broken_rows() {
  std::vector<std::pair<std::string, std::string>> broken;
  SWAGE_TRY(
      Query dangling,
      database_.query("select (select path from ValidPaths where id = referrer), reference from Refs where "
                      "reference not in (select id from ValidPaths) or referrer not in (select id from ValidPaths)"));
  for (;;) {
    SWAGE_TRY(const bool found, dangling.step());
    if (!found) break;
    broken.emplace_back(std::string(dangling.text(0)),
                        fmt::format("refers to the unknown row {}", dangling.integer(1)));
  }
  SWAGE_TRY(Query row, database_.query("select path from ValidPaths"));
  for (;;) {
    SWAGE_TRY(const bool found, row.step());
    if (!found) return broken;
    if (auto path = StorePath::parse(row.text(0)); !path)
      broken.emplace_back(std::string(row.text(0)), path.error().what);
  }
}

Result<void> Registry::remove_broken_rows() {
  SWAGE_TRY(const auto broken, broken_rows());
  SWAGE_TRY(Transaction transaction, Transaction::begin(database_, Transaction::Kind::write));
  SWAGE_CHECK(database_.execute("delete from Refs where reference not in (select id from ValidPaths) or "
                                "referrer not in (select id from ValidPaths)"));
  for (const auto& [path, detail] : broken) {
    if (StorePath::parse(path)) continue;
    SWAGE_TRY(Query references,
              database_.query("delete from Refs where (select path from ValidPaths where id = reference) = ?"));
    SWAGE_CHECK(references.bind(path).run());
    SWAGE_TRY(Query row, database_.query("delete from ValidPaths where path = ?"));
    SWAGE_CHECK(row.bind(path).run());
  }
  return transaction.commit();
}

}  // namespace swage
