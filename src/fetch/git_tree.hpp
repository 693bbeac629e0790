// One tree out of a git repository, as it was committed. Git's own configuration says where the repository really is
// (url.<base>.insteadOf), and nothing of it what the files hold: no line ends are changed, no filter runs, no submodule
// is fetched.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/events.hpp"
#include "base/files.hpp"

namespace swage {

// URL[#REF[:DIR]]; as git writes a tree of a revision: REF:DIR.
struct GitPlace {
  std::string url{};        // that git fetches from, or a repository's directory
  std::string ref{};        // a branch, a tag or a commit; "" the default branch
  std::string directory{};  // below the repository's top; "" there
};
// Errors for a REF that git would take for an option, and a DIR that leads out of the repository.
Result<GitPlace> parse_git_place(const std::string& text);

struct GitTree {
  fs::path path{};
  std::string commit{};                 // whole
  std::vector<std::string> missing{};   // files of the commit that are not in it; sorted
};

// Makes the tree in `scratch`, an empty directory. A repository of this machine is read where it is; where its objects
// lack a file, as some copies do, the tree is without it, and that is said. `left_out`: files that the tree is to be
// without, whether they are there or not.
Result<GitTree> git_tree(const GitPlace& place, const fs::path& scratch, const std::vector<std::string>& left_out,
                         Reporter& reporter);

}  // namespace swage
