// Regular expressions and grammars against checkers that know nothing of automata: std::regex, and
// a search for all ways to read a text.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>
#include <set>

#include "guide/guide_testing.h"
#include "guide/text_exercise_testing.h"

namespace espalier::guide {
namespace {

using testing::accepts;
using testing::byte_trie;
using testing::end_token;
using Json = nlohmann::json;

class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}
  std::size_t below(std::size_t most) { return random_() % most; }
  template <class T>
  const T& one_of(const std::vector<T>& list) {
    return list[below(list.size())];
  }

 private:
  std::mt19937 random_;
};

std::string random_regex(Draw& draw, int depth) {
  static const std::vector<std::string> atoms = {
      "a", "b", "c", "1", ".", "[ab]", "[^a]", "\\d", "[a-c]", "\\\\", "\"", "\\w", "[^\\d]", ""};
  static const std::vector<std::string> counts = {"*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}"};
  if (depth == 0) return draw.one_of(atoms);
  const auto inner = [&] { return random_regex(draw, depth - 1); };
  switch (draw.below(8)) {
    case 0:
      return inner() + "|" + inner();
    case 1:
      return "(" + inner() + ")" + draw.one_of(counts);
    case 2:
      return "(?:" + inner() + "|" + inner() + ")";
    case 3:
      return "(?=" + inner() + ")" + inner();
    case 4:
      return "(?!" + inner() + ")" + inner();
    default:
      return inner() + inner();
  }
}

std::string random_text(Draw& draw, const std::vector<std::string>& pieces) {
  std::string text;
  for (std::size_t left = draw.below(7); left > 0; --left) text += draw.one_of(pieces);
  return text;
}

// An answer that masks allow, ended where they allow that and the draw is for it; nothing where it
// was not.
std::optional<std::string> random_answer(const std::shared_ptr<const Guide>& guide, Draw& draw) {
  static const auto trie = byte_trie(
      {"ab", "a1", "bc", "\"a", "<t", "<t>", "t>a", "/t>", "12", "a<", "cb1", "\\\"", "ba</"});
  Matcher matcher(guide, trie);
  TokenMask mask(trie->vocabulary_size());
  std::string text;
  for (int step = 0; step < 30; ++step) {
    matcher.mask(mask);
    std::vector<TokenId> allowed;
    for (const char* byte = "abc12\"\\<t>/-0 \n"; *byte != '\0'; ++byte) {
      if (mask.allows(*byte)) allowed.push_back(*byte);
    }
    for (TokenId id = end_token + 1; static_cast<std::size_t>(id) < mask.size(); ++id) {
      if (mask.allows(id)) allowed.insert(allowed.end(), 2, id);
    }
    if (mask.allows(end_token) && (allowed.empty() || draw.below(4) == 0)) return text;
    if (allowed.empty()) {  // what is needed is in no list
      RC_ASSERT(mask.count() > 0);
      return std::nullopt;
    }
    const TokenId token = draw.one_of(allowed);
    RC_ASSERT(matcher.accept(token));
    text += trie->text(token);
  }
  return std::nullopt;
}

RC_GTEST_PROP(RegexGuide, AgreesWithAnotherImplementation, (unsigned seed)) {
  Draw draw(seed);
  const std::string regex = random_regex(draw, 4);
  const std::regex other("(?:" + regex + ")", std::regex::ECMAScript);
  std::shared_ptr<const Guide> guide;
  try {
    guide = Guide::of_regex(regex);
  } catch (const InvalidSchema&) {
    // Matches nothing.
  } catch (const UnsupportedGuide&) {
    return;  // an assertion in a loop
  }
  for (int i = 0; i < 20; ++i) {
    const std::string text = random_text(draw, {"a", "b", "c", "1", "2", "\"", "\\", " ", "ab"});
    const bool accepted = guide != nullptr && accepts(guide, text);
    if (accepted != std::regex_match(text, other)) RC_FAIL(regex + " on " + text);
  }
  for (int i = 0; i < 5 && guide; ++i) {
    const auto answer = random_answer(guide, draw);
    if (!answer || answer->size() > 14) continue;  // the other one may take exponential time
    if (!std::regex_match(*answer, other)) RC_FAIL(regex + " gave " + *answer);
  }
}

// Where readings of a text that begin at each of the places may end.
using Places = std::set<std::size_t>;

class Reader {
 public:
  explicit Reader(std::string text) : text_(std::move(text)) {}

  bool reads(const Json& grammar) const { return ends(grammar, {0}).contains(text_.size()); }

 private:
  Places ends(const Json& part, const Places& begins) const {
    Places found;
    for (const std::size_t begin : begins) {
      const Places here = ends_from(part, begin);
      found.insert(here.begin(), here.end());
    }
    return found;
  }

  Places ends_from(const Json& part, std::size_t begin) const {
    Places places{begin};
    if (part.is_string()) {
      const auto literal = part.get<std::string>();
      return text_.compare(begin, literal.size(), literal) == 0 ? Places{begin + literal.size()}
                                                                : Places{};
    }
    if (part.is_array()) {
      for (const Json& each : part) places = ends(each, places);
      return places;
    }
    if (part.contains("either")) {
      places.clear();
      for (const Json& each : part["either"]) places.merge(ends_from(each, begin));
      return places;
    }
    if (part.contains("repeat")) return repeated(part, begin);
    if (part.contains("free")) return free(part, begin);
    static const std::regex integer("0|-?[1-9][0-9]*"), word("\"(a|ab)\"");
    const auto& expression = part.contains("regex") ? std::regex(part["regex"].get<std::string>())
                             : part["schema"].contains("type") ? integer
                                                               : word;
    places.clear();
    for (std::size_t end = begin; end <= text_.size(); ++end) {
      if (std::regex_match(text_.substr(begin, end - begin), expression)) places.insert(end);
    }
    return places;
  }

  Places repeated(const Json& part, std::size_t begin) const {
    const std::size_t least = part.value("least", 0U);
    const std::size_t most = part.value("most", 100U);
    Places found;
    Places places{begin};
    for (std::size_t count = 0; count <= most && !places.empty(); ++count) {
      if (count >= least) found.insert(places.begin(), places.end());
      places = ends(part["repeat"], places);
    }
    return found;
  }

  // The first mark to be complete at or behind each place decides what goes on there.
  Places free(const Json& part, std::size_t begin) const {
    const std::size_t least = part.value("least", 0U);
    const std::size_t most = part.value("most", 100U);
    std::vector<std::string> stops;
    if (part.contains("until")) stops = {part["until"].get<std::string>()};
    Places found;
    Places places{begin};
    for (std::size_t count = 0; !places.empty(); ++count) {
      Places next;
      for (const std::size_t place : places) {
        const auto [end, call] = first_mark(part, stops, place);
        if (call < part["free"].size()) {
          if (count < most) next.merge(ends(part["free"][call]["then"], {end}));
        } else if (count >= least && (end != std::string::npos || stops.empty())) {
          found.insert(end == std::string::npos ? text_.size() : end);
        }
      }
      places = std::move(next);
      if (count > text_.size()) break;
    }
    return found;
  }

  // Where the mark ends (npos: there is none) and which trigger it is (one too many: none).
  std::pair<std::size_t, std::size_t> first_mark(const Json& part,
                                                 const std::vector<std::string>& stops,
                                                 std::size_t from) const {
    std::size_t end = std::string::npos;
    std::size_t which = part["free"].size();
    const auto look = [&](const std::string& mark, std::size_t number) {
      const std::size_t at = text_.find(mark, from);
      if (at == std::string::npos || at + mark.size() >= end) return;
      end = at + mark.size();
      which = number;
    };
    for (const std::string& stop : stops) look(stop, part["free"].size());
    for (std::size_t i = 0; i < part["free"].size(); ++i) {
      look(part["free"][i]["trigger"].get<std::string>(), i);
    }
    return {end, which};
  }

  std::string text_;
};

Json random_grammar(Draw& draw, int depth, bool last) {
  const auto inner = [&](bool at_end) { return random_grammar(draw, depth - 1, at_end); };
  switch (draw.below(depth > 0 ? 9 : 5)) {
    case 0:
    case 1:
      return draw.one_of<std::string>({"", "a", "ab", "<", "<t>", "1", "\"a", "bc"});
    case 2:
      return {{"regex", draw.one_of<std::string>({"[ab]*", "<?a", "[12]{1,2}", "(t>|c)+"})}};
    case 3:
      return {{"schema", {{"type", "integer"}}}};
    case 4:
      return {{"schema", {{"enum", {"a", "ab"}}}}};
    case 5:
      return Json::array({inner(false), inner(false), inner(last)});
    case 6:
      return {{"either", {inner(last), inner(last)}}};
    case 7:
      return {{"repeat", inner(false)}, {"least", draw.below(2)}, {"most", 1 + draw.below(3)}};
    default:
      break;
  }
  Json free = {{"free", Json::array()}, {"least", draw.below(2)}, {"most", 1 + draw.below(3)}};
  std::vector<std::string> marks = {"<t>", "ab1", "b<a", "aa"};
  std::shuffle(marks.begin(), marks.end(), std::mt19937(static_cast<unsigned>(draw.below(99))));
  for (std::size_t i = draw.below(3); i > 0; --i) {
    free["free"].push_back({{"trigger", marks[i]}, {"then", inner(false)}});
  }
  if (!last || draw.below(2) == 0) free["until"] = marks[0];
  return free;
}

RC_GTEST_PROP(Grammar, AgreesWithASearchForAllReadings, (unsigned seed)) {
  Draw draw(seed);
  const Json grammar = random_grammar(draw, 3, true);
  std::shared_ptr<const Guide> guide;
  try {
    guide = testing::grammar_of(grammar.dump());
  } catch (const InvalidSchema&) {
    // Allows nothing.
  }
  for (int i = 0; i < 20; ++i) {
    const std::string text = random_text(
        draw, {"a", "ab", "<t>", "<", "t>", "1", "12", "-0", "\"a\"", "\"ab\"", "bc", "b<a", "aa"});
    const bool accepted = guide != nullptr && accepts(guide, text);
    if (accepted != Reader(text).reads(grammar)) RC_FAIL(grammar.dump() + " on " + text);
  }
  for (int i = 0; i < 5 && guide; ++i) {
    const auto answer = random_answer(guide, draw);
    if (answer && !Reader(*answer).reads(grammar)) RC_FAIL(grammar.dump() + " gave " + *answer);
  }
}

// The fuzzers' seeds, and whatever they have found before.
TEST(TextGuideCorpus, EveryFileIsWalkedOrRefused) {
  int files = 0;
  for (const char* kind : {"regex", "grammar"}) {
    const std::filesystem::path corpus = std::filesystem::path("fuzz/corpus") / kind;
    ASSERT_TRUE(std::filesystem::is_directory(corpus)) << "run this test in the repository's root";
    for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string text(std::istreambuf_iterator<char>(file), {});
      if (kind == std::string_view("regex")) {
        testing::exercise_regex(text);
      } else {
        testing::exercise_grammar(text);
      }
      ++files;
    }
  }
  EXPECT_GE(files, 40);
}

RC_GTEST_PROP(TextGuide, MasksAreWhatEachTokenAloneWouldBe, (unsigned seed)) {
  Draw draw(seed);
  std::shared_ptr<const Guide> guide;
  try {
    guide = draw.below(2) == 0 ? Guide::of_regex(random_regex(draw, 3))
                               : testing::grammar_of(random_grammar(draw, 3, true).dump(), {});
  } catch (const Error&) {
    return;
  }
  static const auto trie = byte_trie(
      {"ab", "<t>", "t>1", "a<t", "\"a\"", "\"ab\"1", "12-", "\xC3", "aé", "\xA9z", "b<a\"", "🐲"});
  Matcher matcher(guide, trie);
  TokenMask mask(trie->vocabulary_size());
  for (int step = 0; step < 8 && !matcher.is_finished(); ++step) {
    matcher.mask(mask);
    std::vector<TokenId> allowed;
    for (TokenId id = 0; static_cast<std::size_t>(id) < mask.size(); ++id) {
      Matcher copy = matcher;
      RC_ASSERT(mask.allows(id) == copy.accept(id));
      if (mask.allows(id)) allowed.push_back(id);
    }
    RC_ASSERT(!allowed.empty());
    RC_ASSERT(matcher.accept(draw.one_of(allowed)));
  }
}

}  // namespace
}  // namespace espalier::guide
