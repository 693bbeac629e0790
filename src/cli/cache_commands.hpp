// Commands of `swage cache` that have a file of their own. Each sets `chosen` when it is given.
#pragma once

#include "cache/place.hpp"
#include "cli/command.hpp"

namespace swage {

// An error unless there is a cache already.
Result<std::unique_ptr<CachePlace>> open_cache(const std::string& url, bool writable);

void declare_cache_push(const Options& app, const std::shared_ptr<Action>& chosen);
void declare_cache_check(const Options& app, const std::shared_ptr<Action>& chosen);
void declare_cache_pins(const Options& app, const std::shared_ptr<Action>& chosen);      // pin, unpin
void declare_cache_gc(const Options& app, const std::shared_ptr<Action>& chosen);

}  // namespace swage
