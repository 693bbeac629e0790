#include "image/elf_file.hpp"

#include <algorithm>
#include <elf.h>
#include <fmt/core.h>

#include "base/text.hpp"

namespace swage {

namespace {

constexpr std::uint64_t kMostHeaders = 4096, kLongestDynamic = 1 << 20, kLongestStrings = 64 << 20;
constexpr std::uint64_t kLongestInterpreter = 4096;

// Numbers of the file's own order and width, at places that a header of this width has.
struct ElfFields {
  std::string_view bytes{};
  Endian endian = Endian::little;
  bool wide = true;

  std::uint64_t number(std::size_t at, unsigned width) const {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i) {
      const std::size_t from = endian == Endian::big ? at + i : at + width - 1 - i;
      value = value << 8 | static_cast<unsigned char>(bytes.at(from));
    }
    return value;
  }
  std::uint64_t word(std::size_t at32, std::size_t at64) const { return wide ? number(at64, 8) : number(at32, 4); }
};

struct Segment {
  std::uint64_t type = 0, offset = 0, address = 0, length = 0;
};

Error elf_damage(std::string what) { return {.code = Errc::corrupt, .what = std::move(what)}; }

class ElfReader {
 public:
  ElfReader(const ReadAt& read, std::uint64_t size) : read_(read), size_(size) {}

  Result<ElfFile> run(std::string head) {
    const bool wide = head[EI_CLASS] == ELFCLASS64;
    const bool known_class = wide || head[EI_CLASS] == ELFCLASS32;
    const bool big = head[EI_DATA] == ELFDATA2MSB;
    if (!known_class || (!big && head[EI_DATA] != ELFDATA2LSB))
      return Fail(elf_damage("it is an ELF of no known class or byte order"));
    if (head.size() < (wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
      return Fail(elf_damage(fmt::format("it is an ELF that ends at byte {}, within its header", size_)));
    fields_ = {.bytes = head, .endian = big ? Endian::big : Endian::little, .wide = wide};
    file_.bits = wide ? 64 : 32;
    file_.endian = fields_.endian;
    file_.type = static_cast<unsigned>(fields_.number(16, 2));
    file_.machine = static_cast<unsigned>(fields_.number(18, 2));
    file_.flags = static_cast<std::uint32_t>(fields_.number(wide ? 48 : 36, 4));
    SWAGE_CHECK(
        within("sections", fields_.word(32, 40), fields_.number(wide ? 60 : 48, 2), fields_.number(wide ? 58 : 46, 2)));
    const std::uint64_t at = fields_.word(28, 32);
    const std::uint64_t count = fields_.number(wide ? 56 : 44, 2), each = fields_.number(wide ? 54 : 42, 2);
    SWAGE_CHECK(within("program headers", at, count, each));
    if (count > kMostHeaders || (count > 0 && each < (wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr))))
      return Fail(elf_damage("it is an ELF whose program headers are none"));
    SWAGE_TRY(const std::string headers, exactly(at, count * each));
    for (std::uint64_t i = 0; i < count; ++i)
      SWAGE_CHECK(add_segment(std::string_view(headers).substr(i * each, each)));
    SWAGE_CHECK(read_interpreter());
    SWAGE_CHECK(read_dynamic());
    return std::move(file_);
  }

 private:
  Result<void> within(const char* what, std::uint64_t offset, std::uint64_t count, std::uint64_t each) const {
    if (offset == 0 || count == 0) return {};
    if (offset > size_ || count * each > size_ - offset)
      return Fail(elf_damage(fmt::format("it is an ELF that ends at byte {}, and its {} are said to end at {}", size_,
                                         what, offset + count * each)));
    return {};
  }

  Result<std::string> exactly(std::uint64_t offset, std::uint64_t length) const {
    if (length == 0) return std::string();
    if (offset > size_ || length > size_ - offset)
      return Fail(elf_damage(fmt::format("it is an ELF that ends at byte {}, and what it is made of at {}", size_,
                                         offset > UINT64_MAX - length ? UINT64_MAX : offset + length)));
    SWAGE_TRY(std::string bytes, read_(offset, length));
    if (bytes.size() != length) return Fail(elf_damage("it is an ELF with a hole in it"));
    return bytes;
  }

  Result<void> add_segment(std::string_view bytes) {
    const ElfFields of{.bytes = bytes, .endian = fields_.endian, .wide = fields_.wide};
    const Segment one{.type = of.number(0, 4),
                      .offset = of.word(4, 8),
                      .address = of.word(8, 16),
                      .length = of.word(16, 32)};
    if (one.type == PT_LOAD && (one.offset > size_ || one.length > size_ - one.offset))
      return Fail(elf_damage(fmt::format("it is an ELF that ends at byte {}, and is loaded up to byte {}", size_,
                                         one.offset > UINT64_MAX - one.length ? UINT64_MAX : one.offset + one.length)));
    segments_.push_back(one);
    return {};
  }

  const Segment* segment(std::uint64_t type) const {
    const auto at =
        std::find_if(segments_.begin(), segments_.end(), [&](const Segment& one) { return one.type == type; });
    return at == segments_.end() ? nullptr : &*at;
  }

  Result<void> read_interpreter() {
    const Segment* one = segment(PT_INTERP);
    if (!one) return {};
    if (one->length > kLongestInterpreter) return Fail(elf_damage("it is an ELF whose interpreter is no path"));
    SWAGE_TRY(const std::string text, exactly(one->offset, one->length));
    file_.interpreter = text.substr(0, text.find('\0'));
    return {};
  }

  Result<void> read_dynamic() {
    const Segment* one = segment(PT_DYNAMIC);
    if (!one) return {};
    if (one->length > kLongestDynamic) return Fail(elf_damage("it is an ELF whose dynamic section is none"));
    SWAGE_TRY(const std::string bytes, exactly(one->offset, one->length));
    const ElfFields of{.bytes = bytes, .endian = fields_.endian, .wide = fields_.wide};
    const std::size_t each = fields_.wide ? 16 : 8;
    std::vector<std::uint64_t> needed, search;
    std::uint64_t strings_at = 0, strings_size = 0;
    for (std::size_t at = 0; at + each <= bytes.size(); at += each) {
      const std::uint64_t tag = of.word(at, at), value = of.word(at + 4, at + 8);
      if (tag == DT_NULL) break;
      if (tag == DT_NEEDED) needed.push_back(value);
      if (tag == DT_RPATH || tag == DT_RUNPATH) search.push_back(value);
      if (tag == DT_STRTAB) strings_at = value;
      if (tag == DT_STRSZ) strings_size = value;
    }
    if (needed.empty() && search.empty()) return {};
    if (strings_size > kLongestStrings) return Fail(elf_damage("it is an ELF whose table of names is none"));
    SWAGE_TRY(const std::uint64_t offset, offset_of(strings_at));
    SWAGE_TRY(const std::string strings, exactly(offset, strings_size));
    const auto name = [&](std::uint64_t at) -> Result<std::string> {
      if (at >= strings.size()) return Fail(elf_damage("it is an ELF whose names are not in its table of names"));
      return strings.substr(at, strings.find('\0', at) - at);
    };
    for (const std::uint64_t at : needed) {
      SWAGE_TRY(std::string one_name, name(at));
      file_.needed.push_back(std::move(one_name));
    }
    for (const std::uint64_t at : search) {
      SWAGE_TRY(const std::string paths, name(at));
      for (const std::string_view path : split(paths, ':'))
        if (!path.empty()) file_.search.emplace_back(path);
    }
    return {};
  }

  Result<std::uint64_t> offset_of(std::uint64_t address) const {
    for (const Segment& one : segments_)
      if (one.type == PT_LOAD && address >= one.address && address - one.address < one.length)
        return one.offset + (address - one.address);
    return Fail(elf_damage("it is an ELF whose table of names is not loaded"));
  }

  const ReadAt& read_;
  const std::uint64_t size_;
  ElfFields fields_{};
  ElfFile file_{};
  std::vector<Segment> segments_{};
};

// Flags of e_flags, as the ABI of each processor has them.
constexpr std::uint32_t kMipsN32 = 0x20, kRiscvFloat = 6, kLoongArchFloat = 7, kPowerAbi = 3;

std::string float_of(const std::string& abi) {
  return abi.ends_with('d') ? "double" : abi.ends_with('f') ? "single" : "soft";
}

// How calls are made, where the flags say it: what the file is made for, and what the platform has. Empty: nothing.
std::pair<std::string, std::string> calls(const ElfFile& file, const Platform& platform) {
  const auto abi = platform.gcc.find("abi");
  const std::string own = abi == platform.gcc.end() ? "" : abi->second;
  if (file.machine == EM_ARM) {
    if (const unsigned version = EF_ARM_EABI_VERSION(file.flags) >> 24; version != 5)
      return {fmt::format("EABI {}", version), "EABI 5"};
    const bool hard = (file.flags & EF_ARM_ABI_FLOAT_HARD) != 0, soft = (file.flags & EF_ARM_ABI_FLOAT_SOFT) != 0;
    if (hard || soft)
      return {hard ? "hard float" : "soft float", platform.float_abi == "hard" ? "hard float" : "soft float"};
  } else if (file.machine == EM_MIPS && file.bits == 32) {
    return {(file.flags & kMipsN32) != 0 ? "n32" : "o32", own == "n32" ? "n32" : "o32"};
  } else if (file.machine == EM_PPC64 && (file.flags & kPowerAbi) != 0) {
    if (!own.empty()) return {fmt::format("elfv{}", file.flags & kPowerAbi), own};
  } else if (file.machine == EM_RISCV && !own.empty()) {
    static const char* const floats[] = {"soft", "single", "double", "quad"};
    return {fmt::format("{} float", floats[(file.flags & kRiscvFloat) >> 1]), float_of(own) + " float"};
  } else if (file.machine == EM_LOONGARCH && !own.empty()) {
    static const char* const floats[] = {"?", "soft", "single", "double", "?", "?", "?", "?"};
    return {fmt::format("{} float", floats[file.flags & kLoongArchFloat]), float_of(own) + " float"};
  }
  return {};
}

bool is_of(const ElfFile& file, const Platform& platform) {
  return platform.elf_machine == static_cast<int>(file.machine) && platform.elf_class == file.bits &&
         platform.endian == file.endian;
}

}  // namespace

Result<std::optional<ElfFile>> read_elf(const ReadAt& read, std::uint64_t size) {
  std::optional<ElfFile> none;
  SWAGE_TRY(std::string head, read(0, sizeof(Elf64_Ehdr)));
  if (!head.starts_with(std::string_view(ELFMAG, SELFMAG))) return none;
  if (head.size() < EI_NIDENT)
    return Fail(elf_damage(fmt::format("it is an ELF that ends at byte {}, within its header", size)));
  SWAGE_TRY(ElfFile file, ElfReader(read, size).run(std::move(head)));
  return std::optional(std::move(file));
}

std::string why_foreign(const ElfFile& file, const Platform& platform, std::span<const Platform> known) {
  if (!is_of(file, platform)) {
    for (const Platform& one : known)
      if (is_of(file, one)) return fmt::format("of {}", one.name);
    return fmt::format("of machine {}, {} bits, {} endian", file.machine, file.bits,
                       file.endian == Endian::big ? "big" : "little");
  }
  if (file.is_module()) return "";
  const auto [made_for, has] = calls(file, platform);
  return made_for == has ? "" : fmt::format("made for {}", made_for);
}

}  // namespace swage
