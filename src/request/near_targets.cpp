#include "request/near_targets.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>

#include "base/text.hpp"
#include "request/goals.hpp"

namespace swage {

namespace {

bool begins_with_digit(std::string_view text) {
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front()));
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// `linux@6.1,5.10`: each part, with the name of the one before it where it has none.
std::string targets_apart(const std::string& text) {
  std::string targets, name;
  for (const std::string_view part : split(text, ',')) {
    if (part.empty()) continue;
    const bool whole = name.empty() || !begins_with_digit(part);
    if (whole) name = part.substr(0, part.find('@'));
    targets += fmt::format(" {}{}{}", whole ? "" : name, whole ? "" : "@", part);
  }
  return targets;
}

// The target that this is another spelling of; "" none. A version alone is that of a kernel.
std::string respelt(const std::string& text, const std::string& kernel, const std::vector<std::string>& known) {
  const std::string word = lower_case(text);
  if (begins_with_digit(word)) return Version::parse(word) ? fmt::format("{}@{}", kernel, word) : "";
  for (const char* separator : {"@", ":", "=", "-", "_", " "})
    for (auto at = word.rfind(separator); at != std::string::npos && at > 0; at = word.rfind(separator, at - 1)) {
      const std::string name = word.substr(0, at), version = word.substr(at + 1);
      if (begins_with_digit(version) && std::find(known.begin(), known.end(), name) != known.end())
        return fmt::format("{}@{}", name, version);
    }
  return std::find(known.begin(), known.end(), word) == known.end() ? "" : word;
}

}  // namespace

std::string hint_for_target(const Catalog& catalog, const std::string& text,
                            const std::vector<std::string>& platforms) {
  if (text.find(',') != std::string::npos) return fmt::format("give each target by itself:{}", targets_apart(text));
  std::vector<std::string> known = catalog.recipe_names();
  known.insert(known.end(), {kRootTarget, kToolchainTarget});
  if (const std::string target = respelt(text, catalog.kernel_recipe(), known); !target.empty())
    return fmt::format("did you mean '{}'?", target);
  if (const auto tables = catalog.image_tables(); tables && (*tables)->image(text))
    return fmt::format("did you mean '{}{}'?", kImageTarget, text);
  if (catalog.platform(text))
    return platforms.empty()
               ? fmt::format("it is a platform: TARGET --for {}", text)
               : fmt::format("several platforms have commas between them: --for {},{}", platforms.back(), text);
  const std::string near = did_you_mean(text.substr(0, text.find('@')), known);
  return near.empty() ? "see what there is with: swage list packages" : near;
}

}  // namespace swage
