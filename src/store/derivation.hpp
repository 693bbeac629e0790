// Derivations (.drv files): the ATerm text form, the hash modulo that output paths come from, and the checks that Nix
// makes. Source: NixOS/nix src/libstore/derivation/{aterm,modulo,output}.cc and derivations.cc.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/store_path.hpp"

namespace swage {

struct DerivationOutput {
  std::string path{};       // full logical path; "" while masked
  std::string hash_algo{};  // "", or for fixed outputs "sha256", "r:sha256", ...
  std::string hash{};       // base16; "" unless fixed
  friend bool operator==(const DerivationOutput&, const DerivationOutput&) = default;
};

struct Derivation {
  std::string name{};       // without .drv; not in the ATerm, it comes from the .drv path (and env.name)
  std::map<std::string, DerivationOutput> outputs{};
  std::map<StorePath, std::set<std::string>> input_drvs{};  // .drv -> wanted outputs
  StorePathSet input_srcs{};
  std::string system{};
  std::string builder{};
  std::vector<std::string> args{};
  std::map<std::string, std::string> env{};

  bool is_fixed() const;    // exactly one output `out` with a hash
  friend bool operator==(const Derivation&, const Derivation&) = default;
};

// The exact bytes of the .drv file.
std::string unparse(const Derivation& drv);
// Reads those bytes back. Errc::corrupt with the byte offset on any deviation from the grammar.
Result<Derivation> parse_derivation(std::string_view text, std::string_view name);

// hashDerivationModulo of derivations as inputs, memoised by .drv path. A cache must have seen every input before a
// derivation that uses it.
class ModuloCache {
 public:
  const Hash* find(const StorePath& drv) const;
  void insert(const StorePath& drv, const Hash& hash);

 private:
  std::unordered_map<StorePath, Hash> hashes_;
};

// A derivation whose output paths are filled in, with its own .drv path and its hash for use as an input.
struct FinishedDerivation {
  Derivation drv{};
  StorePath path;           // of the .drv file
  std::string text{};       // its bytes
};

// Fills in the output paths (and the environment variables of the same name), computes the .drv path and remembers the
// hash in `cache`. `drv.outputs` comes with empty paths; fixed outputs with hash_algo and hash. All inputs must be in
// the cache. This is the only way the planner makes a .drv.
Result<FinishedDerivation> finish_derivation(Derivation drv, ModuloCache& cache);

// What Nix checks when it reads a .drv: fixed and input-addressed output paths recomputed and equal, and the
// environment variables of outputs equal to the paths.
Result<void> check_derivation(const Derivation& drv, const ModuloCache& cache);

StorePath derivation_path(const Derivation& drv, std::string_view text);

}  // namespace swage
