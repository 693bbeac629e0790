// Whether a board would start from an image that was built, where its boot firmware is modelled.
#pragma once

#include <optional>

#include "catalog/images.hpp"
#include "image/boot_report.hpp"
#include "request/session.hpp"

namespace swage {

// By the model of its board's firmware, of the image in the directory that a build left. Nothing: nothing models it.
Result<std::optional<BootReport>> image_start(Session& session, const ImageRow& image, const fs::path& directory);

// What was meant in its configuration and does not happen, a line each.
std::vector<std::string> start_warnings(const BootReport& report, const ImageRow& image);
// Errc::build_failed with what keeps the board from starting. Nothing: it would start.
std::optional<Error> start_error(const BootReport& report, const ImageRow& image);

}  // namespace swage
