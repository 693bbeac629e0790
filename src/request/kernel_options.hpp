// What the command line says of a kernel besides its version: its configuration, patches and the files that these name.
#pragma once

#include <optional>

#include "request/goals.hpp"

namespace swage {

// Reads and checks what --config, --fragment, --enable, --disable, --set and --patch name. `default_config`: without
// --config.
Result<KernelOptions> kernel_options(const TargetOptions& options, std::string_view default_config);

// Refuses a symbol whose value is files (kernels/symbols.toml) that no build would see: those of the user's, outside
// the kernel's tree. `tree`: where that is, if it is here already; otherwise the build says what its tree lacks.
Result<void> check_config_files(const Catalog& catalog, const KernelOptions& kernel,
                                const std::optional<fs::path>& tree);

}  // namespace swage
