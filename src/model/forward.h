// The forward pass: one for every architecture that a ModelConfig can describe.
//
// It takes a batch of rows (tokens of one or several sequences, each sequence's new tokens side by
// side), appends their keys and values to the pages given, and leaves a hidden state per row, from
// which logits can be asked for. Rows do not influence each other except through attention within
// their sequence, and every sum has one order, so a row's result is the same in any batch. For the
// same reason, once the last keys and values are stored, only rows that logits will be asked for
// are computed further: in most models that saves the better part of the last layer, in one whose
// upper layers share their lower ones' keys and values all upper layers.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "base/thread_pool.h"
#include "base/token.h"
#include "kernels/ops.h"
#include "model/kv_shape.h"
#include "model/model.h"
#include "model/profile.h"
#include "tensor/rows.h"

namespace espalier::model {

// A token, or a ready embedding row f32 [D] in its place (used as it is: embedding_scale is for
// tokens).
struct InputRow {
  base::TokenId token = 0;
  const float* embedding = nullptr;
};

// The new tokens of one sequence: rows [first_row, first_row + tokens) of the batch, which stand at
// positions first_position and up.
struct Segment {
  std::size_t first_row = 0;
  std::size_t tokens = 0;
  std::size_t first_position = 0;
  // The sequence's pages from position 0 on, including those that the new tokens are written to.
  std::span<std::byte* const> pages = {};
};

class Forward {
 public:
  // Keeps references to all of them.
  Forward(std::shared_ptr<const Model> model, const kernels::Ops& ops, base::ThreadPool& pool,
          KvShape shape);

  // Runs the batch through all layers, and leaves hidden states of the rows that are wanted
  // (ascending). False where `stop` ended it early: what was written to the pages is then
  // incomplete and no logits may be asked for.
  bool run(std::span<const InputRow> rows, std::span<const Segment> segments,
           std::span<const std::size_t> wanted, const std::stop_token& stop);

  // Logits of some of the last batch's wanted rows, by their numbers among these.  y: f32 [rows, V]
  void logits(std::span<const std::size_t> rows, tensor::Rows<float> y);
  // The same bits for some rows of the vocabulary only.  y: f32 [rows, vocabulary_rows]
  void logits(std::span<const std::size_t> rows, std::span<const base::TokenId> vocabulary_rows,
              tensor::Rows<float> y);

  // From here on every pass adds to *profile; null ends that.
  void set_profile(Profile* profile) noexcept { profile_ = profile; }

 private:
  // A matrix buffer that grows and never shrinks: a decode step allocates nothing.
  struct Buffer {
    std::vector<float> storage;
    tensor::Rows<float> rows(std::size_t count, std::size_t cols);
  };
  // The turns of a batch's rows under one RopeConfig.
  struct Angles {
    std::vector<float> frequencies;          // [K/2]
    tensor::Rows<float> cos = {}, sin = {};  // [T, K/2]
    Buffer cos_buffer = {}, sin_buffer = {};
  };
  struct AttentionTask {
    std::size_t segment = 0;
    std::size_t kv_head = 0;
    std::size_t first_position = 0;
    std::size_t first_row = 0;
    std::size_t tokens = 0;
  };
  // A task that is computed span by span, because there are too few tasks for the threads.
  struct SpanTask {
    std::size_t task = 0;
    std::size_t span = 0;
    std::size_t state = 0;  // where in states_ what it leaves begins
  };

  void embed(std::span<const InputRow> rows);
  void compute_angles(std::span<const Segment> segments);
  void plan_regions(std::span<const Segment> segments);
  void plan_attention(std::span<const Segment> segments, std::span<const std::size_t> rows);
  void plan_spans(std::size_t window);
  void keep(std::span<const std::size_t> wanted, std::span<const Segment> segments);
  kernels::AttentionArgs attention_args(const LayerConfig& config,
                                        std::span<const Segment> segments,
                                        const AttentionTask& task) const;
  void attention_inputs(const LayerConfig& config, const LayerWeights& weights,
                        std::span<const Segment> segments);
  void finish_layer(const LayerConfig& config, const LayerWeights& weights);
  void finish_queries_and_keys(const LayerConfig& config, const LayerWeights& weights,
                               std::size_t begin, std::size_t end);
  void store_keys_and_values(const LayerConfig& config, std::span<const Segment> segments,
                             std::size_t begin, std::size_t end);
  void attend(const LayerConfig& config, std::span<const Segment> segments);
  void attend_by_spans(const LayerConfig& config, std::span<const Segment> segments);
  void add_delta(std::span<const float> norm, std::size_t begin, std::size_t end);
  void final_norm(std::span<const std::size_t> rows, bool quantise);
  void multiply(const tensor::PackedMatrix& w, const kernels::QuantisedRows& codes,
                tensor::Rows<const float> x, tensor::Rows<float> y);
  void multiply(const tensor::PackedMatrix& w, const kernels::QuantisedRows& codes,
                tensor::Rows<const float> x, std::size_t row, std::size_t group_begin,
                std::size_t group_end, tensor::Rows<float> y);

  // Between two attentions no row meets another: that work is a list of steps.
  template <class Work>
  struct RowStep {
    Op op;
    Work work;              // called with a range of rows
    std::size_t grain = 8;  // rows of a long prompt that it likes to see together
  };
  struct Product {
    Op op;
    const Projection& w;
    const kernels::QuantisedRows& codes;  // of x, where the weights are quantised
    tensor::Rows<const float> x;
    tensor::Rows<float> y;
  };
  template <class... Steps>
  void in_turn(const Steps&... steps);
  template <class Work>
  void take(const RowStep<Work>& step, StageTimer& timer);
  template <class Work>
  void take(const RowStep<Work>& step, std::size_t begin, std::size_t end, StageTimer& timer);
  void take(const Product& step, StageTimer& timer);
  void take(const Product& step, std::size_t begin, std::size_t end, StageTimer& timer);
  template <class Work>
  static void count(const RowStep<Work>& /*step*/, StageTimer& /*timer*/) {}
  static void count(const Product& step, StageTimer& timer);
  template <class Work>
  static void each_part(const Product& step, tensor::Rows<float> y, const Work& work);
  auto norm_step(bool add, std::span<const float> delta_norm, std::span<const float> weight,
                 const Projection& next);

  std::shared_ptr<const Model> model_;
  const kernels::Ops& ops_;
  base::ThreadPool& pool_;
  KvShape shape_;
  std::size_t last_writer_ = 0;  // the last layer that writes keys and values
  Profile* profile_ = nullptr;
  std::vector<Angles> angles_;  // one a RopeConfig

  // One batch, T rows.
  tensor::Rows<float> hidden_;    // [T, D] the residual stream
  tensor::Rows<float> delta_;     // [T, D] what the last block adds to it
  tensor::Rows<float> normed_;    // [T, D] in the memory of delta_, once that is added
  tensor::Rows<float> qkv_;       // [T, (H + 2·H_kv)·K]
  tensor::Rows<float> attended_;  // [T, H·K]
  tensor::Rows<float> gate_up_;   // [T, 2F]
  tensor::Rows<float> ffn_;       // [T, F] in the memory of the gate
  bool has_delta_ = false;
  std::span<const float> delta_norm_;  // what delta_ is still to be normalised with; may be empty
  // The last three, as the matrices behind them want them.
  kernels::QuantisedRows normed_codes_, attended_codes_, ffn_codes_;
  std::vector<std::size_t> row_segment_;
  std::vector<std::size_t> all_rows_;  // 0, 1, 2 …
  std::vector<AttentionTask> tasks_;
  std::vector<SpanTask> span_tasks_;
  std::vector<std::size_t> first_span_task_;  // of each task, and the end
  std::vector<float> states_;
  std::vector<const std::byte*> regions_;        // of the layer at hand: [segment][kv head][page]
  std::vector<std::size_t> regions_of_segment_;  // where a segment's part of regions_ begins
  Buffer hidden_buffer_, delta_buffer_, qkv_buffer_, attended_buffer_, gate_up_buffer_,
      group_logits_buffer_;
};

}  // namespace espalier::model
