// Names in UTF-16, as FAT and GPT write them.
#pragma once

#include <string>
#include <string_view>

namespace swage {

// Little endian, up to the first NUL or the end. What is no UTF-16 becomes U+FFFD.
std::string from_utf16(std::string_view bytes);

}  // namespace swage
