// From a derivation to its paths. The output paths of a derivation hash its text with the output paths left out and
// with each input replaced by that input's own hash:
//   input hash of a fixed output:  sha256("fixed:out:<algo>:<hash>:<output path>"), so that how a download is made does
//                                  not change what depends on it;
//   input hash of any other:       sha256 of its text with inputs replaced, output paths shown;
//   own output paths:              from sha256 of the same text with output paths masked.
// The .drv path then hashes the real text, with the inputs as references.
#include <fmt/core.h>

#include "store/aterm.hpp"

namespace swage {

const Hash* ModuloCache::find(const StorePath& drv) const {
  const auto found = hashes_.find(drv);
  return found == hashes_.end() ? nullptr : &found->second;
}

void ModuloCache::insert(const StorePath& drv, const Hash& hash) { hashes_.insert_or_assign(drv, hash); }

namespace {

Fail invalid(const Derivation& drv, std::string_view why) {
  return fail(Errc::invalid_input, fmt::format("derivation '{}' {}", drv.name, why));
}

Result<aterm::InputHashes> input_hashes(const Derivation& drv, const ModuloCache& cache) {
  aterm::InputHashes hashes;
  for (const auto& [input, outputs] : drv.input_drvs) {
    const Hash* hash = cache.find(input);
    if (!hash) return invalid(drv, fmt::format("needs '{}', which was not hashed before it", input.str()));
    hashes[hash->hex()].insert(outputs.begin(), outputs.end());
  }
  return hashes;
}

// The path of the only output of a fixed derivation.
Result<StorePath> fixed_output_path(const Derivation& drv) {
  const DerivationOutput& output = drv.outputs.begin()->second;
  std::string_view algo_name = output.hash_algo;
  ContentMethod method = ContentMethod::flat;
  if (algo_name.starts_with("r:")) {
    method = ContentMethod::recursive;
    algo_name.remove_prefix(2);
  } else if (algo_name.starts_with("text:")) {
    method = ContentMethod::text;
    algo_name.remove_prefix(5);
  }
  const auto explain = [&](Error error) {
    return std::move(error).note(fmt::format("while reading the output hash of derivation '{}'", drv.name));
  };
  SWAGE_TRY(const HashAlgo algo, parse_hash_algo(algo_name).map_error(explain));
  SWAGE_TRY(const Hash hash, Hash::from_hex(algo, output.hash).map_error(explain));
  if (hash.hex() != output.hash) return invalid(drv, "has an output hash that is not in lower case");
  return make_fixed_path(drv.name, method, hash);
}

Result<void> check_shape(const Derivation& drv) {
  SWAGE_CHECK(check_store_name(drv.name));
  SWAGE_CHECK(check_store_name(drv.name + ".drv"));
  if (drv.name.ends_with(".drv")) return invalid(drv, "has a name that ends in .drv");
  if (drv.outputs.empty()) return invalid(drv, "has no outputs");
  for (const auto& [name, output] : drv.outputs) {
    // Nix keeps `drv` for the .drv file itself.
    if (name.empty() || name == "drv") return invalid(drv, fmt::format("has an output named '{}'", name));
    SWAGE_CHECK(check_store_name(output_path_name(drv.name, name)));
    if (output.hash_algo.empty() && output.hash.empty()) continue;
    if (output.hash.empty() || output.hash_algo.empty())
      return invalid(drv, fmt::format("has output '{}' with only one of hash and algorithm", name));
    if (!drv.is_fixed()) return invalid(drv, "has a fixed output beside others, or one not named out");
  }
  for (const auto& [input, outputs] : drv.input_drvs) {
    if (!input.is_derivation())
      return invalid(drv, fmt::format("has the input '{}', which is no derivation", input.str()));
    if (outputs.empty()) return invalid(drv, fmt::format("wants no output of its input '{}'", input.str()));
  }
  return {};
}

Result<std::map<std::string, StorePath>> output_paths(const Derivation& drv, const aterm::InputHashes& inputs) {
  std::map<std::string, StorePath> paths;
  if (drv.is_fixed()) {
    SWAGE_TRY(StorePath path, fixed_output_path(drv));
    paths.emplace("out", std::move(path));
    return paths;
  }
  const Hash masked = sha256(aterm::write(drv, aterm::Outputs::masked, &inputs));
  for (const auto& [name, output] : drv.outputs) {
    SWAGE_TRY(StorePath path, make_output_path(name, masked, drv.name));
    paths.emplace(name, std::move(path));
  }
  return paths;
}

Hash hash_as_input(const Derivation& drv, const aterm::InputHashes& inputs) {
  if (!drv.is_fixed()) return sha256(aterm::write(drv, aterm::Outputs::shown, &inputs));
  const DerivationOutput& output = drv.outputs.begin()->second;
  return sha256(fmt::format("fixed:out:{}:{}:{}", output.hash_algo, output.hash, output.path));
}

Result<StorePath> path_of_text(const Derivation& drv, std::string_view text) {
  StorePathSet references = drv.input_srcs;
  for (const auto& [input, outputs] : drv.input_drvs) references.insert(input);
  return make_text_path(drv.name + ".drv", sha256(text), references);
}

}  // namespace

Result<FinishedDerivation> finish_derivation(Derivation drv, ModuloCache& cache) {
  SWAGE_CHECK(check_shape(drv));
  SWAGE_TRY(const aterm::InputHashes inputs, input_hashes(drv, cache));
  // The variables exist, empty, while the outputs are hashed: a masked text names every output in its environment.
  for (auto& [name, output] : drv.outputs) {
    output.path.clear();
    drv.env[name].clear();
  }
  SWAGE_TRY(const auto paths, output_paths(drv, inputs));
  for (const auto& [name, path] : paths) drv.env[name] = drv.outputs[name].path = path.str();
  std::string text = unparse(drv);
  SWAGE_TRY(StorePath path, path_of_text(drv, text));
  cache.insert(path, hash_as_input(drv, inputs));
  return FinishedDerivation{.drv = std::move(drv), .path = std::move(path), .text = std::move(text)};
}

Result<void> check_derivation(const Derivation& drv, const ModuloCache& cache) {
  SWAGE_CHECK(check_shape(drv));
  SWAGE_TRY(const aterm::InputHashes inputs, input_hashes(drv, cache));
  SWAGE_TRY(const auto paths, output_paths(drv, inputs));
  for (const auto& [name, path] : paths) {
    const std::string& got = drv.outputs.at(name).path;
    if (got != path.str())
      return fail(Errc::corrupt, fmt::format("derivation '{}' has the path '{}' for output '{}', expected '{}'",
                                             drv.name, got, name, path.str()));
    const auto variable = drv.env.find(name);
    if (variable == drv.env.end() || variable->second != got)
      return fail(Errc::corrupt, fmt::format("derivation '{}' has a variable '{}' that is not the path of that output",
                                             drv.name, name));
  }
  return {};
}

StorePath derivation_path(const Derivation& drv, std::string_view text) {
  auto path = path_of_text(drv, text);
  // The only failure is a bad name, and a Derivation that was finished or parsed from a store path has a good one.
  return std::move(path).value();
}

}  // namespace swage
