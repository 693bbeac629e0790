#include "store/database.hpp"

#include <cerrno>
#include <fmt/core.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"

namespace swage {

namespace {

// Called by SQLite while another process holds the lock it needs. Waits as long as it takes, in growing steps, but not
// for ever: a lock that is held for ten minutes belongs to something that hangs.
int wait_for_lock(void*, int tries) {
  constexpr int kLongest = 50'000;
  if (interrupted() || tries > 10 * 60 * 1'000'000 / kLongest) return 0;
  ::usleep(static_cast<useconds_t>(tries < 8 ? 500 << tries : kLongest));
  return 1;
}

std::string uri(const fs::path& file, std::string_view query) {
  std::string out = "file:";
  for (const char c : file.string()) {
    if (c == '%' || c == '?' || c == '#')
      out += fmt::format("%{:02x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out.append(query);
}

}  // namespace

// --- Query ---

Query::~Query() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::bind(std::string_view text) {
  // A bind fails only for a wrong index, which is a bug that the first test of the statement finds.
  sqlite3_bind_text64(statement_, next_++, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Query& Query::bind(std::int64_t value) {
  sqlite3_bind_int64(statement_, next_++, value);
  return *this;
}

Query& Query::bind_null() {
  sqlite3_bind_null(statement_, next_++);
  return *this;
}

Result<bool> Query::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->error(code);
}

Result<void> Query::run() {
  for (;;) {
    SWAGE_TRY(const bool row, step());
    if (!row) return {};
  }
}

std::string_view Query::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (!bytes) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }
bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

// --- Database ---

Result<Database> Database::open(const fs::path& file, Access access) {
  const auto open_as = [&](const std::string& name, int flags) -> Result<Database> {
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database(handle, file);
    if (code != SQLITE_OK) return database.error(code);
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_handler(handle, wait_for_lock, nullptr);
    return database;
  };
  if (access != Access::read_only) {
    const int flags = SQLITE_OPEN_READWRITE | (access == Access::create ? SQLITE_OPEN_CREATE : 0);
    SWAGE_TRY(Database database, open_as(uri(file, ""), flags));
    // normal: a power cut may lose the last registrations, never break the database; what they named is then litter.
    SWAGE_CHECK(
        database.execute("pragma foreign_keys = 1; pragma synchronous = normal; pragma wal_autocheckpoint = 4000"));
    return database;
  }
  // A reader of a write-ahead log needs the shared memory file beside it. On a read-only file system there is none, and
  // nobody can be writing either.
  SWAGE_TRY(Database database, open_as(uri(file, ""), SQLITE_OPEN_READONLY));
  if (database.execute("select 1 from sqlite_master")) return database;
  return open_as(uri(file, "?immutable=1"), SQLITE_OPEN_READONLY);
}

Database::Database(Database&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      file_(std::move(other.file_)),
      statements_(std::move(other.statements_)) {
  other.statements_.clear();
}

Database& Database::operator=(Database&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(file_, other.file_);
  std::swap(statements_, other.statements_);
  return *this;
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Result<void> Database::execute(const char* sql) {
  if (const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); code != SQLITE_OK) return error(code);
  return {};
}

Result<Query> Database::query(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (!statement) {
    if (const int code = sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
        code != SQLITE_OK)
      return error(code);
  }
  return Query(*this, statement);
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(handle_); }

Fail Database::error(int failed) const {
  if (interrupted() && (failed & 0xff) == SQLITE_BUSY) return fail(Errc::interrupted, "interrupted");
  const int primary = failed & 0xff;
  const std::string_view message = handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(failed);
  const bool of_the_system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
  const int os_error = primary == SQLITE_FULL ? ENOSPC : of_the_system && handle_ ? sqlite3_system_errno(handle_) : 0;
  if (os_error != 0)
    return fail_errno(fmt::format("database '{}' cannot be used: {}", file_.string(), message), os_error);
  Error error{.code = Errc::environment,
              .what = fmt::format("database '{}' cannot be used: {}", file_.string(), message)};
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_ERROR || primary == SQLITE_CONSTRAINT)
    error.code = Errc::corrupt;
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || message.starts_with("no such table"))
    return Fail(with_way_out(std::move(error), file_));
  return Fail(std::move(error));
}

Error with_way_out(Error error, const fs::path& database) {
  // <root>/nix/var/nix/db/db.sqlite
  fs::path root = database.parent_path();
  for (int up = 0; up < 4; ++up) root = root.parent_path();
  error.hint = fmt::format("make a new one of what the store has: swage store rebuild-database --home {}",
                           shell_quoted(root.string()));
  return error;
}

// --- Transaction ---

Result<Transaction> Transaction::begin(Database& database, Kind kind) {
  SWAGE_CHECK(database.execute(kind == Kind::write ? "begin immediate" : "begin"));
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_) (void)database_->execute("rollback");
}

Result<void> Transaction::commit() {
  SWAGE_CHECK(database_->execute("commit"));
  database_ = nullptr;
  return {};
}

}  // namespace swage
