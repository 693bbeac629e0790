// What is in the root file systems of images.
#include "base/visible.hpp"
#include "catalog/tables/image_readers.hpp"

namespace swage {

namespace {

using Kind = TomlValue::Kind;

std::string as_account(std::string_view, const std::string& name) {
  const bool begins = !name.empty() && ((name[0] >= 'a' && name[0] <= 'z') || name[0] == '_');
  if (begins && name.size() <= 32 && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == name.npos)
    return "";
  return fmt::format("'{}' is no name of a user or group: small letters, digits, - and _", visible_line(name));
}

// What all programs and file systems take for a number; the last one, 65535, means none.
constexpr unsigned kLastId = 65534;

template <class Row>
typename Schema<Row>::Reader account_id(std::string Row::*member) {
  return [member](const FieldInput& in, Row& row) {
    unsigned id = 0;
    read_field(in, id);
    row.*member = std::to_string(id);
    if (id > kLastId) in.report({.what = fmt::format("'{}' is from 0 to {}: {}", in.name, kLastId, id)});
  };
}

const Schema<UserRow>& user_schema() {
  static const Schema<UserRow> schema = Schema<UserRow>("[[part.user]]")
      .required("name", text(&UserRow::name, as_account))
      .optional("id", account_id(&UserRow::id))
      .optional("group", text(&UserRow::group, as_account))
      .optional("home", text(&UserRow::home, as_home))
      .optional("shell", text(&UserRow::shell, as_program))
      .optional("password", text(&UserRow::password, as_password))
      .optional("groups", text(&UserRow::groups, as_account))
      .optional("keys", text(&UserRow::keys, as_ssh_key));
  return schema;
}

const Schema<UserGroupRow>& user_group_schema() {
  static const Schema<UserGroupRow> schema = Schema<UserGroupRow>("[[part.group]]")
      .required("name", text(&UserGroupRow::name, as_account))
      .optional("id", account_id(&UserGroupRow::id));
  return schema;
}

const Schema<ServiceRow>& service_schema() {
  static const Schema<ServiceRow> schema = Schema<ServiceRow>("[[part.service]]")
      .required("name", text(&ServiceRow::name, as_name))
      .optional("run", line(&ServiceRow::run))
      .optional("when", word(&ServiceRow::when, same_words({"start", "keep", "once", "stop", "ctrl-alt-del", "never"})))
      .optional("tty", text(&ServiceRow::tty, as_tty_of_image));
  return schema;
}

template <class Row>
typename Schema<PartRow>::Reader rows_of(std::vector<Row> PartRow::*member, const Schema<Row>& schema) {
  return [member, &schema](const FieldInput& in, PartRow& part) {
    (part.*member).clear();
    if (!in.is(Kind::array)) return;
    for (const TomlValue& item : in.value.items) {
      if (!in.with(item, in.name).is(Kind::table)) continue;
      Row row;
      schema.read(in.document, item, row, Presence::whole, in.findings);
      row.pos = in.document.pos(item.span);
      std::vector<Row>& rows = part.*member;
      const auto same = [&](const Row& other) { return other.name == row.name; };
      if (!row.name.empty() && std::any_of(rows.begin(), rows.end(), same))
        in.with(item, in.name).report({.what = fmt::format("'{}' stands twice in one part", visible_line(row.name))});
      rows.push_back(std::move(row));
    }
  };
}

void read_host(const FieldInput& in, PartRow& part) {
  name_at(&PartRow::host)(in, part);
  const std::string& host = part.host.text;
  constexpr const char* kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
  const bool is_name = !host.empty() && host.size() <= 63 && host.front() != '-' && host.back() != '-' &&
                       host.find_first_not_of(kLetters) == host.npos;
  if (in.value.kind == Kind::string && !is_name && host != "@name@")
    in.report({.what = fmt::format("'{}' is no name of a host: letters, digits and -, at most 63", host)});
}

void read_part_packages(const FieldInput& in, PartRow& part) {
  read_field(in, part.packages);
  in.refer(NameOf::package);
}

// recipe -> files of it
void read_programs(const FieldInput& in, PartRow& part) {
  part.programs.clear();
  if (!in.is(Kind::table)) return;
  in.refer_keys(NameOf::package);
  for (const TomlEntry& entry : in.value.entries)
    read_kind(in.with(entry.value, entry.key), part.programs[entry.key], as_file_of_package);
}

void read_boots(const FieldInput& in, PartRow& part) {
  read_field(in, part.boots);
  if (in.value.kind == Kind::integer && (part.boots < 1 || part.boots > 9))
    in.report({.what = "'boots' is a number from 1 to 9"});
}

}  // namespace

const Schema<PartRow>& part_schema() {
  static const Schema<PartRow> schema = Schema<PartRow>("[[part]]")
      .required("name", text(&PartRow::name, as_name))
      .required("summary", line(&PartRow::summary))
      .optional("to", names_at(&PartRow::to))
      .optional("boards", names_at(&PartRow::boards))
      .optional("host", read_host)
      .optional("packages", read_part_packages)
      .optional("programs", read_programs)
      .optional("user", rows_of(&PartRow::users, user_schema()))
      .optional("group", rows_of(&PartRow::groups, user_group_schema()))
      .optional("service", rows_of(&PartRow::services, service_schema()))
      .optional("files", text_files(&PartRow::files))
      .optional("login", line(&PartRow::login))
      .optional("password", text(&PartRow::password, as_password_pattern))
      .optional("checks", line(&PartRow::checks))
      .optional("card", [](const FieldInput& in, PartRow& row) { read_bytes(in, row.card); })
      .optional("boots", read_boots)
      .optional("modules", text(&PartRow::modules, as_module))
      .optional("drivers", text(&PartRow::drivers, as_module))
      .optional("firmware", root_files(&PartRow::firmware, RootFileUse::root))
      .optional("cmdline", line(&PartRow::cmdline))
      .optional("override", read_override<PartRow>);
  return schema;
}

const Schema<UserlandRow>& userland_schema() {
  static const Schema<UserlandRow> schema = Schema<UserlandRow>("[[userland]]")
      .required("name", text(&UserlandRow::name, as_name))
      .required("summary", line(&UserlandRow::summary))
      .required("parts", names_at(&UserlandRow::parts))
      .optional("override", read_override<UserlandRow>);
  return schema;
}

}  // namespace swage
