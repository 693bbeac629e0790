// Finding hash parts in a stream. A window of 32 digits is examined from its last byte backwards: a byte outside the
// alphabet rules out every window that holds it, so the search jumps behind it, 28 bytes on average in text and 31 in
// machine code. Bytes known to be digits are not looked at again, so a long run of digits costs one look per byte. A
// window of digits only is first looked up in a 64 Ki-bit filter keyed by its first four bytes.
#include "store/references.hpp"

#include <array>
#include <bitset>
#include <cstring>
#include <unordered_map>

#include "store/base32.hpp"

namespace swage {

namespace {

constexpr std::size_t kWindow = 32;

std::array<bool, 256> digit_table() {
  std::array<bool, 256> table{};
  for (unsigned c = 0; c < table.size(); ++c) table[c] = is_base32_digit(static_cast<char>(c));
  return table;
}

std::size_t filter_key(const char* window) {
  std::uint32_t head = 0;
  std::memcpy(&head, window, sizeof head);
  return (head * 2654435761u) >> 16;
}

}  // namespace

struct ReferenceScanner::State {
  std::array<bool, 256> is_digit = digit_table();
  std::bitset<65536> filter{};
  // Not yet found; keys point into `candidates`. Paths that differ in the name only are all found by their hash.
  std::unordered_multimap<std::string_view, const StorePath*> wanted{};
  StorePathSet candidates{};
  StorePathSet found{};
  std::string tail{};  // the last kWindow - 1 bytes seen

  void scan(std::string_view text) {
    std::size_t at = 0;
    std::size_t known = 0;  // text[at, known) are digits
    while (at + kWindow <= text.size() && !wanted.empty()) {
      const std::size_t end = at + kWindow;
      std::size_t look = end;
      while (look > known && is_digit[static_cast<unsigned char>(text[look - 1])]) --look;
      const bool clean = look <= known;
      known = end;
      if (!clean) {
        at = look;
        continue;
      }
      if (filter[filter_key(text.data() + at)]) match(text.substr(at, kWindow));
      ++at;
    }
  }

  void match(std::string_view window) {
    const auto [first, last] = wanted.equal_range(window);
    for (auto hit = first; hit != last; ++hit) found.insert(*hit->second);
    wanted.erase(first, last);
  }
};

ReferenceScanner::ReferenceScanner(const StorePathSet& candidates) : state_(std::make_unique<State>()) {
  state_->candidates = candidates;
  for (const StorePath& path : state_->candidates) {
    state_->wanted.emplace(path.hash_part(), &path);
    state_->filter.set(filter_key(path.hash_part().data()));
  }
}

ReferenceScanner::~ReferenceScanner() = default;

void ReferenceScanner::update(std::string_view data) {
  std::string& tail = state_->tail;
  constexpr std::size_t keep = kWindow - 1;
  const std::string seam = tail + std::string(data.substr(0, keep));
  state_->scan(seam);
  if (data.size() >= keep) {
    state_->scan(data);
    tail = data.substr(data.size() - keep);
  } else {
    tail = seam.size() > keep ? seam.substr(seam.size() - keep) : seam;
  }
}

StorePathSet ReferenceScanner::found() const { return state_->found; }

}  // namespace swage
