// swage image: what is in images of disks and cards.
#include <fmt/core.h>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "image/firmware_model.hpp"

namespace swage {

namespace {

struct ExplainOptions {
  std::string file{}, board{}, eeprom{};
  bool tryboot = false;
};

Result<FileBytes> open_image(const std::string& file) {
  if (file.starts_with("image/") && !path_exists(file))
    return Fail(Error{.what = fmt::format("'{}' is a target, and what is explained is a file", file),
                      .hint = "name the image file that it was built to"});
  return FileBytes::open(file);
}

// 1: the board would not start from it.
Result<int> explain(Session& session, const ExplainOptions& options) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const FirmwareKnowledge known, firmware_knowledge(*catalog));
  BootQuestion question{.tryboot = options.tryboot};
  SWAGE_TRY(question.model, catalog->firmware_model(options.board));
  if (!options.eeprom.empty()) { SWAGE_TRY(question.eeprom, read_file(options.eeprom, 64'000)); }
  SWAGE_TRY(const FileBytes image, open_image(options.file));
  SWAGE_TRY(const BootMedium medium, read_boot_medium(image));
  SWAGE_TRY(const BootReport report, boot_from(medium, known, question));
  if (as_json()) print_json(boot_report_json(report, options.file));
  else print_text(boot_report_text(report, options.file));
  return report.starts() ? 0 : 1;
}

}  // namespace

Action declare_image(const Options& app) {
  auto chosen = std::make_shared<Action>();
  app.require_subcommand();
  auto options = std::make_shared<ExplainOptions>();
  const Options command =
      app.add_subcommand("explain", "what a board would load from an image file, why, and what is wrong");
  command.add_option("FILE", options->file, "an image of a disk or card, not compressed").required();
  command.add_option("--board", options->board, "the model whose firmware reads it").required();
  command.add_flag("--tryboot", options->tryboot, "as after `reboot '0 tryboot'`");
  command.add_option("--eeprom", options->eeprom, "the board's EEPROM configuration, as `rpi-eeprom-config` prints it");
  command.callback([chosen, options] {
    *chosen = [options](Session& session) { return explain(session, *options); };
  });
  return [chosen](Session& session) { return (*chosen)(session); };
}

}  // namespace swage
