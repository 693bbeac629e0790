#include "cli/json.hpp"

namespace swage {

namespace {

const char* error_name(Errc code) {
  switch (code) {
    case Errc::invalid_input: return "invalid-input";
    case Errc::build_failed: return "build-failed";
    case Errc::irreproducible: return "irreproducible";
    case Errc::unsatisfiable: return "unsatisfiable";
    case Errc::environment: return "environment";
    case Errc::hash_mismatch: return "hash-mismatch";
    case Errc::corrupt: return "corrupt";
    case Errc::interrupted: break;
  }
  return "interrupted";
}

}  // namespace

Json error_json(const Error& error) {
  Json where = nullptr;
  if (error.where) where = {{"file", error.where->file}, {"line", error.where->line}, {"column", error.where->column}};
  return {{"code", error_name(error.code)}, {"what", error.what}, {"where", std::move(where)}, {"notes", error.notes},
          {"hint", text_or_null(error.hint)}};
}

}  // namespace swage
