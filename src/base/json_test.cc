#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "espalier/error.h"

namespace espalier::base {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

JsonDocument parse(std::string text, const JsonLimits& limits = {}) {
  return JsonDocument::parse("c.json", std::move(text), limits);
}

// What the error says behind the file's name; empty where there is none.
template <class Read>
std::string error_of(std::string text, Read read, const JsonLimits& limits = {}) {
  try {
    const JsonDocument document = parse(std::move(text), limits);
    read(document.root());
  } catch (const InvalidFile& error) {
    const std::string words = error.what();
    EXPECT_THAT(words, testing::StartsWith("c.json: "));
    return words.substr(8);
  }
  return {};
}

std::string error_of(std::string text, const JsonLimits& limits = {}) {
  return error_of(std::move(text), [](JsonValue) {}, limits);
}

TEST(Json, ReadsEveryKindOfValue) {
  const JsonDocument document = parse(
      R"({"b": true, "i": -7, "u": 18446744073709551615, "r": 1e6, "s": "a\"b\u00e9\ud83d\ude00ä",
          "n": null, "a": [1, [2], {"x": []}], "o": {"k": "v"}})");
  const JsonValue root = document.root();
  EXPECT_TRUE(root.get_bool("b"));
  EXPECT_EQ(root.get_integer<int>("i"), -7);
  EXPECT_EQ(root.get_integer<std::uint64_t>("u"), 18446744073709551615U);
  EXPECT_EQ(root.get_float("r"), 1e6F);
  EXPECT_EQ(root.get_float("i"), -7.0F);
  EXPECT_EQ(root.get_string("s"), "a\"bé😀ä");
  EXPECT_TRUE(root.get("n").is_null());
  EXPECT_EQ(root.get("a").size(), 3U);
  EXPECT_EQ(root.get("o").get_string("k"), "v");
  EXPECT_EQ(root.size(), 8U);
}

TEST(Json, MembersAndElementsComeInTheFilesOrder) {
  const JsonDocument document = parse(R"({"z": [[1, 2], {"q": 3}, "x"], "a": {}, "m": 5})");
  std::vector<std::string> keys;
  for (const JsonMember& member : document.root().members()) keys.emplace_back(member.key);
  EXPECT_THAT(keys, ElementsAre("z", "a", "m"));
  std::vector<JsonKind> kinds;
  for (const JsonValue element : document.root().get("z").elements()) {
    kinds.push_back(element.kind());
  }
  EXPECT_THAT(kinds, ElementsAre(JsonKind::array, JsonKind::object, JsonKind::string));
  EXPECT_TRUE(document.root().get("a").members().empty());
}

TEST(Json, ListsOfOneKindAreVectors) {
  const JsonDocument document = parse(R"({"s": ["a", "", "ä"], "i": [1, -2], "f": [1, 0.5]})");
  EXPECT_THAT(document.root().get_strings("s"), ElementsAre("a", "", "ä"));
  EXPECT_THAT(document.root().get("i").as_integers<int>(), ElementsAre(1, -2));
  EXPECT_THAT(document.root().get("f").as_floats(), ElementsAre(1.0F, 0.5F));
  EXPECT_EQ(error_of(R"({"i": [1, "x"]})", [](auto v) { v.get("i").template as_integers<int>(); }),
            "byte 10 (/i/1): a whole number from -2147483648 to 2147483647 is expected,"
            " not a string");
}

TEST(Json, AMemberThatIsAbsentOrNullIsNothingToFindAndAnErrorToGet) {
  const JsonDocument document = parse(R"({"n": null})");
  const JsonValue root = document.root();
  EXPECT_FALSE(root.find("absent"));
  EXPECT_TRUE(root.find("n"));
  EXPECT_FALSE(root.find_set("n"));
  for (const char* key : {"absent", "n"}) {
    EXPECT_EQ(root.find_bool(key), std::nullopt);
    EXPECT_EQ(root.find_size(key), std::nullopt);
    EXPECT_EQ(root.find_float(key), std::nullopt);
    EXPECT_EQ(root.find_double(key), std::nullopt);
    EXPECT_EQ(root.find_string(key), std::nullopt);
    EXPECT_EQ(root.find_strings(key), std::nullopt);
  }
  EXPECT_EQ(error_of("[{}]", [](auto v) { (*v.elements().begin()).get_size("heads"); }),
            "byte 1 (/0): the key 'heads' is missing");
}

TEST(Json, IntegersAreExactOrRefused) {
  const auto read = [](auto v) { (void)v.get_size("k"); };
  EXPECT_EQ(error_of(R"({"k": 1.0})", read),
            "byte 6 (/k): a whole number from 0 to 18446744073709551615 is expected, not 1.0");
  EXPECT_THAT(error_of(R"({"k": 1e3})", read), HasSubstr("not 1e3"));
  EXPECT_THAT(error_of(R"({"k": -1})", read), HasSubstr("not -1"));
  EXPECT_THAT(error_of(R"({"k": 18446744073709551616})", read),
              HasSubstr("not 18446744073709551616"));
  EXPECT_THAT(error_of(R"({"k": true})", read), HasSubstr("not a boolean"));
  const auto small = [](auto v) { (void)v.template get_integer<std::int8_t>("k"); };
  EXPECT_EQ(error_of(R"({"k": -128})", small), "");
  EXPECT_THAT(error_of(R"({"k": -129})", small),
              HasSubstr("from -128 to 127 is expected, not -129"));
  EXPECT_EQ(parse("-0").root().as_size(), 0U);
}

TEST(Json, ANumbersTextIsAsItWasSpelled) {
  const auto document = JsonDocument::parse("text", R"([1.0, -0, 1e+2, "1"])");
  std::vector<std::string> texts;
  for (const JsonValue value : document.root().elements()) {
    if (!value.is_string()) texts.emplace_back(value.number_text());
  }
  EXPECT_EQ(texts, (std::vector<std::string>{"1.0", "-0", "1e+2"}));
  const auto text = JsonDocument::parse("text", R"("1")");
  EXPECT_THROW((void)text.root().number_text(), InvalidFile);
}

TEST(Json, FloatsThatDoNotFitAreRefusedAndTinyOnesAreZero) {
  EXPECT_THAT(error_of("1e39", [](auto v) { (void)v.as_float(); }), HasSubstr("fits 32 bits"));
  EXPECT_EQ(error_of("[1e400]"), "byte 1 (/0): a number is too large for a double");
  EXPECT_EQ(parse("1e-400").root().as_double(), 0.0);
  EXPECT_EQ(parse("4.9e-324").root().as_double(), 4.9e-324);
}

TEST(Json, AWrongKindNamesBytePathAndBothKinds) {
  const std::string text = R"({"rope": {"a/b~": [0, "yarn"]}})";
  const auto value = [](JsonValue root) {
    return *++root.get("rope").get("a/b~").elements().begin();
  };
  EXPECT_EQ(error_of(text, [&](auto v) { (void)value(v).as_float(); }),
            "byte 22 (/rope/a~1b~0/1): a number is expected, not a string");
  EXPECT_EQ(error_of(text, [](auto v) { (void)v.as_string(); }),
            "byte 0: a string is expected, not an object");
  EXPECT_THAT(error_of(text, [](auto v) { (void)v.elements(); }),
              HasSubstr("an array is expected"));
  EXPECT_THAT(error_of(text, [&](auto v) { (void)value(v).members(); }),
              HasSubstr("an object is expected"));
  EXPECT_THAT(error_of(text, [&](auto v) { (void)value(v).size(); }),
              HasSubstr("an array or an object is expected"));
  EXPECT_THAT(error_of(text, [](auto v) { (void)v.as_bool(); }),
              HasSubstr("a boolean is expected"));
}

TEST(Json, FaultsOfTheTextNameByteAndPath) {
  EXPECT_EQ(error_of(""), "byte 0: unexpected end of input; expected '[', '{', or a literal");
  EXPECT_THAT(error_of(R"({"a": [1, 2)"), HasSubstr("byte 11 (/a/2): unexpected end of input"));
  EXPECT_THAT(error_of(R"({"a": {"b": tru}})"), HasSubstr("byte 15 (/a/b): invalid literal"));
  EXPECT_THAT(error_of("[1,]"), HasSubstr("byte 3 (/1): unexpected ']'"));
  EXPECT_THAT(error_of("[1] x"), HasSubstr("byte 4: invalid literal; expected end of input"));
  EXPECT_THAT(error_of("{\"a\" 1}"), HasSubstr("expected ':'"));
  EXPECT_THAT(error_of("[\"\xff\"]"), HasSubstr("byte 2 (/0): invalid string: ill-formed UTF-8"));
  EXPECT_THAT(error_of("[\"\xed\xa0\x80\"]"), HasSubstr("ill-formed UTF-8"));
  EXPECT_THAT(error_of(R"(["\ud800"])"), HasSubstr("surrogate"));
  EXPECT_THAT(error_of("[\"a\nb\"]"), HasSubstr("control character U+000A"));
  EXPECT_THAT(error_of("[01]"), HasSubstr("byte 2"));
  EXPECT_THAT(error_of("[NaN]"), HasSubstr("invalid literal"));
  EXPECT_THAT(error_of("// no\n1"), HasSubstr("invalid literal"));
}

TEST(Json, AZeroByteDoesNotEndTheText) {
  EXPECT_EQ(error_of(std::string("{}\0 trailing", 12)),
            "byte 2: a zero byte, where JSON text is expected");
  EXPECT_THAT(error_of(std::string("{}\0", 3)), HasSubstr("zero byte"));
  EXPECT_EQ(parse(R"(["a\u0000b"])").root().as_strings()[0], std::string_view("a\0b", 3));
}

TEST(Json, AKeyTwiceInOneObjectIsRefused) {
  EXPECT_EQ(error_of(R"([{"a": 1, "b": {"a": 2}, "a": 3}])"),
            "byte 25 (/0): the key 'a' appears again; it stands at byte 2 already");
  EXPECT_THAT(error_of(R"({"a": 1, "\u0061": 2})"), HasSubstr("the key 'a' appears again"));
  EXPECT_EQ(error_of(R"([{"a": 1}, {"a": 1}])"), "");
}

TEST(Json, LimitsAreKept) {
  EXPECT_EQ(error_of("[[[]]]", {.depth = 3}), "");
  EXPECT_EQ(error_of("[[[]]]", {.depth = 2}),
            "byte 2 (/0/0): arrays and objects stand more than 2 deep in each other");
  EXPECT_THAT(error_of(std::string(1'000'000, '[')), HasSubstr("more than 64 deep"));
  EXPECT_EQ(error_of("[1, 2]", {.values = 3}), "");
  EXPECT_EQ(error_of("[1, 2, 3]", {.values = 3}),
            "byte 7 (/2): there are more than 3 values and keys");
  EXPECT_EQ(error_of("[1, 2]", {.bytes = 5}), "byte 5: the text has 6 bytes; at most 5 are read");
  EXPECT_EQ(error_of("\"" + std::string(98, 'a') + "\"", {.token = 100}), "");
  EXPECT_THAT(error_of("\"" + std::string(99, 'a') + "\"", {.token = 100}), HasSubstr("too long"));
  EXPECT_THAT(error_of(std::string(200, ' ') + "1", {.token = 100}), HasSubstr("too long"));
}

TEST(Json, MessagesShowNothingThatATerminalObeys) {
  const std::string error = error_of("[\"\x1b[2J\x07\"]");
  EXPECT_EQ(error.find('\x1b'), std::string::npos) << error;
  EXPECT_THAT(error_of("{\"\xc3\xa4\\u001b\": x}"), HasSubstr("(/\\xc3\\xa4\\x1b)"));
  EXPECT_LT(error_of("[" + std::string(100'000, 'x')).size(), 300U);
}

TEST(Json, PositionsCountFromWhereTheTextBeginsInTheFile) {
  const JsonDocument document = JsonDocument::parse("c.json", R"( {"a": "b"})", {}, 8);
  EXPECT_EQ(document.root().byte(), 9U);
  EXPECT_EQ(document.root().get("a").byte(), 15U);
  EXPECT_EQ(document.root().get("a").path(), "/a");
}

TEST(Json, AByteOrderMarkIsSkipped) {
  const JsonDocument document = parse("\xef\xbb\xbf{\"a\": 1}");
  EXPECT_EQ(document.root().byte(), 3U);
  EXPECT_EQ(document.root().get_size("a"), 1U);
}

TEST(Json, ADocumentMayBeMovedUnderItsValues) {
  JsonDocument first = parse(R"(["short"])");
  const JsonValue value = *first.root().elements().begin();
  const JsonDocument second = std::move(first);
  EXPECT_EQ(value.as_string(), "short");
}

TEST(Json, AFileThatIsAbsentIsNoInvalidFile) {
  EXPECT_THAT([] { JsonDocument::open("/nonexistent/config.json"); },
              testing::ThrowsMessage<AssetsUnavailable>(HasSubstr("/nonexistent/config.json")));
}

}  // namespace
}  // namespace espalier::base
