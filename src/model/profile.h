// Where the time of a forward pass goes: what each kind of op took, read and computed.
//
// A pass measures when it is given a Profile, and otherwise pays for one test of a pointer an op.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <thread>

namespace espalier::model {

enum class Op {
  embed,
  norm,           // residual add, RMSNorm and quantisation of its result
  qkv,            // matmul
  position,       // biases, the heads' norms, RoPE, storing keys and values
  attention,      // scores, softmax, weighted sum, quantisation of its result
  attention_out,  // matmul
  gate_up,        // matmul
  activation,     // SwiGLU or GeGLU, quantisation of its result
  down,           // matmul
  head,           // final norm and output head
};
inline constexpr std::size_t op_count = 10;

constexpr std::string_view name(Op op) noexcept {
  constexpr std::array<std::string_view, op_count> names = {
      "embed",         "norm",    "qkv",        "position", "attention",
      "attention_out", "gate_up", "activation", "down",     "head"};
  return names[static_cast<std::size_t>(op)];
}

struct OpCost {
  double seconds = 0;
  double weight_bytes = 0;  // packed weights read, each once a pass
  double operations = 0;    // 2 · N · K · T of matmuls
  std::size_t calls = 0;
};

class Profile {
 public:
  const OpCost& of(Op op) const noexcept { return costs_[static_cast<std::size_t>(op)]; }
  OpCost& of(Op op) noexcept { return costs_[static_cast<std::size_t>(op)]; }
  void clear() noexcept { costs_ = {}; }

 private:
  std::array<OpCost, op_count> costs_;
};

// Charges the time from here to the end of the scope to several ops, in the proportion in which the
// constructing thread spends it on them: other threads may be at other ops at the same time.
class StageTimer {
 public:
  using Clock = std::chrono::steady_clock;

  explicit StageTimer(Profile* profile) noexcept : profile_(profile) {
    if (profile_ != nullptr) start_ = Clock::now();
  }
  ~StageTimer() {
    if (profile_ == nullptr) return;
    double all = 0;
    for (const double seconds : seconds_) all += seconds;
    if (all == 0) return;
    const double share = std::chrono::duration<double>(Clock::now() - start_).count() / all;
    for (std::size_t i = 0; i < op_count; ++i) {
      if (seconds_[i] == 0) continue;
      OpCost& cost = profile_->of(static_cast<Op>(i));
      cost.seconds += seconds_[i] * share;
      ++cost.calls;
    }
  }
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

  // Runs the work and remembers its time.
  template <class Work>
  void time(Op op, const Work& work) noexcept {
    if (profile_ == nullptr || std::this_thread::get_id() != thread_) return work();
    const Clock::time_point start = Clock::now();
    work();
    seconds_[static_cast<std::size_t>(op)] +=
        std::chrono::duration<double>(Clock::now() - start).count();
  }

  void add_work(Op op, double weight_bytes, double operations) const noexcept {
    if (profile_ == nullptr) return;
    profile_->of(op).weight_bytes += weight_bytes;
    profile_->of(op).operations += operations;
  }

 private:
  Profile* profile_;
  std::thread::id thread_ = std::this_thread::get_id();
  Clock::time_point start_ = {};
  std::array<double, op_count> seconds_ = {};
};

// Charges the time from here to the end of the scope. Does nothing where profile is null.
class OpTimer {
 public:
  OpTimer(Profile* profile, Op op) noexcept : profile_(profile), op_(op) {
    if (profile_ != nullptr) start_ = Clock::now();
  }
  ~OpTimer() {
    if (profile_ == nullptr) return;
    OpCost& cost = profile_->of(op_);
    cost.seconds += std::chrono::duration<double>(Clock::now() - start_).count();
    ++cost.calls;
  }
  OpTimer(const OpTimer&) = delete;
  OpTimer& operator=(const OpTimer&) = delete;

  void add_work(double weight_bytes, double operations) const noexcept {
    if (profile_ == nullptr) return;
    OpCost& cost = profile_->of(op_);
    cost.weight_bytes += weight_bytes;
    cost.operations += operations;
  }

 private:
  using Clock = std::chrono::steady_clock;

  Profile* profile_;
  Op op_;
  Clock::time_point start_ = {};
};

}  // namespace espalier::model
