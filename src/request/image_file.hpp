// The image that a command is asked about: a file, what a build left, or a target that is made when it is not there.
#pragma once

#include <string>

#include "image/image_bytes.hpp"
#include "request/session.hpp"

namespace swage {

// What is beside an image's file in a result of a build. Empty where there is no such file.
struct ImageManifest {
  std::string image{}, board{}, platform{};
};

struct ImageFile {
  FileBytes bytes;
  ImageManifest manifest{};
  fs::path directory{};                      // where it is
};

inline constexpr const char* kImageFileName = "image.img.zst";
inline constexpr std::uint64_t kLargestImage = 64'000'000'000;   // that is decompressed

// `word`: `image/NAME`, a file, which may be compressed, or a directory with one as a build leaves it. A target is made
// first, if it is not in the store. Compressed bytes are unpacked into a file without a name below $TMPDIR, with holes
// for zeros.
Result<ImageFile> open_image_file(Session& session, const std::string& word);
// That the target is one image, and no group of several.
Result<void> check_is_one_image(Session& session, const std::string& target);
// Where the target is, an image or the tools of images, made when it was not there.
Result<fs::path> make_image(Session& session, const std::string& target);
// Whether it is a target, and no file of that name.
bool is_image_target(const std::string& word);

// Of manifest.json. Errc::corrupt: it is none.
Result<ImageManifest> parse_image_manifest(std::string_view text, std::string_view file);

}  // namespace swage
