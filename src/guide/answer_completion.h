// How soon an answer can be ended from where it stands: the document that it is in, then the text
// behind that, with its documents. As in Completion, an upper bound in tokens.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "guide/completion.h"

namespace espalier::guide {

class AnswerCompletion {
 public:
  using Cost = Completion::Cost;

  // As AnswerMachine; all must outlive this.
  AnswerCompletion(Automaton& texts, Automaton& values, const std::vector<Plan>& documents,
                   const SchemaOptions& options, const std::shared_ptr<const TokenTrie>& trie);

  // Tokens to the end, an end token counted where something else could follow.
  Cost of(const Configurations& at);

  // Of `at` inside a text of a document, where that ends at once; endless where it may not.
  Cost ended_text(const Configuration& at);

 private:
  Cost of(const Configuration& at);
  Cost text_rest(StateId state);

  Automaton& texts_;
  std::vector<Completion> documents_;
  std::unordered_map<StateId, Cost> text_rests_;
};

}  // namespace espalier::guide
