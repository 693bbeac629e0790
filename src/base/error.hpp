// The one error type of swage and the macros that pass it on.
//
// Expected failures are values: a function that can fail returns Result<T>. Exceptions are left to bugs and to memory
// running out. The callee says what is wrong, each caller may add a note on what it was doing, and the command line
// prints the whole once with render().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace swage {

// What kind of failure; tests and exit codes branch on it, never on text.
enum class Errc {
  invalid_input,   // wrong usage, a malformed table, an unknown name: exit code 2
  build_failed,    // a build, boot or verification failed: exit code 1
  irreproducible,  // a second build succeeded and made something else: exit code 1
  unsatisfiable,   // no candidate meets the constraints: exit code 3
  environment,     // no namespaces, no space, unreachable source: exit code 4
  hash_mismatch,   // fetched or stored bytes differ from what was pinned: exit code 1
  corrupt,         // a foreign or stored byte stream breaks its format: exit code 1
  interrupted,     // the user stopped it: exit code 130
};

// A place in a text file. Lines and columns count from 1, columns in bytes.
struct SourcePos {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
  unsigned length = 1;     // how many carets to draw
  std::string line_text;   // the source line itself; empty: no caret block
  friend bool operator==(const SourcePos&, const SourcePos&) = default;
};

struct Error {
  Errc code = Errc::invalid_input;
  std::string what{};                 // `'subject' what is wrong`: one clause, lower case, no full stop
  std::optional<SourcePos> where{};
  std::vector<std::string> notes{};   // outermost context last
  std::string hint{};                 // ends in a command to run, or a "did you mean"
  std::vector<Error> also{};          // further errors of the same kind, found in the same pass
  int os_error = 0;                   // errno of the system call that failed, when one did

  Error&& note(std::string text) && {
    notes.push_back(std::move(text));
    return std::move(*this);
  }
  Error&& at(SourcePos pos) && {
    where = std::move(pos);
    return std::move(*this);
  }
  Error&& hinted(std::string text) && {
    hint = std::move(text);
    return std::move(*this);
  }
};

template <class T>
using Result = tl::expected<T, Error>;

using Fail = tl::unexpected<Error>;

// Several errors as one, which must not be none: the first, with the others in `also`.
Error together(std::vector<Error> errors);

// Shorthand: return fail(Errc::corrupt, "archive 'x' ends early").
Fail fail(Errc code, std::string what);
// The same for a failed system call: Errc::environment, with strerror(err), and a hint where there is one for
// everybody.
Fail fail_errno(std::string what, int err);
bool is_no_space(int err);   // a full disk, or the user's share of it

int exit_code(Errc code);

// The printed form, design section 10:
//   error: <what>
//     --> file:line:column
//      3 | text
//        | ^^^^
//   note: ...
//   hint: ...
// Ends in a newline. `colour` adds ANSI escapes. A password in a URL is not shown, whoever wrote it.
std::string render(const Error& error, bool colour = false);

}  // namespace swage

#define SWAGE_CONCAT_(a, b) a##b
#define SWAGE_CONCAT(a, b) SWAGE_CONCAT_(a, b)
#define SWAGE_TRY_(tmp, decl, expr)                                     \
  auto tmp = (expr);                                                    \
  if (!tmp) return ::tl::unexpected<::swage::Error>(std::move(tmp).error()); \
  decl = std::move(*tmp)
// SWAGE_TRY(auto x, f()): x is the value of f(), or the enclosing function returns f()'s error.
#define SWAGE_TRY(decl, expr) SWAGE_TRY_(SWAGE_CONCAT(swage_try_, __COUNTER__), decl, expr)
// SWAGE_CHECK(f()): as SWAGE_TRY for a Result<void>, or when the value is not wanted.
#define SWAGE_CHECK(expr)                        \
  if (auto swage_check_ = (expr); !swage_check_) \
    return ::tl::unexpected<::swage::Error>(std::move(swage_check_).error())
