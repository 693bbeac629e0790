#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"
#include "plan/lockfile.hpp"

namespace swage {

namespace {

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

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

std::string upstream_version(std::string_view version) {
  if (const auto epoch = version.find(':'); epoch != std::string_view::npos) version.remove_prefix(epoch + 1);
  return std::string(version.substr(0, version.rfind('-')));
}

std::string source_version(std::string_view version) {
  const std::string upstream = upstream_version(version);
  return upstream.find('-') == std::string::npos ? upstream : std::string(version);
}

}  // namespace swage
