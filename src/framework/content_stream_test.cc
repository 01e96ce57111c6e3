// Content as it streams, without a model: what snapshots share, what they cost, and values of types
// that follow them.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "espalier/generable.h"
#include "espalier/generable_updates.h"
#include "espalier/generated_content.h"
#include "framework/content_testing.h"
#include "framework/partial_content.h"

namespace park {

enum class Season { spring, summer };

struct Leaf {
  std::string name;
  Season season = Season::spring;
};
struct Stone {
  double weight = 0;
  std::vector<std::string> marks;
};
// Kinds of one thing, each with keys of the others.
struct Visit {
  std::string city;
  int days = 0;
};
struct Address {
  std::string city;
};
struct Stay {
  std::string city;
  std::variant<Visit, Address> next;
};
struct Garden {
  std::string title;
  std::vector<Leaf> leaves;
  std::vector<Season> seasons;
  std::map<std::string, std::vector<int>> beds;
  std::optional<Leaf> best;
  std::shared_ptr<Garden> inner;
  std::variant<Season, std::string, Stone, Leaf, std::vector<Leaf>> thing;
  std::variant<Visit, Stay, Address> place;
  std::vector<std::optional<bool>> flags;
  espalier::GeneratedContent note;
  std::unique_ptr<std::vector<std::string>> words;
};

// A value of a type that counts how often it is read and copied.
struct Counted {
  static inline std::size_t copies = 0;
  Counted() = default;
  Counted(const Counted&) { ++copies; }
  Counted(Counted&&) = default;
  Counted& operator=(const Counted&) {
    ++copies;
    return *this;
  }
  Counted& operator=(Counted&&) = default;
};

}  // namespace park

ESPALIER_GENERABLE_ENUM(park::Season, spring, summer);
ESPALIER_GENERABLE(park::Leaf, name, season);
ESPALIER_GENERABLE(park::Stone, weight, marks);
ESPALIER_GENERABLE(park::Visit, city, days);
ESPALIER_GENERABLE(park::Address, city);
ESPALIER_GENERABLE(park::Stay, city, next);
ESPALIER_GENERABLE(park::Garden, title, leaves, seasons, beds, best, inner, thing, place, flags,
                   note, words);

namespace espalier {

namespace detail {
template <>
struct PartialOf<park::Counted> {
  using type = park::Counted;
};
template <>
struct Codec<park::Counted> {
  static inline std::size_t reads = 0;
  static std::optional<park::Counted> partial(const GeneratedContent&) {
    ++reads;
    return park::Counted{};
  }
};
}  // namespace detail

namespace {

using framework::PartialContent;
using framework::testing::stream_json;
using park::Garden;

// What a value shows, or a partial one, as text.
std::string shown(bool value) { return value ? "true" : "false"; }
std::string shown(int value) { return std::to_string(value); }
std::string shown(double value) { return std::to_string(value); }
std::string shown(park::Season value) { return std::to_string(static_cast<int>(value)); }
std::string shown(const std::string& value) { return "\"" + value + "\""; }
std::string shown(const GeneratedContent& value) {
  return value.to_json() + (value.is_complete() ? "" : "…");
}
template <class T>
std::string shown(const Partial<T>& value);
template <detail::Described T>
std::string shown(const T& value);
template <class T>
std::string shown(const std::vector<T>& values);
template <class T>
std::string shown(const std::map<std::string, T>& values);
template <class... T>
std::string shown(const std::variant<T...>& value);
template <class T>
std::string shown(const std::optional<T>& value) {
  return value ? shown(*value) : "-";
}
template <class T>
std::string shown(const Boxed<T>& value) {
  return value ? shown(*value) : "-";
}
template <class T>
std::string shown(const std::shared_ptr<T>& value) {
  return value ? shown(*value) : "-";
}
template <class T>
std::string shown(const std::unique_ptr<T>& value) {
  return value ? shown(*value) : "-";
}
template <class T>
std::string shown(const std::vector<T>& values) {
  std::string text = "[";
  for (const T& value : values) text += shown(value) + " ";
  return text + "]";
}
template <class T>
std::string shown(const std::map<std::string, T>& values) {
  std::string text = "<";
  for (const auto& [key, value] : values) text += key + ":" + shown(value) + " ";
  return text + ">";
}
template <class... T>
std::string shown(const std::variant<T...>& value) {
  return std::to_string(value.index()) +
         std::visit([](const auto& held) { return shown(held); }, value);
}
template <class T>
std::string shown(const Partial<T>& value) {
  std::string text = "{";
  Description<T>::get().for_each([&](const auto& each) {
    text += std::string(each.name) + "=" + shown(value.*each.partial) + " ";
  });
  return text + "}";
}
template <detail::Described T>
std::string shown(const T& value) {
  std::string text = "{";
  Description<T>::get().for_each([&](const auto& each) {
    text += std::string(each.name) + "=" + shown(value.*each.member) + " ";
  });
  return text + "}";
}

// Numbers that rapidcheck chose, one after the other, then zeros.
struct Choices {
  const std::vector<std::uint32_t>& numbers;
  std::size_t next = 0;
  std::uint32_t below(std::uint32_t limit) {
    return next < numbers.size() ? numbers[next++] % limit : 0;
  }
};

std::string text_from(Choices& choices) {
  const char* texts[] = {"", "spring", "springs", "é🌳\"", "a longer text, of more than a token"};
  return texts[choices.below(5)];
}

park::Leaf leaf_from(Choices& choices) {
  return {text_from(choices), choices.below(2) == 0 ? park::Season::spring : park::Season::summer};
}

Garden garden_from(Choices& choices, int depth) {
  Garden garden;
  garden.title = text_from(choices);
  for (std::uint32_t i = choices.below(4); i > 0; --i) garden.leaves.push_back(leaf_from(choices));
  for (std::uint32_t i = choices.below(3); i > 0; --i) {
    garden.seasons.push_back(choices.below(2) == 0 ? park::Season::spring : park::Season::summer);
  }
  for (std::uint32_t i = choices.below(3); i > 0; --i) {
    garden.beds["bed " + std::to_string(i)].assign(choices.below(4), 12);
  }
  if (choices.below(2) == 0) garden.best = leaf_from(choices);
  if (depth < 2 && choices.below(2) == 1) {
    garden.inner = std::make_shared<Garden>(garden_from(choices, depth + 1));
  }
  switch (choices.below(5)) {
    case 0:
      garden.thing = park::Season::summer;
      break;
    case 1:
      garden.thing = text_from(choices);
      break;
    case 2:
      garden.thing = park::Stone{1.5, {text_from(choices), text_from(choices)}};
      break;
    case 3:
      garden.thing = leaf_from(choices);
      break;
    default:
      garden.thing = std::vector<park::Leaf>{leaf_from(choices), leaf_from(choices)};
  }
  switch (choices.below(4)) {
    case 0:
      garden.place = park::Visit{text_from(choices), 3};
      break;
    case 1:
      garden.place = park::Address{text_from(choices)};
      break;
    case 2:
      garden.place = park::Stay{text_from(choices), park::Address{text_from(choices)}};
      break;
    default:
      garden.place = park::Stay{text_from(choices), park::Visit{text_from(choices), 2}};
  }
  for (std::uint32_t i = choices.below(4); i > 0; --i) {
    if (choices.below(2) == 0)
      garden.flags.emplace_back(choices.below(2) == 0);
    else
      garden.flags.emplace_back();
  }
  garden.note = framework::testing::content_from(choices.numbers, choices.next, 2);
  if (choices.below(2) == 1) {
    garden.words = std::make_unique<std::vector<std::string>>(choices.below(3), text_from(choices));
  }
  return garden;
}

// Without looking again at what had ended.
TEST(ContentStream, AValueThatFollowsIsTheValueReadAnew) {
  EXPECT_TRUE(rc::check(
      [](const std::vector<std::uint32_t>& numbers, const std::vector<std::uint8_t>& cuts) {
        Choices choices{numbers};
        const std::string json = GeneratedContent::of(garden_from(choices, 0)).to_json();
        std::optional<PartiallyGenerated<Garden>> value;
        std::optional<GeneratedContent> before;
        std::vector<std::pair<PartiallyGenerated<Garden>, std::string>> copies;
        stream_json(json, cuts, [&](const GeneratedContent& now, std::size_t at) {
          detail::update<Garden>(value, before ? &*before : nullptr, now);
          RC_ASSERT(shown(value) == shown(partially<Garden>(now)));
          if (value && at % 8 == 0) copies.emplace_back(*value, shown(*value));
          before = now;
        });
        for (const auto& [copy, as_it_was] : copies) RC_ASSERT(shown(copy) == as_it_was);
        RC_ASSERT(shown(*value) == shown(before->value<Garden>()));
      }));
}

// Of alternatives that share keys, the first that fits the keys so far may not be the one.
TEST(ContentStream, AVariantEndsAsTheAlternativeThatTheResponseHas) {
  using Place = std::variant<park::Visit, park::Address>;
  std::optional<PartiallyGenerated<Place>> place;
  std::optional<GeneratedContent> before;
  stream_json(R"({"city":"Oslo"})", {}, [&](const GeneratedContent& now, std::size_t) {
    detail::update<Place>(place, before ? &*before : nullptr, now);
    before = now;
  });
  EXPECT_EQ(before->value<Place>().index(), 1U);
  EXPECT_EQ(place->index(), 1U);
  EXPECT_EQ(partially<Place>(*before)->index(), 1U);
}

// A snapshot goes on while another thread reads, and drops, a copy of it.
TEST(ContentStream, CopiesAreNothingToTheSnapshot) {
  Choices choices{{}};
  Garden garden = garden_from(choices, 0);
  garden.inner = std::make_shared<Garden>(garden_from(choices, 0));
  garden.inner->words = std::make_unique<std::vector<std::string>>(50, "word");
  const std::string json = GeneratedContent::of(garden).to_json();
  std::optional<PartiallyGenerated<Garden>> value;
  std::optional<GeneratedContent> before;
  std::vector<std::jthread> readers;
  stream_json(json, {}, [&](const GeneratedContent& now, std::size_t at) {
    detail::update<Garden>(value, before ? &*before : nullptr, now);
    before = now;
    if (!value || at % 16 != 0) return;
    readers.emplace_back([copy = std::optional(*value), expected = shown(*value)]() mutable {
      EXPECT_EQ(shown(*copy), expected);
      copy.reset();
    });
  });
  ASSERT_TRUE(value->inner);
  const PartiallyGenerated<Garden> copy = *value;
  EXPECT_NE(&*copy.inner, &*value->inner);
}

TEST(ContentStream, AnUnknownKeyMakesAStructureUnfit) {
  std::optional<PartiallyGenerated<park::Leaf>> leaf;
  std::optional<GeneratedContent> before;
  stream_json(R"({"name":"a","other":1,"season":"spring"})", {},
              [&](const GeneratedContent& now, std::size_t at) {
                detail::update<park::Leaf>(leaf, before ? &*before : nullptr, now);
                EXPECT_EQ(leaf.has_value(), partially<park::Leaf>(now).has_value()) << at;
                before = now;
              });
  EXPECT_FALSE(leaf.has_value());
}

// What it costs to stream `json` byte by byte, a snapshot at each.
std::size_t work(const std::string& json) {
  PartialContent parser;
  for (const char c : json) {
    parser.feed({&c, 1});
    parser.content();
  }
  return parser.work();
}

std::string repeated(std::size_t count, std::string_view open, std::string_view item,
                     std::string_view close) {
  std::string json(open);
  for (std::size_t i = 0; i < count; ++i) json += item;
  return json.append(close);
}

// A node for each level that is open, and what growing storage copies: about once.
constexpr std::size_t most_work_of_a_byte = 8;

TEST(ContentStream, ASnapshotCostsWhatIsNew) {
  for (const std::size_t count : {100, 1'000, 10'000}) {
    const std::string numbers = repeated(count, "[", "1,", "2]");
    const std::string structures =
        repeated(count, R"({"list":[)", R"({"name":"a tree","age":7},)", "{}]}");
    const std::string text = repeated(count, "\"", "word ", "\"");
    std::string keys = "{";
    for (std::size_t i = 0; i < count; ++i) keys += "\"key " + std::to_string(i) + "\":[1],";
    keys += R"("last":1})";
    for (const std::string& json : {numbers, structures, text, keys}) {
      EXPECT_LE(work(json), most_work_of_a_byte * json.size()) << json.substr(0, 30) << count;
    }
  }
}

TEST(ContentStream, AValueThatFollowsReadsEachElementOnce) {
  constexpr std::size_t count = 2'000;
  using Values = std::vector<park::Counted>;
  std::size_t& reads = detail::Codec<park::Counted>::reads;
  reads = 0;
  std::optional<Values> values;
  std::optional<GeneratedContent> before;
  stream_json(repeated(count, "[", R"({"a":"bc"},)", "{}]"), {},
              [&](const GeneratedContent& now, std::size_t) {
                detail::update<Values>(values, before ? &*before : nullptr, now);
                before = now;
              });
  EXPECT_EQ(values->size(), count + 1);
  // While it is open, an element is read at each of its bytes.
  EXPECT_LE(reads, 11 * (count + 1));
}

TEST(ContentStream, AValueThatFollowsCopiesNothingBehindPointers) {
  using Values = std::unique_ptr<std::vector<park::Counted>>;
  park::Counted::copies = 0;
  // On the heap, where GCC 12 does not take what is behind an empty optional for uninitialised.
  const auto box = std::make_unique<std::optional<PartiallyGenerated<Values>>>();
  std::optional<PartiallyGenerated<Values>>& values = *box;
  std::optional<GeneratedContent> before;
  stream_json("[1,2,3,4,5,6,7,8,9,10]", {}, [&](const GeneratedContent& now, std::size_t) {
    detail::update<Values>(values, before ? &*before : nullptr, now);
    before = now;
  });
  EXPECT_EQ((*values)->size(), 10U);
  EXPECT_EQ(park::Counted::copies, 0U);
}

TEST(ContentStream, SnapshotsKeepWhatTheyShowed) {
  std::vector<std::pair<GeneratedContent, std::string>> seen;
  stream_json(
      R"({"list":[{"a":"bcd"},{"a":"é"}],"more":{"x":[1,2,3]}})", {},
      [&](const GeneratedContent& now, std::size_t) { seen.emplace_back(now, now.to_json()); });
  for (const auto& [content, json] : seen) EXPECT_EQ(content.to_json(), json);
}

TEST(ContentStream, IdsCountValuesAsTheyBegin) {
  GeneratedContent last;
  stream_json(R"({"list":[10,{"a":"b"}],"c":null})", {},
              [&](const GeneratedContent& now, std::size_t) { last = now; });
  EXPECT_EQ(last.id(), 1U);
  const GeneratedContent& list = *last.find("list");
  EXPECT_EQ(list.id(), 2U);
  EXPECT_EQ(list.elements()[0].id(), 3U);
  EXPECT_EQ(list.elements()[1].id(), 4U);
  EXPECT_EQ(list.elements()[1].find("a")->id(), 5U);
  EXPECT_EQ(last.find("c")->id(), 6U);
  EXPECT_EQ(GeneratedContent::from_json("[]").id(), 0U);
  EXPECT_EQ(last, GeneratedContent::from_json(last.to_json())) << "ids do not count";
}

// Each piece is a token; a number's end is known by the token behind it.
TEST(ContentStream, APropertyIsThereWithTheTokenThatEndsIt) {
  EXPECT_TRUE(rc::check(
      [](const std::vector<std::uint32_t>& numbers, const std::vector<std::uint8_t>& cuts) {
        std::size_t used = 0;
        const GeneratedContent first = framework::testing::content_from(numbers, used, 0);
        const std::string head = R"({"first":)" + first.to_json();
        stream_json(head + R"(,"second":[1,2]})", cuts,
                    [&](const GeneratedContent& now, std::size_t at) {
                      const GeneratedContent* found = now.find("first");
                      const bool is_there = found != nullptr && found->is_complete();
                      if (at > head.size()) RC_ASSERT(is_there && *found == first);
                      if (at < head.size()) RC_ASSERT(!is_there);
                    });
      }));
}

}  // namespace
}  // namespace espalier
