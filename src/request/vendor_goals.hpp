// Kernels of vendors as targets: linux@rpi-latest --for rpi5.
#pragma once

#include "request/goals.hpp"

namespace swage {

// What --for names of a vendor's kernel: BOARD, or BOARD:PLATFORM for another one that the board can be.
struct BoardGoal {
  const BoardRow* board = nullptr;
  const Platform* platform = nullptr;
};

// For `linux@rpix`, which is neither a version nor a vendor's.
Error no_such_vendor(const ImageTables& tables, const Target& target);

// Each once; none where the target is of no vendor. Errors say which boards there are, and which kernel is for one that
// this is not for.
Result<std::vector<BoardGoal>> vendor_boards(const Catalog& catalog, const TargetOptions& options,
                                             const Target& target);

// The kernel with the lines of its rows. A tree of the user's (--src) gets them too: those of its version, if there
// are.
Result<KernelChoice> kernel_of_vendor(Session& session, const Catalog& catalog, const TargetOptions& options,
                                      const Target& target, const std::vector<const Platform*>& platforms);

// Gives the kernel what the request says, after the lines of a vendor's rows.
void set_options(KernelChoice& choice, KernelOptions options);

// `defconfig` is the board's.
void use_defconfig(std::string& config, const std::string& of_board);

}  // namespace swage
