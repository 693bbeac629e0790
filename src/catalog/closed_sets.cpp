#include "catalog/closed_sets.hpp"

namespace swage {

const std::vector<std::string>& toolchain_variables() {
  static const std::vector<std::string> names{"gcc", "clang", "binutils"};
  return names;
}

const std::vector<std::string>& host_tools() {
  static const std::vector<std::string> names{"make", "perl",  "bash",    "host-gcc", "python", "bc",
                                              "flex", "bison", "openssl", "pahole",   "rustc"};
  return names;
}

void check_word(const FieldInput& in, const std::string& word, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), word) == known.end()) report_unknown_word(in, word, known);
}

void read_known_words(const FieldInput& in, std::vector<std::string>& out, const std::vector<std::string>& known) {
  read_field(in, out);
  for (const TomlValue& item : in.value.items)
    if (item.kind == TomlValue::Kind::string) check_word(in.with(item, in.name), item.text, known);
}

void read_closed_words(const FieldInput& in, std::vector<std::string>& out, const std::vector<std::string>& known) {
  read_negatable(in, out, [&](const FieldInput& item, const std::string& word) { check_word(item, word, known); });
}

// Source: `supported_defaults` of gcc/config.gcc for the architectures of the catalog, and strict-align of LoongArch.
void read_gcc_options(const FieldInput& in, std::map<std::string, std::string>& out) {
  static const std::vector<std::string> known{
      "abi",         "arch",   "arch-32",   "arch-64",         "cpu",
      "cpu-32",      "cpu-64", "tune",      "tune-32",         "tune-64",
      "float",       "fpu",    "fp-32",     "odd-spreg-32",    "nan",
      "mode",        "endian", "tls",       "divide",          "llsc",
      "mips-plt",    "synci",  "lxc1-sxc1", "madd4",           "compact-branches",
      "msa",         "simd",   "isa-spec",  "riscv-attribute", "cmodel",
      "strict-align"};
  read_field(in, out);
  check_names(in, out, known);
  if (const TomlEntry* entry = in.value.find("float"); entry && entry->value.kind == TomlValue::Kind::string)
    check_word(in.with(entry->value, "float"), entry->value.text, {"hard", "soft", "softfp"});
}

}  // namespace swage
