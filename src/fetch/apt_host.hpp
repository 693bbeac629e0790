// How the host's apt is configured: which mirrors serve the host's own release, and through which proxy.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/lock.hpp"

namespace swage {

// `apt-config dump`, as key -> value. List items ("Key::") are left out.
using AptConfig = std::map<std::string, std::string>;
AptConfig parse_apt_config(std::string_view dump);

// The value of `Dir::A::B` with the directories above it put before it, as apt does.
fs::path apt_directory(const AptConfig& config, std::string_view key);

// What of these files serves the main component of the release `codename` (or its class: stable, ...), or of its
// updates or security fixes, over http, https or file. The text says in which form it is: one line per source, or
// stanzas of fields (sources.list(5)).
std::vector<AptSource> parse_one_line_sources(std::string_view text, std::string_view codename);
std::vector<AptSource> parse_stanza_sources(std::string_view text, std::string_view codename);

// `bookworm` of an os-release file; "" when it has none.
std::string release_codename(std::string_view os_release);

}  // namespace swage
