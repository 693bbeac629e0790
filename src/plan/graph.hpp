// The planner's result: derivations in order of their inputs, and how to get every source that they name.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "plan/lockfile.hpp"
#include "store/derivation.hpp"

namespace swage {

// A store object that no derivation makes. Its path is known before its bytes are.
struct Source {
  struct Text {                               // a script or configuration file
    std::string content{};
  };
  struct Download {                           // one file, checked against its sha256
    std::string name{};                       // for people
    std::string sha256{};                     // base16
    std::uint64_t size = 0;                   // bytes, 0: unknown
    std::string pool_path{};                  // path below a distribution mirror, or ""
    std::vector<std::string> urls{};          // tried in order, after the mirrors
    // Of a distribution's file, when and where it was there for certain: for the archive of old packages. As those of
    // LockedFile, but the day is said also where it is that of the lock file; "": no such thing is known.
    std::string day{}, archive{};
  };
  struct Member {                             // a tree with bin/<name>: one program taken out of a downloaded .deb
    Download package{};
    std::string member{};                     // ./bin/busybox
    std::string nar_sha256{};                 // base16
  };
  struct Present {                            // put into the store when it was planned: a local tree
    std::string from{};                       // for people
  };
  struct Tree {                               // what an archive holds, without its first directory, checked against the
                                              // hash of that: archives of the same tree may differ
    std::string name{};                       // for people: "rpi 6.12.47"
    std::string nar_sha256{};                 // base16
    std::vector<std::string> urls{};
    std::string hint{};                       // where it cannot be had
  };
  StorePath path;
  std::variant<Text, Download, Member, Present, Tree> how;

  const Download* download() const;           // of a Download, and of a Member its package's; else null
};

struct Graph {
  // Inputs come before their users. A deque, so that addresses stay valid while it grows.
  std::deque<FinishedDerivation> derivations{};
  std::map<StorePath, std::size_t> index{};   // .drv path -> position in `derivations`
  std::map<StorePath, Source> sources{};
  ModuloCache modulo{};

  const FinishedDerivation* find(const StorePath& drv) const;
  // Everything that a derivation of the graph is made from, inputs before their users, and itself last.
  std::vector<StorePath> closure(const StorePath& drv) const;
};

// One thing the user asked for: a derivation of the graph and the outputs wanted of it.
struct Wanted {
  StorePath drv;
  std::vector<std::string> outputs{"out"};
};

}  // namespace swage
