#include "tensor/dequantise.h"

#include <cassert>
#include <cstdint>
#include <cstring>

#include "tensor/bfloat16.h"
#include "tensor/float16.h"
#include "tensor/quant_block.h"

namespace espalier::tensor {
namespace {

template <float (*Widen)(std::uint16_t) noexcept>
void dequantise_16_bits(const std::byte* source, std::span<float> out) noexcept {
  for (std::size_t k = 0; k < out.size(); ++k) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, source + k * sizeof bits, sizeof bits);
    out[k] = Widen(bits);
  }
}

}  // namespace

void dequantise(DType dtype, std::span<const std::byte> source, std::span<float> out) noexcept {
  assert(out.size() % info(dtype).block_elements == 0);
  assert(source.size() == row_bytes(dtype, out.size()));
  switch (dtype) {
    case DType::f32:
      if (!out.empty()) std::memcpy(out.data(), source.data(), out.size_bytes());
      return;
    case DType::f16:
      return dequantise_16_bits<half_to_float>(source.data(), out);
    case DType::bf16:
      return dequantise_16_bits<bfloat16_to_float>(source.data(), out);
    default:
      return with_quantised(dtype, [&]<DType Type>() noexcept {
        QuantBlock block;
        const std::byte* at = source.data();
        for (std::size_t k = 0; k < out.size(); k += info(Type).block_elements) {
          read_block<Type>(at, block);
          values_of<Type>(block, out.data() + k);
          at += info(Type).block_bytes;
        }
      });
  }
}

}  // namespace espalier::tensor
