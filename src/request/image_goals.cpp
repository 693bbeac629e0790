#include "request/image_goals.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <mutex>

#include "catalog/boot_config.hpp"

namespace swage {

Result<void> check_can_be_made(const ImageRow& image) {
  if (image.planned.empty()) return {};
  return Fail(Error{.code = Errc::unsatisfiable,
                    .what = fmt::format("'{}{}' cannot be made yet", kImageTarget, image.name),
                    .notes = {image.planned},
                    .hint = "see which can with: swage list images"});
}

Result<void> look_up_image(const Catalog& catalog, Target& target) {
  if (!target.version.empty())
    return Fail(Error{.what = fmt::format("'{}' is not a target", target.text),
                      .hint = fmt::format("an image has no versions: {}", target.name)});
  SWAGE_TRY(const ImageTables* tables, catalog.image_tables());
  SWAGE_TRY(target.image, tables->image(std::string_view(target.name).substr(kImageTarget.size())));
  SWAGE_CHECK(check_can_be_made(*target.image));
  target.recipe = kImageRecipe;
  SWAGE_TRY(const TargetRow* asks, catalog.target(kImageRecipe));
  target.asks = *asks;
  return {};
}

Result<std::vector<std::string>> without_groups(Session& session, const Catalog& catalog,
                                                const std::vector<std::string>& targets) {
  std::vector<std::string> texts;
  for (const std::string& text : targets) {
    const GroupRow* group = nullptr;
    const ImageTables* tables = nullptr;
    if (text.starts_with(kImageTarget)) {
      SWAGE_TRY(tables, catalog.image_tables());
      group = tables->group(std::string_view(text).substr(kImageTarget.size()));
    }
    if (!group) {
      texts.push_back(text);
      continue;
    }
    std::size_t planned = 0;
    const std::size_t before = texts.size();
    for (const ImageRow* image : tables->images_of(*group)) {
      if (image->planned.empty()) texts.push_back(std::string(kImageTarget) + image->name);
      else ++planned;
    }
    if (texts.size() == before)
      return Fail(Error{.code = Errc::unsatisfiable,
                        .what = fmt::format("none of the images of '{}' can be made yet", text),
                        .hint = "see why with: swage list images"});
    if (planned)
      session.reporter().on(Message{fmt::format("note: '{}' is without {} image{} that {} only planned", text, planned,
                                                planned == 1 ? "" : "s", planned == 1 ? "is" : "are")});
  }
  return texts;
}

Result<void> check_tree_of_images(const TargetOptions& options, const std::vector<Target>& targets) {
  if (options.src.empty() || targets.empty()) return {};
  const auto takes_none = [](const Target& target) { return target.image && !target.image->is_of_vendor(); };
  if (!std::all_of(targets.begin(), targets.end(), takes_none)) return {};
  return Fail(Error{.what = fmt::format("'--src' says nothing of '{}', whose kernel is the distribution's",
                                        targets.front().text),
                    .hint = "see which have a kernel that is built with: swage list images --json"});
}

std::shared_ptr<const Instance> image_instance(const ImageRow& image) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const Instance>> made;
  std::string libc;
  for (const AxisRow* axis : image.axes)
    if (!axis->libc.empty()) libc = axis->libc;
  const std::scoped_lock lock(mutex);
  std::shared_ptr<const Instance>& instance = made[libc];
  if (!instance)
    instance = std::make_shared<const Instance>(Instance{.name = "image", .libc = libc, .is_static = true});
  return instance;
}

Result<std::vector<const Platform*>> image_platforms(const Catalog& catalog, const TargetOptions& options,
                                                     const Target& target) {
  SWAGE_TRY(const Platform* own, catalog.platform(target.image->board->platform));
  if (options.platforms.empty()) return std::vector{own};
  SWAGE_TRY(const std::vector<const Platform*> named, parse_platforms(catalog, options.platforms));
  const bool is_named = std::find(named.begin(), named.end(), own) != named.end();
  if (is_named || names_all(options.platforms)) return std::vector{own};
  return Fail(Error{.what = fmt::format("'{}' is for '{}', and '--for' names '{}'", target.text, own->name,
                                        named.front()->name),
                    .hint = "leave out --for: the board says it"});
}

}  // namespace swage
