// A workspace: the directory of a swage.toml, which says what commands that run below it take for granted.
//
//   layers = ["layer", "../boards"]     # in order, later ones over earlier ones; before those of --layer
//   for = ["armel"]                     # host platforms where --for names none
//   instance = "gcc13"                  # the set of packages that is meant where a target names none
//   [instance.gcc13]                    # a set of packages that differs from the usual one: swage build bison@gcc13
//   override.gcc = "13"                 # or clang = "19", toolchain = "ID"; libc = "musl"; cflags = ["-O3"]; static =
//                                       true
//   only = ["zlib"]                     # of these packages alone; all others are those of the usual set
//   features.bash = ["-readline"]       # features that recipes have: on, or with `-` off
//
// and, before the first [table], which binary caches are asked for what others have made (docs/caches.md):
//
//   substituters = ["https://cache.example.org", "./cache"]
//   trusted-public-keys = ["cache.example.org-1:..."]
//   require-sigs = false                # default: true
//
// and which mirrors are asked for files first (docs/mirrors.md):
//
//   mirrors = ["./mirror", "https://mirror.example.org"]
//
// and which machines builds may go to (docs/builders.md):
//
//   builders = ["@/etc/nix/machines", "ssh-ng://far.example x86_64-linux - 8"]
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "catalog/version.hpp"

namespace swage {

struct Instance {
  std::string name;
  std::string compiler = "gcc";                              // of which `version` is one
  std::optional<Version> version{};                          // nothing: whichever the resolver chooses
  std::optional<std::string> toolchain{};                    // id
  std::string libc{};                                        // "" : the platform's own
  SourcePos libc_pos{};
  std::vector<std::string> cflags{};                         // after the package's own
  bool is_static = false;
  std::vector<std::string> only{};                           // empty: all packages
  std::map<std::string, std::map<std::string, bool>> features{};   // by package and name
  SourcePos pos{};
  bool changes_compiler() const { return version || toolchain; }
  bool concerns(std::string_view package) const;             // by `only`
};

inline constexpr const char* kNoInstance = "none";   // where a name is wanted: the usual set of packages

using Instances = std::map<std::string, Instance, std::less<>>;   // by name
// An error that lists the known ones when there is none of that name.
Result<const Instance*> find_instance(const Instances& instances, std::string_view name);
Error instance_error(const Instance& instance, std::string what);   // with its place, where it has one

struct Workspace {
  std::vector<fs::path> layers{};                            // relative ones to the directory of the file
  std::vector<std::string> platforms{};
  std::vector<SourcePos> layer_pos{}, platform_pos{};        // of each of these
  Instances instances{};
  std::string usual_instance{};                              // "" the usual set is none of them
  SourcePos usual_pos{};
  std::optional<std::vector<std::string>> substituters{}, trusted_keys{};   // directories: absolute
  std::vector<SourcePos> substituter_pos{}, key_pos{};       // of each of these
  std::optional<bool> require_signatures{};
  std::vector<std::string> mirrors{};                        // as they are written
  std::vector<SourcePos> mirror_pos{};
  std::vector<std::string> builders{};                       // lines of machines files, as they are written
  std::vector<SourcePos> builder_pos{};
};

inline constexpr const char* kWorkspaceFile = "swage.toml";
// Whether the swage.toml of a directory may be obeyed by who is only below it: it and the directory belong to the user
// or to root, and not everybody can write them. The error says whose it is and how to allow it.
Result<void> check_owner(const fs::path& directory);
// The same of a layer that the swage.toml of `workspace` names.
Result<void> check_layer_owner(const fs::path& layer, const fs::path& workspace);

// All mistakes together, each with its place. Whether names are those of packages and platforms is not asked here.
Result<Workspace> read_workspace(const fs::path& file);
// Of a layer's instances.toml, which has such [instance.NAME] as a swage.toml; none where there is no such file.
Result<Instances> read_instances(const fs::path& layer);

// `NAME` or `-NAME`.
std::pair<std::string, bool> feature_word(const std::string& word);

}  // namespace swage
