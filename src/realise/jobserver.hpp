// One GNU make jobserver for all builds of this process, so that together they keep the machine busy and no busier:
// every build may always run one command, and takes a token from a common pool for each further one.
//
// Choices:
//  - The pool is a pipe holding cores - 1 bytes, offered to builds as `--jobserver-auth=R,W` with two open descriptors of
//    fixed numbers. The `fifo:` form is understood only since make 4.4, the pair by every make since 4.2 (and by cargo and
//    gcc -flto). A program that closes its descriptors makes a make below it run one command at a time, with a warning.
//  - Every build opens the pipe anew: make 4.3 sets O_NONBLOCK on the open file description, which older clients take for
//    an error; so a description is never shared between builds.
//  - A build that is killed keeps the tokens it held, and one that misbehaves may return too many. Whose tokens are out
//    cannot be seen while other builds run, so the pool is put right whenever no build runs: until then the machine is
//    used less than it could be, but nothing waits for ever, because of the command that each build may always run.
// Nothing of this is part of a derivation's hash.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/files.hpp"

namespace swage {

class Jobserver {
 public:
  static Result<Jobserver> create(unsigned cores);
  Jobserver(Jobserver&&) noexcept;
  Jobserver& operator=(Jobserver&&) noexcept;
  ~Jobserver();

 private:
  struct State;

 public:
  // A build's share: its own descriptors of the pipe, with the numbers that makeflags() tells it. Ends with the object,
  // which must not outlive the Jobserver; destroy it after the build's last process.
  class Lease {
   public:
    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    std::vector<std::pair<int, int>> pass_fds() const;   // for SandboxSpec::pass_fds

   private:
    friend class Jobserver;
    Lease(State* server, UniqueFd read, UniqueFd write);
    State* server_;
    UniqueFd read_, write_;
  };
  Result<Lease> lease();

  std::string makeflags() const;   // the value of MAKEFLAGS for a build
  unsigned tokens() const;         // in the pool now

 private:
  explicit Jobserver(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace swage
