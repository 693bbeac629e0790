#include "plan/why_different.hpp"

#include <algorithm>
#include <deque>
#include <fmt/core.h>
#include <set>

#include "base/line_diff.hpp"
#include "base/text.hpp"

namespace swage {

namespace {

// Text with store paths in it: what stands between them, and they.
struct NamedText {
  std::string plain{};                   // with \1 where a path was
  std::vector<StorePath> paths{};
};

NamedText named_text(const std::string& text) {
  const std::string begin = std::string(kStoreDir) + "/";
  NamedText words;
  std::size_t done = 0;
  for (std::size_t at; (at = text.find(begin, done)) != std::string::npos;) {
    std::size_t end = at + begin.size();
    const auto is_of_name = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) ||
             std::string_view("+-._?=").find(c) != std::string_view::npos;
    };
    while (end < text.size() && is_of_name(text[end])) ++end;
    Result<StorePath> path = StorePath::parse(text.substr(at, end - at));
    words.plain += text.substr(done, at - done) + (path ? "\1" : text.substr(at, end - at));
    if (path) words.paths.push_back(*std::move(path));
    done = end;
  }
  words.plain += text.substr(done);
  return words;
}

// gcc-14_14.2.0-19_amd64.deb: name and version. Nothing: it is no package of the distribution.
std::optional<std::pair<std::string, std::string>> package_of(std::string_view name) {
  const std::vector<std::string_view> parts = split(name, '_');
  if (!name.ends_with(".deb") || parts.size() < 3) return std::nullopt;
  return std::pair(std::string(parts[0]), std::string(parts[1]));
}

// One side of a comparison: a derivation, and what makes its inputs.
struct Compared {
  std::string name{};
  Derivation drv{};
  std::map<StorePath, StorePath> made_by{};   // output -> derivation
  std::map<std::string, std::string> says{};  // what it says: the environment, and "args"
};

using Pair = std::pair<StorePath, StorePath>;   // had, has

class Comparison {
 public:
  Comparison(const Graph& graph, const MadeBefore& before) : graph_(graph), before_(before) {}

  Result<std::vector<Difference>> run(const StorePath& wanted, const StorePath& had) {
    queue_.push_back({had, wanted, {}});
    seen_.insert({had, wanted});
    while (!queue_.empty()) {
      const Step step = std::move(queue_.front());
      queue_.pop_front();
      SWAGE_CHECK(compare(step));
    }
    std::stable_partition(found_.begin(), found_.end(), [](const Difference& one) { return !one.may_follow; });
    return std::move(found_);
  }

 private:
  struct Step {
    StorePath had, has;
    std::vector<std::string> within;
  };

  Result<std::optional<Derivation>> derivation(const StorePath& drv, bool is_wanted) const {
    if (!is_wanted) return before_.derivation(drv);
    const FinishedDerivation* found = graph_.find(drv);
    if (!found) return fail(Errc::corrupt, fmt::format("'{}' is not in the graph", drv.str()));
    return found->drv;
  }

  // Nothing: it is not known any more.
  Result<std::optional<Compared>> side(const StorePath& path, bool is_wanted) const {
    Compared side{.name = std::string(path.name().substr(0, path.name().size() - 4))};
    SWAGE_TRY(std::optional<Derivation> drv, derivation(path, is_wanted));
    if (!drv) return std::nullopt;
    for (const auto& [input, outputs] : drv->input_drvs) {
      SWAGE_TRY(const std::optional<Derivation> made, derivation(input, is_wanted));
      if (!made) continue;
      for (const auto& [name, output] : made->outputs) {
        SWAGE_TRY(StorePath out, StorePath::parse(output.path));
        side.made_by.emplace(std::move(out), input);
      }
    }
    std::map<std::string, std::string> own;   // its outputs, by the words that stand for them
    for (const auto& [name, output] : drv->outputs) own[output.path] = "@" + name;
    const auto neutral = [&](std::string text) {
      for (const auto& [output, word] : own)
        for (std::size_t at; (at = text.find(output)) != std::string::npos;) text.replace(at, output.size(), word);
      return text;
    };
    for (const auto& [key, value] : drv->env)
      if (key != "name" && !drv->outputs.contains(key)) side.says[key] = neutral(value);
    side.says["args"] = neutral(join(drv->args, " "));
    side.drv = *std::move(drv);
    return side;
  }

  // Takes what is the same, or has the same name, or is of the same package, out of both, as pairs; if then as many are
  // left of each, and it is said at the same place, they stand for each other.
  static void pair_up(std::vector<StorePath> had, std::vector<StorePath> has, bool same_place, std::set<Pair>& pairs) {
    const auto match = [&](const auto& key) {
      for (std::size_t i = 0; i < has.size();) {
        const auto same = std::find_if(
            had.begin(), had.end(), [&](const StorePath& one) { return !key(one).empty() && key(one) == key(has[i]); });
        if (same == had.end()) {
          ++i;
          continue;
        }
        pairs.emplace(*same, has[i]);
        had.erase(same);
        has.erase(has.begin() + static_cast<std::ptrdiff_t>(i));
      }
    };
    match([](const StorePath& path) { return path.base(); });
    match([](const StorePath& path) { return std::string(path.name()); });
    match([](const StorePath& path) {
      const auto package = package_of(path.name());
      return package ? package->first : "";
    });
    if (!same_place || had.size() != has.size()) return;
    for (std::size_t i = 0; i < has.size(); ++i) pairs.emplace(had[i], has[i]);
  }

  static std::set<StorePath> of_one_side(const std::set<Pair>& pairs, bool wanted) {
    std::set<StorePath> paths;
    for (const Pair& pair : pairs) paths.insert(wanted ? pair.second : pair.first);
    return paths;
  }

  Result<void> compare(const Step& step) {
    SWAGE_TRY(const std::optional<Compared> had, side(step.had, false));
    SWAGE_TRY(const std::optional<Compared> has, side(step.has, true));
    std::vector<std::string> within = step.within;
    within.push_back(has->name);
    if (!had) {   // it was collected, and what made it cannot be told
      add(forgotten(has->name, step.within));
      return {};
    }
    std::vector<Difference> settings;
    std::set<Pair> pairs;
    std::vector<StorePath> all_had, all_has;
    std::set<std::string> keys;
    for (const Compared* one : {&*had, &*has})
      for (const auto& [key, value] : one->says) keys.insert(key);
    for (const std::string& key : keys) {
      const auto value = [&](const Compared& of) {
        const auto at = of.says.find(key);
        return at == of.says.end() ? std::string() : at->second;
      };
      const NamedText was = named_text(value(*had)), is = named_text(value(*has));
      all_had.insert(all_had.end(), was.paths.begin(), was.paths.end());
      all_has.insert(all_has.end(), is.paths.begin(), is.paths.end());
      pair_up(was.paths, is.paths, true, pairs);
      if (without_paths(was) != without_paths(is)) settings.push_back(setting(key, value(*had), value(*has), within));
    }
    // What is referred to, and neither the environment nor the arguments name.
    all_had.insert(all_had.end(), had->drv.input_srcs.begin(), had->drv.input_srcs.end());
    all_has.insert(all_has.end(), has->drv.input_srcs.begin(), has->drv.input_srcs.end());
    pair_up(unpaired(all_had, of_one_side(pairs, false)), unpaired(all_has, of_one_side(pairs, true)), false, pairs);
    const std::vector<StorePath> gone = unpaired(all_had, of_one_side(pairs, false));
    const std::vector<StorePath> come = unpaired(all_has, of_one_side(pairs, true));
    return tell(step, *had, *has, within, std::move(settings), pairs, gone, come);
  }

  static std::vector<StorePath> unpaired(const std::vector<StorePath>& all, const std::set<StorePath>& paired) {
    std::vector<StorePath> found;
    for (const StorePath& path : std::set<StorePath>(all.begin(), all.end()))
      if (!paired.contains(path)) found.push_back(path);
    return found;
  }

  // One word for each run of white space and paths, so that a longer list of inputs is no other setting.
  static std::string without_paths(const NamedText& words) {
    std::string text;
    for (const char c : words.plain) {
      const bool is_gap = c == '\1' || c == ' ' || c == '\n';
      if (!is_gap) text += c;
      else if (!text.ends_with(' ')) text += ' ';
    }
    return std::string(trim(text));
  }

  static std::string named(const std::string& value) {   // with what a path is called for the path
    const NamedText words = named_text(value);
    std::string text;
    std::size_t next = 0;
    for (const char c : words.plain) {
      if (c == '\1') text += words.paths[next++].name();
      else text += c;
    }
    return text;
  }

  static Difference setting(const std::string& key, const std::string& had, const std::string& has,
                            const std::vector<std::string>& within) {
    Difference one{
        .kind = Difference::Kind::setting, .within = within, .what = key, .had = named(had), .has = named(has)};
    if (one.had.find('\n') != std::string::npos || one.has.find('\n') != std::string::npos)
      one.lines = line_diff(one.had, one.has);
    return one;
  }

  Result<void> tell(const Step& step, const Compared& had, const Compared& has, const std::vector<std::string>& within,
                    std::vector<Difference> settings, const std::set<Pair>& pairs, const std::vector<StorePath>& gone,
                    const std::vector<StorePath>& come) {
    std::vector<Pair> makers;
    bool is_replaced = false;   // an input is what a derivation of another name makes
    for (const auto& [was, is] : pairs) {
      if (was == is) continue;
      const auto maker_had = had.made_by.find(was), maker_has = has.made_by.find(is);
      if (maker_had == had.made_by.end() || maker_has == has.made_by.end()) continue;
      makers.emplace_back(maker_had->second, maker_has->second);
      is_replaced |= maker_had->second.name() != maker_has->second.name();
    }
    // Where this is itself another one, it is so by an input that is, or else for its own sake, which is enough to say.
    if (had.name != has.name && !step.within.empty()) {
      if (!is_replaced) {
        add({.kind = Difference::Kind::input,
             .within = step.within,
             .what = has.name,
             .had = had.name,
             .has = has.name});
        return {};
      }
      for (const Pair& pair : makers)
        if (pair.first.name() != pair.second.name()) follow(pair, within);
      return {};
    }
    for (Difference& one : settings) {
      one.may_follow = is_replaced;
      add(std::move(one));
    }
    for (const Pair& pair : makers) follow(pair, within);
    for (const auto& [was, is] : pairs) {
      if (was == is || (had.made_by.contains(was) && has.made_by.contains(is))) continue;
      add(has.made_by.contains(is) ? forgotten(std::string(is.name()), within) : source(was, is, within));
    }
    const auto one_sided = [&](const StorePath& path, bool is_new, const Compared& side) {
      const auto package = package_of(path.name());
      Difference one{.kind = package                     ? Difference::Kind::package
                           : side.made_by.contains(path) ? Difference::Kind::input
                                                         : Difference::Kind::file,
                     .within = within,
                     .what = package ? package->first : std::string(path.name())};
      (is_new ? one.has : one.had) = package ? package->second : std::string(path.name());
      add(std::move(one));
    };
    for (const StorePath& path : gone) one_sided(path, false, had);
    for (const StorePath& path : come) one_sided(path, true, has);
    return {};
  }

  void follow(const Pair& pair, const std::vector<std::string>& within) {
    if (pair.first != pair.second && seen_.insert(pair).second) queue_.push_back({pair.first, pair.second, within});
  }

  static Difference forgotten(const std::string& name, const std::vector<std::string>& within) {
    return {.kind = Difference::Kind::input,
            .within = within,
            .what = name,
            .had = name,
            .has = name,
            .is_forgotten = true};
  }

  Difference source(const StorePath& was, const StorePath& is, const std::vector<std::string>& within) const {
    Difference one{.kind = Difference::Kind::file, .within = within, .what = std::string(is.name())};
    const auto package_had = package_of(was.name()), package_has = package_of(is.name());
    if (package_had && package_has && package_had->first == package_has->first) {
      one.kind = Difference::Kind::package;
      one.what = package_has->first;
      one.had = package_had->second;
      one.has = package_has->second;
      return one;
    }
    one.had = was.name();
    one.has = is.name();
    const auto known = graph_.sources.find(is);
    const auto* text = known == graph_.sources.end() ? nullptr : std::get_if<Source::Text>(&known->second.how);
    if (!text) return one;
    one.kind = Difference::Kind::text;
    if (const std::optional<std::string> old = before_.text(was)) one.lines = line_diff(*old, text->content);
    return one;
  }

  // What is read in several places is told once, where it is nearest.
  void add(Difference one) {
    const std::string key = fmt::format("{} {} {} {} {}", static_cast<int>(one.kind), one.what, one.had, one.has,
                                        one.kind == Difference::Kind::setting ? one.within.back() : "");
    if (told_.insert(key).second) found_.push_back(std::move(one));
  }

  const Graph& graph_;
  const MadeBefore& before_;
  std::deque<Step> queue_{};
  std::set<Pair> seen_{};
  std::set<std::string> told_{};
  std::vector<Difference> found_{};
};

}  // namespace

std::string_view difference_kind_name(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::setting: return "setting";
    case Difference::Kind::text: return "text";
    case Difference::Kind::package: return "package";
    case Difference::Kind::file: return "file";
    case Difference::Kind::input: break;
  }
  return "input";
}

Result<std::vector<Difference>> why_different(const Graph& graph, const StorePath& wanted, const StorePath& had,
                                              const MadeBefore& before) {
  if (wanted == had) return std::vector<Difference>{};
  return Comparison(graph, before).run(wanted, had);
}

}  // namespace swage
