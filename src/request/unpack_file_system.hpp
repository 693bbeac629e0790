// File systems that are only read, erofs and squashfs: unpacked by their own tools.
#pragma once

#include <memory>
#include <string>

#include "image/image_tree.hpp"
#include "request/session.hpp"

namespace swage {

// The tools are those of the root that makes images, which is built first if it is not in the store, and run in a
// sandbox. Owners are not kept. Errc::corrupt: they refuse what they are given, or know no such kind.
Result<std::unique_ptr<ImageTree>> unpack_file_system(Session& session, const ImageBytes& image,
                                                      const std::string& kind, std::uint64_t offset,
                                                      std::uint64_t length);

}  // namespace swage
