#include "request/image_start.hpp"

#include <fmt/core.h>

#include "image/firmware_model.hpp"
#include "request/goals.hpp"
#include "request/image_file.hpp"

namespace swage {

Result<std::optional<BootReport>> image_start(Session& session, const ImageRow& image, const fs::path& directory) {
  if (image.board->firmware_model.text.empty()) return std::optional<BootReport>();
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const FirmwareKnowledge known, firmware_knowledge(*catalog));
  BootQuestion question;
  SWAGE_TRY(question.model, catalog->firmware_model(image.board->firmware_model.text));
  SWAGE_TRY(const ImageFile file, open_image_file(session, directory.string()));
  SWAGE_TRY(const BootMedium medium, read_boot_medium(file.bytes));
  SWAGE_TRY(BootReport report, boot_from(medium, known, question));
  return std::optional(std::move(report));
}

std::vector<std::string> start_warnings(const BootReport& report, const ImageRow& image) {
  std::vector<std::string> lines;
  for (const BootFinding& finding : report.findings)
    if (finding.severity == Severity::warning)
      lines.push_back(fmt::format("warning: '{}{}' on {}: {}", kImageTarget, image.name, report.board_name,
                                  finding.what.what));
  return lines;
}

std::optional<Error> start_error(const BootReport& report, const ImageRow& image) {
  if (report.starts()) return std::nullopt;
  Error error{.code = Errc::build_failed,
              .what = fmt::format("'{}{}' is made, and {} would not start from it", kImageTarget, image.name,
                                  report.board_name),
              .hint = fmt::format("see what it would load with: swage image explain {}{}", kImageTarget, image.name)};
  for (const BootFinding& finding : report.findings)
    if (finding.severity == Severity::error) error.notes.push_back(finding.what.what);
  return error;
}

}  // namespace swage
