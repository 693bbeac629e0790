#include "request/store_words.hpp"

#include <fmt/core.h>

namespace swage {

Result<StorePath> find_store_path(Store& store, const std::string& text) {
  std::string base = text;
  std::error_code error;
  if (fs::is_symlink(text, error)) {
    SWAGE_TRY(base, swage::read_symlink(text));
  }
  const std::string below = "/nix/store/";
  if (const auto at = base.rfind(below); at != std::string::npos) base = base.substr(at + below.size());
  base = base.substr(0, base.find('/'));
  Result<StorePath> path = StorePath::parse_base(base);
  if (!path) {
    const bool names_file = text.find('/') != std::string::npos && !text.starts_with(below);
    const bool is_there = fs::exists(fs::symlink_status(text, error));
    return Fail(Error{
        .what = fmt::format("'{}' {}", text, names_file && !is_there ? "does not exist" : "is not a store path")});
  }
  SWAGE_TRY(const bool valid, store.is_valid(*path));
  if (!valid) return fail(Errc::invalid_input, fmt::format("'{}' is not valid in this store", path->str()));
  return path;
}

}  // namespace swage
