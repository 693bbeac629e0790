// The ATerm writer with the two changes that hashing needs: output paths left out, inputs replaced by their hashes.
// Inside the store layer only.
#pragma once

#include <map>
#include <set>
#include <string>

#include "store/derivation.hpp"

namespace swage::aterm {

// masked: output paths, and environment variables named like an output, are written as "".
enum class Outputs { shown, masked };
// Hash of an input in hexadecimal -> wanted outputs. Inputs with the same hash are one entry with all their outputs.
using InputHashes = std::map<std::string, std::set<std::string>>;

void put_string(std::string& out, std::string_view text);
// `inputs`, when given, stands in for the input derivations.
std::string write(const Derivation& drv, Outputs outputs, const InputHashes* inputs);

}  // namespace swage::aterm
