// What is in the root file systems of images.
#include "catalog/tables/image_readers.hpp"

namespace swage {

namespace {

using Kind = TomlValue::Kind;

// A field of passwd(5), group(5) or inittab(5): these divide lines by colons.
void read_passwd_field(const FieldInput& in, std::string& out) {
  read_field(in, out);
  if (in.value.kind == Kind::string && out.find_first_of(":\n") != std::string::npos)
    in.report({.what = fmt::format("'{}' is one field of a line: it has no colon and is one line", in.name)});
}
template <class Row>
typename Schema<Row>::Reader passwd_field(std::string Row::*member) {
  return [member](const FieldInput& in, Row& row) { read_passwd_field(in, row.*member); };
}

template <class Row>
typename Schema<Row>::Reader account_name(std::string Row::*member) {
  return [member](const FieldInput& in, Row& row) {
    read_field(in, row.*member);
    const std::string& name = row.*member;
    if (in.value.kind != Kind::string) return;
    const bool begins = !name.empty() && ((name[0] >= 'a' && name[0] <= 'z') || name[0] == '_');
    if (!begins || name.size() > 32 || name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != name.npos)
      in.report({.what = fmt::format("'{}' is no name of a user or group: small letters, digits, - and _", name)});
  };
}

template <class Row>
typename Schema<Row>::Reader account_id(std::string Row::*member) {
  return [member](const FieldInput& in, Row& row) {
    unsigned id = 0;
    read_field(in, id);
    row.*member = std::to_string(id);
  };
}

// One line each.
template <class Row>
typename Schema<Row>::Reader lines(std::vector<std::string> Row::*member) {
  return [member](const FieldInput& in, Row& row) {
    read_field(in, row.*member);
    for (const TomlValue& item : in.value.items)
      if (item.kind == Kind::string && item.text.find('\n') != std::string::npos)
        in.with(item, in.name).report({.what = fmt::format("each of '{}' is one line", in.name)});
  };
}

const Schema<UserRow>& user_schema() {
  static const Schema<UserRow> schema = Schema<UserRow>("[[part.user]]")
      .required("name", account_name(&UserRow::name))
      .optional("id", account_id(&UserRow::id))
      .optional("group", account_name(&UserRow::group))
      .optional("home", passwd_field(&UserRow::home))
      .optional("shell", passwd_field(&UserRow::shell))
      .optional("password", passwd_field(&UserRow::password))
      .optional("groups", &UserRow::groups)
      .optional("keys", lines(&UserRow::keys));
  return schema;
}

const Schema<UserGroupRow>& user_group_schema() {
  static const Schema<UserGroupRow> schema = Schema<UserGroupRow>("[[part.group]]")
      .required("name", account_name(&UserGroupRow::name))
      .optional("id", account_id(&UserGroupRow::id));
  return schema;
}

void read_run(const FieldInput& in, ServiceRow& row) {
  read_field(in, row.run);
  if (row.run.find('\n') != std::string::npos) in.report({.what = "'run' is one line: what is longer is a file"});
}

const Schema<ServiceRow>& service_schema() {
  static const Schema<ServiceRow> schema = Schema<ServiceRow>("[[part.service]]")
      .required("name", &ServiceRow::name)
      .optional("run", read_run)
      .optional("when", word(&ServiceRow::when, same_words({"start", "keep", "once", "stop", "ctrl-alt-del", "never"})))
      .optional("tty", passwd_field(&ServiceRow::tty));
  return schema;
}

template <class Row>
typename Schema<PartRow>::Reader rows_of(std::vector<Row> PartRow::*member, const Schema<Row>& schema) {
  return [member, &schema](const FieldInput& in, PartRow& part) {
    (part.*member).clear();
    if (!in.is(Kind::array)) return;
    for (const TomlValue& item : in.value.items) {
      if (!in.with(item, in.name).is(Kind::table)) continue;
      Row& row = (part.*member).emplace_back();
      schema.read(in.document, item, row, Presence::whole, in.findings);
      row.pos = in.document.pos(item.span);
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
    read_field(in.with(entry.value, entry.key), part.programs[entry.key]);
}

void read_boots(const FieldInput& in, PartRow& part) {
  read_field(in, part.boots);
  if (in.value.kind == Kind::integer && (part.boots < 1 || part.boots > 9))
    in.report({.what = "'boots' is a number from 1 to 9"});
}

}  // namespace

const Schema<PartRow>& part_schema() {
  static const Schema<PartRow> schema = Schema<PartRow>("[[part]]")
      .required("name", &PartRow::name)
      .required("summary", &PartRow::summary)
      .optional("to", names_at(&PartRow::to))
      .optional("boards", names_at(&PartRow::boards))
      .optional("host", read_host)
      .optional("packages", read_part_packages)
      .optional("programs", read_programs)
      .optional("user", rows_of(&PartRow::users, user_schema()))
      .optional("group", rows_of(&PartRow::groups, user_group_schema()))
      .optional("service", rows_of(&PartRow::services, service_schema()))
      .optional("files", &PartRow::files)
      .optional("login", &PartRow::login)
      .optional("password", &PartRow::password)
      .optional("checks", lines(&PartRow::checks))
      .optional("card", [](const FieldInput& in, PartRow& row) { read_bytes(in, row.card); })
      .optional("boots", read_boots)
      .optional("modules", &PartRow::modules)
      .optional("drivers", &PartRow::drivers)
      .optional("firmware", root_files(&PartRow::firmware, "to"))
      .optional("cmdline", &PartRow::cmdline)
      .optional("override", read_override<PartRow>);
  return schema;
}

const Schema<UserlandRow>& userland_schema() {
  static const Schema<UserlandRow> schema = Schema<UserlandRow>("[[userland]]")
      .required("name", &UserlandRow::name)
      .required("summary", &UserlandRow::summary)
      .required("parts", names_at(&UserlandRow::parts))
      .optional("override", read_override<UserlandRow>);
  return schema;
}

}  // namespace swage
