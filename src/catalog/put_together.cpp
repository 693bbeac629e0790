// A userland out of its parts.
#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "base/text.hpp"
#include "catalog/images.hpp"

namespace swage {

namespace {

constexpr unsigned kFirstId = 1000;

template <class Row>
Row& row_for(std::vector<Row>& rows, const std::string& name) {
  const auto at = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.name == name; });
  if (at != rows.end()) return *at;
  rows.emplace_back().name = name;
  return rows.back();
}

void take(std::string& into, const std::string& said) {
  if (!said.empty()) into = said;
}
void add_new(std::vector<std::string>& into, const std::vector<std::string>& more) {
  for (const std::string& one : more)
    if (std::find(into.begin(), into.end(), one) == into.end()) into.push_back(one);
}

void merge(UserRow& into, const UserRow& row) {
  take(into.id, row.id);
  take(into.group, row.group);
  take(into.home, row.home);
  take(into.shell, row.shell);
  take(into.password, row.password);
  add_new(into.groups, row.groups);
  add_new(into.keys, row.keys);
  into.pos = row.pos;
}
void merge(UserGroupRow& into, const UserGroupRow& row) {
  take(into.id, row.id);
  into.pos = row.pos;
}
void merge(ServiceRow& into, const ServiceRow& row) {
  take(into.run, row.run);
  take(into.when, row.when);
  take(into.tty, row.tty);
  into.pos = row.pos;
}
template <class Row>
void merge(std::vector<Row>& into, const std::vector<Row>& rows) {
  for (const Row& row : rows) merge(row_for(into, row.name), row);
}

void add(Userland& userland, const PartRow& part) {
  PartRow& whole = userland.whole;
  if (!part.host.text.empty()) whole.host = part.host;
  take(whole.login, part.login);
  take(whole.password, part.password);
  add_new(whole.checks, part.checks);
  whole.card = std::max(whole.card, part.card);
  whole.boots = std::max(whole.boots, part.boots);
  add_new(whole.modules, part.modules);
  add_new(whole.drivers, part.drivers);
  whole.firmware.insert(whole.firmware.end(), part.firmware.begin(), part.firmware.end());
  if (!part.cmdline.empty()) whole.cmdline += (whole.cmdline.empty() ? "" : " ") + part.cmdline;
  for (const auto& [path, file] : part.files) whole.files[path] = file;
  merge(whole.users, part.users);
  merge(whole.groups, part.groups);
  merge(whole.services, part.services);
  for (const std::string& package : part.packages) userland.packages[package] = {};
  for (const auto& [package, files] : part.programs) {
    const auto [at, is_new] = userland.packages.emplace(package, files);
    if (!is_new && !at->second.empty()) add_new(at->second, files);
  }
}

template <class Row>
void check_numbers(const std::vector<Row>& rows, std::string_view what, std::vector<Error>& errors) {
  std::map<std::string, const Row*> taken;
  for (const Row& row : rows) {
    if (row.id.empty()) continue;
    const auto [other, is_new] = taken.emplace(row.id, &row);
    if (!is_new)
      errors.push_back({.what = fmt::format("two {} have the number {}: '{}' and '{}'", what, row.id,
                                            other->second->name, row.name),
                        .where = row.pos});
  }
}

// Gives users and groups their numbers, and says them in lines.
class Accounts {
 public:
  Accounts(PartRow& whole, std::vector<Error>& errors) : whole_(whole), errors_(errors) {}

  void settle(Userland& userland) {
    for (UserRow& user : whole_.users)
      if (user.group.empty()) row_for(whole_.groups, user.group = user.name).pos = user.pos;
    number(whole_.users, "users");
    // A group that is a user's own has the user's number, where no other has it.
    std::set<std::string> taken;
    for (const UserGroupRow& group : whole_.groups) taken.insert(group.id);
    for (UserGroupRow& group : whole_.groups)
      for (const UserRow& user : whole_.users)
        if (group.id.empty() && group.name == user.group && group.name == user.name && taken.insert(user.id).second)
          group.id = user.id;
    number(whole_.groups, "groups");
    for (const UserRow& user : whole_.users) userland.passwd.push_back(line_of(user));
    for (const UserGroupRow& group : whole_.groups) userland.group.push_back(line_of(group));
  }

 private:
  template <class Row>
  void number(std::vector<Row>& rows, std::string_view what) {
    check_numbers(rows, what, errors_);
    std::set<std::string> taken;
    for (const Row& row : rows) taken.insert(row.id);
    unsigned next = kFirstId;
    for (Row& row : rows) {
      if (!row.id.empty()) continue;
      while (taken.contains(std::to_string(next))) ++next;
      row.id = std::to_string(next);
      taken.insert(row.id);
    }
  }

  std::string line_of(const UserRow& user) {
    const auto own = std::find_if(whole_.groups.begin(), whole_.groups.end(),
                                  [&](const UserGroupRow& group) { return group.name == user.group; });
    std::vector<std::string> known;
    for (const UserGroupRow& group : whole_.groups) known.push_back(group.name);
    std::vector<std::string> named = user.groups;
    named.push_back(user.group);
    for (const std::string& name : named)
      if (std::find(known.begin(), known.end(), name) == known.end())
        errors_.push_back({.what = fmt::format("'{}' of the user '{}' is not a group", name, user.name),
                           .where = user.pos,
                           .hint = did_you_mean(name, known)});
    return fmt::format("{}:{}:{}:{}:{}:{}:{}", user.name, user.password.empty() ? "*" : user.password, user.id,
                       own == whole_.groups.end() ? user.id : own->id, user.name,
                       user.home.empty() ? "/home/" + user.name : user.home,
                       user.shell.empty() ? "/bin/sh" : user.shell);
  }

  std::string line_of(const UserGroupRow& group) const {
    std::vector<std::string> members;
    for (const UserRow& user : whole_.users)
      if (std::find(user.groups.begin(), user.groups.end(), group.name) != user.groups.end())
        members.push_back(user.name);
    return fmt::format("{}:x:{}:{}", group.name, group.id, join(members, ","));
  }

  PartRow& whole_;
  std::vector<Error>& errors_;
};

bool names(const std::vector<NameAt>& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(), [&](const NameAt& one) { return one.text == name; });
}

}  // namespace

void check_account_numbers(const PartRow& part, std::vector<Error>& errors) {
  check_numbers(part.users, "users", errors);
  check_numbers(part.groups, "groups", errors);
}

Userland put_together(const ImageTables& tables, const UserlandRow& userland, std::string_view board,
                      const std::vector<const AxisRow*>& axes, std::vector<Error>& errors) {
  std::vector<NameAt> named = userland.parts;
  for (const AxisRow* axis : axes) named.insert(named.end(), axis->parts.begin(), axis->parts.end());
  for (const PartRow& part : tables.parts)
    if (names(part.to, userland.name) && !names(named, part.name)) named.push_back({part.name});
  Userland made;
  for (const NameAt& name : named)
    for (const PartRow& part : tables.parts)
      if (part.name == name.text && (part.boards.empty() || names(part.boards, board))) add(made, part);
  for (const ServiceRow& service : made.whole.services)
    if (service.when != "never" && (service.run.empty() || service.when.empty()))
      errors.push_back({.what = fmt::format("the service '{}' does not say '{}'", service.name,
                                            service.run.empty() ? "run" : "when"),
                        .where = service.pos});
  Accounts(made.whole, errors).settle(made);
  const std::string& login = made.whole.login;
  const auto is_its_user = [&](const UserRow& user) { return login.starts_with(user.name + ":"); };
  if (std::none_of(made.whole.users.begin(), made.whole.users.end(), is_its_user))
    errors.push_back({.what = fmt::format("'{}' has no 'login' that a boot can take: USER:PASSWORD, of a user of it",
                                          userland.name),
                      .where = userland.origin.pos});
  return made;
}

}  // namespace swage
