#include "fetch/apt.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <ctime>
#include <fmt/core.h>

#include "base/process.hpp"
#include "base/text.hpp"

extern char** environ;

namespace swage {

namespace {

// The ring with the keys of all releases that Debian supports, from the package debian-archive-keyring.
constexpr std::string_view kArchiveKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

// apt's messages are read here: they must be the untranslated ones.
std::map<std::string, std::string> plain_environment() {
  std::map<std::string, std::string> env;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    if (const auto equals = text.find('='); equals != std::string_view::npos)
      env[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  env["LC_ALL"] = "C";
  env.erase("LANGUAGE");
  return env;
}

Result<ProcessResult> run_apt(const fs::path& directory, const std::string& program, std::vector<std::string> args) {
  args.insert(args.begin(), {program, "-c", (directory / "apt.conf").string()});
  return run_process({.argv = std::move(args), .env = plain_environment()});
}

std::string squeeze(std::string_view text) {
  std::string out;
  for (std::string_view word : split_words(text)) out += fmt::format("{}{}", out.empty() ? "" : " ", word);
  return out;
}

// The first `E:` line: those that follow say that it failed because it failed.
std::string complaint(const ProcessResult& result) {
  for (std::string_view line : split(result.err, '\n')) {
    if (!line.starts_with("E: ")) continue;
    std::string text = squeeze(line.substr(3));
    while (text.ends_with('.')) text.pop_back();
    return text;
  }
  return fmt::format("apt-get ends with status {}", result.status);
}

// The first dependency that apt could not meet: ` a : Depends: b (>= 2) but it is not installable`.
std::string conflict(const ProcessResult& result) {
  for (std::string_view line : split(result.out, '\n')) {
    if (!line.starts_with(' ') || line.find(" : ") == std::string_view::npos) continue;
    return squeeze(line);
  }
  return complaint(result);
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const std::string digits(text.substr(i + 1, 2));
      out += static_cast<char>(std::strtol(digits.c_str(), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string escape(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) || std::string_view("/._-+").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const auto start = text.find(before);
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start + before.size());
  return text.substr(0, text.find(after));
}

}  // namespace

std::vector<AptChoice> parse_uris(std::string_view printed) {
  std::vector<AptChoice> choices;
  for (std::string_view line : split(printed, '\n')) {
    const auto words = split_words(line);
    if (words.size() < 3 || !words[0].starts_with('\'') || !words[1].ends_with(".deb")) continue;
    const std::string file = unescape(words[1].substr(0, words[1].size() - 4));   // name_version_architecture
    const auto parts = split(file, '_');
    if (parts.size() == 3) choices.push_back({std::string(parts[0]), std::string(parts[1]), std::string(parts[2])});
  }
  return choices;
}

std::string without_hosts(std::string_view text, const std::vector<AptSource>& sources) {
  std::string out(text);
  const auto replace_all = [&](const std::string& from, std::string_view to) {
    for (std::size_t at = 0; !from.empty() && (at = out.find(from, at)) != std::string::npos; at += to.size())
      out.replace(at, from.size(), to);
  };
  for (const AptSource& source : sources) {
    std::string uri = source.uri;
    if (uri.starts_with("file://")) uri.erase(5, 2);   // as apt writes it
    for (const std::string& written : {source.uri, uri, uri.starts_with("file:") ? uri.substr(5) : uri}) {
      replace_all(written + "/", "");
      replace_all(written, "the mirror");
    }
  }
  for (std::size_t at; (at = out.find("://")) != std::string::npos;) {
    std::size_t start = at;
    while (start > 0 && (std::isalnum(static_cast<unsigned char>(out[start - 1])) || out[start - 1] == '+')) --start;
    const auto end = std::min(out.find_first_of("/ '\"", at + 3), out.size());
    out.erase(start, end + (end < out.size() && out[end] == '/' ? 1 : 0) - start);
  }
  for (const AptSource& source : sources) {
    std::string host(between(source.uri, "://", "/"));
    host = host.substr(host.rfind('@') + 1);
    replace_all(host.substr(0, host.find(':')), "the mirror");
  }
  for (std::size_t at; (at = out.find(" [IP: ")) != std::string::npos;) out.erase(at, out.find(']', at) + 1 - at);
  return out;
}

AptSuite::AptSuite(fs::path directory, std::string suite, std::string architecture, std::vector<std::string> components,
                   Index index, unsigned tries)
    : directory_(std::move(directory)),
      solving_(directory_),
      suite_(std::move(suite)),
      architecture_(std::move(architecture)),
      components_(std::move(components)),
      index_(index),
      tries_(tries) {}

Result<void> AptSuite::configure(const std::vector<AptSource>& sources) const {
  std::string stanzas;
  for (const AptSource& source : sources) {
    // Another release is signed by keys that the host's entry need not name.
    std::string signed_by = source.signed_by;
    const bool names_files = signed_by.starts_with('/') && signed_by.find('\n') == std::string::npos;
    if (names_files && signed_by.find(kArchiveKeyring) == std::string::npos && path_exists(kArchiveKeyring))
      signed_by += fmt::format(" {}", kArchiveKeyring);
    // How old an index may be is looked at here, where an older one can be allowed.
    stanzas += fmt::format(
        "Types: deb{}\nURIs: {}\nSuites: {}{}\nComponents: {}\nArchitectures: {}\nTargets: Packages Sources\n"
        "PDiffs: no\nLanguages: none\nCheck-Valid-Until: no\n{}{}\n",
        index_ == Index::packages_and_sources ? " deb-src" : "", source.uri, suite_, source.pocket,
        join(components_, " "), architecture_, signed_by.empty() ? "" : fmt::format("Signed-By: {}\n", signed_by),
        source.trusted ? "Trusted: yes\n" : "");
  }
  return write_state(directory_, stanzas);
}

Result<void> AptSuite::write_state(const fs::path& directory, const std::string& sources) const {
  const std::string dir = directory.string();
  if (dir.find_first_of("\"\n") != std::string::npos)
    return fail(Errc::environment, fmt::format("'{}' cannot hold apt's state: its name has a quote", dir));
  for (const char* part : {"lists/partial", "archives/partial"}) SWAGE_CHECK(make_directories(directory / part));
  // Read after the host's configuration. Hooks are cleared: they would act on the host.
  const std::string conf = fmt::format(R"(#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
#clear APT::Default-Release;
#clear APT::Solver;
Dir::State "{0}";
Dir::State::lists "{0}/lists";
Dir::State::status "{0}/status";
Dir::State::extended_states "{0}/extended_states";
Dir::Cache "{0}";
Dir::Cache::archives "{0}/archives";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Log "{0}/log";
Dir::Etc::sourcelist "{0}/suite.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Debug::NoLocking "1";
APT::Sandbox::User "root";
APT::Architecture "{2}";
APT::Architectures {{ "{2}"; }};
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Update::Error-Mode "any";
APT::Get::List-Cleanup "true";
Acquire::GzipIndexes "false";
Acquire::Languages "none";
Acquire::Retries "{1}";
)", dir, tries_ > 0 ? tries_ - 1 : 0, architecture_);
  SWAGE_CHECK(write_file_atomically(directory / "suite.sources", sources, 0644, Durability::volatile_ok));
  SWAGE_CHECK(write_file_atomically(directory / "apt.conf", conf, 0644, Durability::volatile_ok));
  return write_file_atomically(directory / "status", "", 0644, Durability::volatile_ok);
}

Result<void> AptSuite::try_update(const std::vector<AptSource>& sources) {
  SWAGE_CHECK(configure(sources));
  SWAGE_TRY(const ProcessResult result, run_apt(directory_, "apt-get", {"update", "-q"}));
  if (result.ok()) return {};
  return fail(Errc::environment, without_hosts(complaint(result), sources));
}

// Some suites have no pockets, and others are one.
static bool has_pockets(std::string_view suite) {
  return suite.find_first_of("-/") == std::string_view::npos && suite != "sid" && suite != "unstable" &&
         suite != "experimental";
}

Result<void> AptSuite::update(const std::vector<AptSource>& sources, const AptFreshness& freshness) {
  std::vector<AptSource> pockets;
  if (has_pockets(suite_))
    std::copy_if(sources.begin(), sources.end(), std::back_inserter(pockets),
                 [](const AptSource& source) { return !source.pocket.empty(); });
  // apt itself keeps an index that is newer than what it is offered.
  if (freshness.allow_older) SWAGE_CHECK(remove_tree(directory_ / "lists"));
  Error why{.code = Errc::environment, .what = "no mirror is configured"};
  for (const AptSource& source : sources) {
    if (!source.pocket.empty()) continue;
    std::vector<AptSource> read{source};
    for (const AptSource& pocket : pockets)
      if (std::none_of(read.begin(), read.end(), [&](const AptSource& other) { return other.pocket == pocket.pocket; }))
        read.push_back(pocket);
    Result<void> updated = try_update(read);   // all at once, which is what mostly works
    if (!updated && read.size() > 1 && updated.error().code != Errc::interrupted) {
      read = {source};
      updated = try_update(read);
      if (updated) SWAGE_CHECK(read_pockets(read, pockets, freshness));
    }
    if (!updated) {
      if (updated.error().code == Errc::interrupted) return updated;
      why = std::move(updated).error();
      continue;
    }
    SWAGE_CHECK(check_releases(read, freshness));
    if (!stale_) return {};
  }
  if (stale_) return Fail(*stale_);
  why.what = fmt::format("suite '{}' cannot be read: {}", suite_, why.what);
  return Fail(std::move(why));
}

// A pocket that cannot be read is left out: a release need not have it. But one that was read before is missed, as a
// newer state is.
Result<void> AptSuite::read_pockets(std::vector<AptSource>& read, const std::vector<AptSource>& pockets,
                                    const AptFreshness& freshness) {
  unread_.clear();
  std::map<std::string, std::string> failed;   // by pocket
  for (const AptSource& pocket : pockets) {
    const auto of_same = [&](const AptSource& other) { return other.pocket == pocket.pocket; };
    if (std::any_of(read.begin(), read.end(), of_same)) continue;
    read.push_back(pocket);
    if (Result<void> updated = try_update(read); !updated) {
      if (updated.error().code == Errc::interrupted) return updated;
      failed[pocket.pocket] = std::move(updated).error().what;
      read.pop_back();
      SWAGE_CHECK(configure(read));
    } else {
      failed.erase(pocket.pocket);
    }
  }
  for (const auto& [pocket, reason] : failed) {
    const std::string suite = suite_ + pocket;
    const bool known =
        freshness.seen && std::any_of(freshness.seen->begin(), freshness.seen->end(),
                                      [&](const auto& entry) { return entry.first.ends_with("/" + suite); });
    if (known && !freshness.allow_older)
      return Fail(
          Error{.code = Errc::environment,
                .what = fmt::format("suite '{}' cannot be read, and the lock was made from it: {}", suite, reason),
                .hint = "if it may be done without, allow it with: " + freshness.allowed_by});
    if (known) unread_.push_back(fmt::format("suite '{}' cannot be read: {}", suite, reason));
  }
  return {};
}

// Takes what the Release files say, which apt has checked the signatures of.
Result<void> AptSuite::check_releases(const std::vector<AptSource>& read, const AptFreshness& freshness) {
  releases_.clear();
  stale_.reset();
  SWAGE_TRY(const std::vector<std::string> names, list_directory(directory_ / "lists"));
  for (const AptSource& source : read) {
    const std::string suite = suite_ + source.pocket;
    std::string ending = fmt::format("_dists_{}_", suite);
    std::replace(ending.begin(), ending.end(), '/', '_');
    for (const std::string& name : names) {
      if (!name.ends_with(ending + "InRelease") && !name.ends_with(ending + "Release")) continue;
      SWAGE_TRY(const std::string text, read_file(directory_ / "lists" / name));
      AptRelease& release = releases_.emplace_back(parse_release(text, suite));
      release.lists = name.substr(0, name.rfind('_') + 1);
      if (!stale_) stale_ = freshness.refusal(release, source.expires);
    }
  }
  return {};
}

namespace {

// `Sat, 31 Jan 2026 00:00:00 UTC` in the form of Lockfile::suites; "" anything else.
std::string time_of(std::string_view text) {
  std::tm parts{};
  const std::string whole(text);
  const char* end = ::strptime(whole.c_str(), "%a, %d %b %Y %H:%M:%S", &parts);
  if (!end || (trim(end) != "UTC" && trim(end) != "GMT" && trim(end) != "+0000")) return {};
  return time_text("%Y-%m-%dT%H:%M:%SZ", parts);
}

std::string readable(std::string time) {
  std::replace(time.begin(), time.end(), 'T', ' ');
  return time.substr(0, 19) + " UTC";
}

}  // namespace

AptRelease parse_release(std::string_view text, std::string_view suite) {
  AptRelease release;
  std::string origin, label, said_origin;
  for (std::string_view line : split(text, '\n')) {
    const auto colon = std::min(line.find(':'), line.size());
    const std::string_view name = line.substr(0, colon), value = trim(line.substr(std::min(colon + 1, line.size())));
    if (name == "Origin") said_origin = value;
    if (name == "Label") label = value;
    if (name == "Origin" &&
        value.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _-") ==
            std::string_view::npos)
      origin = value;
    else if (name == "Date") release.date = time_of(value);
    else if (name == "Valid-Until") release.valid_until = time_of(value);
    else if (name == "SHA256") break;
  }
  release.key = fmt::format("{}/{}", origin, suite);
  release.of = fmt::format("{}/{}", said_origin, label);
  return release;
}

std::optional<Error> AptFreshness::refusal(const AptRelease& release, bool expires) const {
  if (allow_older) return std::nullopt;
  const std::string suite = release.key.substr(release.key.find('/') + 1);
  const auto refuse = [&](std::string what, std::string note) {
    return Error{.code = Errc::environment,
                 .what = std::move(what),
                 .notes = {std::move(note)},
                 .hint = "if that state is meant, allow it with: " + allowed_by};
  };
  if (seen)
    if (const auto known = seen->find(release.key); known != seen->end() && release.date < known->second)
      return refuse(
          fmt::format("suite '{}' is older than the one that the lock was made from", suite),
          fmt::format("it is of {}, and the lock knows it of {}",
                      release.date.empty() ? "an unknown day" : readable(release.date), readable(known->second)));
  if (expires && !release.valid_until.empty() && release.valid_until < now)
    return refuse(
        fmt::format("suite '{}' has expired", suite),
        fmt::format("it is of {}, and was valid until {}",
                    release.date.empty() ? "an unknown day" : readable(release.date), readable(release.valid_until)));
  return std::nullopt;
}

// The narrower index is a repository of one file, which apt reads like any other; its stanzas are those that apt has
// checked.
Result<void> AptSuite::narrow(const std::vector<std::string>& packages) {
  const fs::path directory = directory_ / "narrow";
  SWAGE_TRY(const std::vector<AptIndex> indices, packages_indices({}));
  std::string index;
  for (const AptIndex& one : indices) index += one.text;
  SWAGE_CHECK(make_directories(directory / "repository"));
  SWAGE_CHECK(write_file_atomically(directory / "repository/Packages", reachable_stanzas(index, packages), 0644,
                                    Durability::volatile_ok));
  SWAGE_CHECK(
      write_state(directory, fmt::format("Types: deb\nURIs: file:{}\nSuites: ./\nArchitectures: {}\nTargets: Packages\n"
                                         "Languages: none\nTrusted: yes\n",
                                         escape((directory / "repository").string()), architecture_)));
  SWAGE_TRY(const ProcessResult result, run_apt(directory, "apt-get", {"update", "-q"}));
  if (!result.ok())
    return fail(Errc::environment, fmt::format("suite '{}' cannot be read: {}", suite_, complaint(result)));
  solving_ = directory;
  return {};
}

Result<std::vector<AptChoice>> AptSuite::solve(const std::vector<std::string>& packages) const {
  // A trailing `+` or `-`, a `/suite` or a pattern would be a command to apt.
  for (const std::string& package : packages)
    if (package.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.") != std::string::npos ||
        package.ends_with('-'))
      return fail(Errc::invalid_input, fmt::format("'{}' is not a package name", package));
  std::vector<std::string> args{"install", "-y", "-q", "--print-uris", "--"};
  args.insert(args.end(), packages.begin(), packages.end());
  SWAGE_TRY(const ProcessResult result, run_apt(solving_, "apt-get", std::move(args)));
  if (result.ok()) return parse_uris(result.out);
  for (std::string_view line : split(result.err, '\n')) {
    std::string_view unknown = between(line, "E: Unable to locate package ", "\n");
    if (unknown.empty() && line.ends_with("has no installation candidate"))
      unknown = between(line, "E: Package '", "'");
    if (!unknown.empty())
      return fail(Errc::invalid_input, fmt::format("unknown package '{}' in suite '{}'", unknown, suite_));
  }
  return fail(Errc::invalid_input,
              fmt::format("suite '{}' cannot install these packages together: {}", suite_, conflict(result)));
}

Result<std::string> AptSuite::source_dsc(const std::string& package) const {
  SWAGE_TRY(const ProcessResult result,
            run_apt(directory_, "apt-get", {"source", "-qq", "--print-uris", "--only-source", "--", package}));
  if (!result.ok())
    return fail(Errc::invalid_input, fmt::format("unknown source package '{}' in suite '{}'", package, suite_));
  for (std::string_view line : split(result.out, '\n')) {
    const auto words = split_words(line);
    if (words.size() >= 3 && words[0].starts_with('\'') && words[1].ends_with(".dsc")) return unescape(words[1]);
  }
  return fail(Errc::environment,
              fmt::format("apt-get names no files of the source package '{}' in suite '{}'", package, suite_));
}

Result<std::vector<AptIndex>> AptSuite::indices(std::string_view kind, const ArchiveNames& archives) const {
  const std::string format = "$(CREATED_BY) $(FILENAME)";
  SWAGE_TRY(const ProcessResult result, run_apt(directory_, "apt-get", {"indextargets", "--format", format}));
  std::vector<AptIndex> all;
  for (std::string_view line : split(result.out, '\n')) {
    if (!line.starts_with(kind) || line.size() <= kind.size() || line[kind.size()] != ' ') continue;
    const fs::path file(line.substr(kind.size() + 1));
    AptIndex index;
    SWAGE_TRY(index.text, read_file(file));
    if (!index.text.ends_with("\n\n")) index.text += '\n';   // a stanza ends
    for (const AptRelease& release : releases_) {
      if (!file.filename().string().starts_with(release.lists)) continue;
      index.day = release.date.substr(0, std::string_view("2026-01-31").size());
      if (const auto name = archives.find(release.of); name != archives.end()) index.archive = name->second;
    }
    all.push_back(std::move(index));
  }
  if (all.empty()) return fail(Errc::environment, fmt::format("suite '{}' has no {} index", suite_, kind));
  return all;
}
Result<std::vector<AptIndex>> AptSuite::packages_indices(const ArchiveNames& archives) const {
  return indices("Packages", archives);
}
Result<std::vector<AptIndex>> AptSuite::sources_indices(const ArchiveNames& archives) const {
  return indices("Sources", archives);
}

}  // namespace swage
