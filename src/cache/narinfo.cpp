#include "cache/narinfo.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <map>
#include <vector>

#include "base/text.hpp"
#include "store/base32.hpp"

namespace swage {

namespace {

// Lines of `Key: value`, in their order.
using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

Result<Fields> read_fields(std::string_view text, std::string_view name) {
  Fields fields;
  unsigned number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const std::size_t colon = line.find(": ");
    // Nix refuses a last line without its end: it may have been cut.
    if (end == std::string_view::npos || colon == std::string_view::npos || colon == 0)
      return fail(Errc::corrupt, fmt::format("line {} of '{}' is no 'Key: value'", number, name));
    fields.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    text.remove_prefix(end + 1);
  }
  return fields;
}

Fail wrong(std::string_view name, std::string_view key, std::string_view value) {
  return fail(Errc::corrupt, fmt::format("'{}' says '{}: {}'", name, key, value.substr(0, 200)));
}

Result<std::uint64_t> parse_size(std::string_view text, std::string_view key, std::string_view name) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return wrong(name, key, text);
  return value;
}

Result<Hash> parse_sha256(std::string_view text, std::string_view key, std::string_view name) {
  Result<Hash> hash = parse_hash(text, {});
  if (!hash || hash->algo != HashAlgo::sha256) return wrong(name, key, text);
  return hash;
}

std::string nix_hash(const Hash& hash) { return fmt::format("sha256:{}", hash_base32(hash)); }

bool is_cache_url(std::string_view url) {
  for (const std::string_view scheme : {"https://", "http://"})
    if (url.starts_with(scheme)) return is_cache_name(url.substr(scheme.size()));
  return is_cache_name(url);
}

// The fields that may stand once.
struct Once {
  std::map<std::string_view, std::string_view> values{};
  std::vector<std::string_view> signatures{};
};

Result<Once> sort_out(std::string_view text, std::string_view name) {
  SWAGE_TRY(const Fields fields, read_fields(text, name));
  Once once;
  for (const auto& [key, value] : fields) {
    if (key == "Sig") once.signatures.push_back(value);
    else if (!once.values.emplace(key, value).second)
      return fail(Errc::corrupt, fmt::format("'{}' says '{}' twice", name, key));
  }
  return once;
}

}  // namespace

bool is_cache_name(std::string_view name) {
  const auto is_plain = [](unsigned char c) {
    return c > ' ' && c < 0x7f && c != '\\' && c != '?' && c != '%' && c != '#';
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_plain)) return false;
  for (std::size_t from = 0; from <= name.size();) {
    const std::size_t end = std::min(name.find('/', from), name.size());
    const std::string_view part = name.substr(from, end - from);
    if (part.empty() || part == "." || part == "..") return false;
    from = end + 1;
  }
  return true;
}

std::string narinfo_name(const StorePath& path) { return fmt::format("{}.narinfo", path.hash_part()); }

Result<NarInfo> parse_narinfo(std::string_view text, std::string_view name) {
  SWAGE_TRY(const Once once, sort_out(text, name));
  const auto find = [&](std::string_view key) -> std::optional<std::string_view> {
    const auto found = once.values.find(key);
    if (found == once.values.end() || found->second.empty()) return {};
    return found->second;
  };
  for (const std::string_view key : {"StorePath", "URL", "NarHash", "NarSize"})
    if (!find(key)) return fail(Errc::corrupt, fmt::format("'{}' has no '{}'", name, key));

  const Result<StorePath> path = StorePath::parse(*find("StorePath"));
  if (!path) return wrong(name, "StorePath", *find("StorePath"));
  NarInfo narinfo{.info = {.path = *path}};
  narinfo.url = *find("URL");
  if (!is_cache_url(narinfo.url)) return wrong(name, "URL", narinfo.url);
  const std::string_view compression = find("Compression").value_or("bzip2");   // as before there was the field
  const std::optional<Compression> known = parse_compression(compression);
  if (!known) return wrong(name, "Compression", compression);
  narinfo.compression = *known;
  SWAGE_TRY(narinfo.info.nar_hash, parse_sha256(*find("NarHash"), "NarHash", name));
  SWAGE_TRY(narinfo.info.nar_size, parse_size(*find("NarSize"), "NarSize", name));
  if (narinfo.info.nar_size == 0) return wrong(name, "NarSize", "0");
  if (const auto value = find("FileHash")) {
    SWAGE_TRY(narinfo.file_hash, parse_sha256(*value, "FileHash", name));
  }
  if (const auto value = find("FileSize")) {
    SWAGE_TRY(narinfo.file_size, parse_size(*value, "FileSize", name));
  }
  for (const std::string_view reference : split_words(find("References").value_or(""))) {
    Result<StorePath> parsed = StorePath::parse_base(reference);
    if (!parsed) return wrong(name, "References", reference);
    narinfo.info.references.insert(std::move(*parsed));
  }
  if (const auto value = find("Deriver"); value && *value != "unknown-deriver") {
    Result<StorePath> deriver = StorePath::parse_base(*value);
    if (!deriver) return wrong(name, "Deriver", *value);
    narinfo.info.deriver = std::move(*deriver);
  }
  if (const auto value = find("CA")) {
    Result<ContentAddress> address = ContentAddress::parse(*value);
    if (!address) return wrong(name, "CA", *value);
    narinfo.info.ca = *address;
  }
  for (const std::string_view signature : once.signatures) narinfo.info.signatures.emplace_back(signature);
  return narinfo;
}

std::string format_narinfo(const NarInfo& narinfo) {
  const PathInfo& info = narinfo.info;
  std::string text = fmt::format("StorePath: {}\nURL: {}\nCompression: {}\n", info.path.str(), narinfo.url,
                                 compression_name(narinfo.compression));
  if (narinfo.file_hash) text += fmt::format("FileHash: {}\n", nix_hash(*narinfo.file_hash));
  if (narinfo.file_size != 0) text += fmt::format("FileSize: {}\n", narinfo.file_size);
  text += fmt::format("NarHash: {}\nNarSize: {}\nReferences:", nix_hash(info.nar_hash), info.nar_size);
  for (const StorePath& reference : info.references) text += " " + reference.base();
  if (info.references.empty()) text += " ";   // Nix's parser wants the space
  text += "\n";
  if (info.deriver) text += fmt::format("Deriver: {}\n", info.deriver->base());
  for (const std::string& signature : info.signatures) text += fmt::format("Sig: {}\n", signature);
  if (info.ca) text += fmt::format("CA: {}\n", info.ca->str());
  return text;
}

std::string fingerprint(const PathInfo& info) {
  std::vector<std::string> references;
  for (const StorePath& reference : info.references) references.push_back(reference.str());
  return fmt::format("1;{};{};{};{}", info.path.str(), nix_hash(info.nar_hash), info.nar_size,
                     fmt::join(references, ","));
}

bool is_trusted(const PathInfo& info, const std::vector<PublicKey>& keys) {
  const std::string message = fingerprint(info);
  return std::any_of(info.signatures.begin(), info.signatures.end(),
                     [&](const std::string& signature) { return signer(keys, message, signature); });
}

bool is_content_addressed(const PathInfo& info) {
  if (!info.ca || (info.ca->method == ContentMethod::recursive && info.ca->hash != info.nar_hash)) return false;
  const Result<StorePath> path = make_fixed_path(info.path.name(), info.ca->method, info.ca->hash, info.references);
  return path && *path == info.path;
}

bool proves_address(const PathInfo& info, const NarFile& nar) {
  return info.ca && (info.ca->method == ContentMethod::recursive || nar.content == info.ca->hash);
}

Result<CacheInfo> parse_cache_info(std::string_view text, std::string_view name) {
  SWAGE_TRY(const Once once, sort_out(text, name));
  const auto find = [&](std::string_view key) {
    const auto found = once.values.find(key);
    return found == once.values.end() ? std::string_view() : found->second;
  };
  const std::string_view directory = find("StoreDir");
  if (directory.empty()) return fail(Errc::corrupt, fmt::format("'{}' has no 'StoreDir'", name));
  if (directory != kStoreDir) return wrong(name, "StoreDir", directory);
  CacheInfo info{.want_mass_query = find("WantMassQuery") == "1"};
  if (const std::string_view priority = find("Priority"); !priority.empty()) {
    const auto [end, error] = std::from_chars(priority.data(), priority.data() + priority.size(), info.priority);
    if (error != std::errc() || end != priority.data() + priority.size()) return wrong(name, "Priority", priority);
  }
  return info;
}

std::string format_cache_info(const CacheInfo& info) {
  return fmt::format("StoreDir: {}\nWantMassQuery: {}\nPriority: {}\n", kStoreDir, info.want_mass_query ? 1 : 0,
                     info.priority);
}

}  // namespace swage
