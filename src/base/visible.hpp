// Text of foreign origin (build logs, names in archives and trees, tables, lock files), as a person may be shown it:
// whatever would make a terminal do something, or show other than what is there, is spelt out.
//
//  - `\u001b`: control characters but tabs and line ends, DEL, C1 (U+0080 to U+009F, among them U+009B, which begins a
//  sequence as
//    ESC [ does), what turns or isolates the direction of text, U+2028 and U+2029, and tags (U+E0000 to U+E007F, as
//    `\U000e0041`). Within a string of JSON this means the same as the character itself.
//  - `\x9b`: a byte that is no UTF-8 (overlong forms and surrogates are none), as terminals with 8-bit controls read
//  it. - Nothing at all: sequences that only set colours (ESC [ ... m).
#pragma once

#include <string>
#include <string_view>

namespace swage {

std::string visible(std::string_view text);           // of any number of lines
std::string visible_line(std::string_view text);      // line ends are spelt out too: names, one line of a log
std::string visible_painted(std::string_view text);   // colours stay: of swage's own text

}  // namespace swage
