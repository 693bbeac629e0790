// swage help COMMAND: another way to write swage COMMAND --help.
#include <memory>
#include <string>
#include <vector>

#include "cli/cli.hpp"
#include "cli/command.hpp"
#include "cli/output.hpp"

namespace swage {

Action declare_help(const Options& app) {
  auto command = std::make_shared<std::vector<std::string>>();
  app.add_option("COMMAND", *command, "which; of `store` also one of its own: help store gc");
  return [command](Session&) -> Result<int> {
    std::vector<std::string> words{"swage"};
    words.insert(words.end(), command->begin(), command->end());
    words.emplace_back("--help");
    if (as_json()) words.emplace_back("--json");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    return run_cli(static_cast<int>(argv.size()), argv.data());
  };
}

}  // namespace swage
