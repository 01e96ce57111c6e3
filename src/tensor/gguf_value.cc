#include "tensor/gguf_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "tensor/message_format.h"

namespace espalier::tensor {
namespace {

// The format sets no limit; no known file nests arrays at all.
constexpr int deepest_array = 4;

// The format's own limit for keys.
constexpr std::size_t longest_key = 65'535;

struct TypeInfo {
  std::string_view name;
  std::size_t smallest_size;
};

// An empty string is its length; an empty array is its element type and its count.
constexpr TypeInfo type_infos[] = {
    {"u8", 1},   {"i8", 1},     {"u16", 2},    {"i16", 2}, {"u32", 4}, {"i32", 4}, {"f32", 4},
    {"bool", 1}, {"string", 8}, {"array", 12}, {"u64", 8}, {"i64", 8}, {"f64", 8},
};

const TypeInfo& type_info(GgufType type) noexcept {
  return type_infos[static_cast<std::uint32_t>(type)];
}

GgufType read_type(ByteCursor& cursor, std::string_view part, std::string_view key) {
  const std::size_t at = cursor.position();
  const auto tag = cursor.read<std::uint32_t>({part, "key", key});
  if (tag >= std::size(type_infos)) {
    cursor.fail(fmt::format("key {} has the {} {} at byte {}, which GGUF does not know (0 to 12)",
                            quoted(key), part, grouped(tag), grouped(at)));
  }
  return static_cast<GgufType>(tag);
}

void check_booleans(const ByteCursor& cursor, std::span<const std::byte> values,
                    std::string_view key) {
  const auto bad = std::ranges::find_if(values, [](std::byte b) { return b > std::byte{1}; });
  if (bad == values.end()) return;
  cursor.fail(
      fmt::format("key {} has the boolean {} at byte {}, where 0 or 1 is expected", quoted(key),
                  std::to_integer<int>(*bad),
                  grouped(cursor.position() - static_cast<std::size_t>(values.end() - bad))));
}

struct ArrayHeader {
  GgufType element = GgufType::u8;
  std::uint64_t count = 0;
};

ArrayHeader read_array_header(ByteCursor& cursor, std::string_view key) {
  ArrayHeader header;
  header.element = read_type(cursor, "element type", key);
  header.count = cursor.read<std::uint64_t>({"element count", "key", key});
  const std::size_t smallest = smallest_size(header.element);
  if (header.count > cursor.remaining() / smallest) {
    cursor.fail(fmt::format(
        "key {} says it has {} elements of type {} but the {} bytes that follow byte {} hold at "
        "most {}"
        " (truncated download?)",
        quoted(key), grouped(header.count), name(header.element), grouped(cursor.remaining()),
        grouped(cursor.position()), grouped(cursor.remaining() / smallest)));
  }
  return header;
}

// Moves past the elements. Each element takes bytes of the file, so the walk is bounded by its
// size, and the recursion by deepest_array.
void skip_elements(ByteCursor& cursor, const ArrayHeader& header, std::string_view key, int depth) {
  switch (header.element) {
    case GgufType::string:
      for (std::uint64_t i = 0; i < header.count; ++i) cursor.read_string({"strings", "key", key});
      return;
    case GgufType::array:
      if (depth == deepest_array) {
        cursor.fail(fmt::format("key {} nests arrays more than {} deep at byte {}", quoted(key),
                                deepest_array, grouped(cursor.position())));
      }
      for (std::uint64_t i = 0; i < header.count; ++i) {
        skip_elements(cursor, read_array_header(cursor, key), key, depth + 1);
      }
      return;
    default:
      break;
  }
  const auto values =
      cursor.take(header.count * smallest_size(header.element), {"elements", "key", key});
  if (header.element == GgufType::boolean) check_booleans(cursor, values, key);
}

std::string_view read_key(ByteCursor& cursor) {
  const std::size_t at = cursor.position();
  const std::string_view key = cursor.read_string({"name of a key"});
  if (key.empty()) cursor.fail(fmt::format("the key at byte {} has no name", grouped(at)));
  if (key.size() > longest_key) {
    cursor.fail(fmt::format("the key at byte {} has a name of {} bytes; at most {} are allowed",
                            grouped(at), grouped(key.size()), grouped(longest_key)));
  }
  return key;
}

template <class T>
T load(const GgufValue& value) {
  T number{};
  std::memcpy(&number, value.payload.data(), sizeof number);
  return number;
}

std::string number_text(const GgufValue& value) {
  switch (value.type) {
    case GgufType::u8:
      return fmt::format("{}", load<std::uint8_t>(value));
    case GgufType::i8:
      return fmt::format("{}", load<std::int8_t>(value));
    case GgufType::u16:
      return fmt::format("{}", load<std::uint16_t>(value));
    case GgufType::i16:
      return fmt::format("{}", load<std::int16_t>(value));
    case GgufType::u32:
      return fmt::format("{}", load<std::uint32_t>(value));
    case GgufType::i32:
      return fmt::format("{}", load<std::int32_t>(value));
    case GgufType::f32:
      return fmt::format("{}", load<float>(value));
    case GgufType::u64:
      return fmt::format("{}", load<std::uint64_t>(value));
    case GgufType::i64:
      return fmt::format("{}", load<std::int64_t>(value));
    default:
      return fmt::format("{}", load<double>(value));
  }
}

}  // namespace

std::string_view name(GgufType type) noexcept { return type_info(type).name; }

std::size_t smallest_size(GgufType type) noexcept { return type_info(type).smallest_size; }

GgufValue read_gguf_value(ByteCursor& cursor) {
  GgufValue value;
  value.key = read_key(cursor);
  value.type = read_type(cursor, "type", value.key);
  value.element = value.type;
  if (value.type == GgufType::string) {
    const std::string_view text = cursor.read_string({"value", "key", value.key});
    value.payload = std::as_bytes(std::span(text));
  } else if (value.type == GgufType::array) {
    const ArrayHeader header = read_array_header(cursor, value.key);
    value.element = header.element;
    value.count = header.count;
    ByteCursor begin = cursor;
    skip_elements(cursor, header, value.key, 1);
    value.payload = begin.take(cursor.position() - begin.position(), {"elements"});
  } else {
    value.payload = cursor.take(smallest_size(value.type), {"value", "key", value.key});
    if (value.type == GgufType::boolean) check_booleans(cursor, value.payload, value.key);
  }
  return value;
}

std::string describe_type(const GgufValue& value) {
  if (value.type == GgufType::array) return fmt::format("an array of {}", name(value.element));
  const std::string_view type = name(value.type);
  const bool vowel = type.front() == 'i' || type == "f32" || type == "f64";
  return fmt::format("{} {}", vowel ? "an" : "a", type);
}

std::string to_text(const GgufValue& value, std::size_t longest) {
  switch (value.type) {
    case GgufType::string:
      return quoted(value.text(), longest);
    case GgufType::array:
      return fmt::format("{} × {}", grouped(value.count), name(value.element));
    case GgufType::boolean:
      return value.payload.front() == std::byte{1} ? "true" : "false";
    default:
      return number_text(value);
  }
}

}  // namespace espalier::tensor
