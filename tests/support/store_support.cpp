#include "store_support.hpp"

#include <fcntl.h>
#include <stdexcept>
#include <sys/stat.h>

#include "store/base32.hpp"

namespace swage::test {

void done(const Result<void>& result) {
  if (!result) throw std::runtime_error(render(result.error()));
}

void write(const fs::path& file, std::string_view text, mode_t mode) {
  fs::create_directories(file.parent_path());
  const UniqueFd fd = open_file(file, O_WRONLY | O_CREAT | O_TRUNC, 0600).value();
  done(write_all(fd.get(), text, file.string()));
  ::fchmod(fd.get(), mode);
}

std::string nar_of(const fs::path& path) {
  std::string nar;
  done(dump_nar(path, [&](std::string_view bytes) -> Result<void> {
    nar += bytes;
    return {};
  }));
  return nar;
}

ByteSource source_of(std::string_view bytes, std::size_t piece) {
  return [bytes, piece](char* buffer, std::size_t size) mutable -> Result<std::size_t> {
    const std::size_t got = bytes.copy(buffer, std::min(size, piece));
    bytes.remove_prefix(got);
    return got;
  };
}

StorePath path_of(std::string_view base) { return StorePath::parse_base(base).value(); }

StorePath StoreTest::add_output(std::string_view name, const StorePathSet& references, std::string_view text,
                                std::optional<StorePath> deriver, std::int64_t time) {
  return add_output(make_output_path("out", sha256(name), name).value(), references, text, std::move(deriver), time);
}

StorePath StoreTest::add_output(const StorePath& path, const StorePathSet& references, std::string_view text,
                                std::optional<StorePath> deriver, std::int64_t time) {
  const fs::path tree = store->work_dir() / path.base();
  write(tree / "file", text);
  done(canonicalise(tree));
  const NarHash nar = hash_nar(tree).value();
  PathInfo info{.path = path, .nar_hash = nar.hash, .nar_size = nar.size, .references = references, .deriver = std::move(deriver),
                .registration_time = time};
  std::vector<Store::NewPath> outputs;
  outputs.push_back({.info = std::move(info), .tree = tree});
  done(store->register_outputs(std::move(outputs)));
  return path;
}

}  // namespace swage::test
