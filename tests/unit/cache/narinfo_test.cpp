#include "cache/narinfo.hpp"

#include <gtest/gtest.h>

namespace swage {
namespace {

// As the real Nix wrote it (2.8.0, `nix copy --to file://... --compression zstd`), with a reference to itself.
constexpr std::string_view kText =
    "StorePath: /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-net-tools-1.60_p20170221182432\n"
    "URL: nar/0r8nqa1klm5v17ifc6z96m9wywxkjvgbnqq9pmy0sgqj53wj3n12.nar.zst\n"
    "Compression: zstd\n"
    "FileHash: sha256:0r8nqa1klm5v17ifc6z96m9wywxkjvgbnqq9pmy0sgqj53wj3n12\n"
    "FileSize: 114980\n"
    "NarHash: sha256:0lxjvvpr59c2mdram7ympy5ay741f180kv3349hvfc3f8nrmbqf6\n"
    "NarSize: 464152\n"
    "References: 00bgd045z0d4icpbc2yyz4gx48ak44la-net-tools-1.60_p20170221182432 7gx4kiv5m0i7d7qkixq2cwzbr10lvxwc-glibc-2.27\n"
    "Deriver: 10dx1q4ivjb115y3h90mipaaz533nr0d-net-tools-1.60_p20170221182432.drv\n"
    "Sig: cache.example.org-1:aGVsbG8=\n"
    "Sig: other-1:aGVsbG8=\n";

std::string with(std::string_view from, std::string_view to) {
  std::string text(kText);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string what_is_wrong(std::string_view text) {
  const auto parsed = parse_narinfo(text, "x.narinfo");
  if (parsed) return "nothing";
  EXPECT_EQ(parsed.error().code, Errc::corrupt);
  return parsed.error().what;
}

TEST(NarInfo, IsWrittenAsItWasRead) {
  const auto narinfo = parse_narinfo(kText, "x");
  ASSERT_TRUE(narinfo) << render(narinfo.error());
  EXPECT_EQ(narinfo->info.path.name(), "net-tools-1.60_p20170221182432");
  EXPECT_EQ(narinfo->compression, Compression::zstd);
  EXPECT_EQ(narinfo->file_size, 114980U);
  EXPECT_EQ(narinfo->info.references.size(), 2U);
  EXPECT_EQ(narinfo->info.signatures.size(), 2U);
  EXPECT_EQ(format_narinfo(*narinfo), kText);
}

TEST(NarInfo, WhatMayBeLeftOut) {
  std::string text(kText);
  for (const char* key : {"Compression", "FileHash", "FileSize", "References", "Deriver", "Sig", "Sig"}) {
    const std::size_t at = text.find(std::string("\n") + key + ": ") + 1;
    text.erase(at, text.find('\n', at) + 1 - at);
  }
  const auto narinfo = parse_narinfo(text, "x");
  ASSERT_TRUE(narinfo) << render(narinfo.error());
  EXPECT_EQ(narinfo->compression, Compression::bzip2) << "as before there was the field";
  EXPECT_FALSE(narinfo->file_hash);
  EXPECT_TRUE(narinfo->info.references.empty());
  EXPECT_NE(format_narinfo(*narinfo).find("\nReferences: \n"), std::string::npos) << "Nix wants the space";
  EXPECT_EQ(what_is_wrong(with("Deriver: 10dx1q4ivjb115y3h90mipaaz533nr0d-net-tools-1.60_p20170221182432.drv",
                               "Deriver: unknown-deriver")), "nothing");
  EXPECT_EQ(what_is_wrong(std::string(kText) + "Somebody: knows\n"), "nothing");
}

TEST(NarInfo, SaysWhatIsWrong) {
  EXPECT_EQ(what_is_wrong(""), "'x.narinfo' has no 'StorePath'");
  EXPECT_EQ(what_is_wrong("<html>\n"), "line 1 of 'x.narinfo' is no 'Key: value'");
  EXPECT_EQ(what_is_wrong(kText.substr(0, kText.size() - 1)), "line 11 of 'x.narinfo' is no 'Key: value'");
  EXPECT_EQ(what_is_wrong(std::string(kText) + "NarSize: 1\n"), "'x.narinfo' says 'NarSize' twice");
  EXPECT_EQ(what_is_wrong(with("NarSize: 464152", "NarSize: 464152x")), "'x.narinfo' says 'NarSize: 464152x'");
  EXPECT_EQ(what_is_wrong(with("NarSize: 464152", "NarSize: 0")), "'x.narinfo' says 'NarSize: 0'");
  EXPECT_EQ(what_is_wrong(with("NarSize: 464152", "NarSize: -1")), "'x.narinfo' says 'NarSize: -1'");
  EXPECT_EQ(what_is_wrong(with("NarHash: sha256:0", "NarHash: sha256:")).substr(0, 33), "'x.narinfo' says 'NarHash: sha256");
  EXPECT_EQ(what_is_wrong(with("Compression: zstd", "Compression: rar")), "'x.narinfo' says 'Compression: rar'");
  EXPECT_EQ(what_is_wrong(with("/nix/store/", "/gnu/store/")).substr(0, 39), "'x.narinfo' says 'StorePath: /gnu/store");
  EXPECT_EQ(what_is_wrong(with("7gx4kiv5m0i7d7qkixq2cwzbr10lvxwc-glibc-2.27", "../glibc")), "'x.narinfo' says 'References: ../glibc'");
}

TEST(NarInfo, NoUrlLeadsOutOfTheCache) {
  const std::string_view url = "nar/0r8nqa1klm5v17ifc6z96m9wywxkjvgbnqq9pmy0sgqj53wj3n12.nar.zst";
  for (const char* bad : {"/etc/passwd", "../x", "nar/../../x", "nar//x", "nar/./x", "file:///etc/passwd", "ftp://x/y",
                          "nar/x?y", "nar/%2e%2e/x", "nar\\x", "nar/", "http://", "http://../x", "nar/a b"})
    EXPECT_EQ(what_is_wrong(with(url, bad)), std::string("'x.narinfo' says 'URL: ") + bad + "'");
  for (const char* good : {"nar/x.nar", "x", "https://cdn.example.org/nar/x.nar.xz"})
    EXPECT_EQ(what_is_wrong(with(url, good)), "nothing") << good;
}

TEST(NarInfo, ASignatureIsOfPathHashSizeAndReferences) {
  NarInfo narinfo = parse_narinfo(kText, "x").value();
  EXPECT_EQ(fingerprint(narinfo.info),
            "1;/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-net-tools-1.60_p20170221182432;"
            "sha256:0lxjvvpr59c2mdram7ympy5ay741f180kv3349hvfc3f8nrmbqf6;464152;"
            "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-net-tools-1.60_p20170221182432,"
            "/nix/store/7gx4kiv5m0i7d7qkixq2cwzbr10lvxwc-glibc-2.27");
  const SecretKey key = SecretKey::generate("me-1").value();
  narinfo.info.signatures.push_back(key.sign(fingerprint(narinfo.info)));
  EXPECT_TRUE(is_trusted(narinfo.info, {key.public_key()}));
  EXPECT_FALSE(is_trusted(narinfo.info, {}));
  narinfo.info.references.erase(narinfo.info.references.begin());
  EXPECT_FALSE(is_trusted(narinfo.info, {key.public_key()}));
}

TEST(NarInfo, OnlyTheAddressOfTheNarItselfNeedsNoSignature) {
  const Hash hash = sha256("content");
  PathInfo info{.path = make_fixed_path("tree", ContentMethod::recursive, hash).value(), .nar_hash = hash, .nar_size = 1};
  EXPECT_FALSE(is_content_addressed(info)) << "it does not say so";
  info.ca = ContentAddress{.method = ContentMethod::recursive, .hash = hash};
  EXPECT_TRUE(is_content_addressed(info));
  info.nar_hash = sha256("other");
  EXPECT_FALSE(is_content_addressed(info));
  PathInfo file{.path = make_fixed_path("file", ContentMethod::flat, hash).value(), .nar_hash = hash, .nar_size = 1,
                .ca = ContentAddress{.method = ContentMethod::flat, .hash = hash}};
  EXPECT_TRUE(is_content_addressed(file));
  EXPECT_FALSE(proves_address(file, {})) << "the hash of the NAR is not that of the file";
  EXPECT_FALSE(proves_address(file, {.content = sha256("other")}));
  EXPECT_TRUE(proves_address(file, {.content = hash}));
}

TEST(CacheInfo, IsReadAndWritten) {
  const std::string text = "StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 40\n";
  const auto info = parse_cache_info(text, "nix-cache-info");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->priority, 40);
  EXPECT_EQ(format_cache_info(*info), text);
  EXPECT_EQ(parse_cache_info("StoreDir: /nix/store\n", "x").value().priority, 50);
  EXPECT_EQ(parse_cache_info("", "x").error().what, "'x' has no 'StoreDir'");
  EXPECT_EQ(parse_cache_info("StoreDir: /gnu/store\n", "x").error().what, "'x' says 'StoreDir: /gnu/store'");
  EXPECT_EQ(parse_cache_info("StoreDir: /nix/store\nPriority: high\n", "x").error().what, "'x' says 'Priority: high'");
}

}  // namespace
}  // namespace swage
