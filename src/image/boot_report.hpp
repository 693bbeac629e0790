// What a board would load from a medium, why, and what is wrong with it: a value, and two ways to write it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace swage {

enum class Severity { error, warning, note };   // error: the board would not start

struct BootFinding {
  Severity severity = Severity::warning;
  std::string id{};                          // for programs: "kernel-missing"
  Error what{};                              // with its place in a file of the medium, where there is one
};

// Something that is loaded, in this order.
struct LoadedFile {
  std::string role{};                        // "kernel", "overlay", ...
  std::string path{};
  std::optional<std::uint64_t> size{};
  std::string why{};                         // "config.txt:4 kernel=", "the first name of this model"
  std::optional<std::uint64_t> address{}, end{};   // in memory, where known; the end exclusive
  std::vector<std::string> parameters{};     // of an overlay or tree, "name=value", in order
  bool assumed = false;                      // by a rule that the vendor's documentation does not say
};

enum class LineState { counts, ignored, unknown, plain };   // plain: nothing to say: comments, blank lines
struct ExplainedLine {
  std::string file{};
  unsigned number = 0;
  std::string text{};
  LineState state = LineState::plain;
  std::string why{};                         // one clause
};

struct BootReport {
  std::string board{}, board_name{};
  bool tryboot = false;
  std::string table{};                       // "MBR"
  std::size_t partitions = 0;                // of the table that is read
  unsigned partition = 0;                    // that it boots from; 0: the whole image, or none
  std::string partition_text{};              // "FAT32 'FIRMWARE', 512.0 MB, 480.1 MB free"; "" none
  std::string partition_why{};
  std::vector<LoadedFile> loads{};
  std::vector<ExplainedLine> lines{};        // of all files of configuration, as they are read
  std::vector<BootFinding> findings{};
  bool starts() const;                       // no finding is an error

  void add(Severity severity, std::string id, Error what) {
    findings.push_back({severity, std::move(id), std::move(what)});
  }
};

// For people. `image`: what to call the medium.
std::string boot_report_text(const BootReport& report, const std::string& image);
// Every key is always there.
Json boot_report_json(const BootReport& report, const std::string& image);

}  // namespace swage
