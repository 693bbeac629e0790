#include "store/store_path.hpp"

#include <fmt/core.h>

#include "store/base32.hpp"

namespace swage {

namespace {

constexpr std::size_t kHashDigits = 32;
constexpr std::size_t kMaxName = 211;

bool is_name_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' || c == '-' ||
         c == '.' || c == '_' || c == '?' || c == '=';
}

// Why `name` is no store name; empty when it is one.
std::string name_fault(std::string_view name) {
  if (name.empty()) return "the name is empty";
  if (name.size() > kMaxName)
    return fmt::format("the name has {} characters, at most {} are allowed", name.size(), kMaxName);
  if (name == "." || name == ".." || name.starts_with(".-") || name.starts_with("..-"))
    return "the name starts like a directory reference";
  for (const char c : name)
    if (!is_name_char(c)) {
      const auto byte = static_cast<unsigned char>(c);
      return byte > 32 && byte < 127 ? fmt::format("the name holds '{}'", c)
                                     : fmt::format("the name holds byte 0x{:02x}", byte);
    }
  return {};
}

Fail not_a_path(std::string_view text, std::string_view why) {
  return fail(Errc::invalid_input, fmt::format("'{}' is not a store path: {}", text, why));
}

std::string with_references(std::string_view type, const StorePathSet& references) {
  std::string out(type);
  for (const StorePath& reference : references) {
    out += ':';
    out += reference.str();
  }
  return out;
}

std::string_view method_prefix(ContentMethod method) { return method == ContentMethod::recursive ? "r:" : ""; }

}  // namespace

Result<void> check_store_name(std::string_view name) {
  if (std::string fault = name_fault(name); !fault.empty())
    return fail(Errc::invalid_input, fmt::format("'{}' is not a store name: {}", name, fault));
  return {};
}

Result<StorePath> StorePath::parse_base(std::string_view base) {
  if (base.size() <= kHashDigits || base[kHashDigits] != '-') return not_a_path(base, "no 32-digit hash and name");
  for (const char c : base.substr(0, kHashDigits))
    if (!is_base32_digit(c)) return not_a_path(base, "the hash is not base-32");
  if (const std::string fault = name_fault(base.substr(kHashDigits + 1)); !fault.empty())
    return not_a_path(base, fault);
  return StorePath(std::string(base));
}

Result<StorePath> StorePath::parse(std::string_view path) {
  if (!path.starts_with(kStoreDir) || path.size() <= kStoreDir.size() || path[kStoreDir.size()] != '/')
    return not_a_path(path, fmt::format("not below {}", kStoreDir));
  return parse_base(path.substr(kStoreDir.size() + 1));
}

std::string ContentAddress::str() const {
  return fmt::format("{}{}:{}",
                     method == ContentMethod::text ? "text:" : fmt::format("fixed:{}", method_prefix(method)),
                     hash_name(hash.algo), hash_base32(hash));
}

Result<ContentAddress> ContentAddress::parse(std::string_view text) {
  ContentAddress address;
  std::string_view rest = text;
  if (rest.starts_with("text:")) {
    address.method = ContentMethod::text;
    rest.remove_prefix(5);
  } else if (rest.starts_with("fixed:r:")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("fixed:")) {
    address.method = ContentMethod::flat;
    rest.remove_prefix(6);
  } else {
    return fail(Errc::invalid_input,
                fmt::format("'{}' is not a content address: it starts with neither text: nor fixed:", text));
  }
  auto hash = parse_hash(rest);
  if (!hash) return Fail(std::move(hash).error().note(fmt::format("while reading the content address '{}'", text)));
  address.hash = *hash;
  return address;
}

Result<StorePath> make_store_path(std::string_view type, const Hash& inner, std::string_view name) {
  SWAGE_CHECK(check_store_name(name));
  std::string fingerprint;
  fingerprint.reserve(type.size() + name.size() + 96);
  fingerprint.append(type).append(":").append(hash_name(inner.algo)).append(":").append(inner.hex());
  fingerprint.append(":").append(kStoreDir).append(":").append(name);
  std::string base = base32_encode(compress_hash(sha256(fingerprint), 20));
  base += '-';
  base += name;
  return StorePath::parse_base(base);
}

Result<StorePath> make_text_path(std::string_view name, const Hash& content, const StorePathSet& references) {
  return make_store_path(with_references("text", references), content, name);
}

Result<StorePath> make_fixed_path(std::string_view name, ContentMethod method, const Hash& hash,
                                  const StorePathSet& references) {
  if (method == ContentMethod::text) return make_text_path(name, hash, references);
  if (method == ContentMethod::recursive && hash.algo == HashAlgo::sha256)
    return make_store_path(with_references("source", references), hash, name);
  if (!references.empty())
    return fail(Errc::invalid_input, fmt::format("'{}' may not have references: its content address is {}{}", name,
                                                 method_prefix(method), hash_name(hash.algo)));
  return make_store_path(
      "output:out", sha256(fmt::format("fixed:out:{}{}:{}:", method_prefix(method), hash_name(hash.algo), hash.hex())),
      name);
}

Result<StorePath> make_output_path(std::string_view output, const Hash& masked_modulo, std::string_view drv_name) {
  return make_store_path(fmt::format("output:{}", output), masked_modulo, output_path_name(drv_name, output));
}

std::string output_path_name(std::string_view drv_name, std::string_view output) {
  return output == "out" ? std::string(drv_name) : fmt::format("{}-{}", drv_name, output);
}

}  // namespace swage
