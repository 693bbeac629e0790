#include "cache/cache_memory.hpp"

#include <ctime>
#include <unistd.h>

namespace swage {

namespace {

constexpr const char* kAnswersTable = R"(
  pragma journal_mode = wal;
  pragma synchronous = off;
  create table if not exists answers (
    cache text not null, name text not null, content text, at integer not null, primary key (cache, name)
  ) without rowid;)";

}  // namespace

CacheMemory::CacheMemory(const fs::path& file) {
  if (file.empty() || open(file)) return;
  // It may be broken. What it knew can be asked again.
  database_.reset();
  for (const char* suffix : {"", "-wal", "-shm"}) ::unlink((file.string() + suffix).c_str());
  if (!open(file)) database_.reset();
}

Result<void> CacheMemory::open(const fs::path& file) {
  SWAGE_CHECK(make_directories(file.parent_path()));
  SWAGE_TRY(database_, Database::open(file, Database::Access::create));
  SWAGE_CHECK(database_->execute(kAnswersTable));
  SWAGE_TRY(Query old,
            database_->query("delete from answers where at < ? - case when content is null then ? else ? end"));
  return old.bind(std::time(nullptr)).bind(kAbsent).bind(kPresent).run();
}

Result<CacheMemory::Answers> CacheMemory::read(const std::string& cache, const std::vector<std::string>& names) {
  Answers answers;
  SWAGE_TRY(const Transaction transaction, Transaction::begin(*database_, Transaction::Kind::read));
  const std::int64_t now = std::time(nullptr);
  for (const std::string& name : names) {
    SWAGE_TRY(Query query, database_->query("select content, at from answers where cache = ? and name = ?"));
    SWAGE_TRY(const bool known, query.bind(cache).bind(name).step());
    // A clock that was set back makes answers of the future: they count for nothing.
    const std::int64_t age = known ? now - query.integer(1) : 0;
    if (!known || age < 0 || age > (query.is_null(0) ? kAbsent : kPresent)) continue;
    std::optional<std::string>& answer = answers[name];
    if (!query.is_null(0)) answer = query.text(0);
  }
  return answers;
}

Result<void> CacheMemory::write(const std::string& cache, const Answers& answers) {
  SWAGE_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  for (const auto& [name, content] : answers) {
    SWAGE_TRY(Query query, database_->query("insert or replace into answers values (?, ?, ?, ?)"));
    query.bind(cache).bind(name);
    if (content) query.bind(*content);
    else query.bind_null();
    SWAGE_CHECK(query.bind(std::time(nullptr)).run());
  }
  return transaction.commit();
}

CacheMemory::Answers CacheMemory::recall(const std::string& cache, const std::vector<std::string>& names) {
  const std::lock_guard lock(mutex_);
  if (!database_) return {};
  return read(cache, names).value_or(Answers{});
}

void CacheMemory::remember(const std::string& cache, const Answers& answers) {
  const std::lock_guard lock(mutex_);
  if (database_ && !answers.empty()) (void)write(cache, answers);
}

void CacheMemory::forget(const std::string& cache, const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (!database_) return;
  Result<Query> query = database_->query("delete from answers where cache = ? and name = ?");
  if (query) (void)query->bind(cache).bind(name).run();
}

}  // namespace swage
