#include "realise/jobserver.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <mutex>
#include <sys/ioctl.h>
#include <unistd.h>

namespace swage {

namespace {
// High enough that no shell or build script uses them by chance, low enough for `exec 50<&-`.
constexpr int kReadEnd = 50;
constexpr int kWriteEnd = 51;
// A pipe holds 64 KiB unasked; more tokens than this would fill it.
constexpr unsigned kMostTokens = 4096;
}  // namespace

struct Jobserver::State {
  unsigned cores = 1;
  UniqueFd read{}, write{};
  std::mutex mutex{};
  unsigned leases = 0;

  void refill() {
    char bytes[4096];
    while (::read(read.get(), bytes, sizeof bytes) > 0) {
    }
    const std::string tokens(std::min(cores - 1, kMostTokens), '+');
    (void)write_all(write.get(), tokens, "the jobserver");
  }
};

Jobserver::Jobserver(std::unique_ptr<State> state) : state_(std::move(state)) {}
Jobserver::Jobserver(Jobserver&&) noexcept = default;
Jobserver& Jobserver::operator=(Jobserver&&) noexcept = default;
Jobserver::~Jobserver() = default;

Result<Jobserver> Jobserver::create(unsigned cores) {
  auto state = std::make_unique<State>();
  state->cores = std::max(cores, 1U);
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) return fail_errno("cannot make a jobserver", errno);
  state->read = UniqueFd(fds[0]);
  state->write = UniqueFd(fds[1]);
  state->refill();
  return Jobserver(std::move(state));
}

Result<Jobserver::Lease> Jobserver::lease() {
  SWAGE_TRY(UniqueFd read, open_file(fmt::format("/proc/self/fd/{}", state_->read.get()), O_RDONLY));
  SWAGE_TRY(UniqueFd write, open_file(fmt::format("/proc/self/fd/{}", state_->write.get()), O_WRONLY));
  const std::scoped_lock lock(state_->mutex);
  ++state_->leases;
  return Lease(state_.get(), std::move(read), std::move(write));
}

std::string Jobserver::makeflags() const {
  return fmt::format(" -j{} --jobserver-auth={},{}", state_->cores, kReadEnd, kWriteEnd);
}

unsigned Jobserver::tokens() const {
  int bytes = 0;
  ::ioctl(state_->read.get(), FIONREAD, &bytes);
  return static_cast<unsigned>(bytes);
}

Jobserver::Lease::Lease(State* server, UniqueFd read, UniqueFd write)
    : server_(server), read_(std::move(read)), write_(std::move(write)) {}
Jobserver::Lease::Lease(Lease&& other) noexcept
    : server_(std::exchange(other.server_, nullptr)), read_(std::move(other.read_)), write_(std::move(other.write_)) {}
Jobserver::Lease::~Lease() {
  if (!server_) return;
  const std::scoped_lock lock(server_->mutex);
  if (--server_->leases == 0) server_->refill();
}

std::vector<std::pair<int, int>> Jobserver::Lease::pass_fds() const {
  return {{read_.get(), kReadEnd}, {write_.get(), kWriteEnd}};
}

}  // namespace swage
