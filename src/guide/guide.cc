#include "guide/guide.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/message_format.h"
#include "espalier/error.h"
#include "guide/grammar.h"
#include "guide/growth.h"
#include "guide/pattern.h"
#include "guide/planner.h"
#include "guide/utf32.h"

namespace espalier::guide {
namespace {

// What strings of documents may hold: what can be written, or escaped. Written plainly, only
// control characters are escaped.
CodePoints value_alphabet(const SchemaOptions& options) {
  if (options.writing == Writing::any) return CodePoints::all();
  return without_bytes(options.missing_bytes).united(CodePoints({{0, 0x1F}}));
}

void check_names(const Plan& plan, const CodePoints& alphabet) {
  const auto unknown = [&](char32_t c) { return !alphabet.contains(c); };
  for (const ObjectPlan& object : plan.objects) {
    for (const NamePlan& name : object.names) {
      if (name.value == no_value || std::ranges::none_of(name.text, unknown)) continue;
      throw UnsupportedGuide(fmt::format("#: the model's vocabulary has no tokens for the key {}",
                                         base::quoted(to_utf8(name.text))));
    }
  }
}

}  // namespace

Guide::Guide(const SchemaOptions& options, const GuideLimits& limits)
    : options_(options),
      limits_(limits),
      text_terms_(limits),
      texts_(text_terms_, limits, without_bytes(options.missing_bytes)),
      value_terms_(limits),
      values_(value_terms_, limits, value_alphabet(options)) {}

std::shared_ptr<const StringMask> Guide::Use::string_mask(
    const std::shared_ptr<const TokenTrie>& trie, StateId state, TreePlace place) const {
  const auto masks = guide_.string_masks_.try_emplace(trie, trie, guide_.options_.writing).first;
  return masks->second.of(guide_.values_, state, place);
}

std::shared_ptr<const TextMask> Guide::Use::text_mask(const std::shared_ptr<const TokenTrie>& trie,
                                                      StateId state, TreePlace place) const {
  const auto masks = guide_.text_masks_.try_emplace(trie, trie).first;
  return masks->second.of(guide_.texts_, state, place);
}

std::uint32_t Guide::add_document(base::JsonValue schema) {
  SchemaSource source(schema, limits_);
  SchemaReader reader(source, values_, options_, limits_);
  Emptiness emptiness(reader);
  reader.algebra().is_impossible = [&](NodeId node) {
    return emptiness.of(node) == Verdict::empty;
  };
  documents_.push_back(Planner(reader, emptiness, limits_).plan());
  check_names(documents_.back(), values_.alphabet());
  return static_cast<std::uint32_t>(documents_.size() - 1);
}

void Guide::finish(TermId answer) {
  const StateId start = texts_.start(answer);
  if (!texts_.alive(start)) throw InvalidSchema("the guide allows no answer at all");
  machine_.emplace(texts_, start, values_, documents_, options_);
  compiled_terms_ = std::max(text_terms_.size(), value_terms_.size());
}

bool Guide::is_worn() const {
  const std::scoped_lock lock(mutex_);
  const std::size_t terms = std::max(text_terms_.size(), value_terms_.size());
  return terms > compiled_terms_ + (limits_.terms - compiled_terms_) / 2;
}

AnswerCompletion& Guide::Use::completion(const std::shared_ptr<const TokenTrie>& trie) const {
  const auto [known, added] = guide_.completions_.try_emplace(
      trie, guide_.texts_, guide_.values_, guide_.documents_, guide_.options_, trie);
  return known->second;
}

std::shared_ptr<const Guide> Guide::of_schema(base::JsonValue schema, const SchemaOptions& options,
                                              const GuideLimits& limits) {
  const std::shared_ptr<Guide> guide(new Guide(options, limits));
  guide->finish(guide->text_terms_.document(guide->add_document(schema)));
  return guide;
}

std::shared_ptr<const Guide> Guide::of_regex(std::string_view regex,
                                             const std::bitset<256>& missing_bytes,
                                             const GuideLimits& limits) {
  const std::shared_ptr<Guide> guide(new Guide({.missing_bytes = missing_bytes}, limits));
  const TermId term = whole_pattern_term(guide->text_terms_, regex, limits);
  if (guide->texts_.empty(term)) {
    throw InvalidSchema(fmt::format("the pattern {} matches no text at all", base::quoted(regex)));
  }
  refuse_growth(guide->texts_, guide->texts_.start(term));
  guide->finish(term);
  return guide;
}

std::shared_ptr<const Guide> Guide::of_choices(std::span<const std::string> choices,
                                               const std::bitset<256>& missing_bytes,
                                               const GuideLimits& limits) {
  if (choices.empty()) throw InvalidSchema("there are no choices; at least one is needed");
  std::vector<std::u32string> texts;
  texts.reserve(choices.size());
  for (const std::string& choice : choices) {
    auto text = to_utf32(choice);
    if (!text) {
      throw InvalidSchema(fmt::format("the choice {} is not UTF-8", base::quoted(choice)));
    }
    const auto lacks = [&](char byte) { return missing_bytes[static_cast<unsigned char>(byte)]; };
    if (std::ranges::any_of(choice, lacks)) {
      throw UnsupportedGuide(fmt::format("the model's vocabulary has no tokens for the choice {}",
                                         base::quoted(choice)));
    }
    texts.push_back(*std::move(text));
  }
  const std::shared_ptr<Guide> guide(new Guide({.missing_bytes = missing_bytes}, limits));
  guide->finish(guide->text_terms_.any_of(std::move(texts)));
  return guide;
}

std::shared_ptr<const Guide> Guide::of_grammar(base::JsonValue grammar,
                                               const SchemaOptions& options,
                                               const GuideLimits& limits) {
  const std::shared_ptr<Guide> guide(new Guide(options, limits));
  const auto add = [&](base::JsonValue schema) { return guide->add_document(schema); };
  const TermId term = grammar_term(guide->text_terms_, grammar, add, limits);
  refuse_growth(guide->texts_, guide->texts_.start(term));
  guide->finish(term);
  return guide;
}

}  // namespace espalier::guide
