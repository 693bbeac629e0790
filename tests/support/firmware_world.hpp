// Media for the firmware's model, as small texts:
//
//   board rpi5 tryboot              what is asked; `tryboot` or not
//   table mbr                       mbr, gpt, hybrid or none
//   eeprom                          lines that follow are the EEPROM's configuration
//   | PARTITION=2
//   partition 2 type=c size=N fs=N free=N label=TEXT not-fat odd
//   standard                        what a sound card has for the board
//   without PATH
//   file PATH size=N                lines that follow are its text, unless it is made:
//   | key=value
//   file PATH arm64=MEMORY          the header of a kernel: arm64, gzip (of an arm64), zimage
//   file PATH tree params=a,b labels=c,d
//   file PATH overlay params=a,b wants=c exports=d
//   file PATH map NAME:bcm2711,bcm2712=OTHER NAME:renamed=OTHER
//   expect                          the report, to the end
#pragma once

#include <libfdt.h>
#include <zlib.h>

#include <algorithm>
#include <sstream>

#include "base/text.hpp"
#include "image/firmware_model.hpp"

namespace swage {

inline std::vector<std::string> world_words(const std::string& text, char separator) {
  std::vector<std::string> all;
  if (!text.empty())
    for (const std::string_view one : split(text, separator)) all.emplace_back(one);
  return all;
}

// A tree whose nodes have these properties, of text.
using FlatNodes = std::vector<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>>;
inline std::string flat_tree(const FlatNodes& nodes) {
  std::string bytes(64'000, '\0');
  void* fdt = bytes.data();
  ::fdt_create(fdt, static_cast<int>(bytes.size()));
  ::fdt_finish_reservemap(fdt);
  ::fdt_begin_node(fdt, "");
  ::fdt_property(fdt, "compatible", "brcm,bcm2835", 13);
  for (const auto& [name, properties] : nodes) {
    ::fdt_begin_node(fdt, name.c_str());
    for (const auto& [key, value] : properties)
      value.empty() ? ::fdt_property(fdt, key.c_str(), nullptr, 0) : ::fdt_property(fdt, key.c_str(), value.c_str(), static_cast<int>(value.size() + 1));
    ::fdt_end_node(fdt);
  }
  ::fdt_end_node(fdt);
  ::fdt_finish(fdt);
  bytes.resize(fdt_totalsize(fdt));
  return bytes;
}

struct MadeFile {
  std::string bytes{};
  std::uint64_t size = 0;
};

struct FirmwareWorld {
  std::string board{}, eeprom{};
  bool tryboot = false;
  TableKind table = TableKind::mbr;
  std::string expect{};
  std::map<unsigned, BootPartition> partitions{};
  std::map<unsigned, std::map<std::string, MadeFile>> files{};
  const FirmwareKnowledge* known = nullptr;

  const FirmwareModelRow& model() const {
    return *std::find_if(known->models->begin(), known->models->end(), [&](const FirmwareModelRow& row) { return row.id == board; });
  }

  static FirmwareWorld parse(const std::string& text, const FirmwareKnowledge& known) {
    FirmwareWorld world{.known = &known};
    std::istringstream in(text);
    std::string line, *open = nullptr;
    unsigned at = 1;
    MadeFile* file = nullptr;
    while (std::getline(in, line)) {
      if (line == "expect") {
        world.expect = text.substr(static_cast<std::size_t>(in.tellg()));
        break;
      }
      if (line.starts_with('|')) {
        if (open) *open += line.substr(std::min<std::size_t>(2, line.size())) + "\n";
        if (file) file->size = std::max<std::uint64_t>(file->size, file->bytes.size());
        continue;
      }
      const std::vector<std::string_view> words = split_words(line);
      if (words.empty() || words[0] == "#") continue;
      const std::string verb(words[0]);
      std::map<std::string, std::string> given;
      for (const std::string_view word : words) {
        const std::size_t equals = word.find('=');
        given[std::string(word.substr(0, equals))] = equals == std::string_view::npos ? "" : std::string(word.substr(equals + 1));
      }
      file = nullptr;
      if (verb == "board") {
        world.board = words.at(1);
        world.tryboot = given.contains("tryboot");
      } else if (verb == "table") {
        const std::map<std::string_view, TableKind> kinds{{"mbr", TableKind::mbr}, {"gpt", TableKind::gpt}, {"hybrid", TableKind::hybrid}, {"none", TableKind::none}};
        world.table = kinds.at(words.at(1));
      } else if (verb == "eeprom") {
        open = &world.eeprom;
      } else if (verb == "partition") {
        at = static_cast<unsigned>(std::stoul(std::string(words.at(1))));
        world.add_partition(at, given);
      } else if (verb == "standard") {
        world.add_standard(at);
      } else if (verb == "without") {
        world.files[at].erase(std::string(words.at(1)));
      } else if (verb == "file") {
        file = &world.files[at][std::string(words.at(1))];
        *file = make(words, given);
        open = &file->bytes;
      } else {
        ADD_FAILURE() << "no word of a world: " << line;
      }
    }
    for (auto& [number, files_of] : world.files)   // of what nothing more is said
      for (auto& [path, one] : files_of)
        if (one.bytes.empty() && one.size <= 4096) one.bytes = std::string(one.size, 'x');
    return world;
  }

  static MadeFile make(const std::vector<std::string_view>& words, std::map<std::string, std::string>& given) {
    MadeFile file;
    const auto list = [&](const char* key) {
      std::vector<std::pair<std::string, std::string>> properties;
      for (const std::string& one : world_words(given[key], ',')) properties.emplace_back(one, "");
      return properties;
    };
    if (given.contains("arm64") || given.contains("gzip")) {
      file.bytes = std::string(64, '\0');
      const std::uint64_t memory = std::stoull(given.contains("arm64") ? given["arm64"] : given["gzip"], nullptr, 0);
      for (unsigned i = 0; i < 8; ++i) file.bytes[16 + i] = static_cast<char>(memory >> 8 * i);
      file.bytes.replace(56, 4, "ARM\x64");
      if (given.contains("gzip")) file.bytes = gzipped(file.bytes);
    } else if (given.contains("zimage")) {
      file.bytes = std::string(64, '\0');
      file.bytes.replace(36, 4, "\x18\x28\x6f\x01");
    } else if (given.contains("tree")) {
      file.bytes = flat_tree({{"__overrides__", list("params")}, {"__symbols__", list("labels")}});
    } else if (given.contains("overlay")) {
      file.bytes = flat_tree({{"fragment@0", {}}, {"__overrides__", list("params")}, {"__fixups__", list("wants")}, {"__exports__", list("exports")}});
    } else if (given.contains("map")) {
      FlatNodes nodes;
      for (std::size_t i = 3; i < words.size(); ++i) {
        const std::vector<std::string> halves = world_words(std::string(words[i]), ':');
        auto& properties = nodes.emplace_back(halves.at(0), std::vector<std::pair<std::string, std::string>>{}).second;
        for (const std::string& one : world_words(halves.at(1), ',')) {
          const std::vector<std::string> pair = world_words(one, '=');
          properties.emplace_back(pair.at(0), pair.size() > 1 ? pair[1] : "");
        }
      }
      file.bytes = flat_tree(nodes);
    }
    file.size = given.contains("size") ? std::stoull(given["size"], nullptr, 0) : file.bytes.size();
    return file;
  }

  static std::string gzipped(const std::string& bytes) {
    std::string out(1024, '\0');
    z_stream stream{};
    EXPECT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<unsigned>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<unsigned>(out.size());
    EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    ::deflateEnd(&stream);
    return out;
  }

  void add_partition(unsigned number, std::map<std::string, std::string>& given) {
    const auto number_of = [&](const char* key, std::uint64_t usual) { return given.contains(key) ? std::stoull(given[key], nullptr, 0) : usual; };
    BootPartition& one = partitions[number];
    one.place.number = table == TableKind::none ? 0 : number;
    one.place.mbr_type = table == TableKind::gpt || table == TableKind::none ? 0 : static_cast<unsigned>(std::stoul(given.contains("type") ? given["type"] : "c", nullptr, 16));
    one.place.size = number_of("size", 512'000'000);
    one.file_system_size = number_of("fs", one.place.size);
    one.free = number_of("free", 400'000'000);
    one.cluster_size = 4096;
    one.kind = given.contains("not-fat") ? "" : "FAT32";
    one.why_not = given.contains("not-fat") ? "it does not begin like a FAT file system" : "";
    one.odd_fat32 = given.contains("odd");
    one.label = one.root_label = given.contains("label") ? given["label"] : "FIRMWARE";
  }

  // What Raspberry Pi OS puts on a card, for one board, with few overlays.
  void add_standard(unsigned at) {
    const FirmwareModelRow& row = model();
    const auto add = [&](const std::string& path, const std::string& how) {
      const std::string line = "file " + path + " " + how;
      std::map<std::string, std::string> given;
      const std::vector<std::string_view> words = split_words(line);
      for (const std::string_view word : words) {
        const std::size_t equals = word.find('=');
        given[std::string(word.substr(0, equals))] = equals == std::string_view::npos ? "" : std::string(word.substr(equals + 1));
      }
      files[at][path] = make(words, given);
    };
    if (row.loader == FirmwareLoader::bootcode) add("bootcode.bin", "size=52624");
    if (row.loader != FirmwareLoader::eeprom) {
      add(row.start.at("usual"), "size=3027872");
      add(row.fixup.at("usual"), "size=7275");
    }
    const bool wide = row.arm_64bit == Arm64::on || row.arm_64bit == Arm64::always;
    add(wide ? row.kernels_64.front() : row.kernels.front(), wide ? "arm64=0x1f00000 size=28000000" : "zimage size=7000000");
    add(row.device_trees.front(), "tree params=audio,spi,i2c_arm,uart0 labels=uart0,uart1,bt,gpio,spi0,i2c1,sound,hvs");
    add("cmdline.txt", "size=120");
    add("config.txt", "");
    add("overlays/README", "size=200000");
    add("overlays/overlay_map.dtb", "map disable-bt:bcm2835,bcm2711,bcm2712=disable-bt-pi5 disable-bt-pi5:bcm2712 vc4-kms-v3d:bcm2835,bcm2711=vc4-kms-v3d-pi4,bcm2712=vc4-kms-v3d-pi5 "
                                    "uart5:bcm2711 pi3-disable-bt:renamed=disable-bt lirc-rpi:deprecated=gpio-ir");
    add("overlays/disable-bt.dtbo", "overlay wants=uart0,uart1,bt");
    add("overlays/disable-bt-pi5.dtbo", "overlay wants=bt");
    add("overlays/uart5.dtbo", "overlay wants=uart0 params=ctsrts");
    for (const char* board_name : {"", "-pi4", "-pi5"}) add(std::string("overlays/vc4-kms-v3d") + board_name + ".dtbo", "overlay wants=hvs params=cma-256,cma-size,noaudio");
    add("overlays/hifiberry-dac.dtbo", "overlay wants=sound params=24db_digital_gain");
    add("overlays/dwc2.dtbo", "overlay params=dr_mode,g-rx-fifo-size");
    if (row.platform == "bcm2712") add("overlays/bcm2712d0.dtbo", "overlay");
  }

  BootMedium medium() const {
    BootMedium made{.table = {.kind = table}};
    FirmwareWorld whole = *this;
    std::map<std::string, std::string> none;
    if (whole.partitions.empty()) whole.add_partition(1, none);
    for (auto& [number, one] : whole.partitions) {
      std::vector<BootFile> list;
      const std::map<std::string, MadeFile> own = files.contains(number) ? files.at(number) : std::map<std::string, MadeFile>{};
      for (const auto& [path, file] : own) list.push_back({path, file.size});
      one.files = BootFiles(list, [own](const std::string& path, std::uint64_t length) -> Result<std::string> {
        return own.at(path).bytes.substr(0, length);
      });
      (table == TableKind::gpt ? made.gpt : made.mbr).push_back(one);
    }
    return made;
  }

  BootReport report() const { return boot_from(medium(), *known, {.model = &model(), .tryboot = tryboot, .eeprom = eeprom}).value(); }
};

}  // namespace swage
