// Where the time of a forward pass goes: what each kind of op took, read and computed.
//
// A pass measures when it is given a Profile, and otherwise pays for one test of a pointer an op.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

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
