#include "model/forward.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/checked_math.h"

namespace espalier::model {
namespace {

using tensor::PackedMatrix;
using tensor::Rows;

// Rows that a thread takes at a time in the ops between matmuls: enough work to be worth a claim,
// so that up to four rows are left to one thread, but few enough that eight feed two.
constexpr std::size_t row_grain(std::size_t rows) { return rows < 16 ? 4 : 8; }

// And where a prompt's keys are stored: transposed, 32 positions of f16 lie in one cache line,
// which should be fetched for all of them at once.
constexpr std::size_t store_grain = 32;
constexpr std::size_t store_grain_rows = 8 * store_grain;

// Fewer tiles of attention than this would leave threads idle at the end: a lone token has one for
// each KV head.
constexpr std::size_t tasks_per_thread = 4;

// Rows of a prompt that go through many steps together: worth reading all of a layer's weights for,
// and few enough that the widest of what the steps leave stays in the second-level cache.
constexpr std::size_t part_rows = 32;
static_assert(part_rows % store_grain == 0);

bool any_quantised(const Projection& projection) {
  return std::any_of(projection.parts.begin(), projection.parts.end(),
                     [](const PackedMatrix& part) { return tensor::is_quantised(part.dtype()); });
}

double operations(const PackedMatrix& w, std::size_t tokens) {
  return 2.0 * static_cast<double>(w.rows()) * static_cast<double>(w.cols()) *
         static_cast<double>(tokens);
}

std::vector<float> frequencies(const RopeConfig& rope, std::size_t head_size) {
  std::vector<float> result;
  for (std::size_t i = 0; i < head_size / 2; ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(head_size);
    const double divisor = rope.divisors.empty() ? 1.0 : static_cast<double>(rope.divisors[i]);
    result.push_back(
        static_cast<float>(1.0 / std::pow(static_cast<double>(rope.theta), exponent) / divisor));
  }
  return result;
}

}  // namespace

Rows<float> Forward::Buffer::rows(std::size_t count, std::size_t cols) {
  if (storage.size() < count * cols) storage.resize(count * cols);
  return {storage.data(), count, cols};
}

Forward::Forward(std::shared_ptr<const Model> model, const kernels::Ops& ops,
                 base::ThreadPool& pool, KvShape shape)
    : model_(std::move(model)), ops_(ops), pool_(pool), shape_(shape) {
  const ModelConfig& config = model_->config;
  for (const RopeConfig& rope : config.ropes) {
    angles_.push_back({.frequencies = frequencies(rope, config.head_size)});
  }
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) {
    if (config.layers[layer].writes_kv) last_writer_ = layer;
  }
}

bool Forward::run(std::span<const InputRow> rows, std::span<const Segment> segments,
                  std::span<const std::size_t> wanted, const std::stop_token& stop) {
  const ModelConfig& config = model_->config;
  const std::size_t T = rows.size();
  hidden_ = hidden_buffer_.rows(T, config.width);
  delta_ = delta_buffer_.rows(T, config.width);
  normed_ = delta_;
  attended_ = attended_buffer_.rows(T, config.query_width());
  gate_up_ = gate_up_buffer_.rows(T, 2 * config.ffn_width);
  ffn_ = gate_up_.slice_cols(0, config.ffn_width);
  has_delta_ = false;
  delta_norm_ = {};
  embed(rows);
  compute_angles(segments);
  plan_regions(segments);
  for (std::size_t t = all_rows_.size(); t < T; ++t) all_rows_.push_back(t);
  plan_attention(segments, std::span(all_rows_).first(T));
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) {
    if (stop.stop_requested()) return false;
    const LayerWeights& weights = model_->layers[layer];
    attention_inputs(config.layers[layer], weights, segments);
    if (layer == last_writer_) {
      if (wanted.empty()) return true;
      if (wanted.size() < T) keep(wanted, segments);
    }
    attend(config.layers[layer], segments);
    finish_layer(config.layers[layer], weights);
  }
  pool_.run(hidden_.rows(), row_grain(hidden_.rows()),
            [&](std::size_t begin, std::size_t end) { add_delta(delta_norm_, begin, end); });
  return true;
}

void Forward::embed(std::span<const InputRow> rows) {
  const OpTimer timer(profile_, Op::embed);
  const float scale = model_->config.embedding_scale;
  pool_.run(rows.size(), row_grain(rows.size()), [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      if (rows[t].embedding != nullptr) {
        std::copy_n(rows[t].embedding, hidden_.cols(), hidden_.row(t).data());
      } else {
        tensor::unpack_row(model_->embedding, static_cast<std::size_t>(rows[t].token),
                           hidden_.row(t));
        for (float& value : hidden_.row(t)) value *= scale;
      }
    }
  });
}

// The angles of a position depend on the position alone. They are products in f32, as in the code
// that the models were trained with, and their sine and cosine are rounded once.
void Forward::compute_angles(std::span<const Segment> segments) {
  const OpTimer timer(profile_, Op::position);
  const std::size_t half = model_->config.head_size / 2;
  row_segment_.resize(hidden_.rows());
  for (std::size_t s = 0; s < segments.size(); ++s) {
    std::fill_n(row_segment_.begin() + static_cast<std::ptrdiff_t>(segments[s].first_row),
                segments[s].tokens, s);
  }
  for (Angles& angles : angles_) {
    angles.cos = angles.cos_buffer.rows(hidden_.rows(), half);
    angles.sin = angles.sin_buffer.rows(hidden_.rows(), half);
    pool_.run(hidden_.rows(), row_grain(hidden_.rows()), [&](std::size_t begin, std::size_t end) {
      for (std::size_t t = begin; t < end; ++t) {
        const Segment& segment = segments[row_segment_[t]];
        const auto position = static_cast<float>(segment.first_position + t - segment.first_row);
        for (std::size_t i = 0; i < half; ++i) {
          const double angle = static_cast<double>(position * angles.frequencies[i]);
          angles.cos(t, i) = static_cast<float>(std::cos(angle));
          angles.sin(t, i) = static_cast<float>(std::sin(angle));
        }
      }
    });
  }
}

void Forward::plan_regions(std::span<const Segment> segments) {
  regions_of_segment_.clear();
  std::size_t regions = 0;
  for (const Segment& segment : segments) {
    regions_of_segment_.push_back(regions);
    regions += shape_.kv_heads * segment.pages.size();
  }
  regions_.resize(regions);
}

// The same tasks serve every layer: a tile of neighbouring tokens of one sequence against one KV
// head. `rows`: of the batch, ascending; the i-th is row i of what attention reads and writes.
void Forward::plan_attention(std::span<const Segment> segments, std::span<const std::size_t> rows) {
  const std::size_t group = model_->config.heads / model_->config.kv_heads;
  const std::size_t most = kernels::attention_max_rows / group;
  tasks_.clear();
  for (std::size_t begin = 0; begin < rows.size();) {
    const std::size_t segment = row_segment_[rows[begin]];
    std::size_t end = begin + 1;
    while (end < rows.size() && end - begin < most && rows[end] == rows[end - 1] + 1 &&
           row_segment_[rows[end]] == segment) {
      ++end;
    }
    const std::size_t position =
        segments[segment].first_position + rows[begin] - segments[segment].first_row;
    for (std::size_t head = 0; head < shape_.kv_heads; ++head) {
      tasks_.push_back({.segment = segment,
                        .kv_head = head,
                        .first_position = position,
                        .first_row = begin,
                        .tokens = end - begin});
    }
    begin = end;
  }
}

// Moves the wanted rows together and forgets the others. Between the layers' steps that leaves
// these to be moved: the residual stream, the queries, and the angles of later layers.
void Forward::keep(std::span<const std::size_t> wanted, std::span<const Segment> segments) {
  const std::size_t count = wanted.size();
  const auto gather = [&](Rows<float>& rows) {
    for (std::size_t i = 0; i < count; ++i) {
      if (wanted[i] != i) std::ranges::copy(rows.row(wanted[i]), rows.row(i).begin());
    }
    rows = rows.slice_rows(0, count);
  };
  plan_attention(segments, wanted);
  gather(hidden_);
  gather(qkv_);
  for (Angles& angles : angles_) {
    gather(angles.cos);
    gather(angles.sin);
  }
  for (Rows<float>* rows : {&delta_, &normed_, &attended_, &gate_up_, &ffn_}) {
    *rows = rows->slice_rows(0, count);
  }
}

// The spans that a tile's rows see in a layer with that window. The states of one tile follow each
// other, as the op that puts them together wants them.
void Forward::plan_spans(std::size_t window) {
  constexpr std::size_t S = kernels::attention_span;
  const std::size_t group = model_->config.heads / model_->config.kv_heads;
  const std::size_t row_floats = kernels::attention_state_floats(model_->config.head_size);
  span_tasks_.clear();
  first_span_task_.clear();
  std::size_t floats = 0;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const AttentionTask& task = tasks_[i];
    const std::size_t first = task.first_position;
    const std::size_t seen = window == 0 || window > first ? 0 : first + 1 - window;
    first_span_task_.push_back(span_tasks_.size());
    for (std::size_t span = seen / S; span <= (first + task.tokens - 1) / S; ++span) {
      span_tasks_.push_back({.task = i, .span = span, .state = floats});
      floats += task.tokens * group * row_floats;
    }
  }
  first_span_task_.push_back(span_tasks_.size());
  if (states_.size() < floats) states_.resize(floats);
}

// A long prompt's rows are cut among the threads, and each part goes through all steps before the
// next one: what a step leaves of it is still in the thread's caches then, and no thread waits for
// another in between. Fewer rows take one step after the other, each in a parallel region.
template <class... Steps>
void Forward::in_turn(const Steps&... steps) {
  StageTimer timer(profile_);
  const std::size_t rows = hidden_.rows();
  const std::size_t threads = static_cast<std::size_t>(pool_.threads());
  if (rows < 2 * threads * part_rows) return (take(steps, timer), ...);
  (count(steps, timer), ...);
  pool_.run(rows, part_rows,
            [&](std::size_t begin, std::size_t end) { (take(steps, begin, end, timer), ...); });
}

template <class Work>
void Forward::take(const RowStep<Work>& step, StageTimer& timer) {
  const std::size_t rows = hidden_.rows();
  timer.time(step.op, [&] {
    pool_.run(rows, rows < store_grain_rows ? row_grain(rows) : step.grain, step.work);
  });
}

template <class Work>
void Forward::take(const RowStep<Work>& step, std::size_t begin, std::size_t end,
                   StageTimer& timer) {
  timer.time(step.op, [&] { step.work(begin, end); });
}

void Forward::take(const Product& step, StageTimer& timer) {
  count(step, timer);
  timer.time(step.op, [&] {
    each_part(step, step.y, [&](const PackedMatrix& part, Rows<float> y) {
      multiply(part, step.codes, step.x, y);
    });
  });
}

void Forward::take(const Product& step, std::size_t begin, std::size_t end, StageTimer& timer) {
  timer.time(step.op, [&] {
    each_part(step, step.y.slice_rows(begin, end - begin),
              [&](const PackedMatrix& part, Rows<float> y) {
                multiply(part, step.codes, step.x, begin, 0, part.groups(), y);
              });
  });
}

// Calls work(part, its columns of y) for each matrix of a projection.
template <class Work>
void Forward::each_part(const Product& step, Rows<float> y, const Work& work) {
  std::size_t column = 0;
  for (const PackedMatrix& part : step.w.parts) {
    work(part, y.slice_cols(column, part.rows()));
    column += part.rows();
  }
}

void Forward::count(const Product& step, StageTimer& timer) {
  for (const PackedMatrix& part : step.w.parts) {
    timer.add_work(step.op, static_cast<double>(part.bytes()), operations(part, step.y.rows()));
  }
}

// hidden += delta, normed = norm(hidden), and its codes where the weights behind it want them.
auto Forward::norm_step(bool add, std::span<const float> delta_norm, std::span<const float> weight,
                        const Projection& next) {
  const bool quantise = any_quantised(next);
  if (quantise) normed_codes_.resize(hidden_.rows(), hidden_.cols());
  return RowStep{Op::norm, [=, this](std::size_t begin, std::size_t end) {
                   if (add) add_delta(delta_norm, begin, end);
                   ops_.rms_norm(hidden_.slice_rows(begin, end - begin), weight,
                                 model_->config.norm_epsilon,
                                 normed_.slice_rows(begin, end - begin));
                   if (quantise) ops_.quantise_rows(normed_, begin, end, normed_codes_);
                 }};
}

// Queries, and keys and values in their pages.
void Forward::attention_inputs(const LayerConfig& config, const LayerWeights& weights,
                               std::span<const Segment> segments) {
  qkv_ = qkv_buffer_.rows(hidden_.rows(), weights.qkv.rows());
  in_turn(norm_step(has_delta_, delta_norm_, weights.attention_norm, weights.qkv),
          Product{Op::qkv, weights.qkv, normed_codes_, normed_, qkv_},
          RowStep{Op::position,
                  [&](std::size_t begin, std::size_t end) {
                    finish_queries_and_keys(config, weights, begin, end);
                    if (config.writes_kv) store_keys_and_values(config, segments, begin, end);
                  },
                  store_grain});
}

// From what attention has found to what the layer adds to the residual stream.
void Forward::finish_layer(const LayerConfig& config, const LayerWeights& weights) {
  const bool quantise_attended = any_quantised(weights.attention_out);
  if (quantise_attended) attended_codes_.resize(attended_.rows(), attended_.cols());
  const auto quantise = [&](std::size_t begin, std::size_t end) {
    if (quantise_attended) ops_.quantise_rows(attended_, begin, end, attended_codes_);
  };
  const auto activation = config.activation == Activation::silu ? ops_.swiglu : ops_.geglu;
  const bool quantise_ffn = any_quantised(weights.down);
  if (quantise_ffn) ffn_codes_.resize(ffn_.rows(), ffn_.cols());
  const auto activate = [&](std::size_t begin, std::size_t end) {
    activation(gate_up_.slice_rows(begin, end - begin), ffn_.slice_rows(begin, end - begin));
    if (quantise_ffn) ops_.quantise_rows(ffn_, begin, end, ffn_codes_);
  };
  in_turn(RowStep{Op::attention, quantise},
          Product{Op::attention_out, weights.attention_out, attended_codes_, attended_, delta_},
          norm_step(true, weights.post_attention_norm, weights.ffn_norm, weights.gate_up),
          Product{Op::gate_up, weights.gate_up, normed_codes_, normed_, gate_up_},
          RowStep{Op::activation, activate},
          Product{Op::down, weights.down, ffn_codes_, ffn_, delta_});
  has_delta_ = true;
  delta_norm_ = weights.post_ffn_norm;
}

// Between the projection and the cache: biases, the heads' norms, positions.
void Forward::finish_queries_and_keys(const LayerConfig& config, const LayerWeights& weights,
                                      std::size_t begin, std::size_t end) {
  const ModelConfig& model = model_->config;
  const std::size_t K = model.head_size, count = end - begin;
  const std::size_t key_heads = config.writes_kv ? model.kv_heads : 0;
  const Rows<float> qkv = qkv_.slice_rows(begin, count);
  if (config.qkv_bias) ops_.add({weights.qkv_bias.data(), count, qkv.cols(), 0}, qkv);
  if (config.qk_norm) {
    for (std::size_t t = 0; t < count; ++t) {
      const Rows<float> queries(qkv.row(t).data(), model.heads, K);
      ops_.rms_norm(queries, weights.q_norm, model.norm_epsilon, queries);
      if (!config.writes_kv) continue;
      const Rows<float> keys(qkv.row(t).data() + model.query_width(), key_heads, K);
      ops_.rms_norm(keys, weights.k_norm, model.norm_epsilon, keys);
    }
  }
  if (config.rope) {
    const Angles& angles = angles_[*config.rope];
    ops_.rope(qkv, model.heads + key_heads, K, angles.cos.slice_rows(begin, count),
              angles.sin.slice_rows(begin, count));
  }
}

void Forward::store_keys_and_values(const LayerConfig& config, std::span<const Segment> segments,
                                    std::size_t begin, std::size_t end) {
  const ModelConfig& model = model_->config;
  const std::size_t K = model.head_size;
  for (std::size_t t = begin; t < end; ++t) {
    const Segment& segment = segments[row_segment_[t]];
    const std::size_t position = segment.first_position + t - segment.first_row;
    std::byte* page = segment.pages[position / kernels::page_positions];
    const float* keys = qkv_.row(t).data() + model.query_width();
    const float* values = keys + model.kv_width();
    for (std::size_t head = 0; head < model.kv_heads; ++head) {
      ops_.kv_store(shape_.head, page + shape_.region_offset(config.kv_slot, head),
                    position % kernels::page_positions, keys + head * K, values + head * K);
    }
  }
}

void Forward::attend(const LayerConfig& config, std::span<const Segment> segments) {
  const OpTimer timer(profile_, Op::attention);
  const ModelConfig& model = model_->config;
  for (std::size_t s = 0; s < segments.size(); ++s) {
    const std::size_t pages = segments[s].pages.size();
    const std::byte** out = regions_.data() + regions_of_segment_[s];
    for (std::size_t head = 0; head < model.kv_heads; ++head) {
      const std::size_t offset = shape_.region_offset(config.kv_slot, head);
      for (std::size_t page = 0; page < pages; ++page) *out++ = segments[s].pages[page] + offset;
    }
  }
  plan_spans(config.window);
  const auto enough = tasks_per_thread * static_cast<std::size_t>(pool_.active());
  if (tasks_.size() < enough && span_tasks_.size() > tasks_.size()) {
    attend_by_spans(config, segments);
  } else {
    pool_.run(tasks_.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        ops_.attention(attention_args(config, segments, tasks_[i]));
      }
    });
  }
}

void Forward::attend_by_spans(const LayerConfig& config, std::span<const Segment> segments) {
  pool_.run(span_tasks_.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const SpanTask& part = span_tasks_[i];
      kernels::AttentionArgs args = attention_args(config, segments, tasks_[part.task]);
      args.span = part.span;
      args.state = states_.data() + part.state;
      ops_.attention(args);
    }
  });
  pool_.run(tasks_.size(), row_grain(tasks_.size()), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t first = first_span_task_[i];
      ops_.attention_merge(attention_args(config, segments, tasks_[i]),
                           states_.data() + span_tasks_[first].state,
                           first_span_task_[i + 1] - first);
    }
  });
}

kernels::AttentionArgs Forward::attention_args(const LayerConfig& config,
                                               std::span<const Segment> segments,
                                               const AttentionTask& task) const {
  const ModelConfig& model = model_->config;
  const Segment& segment = segments[task.segment];
  const std::size_t group = model.heads / model.kv_heads;
  const std::size_t column = task.kv_head * group * model.head_size;
  return {.layout = shape_.head,
          .regions = regions_.data() + regions_of_segment_[task.segment] +
                     task.kv_head * segment.pages.size(),
          .first_position = task.first_position,
          .tokens = task.tokens,
          .group = group,
          .window = config.window,
          .scale = model.attention_scale,
          .q = qkv_.row(task.first_row).data() + column,
          .q_stride = qkv_.stride(),
          .out = attended_.row(task.first_row).data() + column,
          .out_stride = attended_.stride()};
}

// hidden += delta, which has a norm of its own in some families.
void Forward::add_delta(std::span<const float> norm, std::size_t begin, std::size_t end) {
  const Rows<float> delta = delta_.slice_rows(begin, end - begin);
  if (!norm.empty()) ops_.rms_norm(delta, norm, model_->config.norm_epsilon, delta);
  ops_.add(delta, hidden_.slice_rows(begin, end - begin));
}

// Few rows are multiplied by each thread with some of the weights, which are what must be read.
void Forward::multiply(const PackedMatrix& w, const kernels::QuantisedRows& codes,
                       Rows<const float> x, Rows<float> y) {
  // Four claims a thread: a thread that was held up leaves the rest to the others.
  const std::size_t claims = 4 * static_cast<std::size_t>(pool_.threads());
  pool_.run(w.groups(), base::ceil_div(w.groups(), claims),
            [&](std::size_t begin, std::size_t end) { multiply(w, codes, x, 0, begin, end, y); });
}

// Rows [row, row + y.rows()) with some groups of weights.  y: f32 [rows, N], of which their columns
// are written
void Forward::multiply(const PackedMatrix& w, const kernels::QuantisedRows& codes,
                       Rows<const float> x, std::size_t row, std::size_t group_begin,
                       std::size_t group_end, Rows<float> y) {
  const std::size_t first = group_begin * tensor::packed_group_rows;
  const std::size_t last = std::min(group_end * tensor::packed_group_rows, w.rows());
  const Rows<float> out = y.slice_cols(first, last - first);
  if (tensor::is_quantised(w.dtype())) {
    ops_.matmul_quantised(w, codes, row, group_begin, group_end, out);
  } else {
    ops_.matmul_float(w, x.slice_rows(row, y.rows()), group_begin, group_end, out);
  }
}

// Some rows, side by side at the top of normed_ (and its codes): no layer needs these buffers any
// more.
void Forward::final_norm(std::span<const std::size_t> rows, bool quantise) {
  normed_ = delta_buffer_.rows(rows.size(), model_->config.width);
  if (quantise) normed_codes_.resize(rows.size(), model_->config.width);
  pool_.run(rows.size(), row_grain(rows.size()), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      ops_.rms_norm(hidden_.slice_rows(rows[i], 1), model_->final_norm, model_->config.norm_epsilon,
                    normed_.slice_rows(i, 1));
    }
    if (quantise) ops_.quantise_rows(normed_, begin, end, normed_codes_);
  });
}

void Forward::logits(std::span<const std::size_t> rows, Rows<float> y) {
  const OpTimer timer(profile_, Op::head);
  const PackedMatrix& head = model_->output_head();
  timer.add_work(static_cast<double>(head.bytes()), operations(head, rows.size()));
  final_norm(rows, tensor::is_quantised(head.dtype()));
  multiply(head, normed_codes_, normed_, y);
}

void Forward::logits(std::span<const std::size_t> rows,
                     std::span<const base::TokenId> vocabulary_rows, Rows<float> y) {
  const PackedMatrix& head = model_->output_head();
  const bool quantised = tensor::is_quantised(head.dtype());
  final_norm(rows, quantised);
  // A group of 16 rows is the least that a kernel computes.
  constexpr std::size_t group_rows = tensor::packed_group_rows;
  const Rows<float> groups =
      group_logits_buffer_.rows(rows.size(), vocabulary_rows.size() * group_rows);
  pool_.run(vocabulary_rows.size(), row_grain(vocabulary_rows.size()),
            [&](std::size_t begin, std::size_t end) {
              for (std::size_t v = begin; v < end; ++v) {
                const auto row = static_cast<std::size_t>(vocabulary_rows[v]);
                const std::size_t group = row / group_rows;
                const std::size_t width = std::min(group_rows, head.rows() - group * group_rows);
                const Rows<float> out = groups.slice_cols(v * group_rows, width);
                if (quantised) {
                  ops_.matmul_quantised(head, normed_codes_, 0, group, group + 1, out);
                } else {
                  ops_.matmul_float(head, normed_, group, group + 1, out);
                }
                for (std::size_t t = 0; t < rows.size(); ++t) y(t, v) = out(t, row % group_rows);
              }
            });
}

}  // namespace espalier::model
