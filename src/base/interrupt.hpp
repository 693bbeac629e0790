// Ctrl-C: SIGINT, SIGTERM and SIGHUP set a flag that long loops poll and wake poll(2) through a descriptor; nothing is
// done in the handler itself. The scheduler then kills its builders, releases its locks and returns Errc::interrupted.
#pragma once

namespace swage {

void install_interrupt_handlers();   // once, from main
bool interrupted();
int interrupt_fd();                  // becomes readable when interrupted() turns true; -1 before installation
void request_interrupt();            // what the handlers do, callable from tests

}  // namespace swage
