// swage store: looking at the store and keeping it in order.
#include <cerrno>
#include <fmt/core.h>
#include <unistd.h>

#include "base/interrupt.hpp"
#include "base/text.hpp"
#include "cli/output.hpp"
#include "cli/store_commands.hpp"
#include "request/store_words.hpp"

namespace swage {

Json path_array(const StorePathSet& paths) {
  Json array = Json::array();
  for (const StorePath& path : paths) array.push_back(path.str());
  return array;
}

Result<StorePathSet> find_paths(Session& session, const PathsOptions& options) {
  SWAGE_TRY(Store* store, session.store());
  StorePathSet paths;
  for (const std::string& text : options.paths) {
    SWAGE_TRY(StorePath path, find_store_path(*store, text));
    paths.insert(std::move(path));
  }
  if (options.recursive) return store->closure(paths);
  return paths;
}

void add_paths_command(const Options& app, const std::shared_ptr<Action>& chosen, const PathsCommand& command) {
  auto options = std::make_shared<PathsOptions>();
  const Options sub = app.add_subcommand(command.name, command.summary);
  sub.add_option("PATH", options->paths, "a store path, its base name, or a link to it").required();
  if (command.recursive)
    sub.add_flag("-r,--recursive", options->recursive, "with everything that it refers to").needs("PATH");
  sub.callback([chosen, options, run = command.run] {
    *chosen = [options, run](Session& session) { return run(session, *options); };
  });
}

namespace {

Result<int> dump(Session& session, const PathsOptions& options) {
  SWAGE_TRY(Store* store, session.store());
  if (options.paths.size() != 1) return fail(Errc::invalid_input, "'store dump' wants one path");
  if (::isatty(STDOUT_FILENO))
    return Fail(Error{.what = "a NAR is not for a terminal",
                      .hint = fmt::format("write it to a file: swage store dump {} > FILE", options.paths[0])});
  SWAGE_TRY(const StorePath path, find_store_path(*store, options.paths[0]));
  SWAGE_CHECK(dump_nar(store->real_path(path),
                       [](std::string_view data) { return write_all(STDOUT_FILENO, data, "standard output"); }));
  return 0;
}

Result<std::size_t> read_standard_input(char* buffer, std::size_t size) {
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, buffer, size);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) return fail_errno("cannot read 'standard input'", errno);
    SWAGE_CHECK(check_interrupt());
  }
}

Result<int> restore(Session&, const std::string& target) {
  SWAGE_CHECK(restore_nar(read_standard_input, target));
  return 0;
}

}  // namespace

Action declare_store(const Options& app) {
  // The subcommand that was given fills this in while the line is parsed.
  auto chosen = std::make_shared<Action>();
  app.require_subcommand();
  declare_store_looks(app, chosen);
  add_paths_command(app, chosen, {"dump", "write a path as a NAR to standard output", dump});
  auto target = std::make_shared<std::string>();
  const Options unpack = app.add_subcommand("restore", "unpack a NAR from standard input");
  unpack.add_option("TARGET", *target, "what to create").required();
  unpack.callback([chosen, target] { *chosen = [target](Session& session) { return restore(session, *target); }; });
  declare_store_care(app, chosen);
  return [chosen](Session& session) { return (*chosen)(session); };
}

}  // namespace swage
