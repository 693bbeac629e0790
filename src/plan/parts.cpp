#include "plan/parts.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {

namespace {

// Whether any of the words means one of the names; words with `!` mean anything but what follows.
bool any_of_words(const std::vector<std::string>& words, const std::vector<std::string_view>& names) {
  if (words.empty()) return true;
  const auto is = [&](std::string_view word) { return std::find(names.begin(), names.end(), word) != names.end(); };
  bool positive = false;
  for (const std::string_view word : words) {
    if (word.starts_with('!')) {
      if (is(word.substr(1))) return false;
    } else {
      if (is(word)) return true;
      positive = true;
    }
  }
  return !positive;
}

void append(const std::vector<std::string>& more, std::vector<std::string>& list) {
  list.insert(list.end(), more.begin(), more.end());
}

std::vector<DependencyRef> dependencies(const RecipeParts& parts, std::initializer_list<std::string_view> prefixes) {
  std::vector<DependencyRef> found;
  for (const Role role : kRoles)
    for (const std::string_view prefix : prefixes)
      if (const auto at = parts.deps.find(fmt::format("{}{}", prefix, role_name(role))); at != parts.deps.end())
        for (const std::string& name : at->second) found.push_back({role, name});
  return found;
}

bool holds(const RecipeVariant& variant, const RecipeRow& recipe, const PartsFor& what) {
  std::vector<std::string_view> features;
  for (const auto& [name, on] : what.features)
    if (on) features.push_back(name);
  using Words = std::vector<std::string>;
  using Names = std::vector<std::string_view>;
  const std::pair<const Words&, Names> conditions[] = {
      {variant.libc, {what.host.libc}},
      {variant.arch, {what.host.name, what.host.kernel_arch}},
      {variant.endian, {what.host.endian == Endian::little ? "little" : "big"}},
      {variant.host, {what.host.name == what.build.name ? "native" : "foreign"}},
      {variant.linkage, {what.is_static ? "static" : "shared"}},
      {variant.purpose, {what.purpose}},
      {variant.features, std::move(features)},
      {variant.member, {recipe.member}},
  };
  const auto fits = [](const auto& one) { return any_of_words(one.first, one.second); };
  return (variant.bits == 0 || variant.bits == what.host.bits) &&
         std::all_of(std::begin(conditions), std::end(conditions), fits);
}

}  // namespace

RecipeParts parts_of(const RecipeRow& recipe, const PartsFor& what) {
  RecipeParts parts = recipe;
  for (const RecipeVariant& variant : recipe.variants) {
    if (!holds(variant, recipe, what)) continue;
    for (const auto& [role, names] : variant.deps) append(names, parts.deps[role]);
    append(variant.configure, parts.configure);
    append(variant.make, parts.make);
    append(variant.patches, parts.patches);
    if (!variant.install.empty()) parts.install = variant.install;
    if (!variant.script.empty()) parts.script = variant.script;
    if (!variant.tests.empty()) parts.tests = variant.tests;
    for (const auto& [phase, text] : variant.phases) parts.phases[phase] = text;
    for (const auto& [key, text] : variant.env) parts.env[key] = text;
  }
  return parts;
}

Result<Features> features_of(const RecipeRow& recipe, const Instance* instance) {
  Features features = recipe.features;
  if (!instance) return features;
  const auto said = instance->features.find(recipe.name);
  if (said == instance->features.end()) return features;
  std::vector<std::string> known;
  for (const auto& [name, on] : recipe.features) known.push_back(name);
  for (const auto& [name, on] : said->second) {
    const auto feature = features.find(name);
    if (feature == features.end()) {
      Error error = instance_error(*instance, fmt::format("'{}' has no feature '{}'", recipe.name, name));
      error.hint = did_you_mean(name, known);
      error.notes.push_back(known.empty() ? "it has none" : fmt::format("it has: {}", join(known, ", ")));
      return Fail(std::move(error));
    }
    feature->second = on;
  }
  return features;
}

std::vector<DependencyRef> direct_dependencies(const RecipeParts& parts) {
  return dependencies(parts, {"", kPropagated});
}
std::vector<DependencyRef> propagated_dependencies(const RecipeParts& parts) {
  return dependencies(parts, {kPropagated});
}

std::string shell_words(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) {
    std::string text = "\"";
    for (const char c : word) {
      if (c == '"' || c == '\\' || c == '`') text += '\\';
      text += c;
    }
    quoted.push_back(text + "\"");
  }
  return join(quoted, " ");
}

}  // namespace swage
