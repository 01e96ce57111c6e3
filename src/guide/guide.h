// A compiled guide: what an answer may be, ready for any number of matchers.
//
//   const auto guide = Guide::of_schema(document.root());
//   Matcher matcher(guide, tokens);        // matcher.h
//
// Immutable to its users, who may be on any number of threads. Inside, automata grow as they are
// walked, under a lock that a mask or a step holds.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "guide/answer_completion.h"
#include "guide/answer_machine.h"
#include "guide/guide_options.h"
#include "guide/limits.h"
#include "guide/string_masks.h"
#include "guide/text_masks.h"

namespace espalier::guide {

class Guide {
 public:
  // Compiles a JSON Schema; the document may go afterwards. Throws UnsupportedGuide where a keyword
  // cannot be held to exactly and InvalidSchema where the schema is none or allows nothing; both
  // begin with the keyword's place as a JSON pointer.
  static std::shared_ptr<const Guide> of_schema(base::JsonValue schema,
                                                const SchemaOptions& options = {},
                                                const GuideLimits& limits = {});

  // Text, no JSON, that the regular expression (pattern.h) matches from its first character to its
  // last; `missing_bytes` as in SchemaOptions. Throws UnsupportedGuide where it asks for what no
  // automaton of bounded size can do and InvalidSchema where it is none or matches nothing.
  static std::shared_ptr<const Guide> of_regex(std::string_view regex,
                                               const std::bitset<256>& missing_bytes = {},
                                               const GuideLimits& limits = {});

  // One of the texts, as it stands. Throws InvalidSchema where there is none, or one is not UTF-8;
  // UnsupportedGuide where the vocabulary cannot write one.
  static std::shared_ptr<const Guide> of_choices(std::span<const std::string> choices,
                                                 const std::bitset<256>& missing_bytes = {},
                                                 const GuideLimits& limits = {});

  // What a grammar composes (grammar.h): text and JSON documents, which `options` speak of. Throws
  // InvalidFile where it is not in the format of grammars, UnsupportedGuide and InvalidSchema as
  // above, with the part's place in front.
  static std::shared_ptr<const Guide> of_grammar(base::JsonValue grammar,
                                                 const SchemaOptions& options = {},
                                                 const GuideLimits& limits = {});

  // Whether its automata have grown so far, as answers walked them, that half of the room for it is
  // used: who keeps a guide for many answers compiles it anew then, before one of them is cut.
  bool is_worn() const;

  // The machine, while the lock is held.
  class Use {
   public:
    explicit Use(const Guide& guide) : guide_(guide), lock_(guide.mutex_) {}
    AnswerMachine* operator->() noexcept { return &*guide_.machine_; }
    std::shared_ptr<const StringMask> string_mask(const std::shared_ptr<const TokenTrie>& trie,
                                                  StateId state, TreePlace place) const;
    std::shared_ptr<const TextMask> text_mask(const std::shared_ptr<const TokenTrie>& trie,
                                              StateId state, TreePlace place) const;
    AnswerCompletion& completion(const std::shared_ptr<const TokenTrie>& trie) const;

   private:
    const Guide& guide_;
    std::scoped_lock<std::mutex> lock_;
  };

 private:
  Guide(const SchemaOptions& options, const GuideLimits& limits);

  // Compiling: documents are added, then the answer's term is told, once.
  std::uint32_t add_document(base::JsonValue schema);  // its number
  void finish(TermId answer);

  SchemaOptions options_;
  GuideLimits limits_;
  mutable std::mutex mutex_;
  TermPool text_terms_;  // of the answer
  mutable Automaton texts_;
  TermPool value_terms_;  // of strings, keys and numbers in documents
  mutable Automaton values_;
  std::vector<Plan> documents_;
  std::size_t compiled_terms_ = 0;  // of the larger pool, before any answer
  mutable std::optional<AnswerMachine> machine_;
  mutable std::map<std::shared_ptr<const TokenTrie>, StringMasks> string_masks_;
  mutable std::map<std::shared_ptr<const TokenTrie>, TextMasks> text_masks_;
  mutable std::map<std::shared_ptr<const TokenTrie>, AnswerCompletion> completions_;
};

}  // namespace espalier::guide
