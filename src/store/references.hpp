// Finds which store paths a byte stream mentions: any run of 32 base-32 digits that equals the hash part of a
// candidate. Source: NixOS/nix src/libstore/references.cc.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "store/store_path.hpp"

namespace swage {

class ReferenceScanner {
 public:
  explicit ReferenceScanner(const StorePathSet& candidates);
  ~ReferenceScanner();
  void update(std::string_view data);   // matches across calls are found too
  StorePathSet found() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace swage
