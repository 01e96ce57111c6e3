#include "tensor/gguf_keys.h"

#include <fmt/format.h>

#include <cstring>

#include "espalier/error.h"
#include "tensor/message_format.h"

namespace espalier::tensor {
namespace {

constexpr std::size_t longest_key = 65'535;  // the format's own limit
constexpr std::string_view alignment_key = "general.alignment";
constexpr std::uint32_t smallest_alignment = 8;        // the format's rule
constexpr std::uint32_t largest_alignment = 1U << 20;  // what the reader accepts

template <class T>
void append(std::string& bytes, T number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append(std::string& bytes, std::span<const std::byte> more) {
  bytes.append(reinterpret_cast<const char*>(more.data()), more.size());
}

template <class Strings>
std::string all_strings(const Strings& values) {
  std::string elements;
  for (const std::string_view value : values) append_gguf_string(elements, value);
  return elements;
}

}  // namespace

void append_gguf_string(std::string& bytes, std::string_view text) {
  append(bytes, std::uint64_t{text.size()});
  bytes += text;
}

void GgufKeys::add(std::string_view key, std::string_view text) {
  add_head(key, GgufType::string);
  append_gguf_string(bytes_, text);
}

void GgufKeys::add(std::string_view key, std::span<const std::string> values) {
  const std::string elements = all_strings(values);
  add_array(key, GgufType::string, values.size(), std::as_bytes(std::span(elements)));
}

void GgufKeys::add(std::string_view key, std::span<const std::string_view> values) {
  const std::string elements = all_strings(values);
  add_array(key, GgufType::string, values.size(), std::as_bytes(std::span(elements)));
}

void GgufKeys::copy(const GgufValue& value) {
  if (value.type == GgufType::array) {
    add_array(value.key, value.element, value.count, value.payload);
  } else if (value.type == GgufType::string) {
    add(value.key, value.text());
  } else {
    add_number(value.key, value.type, value.payload);
  }
}

void GgufKeys::add_head(std::string_view key, GgufType type) {
  if (key.empty() || key.size() > longest_key) {
    throw InvalidArgument(fmt::format("a GGUF key has 1 to {} bytes, not {}", grouped(longest_key),
                                      grouped(key.size())));
  }
  if (key == alignment_key && type != GgufType::u32) {
    throw InvalidArgument(fmt::format("the GGUF key '{}' must be a u32", alignment_key));
  }
  if (!names_.emplace(key).second) {
    throw InvalidArgument(fmt::format("the GGUF key {} is there already", quoted(key)));
  }
  append_gguf_string(bytes_, key);
  append(bytes_, static_cast<std::uint32_t>(type));
}

void GgufKeys::add_number(std::string_view key, GgufType type, std::span<const std::byte> value) {
  if (key == alignment_key && type == GgufType::u32) {
    std::uint32_t alignment = 0;
    std::memcpy(&alignment, value.data(), sizeof alignment);
    if (alignment < smallest_alignment || alignment > largest_alignment ||
        (alignment & (alignment - 1)) != 0) {
      throw InvalidArgument(
          fmt::format("the GGUF key '{}' is {}, where a power of two from {} to {} is expected",
                      alignment_key, alignment, smallest_alignment, grouped(largest_alignment)));
    }
    alignment_ = alignment;
  }
  add_head(key, type);
  append(bytes_, value);
}

void GgufKeys::add_array(std::string_view key, GgufType element, std::uint64_t count,
                         std::span<const std::byte> elements) {
  add_head(key, GgufType::array);
  append(bytes_, static_cast<std::uint32_t>(element));
  append(bytes_, count);
  append(bytes_, elements);
}

}  // namespace espalier::tensor
