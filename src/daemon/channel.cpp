#include "daemon/channel.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.hpp"
#include "base/url.hpp"

namespace swage {

namespace {

constexpr int kPollMilliseconds = 200;        // between two looks at the checkpoint
constexpr std::size_t kMostComplaints = 4096;  // bytes of what ssh says

Result<UniqueFd> connect_socket(const DaemonAddress& address) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno("cannot make a socket", errno);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const std::string path = address.socket.string();
  if (path.size() >= sizeof name.sun_path)
    return fail(Errc::invalid_input, fmt::format("'{}' is too long for a socket's path", path));
  std::memcpy(name.sun_path, path.c_str(), path.size());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    const int error = errno;
    Error failed = fail_errno(fmt::format("cannot connect to the Nix daemon at '{}'", path), error).value();
    if (error == ENOENT || error == ECONNREFUSED) failed.hint = "see whether it runs: systemctl status nix-daemon";
    return Fail(std::move(failed));
  }
  return fd;
}

}  // namespace

Result<std::unique_ptr<DaemonChannel>> DaemonChannel::open(const DaemonAddress& address) {
  std::unique_ptr<DaemonChannel> channel(new DaemonChannel(shown_url(address.uri)));
  if (address.command.empty()) {
    SWAGE_TRY(channel->socket_, connect_socket(address));
    channel->to_ = channel->from_ = channel->socket_.get();
    return channel;
  }
  SWAGE_TRY(TalkingProcess ssh, TalkingProcess::start(address.command));
  channel->ssh_.emplace(std::move(ssh));
  channel->to_ = channel->ssh_->to();
  channel->from_ = channel->ssh_->from();
  channel->errors_ = channel->ssh_->errors();
  return channel;
}

DaemonChannel::~DaemonChannel() = default;

void DaemonChannel::wait_for(std::chrono::seconds silence, Checkpoint checkpoint) {
  const std::lock_guard lock(mutex_);
  silence_ = silence;
  checkpoint_ = std::move(checkpoint);
}

void DaemonChannel::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void DaemonChannel::drain_errors() {
  if (errors_ < 0) return;
  char buffer[1024];
  const std::lock_guard lock(mutex_);
  for (ssize_t got = 0; (got = ::read(errors_, buffer, sizeof buffer)) > 0;) {
    said_.append(buffer, static_cast<std::size_t>(got));
    if (said_.size() > kMostComplaints) said_.erase(0, said_.size() - kMostComplaints);
  }
}

std::vector<std::string> DaemonChannel::complaints() {
  drain_errors();
  const std::lock_guard lock(mutex_);
  std::vector<std::string> notes;
  for (const std::string_view line : split(trim(last_lines(said_, 5)), '\n'))
    if (!trim(line).empty()) notes.push_back(fmt::format("ssh said: {}", trim(line)));
  return notes;
}

// Waits until the descriptor can be used, or has ended.
Result<void> DaemonChannel::ready(int fd, short events) {
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    std::chrono::seconds silence;
    Checkpoint checkpoint;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return fail(Errc::environment, fmt::format("the connection to '{}' was given up", uri_));
      silence = silence_;
      checkpoint = checkpoint_;
    }
    SWAGE_CHECK(check_interrupt());
    if (checkpoint) SWAGE_CHECK(checkpoint());
    pollfd fds[2] = {{fd, events, 0}, {interrupt_fd(), POLLIN, 0}};
    if (::poll(fds, 2, kPollMilliseconds) < 0 && errno != EINTR)
      return fail_errno(fmt::format("cannot wait for '{}'", uri_), errno);
    drain_errors();
    if (fds[0].revents) return {};
    if (silence.count() > 0 && std::chrono::steady_clock::now() - begin > silence)
      return Fail(Error{.code = Errc::environment,
                        .what = fmt::format("'{}' has been silent for {} s", uri_, silence.count()),
                        .notes = complaints()});
  }
}

Result<std::size_t> DaemonChannel::receive(char* buffer, std::size_t size) {
  for (;;) {
    SWAGE_CHECK(ready(from_, POLLIN));
    const ssize_t got = ::read(from_, buffer, size);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0 || errno == ECONNRESET)
      return Fail(Error{.code = Errc::environment, .what = fmt::format("'{}' closed the connection", uri_),
                        .notes = complaints()});
    if (errno != EINTR && errno != EAGAIN)
      return fail_errno(fmt::format("cannot receive from '{}'", uri_), errno);
  }
}

Result<void> DaemonChannel::send(std::string_view bytes) {
  while (!bytes.empty()) {
    SWAGE_CHECK(ready(to_, POLLOUT));
    const ssize_t sent = socket_ ? ::send(to_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT)
                                 : ::write(to_, bytes.data(), bytes.size());
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EPIPE || errno == ECONNRESET)
      return Fail(Error{.code = Errc::environment, .what = fmt::format("'{}' closed the connection", uri_),
                        .notes = complaints()});
    if (errno != EINTR && errno != EAGAIN) return fail_errno(fmt::format("cannot send to '{}'", uri_), errno);
  }
  return {};
}

}  // namespace swage
