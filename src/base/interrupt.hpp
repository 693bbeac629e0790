// Ctrl-C: SIGINT, SIGTERM and SIGHUP set a flag that long loops poll and wake poll(2) through a descriptor; nothing is
// done in the handler itself. The scheduler then kills its builders, releases its locks and returns Errc::interrupted.
#pragma once

#include <chrono>
#include <functional>

#include "base/error.hpp"

namespace swage {

void install_interrupt_handlers();   // once, from main
bool interrupted();
int interrupt_fd();                  // becomes readable when interrupted() turns true; -1 before installation
void request_interrupt();            // what the handlers do, callable from tests
std::chrono::nanoseconds since_interrupt();   // the first one, once interrupted()

// Asked at every entry and every buffer of long work; its error ends the work. Most often this one: Errc::interrupted.
using Checkpoint = std::function<Result<void>()>;
Result<void> check_interrupt();

}  // namespace swage
