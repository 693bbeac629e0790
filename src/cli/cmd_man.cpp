// swage man: writes swage(1) and a page for each command, from the parser itself. Called when swage is installed.
#include <algorithm>
#include <fmt/format.h>
#include <memory>

#include "base/text.hpp"
#include "cli/command_tree.hpp"
#include "cli/output.hpp"

namespace swage {

namespace {

// What the parser does not know. Examples are lines of README and docs/, where they are run.
struct ManExample {
  std::string_view command, line, meaning;
};
constexpr ManExample man_examples[] = {
    {"build", "swage build linux@6.12 --for riscv64 --config defconfig --enable KPROBES",
     "A kernel as its architecture's maintainers configure it, and one symbol more."},
    {"build", "swage build linux@6.1 --for arm64 --config tiny --check", "Build twice and compare bit for bit."},
    {"build", "swage build bison --for arm64 --accelerate",
     "A package, built as arm64 under emulation and compiled by the cross compiler."},
    {"boot", "swage boot linux@6.1 --for arm64,armhf,mipsel,riscv64,x86_64",
     "Five kernels, each booted with a userland of the same toolchain."},
    {"module", "swage module ./hello --kernel linux@6.1 --for arm64 --boot",
     "Build the module of a directory and load it in a boot of that kernel."},
    {"verify", "swage verify linux@6.1 --for arm64,mipsel", "Build, boot, and keep the record."},
    {"frontier", "swage frontier linux@6.1 --for arm64 --dry-run",
     "Which versions of gcc would be tried, and how many builds that is."},
    {"matrix", "swage matrix --html coverage.html", "A page with what is known to boot where."},
    {"run", "swage run m4 --for armel -- --version", "A foreign program, under emulation."},
    {"shell", "swage shell linux@6.1 --for arm64 -c 'make tinyconfig Image'",
     "In the kernel's tree, with the cross compiler, its host tools, ARCH and CROSS_COMPILE."},
    {"shell", "swage shell --for arm64 --emulate", "A shell of arm64 itself."},
    {"resolve", "swage resolve linux@5.10 --for arm64 --explain",
     "Every rule that applied and every candidate that was rejected."},
    {"plan", "swage plan linux@6.1 --for all", "What would be built for every platform that could boot it."},
    {"why-build", "swage why-build linux@6.1 --for arm64 --enable KPROBES",
     "What differs from what was built last, down to the line."},
    {"list", "swage list toolchains", "Every toolchain of the catalog."},
    {"new", "swage new recipe tool --url https://example.org/tool-1.2.tar.gz",
     "A recipe with what the archive says: build system, version, licence, hash."},
    {"log", "swage log linux@6.1 --for arm64", "What that build printed."},
    {"mirror", "swage mirror push ./mirror linux@6.1 --for arm64",
     "Keep every file that this kernel and its boot are made of."},
    {"store", "swage store du ./result -r", "How large a result is with everything that it refers to."},
};

struct ManFact {
  std::string_view name, meaning;
};
constexpr ManFact exit_code_facts[] = {
    {"0", "All went well."},
    {"1", "A build or a check failed."},
    {"2", "Wrong usage, or wrong input."},
    {"3", "Nothing satisfies the constraints."},
    {"4", "The environment lacks something; `swage doctor` says what."},
    {"130", "Interrupted."},
    {"141", "Nobody reads the results."},
};
constexpr ManFact environment_facts[] = {
    {"SWAGE_HOME", "The data directory, where --home names none."},
    {"SWAGE_CATALOG", "The catalog, where --catalog names none."},
    {"SWAGE_WORKSPACE", "The directory of the swage.toml that counts, where --workspace names none; or none."},
    {"SWAGE_MIRRORS", "Mirrors that are asked for files first, where --mirror names none."},
    {"SWAGE_FOREIGN_HOME", "1: a data directory of another user's may be written to."},
    {"XDG_DATA_HOME", "The data directory is swage below it (default: ~/.local/share)."},
    {"NO_COLOR, CLICOLOR_FORCE", "Set: no colours; colours also where no terminal is."},
    {"TMPDIR", "Where temporary files are put."},
};
constexpr ManFact file_facts[] = {
    {"swage.toml",
     "What commands that run in this directory or below take for granted: layers, platforms, sets of packages."},
    {"swage.lock",
     "Every distribution package that builds use, by version and hash: beside swage.toml, or in the data directory."},
    {"nix/store", "Of the data directory: what was built and fetched."},
};

// As text of a manual page: nothing in it is a request, and what looks like a dash, quote or tilde is the ASCII
// character.
std::string roff(std::string_view text) {
  std::string out;
  for (const char letter : text) switch (letter) {
      case '\\': out += "\\e"; break;
      case '-': out += "\\-"; break;
      case '\'': out += "\\(aq"; break;
      case '`': out += "\\(ga"; break;
      case '~': out += "\\(ti"; break;
      case '^': out += "\\(ha"; break;
      case '"': out += "\\(dq"; break;
      case '\n': out += ' '; break;
      default: out += letter;
    }
  return out.starts_with('.') ? "\\&" + out : out;
}
std::string bold(std::string_view text) { return fmt::format("\\fB{}\\fR", roff(text)); }
std::string italic(std::string_view text) { return fmt::format("\\fI{}\\fR", roff(text)); }

// A sentence: what is one of a list in --help stands alone here.
std::string sentence(std::string text) {
  if (text.empty()) return text;
  if (text.front() >= 'a' && text.front() <= 'z' && !text.starts_with("swage"))
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return roff(text.ends_with('.') ? text : text + ".");
}

std::string option_head(const Option& option) {
  if (option.is_positional()) return italic(option.name());
  std::vector<std::string> names;
  for (const std::string& name : option.short_names()) names.push_back(bold("-" + name));
  for (const std::string& name : option.long_names()) names.push_back(bold("--" + name));
  return join(names, ", ") + (option.takes_value() ? " " + italic(option.value_name()) : "");
}

std::string item(const std::string& head, std::string_view text) { return fmt::format(".TP\n{}\n{}\n", head, text); }

std::string option_item(const Option& option) {
  std::string text = sentence(option.text());
  const auto others = [&](const std::vector<Option>& options, const char* what) {
    std::vector<std::string> names;
    for (const Option& other : options)
      names.push_back(other.is_positional() ? italic(other.name()) : bold(other.name()));
    std::sort(names.begin(), names.end());
    if (!names.empty()) text += fmt::format("\n{} {}.", what, join(names, ", "));
  };
  if (option.is_repeatable() && !option.is_positional()) text += "\nMay be given several times.";
  if (option.is_required() && !option.is_positional()) text += "\nMust be given.";
  others(option.excluded(), "Not together with");
  others(option.needed(), "Only with");
  return item(option_head(option), text);
}

// Of the command's own options, by group. --help is where options have groups, as on a page of its own.
std::string option_items(const Options& app, const char* level) {
  std::string text;
  for (const std::string& group : app.get_groups()) {
    if (group.empty()) continue;
    std::string items;
    for (const Option& option : app.get_options())
      if (option.group() == group && !option.is_positional() && (level || option.name() != "--help"))
        items += option_item(option);
    if (items.empty()) continue;
    if (level && group != "Options") text += fmt::format("{} {}\n", level, roff(group));
    text += items;
  }
  return text;
}

std::string synopsis(const Options& app) {
  std::string text = bold(app.full_name()) + " [" + italic("OPTION") + "]...";
  if (!app.get_subcommands().empty()) text += " " + italic("COMMAND") + " ...";
  for (const Option& positional : app.get_positionals()) {
    const std::string name = italic(positional.name()) + (positional.is_repeatable() ? "..." : "");
    text += positional.is_required() ? " " + name : " [" + name + "]";
  }
  return text + "\n";
}

std::string positional_items(const Options& app) {
  std::string text;
  for (const Option& positional : app.get_positionals()) text += option_item(positional);
  return text;
}

std::string page_name(const Options& app) {
  std::string name = app.full_name();
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string page_head(const Options& app) {
  std::string upper = page_name(app);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  std::string summary = app.summary();
  if (summary.ends_with('.')) summary.pop_back();
  // No date: a page changes with the program's version alone.
  return fmt::format(".TH {} 1 \"\" \"swage {}\" \"swage\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}", roff(upper),
                     kVersion, roff(page_name(app)), roff(summary), synopsis(app));
}

template <std::size_t N>
std::string facts(const char* section, const ManFact (&all)[N]) {
  std::string text = fmt::format(".SH {}\n", section);
  for (const ManFact& fact : all) text += item(bold(fact.name), roff(fact.meaning));
  return text;
}

std::string examples_of(std::string_view command) {
  std::string text;
  for (const ManExample& example : man_examples)
    if (command.empty() || example.command == command) text += item(bold(example.line), roff(example.meaning));
  return text.empty() ? text : ".SH EXAMPLES\n" + text;
}

std::string command_page(const Options& app) {
  std::string text = page_head(app);
  text += fmt::format(".SH DESCRIPTION\n{}\n{}", sentence(app.summary()), positional_items(app));
  const std::vector<Options> inner = app.get_subcommands();
  if (!inner.empty()) text += ".SH COMMANDS\n";
  for (const Options& sub : inner) {
    text += fmt::format(".SS {}{}\n{}{}", synopsis(sub), sentence(sub.summary()), positional_items(sub),
                        option_items(sub, nullptr));
  }
  text += ".SH OPTIONS\nThose that every command has are in\n.BR swage (1).\n" + option_items(app, ".SS");
  text += examples_of(app.name());
  text += ".SH EXIT STATUS\nAs of\n.BR swage (1).\n.SH SEE ALSO\n.BR swage (1)\n";
  return text;
}

std::string main_page(const Options& app) {
  std::string text = page_head(app);
  text += ".SH DESCRIPTION\n"
          "Picks the right toolchain by solving cited constraints, builds hermetically from pinned inputs, and proves "
          "the result by booting it.\n"
          "No daemon, no root rights and no container engine are needed.\n"
          "Results go to standard output, everything else to standard error.\n";
  text += ".SH COMMANDS\n";
  for (const Options& sub : app.get_subcommands())
    text += item(fmt::format("\\fB{}\\fR(1)", roff(page_name(sub))), sentence(sub.summary()));
  text += ".SH OPTIONS\n" + option_items(app, ".SS");
  text += facts("EXIT STATUS", exit_code_facts) + facts("ENVIRONMENT", environment_facts) + facts("FILES", file_facts) +
          examples_of("");
  text += ".SH SEE ALSO\n";
  for (const Options& sub : app.get_subcommands()) text += fmt::format(".BR {} (1)\n", roff(page_name(sub)));
  return text;
}

Result<int> run(const fs::path& directory) {
  const std::unique_ptr<CommandTree> tree = make_command_tree();
  SWAGE_CHECK(make_directories(directory));
  const auto write = [&](const Options& app, const std::string& text) -> Result<void> {
    return write_file_atomically(directory / (page_name(app) + ".1"), text, 0644, Durability::volatile_ok);
  };
  const Options all = tree->line.options();
  SWAGE_CHECK(write(all, main_page(all)));
  for (const Options& sub : all.get_subcommands()) SWAGE_CHECK(write(sub, command_page(sub)));
  return 0;
}

}  // namespace

Action declare_man(const Options& app) {
  auto directory = std::make_shared<std::string>();
  app.add_option("DIR", *directory, "gets the pages, as swage-NAME.1").required();
  return [directory](Session&) { return run(*directory); };
}

}  // namespace swage
