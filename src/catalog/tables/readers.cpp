#include "catalog/tables/readers.hpp"

#include <cctype>
#include <cstring>

#include "base/url.hpp"
#include "catalog/pool_path.hpp"

namespace swage {

Words same_words(std::vector<std::string> words) {
  Words pairs;
  for (std::string& text : words) pairs.emplace_back(text, text);
  return pairs;
}

Words confidence_words() { return same_words({"primary", "bisected", "observed", "reported"}); }

void read_id(const FieldInput& in, std::string& out) {
  const std::size_t before = in.findings.errors.size();
  read_field(in, out);
  if (in.findings.errors.size() != before) return;
  constexpr std::size_t kLongest = 100;
  const auto good = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || std::strchr("-_.+", c); };
  const bool word = !out.empty() && std::isalnum(static_cast<unsigned char>(out.front())) &&
                    std::all_of(out.begin(), out.end(), good);
  if (word && out.size() <= kLongest) return;
  in.report({.what = fmt::format("'{}' is no name of a row: {}", out.substr(0, kLongest),
                                 word ? fmt::format("it has more than {} characters", kLongest)
                                      : "it is letters, digits, '-', '_', '.' and '+', a letter or digit first")});
}

void read_place(const FieldInput& in, std::string& out) {
  const std::size_t before = in.findings.errors.size();
  read_field(in, out);
  if (in.findings.errors.size() != before || out.empty()) return;
  const auto parts = split(out, '/');
  const bool leads_out = out.front() == '/' || std::find(parts.begin(), parts.end(), "..") != parts.end();
  const bool word = std::none_of(out.begin(), out.end(), [](unsigned char c) { return c <= ' ' || c == 127; });
  if (!leads_out && word) return;
  in.report({.what = fmt::format("'{}' is no place in a tree: {}", out,
                                 leads_out ? "it leads out of it" : "it has white space")});
}

void read_license(const FieldInput& in, std::string& out) {
  read_field(in, out);
  const auto fits = [](unsigned char c) {
    return std::isalnum(c) || std::string_view(" .-+()/:").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!std::all_of(out.begin(), out.end(), fits))
    in.report({.what = fmt::format(
                   "'{}' is not a licence: it is written as SPDX does, for instance GPL-2.0-or-later AND MIT", out)});
}

void read_urls(const FieldInput& in, std::vector<std::string>& urls) {
  read_field(in, urls);
  for (const TomlValue& item : in.value.items)
    if (item.kind == TomlValue::Kind::string) {
      Result<void> good = refuse_unfetchable(item.text);
      if (const auto path = pool_path_of(item.text)) good = check_pool_path(*path);
      if (good) good = refuse_secrets(item.text);
      if (!good) in.with(item, in.name).report(std::move(good).error());
    }
}

void read_url(const FieldInput& in, std::string& url) {
  read_field(in, url);
  if (auto open = refuse_secrets(url); !open) in.report(std::move(open).error());
}

void read_debian(const FieldInput& in, SourceSpec& source) {
  static const Schema<SourceSpec> schema = Schema<SourceSpec>("'debian'")
      .required("suite", reference(&SourceSpec::debian_suite, NameOf::suite))
      .required("package", &SourceSpec::debian_package)
      .optional("series", &SourceSpec::debian_series);
  if (in.is(TomlValue::Kind::table)) schema.read(in.document, in.value, source, in.presence, in.findings);
}

const Schema<SourceSpec>& source_schema() {
  static const Schema<SourceSpec> schema = Schema<SourceSpec>("[source]")
      .optional("debian", read_debian)
      .optional("urls", [](const FieldInput& in, SourceSpec& row) { read_urls(in, row.urls); })
      .optional("sha256", [](const FieldInput& in, SourceSpec& row) { read_sha256(in, row.sha256); })
      .optional("size", &SourceSpec::size);
  return schema;
}

void read_words(const FieldInput& in, std::vector<std::string>& words) {
  read_field(in, words);
  for (const TomlValue& item : in.value.items)
    if (item.kind == TomlValue::Kind::string &&
        (item.text.empty() || item.text.find_first_of(" \t\n'\"*?[$`\\") != std::string::npos))
      in.with(item, in.name)
          .report(
              {.what = fmt::format("'{}' is not one word: write each argument by itself, without quotes", item.text)});
}

void read_conditions(const FieldInput& in, Conditions& row) {
  if (!in.is(TomlValue::Kind::table)) return;
  row = {};
  TomlValue others = in.value;
  std::erase_if(others.entries, [&](const TomlEntry& entry) {
    const FieldInput field = in.with(entry.value, entry.key);
    if (entry.key == "kernel") read_field(field, row.kernels);
    else if (entry.key == "bits") {
      read_field(field, row.bits);
      if (entry.value.kind == TomlValue::Kind::integer && row.bits != 32 && row.bits != 64)
        field.report({.what = "'bits' is neither 32 nor 64"});
    } else if (entry.key == "feature") {
      read_field(field, row.features);
      field.refer(NameOf::feature);
    } else if (entry.key == "arch") {
      read_field(field, row.arches);
      field.refer(NameOf::arch);
    } else return false;
    return true;
  });
  const FieldInput versions = in.with(others, in.name);
  read_field(versions, row.when);
  versions.refer_keys(NameOf::condition);
}

bool is_host_tool(std::string_view variable) {
  return std::find(host_tools().begin(), host_tools().end(), variable) != host_tools().end();
}

}  // namespace swage
