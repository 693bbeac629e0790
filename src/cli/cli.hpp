// The command line: parses, runs one command, prints its result on stdout and everything else on stderr.
#pragma once

namespace swage {

// Returns the exit code of design section 9.
int run_cli(int argc, char** argv);

}  // namespace swage
