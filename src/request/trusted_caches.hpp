// Whose work may enter the store without being made here, as far as a swage.toml says it. Such a file comes with
// whatever is checked out, so the keys that it names, and that none is needed, count once the user has said so:
// `trusted-caches` in the home has a line for each,
//
//   key NAME:BASE64
//   unsigned /the/workspace
#pragma once

#include <set>

#include "base/files.hpp"
#include "cache/signing_key.hpp"

namespace swage {

class TrustedCaches {
 public:
  // Nothing is trusted where there is no such file. Errc::corrupt: a line is none of these.
  static Result<TrustedCaches> read(const fs::path& home);

  bool has(const PublicKey& key) const { return lines_.contains("key " + key.str()); }
  bool has_unsigned(const fs::path& workspace) const { return lines_.contains("unsigned " + workspace.string()); }
  void add(const PublicKey& key) { lines_.insert("key " + key.str()); }
  void add_unsigned(const fs::path& workspace) { lines_.insert("unsigned " + workspace.string()); }
  Result<void> write() const;

 private:
  fs::path file_{};
  std::set<std::string> lines_{};
};

}  // namespace swage
