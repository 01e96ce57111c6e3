#include "kernels/attention_lanes.h"
#include "kernels/lanes_avx2.h"

namespace espalier::kernels::avx2 {

AttentionFn attention;
AttentionMergeFn attention_merge;

void attention(const AttentionArgs& args) noexcept {
  switch (args.layout.type) {
    case KvType::f32:
      return AttentionLanes<Lanes>::run<float>(args);
    case KvType::f16:
      return AttentionLanes<Lanes>::run<std::uint16_t>(args);
    case KvType::int8:
      return AttentionLanes<Lanes>::run<std::int8_t>(args);
  }
}

void attention_merge(const AttentionArgs& args, const float* states, std::size_t spans) noexcept {
  AttentionLanes<Lanes>::merge(args, states, spans);
}

}  // namespace espalier::kernels::avx2
