#include "tensor/dequantise.h"

#include <cassert>
#include <cstdint>
#include <cstring>

#include "tensor/float16.h"

namespace espalier::tensor {
namespace {

std::uint16_t load_u16(const std::byte* at) noexcept {
  std::uint16_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

float load_half(const std::byte* at) noexcept { return half_to_float(load_u16(at)); }

void dequantise_f16(const std::byte* source, std::span<float> out) noexcept {
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = load_half(source + 2 * k);
}

void dequantise_q8_0(const std::byte* block, std::span<float> out) noexcept {
  for (std::size_t k = 0; k < out.size(); k += 32, block += 34) {
    const float scale = load_half(block);
    for (std::size_t i = 0; i < 32; ++i) {
      out[k + i] = scale * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
    }
  }
}

void dequantise_q4_0(const std::byte* block, std::span<float> out) noexcept {
  for (std::size_t k = 0; k < out.size(); k += 32, block += 18) {
    const float scale = load_half(block);
    for (std::size_t i = 0; i < 16; ++i) {
      const auto codes = std::to_integer<int>(block[2 + i]);
      out[k + i] = scale * static_cast<float>((codes & 15) - 8);
      out[k + 16 + i] = scale * static_cast<float>((codes >> 4) - 8);
    }
  }
}

void dequantise_q4_1(const std::byte* block, std::span<float> out) noexcept {
  for (std::size_t k = 0; k < out.size(); k += 32, block += 20) {
    const float scale = load_half(block);
    const float minimum = load_half(block + 2);
    for (std::size_t i = 0; i < 16; ++i) {
      const auto codes = std::to_integer<int>(block[4 + i]);
      out[k + i] = scale * static_cast<float>(codes & 15) + minimum;
      out[k + 16 + i] = scale * static_cast<float>(codes >> 4) + minimum;
    }
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
      return dequantise_f16(source.data(), out);
    case DType::q8_0:
      return dequantise_q8_0(source.data(), out);
    case DType::q4_0:
      return dequantise_q4_0(source.data(), out);
    case DType::q4_1:
      return dequantise_q4_1(source.data(), out);
  }
}

}  // namespace espalier::tensor
