#include "fetch/curl_handle.hpp"

#include "base/interrupt.hpp"

namespace swage {

CurlHandle::CurlHandle() {
  static const CURLcode ready = curl().global_init(CURL_GLOBAL_DEFAULT);   // once; not thread-safe by itself
  if (ready != CURLE_OK) return;
  multi = curl().multi_init();
  easy = curl().easy_init();
}

CurlHandle::~CurlHandle() {
  if (easy) curl().easy_cleanup(easy);
  if (multi) curl().multi_cleanup(multi);
}

Result<CURLcode> CurlHandle::perform() {
  constexpr int wake_up_ms = 200;   // for a caller that installed no interrupt handlers
  curl().multi_add_handle(multi, easy);
  int running = 1;
  CURLcode result = CURLE_OK;
  bool stopped = false;
  while (running > 0 && !stopped) {
    if (curl().multi_perform(multi, &running) != CURLM_OK) {
      result = CURLE_FAILED_INIT;
      break;
    }
    curl_waitfd wake{.fd = interrupt_fd(), .events = CURL_WAIT_POLLIN, .revents = 0};
    if (running > 0) curl().multi_poll(multi, &wake, wake.fd >= 0 ? 1 : 0, wake_up_ms, nullptr);
    stopped = interrupted();
  }
  int left = 0;
  while (const CURLMsg* message = curl().multi_info_read(multi, &left))
    if (message->msg == CURLMSG_DONE) result = message->data.result;
  curl().multi_remove_handle(multi, easy);
  if (stopped) return fail(Errc::interrupted, "the download was interrupted");
  return result;
}

std::unique_ptr<CurlHandle> CurlPool::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<CurlHandle>();
  std::unique_ptr<CurlHandle> handle = std::move(idle_.back());
  idle_.pop_back();
  return handle;
}

void CurlPool::give_back(std::unique_ptr<CurlHandle> handle) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(handle));
}

}  // namespace swage
