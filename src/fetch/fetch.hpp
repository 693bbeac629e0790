// Downloads: libcurl, several at once, resumed and retried, checked against the pinned sha256 before anything is
// visible.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/events.hpp"
#include "fetch/traffic.hpp"
#include "plan/graph.hpp"
#include "store/store.hpp"

namespace swage {

// Who still has what an archive of the distribution had on a day: an [[archive]] of the catalog.
struct OldArchive {
  std::string name{};
  std::vector<std::string> urls{};          // with {day}, {next_day} and {path}
};

struct FetchOptions {
  std::vector<std::string> by_hash{};       // base URLs of mirrors (mirror.hpp), asked before all else
  std::vector<std::string> mirrors{};       // base URLs for pool paths, from host_mirrors()
  std::vector<OldArchive> old{};            // asked last, by the day of which a file is
  bool offline = false;                     // only files of this machine are asked for
  // For the mirrors, from host_proxies(): a URL, or `DIRECT` for none. Empty: as the environment says (http_proxy,
  // ...), which is what holds for all other URLs.
  std::string http_proxy{};
  std::string https_proxy{};
  // Per URL, on errors that may pass (time-outs, 5xx, broken connections). A try that brought 64 KiB or more does not
  // count.
  unsigned tries = 4;
  unsigned connect_timeout = 15;            // seconds
  unsigned stall_timeout = 60;              // seconds without a byte
  double first_delay = 0.5;                 // seconds before the second try; doubles
  std::uint64_t largest_unsized = 8'000'000'000;   // bytes of a download whose size is not pinned: no server fills the
                                                   // disk
  Traffic* traffic = nullptr;               // counts what arrives; null: nobody does
};

// Thread-safe. Partial downloads stay in <work_dir>/downloads/<sha256>.part and are resumed by the next try or run.
class Fetcher {
 public:
  Fetcher(Store& store, FetchOptions options, Reporter& reporter);
  ~Fetcher();
  // Makes source.path valid; of a Tree a mirror has the NAR. Errc::hash_mismatch shows both hashes, Errc::environment
  // every URL tried and why it failed (mirrors' hosts are shown to the user, never stored). A source that has other
  // bytes is told and passed over; one that does not answer is left out for some minutes, where a file has another one.
  Result<void> fetch(const Source& source, std::uint64_t job_id);
  // The verified bytes of a download as a file in the store (also used when making a lock).
  Result<StorePath> download(const Source::Download& what, std::string_view store_name, std::uint64_t job_id);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Takes the regular file `member` out of a .deb (ar of control.tar.* and data.tar.*, any compression libarchive reads)
// and writes it to `target` with mode 0555. Rejects truncated archives and anything that is not a plain file
// (Errc::corrupt). Errors call the package `shown_name`, or by its file name.
Result<void> extract_deb_member(const fs::path& deb, std::string_view member, const fs::path& target,
                                std::string_view shown_name = {});

// The same as a tree `target` with the program as bin/<name>: busybox takes its part from the name it is called by, and
// the name of a store object begins with its hash.
Result<void> extract_deb_program(const fs::path& deb, std::string_view member, const fs::path& target,
                                 std::string_view shown_name = {});

// Unpacks any archive libarchive reads below `target` (for `--src FILE`): refuses absolute names, `..`, entries that
// would be written through a symlink, and device nodes; strips one leading directory when all entries share it; refuses
// what holds nothing. On an error nothing is left at `target`. Builds read archives the same way:
// scripts/sources/unpack.sh. Errors call the archive `shown_name`, or by its file name.
Result<void> extract_archive(const fs::path& archive, const fs::path& target, std::string_view shown_name = {});

}  // namespace swage
