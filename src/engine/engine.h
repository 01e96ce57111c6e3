// Runs a model over a batch of sequences: the one call that everything above builds on.
//
//   Engine engine(model, {.threads = 2});
//   Sequence sequence = engine.new_sequence();
//   StepOutput out;
//   const std::size_t last = prompt.size() - 1;
//   engine.step({{.sequence = &sequence, .tokens = prompt, .wanted = {&last, 1}}}, out);
//   out.logits(0).row(0)                          // f32 [V], what follows the prompt
//
// Promise: on one instruction set the logits of a position depend on the tokens (or embedding rows)
// up to it and on nothing else: not on threads, batch, chunks, prefix reuse, truncate or fork, bit
// for bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "base/cpu_features.h"
#include "base/token.h"
#include "engine/sequence.h"
#include "kernels/kv_page.h"
#include "model/model.h"
#include "model/profile.h"
#include "tensor/rows.h"

namespace espalier::engine {

struct EngineOptions {
  int threads = 0;         // 0: base::usable_cores()
  int decode_threads = 0;  // in passes of one token a sequence; 0: threads, which is the most
  base::Isa isa = base::chosen_isa();
  kernels::KvType kv_type = kernels::KvType::f16;
  std::size_t context = 0;       // 0: the model's; more than that is refused
  std::size_t cache_tokens = 0;  // positions the KV cache holds in all; 0: context
  std::size_t chunk = 512;       // most tokens in one forward pass
  bool prefix_reuse = true;
};

// Rows that take the place of tokens' embeddings (an image's, say). `content_hash` names the
// content: equal hashes mean equal rows.
struct EmbeddingRows {
  tensor::Rows<const float> rows;  // f32 [T, D]
  std::uint64_t content_hash = 0;
};

struct StepItem {
  Sequence* sequence = nullptr;
  // What to append: tokens, or embedding rows where tokens is empty.
  std::span<const base::TokenId> tokens = {};
  EmbeddingRows embeddings = {};
  AdapterId adapter = no_adapter;
  // Which of the new positions to give logits for, as ascending indices into this item.
  std::span<const std::size_t> wanted = {};
  // Which rows of the vocabulary; empty: all, in order.
  std::span<const base::TokenId> vocabulary_rows = {};

  std::size_t size() const noexcept {
    return tokens.empty() ? embeddings.rows.rows() : tokens.size();
  }
};

enum class StepStatus {
  done,
  cancelled,   // by the stop token; every sequence is as it was before the call
  cache_full,  // live sequences hold all pages; likewise
};

// Logits of a step, owned here so that the memory serves the next step again.
class StepOutput {
 public:
  StepOutput() = default;
  // Moved, not copied: a copy's rows would lie in the original's memory.
  StepOutput(StepOutput&&) = default;
  StepOutput& operator=(StepOutput&&) = default;

  // Logits of the batch's item i: f32 [wanted, V] or [wanted, vocabulary_rows].
  tensor::Rows<const float> logits(std::size_t item) const noexcept { return rows_[item]; }

 private:
  friend class Engine;
  std::vector<float> storage_;
  std::vector<tensor::Rows<float>> rows_;
};

// Counters since the engine was made.
struct EngineStats {
  std::uint64_t computed_tokens = 0;  // positions that went through the forward pass
  std::uint64_t reused_tokens = 0;    // positions that reuse_prefix() found
};

class Engine {
 public:
  // Throws InvalidArgument on options that do not fit the model or the machine.
  Engine(std::shared_ptr<const model::Model> model, EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const model::Model& model() const noexcept;
  const EngineOptions& options() const noexcept;  // with the defaults filled in
  EngineStats stats() const noexcept;
  // Every pass from here on adds what its ops cost to *profile; null ends that.
  void set_profile(model::Profile* profile);

  // Lets the KV cache hold so many more positions than options().cache_tokens. For any thread.
  void grow_cache(std::size_t tokens);

  Sequence new_sequence();

  // Gives an empty sequence the longest cached prefix of `tokens`, in whole pages and leaving at
  // least one token to compute. Returns how many positions it now holds. Throws InvalidArgument
  // where the sequence holds positions already or is another engine's, or the adapter is unknown.
  std::size_t reuse_prefix(Sequence& sequence, std::span<const base::TokenId> tokens,
                           AdapterId adapter = no_adapter);

  // Appends every item to its sequence and computes the wanted logits. Safe to call from several
  // threads (calls take turns) on different sequences; a sequence may stand in a batch once.
  // Throws before any work: InvalidArgument naming the item, ExceededContextWindowSize.
  StepStatus step(std::span<const StepItem> batch, StepOutput& out, std::stop_token stop = {});
  StepStatus step(std::initializer_list<StepItem> batch, StepOutput& out,
                  std::stop_token stop = {}) {
    return step(std::span<const StepItem>(batch.begin(), batch.size()), out, std::move(stop));
  }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace espalier::engine
