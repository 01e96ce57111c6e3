// A compiled guide: what a schema allows, ready for any number of matchers.
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

#include "base/json.h"
#include "guide/guide_options.h"
#include "guide/json_machine.h"
#include "guide/limits.h"
#include "guide/string_masks.h"

namespace espalier::guide {

class Guide {
 public:
  // Compiles a JSON Schema; the document may go afterwards. Throws UnsupportedGuide where a keyword
  // cannot be held to exactly and InvalidSchema where the schema is none or allows nothing; both
  // begin with the keyword's place as a JSON pointer.
  static std::shared_ptr<const Guide> of_schema(base::JsonValue schema,
                                                const SchemaOptions& options = {},
                                                const GuideLimits& limits = {});

  // The machine, while the lock is held.
  class Use {
   public:
    explicit Use(const Guide& guide)
        : guide_(guide), lock_(guide.mutex_), machine_(guide.machine()) {}
    JsonMachine* operator->() noexcept { return &machine_; }
    const StringMask& string_mask(const std::shared_ptr<const TokenTrie>& trie, StateId state,
                                  TreePlace place) const;

   private:
    const Guide& guide_;
    std::scoped_lock<std::mutex> lock_;
    JsonMachine machine_;
  };

 private:
  Guide(const SchemaOptions& options, const GuideLimits& limits);

  JsonMachine machine() const { return {plan_, automaton_, options_}; }

  SchemaOptions options_;
  mutable std::mutex mutex_;
  mutable TermPool terms_;
  mutable Automaton automaton_;
  Plan plan_;
  mutable std::map<std::shared_ptr<const TokenTrie>, StringMasks> string_masks_;
};

}  // namespace espalier::guide
