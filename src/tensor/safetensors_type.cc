#include "tensor/safetensors_type.h"

#include <algorithm>

namespace espalier::tensor {
namespace {

constexpr SafetensorsType types[] = {
    {"F32", 32, DType::f32},          {"F16", 16, DType::f16},
    {"BF16", 16, DType::bf16},        {"F64", 64, std::nullopt},
    {"BOOL", 8, std::nullopt},        {"U8", 8, std::nullopt},
    {"I8", 8, std::nullopt},          {"U16", 16, std::nullopt},
    {"I16", 16, std::nullopt},        {"U32", 32, std::nullopt},
    {"I32", 32, std::nullopt},        {"U64", 64, std::nullopt},
    {"I64", 64, std::nullopt},        {"C64", 64, std::nullopt},
    {"F8_E4M3", 8, std::nullopt},     {"F8_E5M2", 8, std::nullopt},
    {"F8_E8M0", 8, std::nullopt},     {"F8_E4M3FNUZ", 8, std::nullopt},
    {"F8_E5M2FNUZ", 8, std::nullopt}, {"F6_E2M3", 6, std::nullopt},
    {"F6_E3M2", 6, std::nullopt},     {"F4", 4, std::nullopt},
};

}  // namespace

std::span<const SafetensorsType> safetensors_types() noexcept { return types; }

const SafetensorsType* find_safetensors_type(std::string_view name) noexcept {
  const auto* found = std::ranges::find(types, name, &SafetensorsType::name);
  return found == std::end(types) ? nullptr : found;
}

const SafetensorsType* find_safetensors_type(DType dtype) noexcept {
  const auto* found = std::ranges::find(types, std::optional(dtype), &SafetensorsType::dtype);
  return found == std::end(types) ? nullptr : found;
}

}  // namespace espalier::tensor
