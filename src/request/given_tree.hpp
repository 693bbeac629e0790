// The kernel tree that `swage shell` starts in: the user's own, or a writable copy of the one that builds of that
// kernel share.
#pragma once

#include "base/files.hpp"
#include "catalog/version.hpp"

namespace swage {

// Of a kernel tree's Makefile. Errors when the directory is none.
Result<Version> version_of_tree(const fs::path& tree);

// Where the tree of this version is or is to be: `named`, or the current directory when it is one, or `linux-VERSION`
// in it. What is there must be a tree of that version: nothing is written over.
Result<fs::path> place_of_tree(const Version& version, const fs::path& named);

// Copies a tree of the store, whose files nobody can write, so that its owner can. It has its name when it is whole,
// not before. Errc::interrupted leaves nothing.
Result<void> copy_tree(const fs::path& from, const fs::path& to);

}  // namespace swage
