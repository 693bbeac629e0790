// Store paths: `<store dir>/<32 base-32 digits>-<name>`, computed as Nix computes them.
// Source of the algorithms: NixOS/nix src/libstore/store-dir-config.cc, path.cc and doc/manual protocols/store-path.md.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace swage {

// The logical store directory. It is part of every hash, so it is the same everywhere; where the files physically are
// is the Store's business (store.hpp).
inline constexpr std::string_view kStoreDir = "/nix/store";

// A validated `<hash>-<name>`. Ordered as Nix orders them (by the whole base name).
class StorePath {
 public:
  // Accepts exactly `<32 nix base-32 digits>-<name>`; the name is 1 to 211 characters of [0-9A-Za-z+-._?=], not `.` or
  // `..`, not starting with `.-` or `..-`.
  static Result<StorePath> parse_base(std::string_view base_name);
  // Accepts `/nix/store/<base name>`.
  static Result<StorePath> parse(std::string_view full_path);

  const std::string& base() const { return base_; }                               // hash-name
  std::string_view hash_part() const { return std::string_view(base_).substr(0, 32); }
  std::string_view name() const { return std::string_view(base_).substr(33); }
  std::string str() const { return std::string(kStoreDir) + "/" + base_; }       // the logical path
  bool is_derivation() const { return base_.ends_with(".drv"); }
  friend auto operator<=>(const StorePath&, const StorePath&) = default;

 private:
  explicit StorePath(std::string base) : base_(std::move(base)) {}
  std::string base_;
};

using StorePathSet = std::set<StorePath>;

Result<void> check_store_name(std::string_view name);

// How a content-addressed path is hashed.
enum class ContentMethod : std::uint8_t {
  text,       // a text file such as a .drv; may have references
  flat,       // the bytes of one file
  recursive,  // the NAR of a tree
};

// A content address, as in the database's and narinfo's `ca` field: `text:sha256:<base32>`, `fixed:sha256:<base32>`,
// `fixed:r:sha256:<base32>`.
struct ContentAddress {
  ContentMethod method = ContentMethod::recursive;
  Hash hash{};
  std::string str() const;
  static Result<ContentAddress> parse(std::string_view text);
  friend bool operator==(const ContentAddress&, const ContentAddress&) = default;
};

// `type:sha256:<inner hex>:/nix/store:name` hashed and folded to 160 bits.
Result<StorePath> make_store_path(std::string_view type, const Hash& inner, std::string_view name);
// Path of a text object (a .drv, a script); `references` are the paths that its content names.
Result<StorePath> make_text_path(std::string_view name, const Hash& content_hash, const StorePathSet& references);
// Path of a fixed file or tree: a download (flat) or a source tree (recursive).
Result<StorePath> make_fixed_path(std::string_view name, ContentMethod method, const Hash& hash,
                                  const StorePathSet& references = {});
// Path of an input-addressed output: name is the derivation's for `out`, `<name>-<output>` else.
Result<StorePath> make_output_path(std::string_view output, const Hash& masked_modulo, std::string_view drv_name);
// Name of an output's path.
std::string output_path_name(std::string_view drv_name, std::string_view output);

}  // namespace swage

template <>
struct std::hash<swage::StorePath> {
  std::size_t operator()(const swage::StorePath& path) const noexcept {
    return std::hash<std::string>{}(path.base());
  }
};
