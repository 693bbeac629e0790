// A program that swage talks with, as ssh to another machine; one that is run to its end is process.hpp's.
#pragma once

#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "base/files.hpp"

namespace swage {

// Runs as long as the object lives, with pipes, whose ends here do not block. At the end of its life they are closed
// and the program has two seconds to end by itself, then it is ended as by Ctrl-C.
class TalkingProcess {
 public:
  // Fails as run_process does, when it cannot be started. argv[0] is looked up on PATH; the environment is inherited.
  static Result<TalkingProcess> start(const std::vector<std::string>& argv);
  TalkingProcess(TalkingProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), to_(std::move(other.to_)), from_(std::move(other.from_)),
        errors_(std::move(other.errors_)) {}
  TalkingProcess& operator=(TalkingProcess&&) = delete;
  ~TalkingProcess();

  int to() const { return to_.get(); }           // its standard input
  int from() const { return from_.get(); }       // its standard output
  int errors() const { return errors_.get(); }   // its standard error

 private:
  TalkingProcess(pid_t pid, UniqueFd to, UniqueFd from, UniqueFd errors)
      : pid_(pid), to_(std::move(to)), from_(std::move(from)), errors_(std::move(errors)) {}
  pid_t pid_ = 0;
  UniqueFd to_, from_, errors_;
};

}  // namespace swage
