// What both unpackers need of libarchive.
#pragma once

#include <clocale>
#include <memory>
#include <string>

#include "base/files.hpp"
#include "fetch/libraries.hpp"

namespace swage {

struct ArchiveFree {
  void operator()(archive* reader) const { libarchive().read_free(reader); }
};
using ArchivePtr = std::unique_ptr<archive, ArchiveFree>;

// The compressions that are read in this process; libarchive's "all" would also start programs of the host.
void support_compressions(archive* reader);

// While it lives, this thread reads names as UTF-8: in the C locale libarchive gives up on every name beyond ASCII.
class Utf8Names {
 public:
  Utf8Names();
  ~Utf8Names();
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;

 private:
  locale_t utf8_;
  locale_t before_;
};

// `file` is damaged, with libarchive's reason as a note.
Error damaged(std::string_view file, archive* reader);

enum class Next { entry, end };
// What libarchive warns of in a header, an attribute that is not understood: bsdtar, by which builds read archives,
// fails with it.
enum class Warnings { accepted, refused };
Result<Next> next_entry(archive* reader, archive_entry*& entry, std::string_view file,
                        Warnings warnings = Warnings::accepted);

// The data of the current entry, written to `fd` at its offsets. A checksum that is wrong is damage, though libarchive
// only warns.
Result<void> copy_data(archive* reader, int fd, std::string_view file, std::string_view name);

// Checksum and length of a file that gzip made, which libarchive passes over; other files are right. What follows the
// last member counts for nothing, as for gzip.
Result<void> check_gzip(int fd, std::string_view file);

}  // namespace swage
