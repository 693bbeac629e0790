// Generators of versions and ranges, from a small pool of numbers so that equal and neighbouring ones are common.
#pragma once

#include <rapidcheck.h>

#include <string>

#include "catalog/version.hpp"

namespace swage {

inline rc::Gen<std::string> gen_version_text() {
  return rc::gen::exec([] {
    std::string text = std::to_string(*rc::gen::inRange(0, 7));
    for (int more = *rc::gen::inRange(0, 4); more > 0; --more) text += "." + std::to_string(*rc::gen::inRange(0, 20));
    if (*rc::gen::inRange(0, 5) == 0) text += "-rc" + std::to_string(*rc::gen::inRange(1, 9));
    return text;
  });
}

inline rc::Gen<Version> gen_version() {
  return rc::gen::map(gen_version_text(), [](const std::string& text) { return Version::parse(text).value(); });
}

// One to three bounds, joined by commas or bars.
inline rc::Gen<std::string> gen_range_text() {
  return rc::gen::exec([] {
    const auto bound = [] { return *rc::gen::element<std::string>("<", "<=", ">", ">=", "=") + *gen_version_text(); };
    const std::string first = bound();
    std::string text = first;
    for (int more = *rc::gen::inRange(0, 3); more > 0; --more)
      text += *rc::gen::element<std::string>(",", "|") + bound();
    return VersionRange::parse(text) ? text : first;   // an empty range is refused
  });
}

}  // namespace swage
