// What a publisher says of its archives: the lists of sha256sum(1) that kernel.org and others have beside them, signed
// in the clear or not. A signature is not checked: the list comes by the same secured connection as its archive, and
// what it says is pinned once.
#pragma once

#include <optional>
#include <string>

#include "base/events.hpp"
#include "catalog/catalog.hpp"
#include "fetch/fetch.hpp"

namespace swage {

// The sha256 of the file in a list: lines `HASH  NAME` or `HASH *NAME`, where directories before the name do not count.
//                                                Other lines are
// passed over. Nothing when the list does not have it, or has it with two hashes.
std::optional<std::string> find_in_sha256sums(std::string_view list, std::string_view file);

// Of the archive at spec.urls.front(), by the list at spec.sha256sums, which is kept below `work_dir` while it arrives.
// Errors: Errc::environment when the list cannot be had or does not say it.
Result<std::string> published_sha256(const SourceSpec& spec, const fs::path& work_dir, const FetchOptions& options,
                                     Reporter& reporter);

}  // namespace swage
