#include "realise/jobserver.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

namespace swage {

namespace {

// High enough that no shell or build script uses them by chance, low enough for `exec 50<&-`.
constexpr int kReadEnd = 50;
constexpr int kWriteEnd = 51;
// Who has given back so many tokens that it never had is not listened to any more: its own writes block then.
constexpr std::size_t kMostInvented = 65'536;

struct Pipe {
  UniqueFd read{}, write{};
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail_errno("cannot make a jobserver", errno);
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Result<void> set_flags(const UniqueFd& fd, int flags) {
  if (::fcntl(fd.get(), F_SETFL, flags) != 0) return fail_errno("cannot make a jobserver", errno);
  return {};
}

}  // namespace

// One build's tokens, and this process's ends of its pipes.
struct Jobserver::Share {
  UniqueFd offers{};          // where tokens are offered; each write is a packet, and the pipe holds one
  UniqueFd withdraw{};        // the same pipe's other end, to take an offer back
  UniqueFd returns{};
  unsigned held = 0;          // taken and not given back
  bool offered = false;       // one lies in the pipe, or did a moment ago
  bool tampered = false;      // the build has changed its pipe: it gets nothing any more
  std::size_t invented = 0;   // given back without having been taken

  bool is_offer_there() const {
    int bytes = 0;
    return ::ioctl(withdraw.get(), FIONREAD, &bytes) == 0 && bytes > 0;
  }
  bool is_heard() const { return invented <= kMostInvented; }

  void look() {
    if (offered && !is_offer_there()) take();
    char bytes[4096];
    const ssize_t back = is_heard() ? ::read(returns.get(), bytes, sizeof bytes) : 0;
    if (back <= 0) return;
    const auto count = static_cast<std::size_t>(back);
    invented += count - std::min<std::size_t>(count, held);
    held -= static_cast<unsigned>(std::min<std::size_t>(count, held));
  }
  void take() {
    offered = false;
    ++held;
  }
  void offer() {
    offered = ::write(offers.get(), "+", 1) == 1;
    tampered = !offered;
  }
  // False: the build was quicker.
  bool take_back() {
    char bytes[4096];
    if (::read(withdraw.get(), bytes, sizeof bytes) <= 0) {
      take();
      return false;
    }
    offered = false;
    return true;
  }
};

struct Jobserver::State {
  unsigned cores = 1;
  UniqueFd wake{};
  std::mutex mutex{};                                // guards what follows
  std::vector<std::shared_ptr<Share>> shares{};
  bool ending = false;
  std::thread broker{};

  unsigned held() const {
    unsigned sum = 0;
    for (const auto& share : shares) sum += share->held;
    return sum;
  }

  // The one step of the whole: see what was taken and given back, then make the offers fit.
  void serve() {
    for (const auto& share : shares) share->look();
    for (bool settled = false; !settled;) {
      settled = true;
      const bool free = held() < cores - 1;
      // commands, of which one needs no token.
      const std::size_t fair = cores / std::max<std::size_t>(shares.size(), 1);
      for (const auto& share : shares) {
        if (share->tampered) continue;
        const bool wanted = free || share->held + 1 < fair;
        if (wanted && !share->offered) share->offer();
        if (!wanted && share->offered && !share->take_back()) settled = false;
      }
    }
  }

  void poke() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake.get(), &one, sizeof one);
  }

  // `served` keeps the descriptors open that are polled, whatever ends meanwhile.
  void work() {
    for (;;) {
      std::vector<std::shared_ptr<Share>> served;
      std::vector<pollfd> fds{{wake.get(), POLLIN, 0}};
      {
        const std::scoped_lock lock(mutex);
        if (ending) return;
        serve();
        served = shares;
        for (const auto& share : served) {
          fds.push_back({share->offered && !share->tampered ? share->offers.get() : -1, POLLOUT, 0});
          fds.push_back({share->is_heard() ? share->returns.get() : -1, POLLIN, 0});
        }
      }
      // Builds keep the command that each may run.
      if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
      std::uint64_t pokes = 0;
      if (fds[0].revents) [[maybe_unused]] const auto got = ::read(wake.get(), &pokes, sizeof pokes);
      const std::scoped_lock lock(mutex);
      // Room beside an offer that is still there: the build has made its pipe larger, and would wake this thread for
      // ever.
      for (std::size_t i = 0; i < served.size(); ++i)
        if (fds[1 + 2 * i].revents && served[i]->is_offer_there()) served[i]->tampered = true;
    }
  }
};

Jobserver::Jobserver(std::unique_ptr<State> state) : state_(std::move(state)) {}
Jobserver::Jobserver(Jobserver&&) noexcept = default;
Jobserver& Jobserver::operator=(Jobserver&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}
Jobserver::~Jobserver() {
  if (!state_) return;
  {
    const std::scoped_lock lock(state_->mutex);
    state_->ending = true;
  }
  state_->poke();
  state_->broker.join();
}

Result<Jobserver> Jobserver::create(unsigned cores) {
  auto state = std::make_unique<State>();
  state->cores = std::max(cores, 1U);
  state->wake = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!state->wake) return fail_errno("cannot make a jobserver", errno);
  state->broker = std::thread([server = state.get()] { server->work(); });
  return Jobserver(std::move(state));
}

Result<Jobserver::Lease> Jobserver::lease() {
  SWAGE_TRY(Pipe tokens, make_pipe());
  SWAGE_TRY(Pipe back, make_pipe());
  // One page: one packet.
  if (::fcntl(tokens.write.get(), F_SETPIPE_SZ, 1) < 0) return fail_errno("cannot make a jobserver", errno);
  SWAGE_CHECK(set_flags(tokens.write, O_NONBLOCK | O_DIRECT));
  SWAGE_CHECK(set_flags(back.read, O_NONBLOCK));
  auto share = std::make_shared<Share>();
  SWAGE_TRY(share->withdraw, open_file(fmt::format("/proc/self/fd/{}", tokens.read.get()), O_RDONLY | O_NONBLOCK));
  share->offers = std::move(tokens.write);
  share->returns = std::move(back.read);
  {
    const std::scoped_lock lock(state_->mutex);
    state_->shares.push_back(share);
    state_->serve();
  }
  state_->poke();
  return Lease(state_.get(), std::move(share), std::move(tokens.read), std::move(back.write));
}

std::string Jobserver::makeflags() const {
  return fmt::format(" -j{} --jobserver-auth={},{}", state_->cores, kReadEnd, kWriteEnd);
}

unsigned Jobserver::tokens() const {
  const std::scoped_lock lock(state_->mutex);
  state_->serve();
  state_->poke();
  const unsigned all = state_->cores - 1;
  return all - std::min(all, state_->held());
}

Jobserver::Lease::Lease(State* server, std::shared_ptr<Share> share, UniqueFd read, UniqueFd write)
    : server_(server), share_(std::move(share)), read_(std::move(read)), write_(std::move(write)) {}
Jobserver::Lease::Lease(Lease&& other) noexcept
    : server_(std::exchange(other.server_, nullptr)), share_(std::move(other.share_)), read_(std::move(other.read_)),
      write_(std::move(other.write_)) {}
Jobserver::Lease::~Lease() {
  if (!server_) return;
  {
    const std::scoped_lock lock(server_->mutex);
    std::erase(server_->shares, share_);
    server_->serve();
  }
  server_->poke();
}

std::vector<std::pair<int, int>> Jobserver::Lease::pass_fds() const {
  return {{read_.get(), kReadEnd}, {write_.get(), kWriteEnd}};
}

}  // namespace swage
