// How one page of the KV cache is divided among slots and heads (kernels/kv_page.h says what is
// inside a head's region).
#pragma once

#include <cstddef>

#include "kernels/kv_page.h"
#include "model/config.h"

namespace espalier::model {

struct KvShape {
  kernels::KvHeadLayout head;
  std::size_t slots = 0;
  std::size_t kv_heads = 0;

  std::size_t page_bytes() const noexcept { return slots * kv_heads * head.bytes(); }
  std::size_t region_offset(std::size_t slot, std::size_t kv_head) const noexcept {
    return (slot * kv_heads + kv_head) * head.bytes();
  }
  // Bytes that one position takes in the cache.
  std::size_t bytes_per_token() const noexcept { return page_bytes() / kernels::page_positions; }
};

inline KvShape kv_shape(const ModelConfig& config, kernels::KvType type) {
  return {.head = {.type = type, .head_size = config.head_size},
          .slots = config.kv_slots,
          .kv_heads = config.kv_heads};
}

}  // namespace espalier::model
