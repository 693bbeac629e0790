#include "cli/cli.hpp"

int main(int argc, char** argv) { return swage::run_cli(argc, argv); }
