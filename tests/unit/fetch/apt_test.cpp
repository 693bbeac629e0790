#include "fetch/apt.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fetch/apt_host.hpp"

namespace swage {
namespace {

std::vector<std::string> uris(const std::vector<AptSource>& sources) {
  std::vector<std::string> all;
  for (const AptSource& source : sources) all.push_back(source.pocket.empty() ? source.uri : source.uri + " " + source.pocket);
  return all;
}

TEST(AptHost, ReadsOneLineSources) {
  const auto sources = parse_one_line_sources(R"(# a comment
deb http://mirror.example/debian/ bookworm main contrib   # more
deb-src http://sources.example/debian bookworm main
deb [ arch=amd64 signed-by=/usr/share/keyrings/a.gpg,/b.gpg trusted=yes ] https://second.example/debian bookworm main
deb http://mirror.example/debian bookworm-updates main
deb http://mirror.example/debian bookworm main
deb http://vendor.example/apt bookworm stable
deb http://flat.example/ ./
deb cdrom:[Debian]/ bookworm main
deb http://class.example/debian oldstable main
deb [broken http://x.example/ bookworm main
)", "bookworm");
  EXPECT_EQ(uris(sources), (std::vector<std::string>{"http://mirror.example/debian", "https://second.example/debian", "http://mirror.example/debian -updates",
                                                     "http://class.example/debian"}));
  EXPECT_EQ(sources[0].signed_by, "");
  EXPECT_FALSE(sources[0].trusted);
  EXPECT_TRUE(sources[0].expires);
  EXPECT_EQ(sources[1].signed_by, "/usr/share/keyrings/a.gpg /b.gpg");
  EXPECT_TRUE(sources[1].trusted);
}

// Security fixes and what cannot wait for the next point release are suites of their own, often at another mirror.
TEST(AptHost, ReadsTheReleasesPockets) {
  const auto lines = parse_one_line_sources(R"(deb http://mirror.example/debian bookworm main
deb [check-valid-until=no] http://security.example/debian-security bookworm-security main
deb http://security.example/debian-security bookworm-security main
deb http://mirror.example/debian stable-updates main
deb http://mirror.example/debian bookworm-backports main
deb http://mirror.example/debian trixie-security main
deb http://mirror.example/debian bookworm-proposed-updates main
)", "bookworm");
  EXPECT_EQ(uris(lines), (std::vector<std::string>{"http://mirror.example/debian", "http://security.example/debian-security -security", "http://mirror.example/debian -updates"}));
  EXPECT_FALSE(lines[1].expires);
  const auto stanzas = parse_stanza_sources(R"(Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main

Types: deb
URIs: http://security.example/debian-security http://second.example/debian-security
Suites: bookworm-security
Components: main contrib
Check-Valid-Until: no
)", "bookworm");
  EXPECT_EQ(uris(stanzas), (std::vector<std::string>{"http://mirror.example/debian", "http://mirror.example/debian -updates",
                                                     "http://security.example/debian-security -security", "http://second.example/debian-security -security"}));
  EXPECT_TRUE(stanzas[1].expires);
  EXPECT_FALSE(stanzas[3].expires);
}

TEST(Apt, ReadsHowOldASuiteIs) {
  const AptRelease release = parse_release("Origin: Debian\nLabel: Debian-Security\nSuite: oldstable-security\nDate: Sat, 28 Nov 2026 02:53:00 UTC\n"
                                           "Valid-Until: Sat, 05 Dec 2026 02:53:00 UTC\nSHA256:\n Date: Sun, 29 Nov 2026 00:00:00 UTC\n", "bookworm-security");
  EXPECT_EQ(release.key, "Debian/bookworm-security");
  EXPECT_EQ(release.date, "2026-11-28T02:53:00Z");
  EXPECT_EQ(release.valid_until, "2026-12-05T02:53:00Z");
  EXPECT_EQ(release.of, "Debian/Debian-Security");
  // What may be a mirror's name does not get into a lock; a time that is none is no time.
  const AptRelease odd = parse_release("Origin: mirror.example.org\nDate: yesterday\nValid-Until: Sat, 05 Dec 2026 02:53:00 CET\n", "x");
  EXPECT_EQ(odd.key, "/x");
  EXPECT_EQ(odd.date, "");
  EXPECT_EQ(odd.valid_until, "");
}

TEST(AptHost, ReadsStanzas) {
  const auto sources = parse_stanza_sources(R"(Types: deb deb-src
# a comment between fields
URIs: http://mirror.example/debian
 https://second.example/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

types: deb
uris: http://key.example/debian
suites: bookworm
components: main
signed-by:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----)", "bookworm");
  EXPECT_EQ(uris(sources), (std::vector<std::string>{"http://mirror.example/debian", "https://second.example/debian", "http://mirror.example/debian -updates",
                                                     "https://second.example/debian -updates", "http://mirror.example/debian-security -security", "http://key.example/debian"}));
  EXPECT_EQ(sources[1].signed_by, "/usr/share/keyrings/debian-archive-keyring.gpg");
  EXPECT_EQ(sources[5].signed_by, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----");
}

TEST(AptHost, ASchemeWithoutAPlaceIsNoMirror) {
  for (const char* uri : {"http", "http:", "http://", "https:///", "http:///debian", "http:debian", "http:/debian", "file:", "file:///", "file:debian"}) {
    EXPECT_EQ(uris(parse_one_line_sources(std::string("deb ") + uri + " bookworm main", "bookworm")), std::vector<std::string>{}) << uri;
    EXPECT_EQ(uris(parse_stanza_sources(std::string("Types: deb\nSuites: bookworm\nComponents: main\nURIs: ") + uri, "bookworm")),
              std::vector<std::string>{}) << uri;
  }
  for (const char* uri : {"http://a", "https://a:8080/b", "file:/a", "file:///a"})
    EXPECT_EQ(uris(parse_one_line_sources(std::string("deb ") + uri + "/ bookworm main", "bookworm")), std::vector<std::string>{uri});
}

TEST(AptHost, FollowsMirrorLists) {
  const TempDir dir = TempDir::create("mirrors").value();
  const fs::path list = dir.path() / "debian.list";
  ASSERT_TRUE(write_file_atomically(list, "# mirrors\nhttps://one.example/debian\tpriority:1\nhttp://two.example/debian/\n").has_value());
  EXPECT_EQ(uris(parse_one_line_sources("deb mirror+file:" + list.string() + " bookworm main", "bookworm")),
            (std::vector<std::string>{"https://one.example/debian", "http://two.example/debian"}));
  EXPECT_TRUE(parse_one_line_sources("deb mirror+file:///no/such/list bookworm main", "bookworm").empty());
}

TEST(AptHost, ReadsTheConfigurationThatAptPrints) {
  const AptConfig config = parse_apt_config(R"(Dir "/";
Dir::Etc "etc/apt";
Dir::Etc::sourcelist "sources.list";
Dir::Etc::sourceparts "/opt/parts";
Acquire::http::Proxy "http://proxy.example:3128";
APT::Architectures:: "amd64";
APT "";
)");
  EXPECT_EQ(apt_directory(config, "Dir::Etc::sourcelist"), "/etc/apt/sources.list");
  EXPECT_EQ(apt_directory(config, "Dir::Etc::sourceparts"), "/opt/parts");
  EXPECT_EQ(config.at("Acquire::http::Proxy"), "http://proxy.example:3128");
  EXPECT_FALSE(config.contains("APT::Architectures::"));
  EXPECT_EQ(release_codename("ID=debian\nVERSION_CODENAME=\"bookworm\"\n"), "bookworm");
  EXPECT_EQ(release_codename("ID=debian\nVERSION_CODENAME=trixie"), "trixie");
  EXPECT_EQ(release_codename("ID=debian\n"), "");
}

TEST(Apt, ReadsWhatItChose) {
  EXPECT_EQ(parse_uris(R"(Reading package lists...
'http://mirror.example/pool/b/busybox-static_1.35.0-4%2bb1_amd64.deb' busybox-static_1%3a1.35.0-4+b1_amd64.deb 928188 MD5Sum:f6
'http://mirror.example/pool/b/base_1_all.deb' base_1_all.deb 1 SHA256:00
'http://mirror.example/pool/b/x.dsc' x.dsc 1 SHA256:00
)"),
            (std::vector<AptChoice>{{"busybox-static", "1:1.35.0-4+b1", "amd64"}, {"base", "1", "all"}}));
}

TEST(AptIndex, TheFirstPackageFieldNamesTheStanza) {
  const AptChoice bc{"bc", "1", "all"}, no{"no", "1", "all"};
  for (const char* index : {"Package:bc\nVersion: 1\nPackage: no\nArchitecture: all\n", "\nVersion: 1\nPackage:\n bc\nArchitecture: all\n"}) {
    EXPECT_EQ(find_in_packages(index, {bc}).size(), 1u) << index;
    EXPECT_EQ(find_in_packages(index, {no}).size(), 0u) << index;
    EXPECT_EQ(find_in_packages(index, {bc, no}).size(), 1u) << index;
  }
}

TEST(Apt, FindsFilesInAPackagesIndex) {
  const std::string index = R"(Package: bc
Version: 1.06
Architecture: amd64
Filename: pool/old.deb
SHA256: aa
Size: 1

Package: bc
Version: 1.07
Architecture: amd64
Description: a calculator
 Version: 1.06
Filename: pool/new.deb
SHA256: bb
Size: 22

Package: bcc
Version: 1.07
Architecture: amd64
Filename: pool/bcc.deb
SHA256: cc
Size: 3
)";
  const std::set<AptChoice> wanted{{"bc", "1.07", "amd64"}, {"gone", "1", "all"}};
  const auto found = find_in_packages(index, wanted);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.begin()->second, (LockedFile{"bc", "1.07", "pool/new.deb", "bb", 22}));
}

TEST(Apt, NarrowsAnIndexToWhatCanHaveAPart) {
  const std::string index = R"(Package: gcc
Version: 1
Pre-Depends: base (>= 2) , shell | other-shell
Depends: libc:any (<< 3), assembler [amd64] |
 linker
Recommends: manual

Package: libc
Version: 1

Package: libc
Version: 2
Depends: gcc

Package: binutils
Version: 1
Provides: linker (= 1), assembler
Depends: zlib

Package: manual
Version: 1

Package: other-shell
Version: 1

Package: unrelated
Version: 1
Depends: gcc

Package: zlib
Version: 1
)";
  std::string names;
  std::string narrowed = reachable_stanzas(index, {"gcc", "absent"});
  EXPECT_NE(narrowed.find("Package: libc\nVersion: 2\nDepends: gcc\n\n"), std::string::npos) << narrowed;
  for (std::string_view rest = narrowed; !rest.empty();) {
    names += std::string(rest.substr(9, rest.find('\n') - 9)) + " ";
    rest.remove_prefix(rest.find("\n\n") + 2);
  }
  EXPECT_EQ(names, "binutils gcc libc libc other-shell zlib ");
  EXPECT_EQ(reachable_stanzas(index, {"absent"}), "");
  EXPECT_EQ(reachable_stanzas("", {"gcc"}), "");
}

TEST(Apt, FindsTheUpstreamTarball) {
  const std::string index = R"(Package: linux
Binary: linux-source
Version: 6.1.99-1
Directory: pool/main/l/linux
Checksums-Sha256:
 01 10 linux_6.1.99-1.dsc
 02 20 linux_6.1.99.orig.tar.xz

Package: linux
Version: 6.1.176-1
Checksums-Sha256:
 11 10 linux_6.1.176-1.dsc
 12 21 linux_6.1.176.orig-extra.tar.xz
 13 22 linux_6.1.176.orig.tar.xz
 14 23 linux_6.1.176.orig.tar.xz.asc
 15 24 linux_6.1.176-1.debian.tar.xz
Directory: pool/main/l/linux

Package: native
Version: 3
Directory: pool/main/n/native
Checksums-Sha256:
 21 10 native_3.dsc
 22 20 native_3.tar.xz

Package: broken
Version: 3
Directory: pool/main/b/broken
Checksums-Sha256:
 31 10 broken_3.dsc
)";
  EXPECT_EQ(find_in_sources(index, "linux", "linux_6.1.176-1.dsc").value(),
            (LockedFile{"linux", "6.1.176", "pool/main/l/linux/linux_6.1.176.orig.tar.xz", "13", 22}));
  EXPECT_EQ(find_in_sources(index, "native", "native_3.dsc").value(), (LockedFile{"native", "3", "pool/main/n/native/native_3.tar.xz", "22", 20}));
  EXPECT_EQ(find_in_sources(index, "broken", "broken_3.dsc").error().what, "the source package 'broken' has no upstream tarball in the index");
}

TEST(Apt, FindsTheVersionsNewestFirst) {
  const auto stanza = [](const std::string& version, const std::string& upstream) {
    return fmt::format("Package: linux\nVersion: {0}\nDirectory: pool\nChecksums-Sha256:\n 1 2 linux_{0}.dsc\n 3 4 linux_{1}.orig.tar.xz\n\n", version, upstream);
  };
  const std::string index = stanza("7.2.9-1", "7.2.9") + stanza("7.2.10-1~bpo13+1", "7.2.10") + stanza("7.2-1", "7.2") + stanza("7.20.1-1", "7.20.1") +
                            stanza("7.1.8-2", "7.1.8") + stanza("7.2~rc7-1~exp1", "7.2~rc7");
  std::vector<std::string> versions;
  for (const LockedFile& file : find_versions_in_sources({{.text = index}}, "linux", Version::parse("7.2").value())) versions.push_back(file.version);
  EXPECT_EQ(versions, (std::vector<std::string>{"7.2.10", "7.2.9", "7.2"}));
  EXPECT_TRUE(find_versions_in_sources({{.text = index}}, "other", Version::parse("7.2").value()).empty());
  versions.clear();
  for (const LockedFile& file : find_versions_in_sources({{.text = index}}, "linux", std::nullopt)) versions.push_back(file.version);
  EXPECT_EQ(versions, (std::vector<std::string>{"7.20.1", "7.2.10", "7.2.9", "7.2", "7.1.8"}));
}

// In the order of deb-version(7): few upstreams number as kernels do.
TEST(Apt, FindsTheVersionsOfAnyUpstreamNewestFirst) {
  std::string index;
  for (const char* version : {"2.1.12-stable-1", "1:1.2.13.dfsg-1", "2.1.9-stable-3", "1:1.3.dfsg+really1.3.1-1", "1:1.3.dfsg-3", "2.1.13-stable-1", "9.1-1", "1:1.3.dfsg-10"})
    index += fmt::format("Package: x\nVersion: {0}\nDirectory: pool\nChecksums-Sha256:\n 1 2 x.dsc\n 3 4 x_{0}.orig.tar.xz\n\n", version);
  std::vector<std::string> paths;
  for (const LockedFile& file : find_versions_in_sources({{.text = index}}, "x", std::nullopt)) paths.push_back(file.path.substr(7, file.path.size() - 19));
  EXPECT_EQ(paths, (std::vector<std::string>{"1:1.3.dfsg+really1.3.1-1", "1:1.3.dfsg-10", "1:1.3.dfsg-3", "1:1.2.13.dfsg-1", "9.1-1", "2.1.13-stable-1", "2.1.12-stable-1",
                                             "2.1.9-stable-3"}));
}

TEST(Apt, WhatIsFoundSaysWhereItWasSeen) {
  const auto index = [](const std::string& version, const std::string& day, const std::string& archive) {
    return AptIndex{.text = fmt::format("Package: x\nVersion: {0}\nArchitecture: all\nFilename: pool/x_{0}.deb\nSHA256: ab\nSize: 1\nDirectory: pool\n"
                                        "Checksums-Sha256:\n 1 2 x_{0}.dsc\n 3 4 x_{0}.orig.tar.xz\n\n", version),
                    .day = day, .archive = archive};
  };
  const std::vector<AptIndex> indices{index("1-1", "2026-01-31", "debian"), index("2-1", "2026-02-01", "debian-security"), index("3-1", "", "")};
  const auto versions = find_versions_in_sources(indices, "x", std::nullopt);
  ASSERT_EQ(versions.size(), 3u);
  EXPECT_EQ(versions[0].day + versions[0].archive, "");
  EXPECT_EQ(versions[1].day + " " + versions[1].archive, "2026-02-01 debian-security");
  EXPECT_EQ(find_in_sources(indices, "x", "x_1-1.dsc").value().day, "2026-01-31");
  EXPECT_FALSE(find_in_sources(indices, "x", "x_4-1.dsc").has_value());
  const auto found = find_in_packages(indices, {{"x", "1-1", "all"}, {"x", "2-1", "all"}});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found.rbegin()->second.archive, "debian-security");
}

TEST(Apt, HidesMirrors) {
  const std::vector<AptSource> sources{{.uri = "https://me:secret@mirror.example:8080/debian"}};
  EXPECT_EQ(without_hosts("Failed to fetch https://mirror.example:8080/debian/dists/x/InRelease  Could not resolve 'mirror.example' [IP: 10.0.0.1 80]", sources),
            "Failed to fetch debian/dists/x/InRelease  Could not resolve 'the mirror'");
  EXPECT_EQ(without_hosts("The repository 'http://plain.example/debian gone Release' is missing", {{.uri = "http://plain.example/debian"}}),
            "The repository 'the mirror gone Release' is missing");
  EXPECT_EQ(without_hosts("The repository 'http://other.example' is not signed", sources), "The repository '' is not signed");
}

}  // namespace
}  // namespace swage
