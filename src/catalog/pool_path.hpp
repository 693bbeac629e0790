// Files of a distribution's pool, which the mirrors of the host have: no table names a mirror.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.hpp"

namespace swage {

// Whether `path` can be appended to a mirror's URL: relative, no empty, `.` or `..` part, no scheme, and a file name
// that a store object can have.
Result<void> check_pool_path(std::string_view path);

// Of `debian:pool/main/l/linux/linux_5.10.28.orig.tar.xz` among the `urls` of a row, what is below the mirrors;
// nothing: an ordinary URL. Mirrors keep archives of what suites had before, for as long as it pleases them.
std::optional<std::string_view> pool_path_of(std::string_view url);

}  // namespace swage
