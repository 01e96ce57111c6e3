// Speed of attention, one thread, head size 64 and three query heads a KV head (SmolLM2-135M).
//
//   kernels_bench --benchmark_filter=Attention
//
// Prefill: 512 tokens from an empty cache, GFLOPS counts 4 K a visible (query, position).
// Decode: one token at the given context; GBps counts the keys and values read. Cold are those of
// many heads in turn, as the layers of a model have them.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "kernels/ops.h"

namespace espalier::kernels {
namespace {

constexpr std::size_t P = page_positions;
constexpr std::size_t K = 64;
constexpr std::size_t group = 3;

// The pages of a context for some heads, holding random keys and values: as in a model, a page
// holds all heads' regions, so that a head's own lie far apart.
class Cache {
 public:
  Cache(KvType type, std::size_t positions, std::size_t heads)
      : layout_{type, K}, pages_((positions + P - 1) / P) {
    bytes_.resize(pages_ * heads * layout_.bytes() + 64);
    std::byte* start = bytes_.data() + (64 - reinterpret_cast<std::uintptr_t>(bytes_.data()) % 64);
    for (std::size_t head = 0; head < heads; ++head) {
      for (std::size_t page = 0; page < pages_; ++page) {
        std::byte* region = start + (page * heads + head) * layout_.bytes();
        regions_.push_back(region);
        if (head == 0) {
          fill(region, page);
        } else {
          std::copy_n(regions_[page], layout_.bytes(), region);
        }
      }
    }
  }

  const KvHeadLayout& layout() const { return layout_; }
  const std::byte* const* regions(std::size_t head) const {
    return regions_.data() + head * pages_;
  }
  std::size_t head_bytes() const { return pages_ * layout_.bytes(); }

 private:
  void fill(std::byte* region, std::size_t page) const {
    std::mt19937 random(static_cast<unsigned>(page));
    std::normal_distribution<float> value;
    std::vector<float> key(K), val(K);
    for (std::size_t p = 0; p < P; ++p) {
      for (std::size_t k = 0; k < K; ++k) key[k] = value(random), val[k] = value(random);
      ops_for(base::Isa::scalar).kv_store(layout_, region, p, key.data(), val.data());
    }
  }

  KvHeadLayout layout_;
  std::size_t pages_;
  std::vector<std::byte> bytes_;
  std::vector<const std::byte*> regions_;  // [head][page]
};

void attend(const Ops& ops, const Cache& cache, std::size_t head, std::size_t first,
            std::size_t tokens, const std::vector<float>& q, std::vector<float>& out) {
  const std::size_t tile = attention_max_rows / group;
  for (std::size_t t = 0; t < tokens; t += tile) {
    ops.attention({.layout = cache.layout(),
                   .regions = cache.regions(head),
                   .first_position = first + t,
                   .tokens = std::min(tile, tokens - t),
                   .group = group,
                   .window = 0,
                   .scale = 0.125F,
                   .q = q.data() + t * group * K,
                   .q_stride = group * K,
                   .out = out.data() + t * group * K,
                   .out_stride = group * K});
  }
}

std::vector<float> random_queries(std::size_t tokens) {
  std::mt19937 random(2);
  std::normal_distribution<float> value;
  std::vector<float> q(tokens * group * K);
  for (float& element : q) element = value(random);
  return q;
}

void prefill(benchmark::State& state, base::Isa isa, KvType type, std::size_t tokens) {
  const Ops& ops = ops_for(isa);
  const Cache cache(type, tokens, 1);
  const std::vector<float> q = random_queries(tokens);
  std::vector<float> out(q.size());
  for (auto _ : state) {
    attend(ops, cache, 0, 0, tokens, q, out);
    benchmark::ClobberMemory();
  }
  const auto flops = static_cast<double>(4 * K * group * (tokens * (tokens + 1) / 2));
  state.counters["GFLOPS"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * flops * 1e-9, benchmark::Counter::kIsRate);
}

void decode(benchmark::State& state, base::Isa isa, KvType type, std::size_t context,
            std::size_t heads) {
  const Ops& ops = ops_for(isa);
  const Cache cache(type, context, heads);
  const std::vector<float> q = random_queries(1);
  std::vector<float> out(q.size());
  std::size_t next = 0;
  for (auto _ : state) {
    attend(ops, cache, next++ % heads, context - 1, 1, q, out);
    benchmark::ClobberMemory();
  }
  state.counters["GBps"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(cache.head_bytes()) * 1e-9,
      benchmark::Counter::kIsRate);
}

constexpr struct {
  KvType type;
  const char* name;
} types[] = {{KvType::f32, "f32"}, {KvType::f16, "f16"}, {KvType::int8, "int8"}};

const bool registered = [] {
  for (base::Isa isa : base::available_isas()) {
    for (const auto& [type, type_name] : types) {
      const std::string suffix = std::string(type_name) + "/" + std::string(base::name(isa));
      benchmark::RegisterBenchmark(("AttentionPrefill/512/" + suffix).c_str(), prefill, isa, type,
                                   512)
          ->Unit(benchmark::kMicrosecond);
      // A model of 30 layers with three KV heads has 90.
      for (const std::size_t heads : {1, 90}) {
        const std::string where = heads == 1 ? "hot/" : "cold/";
        benchmark::RegisterBenchmark(("AttentionDecode/4096/" + where + suffix).c_str(), decode,
                                     isa, type, 4096, heads)
            ->Unit(benchmark::kMicrosecond);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace espalier::kernels
