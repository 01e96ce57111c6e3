// What a back end without a guide may answer: whatever JSON Schema allows, however it is spelled. A
// small judge of schemas says of random ones, their instances and edits of these what is valid.
#include "framework/schema_fit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/json_text.h"
#include "espalier/error.h"

namespace espalier::framework {
namespace {

using Kind = GeneratedContent::Kind;

bool fits_json(const std::string& json, const std::string& schema) {
  return fits(GeneratedContent::from_json(json), GenerationSchema::from_json(schema));
}

TEST(SchemaFit, ANumberIsWhatItsValueIs) {
  const std::string integer = R"({"type":"integer","minimum":-3,"maximum":3})";
  for (const char* number : {"2", "2.0", "2e0", "0.2E+1", "200e-2", "-0", "-0.0e7", "-30e-1"}) {
    EXPECT_TRUE(fits_json(number, integer)) << number;
  }
  for (const char* number : {"2.5", "25e-1", "2e1", "4", "4.0", "-3.0001", "1e-9"}) {
    EXPECT_FALSE(fits_json(number, integer)) << number;
  }
  EXPECT_TRUE(fits_json("1E2", R"({"const":100})"));
  EXPECT_TRUE(fits_json("75e-2", R"({"type":"number","multipleOf":0.25})"));
  EXPECT_FALSE(fits_json("76e-2", R"({"type":"number","multipleOf":0.25})"));
  EXPECT_TRUE(fits_json("5e-324", R"({"type":"number","exclusiveMinimum":0})"));
  EXPECT_TRUE(fits_json("1e308", R"({"type":"number","exclusiveMinimum":0})"));
  EXPECT_FALSE(
      fits_json("[2,2.0]", R"({"type":"array","items":{"type":"number"},"uniqueItems":true})"));
  EXPECT_TRUE(
      fits_json("[2.0,2.5e0]", R"({"type":"array","items":{"type":"number"},"uniqueItems":true})"));
}

TEST(SchemaFit, NothingThatWasCutFits) {
  const auto schema = GenerationSchema::from_json(R"({"type":"array"})");
  EXPECT_FALSE(fits(GeneratedContent::from_partial_json("[1"), schema));
  EXPECT_TRUE(fits(GeneratedContent::from_partial_json("[1]"), schema));
}

// A schema, and what it says in a form that is easy to judge by. Numbers are hundredths.
struct Rule {
  enum class Type { integer, number, string, boolean, array, object, any_of };
  Type type = Type::boolean;
  std::optional<int> least, most;    // of a number; of an array's items
  std::vector<std::string> choices;  // of a string; empty: all
  bool is_unique = false;            // an array's items
  bool is_open = false;              // an object may have more members
  std::vector<std::string> keys;     // of an object's known members
  std::vector<bool> required;        // each of them
  std::vector<Rule> parts;           // these members; an array's items; what one may be any of
};

std::string json_string(const std::string& text) {
  std::string json;
  base::append_json_string(text, json);
  return json;
}

std::string decimal(int hundredths) { return fmt::format("{}", hundredths / 100.0); }

std::string schema_of(const Rule& rule) {
  std::vector<std::string> words;
  const auto say = [&](const char* key, const std::string& value) {
    words.push_back(fmt::format("\"{}\":{}", key, value));
  };
  const auto say_bounds = [&](const char* least, const char* most, auto spelled) {
    if (rule.least) say(least, spelled(*rule.least));
    if (rule.most) say(most, spelled(*rule.most));
  };
  switch (rule.type) {
    case Rule::Type::integer:
    case Rule::Type::number:
      say("type", rule.type == Rule::Type::integer ? "\"integer\"" : "\"number\"");
      say_bounds("minimum", "maximum", decimal);
      break;
    case Rule::Type::string: {
      say("type", "\"string\"");
      std::vector<std::string> choices;
      for (const std::string& choice : rule.choices) choices.push_back(json_string(choice));
      if (!choices.empty()) say("enum", fmt::format("[{}]", fmt::join(choices, ",")));
      break;
    }
    case Rule::Type::boolean:
      say("type", "\"boolean\"");
      break;
    case Rule::Type::array:
      say("type", "\"array\"");
      say("items", schema_of(rule.parts[0]));
      say_bounds("minItems", "maxItems", [](int count) { return std::to_string(count); });
      if (rule.is_unique) say("uniqueItems", "true");
      break;
    case Rule::Type::object: {
      std::vector<std::string> properties, required;
      for (std::size_t i = 0; i < rule.keys.size(); ++i) {
        const std::string key = json_string(rule.keys[i]);
        properties.push_back(fmt::format("{}:{}", key, schema_of(rule.parts[i])));
        if (rule.required[i]) required.push_back(key);
      }
      say("type", "\"object\"");
      say("properties", fmt::format("{{{}}}", fmt::join(properties, ",")));
      say("required", fmt::format("[{}]", fmt::join(required, ",")));
      if (!rule.is_open) say("additionalProperties", "false");
      break;
    }
    case Rule::Type::any_of: {
      std::vector<std::string> parts;
      for (const Rule& part : rule.parts) parts.push_back(schema_of(part));
      say("anyOf", fmt::format("[{}]", fmt::join(parts, ",")));
      break;
    }
  }
  return fmt::format("{{{}}}", fmt::join(words, ","));
}

int hundredths(const GeneratedContent& number) {
  return static_cast<int>(std::lround(std::stod(std::string(number.text())) * 100));
}

bool is_valid(const GeneratedContent& value, const Rule& rule) {
  const auto within = [&](int number) {
    return (!rule.least || number >= *rule.least) && (!rule.most || number <= *rule.most);
  };
  switch (rule.type) {
    case Rule::Type::integer:
      return value.kind() == Kind::number && hundredths(value) % 100 == 0 &&
             within(hundredths(value));
    case Rule::Type::number:
      return value.kind() == Kind::number && within(hundredths(value));
    case Rule::Type::string:
      return value.kind() == Kind::string &&
             (rule.choices.empty() || std::ranges::count(rule.choices, value.text()) > 0);
    case Rule::Type::boolean:
      return value.kind() == Kind::boolean;
    case Rule::Type::array: {
      if (value.kind() != Kind::array) return false;
      const auto items = value.elements();
      if (!within(static_cast<int>(items.size()))) return false;
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (!is_valid(items[i], rule.parts[0])) return false;
        for (std::size_t j = 0; rule.is_unique && j < i; ++j) {
          if (items[i] == items[j]) return false;
        }
      }
      return true;
    }
    case Rule::Type::object: {
      if (value.kind() != Kind::structure) return false;
      std::size_t known = 0;
      for (std::size_t i = 0; i < rule.keys.size(); ++i) {
        const GeneratedContent* found = value.find(rule.keys[i]);
        if (found == nullptr ? rule.required[i] : !is_valid(*found, rule.parts[i])) return false;
        known += found == nullptr ? 0 : 1;
      }
      return rule.is_open || known == value.properties().size();
    }
    case Rule::Type::any_of:
      return std::ranges::any_of(rule.parts,
                                 [&](const Rule& part) { return is_valid(value, part); });
  }
  return false;
}

// Draws rules, instances, edits and spellings.
class Random {
 public:
  explicit Random(unsigned seed) : random_(seed) {}

  Rule rule(int depth = 3) {
    Rule made;
    made.type = static_cast<Rule::Type>(below(depth == 0 ? 4 : 7));
    if (made.type <= Rule::Type::number) {
      const int step = made.type == Rule::Type::integer ? 100 : 25;
      if (chance()) made.least = step * (below(8) - 4);
      if (chance()) made.most = made.least.value_or(-400) + step * below(8);
    }
    if (made.type == Rule::Type::string && chance()) made.choices = {"a", "b \"c\"", "é\n"};
    if (made.type == Rule::Type::array) {
      made.is_unique = chance();
      made.parts = {rule(made.is_unique ? 0 : depth - 1)};
      made.least = below(2);
      if (chance()) made.most = *made.least + below(3);
    }
    if (made.type == Rule::Type::object) {
      made.is_open = chance();
      for (const char* key : {"k", "key", "é", "z \"z\""}) {
        if (chance()) continue;
        made.keys.emplace_back(key);
        made.required.push_back(chance());
        made.parts.push_back(rule(depth - 1));
      }
    }
    if (made.type == Rule::Type::any_of) made.parts = {rule(depth - 1), rule(depth - 1)};
    return made;
  }

  // Mostly one that fits.
  GeneratedContent instance(const Rule& rule) {
    switch (rule.type) {
      case Rule::Type::integer:
      case Rule::Type::number: {
        const int step = rule.type == Rule::Type::integer ? 100 : 25;
        const int least = rule.least.value_or(rule.most.value_or(500) - 500);
        const int most = rule.most.value_or(least + 500);
        return number(least + step * below((most - least) / step + 1));
      }
      case Rule::Type::string:
        if (rule.choices.empty()) return GeneratedContent::string(chance() ? "" : "\\ é/\"\n");
        return GeneratedContent::string(rule.choices[static_cast<std::size_t>(below(3))]);
      case Rule::Type::boolean:
        return GeneratedContent::boolean(chance());
      case Rule::Type::array: {
        std::vector<GeneratedContent> items;
        for (int left = *rule.least + below(rule.most.value_or(3) - *rule.least + 1); left > 0;
             --left) {
          items.push_back(instance(rule.parts[0]));
        }
        return GeneratedContent::array(std::move(items));
      }
      case Rule::Type::object: {
        std::vector<GeneratedContent::Property> members;
        for (std::size_t i = 0; i < rule.keys.size(); ++i) {
          if (!rule.required[i] && chance()) continue;
          members.push_back({rule.keys[i], instance(rule.parts[i])});
        }
        if (rule.is_open && chance()) members.push_back({"more", anything()});
        return GeneratedContent::structure(std::move(members));
      }
      case Rule::Type::any_of:
        break;
    }
    return instance(rule.parts[static_cast<std::size_t>(below(2))]);
  }

  // The same with one thing changed, which may make it invalid.
  GeneratedContent edited(const GeneratedContent& whole) {
    const auto size = static_cast<int>(whole.elements().size() + whole.properties().size());
    if (size == 0 || below(4) == 0) return anything();
    const auto at = static_cast<std::size_t>(below(size));
    const int edit = below(4);
    std::vector<GeneratedContent> elements(whole.elements().begin(), whole.elements().end());
    std::vector<GeneratedContent::Property> properties;
    for (const auto& [key, value] : whole.properties()) properties.push_back({key, value});
    if (whole.kind() == Kind::array) {
      if (edit == 0) elements.erase(elements.begin() + static_cast<std::ptrdiff_t>(at));
      if (edit == 1) elements.push_back(elements[at]);
      if (edit > 1) elements[at] = edited(elements[at]);
      return GeneratedContent::array(std::move(elements));
    }
    if (edit == 0) properties.erase(properties.begin() + static_cast<std::ptrdiff_t>(at));
    if (edit == 1) properties.push_back({"other", anything()});
    if (edit > 1) properties[at].value = edited(properties[at].value);
    return GeneratedContent::structure(std::move(properties));
  }

  // JSON that means it.
  std::string spelled(const GeneratedContent& content) {
    switch (content.kind()) {
      case Kind::null:
        return "null";
      case Kind::boolean:
        return content.is_true() ? "true" : "false";
      case Kind::number:
        return spelled_number(hundredths(content));
      case Kind::string:
        return spelled_string(content.text());
      case Kind::array: {
        std::vector<std::string> items;
        for (const GeneratedContent& item : content.elements()) items.push_back(spelled(item));
        return fmt::format("[{}{}{}]", blank(), fmt::join(items, blank() + "," + blank()), blank());
      }
      case Kind::structure:
        break;
    }
    std::vector<std::string> members;
    for (const auto& [key, value] : content.properties()) {
      members.push_back(spelled_string(key) + blank() + ":" + blank() + spelled(value));
    }
    std::ranges::shuffle(members, random_);
    return fmt::format("{{{}{}{}}}", blank(), fmt::join(members, blank() + "," + blank()), blank());
  }

 private:
  static GeneratedContent number(int hundredths) {
    return GeneratedContent::number(hundredths / 100.0);
  }

  GeneratedContent anything() {
    switch (below(7)) {
      case 0:
        return {};
      case 1:
        return GeneratedContent::boolean(chance());
      case 2:
        return GeneratedContent::string(chance() ? "a" : "");
      case 3:
        return GeneratedContent::array({});
      case 4:
        return GeneratedContent::structure({});
      default:
        return number(25 * (below(80) - 40));
    }
  }

  std::string blank() { return std::string(static_cast<std::size_t>(below(3)), " \n\t"[below(3)]); }

  std::string spelled_string(std::string_view text) {
    std::string json = json_string(std::string(text));
    if (const std::size_t at = json.find('a'); at != std::string::npos && chance()) {
      json.replace(at, 1, "\\u0061");
    }
    if (const std::size_t at = json.find('/'); at != std::string::npos && chance()) {
      json.insert(at, 1, '\\');
    }
    return json;
  }

  // Zeros behind it, the point anywhere, and what puts that right.
  std::string spelled_number(int hundredths) {
    const auto zeros = static_cast<std::size_t>(below(3));
    std::string digits = std::to_string(std::abs(hundredths)) + std::string(zeros, '0');
    const auto places = static_cast<std::size_t>(below(7));
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    const std::size_t whole = digits.size() - places;
    digits = digits.substr(std::min(digits.find_first_not_of('0'), whole - 1));
    std::string text = hundredths < 0 || (hundredths == 0 && chance()) ? "-" : "";
    text += digits.substr(0, digits.size() - places);
    if (places > 0) text += "." + digits.substr(digits.size() - places);
    const int exponent = static_cast<int>(places) - 2 - static_cast<int>(zeros);
    if (exponent == 0 && chance()) return text;
    return fmt::format("{}{}{}{}", text, chance() ? "e" : "E", exponent >= 0 && chance() ? "+" : "",
                       exponent);
  }

  int below(int end) { return std::uniform_int_distribution(0, end - 1)(random_); }
  bool chance() { return below(2) == 0; }

  std::mt19937 random_;
};

TEST(SchemaFit, AnySpellingOfWhatIsValidFitsAndNothingElseDoes) {
  int valid = 0, invalid = 0;
  for (unsigned seed = 0; seed < 600; ++seed) {
    Random random(seed);
    const Rule rule = random.rule();
    const std::string schema = schema_of(rule);
    const GenerationSchema compiled = GenerationSchema::from_json(schema);
    for (int i = 0; i < 8; ++i) {
      GeneratedContent value = random.instance(rule);
      if (i % 2 == 1) value = random.edited(value);
      const std::string json = random.spelled(value);
      const bool is_right = is_valid(value, rule);
      EXPECT_EQ(fits(GeneratedContent::from_json(json), compiled), is_right)
          << json << "\nunder " << schema;
      (is_right ? valid : invalid) += 1;
    }
  }
  EXPECT_GT(valid, 1000);
  EXPECT_GT(invalid, 1000);
}

}  // namespace
}  // namespace espalier::framework
