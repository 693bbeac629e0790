#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "plan/lockfile.hpp"

namespace swage {

namespace {

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// What Debian policy lets a pool path hold; a store name holds all of it but `~`, `:`, `%` and `@`.
bool is_pool_char(char c) { return is_alnum(c) || std::string_view("+-._=~:%@").find(c) != std::string_view::npos; }

constexpr std::size_t kLongestStoreName = 211;

}  // namespace

std::string LockedFile::store_name() const {
  std::string file = path.substr(path.rfind('/') + 1);
  std::replace_if(
      file.begin(), file.end(),
      [](char c) { return !is_alnum(c) && std::string_view("+-._?=").find(c) == std::string_view::npos; }, '-');
  return file;
}

Result<StorePath> LockedFile::store_path() const {
  SWAGE_TRY(const Hash hash, Hash::from_hex(HashAlgo::sha256, sha256));
  return make_fixed_path(store_name(), ContentMethod::flat, hash);
}

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

std::string upstream_version(std::string_view version) {
  if (const auto epoch = version.find(':'); epoch != std::string_view::npos) version.remove_prefix(epoch + 1);
  return std::string(version.substr(0, version.rfind('-')));
}

std::string source_version(std::string_view version) {
  const std::string upstream = upstream_version(version);
  return upstream.find('-') == std::string::npos ? upstream : std::string(version);
}

}  // namespace swage
