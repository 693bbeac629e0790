// How much came from outside, and how fast: of all transports and caches that it is lent to.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace swage {

// Thread-safe.
class Traffic {
 public:
  using Now = std::chrono::steady_clock::time_point (*)();
  explicit Traffic(Now now = std::chrono::steady_clock::now) : now_(now) {}
  // While it lives, a download runs. Null: nobody counts.
  class Running {
   public:
    explicit Running(Traffic* traffic) : traffic_(traffic) {
      if (traffic_) traffic_->begin();
    }
    ~Running() {
      if (traffic_) traffic_->end();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    Traffic* traffic_;
  };

  void add(std::uint64_t bytes);
  struct Total {
    std::uint64_t bytes = 0;               // that arrived, also those of tries that failed
    double seconds = 0;                    // in which at least one download ran
  };
  Total total() const;

 private:
  void begin();
  void end();

  const Now now_;
  mutable std::mutex mutex_{};             // of all below
  unsigned running_ = 0;
  std::chrono::steady_clock::time_point since_{};   // when the first of those that run began
  Total past_{};
};

// "12.3 MB in 4.0 s, 3.1 MB/s"
std::string traffic_text(const Traffic::Total& total);

}  // namespace swage
