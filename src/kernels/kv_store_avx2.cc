#include "kernels/kv_store_lanes.h"
#include "kernels/lanes_avx2.h"

namespace espalier::kernels::avx2 {

KvStoreFn kv_store;

void kv_store(const KvHeadLayout& layout, std::byte* region, std::size_t position, const float* key,
              const float* value) noexcept {
  KvStoreLanes<Lanes>::run(layout, region, position, key, value);
}

}  // namespace espalier::kernels::avx2
