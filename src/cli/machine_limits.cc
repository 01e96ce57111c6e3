#include "cli/machine_limits.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/thread_pool.h"

namespace espalier::cli {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr std::size_t grain = mebibyte / sizeof(std::uint64_t);
constexpr int passes = 5;

// Four times the cache, within what any machine that runs a model can spare.
std::size_t buffer_bytes() {
  const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
  const std::size_t wanted = 4 * static_cast<std::size_t>(std::max(cache, 0L));
  return std::clamp(wanted, 256 * mebibyte, 1024 * mebibyte);
}

// Eight sums, so that additions wait for memory and not for each other.
std::uint64_t sum(const std::uint64_t* begin, const std::uint64_t* end) {
  std::uint64_t lanes[8] = {};
  for (; end - begin >= 8; begin += 8) {
    for (std::size_t i = 0; i < 8; ++i) lanes[i] += begin[i];
  }
  std::uint64_t total = 0;
  for (std::uint64_t lane : lanes) total += lane;
  return total;
}

}  // namespace

double read_bandwidth_gb_s(int threads) {
  // Ones, not zeros: pages that were never written would all be the same one.
  const std::vector<std::uint64_t> buffer(buffer_bytes() / sizeof(std::uint64_t), 1);
  base::ThreadPool pool(threads);
  double best = 0;
  for (int pass = 0; pass < passes; ++pass) {
    std::atomic<std::uint64_t> total{0};  // used, so that the loop stays
    const auto start = std::chrono::steady_clock::now();
    pool.run(buffer.size(), grain, [&](std::size_t begin, std::size_t end) {
      total += sum(buffer.data() + begin, buffer.data() + end);
    });
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (total == buffer.size()) {
      best = std::max(best, static_cast<double>(buffer.size() * sizeof(std::uint64_t)) / seconds);
    }
  }
  return best / 1e9;
}

double multiply_gops(const kernels::Ops& ops, int threads) {
  constexpr std::size_t steps = 200'000;
  base::ThreadPool pool(threads);
  double best = 0;
  for (int pass = 0; pass < passes; ++pass) {
    std::atomic<double> operations{0};
    const auto start = std::chrono::steady_clock::now();
    pool.run(4 * static_cast<std::size_t>(threads), 1,
             [&](std::size_t, std::size_t) { operations += ops.multiply_registers(steps); });
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, operations / seconds);
  }
  return best / 1e9;
}

}  // namespace espalier::cli
