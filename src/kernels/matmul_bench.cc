// Speed of the matmuls on the shapes of SmolLM2-135M and, where K-quants fit, of Gemma 3 270M, one
// thread, next to what the machine can do.
//
//   kernels_bench --benchmark_filter='Matmul/Q4_0/avx512'
//   kernels_bench --benchmark_filter='ReadMemory|Matmul/.*/N2048/K2048/T(1|64)$'    # every dtype
//
// weight_GBps: bytes of packed weights a second (what bounds T = 1); GOPS: 2·N·K·T operations a
// second.
#include <benchmark/benchmark.h>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "kernels/ops.h"
#include "tensor/random_blocks_testing.h"

namespace espalier::kernels {
namespace {

using tensor::DType;

struct Shape {
  std::size_t n;
  std::size_t k;
};

constexpr Shape shapes[] = {{576, 576},   {3072, 576}, {576, 1536},
                            {49152, 576}, {640, 2048}, {2048, 2048}};
constexpr std::size_t token_counts[] = {1, 8, 64, 512};

// More than any cache of today holds, so that weights at T = 1 come from memory as they do in a
// model.
constexpr std::size_t cold_bytes = std::size_t{256} << 20U;

// As many copies of the matrix as make cold_bytes; timed in turn.
std::vector<tensor::PackedMatrix> cold_copies(DType dtype, Shape shape) {
  const auto source = tensor::testing::random_rows(dtype, shape.n, shape.k, 1);
  std::vector<tensor::PackedMatrix> copies;
  std::size_t bytes = 0;
  while (bytes < cold_bytes) {
    copies.push_back(tensor::pack(tensor::testing::view(dtype, shape.n, shape.k, source)));
    bytes += copies.back().bytes();
  }
  return copies;
}

void run(benchmark::State& state, DType dtype, base::Isa isa, Shape shape, std::size_t tokens) {
  const std::vector<tensor::PackedMatrix> copies = cold_copies(dtype, shape);
  const Ops& ops = ops_for(isa);
  const std::vector<float> x(tokens * shape.k, 0.75F);
  const tensor::Rows<const float> x_rows(x.data(), tokens, shape.k);
  QuantisedRows x_codes;
  if (tensor::is_quantised(dtype)) {
    x_codes.resize(tokens, shape.k);
    ops.quantise_rows(x_rows, 0, tokens, x_codes);
  }
  std::vector<float> y(tokens * shape.n);
  const tensor::Rows<float> y_rows(y.data(), tokens, shape.n);
  std::size_t next = 0;
  for (auto _ : state) {
    const tensor::PackedMatrix& w = copies[next++ % copies.size()];
    if (tensor::is_quantised(dtype)) {
      ops.matmul_quantised(w, x_codes, 0, 0, w.groups(), y_rows);
    } else {
      ops.matmul_float(w, x_rows, 0, w.groups(), y_rows);
    }
    benchmark::ClobberMemory();
  }
  const auto iterations = static_cast<double>(state.iterations());
  const auto operations = static_cast<double>(2 * shape.n * shape.k * tokens);
  const auto bytes = static_cast<double>(copies.front().bytes());
  using benchmark::Counter;
  state.counters["GOPS"] = Counter(iterations * operations * 1e-9, Counter::kIsRate);
  state.counters["weight_GBps"] = Counter(iterations * bytes * 1e-9, Counter::kIsRate);
}

// The plain read loop that decode is measured against.
void read_memory(benchmark::State& state) {
  const std::vector<std::uint64_t> memory(cold_bytes / sizeof(std::uint64_t), 1);
  for (auto _ : state) {
    std::uint64_t sums[8] = {};
    for (std::size_t i = 0; i < memory.size(); i += 8) {
      for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += memory[i + lane];
    }
    benchmark::DoNotOptimize(sums);
  }
  state.counters["GBps"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(cold_bytes) * 1e-9,
      benchmark::Counter::kIsRate);
}
BENCHMARK(read_memory)->Name("ReadMemory")->Unit(benchmark::kMillisecond);

// What multiplying alone reaches, nothing loaded. Prefill is measured against it.
void multiply_registers(benchmark::State& state, base::Isa isa) {
  double operations = 0;
  for (auto _ : state) operations += ops_for(isa).multiply_registers(1000);
  state.counters["GOPS"] = benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsRate);
}

void quantise(benchmark::State& state, base::Isa isa) {
  constexpr std::size_t tokens = 64;
  constexpr std::size_t k = 576;
  const std::vector<float> x(tokens * k, 0.75F);
  QuantisedRows out;
  out.resize(tokens, k);
  for (auto _ : state) {
    ops_for(isa).quantise_rows({x.data(), tokens, k}, 0, tokens, out);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(x.size() * sizeof(float)));
}

const bool registered = [] {
  for (base::Isa isa : base::available_isas()) {
    const std::string name = "QuantiseRows/" + std::string(base::name(isa)) + "/K576/T64";
    benchmark::RegisterBenchmark(name.c_str(), quantise, isa)->Unit(benchmark::kMicrosecond);
    const std::string registers = "MultiplyRegisters/" + std::string(base::name(isa));
    benchmark::RegisterBenchmark(registers.c_str(), multiply_registers, isa);
  }
  for (DType dtype : tensor::all_dtypes) {
    for (base::Isa isa : base::available_isas()) {
      for (Shape shape : shapes) {
        if (shape.k % tensor::info(dtype).block_elements != 0) continue;
        for (std::size_t tokens : token_counts) {
          const std::string name = "Matmul/" + std::string(tensor::name(dtype)) + "/" +
                                   std::string(base::name(isa)) + "/N" + std::to_string(shape.n) +
                                   "/K" + std::to_string(shape.k) + "/T" + std::to_string(tokens);
          benchmark::RegisterBenchmark(name.c_str(), run, dtype, isa, shape, tokens)
              ->Unit(benchmark::kMicrosecond);
        }
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace espalier::kernels
