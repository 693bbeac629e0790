// Writing NARs. The cost of a dump is system calls for small files and copying for large ones, so: directories are
// walked through descriptors (no path is built unless an error or a filter needs it), file contents are read straight
// into the outgoing buffer, and the fixed tokens around each entry are copied as one precomputed block.
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <initializer_list>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tree_walk.hpp"
#include "store/nar_stream.hpp"

namespace swage::nar {

namespace {

std::string framed(std::initializer_list<std::string_view> tokens) {
  std::string out;
  for (const std::string_view token : tokens) {
    for (unsigned i = 0; i < 8; ++i)
      out += static_cast<char>(static_cast<std::uint64_t>(token.size()) >> (8 * i) & 0xff);
    out += token;
    out.append((8 - token.size() % 8) % 8, '\0');
  }
  return out;
}

struct Blocks {
  std::string magic = framed({kMagic});
  std::string file = framed({"(", "type", "regular", "contents"});
  std::string program = framed({"(", "type", "regular", "executable", "", "contents"});
  std::string symlink = framed({"(", "type", "symlink", "target"});
  std::string directory = framed({"(", "type", "directory"});
  std::string entry = framed({"entry", "(", "name"});
  std::string node = framed({"node"});
  std::string close = framed({")"});
};

class Writer final : public TreeVisitor {
 public:
  Writer(const fs::path& root, Outlet& outlet, const PathFilter& keep) : root_(root), outlet_(outlet), keep_(keep) {}

  Result<void> write() {
    static const Blocks blocks;
    blocks_ = &blocks;
    SWAGE_TRY(buffer_, outlet_.next());
    SWAGE_CHECK(put(blocks.magic));
    SWAGE_CHECK(walk_tree(root_, *this));
    return flush();
  }

  Result<void> leaf(const TreePlace& place) override {
    if (!kept(place)) return {};
    SWAGE_CHECK(open_entry(place));
    switch (place.type) {
      case DT_REG: SWAGE_CHECK(file(place)); break;
      case DT_LNK: SWAGE_CHECK(link(place)); break;
      default: return unsupported(place);
    }
    return close_entry(place);
  }

  Result<bool> enter(const TreePlace& place) override {
    if (!kept(place)) return false;
    if (place.depth > kMaxDepth)
      return fail(Errc::invalid_input, fmt::format("'{}' is more than {} directories deep", place.shown(), kMaxDepth));
    SWAGE_CHECK(open_entry(place));
    SWAGE_CHECK(put(blocks_->directory));
    return true;
  }

  Result<void> leave(const TreePlace& place) override {
    SWAGE_CHECK(put(blocks_->close));
    return close_entry(place);
  }

 private:
  static Fail io_error(std::string_view verb, const TreePlace& place, int error) {
    return fail_errno(fmt::format("cannot {} '{}'", verb, place.shown()), error);
  }
  static Fail unsupported(const TreePlace& place) {
    return fail(Errc::invalid_input,
                fmt::format("'{}' is neither a file, a directory nor a symbolic link", place.shown()));
  }

  bool kept(const TreePlace& place) const { return !keep_ || place.depth == 0 || keep_(place.relative()); }

  // What stands around the node of everything but the root.
  Result<void> open_entry(const TreePlace& place) {
    if (place.depth == 0) return {};
    SWAGE_CHECK(put(blocks_->entry));
    SWAGE_CHECK(put_string(place.name));
    return put(blocks_->node);
  }
  Result<void> close_entry(const TreePlace& place) { return place.depth == 0 ? Result<void>() : put(blocks_->close); }

  Result<void> flush() {
    if (used_ == 0) return {};
    const std::size_t size = std::exchange(used_, 0);
    return outlet_.flush({buffer_.data(), size});
  }
  Result<void> turn_over() {
    SWAGE_CHECK(check_interrupt());
    SWAGE_CHECK(flush());
    SWAGE_TRY(buffer_, outlet_.next());
    return {};
  }

  Result<void> put(std::string_view bytes) {
    while (bytes.size() > buffer_.size() - used_) {
      const std::size_t part = buffer_.size() - used_;
      std::memcpy(buffer_.data() + used_, bytes.data(), part);
      used_ += part;
      bytes.remove_prefix(part);
      SWAGE_CHECK(turn_over());
    }
    std::memcpy(buffer_.data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
    return {};
  }
  Result<void> put_size(std::uint64_t size) {
    char bytes[8];
    for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<char>(size >> (8 * i) & 0xff);
    return put({bytes, sizeof bytes});
  }
  Result<void> put_padding(std::uint64_t size) { return put(std::string_view("\0\0\0\0\0\0\0", (8 - size % 8) % 8)); }
  Result<void> put_string(std::string_view text) {
    SWAGE_CHECK(put_size(text.size()));
    SWAGE_CHECK(put(text));
    return put_padding(text.size());
  }

  Result<void> file(const TreePlace& place) {
    // O_NONBLOCK: should a FIFO have taken the file's place since it was listed, opening it does not hang.
    const UniqueFd fd(::openat(place.parent, place.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd) return io_error("read", place, errno);
    struct stat st {};
    if (::fstat(fd.get(), &st) != 0) return io_error("read", place, errno);
    if (!S_ISREG(st.st_mode)) return unsupported(place);
    const auto size = static_cast<std::uint64_t>(st.st_size);
    SWAGE_CHECK(put(st.st_mode & S_IXUSR ? blocks_->program : blocks_->file));
    SWAGE_CHECK(put_size(size));
    for (std::uint64_t left = size; left > 0;) {
      if (used_ == buffer_.size()) SWAGE_CHECK(turn_over());
      const std::size_t room = buffer_.size() - used_;
      const ssize_t n = ::read(fd.get(), buffer_.data() + used_, left < room ? static_cast<std::size_t>(left) : room);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return io_error("read", place, errno);
      if (n == 0) return fail(Errc::invalid_input, fmt::format("'{}' became shorter while it was read", place.shown()));
      used_ += static_cast<std::size_t>(n);
      left -= static_cast<std::uint64_t>(n);
    }
    SWAGE_CHECK(put_padding(size));
    return put(blocks_->close);
  }

  Result<void> link(const TreePlace& place) {
    char target[kMaxTarget + 1];
    const ssize_t size = ::readlinkat(place.parent, place.name, target, sizeof target);
    if (size < 0) return io_error("read", place, errno);
    if (static_cast<std::size_t>(size) > kMaxTarget)
      return fail(Errc::invalid_input,
                  fmt::format("'{}' has a target of more than {} bytes", place.shown(), kMaxTarget));
    SWAGE_CHECK(put(blocks_->symlink));
    SWAGE_CHECK(put_string({target, static_cast<std::size_t>(size)}));
    return put(blocks_->close);
  }

  const fs::path& root_;
  Outlet& outlet_;
  const PathFilter& keep_;
  const Blocks* blocks_ = nullptr;
  std::span<char> buffer_{};
  std::size_t used_ = 0;
};

}  // namespace

Result<void> dump(const fs::path& path, Outlet& outlet, const PathFilter& keep) {
  return Writer(path, outlet, keep).write();
}

NarHash hash_of_text(std::string_view content) {
  static const std::string head = framed({kMagic, "(", "type", "regular", "contents"});
  const std::string body = framed({content, ")"});
  thread_local Hasher hasher;
  hasher.reset();
  hasher.update(head);
  hasher.update(body);
  return {.hash = hasher.finish(), .size = head.size() + body.size()};
}

}  // namespace swage::nar

namespace swage {

namespace {

// One buffer, passed to the sink each time it is full.
class SinkOutlet final : public nar::Outlet {
 public:
  explicit SinkOutlet(const ByteSink& sink) : sink_(sink), bytes_(new char[kSize]) {}
  Result<std::span<char>> next() override { return std::span<char>(bytes_.get(), kSize); }
  Result<void> flush(std::string_view filled) override { return sink_(filled); }

 private:
  static constexpr std::size_t kSize = 256 * 1024;
  const ByteSink& sink_;
  std::unique_ptr<char[]> bytes_;
};

}  // namespace

Result<void> dump_nar(const fs::path& path, const ByteSink& sink, const PathFilter& keep) {
  SinkOutlet outlet(sink);
  return nar::dump(path, outlet, keep);
}

}  // namespace swage
