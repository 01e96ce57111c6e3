#include "tensor/gguf_reader.h"

#include <fmt/format.h>

#include <utility>

#include "espalier/error.h"
#include "tensor/foreign_format.h"
#include "tensor/message_format.h"

namespace espalier::tensor {
namespace {

// Far beyond any known model, and a bound for what the directories can cost: about 12 MB.
constexpr std::uint64_t most_entries = 65'536;

constexpr std::uint64_t default_alignment = 32;
constexpr std::uint64_t smallest_alignment = 8;        // the format's rule
constexpr std::uint64_t largest_alignment = 1U << 20;  // beyond any page that a tensor could want

void check_magic(ByteCursor& cursor, std::span<const std::byte> bytes) {
  if (bytes.empty()) cursor.fail("is empty (truncated download?)");
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (const auto what = foreign_format(bytes, "GGUF")) cursor.fail(fmt::format("is {}", *what));
  cursor.take(4, {"magic"});
  if (!start.starts_with("GGUF")) {
    cursor.fail(fmt::format("is not a GGUF file: it starts with {}, where 'GGUF' is expected",
                            quoted(start.substr(0, 4))));
  }
}

std::uint32_t read_version(ByteCursor& cursor) {
  const auto version = cursor.read<std::uint32_t>({"version"});
  if (version == 2 || version == 3) return version;
  if (version != 0 && (version & 0xffffU) == 0) {
    cursor.fail(
        "is a big-endian GGUF file; get the little-endian one, or convert it with"
        " gguf_convert_endian.py");
  }
  if (version == 1) {
    cursor.fail("is GGUF version 1, which held 32-bit sizes; convert the original model again");
  }
  cursor.fail(
      fmt::format("is GGUF version {} at byte 4, where 2 or 3 is expected", grouped(version)));
}

std::uint64_t read_count(ByteCursor& cursor, std::string_view things) {
  const std::size_t at = cursor.position();
  const auto count = cursor.read<std::uint64_t>({things});
  if (count > most_entries) {
    cursor.fail(fmt::format("the {} at byte {} is {}; at most {} are read", things, grouped(at),
                            grouped(count), grouped(most_entries)));
  }
  return count;
}

void check_room(const ByteCursor& cursor, std::uint64_t count, std::size_t smallest,
                std::string_view things) {
  const std::size_t room = cursor.remaining() / smallest;
  if (count <= room) return;
  cursor.fail(
      fmt::format("the {} is {} but the {} bytes that follow byte {} hold at most {}"
                  " (truncated download?)",
                  things, grouped(count), grouped(cursor.remaining()), grouped(cursor.position()),
                  grouped(room)));
}

void refuse_split(const ByteCursor& cursor, const GgufMetadata& metadata) {
  const auto parts = metadata.find_integer<std::uint64_t>("split.count");
  if (!parts || *parts <= 1) return;
  const auto number = metadata.find_integer<std::uint64_t>("split.no").value_or(0);
  cursor.fail(
      fmt::format("is one part (split.no {}) of a model split into {} files; join them with"
                  " `llama-gguf-split --merge`",
                  grouped(number), grouped(*parts)));
}

std::size_t read_alignment(const ByteCursor& cursor, const GgufMetadata& metadata) {
  constexpr std::string_view key = "general.alignment";
  const auto alignment = metadata.find_integer<std::uint64_t>(key).value_or(default_alignment);
  const bool power_of_two = (alignment & (alignment - 1)) == 0;
  if (alignment < smallest_alignment || alignment > largest_alignment || !power_of_two) {
    cursor.fail(fmt::format("key '{}' is {}, where a power of two from {} to {} is expected", key,
                            grouped(alignment), smallest_alignment, grouped(largest_alignment)));
  }
  return alignment;
}

}  // namespace

GgufFile GgufFile::open(const std::filesystem::path& path) {
  base::MappedFile mapping(path);
  GgufFile file = parse(path.string(), mapping.bytes());
  // The bytes stay where they are when the mapping moves.
  file.mapping_ = std::move(mapping);
  return file;
}

GgufFile GgufFile::parse(std::string name, std::span<const std::byte> bytes) {
  GgufFile file;
  file.name_ = std::move(name);
  file.size_ = bytes.size();
  ByteCursor cursor(file.name_, bytes);
  check_magic(cursor, bytes);
  file.version_ = read_version(cursor);
  const std::uint64_t tensor_count = read_count(cursor, "tensor count");
  const std::uint64_t key_count = read_count(cursor, "key count");
  check_room(cursor, key_count, smallest_gguf_value, "key count");
  check_room(cursor, tensor_count, smallest_gguf_tensor, "tensor count");
  file.metadata_ = GgufMetadata::parse(cursor, key_count);
  refuse_split(cursor, file.metadata_);
  const std::size_t alignment = read_alignment(cursor, file.metadata_);
  check_room(cursor, tensor_count, smallest_gguf_tensor, "tensor count");
  file.tensors_ = read_gguf_tensors(cursor, tensor_count, alignment);
  file.by_name_ = NameIndex(file.tensors_, &GgufTensor::name);
  return file;
}

const GgufTensor* GgufFile::find_tensor(std::string_view name) const noexcept {
  return by_name_.find(tensors(), &GgufTensor::name, name);
}

const GgufTensor& GgufFile::tensor(std::string_view name) const {
  const GgufTensor* found = find_tensor(name);
  if (found == nullptr) {
    throw InvalidFile(fmt::format("{}: tensor {} is missing", name_, quoted(name)));
  }
  return *found;
}

TensorView GgufFile::weights(const GgufTensor& tensor) const {
  if (!tensor.type->dtype) {
    throw InvalidFile(fmt::format(
        "{}: tensor {} is of type {}, which is not supported; get the model as Q4_K_M or Q8_0, or "
        "requantise it: llama-quantize --allow-requantize MODEL NEW_MODEL Q8_0",
        name_, quoted(tensor.name), tensor.type->name));
  }
  return {*tensor.type->dtype, tensor.rows(), tensor.cols(), tensor.bytes};
}

void GgufFile::release(const GgufTensor& tensor) const noexcept {
  if (mapping_) mapping_->release(tensor.bytes);
}

}  // namespace espalier::tensor
