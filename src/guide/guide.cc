#include "guide/guide.h"

#include "guide/planner.h"

namespace espalier::guide {

Guide::Guide(const SchemaOptions& options, const GuideLimits& limits)
    : options_(options), terms_(limits), automaton_(terms_, limits) {}

const StringMask& Guide::Use::string_mask(const std::shared_ptr<const TokenTrie>& trie,
                                          StateId state, TreePlace place) const {
  const auto masks = guide_.string_masks_.try_emplace(trie, trie, guide_.options_.writing).first;
  return masks->second.of(guide_.automaton_, state, place);
}

std::shared_ptr<const Guide> Guide::of_schema(base::JsonValue schema, const SchemaOptions& options,
                                              const GuideLimits& limits) {
  const std::shared_ptr<Guide> guide(new Guide(options, limits));
  SchemaSource source(schema, limits);
  SchemaReader reader(source, guide->automaton_, options, limits);
  Emptiness emptiness(reader);
  reader.algebra().is_impossible = [&](NodeId node) {
    return emptiness.of(node) == Verdict::empty;
  };
  guide->plan_ = Planner(reader, emptiness, limits).plan();
  return guide;
}

}  // namespace espalier::guide
