// The bytes to and from a daemon: a Unix socket, or the pipes of an ssh that was started for it. Interrupts and
// time-outs end every wait. One thread may send while another receives.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>

#include "base/interrupt.hpp"
#include "base/talking_process.hpp"
#include "daemon/address.hpp"

namespace swage {

class DaemonChannel {
 public:
  // Errc::environment when there is nothing that listens, or no ssh.
  static Result<std::unique_ptr<DaemonChannel>> open(const DaemonAddress& address);
  DaemonChannel(const DaemonChannel&) = delete;
  ~DaemonChannel();

  // How long the daemon may be silent; 0: for ever. `checkpoint` is asked a few times a second meanwhile.
  void wait_for(std::chrono::seconds silence, Checkpoint checkpoint = check_interrupt);

  // Some bytes, at least one. Errors: Errc::environment when the daemon is silent or has closed the stream, with what
  // ssh said; Errc::interrupted, and the checkpoint's.
  Result<std::size_t> receive(char* buffer, std::size_t size);
  Result<void> send(std::string_view bytes);
  void close();               // whoever waits in another thread ends

  const std::string& uri() const { return uri_; }
  // The last of what ssh has said on standard error, as notes for an error.
  std::vector<std::string> complaints();

 private:
  explicit DaemonChannel(std::string uri) : uri_(std::move(uri)) {}
  Result<void> ready(int fd, short events);
  void drain_errors();

  std::string uri_;
  UniqueFd socket_{};
  std::optional<TalkingProcess> ssh_{};
  int to_ = -1, from_ = -1, errors_ = -1;
  std::mutex mutex_{};                 // of what follows
  std::chrono::seconds silence_{60};
  Checkpoint checkpoint_ = check_interrupt;
  bool closed_ = false;
  std::string said_{};
};

}  // namespace swage
