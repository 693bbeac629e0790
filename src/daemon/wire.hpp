// The bytes of the Nix daemon's worker protocol: 64-bit little-endian numbers, strings as in NARs (length, bytes, zeros
// to a multiple of 8), lists as a number and that many items, frames as a number and that many bytes without padding.
// Source: NixOS/nix src/libutil/serialise.cc, src/libstore/common-protocol.cc.
//
// What is read is bounded: no number in the stream makes an allocation, and whatever goes beyond its bound, is
// malformed or is over too early ends as Errc::corrupt with what it was and the byte where it was.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/nar.hpp"
#include "store/store_path.hpp"

namespace swage {

inline constexpr std::size_t kLongestPath = 255;         // of "/nix/store/", 32 digits, "-" and a name of 211
inline constexpr std::size_t kMostPaths = 1'000'000;     // in one list
inline constexpr std::size_t kLongestText = 16'000'000;  // a message, a line of a log

class WireReader {
 public:
  // `name` is of who sends, for messages.
  WireReader(ByteSource source, std::string name);

  // `what` names the thing in errors: "the number of paths".
  Result<std::uint64_t> number(std::string_view what);
  Result<std::uint64_t> number(std::string_view what, std::uint64_t most);
  Result<bool> boolean(std::string_view what);                            // 0 or 1
  Result<std::string> text(std::string_view what, std::size_t most = kLongestText);
  Result<std::vector<std::string>> texts(std::string_view what, std::size_t most, std::size_t longest);
  Result<StorePath> path(std::string_view what);
  Result<std::optional<StorePath>> optional_path(std::string_view what);  // "" is none
  Result<StorePathSet> paths(std::string_view what);
  // Bytes as they are, of a NAR: at least one and at most `size`.
  Result<std::size_t> some(char* buffer, std::size_t size, std::string_view what);

  const std::string& name() const { return name_; }
  Fail broken(std::string_view why) const;   // at the byte where the reader is

 private:
  Result<void> exactly(char* out, std::size_t size, std::string_view what);
  Result<void> padding(std::uint64_t size, std::string_view what);

  ByteSource source_;
  std::string name_;
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t at_ = 0;   // bytes read of the whole stream
};

// Puts together what is sent.
class WireWriter {
 public:
  WireWriter& number(std::uint64_t value);
  WireWriter& text(std::string_view bytes);
  WireWriter& texts(const std::vector<std::string>& all);
  WireWriter& path(const StorePath& path) { return text(path.str()); }
  WireWriter& paths(const StorePathSet& all);
  WireWriter& frame(std::string_view bytes);   // none of no bytes: that is the end of all frames
  WireWriter& end_of_frames() { return number(0); }

  const std::string& bytes() const { return bytes_; }
  void clear() { bytes_.clear(); }

 private:
  std::string bytes_{};
};

}  // namespace swage
