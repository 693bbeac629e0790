// A thin owner of an SQLite connection: errors as values, statements prepared once and reset after use, writers that
// wait for each other. For this layer and for what src/cache remembers; one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "base/files.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace swage {

class Database;

// One run of a prepared statement. Reset when it goes, so that it holds no read lock.
class Query {
 public:
  Query(Database& database, sqlite3_stmt* statement) : database_(&database), statement_(statement) {}
  Query(Query&& other) noexcept
      : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)), next_(other.next_) {}
  Query& operator=(Query&&) = delete;
  ~Query();

  // Parameters in their order. Text is not copied: it must live as long as the query.
  Query& bind(std::string_view text);
  Query& bind(std::int64_t value);
  Query& bind_null();
  Result<bool> step();   // true: a row is there
  Result<void> run();    // steps to the end

  std::string_view text(int column) const;   // valid until the next step; "" for NULL
  std::int64_t integer(int column) const;
  bool is_null(int column) const;

 private:
  Database* database_;
  sqlite3_stmt* statement_;
  int next_ = 1;
};

class Database {
 public:
  enum class Access { create, read_write, read_only };
  // read_only falls back to an immutable view where not even the lock files can be written.
  static Result<Database> open(const fs::path& file, Access access);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  Result<void> execute(const char* sql);      // any number of statements, no results
  // `sql` must be a literal: statements are remembered by its address.
  Result<Query> query(const char* sql);
  std::int64_t last_insert_id() const;

  // `failed` is an SQLite result code; reads the connection's message.
  Fail error(int failed) const;

 private:
  Database(sqlite3* handle, fs::path file) : handle_(handle), file_(std::move(file)) {}
  sqlite3* handle_ = nullptr;
  fs::path file_;
  std::unordered_map<const void*, sqlite3_stmt*> statements_{};
};

// Adds what to do about a database that is beyond use.
Error with_way_out(Error error, const fs::path& database);

// Rolled back unless committed. `write` takes the write lock at once and waits for other writers; `read` gives a batch
// of queries one view of the database and saves them a lock each.
class Transaction {
 public:
  enum class Kind { read, write };
  static Result<Transaction> begin(Database& database, Kind kind);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace swage
