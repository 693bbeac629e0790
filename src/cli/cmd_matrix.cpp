// swage matrix: which kernels are known to build and boot on which platforms, and which packages.
#include <algorithm>
#include <fmt/core.h>
#include <unistd.h>

#include "base/beneath.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/matrix_output.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "evidence/recorder.hpp"

namespace swage {

namespace {

struct MatrixOptions {
  std::vector<std::string> platforms{};
  std::string evidence{};
  std::string html{};
  std::string since{};
  bool releases = false;
  bool packages = false;
  bool markdown = false;
  bool images = false;
};

// Those that could boot something, and those that have.
Result<std::vector<const Platform*>> default_platforms(const Catalog& catalog) {
  SWAGE_TRY(const std::vector<const Platform*> able, parse_platforms(catalog, {"all"}));
  std::vector<const Platform*> platforms;
  for (const Platform& platform : catalog.platforms()) {
    bool shown = std::find(able.begin(), able.end(), &platform) != able.end();
    if (!shown) {
      SWAGE_TRY(const std::vector<EvidenceRow>* rows, catalog.evidence(platform.name));
      shown = !rows->empty();
    }
    if (shown) platforms.push_back(&platform);
  }
  return platforms;
}

// The page of the last layer that has one.
Result<std::string> read_page(Session& session) {
  const auto& layers = session.options().layers;
  const fs::path name = "html/matrix.html";
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer)
    if (path_exists(*layer / name)) return read_beneath(*layer, name);
  SWAGE_TRY(const fs::path catalog, session.catalog_dir());
  return read_beneath(catalog, name);
}

Result<int> run_packages(Session& session, const MatrixOptions& options) {
  if (as_json() && options.markdown)
    return Fail(
        Error{.what = "'--json' and '--markdown' cannot be given together", .hint = "see: swage matrix --help"});
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  std::vector<const Platform*> platforms;
  if (!options.platforms.empty()) { SWAGE_TRY(platforms, parse_platforms(*catalog, options.platforms)); }
  SWAGE_TRY(const PackageMatrix matrix, make_package_matrix(*catalog, std::move(platforms)));
  print_result("{}", as_json()          ? package_matrix_json(matrix)
                     : options.markdown ? package_matrix_markdown(matrix)
                                        : package_matrix_text(matrix));
  return 0;
}

Result<int> run_images(Session& session, const MatrixOptions& options) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  std::vector<const Platform*> platforms;
  if (!options.platforms.empty()) { SWAGE_TRY(platforms, parse_platforms(*catalog, options.platforms)); }
  SWAGE_TRY(const ImageMatrix matrix, make_image_matrix(*catalog, platforms));
  print_result("{}", as_json() ? image_matrix_json(matrix) : image_matrix_text(matrix));
  return 0;
}

Result<int> run(Session& session, const MatrixOptions& options) {
  if (!options.since.empty() && !is_calendar_date(options.since))
    return Fail(Error{.what = fmt::format("'{}' is no date", options.since),
                      .hint = "written YYYY-MM-DD: swage matrix --since 2026-11-01"});
  if (as_json() && options.releases)
    return Fail(Error{.what = "'--releases' says nothing of '--json', whose cells are of releases",
                      .hint = "see: swage matrix --help"});
  if (!options.evidence.empty()) session.add_evidence(options.evidence);
  if (options.packages) return run_packages(session, options);
  if (options.images) return run_images(session, options);
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  std::vector<const Platform*> platforms;
  if (options.platforms.empty()) {
    SWAGE_TRY(platforms, default_platforms(*catalog));
  } else {
    SWAGE_TRY(platforms, parse_platforms(*catalog, options.platforms));
  }
  SWAGE_TRY(const fs::path lock_path, session.lock_path());
  std::optional<LockView> lock;
  if (path_exists(lock_path)) {
    SWAGE_TRY(lock, session.lock_view());
  }
  SWAGE_TRY(Matrix matrix, make_matrix(*catalog, lock ? &lock->sources() : nullptr, platforms, today()));
  if (!options.since.empty()) {
    matrix = recorded_since(std::move(matrix), options.since);
    print_result("{}", as_json() ? matrix_json(matrix) : matrix_news(matrix, options.since));
    return 0;
  }
  if (as_json()) print_result("{}", matrix_json(matrix));
  if (!options.releases) matrix = fold_series(std::move(matrix));
  if (!options.html.empty()) {
    SWAGE_TRY(std::string page, read_page(session));
    SWAGE_TRY(const ImageMatrix images, make_image_matrix(*catalog, {}));
    SWAGE_TRY(const std::string text, matrix_html(matrix, images, std::move(page)));
    SWAGE_CHECK(write_named_file(options.html, text));
  } else if (!as_json()) {
    print_painted(matrix_text(matrix, {.width = terminal_width(STDOUT_FILENO), .colour = want_colour(STDOUT_FILENO)}));
  }
  return 0;
}

}  // namespace

Action declare_matrix(const Options& app) {
  auto options = std::make_shared<MatrixOptions>();
  app.add_option("--for", options->platforms, "only these platforms (default: all that could boot, or have)")
      .allow_extra_args(false);
  app.add_option("--evidence", options->evidence, "one more directory with records");
  const Option html = app.add_option("--html", options->html, "write a page for a browser to this file");
  const Option releases = app.add_flag("--releases", options->releases, "each release for itself, not each series");
  const Option since =
      app.add_option("--since", options->since, "a list of what was recorded that day (YYYY-MM-DD) or later")
          .excludes(html)
          .excludes(releases);
  const Option packages = app.add_flag("--packages", options->packages, "of packages instead of kernels")
                              .excludes(html)
                              .excludes(releases)
                              .excludes(since);
  app.add_flag("--images", options->images, "of images instead of kernels")
      .excludes(html)
      .excludes(releases)
      .excludes(since)
      .excludes(packages);
  app.add_flag("--markdown", options->markdown, "as a table for docs/packages.md").needs(packages);
  return [options](Session& session) { return run(session, *options); };
}

}  // namespace swage
