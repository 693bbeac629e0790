// A web server on the loopback interface for tests, with the faults that real ones have. One thread per connection, one
// request per connection.
#pragma once

#include <arpa/inet.h>
#include <atomic>
#include <cctype>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace swage::test {

struct HttpRequest {
  std::string path{};
  std::optional<std::size_t> range_start{};
  std::map<std::string, std::string> headers{};   // names in lower case
};

struct HttpReply {
  int status = 200;
  std::string body{};
  std::map<std::string, std::string> headers{};
  bool honour_range = true;                       // else the whole body is sent with status 200
  std::optional<std::size_t> cut_after{};         // close after this many bytes of the body that was announced
  bool stall = false;                             // then say nothing more until the server ends
};

class HttpServer {
 public:
  using Handler = std::function<HttpReply(const HttpRequest&)>;
  explicit HttpServer(Handler handler);
  ~HttpServer();
  std::string url(const std::string& path) const;  // http://127.0.0.1:PORT/path
  std::vector<HttpRequest> requests() const;       // so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A port of the loopback interface on which nobody listens.
std::string refused_url(const std::string& path);

namespace http_detail {

inline int listen_on_loopback(int& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  ::listen(fd, 64);
  return fd;
}

inline std::optional<HttpRequest> read_request(int fd) {
  std::string text;
  char buffer[4096];
  while (text.find("\r\n\r\n") == std::string::npos) {
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) return {};
    text.append(buffer, static_cast<std::size_t>(n));
  }
  HttpRequest request;
  const auto target = text.find(' ') + 1;
  request.path = text.substr(target, text.find(' ', target) - target);
  for (std::size_t at = text.find("\r\n") + 2; text.compare(at, 2, "\r\n") != 0;) {
    const auto end = text.find("\r\n", at);
    const auto colon = text.find(':', at);
    std::string name = text.substr(at, colon - at);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    request.headers[name] = text.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
  if (const auto range = request.headers.find("range"); range != request.headers.end())
    request.range_start = std::stoul(range->second.substr(6));   // bytes=N-
  return request;
}

inline void send_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    data.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace http_detail

struct HttpServer::State {
  Handler handler;
  int port = 0;
  int listener = -1;
  std::atomic<bool> ending{false};
  mutable std::mutex mutex{};
  std::vector<HttpRequest> seen{};
  std::vector<std::thread> threads{};
  std::thread acceptor{};

  void answer(int fd) {
    if (const auto request = http_detail::read_request(fd)) {
      {
        const std::lock_guard lock(mutex);
        seen.push_back(*request);
      }
      HttpReply reply = handler(*request);
      std::string head;
      if (request->range_start && reply.honour_range && reply.status == 200) {
        const std::size_t total = reply.body.size();
        if (*request->range_start >= total) {
          reply.status = 416;
          reply.body.clear();
        } else {
          reply.status = 206;
          if (!reply.headers.contains("Content-Range"))
            reply.headers["Content-Range"] = fmt::format("bytes {}-{}/{}", *request->range_start, total - 1, total);
          reply.body.erase(0, *request->range_start);
        }
      }
      head = fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n", reply.status, reply.body.size());
      for (const auto& [name, value] : reply.headers) head += fmt::format("{}: {}\r\n", name, value);
      http_detail::send_all(fd, head + "\r\n");
      http_detail::send_all(fd, std::string_view(reply.body).substr(0, reply.cut_after.value_or(std::string::npos)));
      while (reply.stall && !ending) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ::shutdown(fd, SHUT_WR);
    ::close(fd);
  }

  void accept_all() {
    while (!ending) {
      pollfd ready{.fd = listener, .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, 20) <= 0) continue;
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) threads.emplace_back([this, fd] { answer(fd); });
    }
  }
};

inline HttpServer::HttpServer(Handler handler) : state_(new State{.handler = std::move(handler)}) {
  state_->listener = http_detail::listen_on_loopback(state_->port);
  state_->acceptor = std::thread([state = state_.get()] { state->accept_all(); });
}

inline HttpServer::~HttpServer() {
  state_->ending = true;
  state_->acceptor.join();
  for (std::thread& thread : state_->threads) thread.join();
  ::close(state_->listener);
}

inline std::string HttpServer::url(const std::string& path) const { return fmt::format("http://127.0.0.1:{}/{}", state_->port, path); }

inline std::vector<HttpRequest> HttpServer::requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->seen;
}

inline std::string refused_url(const std::string& path) {
  int port = 0;
  ::close(http_detail::listen_on_loopback(port));
  return fmt::format("http://127.0.0.1:{}/{}", port, path);
}

}  // namespace swage::test
