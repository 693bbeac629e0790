#include "resolve/judge.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {

Subject::Subject(const ResolveRequest& request, const ToolchainRow& row, const RootRow* root)
    : request_(request), row_(row), root_(root) {
  if (request.purpose == Purpose::kernel || row.libc_version.empty()) return;
  if (auto version = Version::parse(row.libc_version)) libc_ = std::move(*version);
}

Subject::Variable Subject::variable(const std::string& name) const {
  const auto own = [](bool has, const Version* version) {
    return has ? Variable{Answer::known, version} : Variable{Answer::not_its};
  };
  if (name == "gcc" || name == "clang") return own(name == row_.compiler, &row_.version);
  // Who asks for this one by name is told what could not be tested.
  if (std::find(row_.unknown.begin(), row_.unknown.end(), name) != row_.unknown.end())
    return {request_.toolchain ? Answer::unknown : Answer::hidden};
  if (name == "binutils") return own(row_.binutils.has_value(), row_.binutils ? &*row_.binutils : nullptr);
  if (name == "kernel") return own(request_.kernel.has_value(), request_.kernel ? &*request_.kernel : nullptr);
  if (!is_host_tool(name)) return own(libc_ && row_.libc == name, libc_ ? &*libc_ : nullptr);   // a C library
  if (!root_) return {};
  const auto tool = root_->tools.find(name);
  return tool == root_->tools.end() ? Variable{} : Variable{Answer::known, &tool->second};
}

namespace {

// Of a list that is empty where nothing is left out.
bool names_platform(const std::vector<std::string>& arches, const Platform& platform) {
  const auto is_this = [&](const std::string& arch) { return arch == platform.name || arch == platform.kernel_arch; };
  return arches.empty() || std::any_of(arches.begin(), arches.end(), is_this);
}

}  // namespace

std::string assumption(const std::vector<std::string>& measured, const Platform& platform) {
  if (names_platform(measured, platform)) return {};
  return fmt::format("measured on {}, assumed for {}", join(measured, " and "), platform.name);
}

bool concerns_platform(const Conditions& row, const Platform& platform) {
  return (row.bits == 0 || row.bits == platform.bits) && names_platform(row.arches, platform);
}

bool concerns_cell(const Conditions& row, const ResolveRequest& request) {
  if (!row.kernels.is_any() && !(request.kernel && row.kernels.contains(*request.kernel))) return false;
  return concerns_platform(row, *request.platform);
}

bool concerns(const Conditions& row, const Subject& subject) {
  const std::vector<std::string>& declared = subject.toolchain().features;
  for (const std::string& feature : row.features)
    if (std::find(declared.begin(), declared.end(), feature) == declared.end()) return false;
  return std::all_of(row.when.begin(), row.when.end(), [&](const auto& condition) {
    const Subject::Variable variable = subject.variable(condition.first);
    return variable.answer == Subject::Answer::known && condition.second.contains(*variable.version);
  });
}

namespace {

// Whether the subject has another version of it than the range allows, or may have.
bool fails(const std::string& name, const VersionRange& range, const Subject& subject) {
  const Subject::Variable variable = subject.variable(name);
  return variable.answer == Subject::Answer::hidden ||
         (variable.answer == Subject::Answer::known && !range.contains(*variable.version));
}

}  // namespace

bool violates(const ConstraintRow& row, const Subject& subject) {
  return std::any_of(row.require.begin(), row.require.end(),
                     [&](const auto& one) { return fails(one.first, one.second, subject); });
}

bool violates_by_host_alone(const ConstraintRow& row, const Subject& subject) {
  return std::none_of(row.require.begin(), row.require.end(), [&](const auto& one) {
    return !is_host_tool(one.first) && fails(one.first, one.second, subject);
  });
}

Verdict judge(const ConstraintRow& row, const Subject& subject) {
  Verdict verdict;
  for (const auto& [name, range] : row.require) {
    const Subject::Variable variable = subject.variable(name);
    const std::string shown = name == "kernel" ? "linux" : name;
    if (variable.answer == Subject::Answer::unknown)
      verdict.untested.push_back(fmt::format("{} {}{}", shown, range.str(),
                                             is_host_tool(name) ? "" : " (the toolchain's version is not known)"));
    if (variable.answer == Subject::Answer::hidden)
      verdict.fails.push_back(
          fmt::format("{} of a version that is not known cannot be said to be {}", shown, range.str()));
    if (variable.answer != Subject::Answer::known) continue;
    if (range.contains(*variable.version))
      verdict.holds.push_back(fmt::format("{} {} satisfies {}", shown, variable.version->str(), range.str()));
    else
      verdict.fails.push_back(fmt::format("{} {} is not {}", shown, variable.version->str(), range.str()));
  }
  return verdict;
}

}  // namespace swage
