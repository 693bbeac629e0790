// Drives the client of Nix daemons in tests, without planner and command line:
//   daemon_driver URI [--newest MINOR] [--timeout SECONDS] info
//   daemon_driver URI [--newest MINOR] upload HOME PATH...   the closures of these paths
//   daemon_driver URI [--newest MINOR] missing DRV...        what building them would come to
//   daemon_driver URI [--newest MINOR] build DRV...          what is said of it on the way, and how each ended
//   daemon_driver URI [--newest MINOR] fetch HOME PATH...
// Exit status 1 with the error as the user would see it.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "daemon/daemon_progress.hpp"
#include "daemon/daemon_store.hpp"

using namespace swage;

namespace {

struct Printer final : Reporter {
  void on(const Event& event) override {
    if (const auto* started = std::get_if<JobStarted>(&event))
      std::printf("%s: %s\n", started->kind.c_str(), started->name.c_str());
    if (const auto* log = std::get_if<JobLog>(&event)) std::printf("log: %s\n", log->line.c_str());
    if (const auto* finished = std::get_if<JobFinished>(&event)) std::printf("finished: %d\n", finished->ok);
    if (const auto* message = std::get_if<Message>(&event)) std::printf("message: %s\n", message->text.c_str());
  }
};

StorePathSet paths_of(const std::vector<std::string>& words, std::size_t from) {
  StorePathSet paths;
  for (std::size_t i = from; i < words.size(); ++i) paths.insert(StorePath::parse(words[i]).value());
  return paths;
}

Result<void> run(std::vector<std::string> words) {
  SWAGE_TRY(const DaemonAddress address, DaemonAddress::parse(words.at(0)));
  ConnectOptions options;
  words.erase(words.begin());
  if (words.at(0) == "--newest") {
    options.newest.minor = static_cast<unsigned>(std::stoul(words.at(1)));
    words.erase(words.begin(), words.begin() + 2);
  }
  SWAGE_TRY(const std::unique_ptr<DaemonStore> daemon, DaemonStore::connect(address, options));
  Printer printer;
  DaemonProgress progress(printer);
  if (words.at(0) == "--timeout") {
    SWAGE_CHECK(daemon->set_options({.timeout = std::stoul(words.at(1))}));
    words.erase(words.begin(), words.begin() + 2);
  }
  daemon->on_message([&](const DaemonMessage& message) { progress.on(message); });
  if (words.at(0) == "info") {
    const DaemonInfo& info = daemon->info();
    std::printf("protocol %s nix %s trusted %s\n", info.protocol.str().c_str(), info.nix_version.value_or("?").c_str(),
                info.trusted ? *info.trusted ? "yes" : "no" : "?");
  } else if (words.at(0) == "upload") {
    SWAGE_TRY(const std::unique_ptr<Store> store, Store::open(words.at(1)));
    SWAGE_TRY(const UploadResult done, daemon->upload(*store, paths_of(words, 2)));
    std::printf("present %lu uploaded %lu bytes %lu\n", done.present, done.uploaded, done.nar_bytes);
  } else if (words.at(0) == "missing") {
    SWAGE_TRY(const DaemonMissing missing, daemon->missing(paths_of(words, 1)));
    std::printf("build %zu substitute %zu unknown %zu\n", missing.build.size(), missing.substitute.size(),
                missing.unknown.size());
  } else if (words.at(0) == "build") {
    SWAGE_TRY(const std::vector<DaemonBuild> builds, daemon->build(paths_of(words, 1)));
    for (const DaemonBuild& build : builds)
      std::printf("%s %s %s\n", build.wanted.c_str(), build_status(build.status), build.message.c_str());
  } else if (words.at(0) == "fetch") {
    SWAGE_TRY(const std::unique_ptr<Store> store, Store::open(words.at(1)));
    SWAGE_TRY(const DownloadResult done, daemon->fetch(*store, paths_of(words, 2)));
    std::printf("fetched %lu bytes %lu\n", done.fetched, done.nar_bytes);
  } else {
    return fail(Errc::invalid_input, "no such command");
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  install_interrupt_handlers();
  const Result<void> done = run({argv + 1, argv + argc});
  if (!done) std::fputs(render(done.error()).c_str(), stderr);
  return done ? 0 : 1;
}
