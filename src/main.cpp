#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.hpp"

namespace {

// A standard stream that the caller has closed must not become the number of the next file, which may be the store's
// database. Using it still fails, but for stderr, which says nothing then.
void occupy_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF)
      (void)::open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY);   // lint-ok: as any standard stream
}

// The caller's umask may make files more private than usual, never writable for others, nor useless for ourselves.
void tame_umask() { ::umask((::umask(022) & 077) | 022); }

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_streams();
  tame_umask();
  return swage::run_cli(argc, argv);
}
