// Locks to test with: a small one, and any.
#pragma once

#include <fmt/format.h>
#include <rapidcheck.h>

#include "plan/lockfile.hpp"

namespace swage {

inline std::string sha(unsigned n) { return sha256(std::to_string(n)).hex(); }

inline Lockfile small_lock() {
  Lockfile lock{.created = "2026-01-31"};
  lock.files[sha(1)] = {"bc", "1.07.1-3+b1", "pool/main/b/bc/bc_1.07.1-3+b1_amd64.deb", sha(1), 108512};
  lock.files[sha(2)] = {"linux", "6.1.170-3", "pool/main/l/linux/linux_6.1.170.orig.tar.xz", sha(2), 137000000};
  lock.sets["root:build"] = {"bookworm", "bc make", {sha(1)}};
  lock.sources["bookworm/linux"] = sha(2);
  lock.seeds["busybox"] = {sha(1), "./bin/busybox", sha(3)};
  lock.missing["root:old"] = "unknown package 'gcc-2.95' in suite 'bookworm'";
  return lock;
}

inline rc::Gen<std::string> text_of(const std::string& alphabet, const std::string& prefix) {
  return rc::gen::map(rc::gen::container<std::string>(rc::gen::elementOf(alphabet)),
                      [prefix](const std::string& s) { return prefix + s; });
}

inline Lockfile any_lock() {
  Lockfile lock{.created = "2026-01-31"};
  const auto count = *rc::gen::inRange<unsigned>(1, 8);
  const std::string alphabet = "abz09+-.";
  for (unsigned i = 0; i < count; ++i)
    lock.files[sha(i)] = {*text_of(alphabet, "a"), *text_of(alphabet + "~:", "1"), "pool/" + *text_of(alphabet + "%~", "p"), sha(i),
                          *rc::gen::arbitrary<std::uint64_t>(),
                         *rc::gen::element<std::string>("", "2026-01-31")};
  for (auto& [sha256, file] : lock.files)
    if (!file.day.empty()) file.archive = *rc::gen::element<std::string>("", "debian", "debian-security");
  const auto any_file = rc::gen::map(rc::gen::inRange<unsigned>(0, count), [](unsigned i) { return sha(i); });
  for (unsigned i = *rc::gen::inRange<unsigned>(0, 4); i-- > 0;) {
    lock.sets[*text_of("a\"\\", "root:")] = {"sid", *text_of("ab ", "p"), *rc::gen::container<std::vector<std::string>>(any_file)};
    lock.sources[*text_of("a\"", "s")] = *any_file;
    lock.seeds[*text_of("a\"", "s")] = {*any_file, *text_of("ab/.", "./"), *any_file};
    lock.archives[*text_of("a/\"", "https://")] = sha(*rc::gen::inRange<unsigned>(0, 100));
    lock.missing[*text_of("a\"", "s")] = *text_of("a '\"\\", "r\xc3\xa9");
  }
  return lock;
}

}  // namespace swage
