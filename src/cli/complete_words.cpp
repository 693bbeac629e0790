#include "cli/complete_words.hpp"

#include <algorithm>
#include <exception>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <set>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/command_tree.hpp"
#include "cli/option_values.hpp"
#include "cli/output.hpp"
#include "request/goals.hpp"

namespace swage {

namespace {

struct Word {
  std::string word;
  std::string meaning{};
};

struct Words {
  std::vector<Word> words{};
  const char* also = nullptr;             // "files" or "directories"
  void add(std::string word, std::string meaning = {}) { words.push_back({std::move(word), std::move(meaning)}); }
};

// What the words before the unfinished one say.
struct Position {
  Options command;
  std::optional<Option> wanted{};         // the option whose value comes next
  std::vector<std::string> positionals{};  // words that no option took, after the command
  bool options_end = false;               // after `--`
  std::map<std::string, std::vector<std::string>> given{};   // options, by Option::name()

  const std::vector<std::string>* values(const std::string& option) const {
    const auto found = given.find(option);
    return found == given.end() ? nullptr : &found->second;
  }
};

// As it is typed: --for, -L.
std::optional<Option> find_option(const Options& command, const std::string& typed) {
  const bool is_long = typed.starts_with("--");
  const std::string name = typed.substr(is_long ? 2 : 1);
  for (std::optional<Options> at = command; at; at = at->parent())
    for (const Option& option : at->get_options()) {
      const std::vector<std::string>& names = is_long ? option.long_names() : option.short_names();
      if (std::find(names.begin(), names.end(), name) != names.end()) return option;
    }
  return {};
}

std::optional<Options> find_command(const Options& app, const std::string& name) {
  for (const Options& sub : app.get_subcommands())
    if (sub.name() == name) return sub;
  return {};
}

void read_option(Position& at, const std::string& word) {
  if (word.starts_with("--")) {
    const auto equals = word.find('=');
    const std::optional<Option> option = find_option(at.command, word.substr(0, equals));
    if (!option) return;
    std::vector<std::string>& values = at.given[option->name()];
    if (equals != std::string::npos) values.push_back(word.substr(equals + 1));
    else if (option->takes_value()) at.wanted = option;
    return;
  }
  for (std::size_t i = 1; i < word.size(); ++i) {   // -kj 2, -j2
    const std::optional<Option> option = find_option(at.command, std::string("-") + word[i]);
    if (!option) return;
    at.given[option->name()];
    if (!option->takes_value()) continue;
    if (i + 1 == word.size()) at.wanted = option;
    return;
  }
}

Position read_words(const Options& app, const std::vector<std::string>& words) {
  Position at{.command = app};
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (at.wanted) {
      at.given[at.wanted->name()].push_back(word);
      at.wanted.reset();
    } else if (at.options_end) {
      at.positionals.push_back(word);
    } else if (word == "--") {
      at.options_end = true;
    } else if (word.size() > 1 && word.starts_with('-')) {
      read_option(at, word);
    } else if (const std::optional<Options> sub = find_command(at.command, word)) {
      at.command = *sub;
    } else {
      at.positionals.push_back(word);
    }
  }
  return at;
}

// Values of one kind, from closed sets and from the catalog.
class Values {
 public:
  Values(Session& session, const Position& at) : session_(session), at_(at) {}

  Result<Words> of(ValueKind kind, const std::string& begun) {
    Words all;
    switch (kind) {
      case ValueKind::none:
      case ValueKind::words:
      case ValueKind::number: break;
      case ValueKind::platforms: SWAGE_CHECK(add_platform_list(all, begun)); break;
      case ValueKind::platform: SWAGE_CHECK(add_platforms(all, "", {})); break;
      case ValueKind::toolchain: SWAGE_CHECK(add_toolchains(all, "", false)); break;
      case ValueKind::instance:
        SWAGE_CHECK(add_instances(all, ""));
        all.add(kNoInstance, "the usual packages");
        break;
      case ValueKind::feature: SWAGE_CHECK(add_features(all)); break;
      case ValueKind::tool:
        for (const char* tool : {"gcc", "clang", "binutils", "make", "perl", "host-gcc"}) all.add(tool);
        break;
      case ValueKind::constraint: SWAGE_CHECK(add_constraints(all)); break;
      case ValueKind::board: SWAGE_CHECK(add_boards(all)); break;
      case ValueKind::image:
        SWAGE_CHECK(add_images(all));
        all.also = "files";
        break;
      case ValueKind::provider: SWAGE_CHECK(add_providers(all)); break;
      case ValueKind::configuration:
        all.add("tiny", "what the boot machine needs");
        all.add("defconfig", "what the architecture's maintainers suggest");
        all.add("allnoconfig");
        all.also = "files";
        break;
      case ValueKind::kernel: SWAGE_CHECK(add_targets(all, begun, true)); break;
      case ValueKind::store_target: all.also = "files"; [[fallthrough]];
      case ValueKind::target: SWAGE_CHECK(add_targets(all, begun, false)); break;
      case ValueKind::listed: for (const std::string& what : listed_kinds()) all.add(what); break;
      case ValueKind::graph_format: for (const char* format : {"dot", "mermaid", "json"}) all.add(format); break;
      case ValueKind::shell: for (const char* shell : {"bash", "zsh", "fish"}) all.add(shell); break;
      case ValueKind::command: break;   // of the tree: see complete()
      case ValueKind::new_thing: all.add("recipe"); break;
      case ValueKind::sources:
      case ValueKind::file: all.also = "files"; break;
      case ValueKind::workspace: all.add("none"); [[fallthrough]];
      case ValueKind::directory: all.also = "directories"; break;
    }
    return all;
  }

 private:
  Result<void> add_platforms(Words& all, const std::string& before, const std::vector<std::string_view>& but) {
    SWAGE_TRY(const Catalog* catalog, session_.catalog());
    for (const Platform& platform : catalog->platforms())
      if (std::find(but.begin(), but.end(), platform.name) == but.end())
        all.add(before + platform.name, platform.triple.str());
    return {};
  }
  Result<void> add_platform_list(Words& all, const std::string& begun) {
    const auto comma = begun.rfind(',');
    if (comma == std::string::npos) {
      all.add("all", "every platform that could boot");
      return add_platforms(all, "", {});
    }
    return add_platforms(all, begun.substr(0, comma + 1), split(std::string_view(begun).substr(0, comma), ','));
  }

  // Of the platforms that --for names, or of all.
  Result<void> add_toolchains(Words& all, const std::string& before, bool short_names) {
    SWAGE_TRY(const Catalog* catalog, session_.catalog());
    std::vector<const ToolchainRow*> rows;
    if (const std::vector<std::string>* platforms = at_.values("--for")) {
      SWAGE_TRY(const std::vector<const Platform*> wanted, parse_platforms(*catalog, *platforms));
      for (const Platform* platform : wanted)
        for (const bool fallback : {false, true}) {
          SWAGE_TRY(const std::vector<ToolchainRow>* some,
                    fallback ? catalog->fallbacks(platform->name) : catalog->toolchains(platform->name));
          for (const ToolchainRow& row : *some) rows.push_back(&row);
        }
    } else {
      SWAGE_TRY(rows, catalog->all_toolchains());
    }
    for (const ToolchainRow* row : rows) {
      const std::string meaning = fmt::format("{} {} for {}", row->compiler, row->version.str(), row->platform);
      if (short_names) all.add(fmt::format("{}{}-{}", before, row->compiler, row->version.parts().front()));
      all.add(before + row->id, meaning);
    }
    return {};
  }

  Result<void> add_constraints(Words& all) {
    SWAGE_TRY(const Catalog* catalog, session_.catalog());
    SWAGE_TRY(const std::vector<const ConstraintRow*> rows, catalog->constraints());
    for (const ConstraintRow* row : rows) all.add(row->id, row->reason);
    return {};
  }

  Result<void> add_boards(Words& all) {
    SWAGE_TRY(const Catalog* catalog, session_.catalog());
    SWAGE_TRY(const std::vector<FirmwareModelRow>* rows, catalog->firmware_models());
    for (const FirmwareModelRow& row : *rows) all.add(row.id, row.name);
    return {};
  }

  Result<void> add_providers(Words& all) {
    SWAGE_TRY(const Catalog* catalog, session_.catalog());
    SWAGE_TRY(const std::vector<const ToolchainRow*> rows, catalog->all_toolchains());
    std::set<std::string> names;
    for (const ToolchainRow* row : rows) names.insert(row->provider);
    for (const std::string& name : names) all.add(name);
    return {};
  }

  Result<void> add_instances(Words& all, const std::string& before) {
    SWAGE_TRY(const Instances* instances, session_.instances());
    for (const auto& [name, instance] : *instances) all.add(before + name, "a set of packages");
    return {};
  }

  Result<void> add_features(Words& all) {
    SWAGE_TRY(const Catalog* catalog, session_.catalog());
    SWAGE_TRY(const std::vector<const RecipeRow*> recipes, catalog->recipes());
    for (const RecipeRow* recipe : recipes)
      for (const auto& [name, on] : recipe->features) {
        const char* state = on ? "on unless it is switched off" : "off unless it is switched on";
        const auto is_this = [&](const std::string& target) {
          return target == recipe->name || target == recipe->full_name();
        };
        if (std::any_of(at_.positionals.begin(), at_.positionals.end(), is_this)) all.add(name, state);
        all.add(fmt::format("{}:{}", recipe->name, name), state);
      }
    return {};
  }

  Result<void> add_targets(Words& all, const std::string& begun, bool kernels_only) {
    SWAGE_TRY(const Catalog* catalog, session_.catalog());
    if (const auto at = begun.find('@'); at != std::string::npos)
      return add_versions(*catalog, all, begun.substr(0, at), begun.substr(0, at + 1));
    const std::string& kernel = catalog->kernel_recipe();
    all.add(kernel + "@", fmt::format("a kernel: {}@6.1", kernel));
    if (kernels_only) {
      all.add(kernel, "the tree that --src names");
      return {};
    }
    if (begun.starts_with(kImageTarget)) return add_images(all);
    all.add(std::string(kImageTarget), "a disk or card: image/rpi3-minimal");
    all.add(kToolchainTarget, "what builds programs");
    all.add(fmt::format("{}@", kToolchainTarget), "one of them: toolchain@gcc-12");
    all.add(fmt::format("{}@", kRootTarget), "a root that builds run in");
    // What there is of each is only read where it may be meant.
    SWAGE_TRY(const std::vector<const RecipeRow*> recipes, catalog->recipes());
    for (const RecipeRow* recipe : recipes)
      if (recipe->name != kRootTarget) all.add(recipe->full_name(), recipe->summary);   // that wants a name after it
    return {};
  }

  Result<void> add_images(Words& all) {
    SWAGE_TRY(const Catalog* catalog, session_.catalog());
    SWAGE_TRY(const ImageTables* tables, catalog->image_tables());
    for (const ImageRow& image : tables->images)
      if (image.planned.empty())
        all.add(fmt::format("{}{}", kImageTarget, image.name),
                fmt::format("{}: {}", image.board->title, image.variant->summary));
    return {};
  }

  Result<void> add_versions(const Catalog& catalog, Words& all, const std::string& name, const std::string& before) {
    if (name == kRootTarget) {
      for (const RootRow& root : catalog.roots()) all.add(before + root.name, root.purpose);
      return {};
    }
    if (name == kToolchainTarget) return add_toolchains(all, before, true);
    if (!catalog.has_recipe(name)) return {};
    SWAGE_TRY(const TargetRow* asks, catalog.target(name));
    if (asks->kernel) {
      for (const KernelRow& row : catalog.kernels()) {
        const std::vector<unsigned>& parts = row.version.parts();
        const std::size_t series = parts.front() == 2 ? 3 : 2;
        if (parts.size() > series)
          all.add(fmt::format("{}{}", before,
                              fmt::join(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(series), ".")),
                  "the newest of the series");
        all.add(before + row.version.str(), row.released.empty() ? "" : "released " + row.released);
      }
      return {};
    }
    SWAGE_CHECK(add_instances(all, before));
    SWAGE_TRY(const std::vector<const RecipeRow*> recipes, catalog.recipes());
    for (const RecipeRow* recipe : recipes)
      if (recipe->name == name && !recipe->member.empty()) all.add(recipe->full_name(), recipe->summary);
    return {};
  }

  Session& session_;
  const Position& at_;
};

void add_options(Words& all, const Position& at) {
  for (std::optional<Options> app = at.command; app; app = app->parent())
    for (const Option& option : app->get_options()) {
      if (option.is_positional() || option.group().empty()) continue;
      if (at.given.contains(option.name()) && !option.is_repeatable()) continue;
      if (option.name() == "--version" && at.command.parent()) continue;
      for (const std::string& name : option.long_names()) all.add("--" + name, option.text());
      if (option.long_names().empty()) all.add(option.name(), option.text());
    }
}

void add_commands(Words& all, const Options& app) {
  for (const Options& sub : app.get_subcommands()) all.add(sub.name(), sub.summary());
}

// The command that `swage help` is asked of.
std::optional<Options> asked_of(const Options& app, const std::vector<std::string>& words) {
  std::optional<Options> at = app;
  for (auto word = words.begin() + 1; word + 1 < words.end() && at; ++word) at = find_command(*at, *word);
  return at;
}

Result<Words> complete(CommandTree& tree, const std::vector<std::string>& words) {
  const Position at = read_words(tree.line.options(), words);
  const auto global = [&](const char* name, std::string& into) {
    if (const std::vector<std::string>* values = at.values(name); values && !values->empty()) into = values->back();
  };
  global("--catalog", tree.global.catalog);
  global("--workspace", tree.global.workspace);
  global("--home", tree.global.home);
  if (const std::vector<std::string>* layers = at.values("--layer")) tree.global.layers = *layers;
  Session session(tree.global, [] { return std::make_unique<NullReporter>(); });
  Values values(session, at);

  const std::string& begun = words.back();
  if (at.wanted) return values.of(value_kind(at.command, *at.wanted), begun);
  if (!at.options_end && begun.starts_with("--")) {
    if (const auto equals = begun.find('='); equals != std::string::npos) {
      const std::optional<Option> option = find_option(at.command, begun.substr(0, equals));
      if (!option) return Words{};
      SWAGE_TRY(Words all, values.of(value_kind(at.command, *option), begun.substr(equals + 1)));
      for (Word& one : all.words) one.word.insert(0, begun, 0, equals + 1);
      return all;
    }
  }
  Words all;
  if (!at.options_end && begun.starts_with('-')) {
    add_options(all, at);
    return all;
  }
  if (!at.command.get_subcommands().empty()) {
    if (at.positionals.empty()) add_commands(all, at.command);   // else the word before is a command that there is not
    return all;
  }
  const std::vector<Option> all_positionals = at.command.get_positionals();
  if (all_positionals.empty() ||
      (at.positionals.size() >= all_positionals.size() && !all_positionals.back().is_repeatable())) {
    if (!at.options_end) add_options(all, at);
    return all;
  }
  const Option& positional = all_positionals[std::min(at.positionals.size(), all_positionals.size() - 1)];
  const ValueKind kind = value_kind(at.command, positional);
  if (kind == ValueKind::command) {
    if (const std::optional<Options> asked = asked_of(tree.line.options(), words)) add_commands(all, *asked);
    return all;
  }
  return values.of(kind, begun);
}

}  // namespace

int complete_words(const std::vector<std::string>& words) {
  try {
    const std::unique_ptr<CommandTree> tree = make_command_tree();
    const std::vector<std::string> nothing{""};
    Result<Words> found = complete(*tree, words.empty() ? nothing : words);
    if (!found) return 0;
    const std::string& begun = words.empty() ? nothing.front() : words.back();
    std::sort(found->words.begin(), found->words.end(), [](const Word& a, const Word& b) { return a.word < b.word; });
    std::string text = found->also ? fmt::format(":{}\n", found->also) : "";
    std::string_view last;
    for (const Word& one : found->words) {
      if (one.word == last || !one.word.starts_with(begun)) continue;
      last = one.word;
      text += fmt::format("{}\t{}\n", one.word, one.meaning.substr(0, one.meaning.find('\n')));
    }
    print_text(text);
  } catch (const std::exception&) {   // also of a shell that has stopped reading
  }
  return 0;
}

}  // namespace swage
