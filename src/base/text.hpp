// Small helpers on text.
#pragma once

#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace swage {

std::vector<std::string_view> split(std::string_view text, char separator);    // "a,,b" has three parts
std::vector<std::string_view> split_words(std::string_view text);              // on white space, no empty parts
std::string_view trim(std::string_view text);
std::string_view last_lines(std::string_view text, std::size_t count);         // all of it when it has fewer
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string join_some(std::span<const std::string> parts, std::size_t most);   // "a, b, c and 7 more"

// As one word of a shell's command line: as it is when it is plain, else in single quotes.
std::string shell_quoted(std::string_view word);

// Damerau-Levenshtein distance (optimal string alignment): the number of inserted, deleted, changed or swapped bytes.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The nearest of `candidates` to `query`: at most three, all at the same smallest edit distance, which is at most 2 (1
// for queries under four characters), in the order given. Used for every closed set: commands, options, keys, targets,
// platforms.
std::vector<std::string> closest(std::string_view query, std::span<const std::string> candidates);

// "did you mean 'a'?", "did you mean 'a' or 'b'?", or "" when nothing is near.
std::string did_you_mean(std::string_view query, std::span<const std::string> candidates);

// 1.4 GB, 37.0 MB, 512 B: decimal units, for people.
std::string human_bytes(std::uint64_t bytes);
// "1 file", "2 files".
std::string counted(std::uint64_t count, std::string_view what);
// 0.3 s, 12.4 s, 3 m 05 s: for people.
std::string human_seconds(double seconds);

// A time in UTC as strftime writes it.
std::string time_text(const char* format, const std::tm& time);
std::string time_text(const char* format, std::time_t seconds_since_1970);

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
// YYYY-MM-DD, of twelve months of up to 31 days.
bool is_calendar_date(std::string_view text);

}  // namespace swage
