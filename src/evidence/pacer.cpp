#include "evidence/pacer.hpp"

namespace swage {

namespace {
constexpr double kLookAgain = 2;  // s; it reads a file of each process
}

Pace Pacer::ask(bool waiting) {
  const std::scoped_lock lock(mutex_);
  const double look_again = verdict_.scarce == Scarce::unknown ? kFirstLook : kLookAgain;
  if (!looked_ || seams_.now() - *looked_ >= look_again) {
    looked_ = seams_.now();
    if (const Result<Load> load = seams_.look())
      verdict_ = policy_.take(*load);  // what cannot be seen holds nothing up
  }
  const bool knows = verdict_.scarce != Scarce::nothing && verdict_.scarce != Scarce::unknown;
  tell(waiting && knows && verdict_.pace == Pace::hold);
  if (verdict_.pace == Pace::hold && seams_.is_over()) return Pace::finish;
  return verdict_.pace;
}

void Pacer::tell(bool paused) {
  if (paused == paused_since_.has_value()) return;
  if (paused) {
    paused_since_ = seams_.now();
    reporter_.on(Paused{.scarce = scarce_name(verdict_.scarce), .why = verdict_.why});
    return;
  }
  const double seconds = seams_.now() - *paused_since_;
  paused_since_.reset();
  paused_ += seconds;
  reporter_.on(Resumed{.seconds = seconds});
}

PaceVerdict Pacer::verdict() const {
  const std::scoped_lock lock(mutex_);
  return verdict_;
}

Shortage Pacer::shortage_since(double seconds) const {
  const std::scoped_lock lock(mutex_);
  return policy_.shortage_since(seconds);
}

double Pacer::paused_seconds() const {
  const std::scoped_lock lock(mutex_);
  return paused_ + (paused_since_ ? seams_.now() - *paused_since_ : 0);
}

}  // namespace swage
