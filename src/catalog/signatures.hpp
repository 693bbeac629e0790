// Recognising failures: the lines that logs are known for.
#pragma once

#include <string_view>

#include "catalog/catalog.hpp"

namespace swage {

// The first line of the end of `log` (some thousand lines) that a row's pattern matches decides, then the order of the
// rows. Null: nothing is recognised. Errc::invalid_input for a pattern that is none.
Result<const SignatureRow*> recognise(const std::vector<SignatureRow>& rows, std::string_view log);

}  // namespace swage
