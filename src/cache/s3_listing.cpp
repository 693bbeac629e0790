#include "cache/s3_listing.hpp"

#include <charconv>
#include <ctime>
#include <expat.h>
#include <fmt/core.h>
#include <memory>

#include "cache/narinfo.hpp"

namespace swage {

namespace {

constexpr int kDeepest = 16;                  // elements in each other
constexpr std::size_t kLongestText = 4096;    // of one element

struct ParserFree {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};

// 2026-11-30T19:43:45.000Z; none of a text that is no time.
std::optional<std::int64_t> parse_time(const std::string& text) {
  std::tm time{};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (!end || (*end != '\0' && *end != '.' && *end != 'Z')) return std::nullopt;
  return ::timegm(&time);
}

class ListingReader {
 public:
  ListingReader(XML_Parser parser, std::string_view name) : parser_(parser), name_(name) {
    XML_SetUserData(parser, this);
    XML_SetElementHandler(
        parser, [](void* self, const char* element, const char**) { as_reader(self).begin(element); },
        [](void* self, const char* element) { as_reader(self).end(element); });
    XML_SetCharacterDataHandler(parser, [](void* self, const char* text, int size) {
      as_reader(self).add({text, static_cast<std::size_t>(size)});
    });
    // Entities are of use to attackers only.
    XML_SetStartDoctypeDeclHandler(parser, [](void* self, const char*, const char*, const char*, int) {
      as_reader(self).refuse("it has a document type");
    });
  }

  Result<S3Listing> read(std::string_view xml) {
    const XML_Status status = XML_Parse(parser_, xml.data(), static_cast<int>(xml.size()), 1);
    if (wrong_.empty() && status != XML_STATUS_OK) wrong_ = XML_ErrorString(XML_GetErrorCode(parser_));
    if (wrong_.empty() && !is_listing_) wrong_ = "it is no list of a bucket";
    if (wrong_.empty() && goes_on_ != !listing_.next.empty()) wrong_ = "it does not say how it goes on";
    if (!wrong_.empty()) return fail(Errc::corrupt, fmt::format("'{}' cannot be read: {}", name_, wrong_));
    return std::move(listing_);
  }

 private:
  static ListingReader& as_reader(void* self) { return *static_cast<ListingReader*>(self); }

  void refuse(std::string why) {
    if (wrong_.empty()) wrong_ = std::move(why);
    XML_StopParser(parser_, XML_FALSE);
  }

  void begin(const std::string& element) {
    if (++depth_ > kDeepest) return refuse("it is too deep");
    if (depth_ == 1) is_listing_ = element == "ListBucketResult";
    if (depth_ == 2 && element == "Contents") entry_ = {};
    text_.clear();
  }

  void add(std::string_view text) {
    if (text_.size() + text.size() > kLongestText) return refuse("a text of it is too long");
    text_ += text;
  }

  void end(const std::string& element) {
    if (depth_ == 3 && element == "Key") entry_.name = text_;
    if (depth_ == 3 && element == "Size") read_size();
    if (depth_ == 3 && element == "LastModified") {
      if (const std::optional<std::int64_t> time = parse_time(text_)) entry_.modified = *time;
      else refuse("a time of it is none");
    }
    if (depth_ == 2 && element == "Contents" && is_cache_name(entry_.name)) listing_.entries.push_back(entry_);
    if (depth_ == 2 && element == "IsTruncated") goes_on_ = text_ == "true";
    if (depth_ == 2 && element == "NextContinuationToken") listing_.next = text_;
    text_.clear();
    --depth_;
  }

  void read_size() {
    const char* const end = text_.data() + text_.size();
    const auto [at, error] = std::from_chars(text_.data(), end, entry_.size);
    if (error != std::errc() || at != end) refuse("a size of it is none");
  }

  XML_Parser parser_;
  std::string_view name_;
  int depth_ = 0;
  bool is_listing_ = false, goes_on_ = false;
  std::string text_{}, wrong_{};
  CachePlace::Entry entry_{};
  S3Listing listing_{};
};

}  // namespace

Result<S3Listing> parse_s3_listing(std::string_view xml, std::string_view name) {
  if (xml.size() > kLargestListing) return fail(Errc::corrupt, fmt::format("'{}' is too long", name));
  const std::unique_ptr<XML_ParserStruct, ParserFree> parser(XML_ParserCreate("UTF-8"));
  if (!parser) throw std::bad_alloc();
  return ListingReader(parser.get(), name).read(xml);
}

}  // namespace swage
