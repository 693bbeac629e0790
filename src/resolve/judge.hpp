// Whether constraints and quirks concern a cell, a toolchain and a root, and whether what a constraint requires holds
// for them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "resolve/resolve.hpp"

namespace swage {

// One toolchain in one root, asked about variables.
class Subject {
 public:
  enum class Answer {
    known,        // it has a version of that
    not_its,      // it has none, and none is used: clang, for a gcc
    unknown,      // a tool of a root that does not say which version it has
    hidden,       // the toolchain's own, of a version that its row does not know: no requirement can be said to hold
  };
  struct Variable {
    Answer answer = Answer::unknown;
    const Version* version = nullptr;
  };

  // `root` may be null: then nothing is known of host tools.
  Subject(const ResolveRequest& request, const ToolchainRow& row, const RootRow* root);
  Variable variable(const std::string& name) const;
  const ToolchainRow& toolchain() const { return row_; }

 private:
  const ResolveRequest& request_;
  const ToolchainRow& row_;
  const RootRow* root_;
  std::optional<Version> libc_{};
};

// "measured on arm, assumed for mips": of a row that was seen on other platforms than this one
// (ConstraintRow::measured); else "".
std::string assumption(const std::vector<std::string>& measured, const Platform& platform);

// What is known before there is a candidate: kernel, platform.
bool concerns_platform(const Conditions& row, const Platform& platform);
bool concerns_cell(const Conditions& row, const ResolveRequest& request);
// The rest. A condition on something that is not known cannot be said to hold.
bool concerns(const Conditions& row, const Subject& subject);

// For a constraint that concerns the subject.
bool violates(const ConstraintRow& row, const Subject& subject);
bool violates_by_host_alone(const ConstraintRow& row, const Subject& subject);   // all that it violates is the root's
struct Verdict {
  std::vector<std::string> holds{}, fails{}, untested{};
};
Verdict judge(const ConstraintRow& row, const Subject& subject);

}  // namespace swage
