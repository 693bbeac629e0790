#include "plan/sources.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {

namespace {

constexpr std::string_view kSourceKey = "source:", kSeedKey = "seed:";

// What the lock lacks, and why when making it found a reason.
Fail not_locked(const Lockfile& lock, const std::string& key, std::string what) {
  Error error{.code = Errc::environment, .what = std::move(what), .hint = "pin it with: swage lock"};
  if (const auto reason = lock.missing.find(key); reason != lock.missing.end())
    error.notes.push_back(fmt::format("when it was asked for: {}", reason->second));
  return Fail(std::move(error));
}

Result<Source> download_of(const SourceSpec& spec, const std::string& sha256) {
  const std::string file = store_name_of(spec.urls.front().substr(spec.urls.front().rfind('/') + 1));
  SWAGE_TRY(const Hash hash, Hash::from_hex(HashAlgo::sha256, sha256));
  SWAGE_TRY(StorePath path, make_fixed_path(file, ContentMethod::flat, hash));
  Source::Download how{.name = file, .sha256 = sha256, .size = spec.size};
  for (const std::string& url : spec.urls) {
    if (const auto pool_path = pool_path_of(url)) how.pool_path = *pool_path;
    else how.urls.push_back(url);
  }
  return Source{.path = std::move(path), .how = std::move(how)};
}

}  // namespace

std::string store_name_of(std::string_view file_name) {
  std::string name(file_name);
  for (char& c : name) {
    const bool allowed =
        std::isalnum(static_cast<unsigned char>(c)) || std::string_view("+-._?=").find(c) != std::string_view::npos;
    if (!allowed) c = '-';
  }
  if (!name.empty() && name.front() == '.') name.front() = '-';
  return name;
}

std::string set_request(std::vector<std::string> packages) {
  std::sort(packages.begin(), packages.end());
  packages.erase(std::unique(packages.begin(), packages.end()), packages.end());
  return join(packages, " ");
}

std::string root_request(const RootRow& row) {
  std::string text = set_request(row.packages);
  if (!row.only.empty()) text += " only " + set_request(row.only);
  if (row.components != std::vector<std::string>{"main"}) text += " of " + set_request(row.components);
  return text;
}

std::string root_key(const RootRow& row) { return "root:" + row.name; }
std::string toolchain_key(const ToolchainRow& row, bool with_cxx) {
  return (with_cxx ? "toolchain-c++:" : "toolchain:") + row.group;
}
std::string seed_key(const std::string& name) { return fmt::format("{}{}", kSeedKey, name); }
std::string source_key(const SourceSpec& spec) { return fmt::format("{}{}", kSourceKey, spec.debian_key()); }

Result<bool> answers_key(const LockView& lock, const std::string& key) {
  const Lockfile& known = lock.sources();
  if (known.missing.contains(key)) return true;
  if (key.starts_with(kSourceKey)) return known.sources.contains(key.substr(kSourceKey.size()));
  if (key.starts_with(kSeedKey)) return known.seeds.contains(key.substr(kSeedKey.size()));
  SWAGE_TRY(const LockedSet* set, lock.set(key));
  return set != nullptr;
}

const LockedFile* find_locked_source(const Lockfile& lock, const SourceSpec& spec) {
  const auto source = lock.sources.find(spec.debian_key());
  if (source == lock.sources.end()) return nullptr;
  const auto file = lock.files.find(source->second);
  return file == lock.files.end() ? nullptr : &file->second;
}

Result<Source> source_of(const LockedFile& file, std::string_view created) {
  SWAGE_TRY(StorePath path, file.store_path());
  return Source{.path = std::move(path),
                .how = Source::Download{.name = file.path.substr(file.path.rfind('/') + 1),
                                        .sha256 = file.sha256,
                                        .size = file.size,
                                        .pool_path = file.path,
                                        .day = file.day.empty() ? std::string(created) : file.day,
                                        .archive = file.archive}};
}

Result<Source> source_of(const Lockfile& lock, const SourceSpec& spec, const std::string& name) {
  if (!spec.debian_package.empty()) {
    const LockedFile* file = find_locked_source(lock, spec);
    // The distribution's file is meant only as long as it is the one that the row knows.
    const bool other = file && !spec.sha256.empty() && file->sha256 != spec.sha256;
    if (other && spec.urls.empty())
      return Fail(Error{.code = Errc::environment,
                        .what = fmt::format("'{}' is not what suite '{}' has now: that is {} {}", name,
                                            spec.debian_suite, file->name, file->version)});
    if ((!file || other) && !spec.urls.empty()) return download_of(spec, spec.sha256);
    if (!file)
      return not_locked(lock, source_key(spec), fmt::format("'{}' has no source in the lock file", name));
    return source_of(*file, lock.created);
  }
  if (spec.urls.empty()) return fail(Errc::invalid_input, fmt::format("'{}' has no source", name));
  if (spec.sha256sums.empty()) return download_of(spec, spec.sha256);
  const auto pinned = lock.archives.find(spec.urls.front());
  if (pinned != lock.archives.end()) return download_of(spec, pinned->second);
  return Fail(Error{.code = Errc::environment, .what = fmt::format("'{}' is not in the lock file", name),
                    .notes = {fmt::format("its sha256 is pinned from {} when it is first planned", spec.sha256sums)}});
}

Result<Source> text_source(std::string_view name, std::string content) {
  SWAGE_TRY(StorePath path, make_text_path(name, sha256(content), {}));
  return Source{.path = std::move(path), .how = Source::Text{std::move(content)}};
}

Result<Source> seed_source(const Lockfile& lock, const std::string& name) {
  const auto seed = lock.seeds.find(name);
  const auto file = seed == lock.seeds.end() ? lock.files.end() : lock.files.find(seed->second.sha256);
  if (file == lock.files.end())
    return not_locked(lock, seed_key(name), fmt::format("'{}', which unpacks all else, is not in the lock file", name));
  SWAGE_TRY(const Hash hash, Hash::from_hex(HashAlgo::sha256, seed->second.nar_sha256));
  SWAGE_TRY(StorePath path, make_fixed_path(name, ContentMethod::recursive, hash));
  SWAGE_TRY(Source package, source_of(file->second, lock.created));
  return Source{.path = std::move(path),
                .how = Source::Member{.package = std::get<Source::Download>(package.how),
                                      .member = seed->second.member,
                                      .nar_sha256 = seed->second.nar_sha256}};
}

namespace {

Result<std::vector<Source>> locked_set(const LockView& lock, const std::string& key, const std::string& suite,
                                       const std::string& request) {
  SWAGE_TRY(const LockedSet* set, lock.set(key));
  const auto without = [&](std::string_view what) {
    return not_locked(lock.sources(), key, fmt::format("'{}' {}", key, what));
  };
  if (!set) {
    Fail missing = without("has no packages in the lock file");
    if (key.starts_with("root:"))   // some are pinned only when they are asked for
      missing.value().hint += " --root " + key.substr(key.find(':') + 1);
    return missing;
  }
  if (set->suite != suite || set->request != request) {
    Fail changed = without("has changed since it was pinned");
    changed.value().hint = "pin it anew with: swage lock --update " + key;
    return changed;
  }
  std::vector<Source> sources;
  sources.reserve(set->files.size());
  for (const std::string& sha256 : set->files) {
    const LockedFile* file = lock.file(sha256);
    if (!file) return without("names a file that the lock file lacks");
    SWAGE_TRY(Source source, source_of(*file, lock.sources().created));
    sources.push_back(std::move(source));
  }
  return sources;
}

}  // namespace

Result<std::vector<Source>> set_sources(const LockView& lock, const std::string& key, const std::string& suite,
                                        const std::vector<std::string>& packages) {
  return locked_set(lock, key, suite, set_request(packages));
}
Result<std::vector<Source>> set_sources(const LockView& lock, const RootRow& row) {
  return locked_set(lock, root_key(row), row.suite, root_request(row));
}

}  // namespace swage
