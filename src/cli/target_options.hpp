// The options that commands with targets share: what to build, and how builds are run.
#pragma once

#include "base/options.hpp"
#include "request/goals.hpp"
#include "request/realising.hpp"

namespace swage {

enum class TargetsAs { many, one, kernel_option, any };   // TARGET..., TARGET, --kernel TARGET, [TARGET...]
void declare_targets(const Options& app, TargetOptions& options, TargetsAs as = TargetsAs::many);

// What no record could repeat: an error for commands that keep records. With swage verify.
Result<void> refuse_private_input(const TargetOptions& options);
Result<void> refuse_unnamed_patches(const TargetOptions& options);

// -j, --cores, -k, --keep-failed, --timeout, --max-silent-time, --max-log-size, --max-processes, --max-memory.
void declare_realise(const Options& app, RealiseOptions& options);
// The first of them that is not as it is without options; "" all are.
std::string given_realise_option(const RealiseOptions& options);
// --idle, of a command that ends with what it builds.
void declare_lowest_priority(const Options& app, RealiseOptions& options);

}  // namespace swage
