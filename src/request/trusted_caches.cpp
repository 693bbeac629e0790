#include "request/trusted_caches.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {

Result<TrustedCaches> TrustedCaches::read(const fs::path& home) {
  TrustedCaches trusted;
  trusted.file_ = home / "trusted-caches";
  if (!path_exists(trusted.file_)) return trusted;
  SWAGE_TRY(const std::string text, read_file(trusted.file_, 1'000'000));
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    if (!line.starts_with("key ") && !line.starts_with("unsigned /"))
      return Fail(Error{.code = Errc::corrupt,
                        .what = fmt::format("'{}' is damaged: '{}' is no line of it", trusted.file_.string(), line),
                        .hint = "remove it, and trust anew with: swage cache trust"});
    trusted.lines_.emplace(line);
  }
  return trusted;
}

Result<void> TrustedCaches::write() const {
  std::string text;
  for (const std::string& line : lines_) text += line + "\n";
  SWAGE_CHECK(make_directories(file_.parent_path()));
  return write_file_atomically(file_, text);
}

}  // namespace swage
