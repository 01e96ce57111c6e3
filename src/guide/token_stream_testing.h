// Does with matchers whatever a stream of bytes says, and holds them to their promises. The fuzzer
// and the corpus test run it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "guide/guide_samples_testing.h"
#include "guide/guide_testing.h"

namespace espalier::guide::testing {

class TokenStream {
 public:
  explicit TokenStream(std::span<const std::uint8_t> bytes)
      : bytes_(bytes), trie_(trie()), matcher_(guide(), trie_), mask_(trie_->vocabulary_size()) {}

  void run() {
    look();
    for (int step = 0; step < 200 && !bytes_.empty(); ++step) {
      const unsigned what = next() % 8;
      if (what < 4) {
        take_allowed();
      } else if (what == 4) {
        take_any();
      } else if (what == 5) {
        take_back();
      } else if (what == 6) {
        take_forced();
      } else {
        const Matcher copy = matcher_;
        take_allowed();
        matcher_ = copy;
        forget(matcher_.accepted());
        look();
      }
    }
  }

 private:
  static std::shared_ptr<const TokenTrie> trie() {
    static const auto all = byte_trie(sample_words);
    return all;
  }

  // One of the samples, by the first byte; each is compiled once, as many users would share it.
  std::shared_ptr<const Guide> guide() {
    static std::vector<std::shared_ptr<const Guide>> guides;
    if (guides.empty()) {
      for (const SchemaOptions& options : {SchemaOptions{}, answer_options}) {
        for (const char* schema : sample_schemas) guides.push_back(guide_of(schema, options));
      }
    }
    return guides[next() % guides.size()];
  }

  unsigned next() {
    if (bytes_.empty()) return 0;
    const unsigned byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }

  unsigned next_large() { return next() * 256 + next(); }

  // What the mask promises at every place.
  void look() {
    matcher_.mask(mask_);
    demand((mask_.count() == 0) == matcher_.is_finished(), "an empty mask");
    demand(matcher_.is_finished() || mask_.allows(end_token) == matcher_.is_complete(),
           "end token");
  }

  void take(TokenId token) {
    const TokenMask before = mask_;
    const std::size_t accepted = matcher_.accepted();
    const bool allowed = before.allows(token);
    demand(matcher_.accept(token) == allowed, "accept() and mask() differ");
    demand(matcher_.accepted() == accepted + (allowed ? 1 : 0), "tokens are counted wrongly");
    if (allowed) masks_.push_back(before);
    look();
    demand(allowed || mask_ == before, "a refused token changed the mask");
  }

  void take_allowed() {
    if (matcher_.is_finished()) return;
    std::size_t which = next_large() % mask_.count();
    for (std::size_t id = 0; id < mask_.size(); ++id) {
      if (mask_.allows(static_cast<TokenId>(id)) && which-- == 0) {
        take(static_cast<TokenId>(id));
        return;
      }
    }
  }

  void take_any() { take(static_cast<TokenId>(next_large() % (mask_.size() + 2)) - 1); }

  void take_back() {
    if (masks_.empty()) return;
    const std::size_t tokens = next() % (masks_.size() + 1);
    const std::size_t left = masks_.size() - tokens;
    matcher_.rollback(tokens);
    look();
    demand(tokens == 0 || mask_ == masks_[left], "rollback left another mask");
    forget(left);
  }

  void forget(std::size_t left) {
    masks_.erase(masks_.begin() + static_cast<std::ptrdiff_t>(left), masks_.end());
  }

  void take_forced() {
    const std::string forced = matcher_.forced_bytes();
    for (const char byte : forced) {
      const auto token = static_cast<TokenId>(static_cast<unsigned char>(byte));
      demand(mask_.allows(token), "a forced byte is not allowed");
      take(token);
    }
  }

  std::span<const std::uint8_t> bytes_;
  std::shared_ptr<const TokenTrie> trie_;
  Matcher matcher_;
  TokenMask mask_;
  std::vector<TokenMask> masks_;  // in front of each accepted token
};

}  // namespace espalier::guide::testing
