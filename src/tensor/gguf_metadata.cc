#include "tensor/gguf_metadata.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "espalier/error.h"
#include "tensor/message_format.h"

namespace espalier::tensor {
namespace {

template <class T>
T load(const std::byte* at) noexcept {
  T value{};
  std::memcpy(&value, at, sizeof value);
  return value;
}

// A number of any integer type: its 64 bits, and whether they are to be read with a sign.
struct Integer {
  bool is_signed = false;
  std::uint64_t bits = 0;
};

std::optional<Integer> load_integer(GgufType type, const std::byte* at) noexcept {
  const auto widen = [](std::int64_t value) {
    return Integer{true, static_cast<std::uint64_t>(value)};
  };
  switch (type) {
    case GgufType::u8:
      return Integer{false, load<std::uint8_t>(at)};
    case GgufType::u16:
      return Integer{false, load<std::uint16_t>(at)};
    case GgufType::u32:
      return Integer{false, load<std::uint32_t>(at)};
    case GgufType::u64:
      return Integer{false, load<std::uint64_t>(at)};
    case GgufType::i8:
      return widen(load<std::int8_t>(at));
    case GgufType::i16:
      return widen(load<std::int16_t>(at));
    case GgufType::i32:
      return widen(load<std::int32_t>(at));
    case GgufType::i64:
      return widen(load<std::int64_t>(at));
    default:
      return std::nullopt;
  }
}

bool is_integer(GgufType type) noexcept {
  const std::uint64_t zero = 0;
  return load_integer(type, reinterpret_cast<const std::byte*>(&zero)).has_value();
}

bool is_float(GgufType type) noexcept { return type == GgufType::f32 || type == GgufType::f64; }

// Nothing where the type is no float, or a double is finite but too large for one.
std::optional<float> load_float(GgufType type, const std::byte* at) noexcept {
  if (type == GgufType::f32) return load<float>(at);
  if (type != GgufType::f64) return std::nullopt;
  const auto value = load<double>(at);
  if (std::isfinite(value) && std::fabs(value) > std::numeric_limits<float>::max()) {
    return std::nullopt;
  }
  return static_cast<float>(value);
}

constexpr std::uint64_t largest_signed = std::numeric_limits<std::int64_t>::max();

}  // namespace

GgufMetadata GgufMetadata::parse(ByteCursor& cursor, std::uint64_t count) {
  GgufMetadata metadata;
  metadata.file_ = cursor.file();
  for (std::uint64_t i = 0; i < count; ++i) metadata.values_.push_back(read_gguf_value(cursor));
  metadata.by_key_ = NameIndex(metadata.values_, &GgufValue::key);
  if (const auto twice = metadata.by_key_.duplicate(metadata.values_, &GgufValue::key)) {
    const std::string_view first = metadata.values_[twice->first].key;
    const std::string_view second = metadata.values_[twice->second].key;
    cursor.fail(fmt::format("key {} at byte {} appears again at byte {}", quoted(first),
                            grouped(cursor.offset_of(first)), grouped(cursor.offset_of(second))));
  }
  return metadata;
}

const GgufValue* GgufMetadata::find(std::string_view key) const noexcept {
  return by_key_.find(values(), &GgufValue::key, key);
}

std::optional<std::uint64_t> GgufMetadata::find_unsigned(std::string_view key,
                                                         std::uint64_t most) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto number = load_integer(value->type, value->payload.data());
  if (!number) fail_type(*value, "an integer");
  if ((number->is_signed && number->bits > largest_signed) || number->bits > most) {
    throw InvalidFile(fmt::format("{}: key {} is {}, but a number from 0 to {} is expected", file_,
                                  quoted(key), to_text(*value), grouped(most)));
  }
  return number->bits;
}

std::optional<std::int64_t> GgufMetadata::find_signed(std::string_view key, std::int64_t least,
                                                      std::int64_t most) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto integer = load_integer(value->type, value->payload.data());
  if (!integer) fail_type(*value, "an integer");
  const auto number = static_cast<std::int64_t>(integer->bits);
  if ((!integer->is_signed && integer->bits > largest_signed) || number < least || number > most) {
    throw InvalidFile(fmt::format("{}: key {} is {}, but a number from {} to {} is expected", file_,
                                  quoted(key), to_text(*value), least, most));
  }
  return number;
}

std::optional<float> GgufMetadata::find_float(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto number = load_float(value->type, value->payload.data());
  if (!number) fail_type(*value, "a float (f32, or an f64 that fits it)");
  return number;
}

std::optional<bool> GgufMetadata::find_bool(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type != GgufType::boolean) fail_type(*value, "a bool");
  return value->payload.front() == std::byte{1};
}

std::optional<std::string_view> GgufMetadata::find_string(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type != GgufType::string) fail_type(*value, "a string");
  return value->text();
}

std::optional<std::vector<std::string_view>> GgufMetadata::find_strings(
    std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type != GgufType::array || value->element != GgufType::string) {
    fail_type(*value, "an array of strings");
  }
  std::vector<std::string_view> strings(static_cast<std::size_t>(value->count));
  // The walk cannot fail: read_gguf_value() has made it before.
  ByteCursor cursor(file_, value->payload);
  for (std::string_view& text : strings) text = cursor.read_string({"strings", "key", key});
  return strings;
}

std::optional<std::vector<std::int64_t>> GgufMetadata::find_ints(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  constexpr std::string_view expected = "an array of integers that fit 64 bits with a sign";
  if (value->type != GgufType::array || !is_integer(value->element)) fail_type(*value, expected);
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(value->count));
  const std::byte* at = value->payload.data();
  for (std::int64_t& number : numbers) {
    const auto integer = load_integer(value->element, at);
    if (!integer->is_signed && integer->bits > largest_signed) {
      fail_type(*value, expected);
    }
    number = static_cast<std::int64_t>(integer->bits);
    at += smallest_size(value->element);
  }
  return numbers;
}

std::optional<std::vector<float>> GgufMetadata::find_floats(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  constexpr std::string_view expected = "an array of floats (f32, or f64 that fit it)";
  if (value->type != GgufType::array || !is_float(value->element)) fail_type(*value, expected);
  std::vector<float> numbers(static_cast<std::size_t>(value->count));
  const std::byte* at = value->payload.data();
  for (float& number : numbers) {
    const auto element = load_float(value->element, at);
    if (!element) fail_type(*value, expected);
    number = *element;
    at += smallest_size(value->element);
  }
  return numbers;
}

void GgufMetadata::fail_missing(std::string_view key, std::string_view expected) const {
  throw InvalidFile(
      fmt::format("{}: key {} is missing; {} is expected", file_, quoted(key), expected));
}

void GgufMetadata::fail_type(const GgufValue& value, std::string_view expected) const {
  throw InvalidFile(fmt::format("{}: key {} holds {} where {} is expected", file_,
                                quoted(value.key), describe_type(value), expected));
}

}  // namespace espalier::tensor
