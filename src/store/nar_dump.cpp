// Writing NARs. The cost of a dump is system calls for small files and copying for large ones, so: directories are walked
// through descriptors (no path is built unless an error or a filter needs it), file contents are read straight into the
// outgoing buffer, and the fixed tokens around each entry are copied as one precomputed block.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <initializer_list>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "store/nar_stream.hpp"

namespace swage::nar {

namespace {

std::string framed(std::initializer_list<std::string_view> tokens) {
  std::string out;
  for (const std::string_view token : tokens) {
    for (unsigned i = 0; i < 8; ++i) out += static_cast<char>(static_cast<std::uint64_t>(token.size()) >> (8 * i) & 0xff);
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

// One step of the way from the root; names an entry when an error or the filter asks.
struct Step {
  const Step* parent;
  std::string_view name;
};

std::string relative(const Step* step) {
  if (!step->parent) return {};
  std::string path = relative(step->parent);
  if (!path.empty()) path += '/';
  return path.append(step->name);
}

struct Entry {
  std::size_t offset;  // of the name in Listing::names
  std::size_t size;
  unsigned char type;  // d_type
};

struct Listing {
  std::string names{};
  std::vector<Entry> entries{};
  std::string_view name(const Entry& entry) const { return std::string_view(names).substr(entry.offset, entry.size); }
};

class Writer {
 public:
  Writer(const fs::path& root, Outlet& outlet, const PathFilter& keep) : root_(root), outlet_(outlet), keep_(keep) {}

  Result<void> write() {
    static const Blocks blocks;
    blocks_ = &blocks;
    SWAGE_TRY(buffer_, outlet_.next());
    SWAGE_CHECK(put(blocks.magic));
    const Step root{nullptr, {}};
    SWAGE_CHECK(node(AT_FDCWD, root_.c_str(), DT_UNKNOWN, root, 0));
    return flush();
  }

 private:
  std::string shown(const Step& step) const {
    const std::string below = relative(&step);
    return below.empty() ? root_.string() : (root_ / below).string();
  }
  Fail io_error(std::string_view verb, const Step& step, int error) const {
    return fail_errno(fmt::format("cannot {} '{}'", verb, shown(step)), error);
  }

  Result<void> flush() {
    if (used_ == 0) return {};
    const std::size_t size = std::exchange(used_, 0);
    return outlet_.flush({buffer_.data(), size});
  }
  Result<void> turn_over() {
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

  // `name` is relative to `parent`; its node goes out without the entry around it.
  Result<void> node(int parent, const char* name, unsigned char type, const Step& step, unsigned depth) {
    if (depth > kMaxDepth)
      return fail(Errc::invalid_input, fmt::format("'{}' is more than {} directories deep", shown(step), kMaxDepth));
    if (interrupted()) return fail(Errc::interrupted, "interrupted");
    if (type == DT_UNKNOWN) {
      struct stat st {};
      if (::fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return io_error("read", step, errno);
      type = static_cast<unsigned char>(IFTODT(st.st_mode));
    }
    switch (type) {
      case DT_REG: return file(parent, name, step);
      case DT_LNK: return link(parent, name, step);
      case DT_DIR: return directory(parent, name, step, depth);
      default: return unsupported(step);
    }
  }

  Fail unsupported(const Step& step) const {
    return fail(Errc::invalid_input, fmt::format("'{}' is neither a file, a directory nor a symbolic link", shown(step)));
  }

  Result<void> file(int parent, const char* name, const Step& step) {
    // O_NONBLOCK: should a FIFO have taken the file's place since it was listed, opening it does not hang.
    const UniqueFd fd(::openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd) return io_error("read", step, errno);
    struct stat st {};
    if (::fstat(fd.get(), &st) != 0) return io_error("read", step, errno);
    if (!S_ISREG(st.st_mode)) return unsupported(step);
    const auto size = static_cast<std::uint64_t>(st.st_size);
    SWAGE_CHECK(put(st.st_mode & S_IXUSR ? blocks_->program : blocks_->file));
    SWAGE_CHECK(put_size(size));
    for (std::uint64_t left = size; left > 0;) {
      if (used_ == buffer_.size()) SWAGE_CHECK(turn_over());
      const std::size_t room = buffer_.size() - used_;
      const ssize_t n = ::read(fd.get(), buffer_.data() + used_, left < room ? static_cast<std::size_t>(left) : room);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return io_error("read", step, errno);
      if (n == 0) return fail(Errc::invalid_input, fmt::format("'{}' became shorter while it was read", shown(step)));
      used_ += static_cast<std::size_t>(n);
      left -= static_cast<std::uint64_t>(n);
    }
    SWAGE_CHECK(put_padding(size));
    return put(blocks_->close);
  }

  Result<void> link(int parent, const char* name, const Step& step) {
    char target[kMaxTarget + 1];
    const ssize_t size = ::readlinkat(parent, name, target, sizeof target);
    if (size < 0) return io_error("read", step, errno);
    if (static_cast<std::size_t>(size) > kMaxTarget)
      return fail(Errc::invalid_input, fmt::format("'{}' has a target of more than {} bytes", shown(step), kMaxTarget));
    SWAGE_CHECK(put(blocks_->symlink));
    SWAGE_CHECK(put_string({target, static_cast<std::size_t>(size)}));
    return put(blocks_->close);
  }

  Result<void> directory(int parent, const char* name, const Step& step, unsigned depth) {
    UniqueFd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return io_error("list", step, errno);
    const auto close = [](DIR* dir) { ::closedir(dir); };
    const std::unique_ptr<DIR, decltype(close)> dir(::fdopendir(fd.get()), close);
    if (!dir) return io_error("list", step, errno);
    const int dir_fd = fd.release();
    SWAGE_TRY(const Listing listing, list(dir.get(), step));
    SWAGE_CHECK(put(blocks_->directory));
    for (const Entry& entry : listing.entries) {
      const Step below{&step, listing.name(entry)};
      if (keep_ && !keep_(relative(&below))) continue;
      SWAGE_CHECK(put(blocks_->entry));
      SWAGE_CHECK(put_string(below.name));
      SWAGE_CHECK(put(blocks_->node));
      SWAGE_CHECK(node(dir_fd, below.name.data(), entry.type, below, depth + 1));
      SWAGE_CHECK(put(blocks_->close));
    }
    return put(blocks_->close);
  }

  // Names keep their NUL in the listing, so that they serve as C strings.
  Result<Listing> list(DIR* dir, const Step& step) const {
    Listing listing;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(dir);
      if (!entry) {
        if (errno != 0) return io_error("list", step, errno);
        break;
      }
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      listing.entries.push_back({listing.names.size(), name.size(), entry->d_type});
      listing.names.append(name).push_back('\0');
    }
    std::sort(listing.entries.begin(), listing.entries.end(),
              [&](const Entry& a, const Entry& b) { return listing.name(a) < listing.name(b); });
    return listing;
  }

  const fs::path& root_;
  Outlet& outlet_;
  const PathFilter& keep_;
  const Blocks* blocks_ = nullptr;
  std::span<char> buffer_{};
  std::size_t used_ = 0;
};

}  // namespace

Result<void> dump(const fs::path& path, Outlet& outlet, const PathFilter& keep) { return Writer(path, outlet, keep).write(); }

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
