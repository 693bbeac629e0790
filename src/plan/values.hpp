// The rows of a cell as recipes see them: what `{platform.KEY}`, `{toolchain.KEY}` and `{machine.KEY}` stand for.
#pragma once

#include "catalog/catalog.hpp"
#include "plan/variables.hpp"

namespace swage {

Values platform_values(const Platform& platform, const Platform& builder);
Values toolchain_values(const ToolchainRow& row);
Values machine_values(const MachineRow& row);

}  // namespace swage
