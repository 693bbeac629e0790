#include "request/store_words.hpp"

#include <fmt/core.h>

namespace swage {

namespace {
constexpr std::string_view kBelowStore = "/nix/store/";
}

bool looks_like_store_path(const std::string& text) {
  if (text.starts_with('/') || text.starts_with('.') || text.find(kBelowStore) != text.npos) return true;
  std::error_code error;
  if (fs::is_symlink(text, error)) {
    const Result<std::string> target = swage::read_symlink(text);
    return target && target->find(kBelowStore) != std::string::npos;
  }
  return StorePath::parse_base(text).has_value();
}

Result<StorePath> parse_store_word(const std::string& text) {
  std::string base = text;
  std::error_code error;
  if (fs::is_symlink(text, error)) {
    SWAGE_TRY(base, swage::read_symlink(text));
  }
  if (const auto at = base.rfind(kBelowStore); at != std::string::npos) base = base.substr(at + kBelowStore.size());
  base = base.substr(0, base.find('/'));
  Result<StorePath> path = StorePath::parse_base(base);
  if (path) return path;
  const bool names_file = text.find('/') != std::string::npos && !text.starts_with(kBelowStore);
  const bool is_there = fs::exists(fs::symlink_status(text, error));
  return Fail(Error{
      .what = fmt::format("'{}' {}", text, names_file && !is_there ? "does not exist" : "is not a store path")});
}

Result<StorePath> find_store_path(Store& store, const std::string& text) {
  SWAGE_TRY(StorePath path, parse_store_word(text));
  SWAGE_TRY(const bool valid, store.is_valid(path));
  if (!valid) return fail(Errc::invalid_input, fmt::format("'{}' is not valid in this store", path.str()));
  return path;
}

}  // namespace swage
