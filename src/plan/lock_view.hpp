// A lock to look entries up in. Of a file, only what is asked for is read: a lock of every platform has megabytes, and
// a plan needs a dozen of its sets.
#pragma once

#include <memory>

#include "plan/lockfile.hpp"

namespace swage {

// Copies are of the same lock; what a view gives stays where it is for as long as one of them, or the Lockfile, lives.
class LockView {
 public:
  LockView(const Lockfile& lock) : whole_(&lock) {}   // of one in memory, which outlives the view
  LockView(Lockfile&&) = delete;

  // What is not looked up is not looked at, so a mistake there is not found. A file that swage has not written is read
  // whole. Errors as those of Lockfile::read.
  static Result<LockView> open(const fs::path& path);
  static Result<LockView> parse(std::string json, std::string name_for_errors);

  // The lock with all of its sources, seeds and reasons and with the files of these; it may be without sets and their
  // files.
  const Lockfile& sources() const;
  // Null: the lock has no such set.
  Result<const LockedSet*> set(const std::string& key) const;
  // Of a source, a seed, or a set that was looked up. Null: the lock has no such file.
  const LockedFile* file(const std::string& sha256) const;

 private:
  struct Part;
  explicit LockView(std::shared_ptr<Part> part) : part_(std::move(part)) {}
  static Result<LockView> of_part(std::shared_ptr<Part> part);

  const Lockfile* whole_ = nullptr;
  std::shared_ptr<Part> part_;   // where there is no whole one
};

}  // namespace swage
