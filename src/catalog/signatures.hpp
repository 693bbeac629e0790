// Recognising failures: the lines that logs are known for.
#pragma once

#include <string>
#include <string_view>

#include "catalog/catalog.hpp"

namespace swage {

// The first line of the end of `log` (some thousand lines) that a row's pattern matches decides, then the order of the
// rows. Null: nothing is recognised. Errc::invalid_input for a pattern that is none.
Result<const SignatureRow*> recognise(const std::vector<SignatureRow>& rows, std::string_view log);

// What the tools said of an object that does not compile: the row that knows the first line that any knows, and that
// line; no row: the last line that says anything. Errc::invalid_input as above.
struct ObjectError {
  const ObjectErrorRow* row = nullptr;
  std::string line{};
};
Result<ObjectError> find_object_error(const std::vector<ObjectErrorRow>& rows, std::string_view said);

}  // namespace swage
