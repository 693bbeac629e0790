// Which paths can be had whole, and getting them: downloaded at once, registered after what they refer to.
#pragma once

#include <map>
#include <vector>

#include "base/events.hpp"
#include "realise/substituter.hpp"

namespace swage {

// What a substituter has, with what that refers to: a path counts when all of it is valid or can be had.
class Obtainable {
 public:
  Obtainable(Store& store, Substituter& substituter) : store_(store), substituter_(substituter) {}
  // Asks for these, which are not valid, and for what they refer to.
  Result<void> ask(StorePathSet paths);
  bool has(const StorePath& path) const { return whole_.contains(path); }
  // These and what they refer to, as far as it is not valid; what is referred to comes first.
  std::vector<Offer> closure(const StorePathSet& paths) const;

 private:
  void find_whole();

  Store& store_;
  Substituter& substituter_;
  std::map<StorePath, Offer> offers_{};
  StorePathSet asked_{}, valid_{};
  std::map<StorePath, std::size_t> whole_{};   // place in an order in which references come first
};

// Gets offers, of which references come first. What could not be had, and what refers to it, is left out: that is no
// error. Returns what is valid by it.
Result<StorePathSet> substitute(Store& store, Substituter& substituter, const std::vector<Offer>& offers,
                                unsigned downloads, Reporter& reporter);

}  // namespace swage
