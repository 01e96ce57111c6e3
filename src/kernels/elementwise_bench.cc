// Speed of the ops between the matmuls, one thread, on rows that fit L2.
//
//   kernels_bench --benchmark_filter=Elementwise
//
// GBps counts every byte read and written once.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "kernels/ops.h"

namespace espalier::kernels {
namespace {

using tensor::Rows;

// SmolLM2-135M's widths; 32 tokens keep each op's data between L1 and L2 in size.
constexpr std::size_t tokens = 32;
constexpr std::size_t width = 576;
constexpr std::size_t ffn_width = 1536;
constexpr std::size_t head_size = 64;
constexpr std::size_t vocabulary = 49152;

std::vector<float> ramp(std::size_t count) {
  std::vector<float> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = std::sin(static_cast<float>(i));
  return x;
}

void count_bytes(benchmark::State& state, std::size_t floats) {
  const auto bytes = static_cast<double>(floats * sizeof(float));
  state.counters["GBps"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * bytes * 1e-9, benchmark::Counter::kIsRate);
}

void rms_norm(benchmark::State& state, const Ops* ops) {
  const std::vector<float> x = ramp(tokens * width), weight = ramp(width);
  std::vector<float> y(tokens * width);
  for (auto _ : state) {
    ops->rms_norm({x.data(), tokens, width}, weight, 1e-5F, {y.data(), tokens, width});
    benchmark::ClobberMemory();
  }
  count_bytes(state, 2 * tokens * width + width);
}

void rope(benchmark::State& state, const Ops* ops) {
  std::vector<float> x = ramp(tokens * width);
  const std::vector<float> cos(tokens * head_size / 2, 0.8F), sin(tokens * head_size / 2, 0.6F);
  for (auto _ : state) {
    ops->rope({x.data(), tokens, width}, width / head_size, head_size,
              {cos.data(), tokens, head_size / 2}, {sin.data(), tokens, head_size / 2});
    benchmark::ClobberMemory();
  }
  count_bytes(state, 2 * tokens * width + tokens * head_size);
}

void swiglu(benchmark::State& state, const Ops* ops) {
  const std::vector<float> gate_up = ramp(tokens * 2 * ffn_width);
  std::vector<float> y(tokens * ffn_width);
  for (auto _ : state) {
    ops->swiglu({gate_up.data(), tokens, 2 * ffn_width}, {y.data(), tokens, ffn_width});
    benchmark::ClobberMemory();
  }
  count_bytes(state, 3 * tokens * ffn_width);
}

void geglu(benchmark::State& state, const Ops* ops) {
  const std::vector<float> gate_up = ramp(tokens * 2 * ffn_width);
  std::vector<float> y(tokens * ffn_width);
  for (auto _ : state) {
    ops->geglu({gate_up.data(), tokens, 2 * ffn_width}, {y.data(), tokens, ffn_width});
    benchmark::ClobberMemory();
  }
  count_bytes(state, 3 * tokens * ffn_width);
}

void add(benchmark::State& state, const Ops* ops) {
  const std::vector<float> x(tokens * width, 0.0F);
  std::vector<float> y = ramp(tokens * width);
  for (auto _ : state) {
    ops->add({x.data(), tokens, width}, {y.data(), tokens, width});
    benchmark::ClobberMemory();
  }
  count_bytes(state, 3 * tokens * width);
}

void softmax(benchmark::State& state, const Ops* ops) {
  std::vector<float> x = ramp(vocabulary);
  for (auto _ : state) {
    ops->softmax(x, 0.8F);
    benchmark::ClobberMemory();
  }
  count_bytes(state, 2 * vocabulary);
}

// The plain copy that the others are measured against.
void copy(benchmark::State& state) {
  const std::vector<float> x = ramp(tokens * ffn_width);
  std::vector<float> y(x.size());
  for (auto _ : state) {
    std::copy(x.begin(), x.end(), y.begin());
    benchmark::ClobberMemory();
  }
  count_bytes(state, 2 * x.size());
}
BENCHMARK(copy)->Name("ElementwiseCopy");

const bool registered = [] {
  for (base::Isa isa : base::available_isas()) {
    const Ops* ops = &ops_for(isa);
    const std::string set(base::name(isa));
    benchmark::RegisterBenchmark(("Elementwise/rms_norm/" + set).c_str(), rms_norm, ops);
    benchmark::RegisterBenchmark(("Elementwise/rope/" + set).c_str(), rope, ops);
    benchmark::RegisterBenchmark(("Elementwise/swiglu/" + set).c_str(), swiglu, ops);
    benchmark::RegisterBenchmark(("Elementwise/geglu/" + set).c_str(), geglu, ops);
    benchmark::RegisterBenchmark(("Elementwise/add/" + set).c_str(), add, ops);
    benchmark::RegisterBenchmark(("Elementwise/softmax/" + set).c_str(), softmax, ops);
  }
  return true;
}();

}  // namespace
}  // namespace espalier::kernels
