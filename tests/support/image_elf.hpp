// ELF files as small as they can be: a header, what is loaded, who starts it and what it needs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace swage {

struct MadeElf {
  unsigned machine = 183, bits = 64, type = 2;   // arm64, an executable
  bool big = false;
  std::uint32_t flags = 0;
  std::string interpreter{};
  std::vector<std::string> needed{}, search{};

  std::string bytes() const {
    const unsigned word = bits / 8, header = bits == 64 ? 64 : 52, each = bits == 64 ? 56 : 32;
    std::string names(1, '\0');
    std::vector<std::pair<std::uint64_t, std::uint64_t>> dynamic;
    for (const auto& [tag, list] : {std::pair(1, &needed), std::pair(29, &search)})
      for (const std::string& name : *list) {
        dynamic.emplace_back(tag, names.size());
        names += name + '\0';
      }
    const bool linked = !dynamic.empty();
    const unsigned count = 1 + !interpreter.empty() + linked;
    const std::uint64_t interpreter_at = header + count * each, names_at = interpreter_at + interpreter.size() + 1;
    const std::uint64_t dynamic_at = names_at + names.size();
    dynamic.insert(dynamic.end(), {{5, names_at}, {10, names.size()}, {0, 0}});
    const std::uint64_t size = dynamic_at + dynamic.size() * 2 * word;
    std::string out = "\x7f" "ELF";
    out += std::string{static_cast<char>(bits == 64 ? 2 : 1), static_cast<char>(big ? 2 : 1), 1};
    out.resize(16, '\0');
    put(out, type, 2), put(out, machine, 2), put(out, 1, 4), put(out, 0, word), put(out, header, word), put(out, 0, word);
    put(out, flags, 4), put(out, header, 2), put(out, each, 2), put(out, count, 2), put(out, 0, 2), put(out, 0, 2), put(out, 0, 2);
    segment(out, 1, 0, size);
    if (!interpreter.empty()) segment(out, 3, interpreter_at, interpreter.size() + 1);
    if (linked) segment(out, 2, dynamic_at, dynamic.size() * 2 * word);
    out += interpreter + '\0' + names;
    for (const auto& [tag, value] : dynamic) put(out, tag, word), put(out, value, word);
    return out;
  }

 private:
  void put(std::string& out, std::uint64_t value, unsigned width) const {
    for (unsigned i = 0; i < width; ++i) out += static_cast<char>(value >> 8 * (big ? width - 1 - i : i));
  }
  void segment(std::string& out, std::uint64_t kind, std::uint64_t at, std::uint64_t size) const {
    const unsigned word = bits / 8;
    put(out, kind, 4);
    if (bits == 64) put(out, 5, 4);
    put(out, at, word), put(out, at, word), put(out, at, word), put(out, size, word), put(out, size, word);
    if (bits == 32) put(out, 5, 4);
    put(out, 1, word);
  }
};

}  // namespace swage
