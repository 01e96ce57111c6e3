#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <numeric>
#include <system_error>
#include <thread>
#include <utility>

#include "base/checked_math.h"
#include "base/processors.h"
#include "base/thread_pool.h"
#include "engine/kv_cache.h"
#include "espalier/error.h"
#include "kernels/ops.h"
#include "model/forward.h"
#include "model/kv_shape.h"

namespace espalier::engine {
namespace {

using tensor::Rows;

constexpr std::size_t passes_before_huge_pages = 16;

EngineOptions with_defaults(EngineOptions options, const model::ModelConfig& config) {
  if (options.threads == 0) options.threads = base::usable_cores();
  if (options.decode_threads == 0) options.decode_threads = options.threads;
  if (options.decode_threads < 0 || options.decode_threads > options.threads) {
    throw InvalidArgument(
        fmt::format("{} decode threads: 1 to {}, the number of threads, is needed",
                    options.decode_threads, options.threads));
  }
  if (options.context == 0) options.context = config.context;
  if (options.context > config.context) {
    throw InvalidArgument(fmt::format("a context of {} tokens: the model was made for at most {}",
                                      options.context, config.context));
  }
  if (options.cache_tokens == 0) options.cache_tokens = options.context;
  if (options.cache_tokens < options.context) {
    throw InvalidArgument(fmt::format("a KV cache of {} tokens cannot hold a context of {}",
                                      options.cache_tokens, options.context));
  }
  if (options.chunk == 0) throw InvalidArgument("a chunk of 0 tokens: at least 1 is needed");
  return options;
}

// The part of an item that goes through one forward pass.
struct Slice {
  std::size_t item = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Which of an item's wanted tokens lie in a slice: [first, second) of item.wanted.
std::pair<std::size_t, std::size_t> wanted_in(const StepItem& item, const Slice& slice) {
  const auto first = item.wanted.begin();
  const auto begin = std::lower_bound(first, item.wanted.end(), slice.begin);
  const auto end = std::lower_bound(begin, item.wanted.end(), slice.end);
  return {static_cast<std::size_t>(begin - first), static_cast<std::size_t>(end - first)};
}

// Takes every sequence back to its length unless the step came to its end.
class Rollback {
 public:
  explicit Rollback(std::span<const StepItem> batch) : batch_(batch) {
    for (const StepItem& item : batch) lengths_.push_back(item.sequence->length());
  }
  ~Rollback() {
    for (std::size_t i = 0; i < lengths_.size(); ++i) batch_[i].sequence->truncate(lengths_[i]);
  }
  Rollback(const Rollback&) = delete;
  Rollback& operator=(const Rollback&) = delete;
  void dismiss() noexcept { lengths_.clear(); }

 private:
  std::span<const StepItem> batch_;
  std::vector<std::size_t> lengths_;
};

}  // namespace

struct Engine::Impl {
  Impl(std::shared_ptr<const model::Model> shared_model, const EngineOptions& wanted)
      : model(std::move(shared_model)),
        options(with_defaults(wanted, model->config)),
        shape(model::kv_shape(model->config, options.kv_type)),
        cache(std::make_shared<KvCache>(
            shape.page_bytes(),
            // One page more than the tokens fill: a sequence that is cut and goes on copies its
            // last.
            base::ceil_div(options.cache_tokens, kernels::page_positions) + 1)),
        pool(options.threads),
        forward(model, kernels::ops_for(options.isa), pool, shape) {}

  void check(std::span<const StepItem> batch) const;
  void check_item(const StepItem& item, std::size_t index) const;
  void lay_out(std::span<const StepItem> batch, StepOutput& out) const;
  std::vector<std::vector<Slice>> cut(std::span<const StepItem> batch) const;
  bool extend(Sequence& sequence, const StepItem& item, const Slice& slice);
  StepStatus run(std::span<const StepItem> batch, std::span<const Slice> slices, StepOutput& out,
                 const std::stop_token& stop);
  void count_pass();
  void collect_wanted(std::span<const StepItem> batch, std::span<const Slice> slices);
  void write_logits(std::span<const StepItem> batch, std::span<const Slice> slices,
                    StepOutput& out);

  std::shared_ptr<const model::Model> model;
  EngineOptions options;
  model::KvShape shape;
  std::shared_ptr<KvCache> cache;
  mutable std::mutex mutex;  // guards all below
  base::ThreadPool pool;
  model::Forward forward;
  EngineStats stats;
  // Buffers of a pass, kept for the next.
  std::vector<model::InputRow> rows;
  std::vector<model::Segment> segments;
  std::vector<std::byte*> page_data;
  std::vector<std::size_t> wanted_rows;
  std::size_t passes_done = 0;
  std::jthread weights_mover;  // last, so that it ends first
};

Engine::Engine(std::shared_ptr<const model::Model> model, EngineOptions options)
    : impl_(std::make_unique<Impl>(std::move(model), options)) {}

Engine::~Engine() = default;

const model::Model& Engine::model() const noexcept { return *impl_->model; }

const EngineOptions& Engine::options() const noexcept { return impl_->options; }

EngineStats Engine::stats() const noexcept {
  const std::lock_guard lock(impl_->mutex);
  return impl_->stats;
}

void Engine::set_profile(model::Profile* profile) {
  const std::lock_guard lock(impl_->mutex);
  impl_->forward.set_profile(profile);
}

void Engine::grow_cache(std::size_t tokens) {
  impl_->cache->grow(base::ceil_div(tokens, kernels::page_positions));
}

Sequence Engine::new_sequence() { return Sequence(impl_->cache); }

std::size_t Engine::reuse_prefix(Sequence& sequence, std::span<const base::TokenId> tokens,
                                 AdapterId adapter) {
  if (sequence.cache_ != impl_->cache) {
    throw InvalidArgument("reuse_prefix: the sequence belongs to another engine");
  }
  if (adapter != no_adapter) {
    throw InvalidArgument(fmt::format("reuse_prefix: no adapter {} is loaded", adapter));
  }
  if (sequence.length() != 0) {
    throw InvalidArgument("reuse_prefix: the sequence already has positions");
  }
  if (!impl_->options.prefix_reuse || tokens.empty()) return 0;
  std::vector<PositionKey> keys(tokens.size() - 1);
  std::transform(tokens.begin(), tokens.end() - 1, keys.begin(),
                 [](base::TokenId token) { return position_key(token); });
  sequence.pages_ = impl_->cache->match(adapter, keys);
  keys.resize(sequence.pages_.size() * kernels::page_positions);
  sequence.keys_ = std::move(keys);
  sequence.adapter_ = adapter;
  const std::lock_guard lock(impl_->mutex);
  impl_->stats.reused_tokens += sequence.length();
  return sequence.length();
}

StepStatus Engine::step(std::span<const StepItem> batch, StepOutput& out, std::stop_token stop) {
  const std::lock_guard lock(impl_->mutex);
  impl_->check(batch);
  impl_->lay_out(batch, out);
  Rollback rollback(batch);
  for (const std::vector<Slice>& slices : impl_->cut(batch)) {
    const StepStatus status = impl_->run(batch, slices, out, stop);
    if (status != StepStatus::done) return status;
  }
  rollback.dismiss();
  return StepStatus::done;
}

void Engine::Impl::check(std::span<const StepItem> batch) const {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    check_item(batch[i], i);
    for (std::size_t j = 0; j < i; ++j) {
      if (batch[j].sequence == batch[i].sequence) {
        throw InvalidArgument(fmt::format("items {} and {}: the same sequence stands twice", j, i));
      }
    }
  }
}

void Engine::Impl::check_item(const StepItem& item, std::size_t index) const {
  const auto refuse = [&](std::string_view why) {
    throw InvalidArgument(fmt::format("item {}: {}", index, why));
  };
  const model::ModelConfig& config = model->config;
  const auto in_vocabulary = [&](base::TokenId token) {
    return token >= 0 && static_cast<std::size_t>(token) < config.vocabulary;
  };
  if (item.sequence == nullptr) refuse("no sequence");
  if (item.sequence->cache_ != cache) refuse("the sequence belongs to another engine");
  if (item.size() == 0) refuse("no tokens and no embedding rows");
  if (item.adapter != no_adapter) refuse(fmt::format("no adapter {} is loaded", item.adapter));
  if (item.tokens.empty() && item.embeddings.rows.cols() != config.width) {
    refuse(fmt::format("embedding rows of width {}; the model's is {}", item.embeddings.rows.cols(),
                       config.width));
  }
  for (base::TokenId token : item.tokens) {
    if (!in_vocabulary(token)) {
      refuse(fmt::format("token {} is outside the vocabulary of {}", token, config.vocabulary));
    }
  }
  for (base::TokenId token : item.vocabulary_rows) {
    if (!in_vocabulary(token)) {
      refuse(fmt::format("vocabulary row {} is outside the vocabulary of {}", token,
                         config.vocabulary));
    }
  }
  for (std::size_t i = 0; i < item.wanted.size(); ++i) {
    if (item.wanted[i] >= item.size() || (i > 0 && item.wanted[i] <= item.wanted[i - 1])) {
      refuse("wanted positions must be ascending indices of the item");
    }
  }
  const std::size_t needed = item.sequence->length() + item.size();
  if (needed > options.context) {
    throw ExceededContextWindowSize(
        fmt::format("item {}: {} tokens do not fit the context window of {}", index, needed,
                    options.context),
        needed, options.context);
  }
}

// Rows of the whole vocabulary come first, so that those of one pass lie side by side and one
// matmul fills them.
void Engine::Impl::lay_out(std::span<const StepItem> batch, StepOutput& out) const {
  const std::size_t vocabulary = model->config.vocabulary;
  const auto width = [&](const StepItem& item) {
    return item.vocabulary_rows.empty() ? vocabulary : item.vocabulary_rows.size();
  };
  std::size_t total = 0;
  for (const StepItem& item : batch) total += item.wanted.size() * width(item);
  if (out.storage_.size() < total) out.storage_.resize(total);
  out.rows_.resize(batch.size());
  float* next = out.storage_.data();
  for (const bool whole : {true, false}) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const StepItem& item = batch[i];
      if (item.vocabulary_rows.empty() != whole) continue;
      out.rows_[i] = Rows<float>(next, item.wanted.size(), width(item));
      next += item.wanted.size() * width(item);
    }
  }
}

std::vector<std::vector<Slice>> Engine::Impl::cut(std::span<const StepItem> batch) const {
  std::vector<std::vector<Slice>> passes;
  std::size_t room = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    for (std::size_t begin = 0; begin < batch[i].size();) {
      if (room == 0) {
        passes.emplace_back();
        room = options.chunk;
      }
      const std::size_t end = begin + std::min(room, batch[i].size() - begin);
      passes.back().push_back({i, begin, end});
      room -= end - begin;
      begin = end;
    }
  }
  return passes;
}

// Gives a sequence the keys of its new positions and pages that are its own to write. False where
// the cache has no page left.
bool Engine::Impl::extend(Sequence& sequence, const StepItem& item, const Slice& slice) {
  constexpr std::size_t P = kernels::page_positions;
  if (sequence.length() % P != 0 && !cache->make_writable(sequence.pages_.back())) return false;
  for (std::size_t i = slice.begin; i < slice.end; ++i) {
    if (sequence.length() % P == 0) {
      KvPage* page = cache->acquire();
      if (page == nullptr) return false;
      sequence.pages_.push_back(page);
    }
    sequence.keys_.push_back(item.tokens.empty() ? position_key(item.embeddings.content_hash, i)
                                                 : position_key(item.tokens[i]));
  }
  return true;
}

StepStatus Engine::Impl::run(std::span<const StepItem> batch, std::span<const Slice> slices,
                             StepOutput& out, const std::stop_token& stop) {
  if (stop.stop_requested()) return StepStatus::cancelled;
  rows.clear();
  segments.clear();
  page_data.clear();
  for (const Slice& slice : slices) {
    const StepItem& item = batch[slice.item];
    segments.push_back({.first_row = rows.size(),
                        .tokens = slice.end - slice.begin,
                        .first_position = item.sequence->length()});
    if (!extend(*item.sequence, item, slice)) return StepStatus::cache_full;
    for (std::size_t i = slice.begin; i < slice.end; ++i) {
      rows.push_back(item.tokens.empty()
                         ? model::InputRow{.embedding = item.embeddings.rows.row(i).data()}
                         : model::InputRow{.token = item.tokens[i]});
    }
    for (const KvPage* page : item.sequence->pages_) page_data.push_back(page->data.get());
  }
  std::size_t first_page = 0;
  for (std::size_t s = 0; s < slices.size(); ++s) {
    const std::size_t pages = batch[slices[s].item].sequence->pages_.size();
    segments[s].pages = std::span(page_data).subspan(first_page, pages);
    first_page += pages;
  }
  const bool decoding = rows.size() == segments.size();
  pool.limit(decoding ? options.decode_threads : options.threads);
  collect_wanted(batch, slices);
  if (!forward.run(rows, segments, wanted_rows, stop)) return StepStatus::cancelled;
  stats.computed_tokens += rows.size();
  count_pass();
  write_logits(batch, slices, out);
  if (options.prefix_reuse) {
    for (const Slice& slice : slices) {
      const Sequence& sequence = *batch[slice.item].sequence;
      const std::size_t before = sequence.length() - (slice.end - slice.begin);
      if (before / kernels::page_positions == sequence.length() / kernels::page_positions) continue;
      cache->publish(sequence.adapter_, sequence.keys_, sequence.pages_);
    }
  }
  return StepStatus::done;
}

// Huge pages are for a process that goes on: to one that gives a word and ends, moving the weights
// would be most of its work.
void Engine::Impl::count_pass() {
  if (++passes_done != passes_before_huge_pages || model->memory == nullptr) return;
  try {
    weights_mover = std::jthread(
        [memory = model->memory](const std::stop_token& stop) { memory->use_huge_pages(stop); });
  } catch (const std::system_error&) {
    // No thread to be had: the weights stay where they are.
  }
}

// The rows of this pass that logits are wanted of, in the order of the slices.
void Engine::Impl::collect_wanted(std::span<const StepItem> batch, std::span<const Slice> slices) {
  wanted_rows.clear();
  for (std::size_t s = 0; s < slices.size(); ++s) {
    const auto [begin, end] = wanted_in(batch[slices[s].item], slices[s]);
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t token = batch[slices[s].item].wanted[i];
      wanted_rows.push_back(segments[s].first_row + token - slices[s].begin);
    }
  }
}

void Engine::Impl::write_logits(std::span<const StepItem> batch, std::span<const Slice> slices,
                                StepOutput& out) {
  std::vector<std::size_t> whole;  // wanted rows with logits of the whole vocabulary
  float* first_whole = nullptr;
  std::size_t next = 0;
  for (const Slice& slice : slices) {
    const StepItem& item = batch[slice.item];
    const auto [begin, end] = wanted_in(item, slice);
    if (begin == end) continue;
    std::vector<std::size_t> numbers(end - begin);
    std::iota(numbers.begin(), numbers.end(), next);
    next += numbers.size();
    const Rows<float> y = out.rows_[slice.item].slice_rows(begin, numbers.size());
    if (item.vocabulary_rows.empty()) {
      if (first_whole == nullptr) first_whole = y.data();
      whole.insert(whole.end(), numbers.begin(), numbers.end());
    } else {
      forward.logits(numbers, item.vocabulary_rows, y);
    }
  }
  if (!whole.empty()) {
    forward.logits(whole, Rows<float>(first_whole, whole.size(), model->config.vocabulary));
  }
}

}  // namespace espalier::engine
