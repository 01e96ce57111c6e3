#include "tensor/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <tuple>

#include "base/checked_math.h"
#include "tensor/byte_cursor.h"
#include "tensor/foreign_format.h"
#include "tensor/message_format.h"

namespace espalier::tensor {
namespace {

using base::checked_add;
using base::checked_mul;
using base::JsonDocument;
using base::JsonMember;
using base::JsonValue;

constexpr std::uint64_t longest_header = 100'000'000;  // the format's own limit
constexpr std::string_view metadata_key = "__metadata__";

// A tensor of eight dimensions is 16 values and keys.
constexpr base::JsonLimits header_limits = {
    .bytes = longest_header, .values = 20 * most_safetensors, .depth = 4};

std::string_view read_header_text(ByteCursor& cursor) {
  if (cursor.size() == 0) cursor.fail("is empty (truncated download?)");
  if (const auto what = foreign_format(cursor.all())) cursor.fail(fmt::format("is {}", *what));
  const auto length = cursor.read<std::uint64_t>({"header's length"});
  if (length > longest_header) {
    cursor.fail(
        fmt::format("is no safetensors file: it starts with a header's length of {}; at most"
                    " {} are allowed",
                    grouped(length), grouped(longest_header)));
  }
  const auto bytes = cursor.take(length, {"header"});
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with('{')) {
    cursor.fail(fmt::format("the header at byte 8 starts with {}, where '{{' is expected",
                            quoted(text.substr(0, 1))));
  }
  return text;
}

// A tensor's entry as the header spells it.
struct Entry {
  SafetensorsTensor tensor;
  std::uint64_t bytes = 0;  // that the shape asks for
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

void read_type(JsonValue value, Entry& entry) {
  const std::string_view name = value.as_string();
  entry.tensor.type = find_safetensors_type(name);
  if (entry.tensor.type == nullptr) {
    value.fail(fmt::format("{} is no dtype that this version knows (F32, F16, BF16, I64, …)",
                           quoted(name)));
  }
}

void read_shape(JsonValue value, Entry& entry) {
  SafetensorsTensor& tensor = entry.tensor;
  if (value.elements(); value.size() > tensor.shape.size()) {
    value.fail(fmt::format("the shape has {} sizes; at most {} are read", grouped(value.size()),
                           tensor.shape.size()));
  }
  for (const JsonValue size : value.elements()) tensor.shape[tensor.dims++] = size.as_size();
}

void read_offsets(JsonValue value, Entry& entry) {
  if (value.elements(); value.size() != 2) {
    value.fail(fmt::format("two offsets are expected, not {}", grouped(value.size())));
  }
  const auto offsets = value.as_integers<std::uint64_t>();
  entry.begin = offsets[0];
  entry.end = offsets[1];
  if (entry.begin > entry.end) {
    value.fail(fmt::format("the tensor begins at {}, behind its end at {}", grouped(entry.begin),
                           grouped(entry.end)));
  }
}

std::uint64_t byte_size(JsonValue value, const SafetensorsTensor& tensor) {
  std::optional<std::uint64_t> bits = 1;
  for (const std::uint64_t size : tensor.sizes()) bits = bits ? checked_mul(*bits, size) : bits;
  if (bits) bits = checked_mul<std::uint64_t>(*bits, tensor.type->bits);
  if (!bits) {
    value.fail(fmt::format("{} of shape {} are more bits than 64 bits count", tensor.type->name,
                           shape_text(tensor.sizes())));
  }
  if (*bits % 8 != 0) {
    value.fail(fmt::format("{} of shape {} end inside a byte", tensor.type->name,
                           shape_text(tensor.sizes())));
  }
  return *bits / 8;
}

Entry read_entry(std::string_view name, JsonValue value) {
  Entry entry;
  entry.tensor.name = name;
  if (name.empty()) value.fail("the tensor has no name");
  for (const JsonMember& member : value.members()) {
    if (member.key != "dtype" && member.key != "shape" && member.key != "data_offsets") {
      member.value.fail("'dtype', 'shape' and 'data_offsets' are all that a tensor may have");
    }
  }
  read_type(value.get("dtype"), entry);
  const JsonValue shape = value.get("shape");
  const JsonValue offsets = value.get("data_offsets");
  read_shape(shape, entry);
  read_offsets(offsets, entry);
  entry.bytes = byte_size(shape, entry.tensor);
  if (entry.end - entry.begin != entry.bytes) {
    offsets.fail(fmt::format("the offsets {} to {} hold {} bytes, but {} of shape {} takes {}",
                             grouped(entry.begin), grouped(entry.end),
                             grouped(entry.end - entry.begin), entry.tensor.type->name,
                             shape_text(entry.tensor.sizes()), grouped(entry.bytes)));
  }
  return entry;
}

// Gives the tensor its place in the file.
void place(const ByteCursor& cursor, const Entry& entry, SafetensorsTensor& tensor) {
  const auto end = checked_add<std::uint64_t>(cursor.position(), entry.end);
  if (!end) {
    cursor.fail(fmt::format("tensor {} has the end {}: it lies beyond what 64 bits count",
                            quoted(tensor.name), grouped(entry.end)));
  }
  if (*end > cursor.size()) {
    cursor.fail(fmt::format("tensor {} ends at byte {} but the file has {} (truncated download?)",
                            quoted(tensor.name), grouped(*end), grouped(cursor.size())));
  }
  tensor.offset = cursor.position() + entry.begin;
  tensor.bytes = cursor.all().subspan(tensor.offset, entry.bytes);
}

// Header and data must agree: every byte behind the header belongs to just one tensor.
void check_coverage(const ByteCursor& cursor, std::span<const SafetensorsTensor> tensors) {
  std::vector<std::uint32_t> by_offset(tensors.size());
  std::iota(by_offset.begin(), by_offset.end(), 0U);
  // An empty tensor stands in front of the one that begins where it does.
  std::ranges::sort(by_offset, {}, [&](std::uint32_t i) {
    return std::tuple(tensors[i].offset, tensors[i].bytes.size(), i);
  });

  const SafetensorsTensor* previous = nullptr;
  std::size_t end = cursor.position();
  const auto owner = [&] {
    return previous == nullptr ? std::string("the header") : "tensor " + quoted(previous->name);
  };
  for (const std::uint32_t i : by_offset) {
    const SafetensorsTensor& tensor = tensors[i];
    if (tensor.offset < end) {
      cursor.fail(fmt::format("tensor {} starts at byte {}, inside {}, which ends at byte {}",
                              quoted(tensor.name), grouped(tensor.offset), owner(), grouped(end)));
    }
    if (tensor.offset > end) {
      cursor.fail(
          fmt::format("{} ends at byte {} but the next tensor, {}, starts at byte {}: {} bytes"
                      " belong to no tensor",
                      owner(), grouped(end), quoted(tensor.name), grouped(tensor.offset),
                      grouped(tensor.offset - end)));
    }
    previous = &tensor;
    end = tensor.offset + tensor.bytes.size();
  }
  if (cursor.size() > end) {
    cursor.fail(fmt::format("{} ends at byte {} but the file has {}: {} bytes belong to no tensor",
                            owner(), grouped(end), grouped(cursor.size()),
                            grouped(cursor.size() - end)));
  }
}

void read_metadata(JsonValue value, SafetensorsHeader& header) {
  if (value.members(); value.size() > most_safetensors_metadata) {
    value.fail(fmt::format("there are {} keys; at most {} are read", grouped(value.size()),
                           grouped(most_safetensors_metadata)));
  }
  header.metadata.reserve(value.size());
  for (const JsonMember& word : value.members()) {
    header.metadata.emplace_back(word.key, word.value.as_string());
  }
}

}  // namespace

std::size_t SafetensorsTensor::rows() const noexcept {
  std::size_t rows = 1;
  for (std::size_t i = 0; i + 1 < dims; ++i) rows *= shape[i];
  return rows;
}

std::string shape_text(std::span<const std::size_t> sizes) {
  if (sizes.empty()) return "a scalar";
  std::string text = grouped(sizes.front());
  for (const std::size_t size : sizes.subspan(1)) text += " x " + grouped(size);
  return text;
}

SafetensorsHeader read_safetensors_header(std::string_view file, std::span<const std::byte> bytes) {
  ByteCursor cursor(file, bytes);
  const std::string_view text = read_header_text(cursor);
  SafetensorsHeader header;
  header.text = JsonDocument::parse(std::string(file), std::string(text), header_limits, 8);
  const JsonValue root = header.text->root();
  if (root.size() > most_safetensors) {
    root.fail(fmt::format("there are {} tensors; at most {} are read", grouped(root.size()),
                          grouped(most_safetensors)));
  }
  header.tensors.reserve(root.size());
  for (const JsonMember& member : root.members()) {
    if (member.key == metadata_key) {
      read_metadata(member.value, header);
      continue;
    }
    const Entry entry = read_entry(member.key, member.value);
    header.tensors.push_back(entry.tensor);
    place(cursor, entry, header.tensors.back());
  }
  header.text->drop_values();
  check_coverage(cursor, header.tensors);
  return header;
}

}  // namespace espalier::tensor
