// Mending a store: what is damaged is had anew, from caches or by building it again.
#pragma once

#include "request/session.hpp"

namespace swage {

struct RepairedPath {
  enum class From : std::uint8_t { cache, build } from{};
  StorePath path;
};
struct RepairResult {
  VerifyResult verified{};                  // what was wrong before, and what stayed in the way
  std::vector<RepairedPath> repaired{};
  std::vector<Error> failed{};              // why paths could not be had anew
  StorePathSet forgotten{};                 // paths that are not valid any more: damaged, or referring to such
};

// Looks at the whole store. A path whose content is damaged or missing is taken from the session's caches, or its
// derivation is built again, and takes its old place when it has the hash that the store knows: whatever refers to it
// stays valid. What cannot be had so is forgotten, with all that refers to it, and made when it is next asked for.
Result<RepairResult> repair_store(Session& session, bool check_contents);

}  // namespace swage
