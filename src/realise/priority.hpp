// The least important process of the machine, for work that has time.
//
// SCHED_IDLE and nice 19 count between the processes of one scheduling group. Between groups neither does: a session
// has one (an autogroup, where /proc/sys/kernel/sched_autogroup_enabled is 1), a unit of systemd and a container may
// have one. An autogroup has a niceness of its own, which begins at 0; the weight of any other group is for those who
// made it. Sources: sched(7), ioprio_set(2).
#pragma once

#include "base/error.hpp"

namespace swage {

// SCHED_IDLE, nice 19 and the idle class of I/O, for all threads of this process and for all that they start; also for
// the autogroup of its session, when this process leads that. It cannot be taken back. Errc::environment: the system
// refuses it.
Result<void> take_lowest_priority();

// To be called after setsid(2): gives the new session's autogroup the niceness of the caller, who would be as important
// as any other session without. Neither allocates nor locks.
void keep_niceness_in_session() noexcept;

}  // namespace swage
