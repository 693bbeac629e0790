// One run of the firmware's model, stage by stage; what each stage leaves is a member. Used by firmware_*.cpp alone.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "image/config_filters.hpp"
#include "image/config_text.hpp"
#include "image/device_tree.hpp"
#include "image/firmware_model.hpp"

namespace swage {

// A setting as it counts in the end.
struct SetValue {
  std::string value{};
  std::optional<std::size_t> line{};         // of FirmwareRun::lines; none: no line says it
};

// One word of `dtoverlay=NAME,WORD,...` or `dtparam=WORD,...`, with where it stands.
struct OverlayWord {
  std::string name{}, value{};
  std::size_t line = 0;
  unsigned column = 1;
  bool has_value = false;
};

// An overlay with its parameters, or, without a name, parameters of the base tree.
struct OverlayUse {
  std::string name{};
  std::size_t line = 0;
  unsigned column = 1;
  std::vector<OverlayWord> words{};
  bool added_by_firmware = false;
};

class FirmwareRun {
 public:
  FirmwareRun(const BootMedium& medium, const FirmwareKnowledge& known, const BootQuestion& question);
  Result<BootReport> report();

 private:
  // firmware_partition.cpp
  Result<bool> choose_partition();                             // false: there is none
  Result<unsigned> read_autoboot(const BootPartition& from);   // the partition that it asks for; 0: none
  void read_eeprom();
  bool is_fat_entry(const BootPartition& partition) const;
  bool is_bootable(const BootPartition& partition) const;
  bool is_whole(const BootPartition& partition) const;         // bootable, with what the loader itself needs
  const BootPartition* first_fat() const;
  const BootPartition* first_bootable(unsigned from = 1) const;
  const BootPartition* partition_of_number(unsigned wanted, const std::string& why);
  bool find_loader(const BootPartition& first);
  void describe_partition(std::string why);
  void hide_behind_label();                                    // the directory that is called as the file system
  const std::vector<BootPartition>& partitions() const;

  // firmware_config.cpp
  Result<void> read_config();
  Result<void> add_file(const std::string& path, std::vector<std::string> including, std::optional<std::size_t> by);
  void take_line(std::size_t index);
  void check_form(std::size_t index);                          // of a line that is neither blank nor a comment
  void take_setting(std::size_t index, const FirmwareSettingRow* row);
  void take_overlay(std::size_t index);
  void take_parameters(std::size_t index);
  void check_value(const ConfigLine& line, const FirmwareSettingRow& row);
  bool is_perhaps_known(const ConfigLine& line);               // false: it was told that it is none
  void say(std::size_t index, LineState state, std::string why);
  const FirmwareSettingRow* setting_row(std::string_view name) const;
  std::string get(const std::string& key, const std::string& usual = "") const;
  bool is_set(const std::string& key) const { return settings.contains(key); }
  bool flag(const std::string& key, bool usual) const;
  std::string why_set(const std::string& key, const std::string& usual) const;   // "config.txt:4 kernel="
  Error at_value(const std::string& key, Error error) const;   // placed where the setting is set

  // firmware_ramdisk.cpp
  Result<bool> reads_ramdisk();
  Result<void> boot_from_ramdisk();

  // firmware_kernel.cpp
  Result<void> load_firmware();
  Result<bool> load_kernel();
  void choose_width();
  void choose_prefix();
  std::string asked_prefix() const;   // by os_prefix or upstream_kernel; it may not work
  Result<void> look_at_kernel(const BootFile& file, LoadedFile& loaded);
  void load_initramfs(const std::string& kernel);
  Result<void> load_cmdline();
  void load_stub();
  void check_generations();
  std::vector<std::string> kernel_names() const;
  std::vector<std::string> tree_names(bool upstream) const;
  std::string with_prefix(const std::string& prefix, const std::string& name) const;
  const BootFile* first_there(const std::string& prefix, const std::vector<std::string>& names) const;

  // firmware_overlays.cpp
  Result<void> load_tree();
  Result<void> load_overlays();
  Result<void> read_overlay_map(const std::string& directory);
  Result<void> load_overlay(const OverlayUse& use);
  std::optional<std::string> mapped(const OverlayUse& use);    // the name in its place; none: it is not loaded
  void apply(const OverlayUse& use, const std::string& path, const DeviceTree& tree, LoadedFile& loaded);
  Result<void> check_tree_of_u_boot();
  void apply_words(const OverlayUse& use, const DeviceTree* overlay, LoadedFile& loaded);
  void check_overlay_there(const OverlayUse& use, const std::string& name);
  Error at_overlay(const OverlayUse& use, Error error) const;

  // Of a file that is read whole; none: it is broken, and `why` says how. What cannot be read at all is an error.
  template <class T>
  Result<std::optional<T>> parsed(const BootFile& file, Result<T> (*parse)(std::string_view), std::string& why) const {
    auto bytes = files->read(file, kLargestDeviceTree);
    if (!bytes && bytes.error().code != Errc::corrupt) return Fail(bytes.error());
    Result<T> value = bytes ? parse(*bytes) : Result<T>(Fail(bytes.error()));
    if (value) return std::optional<T>(*std::move(value));
    why = value.error().what;
    return std::optional<T>();
  }
  std::vector<std::string> names_under(const std::string& begin) const;   // of files, without it
  void load_named_initramfs();
  void check_memory(const LoadedFile& file, const std::string& key);   // that it does not lie over the kernel
  LoadedFile& loads(std::string role, const std::string& path, std::string why);
  bool is_assumed(std::string_view key) const;

  const BootMedium& medium;
  const FirmwareKnowledge& known;
  const BootQuestion& question;
  const FirmwareModelRow& model;
  BootReport out{};
  BootMoment moment{};
  std::string inside{};                      // "boot.img:" where the medium is a file of another one
  bool tryboot_a_b = false;
  unsigned eeprom_partition = 0;
  bool partition_walk = true;  //
                               // https://www.raspberrypi.com/documentation/computers/raspberry-pi.html#PARTITION_WALK
  std::string eeprom_config{};               // its section [config.txt]
  const BootPartition* partition = nullptr;
  const BootFiles* files = nullptr;          // of it
  BootFiles seen_files{};                    // where the firmware does not see all of them
  std::string config_name{};
  std::vector<ConfigLine> lines{};
  std::vector<bool> included{};              // of each line: by `include`, which early stages do not know
  std::map<std::string, SetValue> settings{};
  std::vector<OverlayUse> overlays{};        // in order; the first are the base tree's parameters
  std::optional<ConfigFilters> filters{};
  bool wide = false;                         // 64 bit
  std::string prefix{};                      // os_prefix, where it is in force
  std::string overlay_directory{};
  std::optional<OverlayMap> overlay_map{};
  std::optional<DeviceTree> base{};
  std::optional<std::size_t> base_load{};    // of out.loads
  std::optional<std::uint64_t> kernel_address{}, kernel_end{};
  std::string kernel_name{};                 // without its directory
};

}  // namespace swage
