// libcurl as this layer uses it: one request at a time per handle, handles kept for their open connections.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "fetch/libraries.hpp"

namespace swage {

struct CurlHandle {
  CURLM* multi = nullptr;   // owns the connections that stay open between requests
  CURL* easy = nullptr;

  CurlHandle();
  ~CurlHandle();
  CurlHandle(const CurlHandle&) = delete;
  CurlHandle& operator=(const CurlHandle&) = delete;

  // Runs the request that `easy` is set up for. Errc::interrupted at once when the user stops swage: this is why it is
  // not curl_easy_perform, which looks up only once a second.
  Result<CURLcode> perform();
};

// Handles that are not in use. libcurl cannot share connections between threads safely, so a whole handle is lent.
class CurlPool {
 public:
  std::unique_ptr<CurlHandle> take();
  void give_back(std::unique_ptr<CurlHandle> handle);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<CurlHandle>> idle_;
};

}  // namespace swage
