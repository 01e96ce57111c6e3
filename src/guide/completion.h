// How soon a document can be ended from where it stands.
//
// Costs are in tokens: what a shortest rest is found to need when each of its parts (a key with its
// comma and colon, a text, a bracket) is spelled in as few tokens as the vocabulary has for it. So
// a cost is an upper bound: tokens that span parts may do with fewer. It is found when it is first
// asked for and remembered; nothing is computed for what no question touches.
//
// Not for several threads at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "guide/json_machine.h"
#include "guide/token_trie.h"

namespace espalier::guide {

class Completion {
 public:
  using Cost = std::uint32_t;
  static constexpr Cost endless = Cost{1} << 30;  // and whatever no way was found for

  // The plan and the automaton must outlive this.
  Completion(const Plan& plan, Automaton& automaton, const SchemaOptions& options,
             std::shared_ptr<const TokenTrie> trie)
      : plan_(plan),
        automaton_(automaton),
        machine_(plan, automaton, options),
        trie_(std::move(trie)) {}

  // Tokens to the document's end, an end token counted where the document is a number, which
  // nothing else ends.
  Cost of(const Configuration& at);

  // The same for `at` inside a text, where that ends at once; endless where it may not.
  Cost ended_text(const Configuration& at);

  // Of a whole document, which may be a number.
  Cost whole() { return plus(value(plan_.root), 1); }

  // The sum, or endless.
  static Cost plus(std::uint64_t a, std::uint64_t b) {
    return static_cast<Cost>(std::min<std::uint64_t>(a + b, endless));
  }

 private:
  std::vector<Cost> ends(std::string_view bytes) const;
  Cost text(std::string_view bytes) const { return ends(bytes).front(); }
  using Rests = std::unordered_map<StateId, Cost>;
  Cost text_rest(StateId state, Rests& rests, std::string_view end);
  Cost string_rest(StateId state) { return text_rest(state, string_rests_, "\""); }
  Cost number_rest(StateId state) { return text_rest(state, number_rests_, ""); }
  std::uint64_t alike(const Configuration& at) const;
  Cost distinct(StateId state, std::uint64_t number);
  Cost character_rest(Configuration at);

  Cost value(NodeId node);
  void settle(NodeId node);
  void find_parts(NodeId node, std::vector<NodeId>& parts) const;
  Cost least_of(NodeId node);

  Cost rest(const FramePtr& frame);
  Cost own_rest(const Frame& frame);
  Cost array_rest(const Frame& frame);
  Cost counted_rest(const Frame& frame);
  Cost unique_item(const ArrayPlan& plan);
  Cost object_rest(const Frame& frame);
  Cost filling(const Frame& frame, std::uint64_t members, const std::vector<bool>& taken);
  Cost next_member(const FramePtr& frame);
  Cost key_rest(const Configuration& at);
  Cost named_key_rest(const Configuration& at, std::string_view begun);
  Cost member(std::uint32_t object, std::uint32_t name);
  Cost other_member(const Frame& frame, std::uint32_t wanted, std::uint64_t others);
  std::vector<bool> missing(const Frame& frame) const;

  const Plan& plan_;
  Automaton& automaton_;
  JsonMachine machine_;
  std::shared_ptr<const TokenTrie> trie_;
  std::vector<Cost> values_;  // by node; 0: not asked for yet
  bool settling_ = false;     // values_ may still fall
  Rests string_rests_;
  Rests number_rests_;
  std::map<std::pair<StateId, std::uint64_t>, Cost> distinct_;
  std::unordered_map<std::uint64_t, Cost>
      names_;  // a key with its comma and colon, by object and name
  std::unordered_map<std::uint32_t, std::vector<Cost>> counted_;  // by array, then by its state
  std::unordered_map<FramePtr, Cost> rests_;
};

}  // namespace espalier::guide
