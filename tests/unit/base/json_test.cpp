#include "base/json.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace swage {
namespace {

TEST(JsonValue, IsAnObjectOrAnArrayByWhatIsInTheBraces) {
  EXPECT_EQ((Json{{"a", 1}, {"b", nullptr}}).dump(), R"({"a":1,"b":null})");
  EXPECT_EQ((Json{{1, 2}, {"b", 3}}).dump(), R"([[1,2],["b",3]])");
  EXPECT_EQ(Json::array().dump(), "[]");
  EXPECT_EQ(Json::object().dump(), "{}");
  EXPECT_EQ(Json().dump(), "null");
}

TEST(JsonValue, WritesEveryKind) {
  const Json json{{"flag", true},
                  {"least", std::numeric_limits<std::int64_t>::min()},
                  {"most", std::numeric_limits<std::uint64_t>::max()},
                  {"real", 0.1},
                  {"whole", 12.0},
                  {"none", std::numeric_limits<double>::infinity()},
                  {"list", std::vector<std::string>{"x", "y"}},
                  {"map", std::map<std::string, std::string>{{"k", "v"}}}};
  EXPECT_EQ(json.dump(), R"({"flag":true,"least":-9223372036854775808,"most":18446744073709551615,"real":0.1,"whole":12.0,"none":null,)"
                         R"("list":["x","y"],"map":{"k":"v"}})");
}

TEST(JsonValue, KeepsTheOrderOfKeys) {
  Json json{{"z", 1}, {"a", 2}};
  json["m"].push_back("new");
  json["z"] = 3;
  json.update({{"a", 4}, {"b", 5}});
  EXPECT_EQ(json.dump(), R"({"z":3,"a":4,"m":["new"],"b":5})");
  json.erase("a");
  json.erase("not there");
  EXPECT_EQ(json.dump(), R"({"z":3,"m":["new"],"b":5})");
}

TEST(JsonValue, IsIndented) {
  EXPECT_EQ((Json{{"a", Json::array()}, {"b", {{"c", {1, 2}}}}}).dump(2),
            "{\n  \"a\": [],\n  \"b\": {\n    \"c\": [\n      1,\n      2\n    ]\n  }\n}");
}

// Another implementation says the same of any text, UTF-8 or not, and of any number.
RC_GTEST_PROP(JsonValue, IsWhatAnotherImplementationWrites, (const std::string& bytes, double number)) {
  using Other = nlohmann::ordered_json;
  for (const std::string& text : {bytes, "\xf0\x9f\x98\x80\xed\xa0\x80\xe2\x82" + bytes, bytes + "\xf4\x90\x80\x80\xc0\xaf\x7f\xc3\xa4\xef\xbf"}) {
    RC_ASSERT(json_string(text) == Other(text).dump(-1, ' ', false, Other::error_handler_t::replace));
    RC_ASSERT(json_string(text, JsonAscii::yes) == Other(text).dump(-1, ' ', true, Other::error_handler_t::replace));
  }
  RC_ASSERT(Json(number).dump() == Other(number).dump());
}

}  // namespace
}  // namespace swage
