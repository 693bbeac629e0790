#include "catalog/pool_path.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {

namespace {

constexpr std::string_view kPoolScheme = "debian:";

// What Debian policy lets a pool path hold; a store name holds all of it but `~`, `:`, `%` and `@`.
bool is_pool_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("+-._=~:%@").find(c) != std::string_view::npos;
}

constexpr std::size_t kLongestStoreName = 211;

}  // namespace

Result<void> check_pool_path(std::string_view path) {
  const auto bad = [&](std::string_view why) {
    return fail(Errc::invalid_input, fmt::format("'{}' is not a path below a mirror: {}", path, why));
  };
  if (path.empty()) return bad("it is empty");
  if (path.front() == '/') return bad("it is absolute");
  if (path.find("://") != std::string_view::npos) return bad("it names a host");
  std::string_view last;
  for (std::string_view part : split(path, '/')) {
    if (part.empty()) return bad("it has an empty part");
    if (part == "." || part == "..") return bad(fmt::format("it has the part '{}'", part));
    if (!std::all_of(part.begin(), part.end(), is_pool_char)) return bad("it has a character that no package file has");
    last = part;
  }
  if (last.front() == '.') return bad("its file name starts with a dot");
  if (last.size() > kLongestStoreName)
    return bad(fmt::format("its file name is longer than {} characters", kLongestStoreName));
  return {};
}

std::optional<std::string_view> pool_path_of(std::string_view url) {
  if (!url.starts_with(kPoolScheme)) return std::nullopt;
  return url.substr(kPoolScheme.size());
}

}  // namespace swage
