#include "tensor/gguf_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/checked_math.h"
#include "tensor/message_format.h"
#include "tensor/name_index.h"

namespace espalier::tensor {
namespace {

using base::checked_add;
using base::checked_mul;
using base::checked_round_up;

constexpr std::size_t longest_name = 64;  // the format's own limit

std::string shape_text(const GgufTensor& tensor) {
  std::string text = grouped(tensor.shape[0]);
  for (std::size_t i = 1; i < tensor.dims; ++i) text += " x " + grouped(tensor.shape[i]);
  return text;
}

// One entry. Until all entries are read, nobody knows where the data starts: `offset` counts from
// there and `bytes` has no place yet, only a size.
struct Entry {
  GgufTensor tensor;
  std::uint64_t bytes = 0;
};

void read_name(ByteCursor& cursor, GgufTensor& tensor, std::uint64_t number) {
  const std::string ordinal = fmt::format("tensor number {}", number);
  const std::size_t at = cursor.position();
  tensor.name = cursor.read_string({"name", ordinal});
  if (tensor.name.empty()) {
    cursor.fail(fmt::format("{} at byte {} has no name", ordinal, grouped(at)));
  }
  if (tensor.name.size() > longest_name) {
    cursor.fail(fmt::format("tensor {} at byte {} has a name of {} bytes; at most {} are allowed",
                            quoted(tensor.name), grouped(at), grouped(tensor.name.size()),
                            longest_name));
  }
}

void read_shape(ByteCursor& cursor, GgufTensor& tensor) {
  const std::size_t at = cursor.position();
  const auto dims = cursor.read<std::uint32_t>({"number of dimensions", "tensor", tensor.name});
  if (dims == 0 || dims > tensor.shape.size()) {
    cursor.fail(fmt::format("tensor {} has {} dimensions at byte {}, where 1 to {} are expected",
                            quoted(tensor.name), grouped(dims), grouped(at), tensor.shape.size()));
  }
  tensor.dims = dims;
  std::uint64_t elements = 1;
  for (std::size_t i = 0; i < dims; ++i) {
    const auto size = cursor.read<std::uint64_t>({"shape", "tensor", tensor.name});
    if (size == 0) {
      cursor.fail(fmt::format("tensor {} has the size 0 in dimension {} at byte {}",
                              quoted(tensor.name), i, grouped(cursor.position() - sizeof size)));
    }
    tensor.shape[i] = size;
    const auto product = checked_mul(elements, size);
    if (!product) {
      tensor.dims = i + 1;
      cursor.fail(
          fmt::format("tensor {} has the shape {} at byte {}: more elements than 64 bits count",
                      quoted(tensor.name), shape_text(tensor), grouped(at)));
    }
    elements = *product;
  }
}

void read_type(ByteCursor& cursor, GgufTensor& tensor) {
  const std::size_t at = cursor.position();
  const auto tag = cursor.read<std::uint32_t>({"type", "tensor", tensor.name});
  tensor.type = find_ggml_type(tag);
  if (tensor.type == nullptr) {
    cursor.fail(
        fmt::format("tensor {} has the type tag {} at byte {}, which this version does not know",
                    quoted(tensor.name), grouped(tag), grouped(at)));
  }
  if (tensor.type->block_elements == 0) {
    cursor.fail(fmt::format(
        "tensor {} is of type {}, which was removed from the format; get the model as Q4_0 or Q8_0",
        quoted(tensor.name), tensor.type->name));
  }
}

std::uint64_t byte_size(const ByteCursor& cursor, const GgufTensor& tensor) {
  const GgmlType& type = *tensor.type;
  if (tensor.cols() % type.block_elements != 0) {
    cursor.fail(fmt::format("tensor {} has rows of {} elements, but {} stores blocks of {}",
                            quoted(tensor.name), grouped(tensor.cols()), type.name,
                            type.block_elements));
  }
  // The shape's product was checked, so rows() cannot overflow.
  const std::uint64_t blocks = tensor.cols() / type.block_elements * tensor.rows();
  const auto bytes = checked_mul<std::uint64_t>(blocks, type.block_bytes);
  if (!bytes) {
    cursor.fail(fmt::format("tensor {} has the shape {}: more bytes than 64 bits count",
                            quoted(tensor.name), shape_text(tensor)));
  }
  return *bytes;
}

Entry read_entry(ByteCursor& cursor, std::uint64_t number, std::size_t alignment) {
  Entry entry;
  GgufTensor& tensor = entry.tensor;
  read_name(cursor, tensor, number);
  read_shape(cursor, tensor);
  read_type(cursor, tensor);
  entry.bytes = byte_size(cursor, tensor);
  const std::size_t at = cursor.position();
  tensor.offset = cursor.read<std::uint64_t>({"offset", "tensor", tensor.name});
  if (tensor.offset % alignment != 0) {
    cursor.fail(fmt::format("tensor {} has the offset {} at byte {}, which is no multiple of {}",
                            quoted(tensor.name), grouped(tensor.offset), grouped(at), alignment));
  }
  return entry;
}

void refuse_duplicates(const ByteCursor& cursor, const std::vector<GgufTensor>& tensors) {
  const NameIndex index(tensors, &GgufTensor::name);
  const auto twice = index.duplicate(tensors, &GgufTensor::name);
  if (!twice) return;
  const std::string_view first = tensors[twice->first].name;
  const std::string_view second = tensors[twice->second].name;
  cursor.fail(fmt::format("tensor {} at byte {} appears again at byte {}", quoted(first),
                          grouped(cursor.offset_of(first)), grouped(cursor.offset_of(second))));
}

// Gives the tensor its place in the file.
void place(const ByteCursor& cursor, std::uint64_t data_start, Entry& entry) {
  const std::span<const std::byte> file = cursor.all();
  GgufTensor& tensor = entry.tensor;
  const auto begin = checked_add<std::uint64_t>(data_start, tensor.offset);
  const auto end = begin ? checked_add(*begin, entry.bytes) : std::nullopt;
  if (!end) {
    cursor.fail(
        fmt::format("tensor {} has the offset {} and {} bytes: it ends beyond what 64 bits count",
                    quoted(tensor.name), grouped(tensor.offset), grouped(entry.bytes)));
  }
  if (*end > file.size()) {
    cursor.fail(fmt::format("tensor {} ends at byte {} but the file has {} (truncated download?)",
                            quoted(tensor.name), grouped(*end), grouped(file.size())));
  }
  tensor.offset = *begin;
  tensor.bytes = file.subspan(*begin, entry.bytes);
}

// Data section and directory must agree: every byte from data_start on belongs to one tensor or
// pads one.
void check_coverage(const ByteCursor& cursor, const std::vector<GgufTensor>& tensors,
                    std::uint64_t data_start, std::uint64_t alignment) {
  std::vector<std::uint32_t> by_offset(tensors.size());
  std::iota(by_offset.begin(), by_offset.end(), 0U);
  std::ranges::sort(by_offset, {}, [&](std::uint32_t i) { return tensors[i].offset; });

  const GgufTensor* previous = nullptr;
  std::uint64_t end = data_start;  // of the last tensor seen, without its padding
  const auto owner = [&] {
    return previous == nullptr ? std::string("the directory") : "tensor " + quoted(previous->name);
  };
  for (const std::uint32_t i : by_offset) {
    const GgufTensor& tensor = tensors[i];
    if (tensor.offset < end) {
      cursor.fail(fmt::format(
          "tensor {} starts at byte {}, inside tensor {}, which ends at byte {}",
          quoted(tensor.name), grouped(tensor.offset), quoted(previous->name), grouped(end)));
    }
    if (tensor.offset - end >= alignment) {
      cursor.fail(
          fmt::format("{} ends at byte {} but the next tensor, {}, starts at byte {}: {} bytes"
                      " belong to no tensor",
                      owner(), grouped(end), quoted(tensor.name), grouped(tensor.offset),
                      grouped(tensor.offset - end)));
    }
    previous = &tensor;
    end = tensor.offset + tensor.bytes.size();
  }
  if (cursor.size() > end && cursor.size() - end >= alignment) {
    cursor.fail(fmt::format("{} ends at byte {} but the file has {}: {} bytes belong to no tensor",
                            owner(), grouped(end), grouped(cursor.size()),
                            grouped(cursor.size() - end)));
  }
}

}  // namespace

std::vector<GgufTensor> read_gguf_tensors(ByteCursor& cursor, std::uint64_t count,
                                          std::size_t alignment) {
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    entries.push_back(read_entry(cursor, i + 1, alignment));
  }
  // A file without tensors may end before the padding that its data would start behind.
  const auto data_start = checked_round_up<std::uint64_t>(cursor.position(), alignment);
  if (!data_start) cursor.fail("the data section starts beyond what 64 bits count");
  std::vector<GgufTensor> tensors;
  tensors.reserve(entries.size());
  for (Entry& entry : entries) {
    place(cursor, *data_start, entry);
    tensors.push_back(entry.tensor);
  }
  refuse_duplicates(cursor, tensors);
  check_coverage(cursor, tensors, *data_start, alignment);
  return tensors;
}

}  // namespace espalier::tensor
