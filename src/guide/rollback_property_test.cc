// Masks of random schemas: what each token alone says, before and after tokens are taken back.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <stdexcept>

#include "espalier/error.h"
#include "guide/guide_samples_testing.h"
#include "guide/guide_testing.h"
#include "guide/random_schema_testing.h"

namespace espalier::guide {
namespace {

using testing::brute_force;
using testing::byte_trie;
using testing::guide_of;
using testing::sample_words;

std::size_t draw(std::size_t below) { return *rc::gen::inRange(std::size_t{0}, below); }

TokenId draw_allowed(const TokenMask& mask) {
  std::vector<TokenId> allowed;
  for (std::size_t id = 0; id < mask.size(); ++id) {
    if (mask.allows(static_cast<TokenId>(id))) allowed.push_back(static_cast<TokenId>(id));
  }
  return allowed[draw(allowed.size())];
}

// rapidcheck shows what() of the case that fails.
void demand(bool holds, const std::string& schema) {
  if (!holds) throw std::logic_error(schema);
}

// Nothing where the schema cannot be held to or allows nothing.
std::shared_ptr<const Guide> guide_or_none(const std::string& schema) {
  try {
    return guide_of(schema, draw(2) == 0 ? SchemaOptions{} : answer_options);
  } catch (const UnsupportedGuide&) {
  } catch (const InvalidSchema&) {
  }
  return nullptr;
}

RC_GTEST_PROP(RandomSchemas, RollbackLeavesTheMasksOfAFreshMatcher, ()) {
  static const auto trie = byte_trie(sample_words);
  const std::string schema = testing::SchemaDrawing(draw).document();
  const auto guide = guide_or_none(schema);
  if (!guide) return;
  Matcher matcher(guide, trie);
  TokenMask mask(trie->vocabulary_size());
  std::vector<TokenId> taken;
  for (std::size_t most = draw(24); taken.size() < most && !matcher.is_finished();) {
    matcher.mask(mask);
    demand(mask.count() > 0U, schema);
    taken.push_back(draw_allowed(mask));
    demand(matcher.accept(taken.back()), schema);
  }
  const std::size_t back = draw(taken.size() + 1);
  matcher.rollback(back);
  taken.resize(taken.size() - back);
  Matcher fresh(guide, trie);
  for (const TokenId token : taken) demand(fresh.accept(token), schema);
  TokenMask fresh_mask(trie->vocabulary_size());
  matcher.mask(mask);
  fresh.mask(fresh_mask);
  demand(mask == fresh_mask, schema);
  demand(mask == brute_force(matcher, *trie), schema);
}

}  // namespace
}  // namespace espalier::guide
