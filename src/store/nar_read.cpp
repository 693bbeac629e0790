// Reading NARs from anyone: nothing is believed before it is checked, no size in the stream makes an allocation, and a
// tree is written through directory descriptors, so a name cannot lead out of the target.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "base/tree_walk.hpp"
#include "store/nar_stream.hpp"

namespace swage::nar {

namespace {

class NarReader {
 public:
  NarReader(const ByteSource& source, Visitor& visitor)
      : source_(source), visitor_(visitor), buffer_(new char[kBuffer]) {}

  Result<void> read() {
    SWAGE_TRY(const std::uint64_t length, size());
    if (length != kMagic.size()) return not_an_archive();
    SWAGE_CHECK(exactly(word_, kMagic.size()));
    SWAGE_CHECK(padding(length));
    if (std::string_view(word_, kMagic.size()) != kMagic) return not_an_archive();
    SWAGE_CHECK(node(""));
    while (!open_.empty()) SWAGE_CHECK(next_entry());
    SWAGE_CHECK(fill());
    if (begin_ != end_) return broken("bytes after the end");
    return {};
  }

 private:
  static constexpr std::size_t kBuffer = 256 * 1024;

  Fail broken(std::string_view why) const {
    return fail(Errc::corrupt, fmt::format("archive is malformed at byte {}: {}", at_, why));
  }

  static bool is_file_name(const std::string& text) {
    constexpr std::string_view not_in_names{"/\0", 2};
    return !text.empty() && text != "." && text != ".." && text.find_first_of(not_in_names) == std::string::npos;
  }

  static Fail not_an_archive() { return fail(Errc::corrupt, "archive does not start with nix-archive-1"); }

  // Makes sure that the buffer holds something, unless the stream is over.
  Result<void> fill() {
    if (begin_ != end_) return {};
    begin_ = end_ = 0;
    SWAGE_CHECK(check_interrupt());
    SWAGE_TRY(end_, source_(buffer_.get(), kBuffer));
    return {};
  }

  // Up to `most` bytes as they lie in the buffer; never none.
  Result<std::string_view> some(std::uint64_t most) {
    SWAGE_CHECK(fill());
    if (begin_ == end_) return broken("it ends early");
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(most, end_ - begin_));
    const std::string_view bytes(buffer_.get() + begin_, size);
    begin_ += size;
    at_ += size;
    return bytes;
  }

  Result<void> exactly(char* out, std::size_t size) {
    while (size > 0) {
      SWAGE_TRY(const std::string_view bytes, some(size));
      std::memcpy(out, bytes.data(), bytes.size());
      out += bytes.size();
      size -= bytes.size();
    }
    return {};
  }

  Result<std::uint64_t> size() {
    unsigned char bytes[8];
    SWAGE_CHECK(exactly(reinterpret_cast<char*>(bytes), sizeof bytes));
    std::uint64_t value = 0;
    for (unsigned i = 8; i-- > 0;) value = value << 8 | bytes[i];
    return value;
  }

  Result<void> padding(std::uint64_t size) {
    char bytes[8];
    const std::size_t count = (8 - size % 8) % 8;
    SWAGE_CHECK(exactly(bytes, count));
    if (std::any_of(bytes, bytes + count, [](char c) { return c != 0; })) return broken("padding that is not zero");
    return {};
  }

  Result<std::string> string(std::size_t most) {
    SWAGE_TRY(const std::uint64_t length, size());
    if (length > most) return broken(fmt::format("a string of {} bytes where at most {} are allowed", length, most));
    std::string text(static_cast<std::size_t>(length), '\0');
    SWAGE_CHECK(exactly(text.data(), text.size()));
    SWAGE_CHECK(padding(length));
    return text;
  }

  // A fixed word of the format; valid until the next one is read.
  Result<std::string_view> word() {
    SWAGE_TRY(const std::uint64_t length, size());
    if (length > kMaxToken)
      return broken(fmt::format("a word of {} bytes where at most {} are allowed", length, kMaxToken));
    SWAGE_CHECK(exactly(word_, static_cast<std::size_t>(length)));
    SWAGE_CHECK(padding(length));
    return std::string_view(word_, static_cast<std::size_t>(length));
  }

  Result<void> expect(std::string_view token) {
    SWAGE_TRY(const std::string_view got, word());
    if (got != token) return broken(fmt::format("expected '{}'", token));
    return {};
  }

  // A directory is only begun here: its entries are read by next_entry().
  Result<void> node(const std::string& name) {
    SWAGE_CHECK(check_interrupt());
    SWAGE_CHECK(expect("("));
    SWAGE_CHECK(expect("type"));
    SWAGE_TRY(const std::string_view type, word());
    if (type == "regular") return file(name);
    if (type == "directory") return directory(name);
    if (type == "symlink") return symlink(name);
    return broken("an unknown type of file");
  }

  Result<void> file(const std::string& name) {
    SWAGE_TRY(const std::string_view tag, word());
    const bool executable = tag == "executable";
    if (executable) {
      SWAGE_CHECK(expect(""));
      SWAGE_CHECK(expect("contents"));
    } else if (tag != "contents") {
      return broken("expected 'contents'");
    }
    SWAGE_CHECK(visitor_.begin_file(name, executable));
    SWAGE_TRY(const std::uint64_t length, size());
    for (std::uint64_t left = length; left > 0;) {
      SWAGE_TRY(const std::string_view bytes, some(left));
      SWAGE_CHECK(visitor_.data(bytes));
      left -= bytes.size();
    }
    SWAGE_CHECK(padding(length));
    SWAGE_CHECK(visitor_.end_file());
    return expect(")");
  }

  Result<void> symlink(const std::string& name) {
    SWAGE_CHECK(expect("target"));
    SWAGE_TRY(const std::string target, string(kMaxTarget));
    if (target.empty() || target.find('\0') != std::string::npos) return broken("an invalid target of a symbolic link");
    SWAGE_CHECK(visitor_.symlink(name, target));
    return expect(")");
  }

  Result<void> directory(const std::string& name) {
    if (open_.size() > kMaxDepth) return broken(fmt::format("it is more than {} directories deep", kMaxDepth));
    SWAGE_CHECK(visitor_.begin_directory(name));
    open_.emplace_back();
    return {};
  }

  // One entry of the innermost directory, or its end.
  Result<void> next_entry() {
    SWAGE_TRY(const std::string_view tag, word());
    if (tag == ")") return end_directory();
    if (tag != "entry") return broken("expected 'entry' or ')'");
    SWAGE_CHECK(expect("("));
    SWAGE_CHECK(expect("name"));
    SWAGE_TRY(const std::string entry, string(kMaxName));
    if (!is_file_name(entry)) return broken("an invalid file name");
    if (entry <= open_.back()) return broken("file names are not sorted");
    open_.back() = entry;
    SWAGE_CHECK(expect("node"));
    const std::size_t depth = open_.size();
    SWAGE_CHECK(node(entry));
    return open_.size() == depth ? expect(")") : Result<void>();
  }

  Result<void> end_directory() {
    SWAGE_CHECK(visitor_.end_directory());
    open_.pop_back();
    return open_.empty() ? Result<void>() : expect(")");   // that of its entry
  }

  const ByteSource& source_;
  Visitor& visitor_;
  std::unique_ptr<char[]> buffer_;
  std::vector<std::string> open_{};   // the directories that we are in: the last name seen in each
  char word_[kMaxToken];
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t at_ = 0;
};

// Writes what it sees. The root is made at a path, all else relative to the descriptor of its directory.
class Restorer final : public Visitor {
 public:
  explicit Restorer(const fs::path& target) : target_(target) {}

  bool started() const { return started_; }

  Result<void> begin_directory(const std::string& name) override {
    const auto [parent, where] = place(name);
    if (::mkdirat(parent, where, 0777) != 0) return io_error("create", name, errno);
    started_ = true;
    if (const int error = directories_.push(where)) return io_error("open", name, error);
    return {};
  }
  Result<void> end_directory() override {
    if (const int error = directories_.pop()) return io_error("leave", "", error);
    return {};
  }
  Result<void> begin_file(const std::string& name, bool executable) override {
    const auto [parent, where] = place(name);
    file_name_ = name;
    file_ = UniqueFd(
        ::openat(parent, where, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, executable ? 0777 : 0666));
    if (!file_) return io_error("create", name, errno);
    started_ = true;
    return {};
  }
  Result<void> data(std::string_view bytes) override { return write_all(file_.get(), bytes, file_name_); }
  Result<void> end_file() override {
    // It is to be durable soon: the disk begins with it while the next files come. That it cannot is no error.
    ::sync_file_range(file_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    // Some file systems report a full disk only here.
    if (::close(file_.release()) != 0) return io_error("write", file_name_, errno);
    return {};
  }
  Result<void> symlink(const std::string& name, const std::string& link) override {
    const auto [parent, where] = place(name);
    if (::symlinkat(link.c_str(), parent, where) != 0) return io_error("create", name, errno);
    started_ = true;
    return {};
  }

 private:
  std::pair<int, const char*> place(const std::string& name) const {
    return {directories_.top(), directories_.depth() == 0 ? target_.c_str() : name.c_str()};
  }
  Fail io_error(std::string_view verb, const std::string& name, int error) const {
    return fail_errno(fmt::format("cannot {} '{}'", verb, name.empty() ? target_.string() : name), error);
  }

  const fs::path& target_;
  DirectoryStack directories_{};
  UniqueFd file_{};
  std::string file_name_{};
  bool started_ = false;
};

// Writes nothing; hashes the bytes of a lone file.
class Ignorer final : public Visitor {
 public:
  explicit Ignorer(HashAlgo algo) : hasher_(algo) {}
  Result<void> begin_directory(const std::string&) override { return {}; }
  Result<void> end_directory() override { return {}; }
  Result<void> begin_file(const std::string& name, bool executable) override {
    lone_ = name.empty() && !executable;
    return {};
  }
  Result<void> data(std::string_view bytes) override {
    if (lone_) hasher_.update(bytes);
    return {};
  }
  Result<void> end_file() override { return {}; }
  Result<void> symlink(const std::string&, const std::string&) override { return {}; }
  std::optional<Hash> content() {
    if (!lone_) return {};
    return hasher_.finish();
  }

 private:
  Hasher hasher_;
  bool lone_ = false;
};

}  // namespace

Result<void> read(const ByteSource& source, Visitor& visitor) { return NarReader(source, visitor).read(); }

}  // namespace swage::nar

namespace swage {

Result<void> restore_nar(const ByteSource& source, const fs::path& target) {
  bool started = false;
  Result<void> result;
  {
    nar::Restorer restorer(target);
    result = nar::read(source, restorer);
    started = restorer.started();
  }
  // What was there before is not ours to remove.
  if (!result && started) (void)remove_tree(target);
  return result;
}

Result<NarFile> check_nar_file(const ByteSource& source, HashAlgo algo) {
  Hasher hasher;
  NarFile result;
  const ByteSource hashing = [&](char* buffer, std::size_t size) -> Result<std::size_t> {
    SWAGE_TRY(const std::size_t got, source(buffer, size));
    hasher.update({buffer, got});
    result.nar.size += got;
    return got;
  };
  nar::Ignorer ignorer(algo);
  SWAGE_CHECK(nar::read(hashing, ignorer));
  result.nar.hash = hasher.finish();
  result.content = ignorer.content();
  return result;
}

Result<NarHash> check_nar(const ByteSource& source) {
  return check_nar_file(source, HashAlgo::sha256).map([](const NarFile& file) { return file.nar; });
}

}  // namespace swage
