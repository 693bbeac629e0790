// One GNU make jobserver for all builds of this process, so that together they keep the machine busy and no busier:
// every build may always run one command, and takes a token for each further one. There are cores - 1 tokens.
//
// Choices:
//  - Every build has two pipes of its own, of which it has one end each, offered as `--jobserver-auth=R,W` with fixed
//    numbers: it takes tokens out of one and gives them back into the other. A thread of this process is at the other
//    ends. So a build can neither read nor spoil what another is given, and what it hoards, invents or throws away is
//    counted as its own. The `fifo:` form is understood only since make 4.4, the pair by every make since 4.2 (and by
//    cargo and gcc -flto). A program that closes its descriptors makes a make below it run one command at a time, with
//    a warning.
//  - As long as fewer than cores - 1 tokens are held, every build finds one in its pipe: it is held once it is taken.
//  The
//    taking wakes the thread, because the pipe has room for one write only; it then offers the next one, or takes back
//    what lies in the pipes of the others when that was the last. So a build alone gets all, nothing is set aside for
//    builds that do not want it, and nobody polls. Two builds that take the last token at once run one command too many
//    for a while.
//  - A build that holds less than its share of the cores is offered a token even when all are held: what others began
//  before
//    it came, or never give back, costs the machine some commands more at once, not this build its turn.
//  - A build's end, however it comes, frees what it held at once.
//  - make 4.3 sets O_NONBLOCK on the open file description, which older clients take for an error: no description is
//  shared
//    between builds, or with the thread.
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
  struct Share;

 public:
  // A build's share: its own ends of its pipes, with the numbers that makeflags() tells it. Ends with the object, which
  // must not outlive the Jobserver.
  class Lease {
   public:
    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    std::vector<std::pair<int, int>> pass_fds() const;   // for SandboxSpec::pass_fds

   private:
    friend class Jobserver;
    Lease(State* server, std::shared_ptr<Share> share, UniqueFd read, UniqueFd write);
    State* server_;
    std::shared_ptr<Share> share_;
    UniqueFd read_, write_;
  };
  Result<Lease> lease();

  std::string makeflags() const;   // the value of MAKEFLAGS for a build
  unsigned tokens() const;         // that no build holds now

 private:
  explicit Jobserver(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace swage
