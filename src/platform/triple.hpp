// GNU system triples: `cpu-vendor-kernel-abi` in all the short forms that config.sub accepts, normalised.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace swage {

// `aarch64-linux-gnu` and `aarch64-unknown-linux-gnu` are the same triple; str() gives the second form. Bare-metal
// triples have kernel "none" and an object format or ABI (`arm-none-eabi`, `riscv64-none-elf`).
class Triple {
 public:
  // One to four dash-separated parts. Errors name the part that is not understood and suggest a near one.
  static Result<Triple> parse(std::string_view text);

  const std::string& cpu() const { return cpu_; }         // as written: armv5tel, i686, powerpc64le
  const std::string& vendor() const { return vendor_; }   // "unknown" when not given
  const std::string& kernel() const { return kernel_; }   // linux, none, windows, ...
  const std::string& abi() const { return abi_; }         // gnueabihf, musl, uclibceabi, elf, ...
  std::string str() const;                                // canonical, four parts (three where GNU config has three)
  std::string libc() const;                               // glibc, musl, uclibc, newlib, bionic, "": from the ABI part
  friend bool operator==(const Triple&, const Triple&) = default;

 private:
  Triple() = default;
  std::string cpu_, vendor_, kernel_, abi_;
};

}  // namespace swage
