// The keys of a GGUF file that is to be written.
//
//   GgufKeys keys;
//   keys.add("general.architecture", "llama");
//   keys.add("llama.block_count", std::uint32_t{30});
//   keys.add("tokenizer.ggml.tokens", std::span<const std::string>(tokens));
//   for (const GgufValue& value : source.metadata().values()) keys.copy(value);
//
// A number is written as the type that it has here: say std::uint32_t where readers expect u32.
// The key general.alignment decides where GgufWriter puts the tensors; it must be a u32 and a power
// of two from 8 to 1,048,576. Throws InvalidArgument where it is not, and where a key is empty,
// longer than 65,535 bytes or there already.
#pragma once

#include <concepts>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "tensor/gguf_value.h"

namespace espalier::tensor {

template <class T>
concept GgufNumber =
    std::same_as<T, bool> || std::integral<T> || std::same_as<T, float> || std::same_as<T, double>;

// How the file spells a C++ type.
template <GgufNumber T>
constexpr GgufType gguf_type_of() noexcept {
  if constexpr (std::same_as<T, bool>) return GgufType::boolean;
  if constexpr (std::same_as<T, float>) return GgufType::f32;
  if constexpr (std::same_as<T, double>) return GgufType::f64;
  constexpr bool is_signed = std::signed_integral<T>;
  switch (sizeof(T)) {
    case 1:
      return is_signed ? GgufType::i8 : GgufType::u8;
    case 2:
      return is_signed ? GgufType::i16 : GgufType::u16;
    case 4:
      return is_signed ? GgufType::i32 : GgufType::u32;
    default:
      return is_signed ? GgufType::i64 : GgufType::u64;
  }
}

class GgufKeys {
 public:
  template <GgufNumber T>
  void add(std::string_view key, T value) {
    add_number(key, gguf_type_of<T>(), std::as_bytes(std::span(&value, 1)));
  }
  void add(std::string_view key, std::string_view text);
  // Else a literal would be a bool.
  void add(std::string_view key, const char* text) { add(key, std::string_view(text)); }

  template <GgufNumber T>
  void add(std::string_view key, std::span<const T> values) {
    add_array(key, gguf_type_of<T>(), values.size(), std::as_bytes(values));
  }
  void add(std::string_view key, std::span<const std::string> values);
  void add(std::string_view key, std::span<const std::string_view> values);

  // Any value of another file, as it stands there.
  void copy(const GgufValue& value);

  std::uint64_t count() const noexcept { return names_.size(); }
  std::size_t alignment() const noexcept { return alignment_; }

  // The keys as the file spells them.
  std::string_view bytes() const noexcept { return bytes_; }

 private:
  void add_head(std::string_view key, GgufType type);
  void add_number(std::string_view key, GgufType type, std::span<const std::byte> value);
  void add_array(std::string_view key, GgufType element, std::uint64_t count,
                 std::span<const std::byte> elements);

  std::string bytes_;
  std::size_t alignment_ = 32;  // the format's default
  std::set<std::string, std::less<>> names_;
};

// A string as the file spells it, behind what is there.
void append_gguf_string(std::string& bytes, std::string_view text);

}  // namespace espalier::tensor
