// How long derivations took, by name, so that the next run starts the longest path first. A text file `<seconds>
// <name>` a line; a hint only: what cannot be read is ignored. Several processes merge their findings.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/files.hpp"

namespace swage {

class Durations {
 public:
  static Durations load(const fs::path& file);
  std::optional<double> find(const std::string& name) const;   // seconds, when it was built here
  double expected(const std::string& name) const;       // seconds; a guess for what was never built
  void record(const std::string& name, double seconds);
  // Adds what was recorded here to what the file holds by now.
  Result<void> save() const;

 private:
  explicit Durations(fs::path file) : file_(std::move(file)) {}
  fs::path file_;
  std::map<std::string, double> known_{};
  std::map<std::string, double> fresh_{};
};

}  // namespace swage
