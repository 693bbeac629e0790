// The store layer as a program, for comparisons with the real Nix.
//   graph            reads derivations from standard input, prints `<.drv path> <text in hexadecimal>` for each
//   dump PATH        the NAR of PATH
//   hash PATH        `sha256:<base-32>` of the NAR of PATH
//   populate ROOT    a store with texts, trees, derivations and outputs; prints its paths
//   verify ROOT      exit status 0 when nothing is damaged; prints the problems
//   collect ROOT     collects garbage
// A graph is lines of words; texts are hexadecimal, `-` when empty. A value is pieces: `t:<text>`, `o:<node>:<output>` (an
// output path of an earlier derivation), `f:<node>` (a text file), `p:<path>` (a tree).
//   text NAME CONTENT-PIECE...      adds a text file, a node
//   drv NAME SYSTEM                 starts a derivation, a node
//   output NAME [ALGO HASH] | builder PIECE... | arg PIECE... | env KEY PIECE... | end
#include <fmt/format.h>
#include <iostream>
#include <unistd.h>

#include "base/text.hpp"
#include "store/base32.hpp"
#include "store/store.hpp"

namespace swage {
namespace {

// The input is our own test's: anything wrong in it ends the program.
template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::cerr << render(result.error());
  std::exit(1);
}
void must(Result<void> result) {
  if (result) return;
  std::cerr << render(result.error());
  std::exit(1);
}

std::string from_hex(std::string_view hex) {
  std::string out;
  if (hex == "-") return out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

std::string to_hex(std::string_view text) {
  std::string out;
  for (const char c : text) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

struct Node {
  std::optional<FinishedDerivation> drv{};
  std::optional<StorePath> text{};
};

class Graph {
 public:
  void run() {
    std::string line;
    while (std::getline(std::cin, line)) {
      const auto words = split_words(line);
      const std::string_view verb = words.at(0);
      const std::span<const std::string_view> rest = std::span(words).subspan(1);
      if (verb == "text") add_text(rest);
      if (verb == "drv") drv_ = {.name = from_hex(rest[0]), .system = from_hex(rest[1])};
      if (verb == "output") {
        DerivationOutput& output = drv_.outputs[from_hex(rest[0])];
        if (rest.size() > 1) output = {.hash_algo = std::string(rest[1]), .hash = std::string(rest[2])};
      }
      if (verb == "arg") drv_.args.push_back(value(rest, drv_.input_srcs));
      if (verb == "builder") drv_.env["builder"] = drv_.builder = value(rest, drv_.input_srcs);
      if (verb == "env") drv_.env[from_hex(rest[0])] = value(rest.subspan(1), drv_.input_srcs);
      if (verb == "end") finish();
    }
  }

 private:
  std::string value(std::span<const std::string_view> pieces, StorePathSet& sources) {
    std::string out;
    for (const std::string_view piece : pieces) {
      const auto parts = split(piece, ':');
      if (parts[0] == "t") {
        out += from_hex(parts[1]);
        continue;
      }
      if (parts[0] == "p") {
        const fs::path tree = from_hex(parts[1]);
        const StorePath path =
            must(make_fixed_path(tree.filename().string(), ContentMethod::recursive, must(hash_nar(tree)).hash));
        sources.insert(path);
        out += path.str();
        continue;
      }
      const Node& node = nodes_.at(static_cast<std::size_t>(std::stoul(std::string(parts[1]))));
      if (parts[0] == "f") {
        sources.insert(*node.text);
        out += node.text->str();
      } else {
        const std::string output(parts[2]);
        drv_.input_drvs[node.drv->path].insert(output);
        out += node.drv->drv.outputs.at(output).path;
      }
    }
    return out;
  }

  void add_text(std::span<const std::string_view> rest) {
    StorePathSet references;
    const std::string content = value(rest.subspan(1), references);
    nodes_.push_back({.text = must(make_text_path(from_hex(rest[0]), sha256(content), references))});
  }

  void finish() {
    nodes_.push_back({.drv = must(finish_derivation(std::exchange(drv_, {}), cache_))});
    const FinishedDerivation& drv = *nodes_.back().drv;
    if (must(parse_derivation(drv.text, drv.drv.name)) != drv.drv) throw std::runtime_error("text does not read back");
    std::cout << drv.path.str() << ' ' << to_hex(drv.text) << '\n';
  }

  ModuloCache cache_{};
  std::vector<Node> nodes_{};
  Derivation drv_{};
};

void write_file(const fs::path& file, std::string_view text) {
  must(make_directories(file.parent_path()));
  must(write_file_atomically(file, text, 0644, Durability::volatile_ok));
}

StorePath add_output(Store& store, const FinishedDerivation& drv, const std::string& output, std::string_view text,
                     const StorePathSet& candidates) {
  const StorePath path = must(StorePath::parse(drv.drv.outputs.at(output).path));
  const fs::path tree = store.work_dir() / path.base();
  write_file(tree / "bin/tool", text);
  fs::permissions(tree / "bin/tool", fs::perms(0755));
  fs::create_symlink("tool", tree / "bin/alias");
  must(canonicalise(tree));
  const ScannedTree scanned = must(scan_tree(tree, candidates));
  std::vector<Store::NewPath> batch;
  batch.push_back({.info = {.path = path, .nar_hash = scanned.nar.hash, .nar_size = scanned.nar.size,
                            .references = scanned.references, .deriver = drv.path, .ultimate = true},
                   .tree = tree});
  must(store.register_outputs(std::move(batch)));
  return path;
}

void populate(const fs::path& root) {
  const auto store = must(Store::open(root));
  const TempDir scratch = must(TempDir::create("swage-oracle"));
  const StorePath plain = must(store->add_text("plain.txt", "hello\n"));
  const StorePath user = must(store->add_text("user.txt", plain.str(), {plain}));
  write_file(scratch.path() / "d/sub/file", "x");
  const StorePath tree = must(store->add_tree("tree", scratch.path() / "d"));
  write_file(scratch.path() / "download", "downloaded");
  const StorePath file = must(store->add_fixed_file("download.tar", sha256("downloaded"), scratch.path() / "download"));

  ModuloCache cache;
  const FinishedDerivation lib = must(finish_derivation({.name = "lib", .outputs = {{"out", {}}, {"dev", {}}}, .input_srcs = {tree, file},
                                                         .system = "x86_64-linux", .builder = "/bin/sh"}, cache));
  const FinishedDerivation app = must(finish_derivation({.name = "app", .outputs = {{"out", {}}}, .input_drvs = {{lib.path, {"dev", "out"}}},
                                                         .input_srcs = {user}, .system = "x86_64-linux", .builder = "/bin/sh"}, cache));
  must(store->add_derivations({&lib, &app}));
  const StorePath lib_out = add_output(*store, lib, "out", "library " + file.str(), {tree, file});
  const StorePath lib_dev = add_output(*store, lib, "dev", "headers of " + lib_out.str(), {tree, lib_out});
  const StorePath self = must(StorePath::parse(app.drv.outputs.at("out").path));
  const StorePath app_out = add_output(*store, app, "out", lib_out.str() + " " + self.str(), {lib_out, lib_dev, self});
  for (const StorePath& path : {plain, user, tree, file, lib.path, app.path, lib_out, lib_dev, app_out}) std::cout << path.str() << '\n';
}

int verify(const fs::path& root) {
  const VerifyResult result = must(must(Store::open(root))->verify({}));
  for (const VerifyProblem& problem : result.problems) std::cout << problem.path << ": " << problem.detail << '\n';
  return result.damaged() ? 1 : 0;
}

int run(const std::vector<std::string>& args) {
  if (args.size() == 1 && args[0] == "graph") {
    Graph().run();
    return 0;
  }
  if (args.size() != 2) return 2;
  if (args[0] == "dump") must(dump_nar(args[1], [](std::string_view bytes) { return write_all(STDOUT_FILENO, bytes, "standard output"); }));
  if (args[0] == "hash") std::cout << "sha256:" << hash_base32(must(hash_nar(args[1])).hash) << '\n';
  if (args[0] == "populate") populate(args[1]);
  if (args[0] == "verify") return verify(args[1]);
  if (args[0] == "collect") must(must(Store::open(args[1]))->collect_garbage({}));
  return 0;
}

}  // namespace
}  // namespace swage

int main(int argc, char** argv) { return swage::run(std::vector<std::string>(argv + 1, argv + argc)); }
