#include "request/image_file.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <simdjson.h>
#include <unistd.h>

#include "fetch/decompress.hpp"
#include "request/realising.hpp"

namespace swage {

namespace {

constexpr std::uint64_t kLargestManifest = 64'000'000;

// A file that goes with the last descriptor of it.
Result<UniqueFd> nameless_file() {
  std::error_code error;
  const fs::path directory = fs::temp_directory_path(error);
  if (error) return fail_errno("there is no directory for temporary files", error.value());
  std::string name = (directory / "swage-image.XXXXXX").string();
  UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) return fail_errno(fmt::format("cannot write in '{}'", directory.string()), errno);
  ::unlink(name.c_str());
  return fd;
}

Result<FileBytes> open_bytes(const fs::path& file) {
  SWAGE_TRY(UniqueFd fd, open_regular(file));
  std::array<char, 8> head{};
  const ssize_t got = ::pread(fd.get(), head.data(), head.size(), 0);
  if (got < 0) return fail_errno(fmt::format("'{}' cannot be read", file.string()), errno);
  if (is_compressed({head.data(), static_cast<std::size_t>(got)})) {
    SWAGE_TRY(UniqueFd whole, nameless_file());
    SWAGE_CHECK(decompress_file(fd.get(), whole.get(), kLargestImage, file.string()));
    fd = std::move(whole);
  }
  return FileBytes::of(std::move(fd), file.string());
}

}  // namespace

Result<void> check_is_one_image(Session& session, const std::string& target) {
  SWAGE_TRY(const Catalog* catalog, session.catalog());
  SWAGE_TRY(const ImageTables* tables, catalog->image_tables());
  SWAGE_CHECK(tables->image(std::string_view(target).substr(kImageTarget.size())));
  return {};
}

bool is_image_target(const std::string& word) { return word.starts_with(kImageTarget) && !path_exists(word); }

Result<fs::path> make_image(Session& session, const std::string& target) {
  // Tools of images are made here too.
  if (target.starts_with(kImageTarget)) SWAGE_CHECK(check_is_one_image(session, target));
  const TargetOptions options{.command = "image", .targets = {target}};
  SWAGE_TRY(std::deque<Goal> goals, make_goals(session, options, "tiny"));
  SWAGE_TRY(const Planned planned, plan_and_check(session, goals, KernelGoal::artifact));
  SWAGE_TRY(Store* store, realise_to_run(session, planned, {}));
  SWAGE_TRY(const StorePath out, StorePath::parse(output_path(planned, planned.wanted.front())));
  return store->real_path(out);
}

Result<ImageManifest> parse_image_manifest(std::string_view text, std::string_view file) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  ImageManifest manifest;
  bool good = parser.parse(text.data(), text.size()).get(root) == simdjson::SUCCESS;
  const std::pair<const char*, std::string*> wanted[] = {
      {"image", &manifest.image}, {"board", &manifest.board}, {"platform", &manifest.platform}};
  for (const auto& [key, into] : wanted) {
    std::string_view value;
    good = good && root[key].get(value) == simdjson::SUCCESS;
    *into = value;
  }
  if (!good) return fail(Errc::corrupt, fmt::format("'{}' is no manifest of an image", file));
  return manifest;
}

Result<ImageFile> open_image_file(Session& session, const std::string& word) {
  fs::path file = word, directory;
  if (is_image_target(word)) {
    SWAGE_TRY(directory, make_image(session, word));
    file = directory / kImageFileName;
  } else if (std::error_code error; fs::is_directory(file, error) && path_exists(file / kImageFileName)) {
    directory = file;
    file /= kImageFileName;
  } else {
    directory = file.parent_path();
  }
  SWAGE_TRY(FileBytes bytes, open_bytes(file));
  ImageFile image{.bytes = std::move(bytes), .directory = directory};
  const fs::path manifest = directory / "manifest.json";
  if (file.filename() == kImageFileName && path_exists(manifest)) {
    SWAGE_TRY(const std::string text, read_file(manifest, kLargestManifest));
    SWAGE_TRY(image.manifest, parse_image_manifest(text, manifest.string()));
  }
  return image;
}

}  // namespace swage
