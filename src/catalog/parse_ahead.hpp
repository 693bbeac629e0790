// Reads and parses files on other cores while the caller works on those before: most of loading a catalog is parsing.
#pragma once

#include <atomic>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "base/files.hpp"
#include "catalog/layer.hpp"
#include "catalog/toml.hpp"

namespace swage {

class ParseAhead {
 public:
  // The largest file first, since the end waits for it. Files that are not there are no error. The layers must live
  // longer than this.
  ParseAhead(const std::vector<Layer>& layers, const std::vector<fs::path>& paths);
  ~ParseAhead();   // waits for what is being parsed; starts nothing more
  ParseAhead(const ParseAhead&) = delete;
  ParseAhead& operator=(const ParseAhead&) = delete;

  // Once for each path. Null: there is no such file. A path that was not announced is parsed here, and while another
  // core parses the one that is wanted, those that wait are. Errors: as parse_file.
  Result<std::optional<TomlDocument>> take(const fs::path& path);

 private:
  struct Job {
    fs::path path;
    std::atomic<bool> started{false};
    std::atomic<bool> done{false};
    std::optional<Result<std::optional<TomlDocument>>> result{};
    bool claim() { return !started.exchange(true); }
    void run(const std::vector<Layer>& layers);
  };
  const std::vector<Layer>& layers_;
  std::deque<Job> jobs_{};   // largest first
  std::atomic<bool> ending_{false};
  std::vector<std::thread> threads_{};
};

// Of the layer that it is below. Null: there is no such file. Errors: as find_text and parse_toml.
Result<std::optional<TomlDocument>> parse_file(const std::vector<Layer>& layers, const fs::path& path);

}  // namespace swage
