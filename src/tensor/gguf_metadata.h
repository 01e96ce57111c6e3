// The keys of a GGUF file, looked up by name and type.
//
//   const auto layers = metadata.get_integer<std::uint32_t>("llama.block_count");
//   const auto base = metadata.find_float("llama.rope.freq_base").value_or(10000.0F);
//
// get_… throws InvalidFile where the key is missing; find_… gives nothing then. Both throw
// InvalidFile where the key holds another type, naming the key, the expected and the found type.
// Views that come back point into the file's bytes.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tensor/byte_cursor.h"
#include "tensor/gguf_value.h"
#include "tensor/name_index.h"

namespace espalier::tensor {

template <class T>
concept GgufInteger = std::integral<T> && !std::same_as<T, bool>;

class GgufMetadata {
 public:
  GgufMetadata() = default;

  // Reads `count` keys. Throws InvalidFile where one breaks the rules or appears twice.
  static GgufMetadata parse(ByteCursor& cursor, std::uint64_t count);

  // All keys, in the file's order.
  std::span<const GgufValue> values() const noexcept { return values_; }

  // Null where there is no such key.
  const GgufValue* find(std::string_view key) const noexcept;
  bool contains(std::string_view key) const noexcept { return find(key) != nullptr; }

  // Any integer type of the file serves, as long as the number fits T.
  template <GgufInteger T>
  T get_integer(std::string_view key) const {
    return require(find_integer<T>(key), key, "an integer");
  }
  template <GgufInteger T>
  std::optional<T> find_integer(std::string_view key) const {
    using Limits = std::numeric_limits<T>;
    if constexpr (std::signed_integral<T>) {
      const auto number = find_signed(key, Limits::min(), Limits::max());
      return number ? std::optional<T>(static_cast<T>(*number)) : std::nullopt;
    } else {
      const auto number = find_unsigned(key, Limits::max());
      return number ? std::optional<T>(static_cast<T>(*number)) : std::nullopt;
    }
  }

  // f32 or f64.
  float get_float(std::string_view key) const { return require(find_float(key), key, "a float"); }
  std::optional<float> find_float(std::string_view key) const;

  bool get_bool(std::string_view key) const { return require(find_bool(key), key, "a bool"); }
  std::optional<bool> find_bool(std::string_view key) const;

  std::string_view get_string(std::string_view key) const {
    return require(find_string(key), key, "a string");
  }
  std::optional<std::string_view> find_string(std::string_view key) const;

  // Arrays. Integers widen to 64 bits, f64 narrows to f32.
  std::vector<std::string_view> get_strings(std::string_view key) const {
    return require(find_strings(key), key, "an array of strings");
  }
  std::optional<std::vector<std::string_view>> find_strings(std::string_view key) const;

  std::vector<std::int64_t> get_ints(std::string_view key) const {
    return require(find_ints(key), key, "an array of integers");
  }
  std::optional<std::vector<std::int64_t>> find_ints(std::string_view key) const;

  std::vector<float> get_floats(std::string_view key) const {
    return require(find_floats(key), key, "an array of floats");
  }
  std::optional<std::vector<float>> find_floats(std::string_view key) const;

 private:
  std::optional<std::uint64_t> find_unsigned(std::string_view key, std::uint64_t most) const;
  std::optional<std::int64_t> find_signed(std::string_view key, std::int64_t least,
                                          std::int64_t most) const;

  template <class T>
  T require(std::optional<T> value, std::string_view key, std::string_view expected) const {
    if (!value) fail_missing(key, expected);
    return std::move(*value);
  }
  [[noreturn]] void fail_missing(std::string_view key, std::string_view expected) const;
  [[noreturn]] void fail_type(const GgufValue& value, std::string_view expected) const;

  std::string file_;
  std::vector<GgufValue> values_;
  NameIndex by_key_;
};

}  // namespace espalier::tensor
