#include "request/kernel_options.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "catalog/evidence.hpp"
#include "fetch/decompress.hpp"
#include "plan/config_text.hpp"
#include "request/kconfig.hpp"

namespace swage {

namespace {

// Bytes. A distribution's configuration is a quarter of a megabyte, and the largest patch of a release candidate some
// ten.
constexpr std::size_t kLargestConfig = 16'000'000, kLargestPatch = 100'000'000;

// Targets of a kernel's make that ask questions, want a configuration that is there, or make another one each time.
constexpr std::array kNoAnswer{"config",         "menuconfig",     "nconfig",       "xconfig",         "gconfig",
                               "oldconfig",      "olddefconfig",   "oldnoconfig",   "silentoldconfig", "syncconfig",
                               "localmodconfig", "localyesconfig", "savedefconfig", "listnewconfig",   "helpnewconfig",
                               "testconfig",     "mod2yesconfig",  "mod2noconfig",  "yes2modconfig",   "randconfig"};

// A word that a kernel's make may have as a target: allnoconfig, NAME_defconfig, kvm_guest.config.
bool is_target(std::string_view word) {
  return word.ends_with("config") && std::isalnum(static_cast<unsigned char>(word.front())) &&
         std::all_of(word.begin(), word.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-' || c == '.'; });
}

// A pipe that a program writes, which ends; a FIFO with a name may wait for ever.
bool is_written_by_a_program(int fd) {
  struct statfs where {};
  return fd >= 0 && ::fstatfs(fd, &where) == 0 && where.f_type == PIPEFS_MAGIC;
}

// A regular file, or a pipe (`--config <(...)`), and not without end.
Result<std::string> read_at_most(const std::string& file, std::size_t limit, std::string_view kind) {
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  const int error = errno;
  if (!is_written_by_a_program(fd.get())) {
    SWAGE_TRY(fd, only_regular(std::move(fd), error, file));
  }
  std::string text;
  std::array<char, 1 << 16> buffer;
  for (;;) {
    std::array<pollfd, 2> ready{pollfd{.fd = fd.get(), .events = POLLIN, .revents = 0},
                                pollfd{.fd = interrupt_fd(), .events = POLLIN, .revents = 0}};
    ::poll(ready.data(), ready.size(), -1);
    if (interrupted()) return fail(Errc::interrupted, fmt::format("reading '{}' was interrupted", file));
    const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size < 0) return fail_errno(fmt::format("cannot read '{}'", file), errno);
    if (size == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
    if (text.size() > limit)
      return fail(Errc::invalid_input,
                  fmt::format("'{}' is larger than {}, so it is no {}", file, human_bytes(limit), kind));
  }
  return text;
}

Result<std::string> read_config_file(const std::string& file) {
  SWAGE_TRY(std::string text, read_at_most(file, kLargestConfig, "kernel configuration"));
  return is_compressed(text) ? decompressed(text, kLargestConfig, file) : text;
}

// As makefiles and Kconfig read it: without the ends of lines that editors elsewhere write.
std::string tidied(std::string_view text) {
  std::string out;
  for (const std::string_view line : split(text, '\n')) out.append(trim(line)).push_back('\n');
  if (text.ends_with('\n')) out.pop_back();
  return out;
}

Fail no_configuration(const std::string& word) {
  const std::vector<std::string> known{"tiny",         "defconfig",    "allnoconfig", "allmodconfig",
                                       "allyesconfig", "alldefconfig", "tinyconfig"};
  Error error{.what = fmt::format("'{}' is not a kernel configuration", word)};
  error.notes.push_back(
      "give tiny, defconfig, another make of the tree (allnoconfig, NAME_defconfig, NAME.config) or a file");
  error.hint = did_you_mean(word, known);
  return Fail(std::move(error));
}

// `defconfig,kvm_guest.config`: one to begin with, and what the tree has to lay over it.
Result<std::string> config_words(const std::string& text) {
  std::vector<std::string> words;
  for (const std::string_view part : split(text, ',')) {
    const std::string word(part);
    if (word != "tiny" && (word.empty() || !is_target(word))) return no_configuration(word.empty() ? text : word);
    if (std::find(kNoAnswer.begin(), kNoAnswer.end(), word) != kNoAnswer.end())
      return Fail(Error{
          .what = fmt::format("'{}' makes no configuration by itself", word),
          .hint =
              "it asks questions or changes a configuration that is there: make one and give the file with --config"});
    if (!words.empty() && !word.ends_with(".config"))
      return Fail(Error{.what = fmt::format("'{}' begins a configuration, and '{}' has begun one", word, words.front()),
                        .hint = "only fragments of the tree (NAME.config) can follow"});
    words.push_back(word);
  }
  return join(words, " ");
}

Result<void> read_config(const std::string& config, KernelOptions& kernel) {
  const bool named = config == "tiny" || config == "defconfig" || config.ends_with("_defconfig");
  if (named || !path_exists(config)) {
    SWAGE_TRY(kernel.config, config_words(config));
    return {};
  }
  SWAGE_TRY(const std::string text, read_config_file(config));
  SWAGE_CHECK(parse_config(text, config));
  kernel.config = config;
  kernel.config_text = tidied(text);
  return {};
}

Result<void> read_lines(const TargetOptions& options, KernelOptions& kernel) {
  for (const std::string& file : options.fragments) {
    SWAGE_TRY(const std::string text, read_config_file(file));
    SWAGE_TRY(std::vector<std::string> lines, parse_config(text, file));
    kernel.lines.push_back(options.fragments.size() == 1
                               ? "# fragment"
                               : fmt::format("# fragment {}", &file - options.fragments.data() + 1));
    kernel.lines.insert(kernel.lines.end(), std::make_move_iterator(lines.begin()),
                        std::make_move_iterator(lines.end()));
  }
  if (!options.fragments.empty()) kernel.lines.push_back("# option");
  for (const auto& [symbols, value] : {std::pair(&options.enable, "y"), std::pair(&options.disable, "n")})
    for (const std::string& name : *symbols) {
      SWAGE_TRY(const std::string symbol, config_symbol(name));
      kernel.lines.push_back(fmt::format("{}={}", symbol, value));
    }
  for (const std::string& text : options.set) {
    SWAGE_TRY(std::string line, config_assignment(text));
    kernel.lines.push_back(std::move(line));
  }
  return {};
}

// Why no build sees this file; "" when it may be one of the tree's.
std::string unseen(const std::string& file, const std::optional<fs::path>& tree) {
  if (file.starts_with('/') || file.starts_with('~')) return "builds see no files but those of the kernel's tree";
  if (file.starts_with("pkcs11:")) return "builds reach no key store";
  if (tree) return path_exists(*tree / file) ? "" : "the kernel's tree does not have it";
  return path_exists(file)
             ? "builds see no files but those of the kernel's tree, and this is one of the working directory"
             : "";
}

}  // namespace

Result<KernelOptions> kernel_options(const TargetOptions& options, std::string_view default_config) {
  KernelOptions kernel{.strict = options.strict_config};
  SWAGE_CHECK(read_config(options.config.empty() ? std::string(default_config) : options.config, kernel));
  SWAGE_CHECK(read_lines(options, kernel));
  if (options.objects != 0) {
    kernel.sample = std::to_string(options.objects);
    kernel.seed = options.seed.empty() ? "1" : options.seed;
    SWAGE_CHECK(check_seed(kernel.seed));
  }
  for (const std::string& file : options.patches) {
    SWAGE_TRY(std::string text, read_at_most(file, kLargestPatch, "patch"));
    kernel.patches.emplace_back(fs::path(file).filename().string(), std::move(text));
  }
  return kernel;
}

Result<void> check_config_files(const Catalog& catalog, const KernelOptions& kernel,
                                const std::optional<fs::path>& tree) {
  const ConfigValues values = config_values(kernel.config_text.value_or("") + "\n" + join(kernel.lines, "\n"));
  if (values.empty()) return {};   // nothing to read the table for
  SWAGE_TRY(const std::vector<SymbolRow>* rows, catalog.symbols());
  std::vector<Error> errors;
  for (const SymbolRow& row : *rows) {
    const auto value = values.find(row.name);
    if (value == values.end() || !names_files(row, value->second)) continue;
    std::string directory;
    if (!row.within.empty()) {
      const auto within = values.find(row.within);
      if (within == values.end()) continue;   // the tree's default
      directory = within->second + "/";
    }
    for (const std::string_view word : split_words(value->second)) {
      const std::string file = directory + std::string(word);
      if (const std::string why = unseen(file, tree); !why.empty())
        errors.push_back(
            {.what = fmt::format("'CONFIG_{}' names '{}': {}", row.name, printable(file), why),
             .hint = fmt::format(
                 "put it into a tree that --src names and give its path there, or leave it out: --set {}='\"\"'",
                 row.name)});
    }
  }
  if (!errors.empty()) return Fail(together(std::move(errors)));
  return {};
}

}  // namespace swage
