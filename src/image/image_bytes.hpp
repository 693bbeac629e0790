// The bytes of an image, which may be gigabytes: read where somebody asks for them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/files.hpp"

namespace swage {

class ImageBytes {
 public:
  virtual ~ImageBytes() = default;
  virtual std::uint64_t size() const = 0;
  // All of these bytes. Errc::corrupt: they are not all inside.
  Result<std::string> read(std::uint64_t offset, std::uint64_t length) const;

 protected:
  virtual Result<void> fill(std::uint64_t offset, char* into, std::size_t length) const = 0;
};

// A regular file. Thread-safe.
class FileBytes final : public ImageBytes {
 public:
  static Result<FileBytes> open(const fs::path& path);
  static Result<FileBytes> of(UniqueFd fd, const std::string& name_for_errors);   // of a regular file that is open
  std::uint64_t size() const override { return size_; }

 private:
  FileBytes(UniqueFd fd, std::uint64_t size, std::string name)
      : fd_(std::move(fd)), size_(size), name_(std::move(name)) {}
  Result<void> fill(std::uint64_t offset, char* into, std::size_t length) const override;

  UniqueFd fd_;
  std::uint64_t size_;
  std::string name_;
};

// Bytes that must live as long.
class MemoryBytes final : public ImageBytes {
 public:
  explicit MemoryBytes(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }

 private:
  Result<void> fill(std::uint64_t offset, char* into, std::size_t length) const override;

  std::string_view bytes_;
};

// The number of `width` bytes at `at`, least significant byte first. All of them must be there.
inline std::uint64_t little_endian(std::string_view bytes, std::size_t at, unsigned width) {
  std::uint64_t value = 0;
  for (unsigned i = width; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

}  // namespace swage
