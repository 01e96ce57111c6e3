#include "guide/grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/message_format.h"
#include "espalier/error.h"
#include "guide/free_text.h"
#include "guide/pattern.h"
#include "guide/utf32.h"

namespace espalier::guide {
namespace {

using base::JsonMember;
using base::JsonValue;

// Runs `work`, and says in its errors which part of the grammar they are about.
template <class Work>
auto locate(JsonValue part, const Work& work) {
  const auto placed = [&](std::string_view message) {
    const bool has_place = message.starts_with('#');  // in a schema: one pointer for both
    if (has_place) message.remove_prefix(1);
    return fmt::format("#{}{}{}", base::printable(part.path()), has_place ? "" : ": ", message);
  };
  try {
    return work();
  } catch (const UnsupportedGuide& fault) {
    throw UnsupportedGuide(placed(fault.what()));
  } catch (const InvalidSchema& fault) {
    throw InvalidSchema(placed(fault.what()));
  }
}

std::u32string text_of(JsonValue value) {
  return to_utf32(value.as_string()).value_or(U"");  // a JSON document's strings are UTF-8
}

void check_members(JsonValue object, std::initializer_list<std::string_view> known) {
  for (const JsonMember& member : object.members()) {
    if (std::ranges::find(known, member.key) != known.end()) continue;
    object.fail(fmt::format("{} means nothing here; known are {}", base::quoted(member.key),
                            fmt::join(known, ", ")));
  }
}

class GrammarReader {
 public:
  GrammarReader(TermPool& terms, const AddDocument& add_document, const GuideLimits& limits)
      : terms_(terms), add_document_(add_document), limits_(limits) {}

  // `last`: the answer ends behind the part.
  TermId read(JsonValue part, bool last, std::size_t depth = 0) {
    if (depth > limits_.nesting) {
      throw UnsupportedGuide(
          fmt::format("#{}: the grammar's parts are more than {} deep in each "
                      "other; write it flatter",
                      base::printable(part.path()), limits_.nesting));
    }
    if (part.is_string()) return terms_.text(text_of(part));
    if (part.is_array()) return read_sequence(part, last, depth);
    if (!part.is_object()) {
      part.fail("a part of a grammar is a text, a list of parts or an object");
    }
    if (part.find("either")) return read_either(part, last, depth);
    if (part.find("repeat")) return read_repeat(part, last, depth);
    if (part.find("regex")) return read_regex(part);
    if (part.find("schema")) return read_schema(part);
    if (part.find("free")) return read_free(part, last, depth);
    part.fail("a part of a grammar has one of the members either, repeat, regex, schema and free");
  }

 private:
  TermId read_sequence(JsonValue list, bool last, std::size_t depth) {
    std::vector<TermId> parts;
    std::size_t left = list.size();
    for (const JsonValue part : list.elements()) {
      --left;
      parts.push_back(read(part, last && left == 0, depth + 1));
    }
    TermId term = TermPool::epsilon;
    for (; !parts.empty(); parts.pop_back()) term = terms_.sequence(parts.back(), term);
    return term;
  }

  TermId read_either(JsonValue part, bool last, std::size_t depth) {
    check_members(part, {"either"});
    const JsonValue list = part.get("either");
    std::vector<std::u32string> texts;
    std::vector<TermId> parts;
    for (const JsonValue choice : list.elements()) {
      if (choice.is_string()) {
        texts.push_back(text_of(choice));
      } else {
        parts.push_back(read(choice, last, depth + 1));
      }
    }
    if (texts.empty() && parts.empty()) list.fail("at least one alternative is needed");
    parts.push_back(terms_.any_of(std::move(texts)));
    return terms_.either(std::move(parts));
  }

  TermId read_repeat(JsonValue part, bool last, std::size_t depth) {
    check_members(part, {"repeat", "least", "most"});
    const auto [least, most] = counts(part);
    const TermId inner = read(part.get("repeat"), last && most <= 1, depth + 1);
    return terms_.repeat(inner, least, most);
  }

  TermId read_regex(JsonValue part) {
    check_members(part, {"regex"});
    const JsonValue regex = part.get("regex");
    return locate(regex, [&] { return whole_pattern_term(terms_, regex.as_string(), limits_); });
  }

  TermId read_schema(JsonValue part) {
    check_members(part, {"schema"});
    const JsonValue schema = part.get("schema");
    return locate(schema, [&] { return terms_.document(add_document_(schema)); });
  }

  TermId read_free(JsonValue part, bool last, std::size_t depth) {
    check_members(part, {"free", "least", "most", "until"});
    WatchedText text;
    for (const JsonValue call : part.get("free").elements()) {
      check_members(call, {"trigger", "then"});
      text.calls.push_back(
          {text_of(call.get("trigger")), read(call.get("then"), false, depth + 1)});
    }
    std::tie(text.least, text.most) = counts(part);
    text.ends = ends(part);
    if (text.ends.empty() && !last) {
      part.fail(
          "this free text would have no end that can be seen: give it an `until`, or put it at "
          "the end of the answer, outside of repeats and triggers");
    }
    return locate(part, [&] { return free_text_term(terms_, text); });
  }

  static std::vector<std::u32string> ends(JsonValue part) {
    const auto until = part.find("until");
    if (!until) return {};
    if (until->is_string()) return {text_of(*until)};
    std::vector<std::u32string> texts;
    for (const JsonValue end : until->elements()) texts.push_back(text_of(end));
    if (texts.empty()) until->fail("at least one text is needed");
    return texts;
  }

  // The bounds of a repeat or of free text's triggers.
  std::pair<std::uint32_t, std::uint32_t> counts(JsonValue part) const {
    const auto count = [&](std::string_view key, std::uint32_t otherwise) {
      const auto value = part.find(key);
      if (!value) return otherwise;
      const std::size_t number = value->as_size();
      if (number > limits_.repeat) {
        throw UnsupportedGuide(
            fmt::format("#{}: counts above {} are not supported; leave `most` out for any number",
                        base::printable(value->path()), base::grouped(limits_.repeat)));
      }
      return static_cast<std::uint32_t>(number);
    };
    const std::uint32_t least = count("least", 0);
    const std::uint32_t most = count("most", unbounded);
    if (least > most) part.fail("`least` is more than `most`");
    return {least, most};
  }

  TermPool& terms_;
  const AddDocument& add_document_;
  GuideLimits limits_;
};

}  // namespace

TermId grammar_term(TermPool& terms, JsonValue grammar, const AddDocument& add_document,
                    const GuideLimits& limits) {
  return GrammarReader(terms, add_document, limits).read(grammar, true);
}

}  // namespace espalier::guide
