// Secrets in URLs. They are no part of a recipe, a log or a record, so none is taken, and none is shown when one was
// given.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace swage {

// `https://user:secret@host/x?token=secret` without the user and the secret; asterisks for the values of the query that
// are one by their keys.
std::string shown_url(std::string_view url);

// What stands before the host of every URL in the text, as that many asterisks: lengths and columns stay. The user of
// ssh://git@host/ alone is none.
std::string without_secrets(std::string text);

// Refuses a URL that has a password, or of http(s) any user, since tokens are written as one, or a token in its query.
// The error does not show it.
Result<void> refuse_secrets(std::string_view url);

// Refuses what no download can be of: another scheme than https, http, ftp and file, no host where one is needed,
// characters that do not show.
Result<void> refuse_unfetchable(std::string_view url);

}  // namespace swage
