// Writes small GGUF files for tests, right or wrong in any part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/checked_math.h"
#include "tensor/gguf_value.h"

namespace espalier::tensor::testing {

template <class T>
std::string le(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

inline std::string le(GgufType type) { return le(static_cast<std::uint32_t>(type)); }

inline std::string gguf_string(std::string_view text) {
  return le(std::uint64_t{text.size()}) + std::string(text);
}

inline std::string key(std::string_view name, GgufType type, std::string_view payload) {
  return gguf_string(name) + le(type) + std::string(payload);
}

inline std::string string_key(std::string_view name, std::string_view text) {
  return key(name, GgufType::string, gguf_string(text));
}

// An array's header and elements: the payload of a key or an element of an outer array.
inline std::string array(GgufType element, std::uint64_t count, std::string_view elements) {
  return le(element) + le(count) + std::string(elements);
}

inline std::string array_key(std::string_view name, GgufType element, std::uint64_t count,
                             std::string_view elements) {
  return key(name, GgufType::array, array(element, count, elements));
}

inline std::string tensor_entry(std::string_view name, std::initializer_list<std::uint64_t> shape,
                                std::uint32_t type, std::uint64_t offset) {
  std::string entry = gguf_string(name) + le(static_cast<std::uint32_t>(shape.size()));
  for (const std::uint64_t size : shape) entry += le(size);
  return entry + le(type) + le(offset);
}

struct GgufBuilder {
  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::optional<std::uint64_t> tensor_count;  // unless set, the number of entries
  std::optional<std::uint64_t> key_count;
  std::vector<std::string> keys;
  std::vector<std::string> tensors;
  std::string data;
  std::size_t alignment = 32;

  std::string build() const {
    std::string file = magic + le(version) + le(tensor_count.value_or(tensors.size())) +
                       le(key_count.value_or(keys.size()));
    for (const std::string& entry : keys) file += entry;
    for (const std::string& entry : tensors) file += entry;
    file.resize(base::round_up(file.size(), alignment));
    return file + data;
  }
};

// Keys of every type, and three tensors: 'a' F32 [2, 4] at 0, 'b' Q4_0 [1, 32] at 32, 'c' Q6_K [1,
// 256] at 64.
inline GgufBuilder small_gguf() {
  GgufBuilder file;
  file.keys = {
      string_key("general.architecture", "llama"),
      key("n.u8", GgufType::u8, le<std::uint8_t>(200)),
      key("n.i8", GgufType::i8, le<std::int8_t>(-100)),
      key("n.u16", GgufType::u16, le<std::uint16_t>(60'000)),
      key("n.i16", GgufType::i16, le<std::int16_t>(-30'000)),
      key("n.u32", GgufType::u32, le<std::uint32_t>(4'000'000'000)),
      key("n.i32", GgufType::i32, le<std::int32_t>(-2'000'000'000)),
      key("n.u64", GgufType::u64, le<std::uint64_t>(18'000'000'000'000'000'000U)),
      key("n.i64", GgufType::i64, le<std::int64_t>(-9'000'000'000'000'000'000)),
      key("n.f32", GgufType::f32, le(1.5F)),
      key("n.f64", GgufType::f64, le(2.5)),
      key("n.bool", GgufType::boolean, le<std::uint8_t>(1)),
      array_key("a.strings", GgufType::string, 3,
                gguf_string("one") + gguf_string("") + gguf_string("three")),
      array_key("a.i32", GgufType::i32, 2, le<std::int32_t>(-7) + le<std::int32_t>(8)),
      array_key("a.f32", GgufType::f32, 2, le(0.25F) + le(-4.0F)),
      array_key("a.bools", GgufType::boolean, 2, std::string("\0\1", 2)),
      array_key("a.empty", GgufType::u64, 0, ""),
      array_key("a.nested", GgufType::array, 2,
                array(GgufType::u8, 2, "xy") + array(GgufType::string, 1, gguf_string("z"))),
  };
  file.tensors = {tensor_entry("a", {4, 2}, 0, 0), tensor_entry("b", {32}, 2, 32),
                  tensor_entry("c", {256, 1}, 14, 64)};
  file.data.assign(64 + 224, '\0');
  for (std::size_t i = 0; i < 8; ++i) {
    std::memcpy(&file.data[4 * i], le(static_cast<float>(i)).data(), 4);
  }
  return file;
}

inline std::span<const std::byte> bytes_of(std::string_view file) {
  return std::as_bytes(std::span(file));
}

}  // namespace espalier::tensor::testing
