// Verifying images: makes each, starts it where something emulates its board, asks the model of its firmware where that
// is all there is, and keeps a record.
#pragma once

#include <deque>

#include "catalog/package_evidence.hpp"
#include "request/goals.hpp"
#include "request/realising.hpp"

namespace swage {

struct ImageRun {
  Goal goal;
  PackageRecord record{};                   // `state` only once it is `done`
  bool done = false, skipped = false;
  std::string problem{};                    // why it was not tried
};
std::string_view end_of(const ImageRun& run);   // "booted", "modelled", "built", "failed", "skipped", "not tried"

struct VerifiedImages {
  std::deque<ImageRun> runs{};
  std::optional<Error> error{};             // to end with
};
// One after another. `skip_verified` leaves out those that have a record of success for the derivations of now.
Result<VerifiedImages> verify_images(Session& session, const TargetOptions& targets, bool skip_verified,
                                     const fs::path& evidence, const RealiseOptions& realise);

// Images that could be made, by name, and the newest record of each.
struct ImageMatrix {
  struct Row {
    const ImageRow* image = nullptr;
    std::optional<PackageRecord> record{};
  };
  std::vector<Row> rows{};
  std::size_t planned = 0;                  // names of which there is no image yet
};
// `platforms` empty: all.
Result<ImageMatrix> make_image_matrix(const Catalog& catalog, const std::vector<const Platform*>& platforms);

}  // namespace swage
