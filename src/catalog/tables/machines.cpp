#include <set>

#include "catalog/state.hpp"
#include "catalog/tables/readers.hpp"

namespace swage {

namespace {

void read_like(const FieldInput& in, MachineRow& row) {
  read_field(in, row.like);
  row.like_pos = in.document.pos(in.value.span);
}

void read_icount(const FieldInput& in, MachineRow& row) {
  read_field(in, row.icount);
  if (!in.is(TomlValue::Kind::string)) return;
  if (row.icount == "none" || (row.icount.starts_with("shift=") && row.icount.find(' ') == std::string::npos)) return;
  in.report(
      {.what = fmt::format("'{}' is neither 'none' nor a ratio for QEMU's -icount: shift=6,sleep=on", row.icount)});
}

void read_extra_config(const FieldInput& in, MachineRow& row) {
  MachineRow lines;
  read_config(in, lines);
  row.extra_config = std::move(lines.config);
}

template <auto Member>
void take(const MachineRow& from, MachineRow& row) {
  row.*Member = from.*Member;
}

// What a row has of the one that it is like, unless it says it itself. Not what it is for.
constexpr std::pair<const char*, void (*)(const MachineRow&, MachineRow&)> kTaken[] = {
    {"defconfig", take<&MachineRow::defconfig>},
    {"image_target", take<&MachineRow::image_target>},
    {"image", take<&MachineRow::image>},
    {"make_args", take<&MachineRow::make_args>},
    {"config", take<&MachineRow::config>},
    {"extra_config", take<&MachineRow::extra_config>},
    {"qemu", take<&MachineRow::qemu>},
    {"qemu_root", take<&MachineRow::qemu_root>},
    {"qemu_args", take<&MachineRow::qemu_args>},
    {"icount", take<&MachineRow::icount>},
    {"extra_qemu_args", take<&MachineRow::extra_qemu_args>},
    {"cmdline", take<&MachineRow::cmdline>},
    {"dtb", take<&MachineRow::dtb>},
    {"timeout", take<&MachineRow::timeout>},
};

// Makes one row whole, after the one that it is like. `path`: the rows that are being made whole.
void make_whole(std::vector<MachineRow>& rows, MachineRow& row, std::vector<std::string>& path,
                std::set<std::string>& whole, Findings& findings) {
  if (row.like.empty() || !whole.insert(row.name).second) return;
  const auto from =
      std::find_if(rows.begin(), rows.end(), [&](const MachineRow& other) { return other.name == row.like; });
  if (from == rows.end()) {
    std::vector<std::string> known;
    for (const MachineRow& other : rows) known.push_back(other.name);
    Error error{.what = fmt::format("'{}' is not a [[machine]]", row.like),
                .where = row.like_pos,
                .hint = did_you_mean(row.like, known)};
    if (error.hint.empty())
      error.hint = "a row is called by its platform and its kernels as they are written: 'mipsel', 'mipsel <5.5'";
    findings.errors.push_back(std::move(error));
    return;
  }
  path.push_back(fmt::format("'{}'", row.name));
  if (const auto again = std::find(path.begin(), path.end(), fmt::format("'{}'", from->name)); again != path.end()) {
    std::vector<std::string> circle(again, path.end());
    circle.push_back(*again);
    findings.errors.push_back({.what = fmt::format("{} is like itself: {}", *again, join(circle, " is like ")),
                               .where = row.like_pos,
                               .hint = "one row of them must say all of its keys itself"});
  } else {
    make_whole(rows, *from, path, whole, findings);
    for (const auto& [key, take_key] : kTaken)
      if (!row.given.contains(key)) take_key(*from, row);
  }
  path.pop_back();
}

}  // namespace

void make_machines_whole(std::vector<MachineRow>& rows, const CommonMachine& common, Findings& findings) {
  std::vector<std::string> path;
  std::set<std::string> whole;
  for (MachineRow& row : rows) make_whole(rows, row, path, whole, findings);
  for (MachineRow& row : rows) {
    for (const char* key : {"defconfig", "image_target", "image"})   // of a row that is like another, that one's
      if (row.like.empty() && !row.given.contains(key) && !row.origin.is_wrong(key))
        findings.errors.push_back(
            {.what = fmt::format("'{}' is missing in [[machine]]", key), .where = row.origin.pos});
    row.config.insert(row.config.begin(), common.config.begin(), common.config.end());
    row.config.insert(row.config.end(), row.extra_config.begin(), row.extra_config.end());
    if (!row.icount.empty()) row.qemu_args.insert(row.qemu_args.end(), {"-icount", row.icount});
    row.qemu_args.insert(row.qemu_args.end(), row.extra_qemu_args.begin(), row.extra_qemu_args.end());
  }
}

const Schema<CommonMachine>& common_machine_schema() {
  static const Schema<CommonMachine> schema =
      Schema<CommonMachine>("[common]").optional("config", read_config<CommonMachine>);
  return schema;
}

const Schema<MachineRow>& machine_schema() {
  static const Schema<MachineRow> schema = Schema<MachineRow>("[[machine]]")
      .required("platform", reference(&MachineRow::platform, NameOf::platform))
      .optional("kernels", &MachineRow::kernels)
      .optional("like", read_like)
      .optional("defconfig", place(&MachineRow::defconfig))
      .optional("image_target", &MachineRow::image_target)
      .optional("image", place(&MachineRow::image))
      .optional("make_args", &MachineRow::make_args)
      .optional("config", read_config<MachineRow>)
      .optional("extra_config", read_extra_config)
      .optional("qemu", &MachineRow::qemu)
      .optional("qemu_root", reference(&MachineRow::qemu_root, NameOf::root))
      .optional("qemu_args", &MachineRow::qemu_args)
      .optional("icount", read_icount)
      .optional("extra_qemu_args", &MachineRow::extra_qemu_args)
      .optional("cmdline", &MachineRow::cmdline)
      .optional("dtb", place(&MachineRow::dtb))
      .optional("timeout", &MachineRow::timeout)
      .optional("override", read_override<MachineRow>);
  return schema;
}

}  // namespace swage
