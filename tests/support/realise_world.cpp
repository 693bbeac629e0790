#include "support/realise_world.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace swage::testing_support {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

// As a tree: busybox takes its applet from argv[0], and a builder's is the last part of its path, which in the store would
// be `<hash>-busybox`.
StorePath add_busybox(Store& store) {
  const TempDir dir = TempDir::create("swage-busybox", store.root().parent_path()).value();
  fs::create_directory(dir.path() / "bin");
  fs::copy_file("/bin/busybox", dir.path() / "bin/busybox");
  return store.add_tree("busybox", dir.path()).value();
}

}  // namespace

fs::path fast_directory() {
  const char* chosen = std::getenv("TMPDIR");
  if (chosen && *chosen) return chosen;
  struct statvfs memory {};
  const bool usable = ::access("/dev/shm", W_OK) == 0 && ::statvfs("/dev/shm", &memory) == 0 && !(memory.f_flag & ST_NOEXEC) &&
                      memory.f_bavail * memory.f_frsize > 500'000'000;
  return usable ? "/dev/shm" : "/tmp";
}

void Journal::on(const Event& event) {
  const std::scoped_lock lock(mutex_);
  std::visit(Overloaded{[&](const JobStarted& e) {
                          names_[e.id] = e.name;
                          lines_.push_back("start " + e.kind + " " + e.name);
                        },
                        [&](const JobLog& e) { lines_.push_back("log " + names_[e.id] + ": " + e.line); },
                        [&](const JobProgress&) {},
                        [&](const JobFinished& e) { lines_.push_back((e.ok ? "done " : e.cancelled ? "cancelled " : "failed ") + names_[e.id]); },
                        [&](const Totals& e) { lines_.push_back(fmt::format("totals {}/{}", e.done, e.total)); },
                        [&](const StepStarted& e) { lines_.push_back("step " + e.name); },
                        [&](const StepFinished& e) { lines_.push_back("step-end " + e.name + ": " + e.end); },
                        [&](const Paused& e) { lines_.push_back("paused: " + e.why); },
                        [&](const Resumed&) { lines_.push_back("resumed"); },
                        [&](const Message& e) { lines_.push_back("message " + e.text); }},
             event);
}

std::vector<std::string> Journal::lines() const {
  const std::scoped_lock lock(mutex_);
  return lines_;
}

std::vector<std::string> Journal::starting_with(std::string_view prefix) const {
  std::vector<std::string> found;
  for (const std::string& line : lines())
    if (line.starts_with(prefix)) found.push_back(line);
  return found;
}

Result<void> FakeFetcher::fetch(const Source& source, std::uint64_t) {
  peak = std::max(peak.load(), ++running_);
  if (std::holds_alternative<Source::Download>(source.how)) ::usleep(20'000);
  --running_;
  const std::scoped_lock lock(mutex_);
  if (const auto* text = std::get_if<Source::Text>(&source.how)) {
    SWAGE_CHECK(store_.add_text(source.path.name(), text->content));
    return {};
  }
  const auto& download = std::get<Source::Download>(source.how);
  journal.push_back(download.name);
  const auto file = files.find(download.name);
  if (file == files.end()) return fail(Errc::environment, fmt::format("'{}' cannot be reached", download.name));
  SWAGE_TRY(const TempDir dir, TempDir::create("fetch", store_.work_dir()));
  SWAGE_CHECK(write_file_atomically(dir.path() / "file", file->second));
  SWAGE_CHECK(store_.add_fixed_file(source.path.name(), sha256(file->second), dir.path() / "file"));
  return {};
}

World::World(const fs::path& root)
    : temporary(root.empty() ? std::optional(TempDir::create("swage-world", fast_directory()).value()) : std::nullopt),
      store(Store::open(root.empty() ? temporary->path() / "home" : root).value()),
      busybox(add_busybox(*store)),
      fetcher(*store) {}

StorePath World::add(const Step& step) {
  Derivation drv{.name = step.name, .system = "x86_64-linux", .builder = busybox.str() + "/bin/busybox"};
  drv.args = {"sh", "-c", fmt::format("set -e\nb() {{ {} \"$@\"; }}\n", drv.builder) + step.script};
  drv.input_srcs = step.sources;
  drv.input_srcs.insert(busybox);
  drv.env = step.env;
  drv.env["name"] = step.name;
  for (const std::string& output : step.outputs) drv.outputs[output] = {};
  if (!step.hash.empty()) drv.outputs["out"] = {.hash_algo = step.hash_algo, .hash = step.hash};
  for (std::size_t i = 0; i < step.needs.size(); ++i) {
    const Derivation& input = graph.derivations[graph.index.at(step.needs[i])].drv;
    const std::string first = input.outputs.contains("out") ? "out" : input.outputs.begin()->first;
    drv.input_drvs[step.needs[i]].insert(first);
    drv.env[fmt::format("in{}", i)] = input.outputs.at(first).path;
  }
  FinishedDerivation finished = finish_derivation(std::move(drv), graph.modulo).value();
  const StorePath path = finished.path;
  if (graph.index.emplace(path, graph.derivations.size()).second) graph.derivations.push_back(std::move(finished));
  return path;
}

Result<RealiseResult> World::realise(const std::vector<StorePath>& drvs) {
  std::vector<Wanted> wanted;
  for (const StorePath& drv : drvs) {
    Wanted want{.drv = drv, .outputs = {}};
    for (const auto& [name, output] : graph.derivations[graph.index.at(drv)].drv.outputs) want.outputs.push_back(name);
    wanted.push_back(std::move(want));
  }
  return swage::realise(*store, graph, wanted, fetcher, options, journal);
}

std::string World::error_of(const StorePath& drv) {
  const Result<RealiseResult> result = realise(drv);
  return result ? "" : render(result.error());
}

StorePath World::output(const StorePath& drv, const std::string& name) const {
  return StorePath::parse(graph.derivations[graph.index.at(drv)].drv.outputs.at(name).path).value();
}

}  // namespace swage::testing_support
