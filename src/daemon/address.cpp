#include "daemon/address.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>
#include <map>

#include "base/text.hpp"
#include "base/url.hpp"

namespace swage {

namespace {

constexpr std::string_view kUnixScheme = "unix://", kSshScheme = "ssh-ng://";
constexpr const char* kUsualSocket = "/nix/var/nix/daemon-socket/socket";

Fail bad_address(std::string_view uri, std::string_view why) {
  return Fail(Error{.what = fmt::format("'{}' {}", shown_url(uri), why)}
                  .hinted("a daemon is 'daemon', 'unix:///path/of/socket' or 'ssh-ng://user@host'"));
}

// A program's name on another machine, a host, a user, a port: what no shell and no ssh takes for something else.
bool is_plain(std::string_view text, std::string_view also) {
  return !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || also.find(c) != std::string_view::npos;
  });
}

Result<std::map<std::string, std::string>> parameters(std::string_view uri, std::string_view query) {
  const std::vector<std::string> known{"remote-program", "remote-store", "ssh-key"};
  std::map<std::string, std::string> all;
  for (const std::string_view part : split(query, '&')) {
    const std::string key(part.substr(0, part.find('=')));
    if (std::find(known.begin(), known.end(), key) == known.end())
      return Fail(
          Error{.what = fmt::format("'{}' has a parameter '{}', which is not known", shown_url(uri), key)}.hinted(
              did_you_mean(key, known)));
    const std::string value(part.size() > key.size() ? part.substr(key.size() + 1) : std::string_view());
    if (!is_plain(value, "/._-+=:@,"))
      return bad_address(uri, fmt::format("has a value of '{}' that is no plain path or name", key));
    all[key] = value;
  }
  return all;
}

Result<DaemonAddress> parse_ssh(std::string_view uri) {
  std::string_view rest = uri.substr(kSshScheme.size());
  std::map<std::string, std::string> said;
  if (const std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
    SWAGE_TRY(said, parameters(uri, rest.substr(mark + 1)));
    rest = rest.substr(0, mark);
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t at = rest.find('@');
  const std::string_view user = at == std::string_view::npos ? std::string_view() : rest.substr(0, at);
  if (at != std::string_view::npos && !is_plain(user, "._-+\\"))
    return bad_address(uri, "has a user that ssh would not take for one");
  std::string_view host = at == std::string_view::npos ? rest : rest.substr(at + 1), port;
  if (const std::size_t colon = host.find(':'); colon != std::string_view::npos && host.rfind(':') == colon) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
    if (port.empty() || port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit))
      return bad_address(uri, "has a port that is no number");
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (!is_plain(host, "._-:%")) return bad_address(uri, "has no host, or one that ssh would not take for one");

  DaemonAddress address{.uri = std::string(uri)};
  address.command = {"ssh", "-x", "-T", "-a"};
  if (const char* options = std::getenv("NIX_SSHOPTS"))
    for (const std::string_view word : split_words(options)) address.command.emplace_back(word);
  if (!port.empty()) address.command.insert(address.command.end(), {"-p", std::string(port)});
  if (said.contains("ssh-key")) address.command.insert(address.command.end(), {"-i", said["ssh-key"]});
  address.command.insert(address.command.end(),
                         {"--", user.empty() ? std::string(host) : fmt::format("{}@{}", user, host),
                          said.contains("remote-program") ? said["remote-program"] : "nix-daemon", "--stdio"});
  if (said.contains("remote-store")) address.command.insert(address.command.end(), {"--store", said["remote-store"]});
  return address;
}

}  // namespace

Result<DaemonAddress> DaemonAddress::parse(std::string_view uri) {
  if (uri == "daemon") {
    const char* socket = std::getenv("NIX_DAEMON_SOCKET_PATH");
    return DaemonAddress{.uri = "daemon", .socket = socket && *socket ? socket : kUsualSocket};
  }
  if (uri.starts_with(kUnixScheme)) {
    const std::string_view path = uri.substr(kUnixScheme.size());
    if (!path.starts_with('/')) return bad_address(uri, "has no absolute path of a socket");
    if (path.size() > 107) return bad_address(uri, "is longer than the 107 bytes that a socket's path may have");
    if (path.find_first_of("?%") != std::string_view::npos)
      return bad_address(uri, "has parameters or escapes, which a socket has not");
    return DaemonAddress{.uri = std::string(uri), .socket = path};
  }
  if (uri.starts_with(kSshScheme)) return parse_ssh(uri);
  return bad_address(uri, "is no address of a Nix daemon");
}

}  // namespace swage
