// swage image: what is in images of disks and cards.
#include <fmt/core.h>

#include "base/text.hpp"
#include "catalog/images.hpp"
#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "image/firmware_model.hpp"
#include "image/image_audit.hpp"
#include "image/image_sizes.hpp"
#include "request/goals.hpp"
#include "request/image_file.hpp"
#include "request/image_goals.hpp"
#include "request/unpack_file_system.hpp"

namespace swage {

namespace {

constexpr std::uint64_t kLongestSizes = 256'000'000;

struct ExplainOptions {
  std::string image{}, board{}, eeprom{};
  bool tryboot = false;
};

// The row of what was built, or of a target. Null: neither its name nor its manifest says one that there is.
Result<const ImageRow*> image_row(const Catalog& catalog, const std::string& word, const ImageManifest& manifest) {
  SWAGE_TRY(const ImageTables* tables, catalog.image_tables());
  if (is_image_target(word)) return tables->image(word.substr(kImageTarget.size()));
  const Result<const ImageRow*> row = tables->image(manifest.image);
  return row ? *row : nullptr;
}

// Of a target, before anything is built for the question.
Result<std::string> board_model(const Catalog& catalog, const ExplainOptions& options, const ImageManifest& manifest) {
  if (!options.board.empty()) {   // a model, or a board that has one
    SWAGE_TRY(const ImageTables* tables, catalog.image_tables());
    const BoardRow* board = tables->board(options.board);
    return board && !board->firmware_model.text.empty() ? board->firmware_model.text : options.board;
  }
  SWAGE_TRY(const ImageRow* row, image_row(catalog, options.image, manifest));
  if (!row)
    return Fail(Error{.what = fmt::format("what board '{}' is for is not known", options.image),
                      .hint = "name the model whose firmware reads it: --board rpi5"});
  if (is_image_target(options.image)) SWAGE_CHECK(check_can_be_made(*row));
  if (row->board->firmware_model.text.empty())
    return Fail(Error{.what = fmt::format("nothing models the boot firmware of '{}'", row->board->name),
                      .hint = row->board->emulated() ? fmt::format("start it: swage boot {}{}", kImageTarget, row->name)
                                                     : ""});
  return row->board->firmware_model.text;
}

// 1: the board would not start from it.
Result<int> explain(Session& session, const ExplainOptions& options) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const FirmwareKnowledge known, firmware_knowledge(*catalog));
  BootQuestion question{.tryboot = options.tryboot};
  if (is_image_target(options.image) || !options.board.empty()) {
    SWAGE_TRY(const std::string model, board_model(*catalog, options, {}));
    SWAGE_TRY(question.model, catalog->firmware_model(model));
  }
  if (!options.eeprom.empty()) { SWAGE_TRY(question.eeprom, read_file(options.eeprom, 64'000)); }
  SWAGE_TRY(const ImageFile image, open_image_file(session, options.image));
  if (!question.model) {
    SWAGE_TRY(const std::string model, board_model(*catalog, options, image.manifest));
    SWAGE_TRY(question.model, catalog->firmware_model(model));
  }
  SWAGE_TRY(const BootMedium medium, read_boot_medium(image.bytes));
  SWAGE_TRY(const BootReport report, boot_from(medium, known, question));
  if (as_json()) print_json(boot_report_json(report, options.image));
  else print_text(boot_report_text(report, options.image));
  return report.starts() ? 0 : 1;
}

struct AuditOptions {
  std::string image{}, platform{};
};

Result<const Platform*> platform_of_image(const Catalog& catalog, const AuditOptions& options,
                                          const ImageManifest& manifest) {
  if (!options.platform.empty()) return catalog.platform(options.platform);
  if (!manifest.platform.empty()) return catalog.platform(manifest.platform);
  return Fail(
      Error{.what = fmt::format("what '{}' is for is not known: there is no manifest.json beside it", options.image),
            .hint = "name the platform of its board: --for arm64"});
}

// Names in the boot file system of what the board's own firmware brought, of which much is for other processors.
Result<std::vector<std::string>> firmware_names(const Catalog& catalog, const ImageRow* row) {
  std::vector<std::string> names;
  if (row)
    for (const auto* files : {&row->board->firmware, row->loader ? &row->loader->firmware : nullptr})
      if (files)
        for (const RootFile& file : *files)
          names.push_back(file.to.empty() ? file.file.substr(file.file.rfind('/') + 1) : file.to);
  SWAGE_TRY(const std::vector<FirmwareModelRow>* models, catalog.firmware_models());
  for (const FirmwareModelRow& model : *models)
    for (const auto& [kind, name] : model.start) names.push_back(name);
  return names;
}

// 1: something is wrong.
Result<int> audit(Session& session, const AuditOptions& options) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  if (!options.platform.empty()) SWAGE_CHECK(catalog->platform(options.platform));
  SWAGE_TRY(const ImageFile image, open_image_file(session, options.image));
  SWAGE_TRY(const Platform* platform, platform_of_image(*catalog, options, image.manifest));
  SWAGE_TRY(const ImageRow* row, image_row(*catalog, options.image, image.manifest));
  AuditQuestion question{.platform = platform, .known = catalog->platforms()};
  SWAGE_TRY(question.firmware, firmware_names(*catalog, row));
  SWAGE_TRY(const Platform* build, catalog->platform(kBuildPlatform));
  if (build->elf_machine != platform->elf_machine)
    question.build_libraries =
        fmt::format("{}-{}-{}", build->triple.cpu(), build->triple.kernel(), build->triple.abi());
  SWAGE_TRY(std::vector<AuditVolume> volumes,
            audit_volumes(image.bytes, [&](const std::string& kind, std::uint64_t offset, std::uint64_t length) {
              return unpack_file_system(session, image.bytes, kind, offset, length);
            }));
  SWAGE_TRY(const std::vector<AuditFinding> findings, audit_image(volumes, question));
  session.stop_reporter();
  if (as_json()) print_json(audit_json(volumes, findings, *platform, options.image));
  else print_text(audit_text(volumes, findings, *platform, options.image));
  return findings.empty() ? 0 : 1;
}

struct SizesOptions {
  std::string image{}, against{};
};

// `word`: a target, or what a build left.
Result<fs::path> image_directory(Session& session, const std::string& word) {
  if (is_image_target(word)) return make_image(session, word);
  std::error_code error;
  if (!fs::is_directory(word, error) || !path_exists(fs::path(word) / "sizes"))
    return Fail(Error{.what = fmt::format("'{}' is no result of an image's build", word),
                      .hint = "name the directory that holds image.img.zst, or image/NAME"});
  return fs::path(word);
}

Result<ImageSizes> read_sizes(const fs::path& directory) {
  SWAGE_TRY(const std::string text, read_file(directory / "sizes", kLongestSizes));
  return parse_image_sizes(text, (directory / "sizes").string());
}

// The one before it in the store, of the same name. Nothing: there is none.
Result<std::optional<StorePath>> last_build(Store& store, const fs::path& of) {
  const auto own = StorePath::parse_base(of.filename().string());
  std::optional<StorePath> last;
  if (!own) return last;
  std::int64_t time = 0;
  SWAGE_TRY(const std::vector<StorePath> paths, store.all_paths());
  for (const StorePath& path : paths) {
    if (path == *own || path.name() != own->name()) continue;
    SWAGE_TRY(const std::optional<PathInfo> info, store.query(path));
    if (!info || (last && info->registration_time <= time)) continue;
    time = info->registration_time;
    last = path;
  }
  return last;
}

Result<int> sizes(Session& session, const SizesOptions& options) {
  SWAGE_TRY(const fs::path directory, image_directory(session, options.image));
  SWAGE_TRY(const ImageSizes own, read_sizes(directory));
  std::optional<SizesBefore> before;
  if (!options.against.empty()) {
    SWAGE_TRY(const fs::path other, image_directory(session, options.against));
    before.emplace().name = fmt::format("'{}'", options.against);
    SWAGE_TRY(before->sizes, read_sizes(other));
  } else if (is_image_target(options.image)) {
    SWAGE_TRY(Store* store, session.store());
    SWAGE_TRY(const std::optional<StorePath> last, last_build(*store, directory));
    if (last) {
      before.emplace().name = last->str();
      SWAGE_TRY(before->sizes, read_sizes(store->real_path(*last)));
    }
  }
  session.stop_reporter();
  if (as_json()) print_json(sizes_json(options.image, own, before));
  else print_text(sizes_text(options.image, own, before));
  return 0;
}

constexpr const char* kImageWord = "image/NAME, an image file, or the directory that a build of one left";

}  // namespace

Action declare_image(const Options& app) {
  auto chosen = std::make_shared<Action>();
  app.require_subcommand();
  const auto add = [&]<class T>(const char* name, const char* summary, std::shared_ptr<T> options,
                                Result<int> (*run)(Session&, const T&), const char* image) {
    const Options command = app.add_subcommand(name, summary);
    command.add_option("IMAGE", options->image, image).required();
    command.callback([chosen, options, run] {
      *chosen = [options, run](Session& session) { return run(session, *options); };
    });
    return command;
  };
  auto of_explain = std::make_shared<ExplainOptions>();
  const Options command =
      add("explain", "what a board would load from an image, why, and what is wrong", of_explain, explain, kImageWord);
  command.add_option("--board", of_explain->board, "the model whose firmware reads it (default: the image's board)");
  command.add_flag("--tryboot", of_explain->tryboot, "as after `reboot '0 tryboot'`");
  command.add_option("--eeprom", of_explain->eeprom,
                     "the board's EEPROM configuration, as `rpi-eeprom-config` prints it");
  auto of_audit = std::make_shared<AuditOptions>();
  add("audit", "whether all programs in an image are of its board and find what they need", of_audit, audit, kImageWord)
      .add_option("--for", of_audit->platform, "the platform of the board, of a file without a manifest");
  auto of_sizes = std::make_shared<SizesOptions>();
  add("sizes", "what takes the space in an image, and what grew since its last build", of_sizes, sizes,
      "image/NAME, or the directory that a build of one left")
      .add_option("--against", of_sizes->against,
                  "another build (default: of image/NAME the one before it in the store)");
  return [chosen](Session& session) { return (*chosen)(session); };
}

}  // namespace swage
