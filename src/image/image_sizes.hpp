// What takes the space in an image, and what of it grew or shrank since another build. Values, and two ways to write
// them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"

namespace swage {

using ImageSizes = std::map<std::string, std::uint64_t>;   // name of a file -> bytes

// The lines `SIZE NAME` of the file `sizes` of an image. `file` is for messages. Errc::corrupt: another line.
Result<ImageSizes> parse_image_sizes(std::string_view text, std::string_view file);

// `before`: what it is compared with, and what to call that.
struct SizesBefore {
  std::string name{};
  ImageSizes sizes{};
};

// For people: of an image alone the largest, else what changed, the largest changes first.
std::string sizes_text(const std::string& image, const ImageSizes& sizes, const std::optional<SizesBefore>& before);
Json sizes_json(const std::string& image, const ImageSizes& sizes, const std::optional<SizesBefore>& before);

}  // namespace swage
