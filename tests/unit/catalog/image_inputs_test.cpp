// What cannot be right in rows of boards and images is refused where it stands, by the kind of each value.
#include <gtest/gtest.h>

#include "catalog/images.hpp"
#include "support/catalogs.hpp"

namespace swage {
namespace {

class ImageInputs : public testing::Test {
 protected:
  ImageInputs() {
    dir.write("roots.toml",
              "[[root]]\nname = \"r\"\nsuite = \"bookworm\"\narchitecture = \"arm64\"\npackages = [\"p\"]\nonly = [\"p\"]\n");
  }
  // What is said of a file of images that holds this.
  std::string said(const std::string& rows) {
    dir.write("images/i.toml", rows);
    return dir.checked();
  }
  // The same of one part, board or partition with these keys; the errors alone, without their places.
  std::string of_part(const std::string& keys) { return errors("[[part]]\nname = \"p\"\nsummary = \"s\"\n" + keys); }
  std::string of_board(const std::string& keys) {
    return errors("[[board]]\nname = \"b\"\ntitle = \"t\"\nplatform = \"arm64\"\nfamily = \"f\"\nlimits = [\"none\"]\n" + keys);
  }
  std::string errors(const std::string& rows) {
    const std::string text = said(rows);
    std::string found;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at) + 1;
      if (text.compare(at, 7, "error: ") == 0 || text.compare(at, 6, "hint: ") == 0) found += text.substr(at, end - at);
      at = end;
    }
    return found;
  }
  CatalogDir dir;
};

TEST_F(ImageInputs, WhatGoesIntoALineIsOne) {
  EXPECT_EQ(said(R"([[part]]
name = "p"
summary = "a\nb"
checks = ["true\nreboot", "a\tb"]
cmdline = "quiet\ninit=/bin/sh"
login = "root:a\nb"
[[part.service]]
name = "s"
when = "once"
run = "a\nb"
)"), R"(error: 'summary' is one line, without control characters
  --> CAT/images/i.toml:3:11
   3 | summary = "a\nb"
     |           ^^^^^^
error: 'checks' is one line, without control characters
  --> CAT/images/i.toml:4:11
   4 | checks = ["true\nreboot", "a\tb"]
     |           ^^^^^^^^^^^^^^
error: 'checks' is one line, without control characters
  --> CAT/images/i.toml:4:27
   4 | checks = ["true\nreboot", "a\tb"]
     |                           ^^^^^^
error: 'cmdline' is one line, without control characters
  --> CAT/images/i.toml:5:11
   5 | cmdline = "quiet\ninit=/bin/sh"
     |           ^^^^^^^^^^^^^^^^^^^^^
error: 'login' is one line, without control characters
  --> CAT/images/i.toml:6:9
   6 | login = "root:a\nb"
     |         ^^^^^^^^^^^
error: 'run' is one line, without control characters
  --> CAT/images/i.toml:10:7
  10 | run = "a\nb"
     |       ^^^^^^
)");
  EXPECT_EQ(of_part("cmdline = \"a\\u001bb\"\n"), "error: 'cmdline' has characters that do not show: a\\u001bb\n");
  EXPECT_EQ(of_board("cmdline = \"a\\nb\"\nvendor_cmdline = \"a\\tb\"\n"), R"(error: 'cmdline' is one line, without control characters
error: 'vendor_cmdline' is one line, without control characters
)");
  EXPECT_EQ(errors("[[vendor]]\nname = \"v\"\ntitle = \"t\"\nrepository = \"https://example.org/linux\"\nconfig = [\"CONFIG_A=y\\nCONFIG_B=y\"]\n"), "error: 'CONFIG_A=y\\u000aCONFIG_B=y' is not a line CONFIG_NAME=value\n");
}

TEST_F(ImageInputs, WhatIsCalledByANameHasOne) {
  EXPECT_EQ(said(R"([[axis]]
name = "a b"
suffix = "/x"
group = "g|h"
)"), R"(error: 'a b' is no name: it is letters, digits, - _ . and +, a letter or digit first
  --> CAT/images/i.toml:2:8
   2 | name = "a b"
     |        ^^^^^
error: '/x' is no end of a name: it is letters, digits, - _ . and +
  --> CAT/images/i.toml:3:10
   3 | suffix = "/x"
     |          ^^^^
error: 'g|h' is no name: it is letters, digits, - _ . and +, a letter or digit first
  --> CAT/images/i.toml:4:9
   4 | group = "g|h"
     |         ^^^^^
)");
  EXPECT_EQ(errors("[[loader]]\nname = \"-x\"\nsummary = \"s\"\n[[group]]\nname = \"" + std::string(101, 'g') + "\"\nsummary = \"s\"\n[[addition]]\nname = \"\"\nsummary = \"s\"\nboards = []\n"), R"(error: '-x' is no name: it is letters, digits, - _ . and +, a letter or digit first
error: 'gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg' is no name: it has more than 100 characters
error: '' is no name: it is letters, digits, - _ . and +, a letter or digit first
)");
}

TEST_F(ImageInputs, ATerminalIsCalledByItsNameAlone) {
  EXPECT_EQ(said("[[part]]\nname = \"p\"\nsummary = \"s\"\n[[part.service]]\nname = \"s\"\ntty = \"tty1|x\"\n"), R"(error: 'tty1|x' is no terminal: it is called like ttyAMA0, without /dev/ and speed
  --> CAT/images/i.toml:6:7
   6 | tty = "tty1|x"
     |       ^^^^^^^^
)");
  EXPECT_EQ(of_board("console = \"ttyS0,115200\"\nvendor_console = \"/dev/ttyS0\"\nqemu_console = \"a b\"\n"), R"(error: 'ttyS0,115200' is no terminal: it is called like ttyAMA0, without /dev/ and speed
error: '/dev/ttyS0' is no terminal: it is called like ttyAMA0, without /dev/ and speed
error: 'a b' is no terminal: it is called like ttyAMA0, without /dev/ and speed
)");
  EXPECT_EQ(of_part("[[part.service]]\nname = \"s\"\ntty = \"@console@\"\n"), "");
}

TEST_F(ImageInputs, ModulesAndConfigurationsAreNames) {
  EXPECT_EQ(said("[[part]]\nname = \"p\"\nsummary = \"s\"\nmodules = [\"ext4\", \"a b\"]\ndrivers = [\"../x\", \"ext4.ko\", \"\"]\n"), R"(error: 'a b' is no name of a module: it is letters, digits, - and _, without .ko
  --> CAT/images/i.toml:4:20
   4 | modules = ["ext4", "a b"]
     |                    ^^^^^
error: '../x' is no name of a module: it is letters, digits, - and _, without .ko
  --> CAT/images/i.toml:5:12
   5 | drivers = ["../x", "ext4.ko", ""]
     |            ^^^^^^
error: 'ext4.ko' is no name of a module: it is letters, digits, - and _, without .ko
  --> CAT/images/i.toml:5:20
   5 | drivers = ["../x", "ext4.ko", ""]
     |                    ^^^^^^^^^
error: '' is no name of a module: it is letters, digits, - and _, without .ko
  --> CAT/images/i.toml:5:31
   5 | drivers = ["../x", "ext4.ko", ""]
     |                               ^^
)");
  EXPECT_EQ(of_board("modules = [\"a;b\"]\nnetwork = [\"a|b\"]\nvendor_modules = [\"$x\"]\ndefconfigs = { arm64 = \"x y_defconfig\" }\nqemu_disabled = [\"/soc/*@7ef*\", \"soc\", \"/a b\"]\n"), R"(error: 'a;b' is no name of a module: it is letters, digits, - and _, without .ko
error: 'a|b' is no name of a module: it is letters, digits, - and _, without .ko
error: '$x' is no name of a module: it is letters, digits, - and _, without .ko
error: 'x y_defconfig' is no name of a configuration: NAME_defconfig
error: 'soc' is no node of a device tree: /soc/serial@7e201000
error: '/a b' is no node of a device tree: /soc/serial@7e201000
)");
}

TEST_F(ImageInputs, FilesAreBelowWhatTheyAreOf) {
  EXPECT_EQ(said(R"([[part]]
name = "p"
summary = "s"
[part.files]
"/etc/motd" = "x"
"../motd" = "x"
"etc/../../motd" = "x"
"" = "x"
"etc//motd" = "x"
"etc/a|b" = "x"
"etc/a\nb" = "x"
"etc/" = "x"
"home/user/a file" = "x"
)"), R"(error: '/etc/motd' is no file of a root file system: it is absolute
  --> CAT/images/i.toml:5:1
   5 | "/etc/motd" = "x"
     | ^^^^^^^^^^^
error: '../motd' is no file of a root file system: it leads out by '..'
  --> CAT/images/i.toml:6:1
   6 | "../motd" = "x"
     | ^^^^^^^^^
error: 'etc/../../motd' is no file of a root file system: it leads out by '..'
  --> CAT/images/i.toml:7:1
   7 | "etc/../../motd" = "x"
     | ^^^^^^^^^^^^^^^^
error: '' is no file of a root file system: it is empty
  --> CAT/images/i.toml:8:1
   8 | "" = "x"
     | ^^
error: 'etc//motd' is no file of a root file system: a part of it is empty or '.'
  --> CAT/images/i.toml:9:1
   9 | "etc//motd" = "x"
     | ^^^^^^^^^^^
error: 'etc/a|b' is no file of a root file system: it has a |
  --> CAT/images/i.toml:10:1
  10 | "etc/a|b" = "x"
     | ^^^^^^^^^
error: 'etc/a\u000ab' is no file of a root file system: it has control characters
  --> CAT/images/i.toml:11:1
  11 | "etc/a\nb" = "x"
     | ^^^^^^^^^^
error: 'etc/' is no file of a root file system: a part of it is empty or '.'
  --> CAT/images/i.toml:12:1
  12 | "etc/" = "x"
     | ^^^^^^
)");
  EXPECT_EQ(errors("[[loader]]\nname = \"l\"\nsummary = \"s\"\nfiles = { \"../Image\" = \"kernel\", \"a:b\" = \"dtb\", \"overlays/\" = \"overlays\" }\ntexts = { \"/x\" = \"\", \"a*\" = \"\" }\n"), R"(error: '../Image' is no file of a FAT file system: it leads out by '..'
error: 'a:b' is no file of a FAT file system: it has a :
error: '/x' is no file of a FAT file system: it is absolute
error: 'a*' is no file of a FAT file system: it has a *
)");
  EXPECT_EQ(errors("[[addition]]\nname = \"a\"\nsummary = \"s\"\nboards = []\nfiles = { \"/x\" = \"\" }\nvalues = { bus = \"1\\n2\" }\n"), R"(error: '/x' is no file of a root file system: it is absolute
error: 'bus' is one line, without control characters
)");
  EXPECT_EQ(of_board("dtb = \"../x.dtb\"\nvendor_dtb = \"/x.dtb\"\n"), R"(error: '../x.dtb' is no device tree: it leads out by '..'
error: '/x.dtb' is no device tree: it is absolute
)");
  EXPECT_EQ(of_board("dtb = \"a,b.dtb\"\nvendor_dtb = \"x\"\n"), R"(error: 'a,b.dtb' is no device tree: it is letters, digits, / . _ - and +
error: 'x' is no device tree: it does not end with .dtb
)");
  EXPECT_EQ(of_board("firmware = [{ root = \"r\", file = \"/etc/shadow\", to = \"../x\" }, { root = \"r\", file = \"a b\", to = \"\" }]\nraw = [{ root = \"r\", file = \"../spl\", offset = \"8K\" }]\n"), R"(error: '/etc/shadow' is no file of a root: it is absolute
error: '../x' is no file of a FAT file system: it leads out by '..'
error: 'a b' is no file of a root: it has a space
error: '' is no file of a FAT file system: it is empty
error: '../spl' is no file of a root: it leads out by '..'
)");
  EXPECT_EQ(of_part("firmware = [{ root = \"r\", file = \"a|b\", to = \"/lib\" }, { root = \"r\", file = \"lib/*.bin\" }, { root = \"r\", file = \"x\", to = \"lib/firmware/\" }]\n"), R"(error: 'a|b' is no file of a root: it has a |
error: '/lib' is no place in a root file system: it is absolute
error: 'to' is missing in a file of a root
)");
  EXPECT_EQ(of_part("programs = { busybox = [\"../sbin/init\", \"bin/*\"] }\n"), R"(error: 'busybox' is not a package
error: '../sbin/init' is no file of a package: it leads out by '..'
error: 'bin/*' is no file of a package: it has a *
)");
}

TEST_F(ImageInputs, NumbersAreToldOnceOfAPartThatNoUserlandHasToo) {
  const std::string rows = "[[part]]\nname = \"mine\"\nsummary = \"s\"\nlogin = \"ada:x\"\n[[part.user]]\nname = \"ada\"\nid = 1500\n[[part.user]]\nname = \"bob\"\nid = 1500\n"
                           "[[part.group]]\nname = \"a\"\nid = 7\n[[part.group]]\nname = \"b\"\nid = 7\n";
  const std::string told = R"(error: two users have the number 1500: 'ada' and 'bob'
  --> CAT/images/i.toml:8:1
   8 | [[part.user]]
     | ^^^^^^^^^^^^^
error: two groups have the number 7: 'a' and 'b'
  --> CAT/images/i.toml:14:1
  14 | [[part.group]]
     | ^^^^^^^^^^^^^^
)";
  EXPECT_EQ(said(rows), told);
  EXPECT_EQ(said(rows + "[[userland]]\nname = \"mine\"\nsummary = \"s\"\nparts = [\"mine\"]\n"), told);
}

TEST_F(ImageInputs, SettingsOfTheFirmwareAreOverriddenLikewise) {
  const std::string row = "[[firmware_setting]]\nname = \"gpu_mem\"\nkind = \"number\"\nsource = \"s\"\n";
  dir.write("firmware_settings.toml", row).write("layer/firmware_settings.toml", row);
  EXPECT_EQ(dir.checked({"layer"}), R"(error: 'gpu_mem' is in [[firmware_setting]] of an earlier layer too, and this row does not say that it overrides
  --> CAT/layer/firmware_settings.toml:1:1
   1 | [[firmware_setting]]
     | ^^^^^^^^^^^^^^^^^^^^
note: defined at CAT/firmware_settings.toml:1:1
hint: say override = true, to change what the row says of it, or give it another name
)");
}

TEST_F(ImageInputs, AModeIsOfATextFile) {
  EXPECT_EQ(said(R"([[part]]
name = "p"
summary = "s"
[part.files]
"etc/a" = { text = "x", mode = "0600" }
"etc/b" = { text = "x", mode = "0799" }
"etc/c" = { text = "x", mode = "755" }
"etc/d" = { text = "x", mode = "4755" }
"etc/e" = { text = "x", mode = "0044" }
"etc/f" = { text = "x", mode = 0o600 }
"etc/g" = { mode = "0600" }
"etc/h" = { text = "x", mod = "0600" }
"etc/i" = 7
"/etc/j" = { text = "x" }
)"), R"(error: '0799' is no mode of a file: four octal digits, as 0600 and 0755
  --> CAT/images/i.toml:6:32
   6 | "etc/b" = { text = "x", mode = "0799" }
     |                                ^^^^^^
error: '755' is no mode of a file: four octal digits, as 0600 and 0755
  --> CAT/images/i.toml:7:32
   7 | "etc/c" = { text = "x", mode = "755" }
     |                                ^^^^^
error: '4755' has setuid, setgid or sticky, which say nothing of a text or script
  --> CAT/images/i.toml:8:32
   8 | "etc/d" = { text = "x", mode = "4755" }
     |                                ^^^^^^
error: '0044' is a mode by which its owner cannot read the file
  --> CAT/images/i.toml:9:32
   9 | "etc/e" = { text = "x", mode = "0044" }
     |                                ^^^^^^
error: 'mode' is an integer, not a string
  --> CAT/images/i.toml:10:32
  10 | "etc/f" = { text = "x", mode = 0o600 }
     |                                ^^^^^
error: 'text' is missing in a file of a root file system
  --> CAT/images/i.toml:11:11
  11 | "etc/g" = { mode = "0600" }
     |           ^^^^^^^^^^^^^^^^^
error: 'mod' is not a key of a file of a root file system
  --> CAT/images/i.toml:12:25
  12 | "etc/h" = { text = "x", mod = "0600" }
     |                         ^^^
hint: did you mean 'mode'?
error: 'etc/i' is an integer, not a string
  --> CAT/images/i.toml:13:11
  13 | "etc/i" = 7
     |           ^
error: '/etc/j' is no file of a root file system: it is absolute
  --> CAT/images/i.toml:14:1
  14 | "/etc/j" = { text = "x" }
     | ^^^^^^^^
)");
}

TEST_F(ImageInputs, ALayerTakesAwayWhatARowCanBeWithout) {
  EXPECT_EQ(of_board("dtb = \"\"\nvendor_dtb = \"\"\nqemu = \"\"\nconsole = \"\"\ncmdline = \"\"\n"), "");
  EXPECT_EQ(of_part("password = \"\"\nlogin = \"\"\n"), "");
  EXPECT_EQ(of_board("qemu = \"qemu system\"\nqemu_root = \"r\"\nconsole = \"ttyS0\"\n"),
            "error: 'qemu system' is no name: it is letters, digits, - _ . and +, a letter or digit first\n");
}

TEST_F(ImageInputs, FilesOfALoaderDoNotDifferByCaseAlone) {
  EXPECT_EQ(said("[[loader]]\nname = \"l\"\nsummary = \"s\"\nfiles = { Image = \"kernel\" }\ntexts = { image = \"x\", \"config.txt\" = \"x\" }\n"
                 "[[loader.config]]\nparams = [\"a\"]\n"), R"(error: 'l' has two files 'config.txt' in its FAT file system
  --> CAT/images/i.toml:1:1
   1 | [[loader]]
     | ^^^^^^^^^^
error: 'l' has two files 'image' in its FAT file system
  --> CAT/images/i.toml:1:1
   1 | [[loader]]
     | ^^^^^^^^^^
)");
}

TEST_F(ImageInputs, NumbersAreInTheirRange) {
  EXPECT_EQ(said("[[part]]\nname = \"p\"\nsummary = \"s\"\ncard = \"99999999G\"\n[[part.user]]\nname = \"u\"\nid = 65535\n[[part.group]]\nname = \"g\"\nid = -1\n"), R"(error: '99999999G' is not a number of bytes: 8K, 16M
  --> CAT/images/i.toml:4:8
   4 | card = "99999999G"
     |        ^^^^^^^^^^^
error: 'id' is from 0 to 65534: 65535
  --> CAT/images/i.toml:7:6
   7 | id = 65535
     |      ^^^^^
error: 'id' is out of range: -1
  --> CAT/images/i.toml:10:6
  10 | id = -1
     |      ^^
)");
  EXPECT_EQ(of_part("[[part.user]]\nname = \"u\"\nid = 65534\n"), "");
  EXPECT_EQ(of_board("load = { kernel = \"0x10000000000000000\", dtb = \"0xffffffffffffffff\" }\n"), "error: '0x10000000000000000' is not an address: 0x80000\n");
  EXPECT_EQ(of_board("timeout = 0\nraw = [{ root = \"r\", file = \"a\", offset = \"100\" }, { root = \"r\", file = \"b\", offset = \"0\" }]\n"), R"(error: 'timeout' is from 1 to 86400 seconds
error: 'offset' is 0 or no multiple of 512: 100
error: 'offset' is 0 or no multiple of 512: 0
)");
}

TEST_F(ImageInputs, APasswordIsAHashThatIsKnown) {
  EXPECT_EQ(said("[[part]]\nname = \"p\"\nsummary = \"s\"\n[[part.user]]\nname = \"u\"\npassword = \"secret\"\n"), R"(error: 'password' is a hash of crypt(3) that begins with $1$, $5$, $6$, $y$ or $2b$ (openssl passwd -6), or *
  --> CAT/images/i.toml:6:12
   6 | password = "secret"
     |            ^^^^^^^^
)");
  EXPECT_EQ(of_part("[[part.user]]\nname = \"u\"\npassword = \"\"\n"), "error: 'password' is a hash of crypt(3) that begins with $1$, $5$, $6$, $y$ or $2b$ (openssl passwd -6), or *\n");
  EXPECT_EQ(of_part("[[part.user]]\nname = \"u\"\npassword = \"$9$salt$hash\"\n"), "error: 'password' is a hash of crypt(3) that begins with $1$, $5$, $6$, $y$ or $2b$ (openssl passwd -6), or *\n");
  EXPECT_EQ(of_part("[[part.user]]\nname = \"u\"\npassword = \"$6$salt$hash\"\n"), "error: 'password' is no whole hash: of $6$ the last part has 86 characters of ./0-9A-Za-z\n");
  const std::string good = "0123456789abcdefghijkl";
  for (const std::string& password :
       {"*" + std::string(), "!" + std::string(), "$1$salt$" + good, "$5$rounds=5000$salt$" + good + good.substr(1),
        "$6$salt$" + good + good + good + good.substr(2), "$y$j9T$salt$" + good + good.substr(1),
        "$2b$12$" + good + good + good.substr(13)})
    EXPECT_EQ(of_part("[[part.user]]\nname = \"u\"\npassword = \"" + password + "\"\n"), "") << password;
}

TEST_F(ImageInputs, AKeyIsAPublicOne) {
  constexpr const char* kKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
  const auto of_key = [&](const std::string& key) { return of_part("[[part.user]]\nname = \"u\"\nkeys = ['''" + key + "''']\n"); };
  EXPECT_EQ(said("[[part]]\nname = \"p\"\nsummary = \"s\"\n[[part.user]]\nname = \"u\"\nkeys = [\"~/.ssh/id_ed25519.pub\"]\n"), R"(error: '~/.ssh/id_ed25519.pub' is no line of authorized_keys: ssh-ed25519 AAAA... NAME
  --> CAT/images/i.toml:6:9
   6 | keys = ["~/.ssh/id_ed25519.pub"]
     |         ^^^^^^^^^^^^^^^^^^^^^^^
)");
  EXPECT_EQ(of_key("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA"), "error: 'keys' has a private key: it takes the line of the public one, which is in the file .pub\n");
  EXPECT_EQ(of_key("ssh-ed25519 AAAA ada@desk"), "error: 'ssh-ed25519 AAAA ada@desk' is no whole key of type ssh-ed25519\n");
  EXPECT_EQ(of_key("ssh-rsa" + std::string(kKey).substr(11)), "error: 'ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB' is no whole key of type ssh-rsa\n");
  EXPECT_EQ(of_key(std::string(kKey).substr(0, 60)), "error: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEB' is no whole key of type ssh-ed25519\n");
  EXPECT_EQ(of_key(std::string(kKey) + "\n" + kKey), "error: 'keys' is one line, without control characters\n");
  EXPECT_EQ(of_key("ssh-dss AAAA"), "error: 'ssh-dss AAAA' is no line of authorized_keys: ssh-ed25519 AAAA... NAME\n");
  EXPECT_EQ(of_key(""), "error: '' is no line of authorized_keys: ssh-ed25519 AAAA... NAME\n");
  for (const std::string& key : {std::string(kKey), std::string(kKey) + " ada's laptop",
                                 "command=\"a | \\\"b c\\\"\",no-pty " + std::string(kKey) + " ada@desk"})
    EXPECT_EQ(of_key(key), "") << key;
}

TEST_F(ImageInputs, HomesAndShellsHaveWholePaths) {
  EXPECT_EQ(said("[[part]]\nname = \"p\"\nsummary = \"s\"\n[[part.user]]\nname = \"u\"\nhome = \"../../etc\"\nshell = \"sh\"\ngroups = [\"A b\"]\n"), R"(error: '../../etc' is no home: it does not begin with /
  --> CAT/images/i.toml:6:8
   6 | home = "../../etc"
     |        ^^^^^^^^^^^
error: 'sh' is no program: it does not begin with /
  --> CAT/images/i.toml:7:9
   7 | shell = "sh"
     |         ^^^^
error: 'A b' is no name of a user or group: small letters, digits, - and _
  --> CAT/images/i.toml:8:11
   8 | groups = ["A b"]
     |           ^^^^^
)");
  EXPECT_EQ(of_part("[[part.user]]\nname = \"u\"\nhome = \"/home/../etc\"\nshell = \"/\"\n"), R"(error: '/home/../etc' is no home: it leads out by '..'
error: '/' is no program: it is empty
)");
  EXPECT_EQ(of_part("[[part.user]]\nname = \"u\"\nhome = \"/home/a:b\"\nshell = \"/bin/my sh\"\n"), R"(error: '/home/a:b' is no home: it is letters, digits, / . _ - and +
error: '/bin/my sh' is no program: it is letters, digits, / . _ - and +
)");
  EXPECT_EQ(of_part("[[part.user]]\nname = \"u\"\nhome = \"/\"\nshell = \"/bin/false\"\n"), "");
}

TEST_F(ImageInputs, APartSaysOfAUserOnceWhatItSays) {
  EXPECT_EQ(said("[[part]]\nname = \"p\"\nsummary = \"s\"\n[[part.user]]\nname = \"u\"\n[[part.user]]\nname = \"u\"\nid = 7\n"),
            R"(error: 'u' stands twice in one part
  --> CAT/images/i.toml:6:1
   6 | [[part.user]]
     | ^^^^^^^^^^^^^
)");
}

TEST_F(ImageInputs, WhatIsSoughtOnAConsoleIsAnExpression) {
  EXPECT_EQ(said("[[part]]\nname = \"p\"\nsummary = \"s\"\npassword = \"it is .*\"\n"), R"(error: 'it is .*' is no regular expression of grep's with \(..\) and without /
  --> CAT/images/i.toml:4:12
   4 | password = "it is .*"
     |            ^^^^^^^^^^
)");
  EXPECT_EQ(of_part("password = 'a/\\(b\\)'\n"), "error: 'a/\\(b\\)' is no regular expression of grep's with \\(..\\) and without /\n");
  EXPECT_EQ(of_part("password = '\\(b'\n"), "error: '\\(b' is no regular expression of grep's with \\(..\\) and without /\n");
}

std::string partition_of(const std::string& name, const std::string& type, const std::string& fs, const std::string& label,
                      const std::string& size, const std::string& content) {
  return "[[layout.partition]]\nname = \"" + name + "\"\ntype = \"" + type + "\"\nfs = \"" + fs + "\"\nlabel = \"" + label +
         "\"\nsize = \"" + size + "\"\ncontent = \"" + content + "\"\n";
}
std::string layout_of(const std::string& table, const std::string& more = "") {
  return "[[layout]]\nname = \"l\"\nsummary = \"s\"\ntable = \"" + table + "\"\n" + more;
}
constexpr const char* kLinuxGuid = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";
const std::string kBootPartition = partition_of("boot", "c", "vfat", "BOOT", "64M", "boot");
const std::string kRootPartition = partition_of("root", "83", "ext4", "root", "+32M", "root");

TEST_F(ImageInputs, ALayoutHasWhatAnImageIsMadeOf) {
  EXPECT_EQ(errors(layout_of("mbr") + kBootPartition + kRootPartition), "");
  EXPECT_EQ(said(layout_of("mbr") + kBootPartition), R"(error: 'l' has no partition with the content 'root'
  --> CAT/images/i.toml:1:1
   1 | [[layout]]
     | ^^^^^^^^^^
)");
  EXPECT_EQ(errors(layout_of("mbr") + kRootPartition), "error: 'l' has no partition with the content 'boot'\n");
  EXPECT_EQ(errors(layout_of("mbr") + kBootPartition + partition_of("a", "83", "erofs", "a", "+0M", "root") + kRootPartition), "error: 'l' has two roots, 'a' and 'root'\n");
  EXPECT_EQ(errors(layout_of("mbr") + kRootPartition + kBootPartition), "error: 'root' takes the rest of the card, and 'boot' lies behind it\n");
  EXPECT_EQ(errors(layout_of("mbr") + kBootPartition + partition_of("root", "83", "vfat", "root", "+32M", "root")), "error: 'root' is a root file system, and vfat knows no owners\n");
  EXPECT_EQ(errors(layout_of("mbr") + kBootPartition + kBootPartition + kRootPartition), R"(error: 'l' has two partitions 'boot'
error: 'l' has two file systems with the label 'BOOT'
)");
  std::string many;
  for (const char* name : {"a", "b", "c", "d"}) many += partition_of(name, "c", "vfat", name, "8M", "boot");
  EXPECT_EQ(errors(layout_of("mbr") + many + kRootPartition), "error: 'l' has 5 partitions, and its table has room for 4\n");
}

TEST_F(ImageInputs, TypesOfPartitionsAreOfTheirTable) {
  EXPECT_EQ(said(layout_of("gpt") + kBootPartition + partition_of("root", kLinuxGuid, "ext4", "root", "+32M", "root")), R"(error: 'c' is no type of a partition in a GPT: a GUID
  --> CAT/images/i.toml:7:8
   7 | type = "c"
     |        ^^^
)");
  EXPECT_EQ(errors(layout_of("mbr") + partition_of("boot", kLinuxGuid, "vfat", "BOOT", "64M", "boot") + kRootPartition), "error: '0FC63DAF-8483-4772-8E79-3D69D8477DE4' is no type of a partition in an MBR: c, 83\n");
  EXPECT_EQ(errors(layout_of("mbr") + partition_of("boot", "00", "vfat", "BOOT", "64M", "boot") + kRootPartition), "error: '00' is no type of a partition in an MBR: c, 83\n");
  EXPECT_EQ(errors(layout_of("hybrid") + partition_of("boot", "x y", "vfat", "BOOT", "64M", "boot") +
                   partition_of("root", kLinuxGuid, "ext4", "root", "+32M", "root")), "error: 'x y' is no type of a partition in a GPT: a GUID\n");
}

TEST_F(ImageInputs, LabelsFitTheirFileSystems) {
  const auto of_label = [&](const std::string& fs, const std::string& label) {
    return errors(layout_of("mbr") + kBootPartition + partition_of("root", "83", fs, label, "+32M", "root"));
  };
  EXPECT_EQ(said(layout_of("mbr") + partition_of("boot", "c", "vfat", "BOOT OF MINE", "64M", "boot") + kRootPartition), R"(error: 'BOOT OF MINE' is no label: it is letters, digits, - and _
  --> CAT/images/i.toml:9:9
   9 | label = "BOOT OF MINE"
     |         ^^^^^^^^^^^^^^
)");
  EXPECT_EQ(errors(layout_of("mbr") + partition_of("boot", "c", "vfat", "BOOTOFMINE12", "64M", "boot") + kRootPartition), "error: 'BOOTOFMINE12' is a label of 12 characters, and vfat has room for 11\n");
  EXPECT_EQ(of_label("ext4", "12345678901234567"), "error: '12345678901234567' is a label of 17 characters, and ext4 has room for 16\n");
  EXPECT_EQ(of_label("ext4", "a|b"), "error: 'a|b' is no label: it is letters, digits, - and _\n");
  EXPECT_EQ(of_label("ext4", "$(x)"), "error: '$(x)' is no label: it is letters, digits, - and _\n");
  EXPECT_EQ(of_label("erofs", ""), "error: 'root' has no 'label', by which its file system is found\n");
  EXPECT_EQ(of_label("squashfs", ""), "");
  EXPECT_EQ(errors(layout_of("gpt") + partition_of("boot", kLinuxGuid, "vfat", "BOOT", "64M", "boot") +
                   partition_of(std::string(37, 'r'), kLinuxGuid, "ext4", "root", "+32M", "root")), "error: 'rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr' is a name of 37 characters, and a GPT has room for 36\n");
}

TEST_F(ImageInputs, WherePartitionsLieCanBe) {
  EXPECT_EQ(said(layout_of("mbr", "start = \"0\"\n") + kBootPartition + kRootPartition), R"(error: 'start' is 0 or no multiple of 512: 0
  --> CAT/images/i.toml:5:9
   5 | start = "0"
     |         ^^^
)");
  EXPECT_EQ(errors(layout_of("mbr", "start = \"4600\"\n") + kBootPartition + kRootPartition), "error: 'start' is 0 or no multiple of 512: 4600\n");
  EXPECT_EQ(errors(layout_of("mbr", "start = \"4608\"\n") + kBootPartition + kRootPartition), "");
  EXPECT_EQ(errors(layout_of("gpt", "start = \"4608\"\n") + partition_of("boot", kLinuxGuid, "vfat", "BOOT", "64M", "boot") +
                   partition_of("root", kLinuxGuid, "ext4", "root", "+32M", "root")),
            "error: 'l' begins at byte 4608, and its GPT ends at 17408\n");
  EXPECT_EQ(errors(layout_of("mbr") + partition_of("boot", "c", "vfat", "BOOT", "0M", "boot") + kRootPartition), "error: '0M' is no size of a partition\n");
  EXPECT_EQ(errors(layout_of("mbr") + partition_of("boot", "c", "vfat", "BOOT", "999999999G", "boot") + kRootPartition), "error: '999999999G' is not a size: 64M, or +16M for that much more than the content\n");
  EXPECT_EQ(errors(layout_of("mbr") + partition_of("boot", "c", "vfat", "BOOT", "3000G", "boot") + kRootPartition), "error: 'boot' ends at byte 3221226520576, and an MBR knows 2199023255552\n");
}

constexpr const char* kInputsWorld = R"([[loader]]
name = "l"
summary = "s"
files = { Image = "kernel" }
[[userland]]
name = "u"
summary = "s"
parts = ["base"]
[[part]]
name = "base"
summary = "s"
login = "root:x"
[[part.user]]
name = "root"
[[variant]]
name = "v"
summary = "s"
userland = "u"
)";

TEST_F(ImageInputs, APatternMakesNames) {
  const std::string world = std::string(kInputsWorld) + layout_of("mbr") + kBootPartition + kRootPartition;
  dir.write("images/world.toml", world);
  dir.write("boards/b.toml", "[[board]]\nname = \"b\"\ntitle = \"t\"\nplatform = \"arm64\"\nfamily = \"f\"\nkernel = \"r\"\nloader = \"l\"\nlimits = [\"none\"]\n");
  const auto family = [&](const std::string& pattern, const std::string& more = "") {
    return "[[family]]\nname = \"f\"\nsummary = \"s\"\npattern = \"" + pattern + "\"\nboards = [\"b\"]\nvariants = [\"v\"]\nlayout = \"l\"\n" + more;
  };
  EXPECT_EQ(said(family("{board}-{variant}")), "");
  EXPECT_EQ(said(family("my {board}/{variant}")), R"(error: a pattern is of {board}, {variant} and {GROUP} of axes, and between them letters, digits, - _ . and +
  --> CAT/images/i.toml:4:11
   4 | pattern = "my {board}/{variant}"
     |           ^^^^^^^^^^^^^^^^^^^^^^
)");
  EXPECT_EQ(errors(family("{bord}-{variant}")), R"(error: the pattern has {bord}, which is no group of axes
hint: did you mean 'board'?
)");
  EXPECT_EQ(errors(family("{board}-{board}")), "error: the pattern has {board} twice\n");
  EXPECT_EQ(errors(family("{board}-{variant")), "error: a pattern is of {board}, {variant} and {GROUP} of axes, and between them letters, digits, - _ . and +\n");
  EXPECT_EQ(errors(family("-{board}")), "error: '-b' is no name of an image: a letter or digit first, and at most 150 characters\n");
  EXPECT_EQ(errors(family("")), "error: '' is no name of an image: a letter or digit first, and at most 150 characters\n");
  EXPECT_EQ(errors(family("{board}", "[[group]]\nname = \"b\"\nsummary = \"s\"\n")), "error: 'b' is the name of an image and of a group\n");
  EXPECT_EQ(said(family("{board}{g}", "axes = [\"a\"]\n[[axis]]\nname = \"a\"\nsuffix = \"-a\"\ngroup = \"g\"\nboards = [\"c\"]\nvariants = [\"w\"]\n")), R"(error: 'c' is not a board
  --> CAT/images/i.toml:13:11
  13 | boards = ["c"]
     |           ^^^
error: 'w' is not a variant
  --> CAT/images/i.toml:14:13
  14 | variants = ["w"]
     |             ^^^
)");
}

TEST_F(ImageInputs, WhatABoardStartsFromIsFirst) {
  const std::string first = layout_of("gpt") + partition_of("root", kLinuxGuid, "erofs", "root", "+0M", "root") +
                            partition_of("boot", kLinuxGuid, "vfat", "BOOT", "64M", "boot");
  dir.write("images/world.toml", std::string(kInputsWorld) + first);
  dir.write("boards/b.toml", "[[board]]\nname = \"b\"\ntitle = \"t\"\nplatform = \"arm64\"\nfamily = \"f\"\nkernel = \"r\"\nloader = \"l\"\nlimits = [\"none\"]\n"
                             "first_fat = true\nraw = [{ root = \"r\", file = \"spl\", offset = \"8K\" }]\n");
  EXPECT_EQ(said("[[family]]\nname = \"f\"\nsummary = \"s\"\npattern = \"{board}-{variant}\"\nboards = [\"b\"]\nvariants = [\"v\"]\nlayout = \"l\"\n"), R"(error: a blob of 'b' at byte 8192 lies over the GPT of 'l', which ends at 17408
  --> CAT/boards/b.toml:10:8
  10 | raw = [{ root = "r", file = "spl", offset = "8K" }]
     |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
error: 'b' is started from the first partition, which in 'l' is 'root'
  --> CAT/images/i.toml:7:10
   7 | layout = "l"
     |          ^^^
)");
}

TEST_F(ImageInputs, VendorsAreFetchedFromPlacesWithoutSecrets) {
  EXPECT_EQ(said("[[vendor]]\nname = \"v\"\ntitle = \"t\"\nrepository = \"https://me:secret@example.org/linux\"\n"), R"(error: 'https://example.org/linux' has a user or a password in it
  --> CAT/images/i.toml:4:14
   4 | repository = "https://*********@example.org/linux"
     |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
note: it would be read by everybody who reads the recipe, a log or a record
hint: give it to ~/.netrc: machine HOST login USER password PASSWORD
)");
  EXPECT_EQ(errors("[[fixup]]\nname = \"f\"\ntitle = \"t\"\npatches = [\"gopher://example.org/x\"]\nsha256 = [\"sha256-HG8Oc04V2t54l0SOn4gKmNJWQUrZfjWusgKcWvx74H0\"]\n"), "error: 'gopher://example.org/x' is no URL of a download: it begins with none of https://, http://, ftp:// and file://\n");
}

}  // namespace
}  // namespace swage
