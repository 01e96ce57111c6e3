#include "tensor/gguf_writer.h"

#include <fmt/format.h>

#include <optional>

#include "base/checked_math.h"
#include "espalier/error.h"
#include "tensor/message_format.h"
#include "tensor/name_index.h"

namespace espalier::tensor {
namespace {

constexpr std::size_t longest_name = 64;  // the format's own limit
constexpr std::size_t most_dims = 4;

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view name,
                         std::string_view problem) {
  throw InvalidArgument(fmt::format("{}: tensor {} {}", path.string(), quoted(name), problem));
}

// The entry's bytes, after all checks on it.
std::uint64_t byte_size(const std::filesystem::path& path, const GgufEntry& entry) {
  if (entry.name.empty() || entry.name.size() > longest_name) {
    refuse(path, entry.name,
           fmt::format("has a name of {} bytes, where 1 to {} are allowed", entry.name.size(),
                       longest_name));
  }
  const GgmlType* type = entry.type;
  if (type == nullptr || type->block_elements == 0) {
    refuse(path, entry.name, "has no type that GGUF files can hold");
  }
  if (entry.shape.empty() || entry.shape.size() > most_dims) {
    refuse(
        path, entry.name,
        fmt::format("has {} dimensions, where 1 to {} are allowed", entry.shape.size(), most_dims));
  }
  if (entry.shape.front() % type->block_elements != 0) {
    refuse(path, entry.name,
           fmt::format("has rows of {} elements, but {} stores blocks of {}",
                       grouped(entry.shape.front()), type->name, type->block_elements));
  }
  std::optional<std::uint64_t> bytes = 1;
  for (const std::uint64_t size : entry.shape) {
    if (size == 0) refuse(path, entry.name, "has the size 0 in a dimension");
    bytes = bytes ? base::checked_mul(*bytes, size) : bytes;
  }
  // Elements first: readers count those in 64 bits too.
  if (bytes) {
    bytes = base::checked_mul<std::uint64_t>(*bytes / type->block_elements, type->block_bytes);
  }
  if (!bytes) refuse(path, entry.name, "has more bytes than 64 bits count");
  return *bytes;
}

template <class T>
void append(std::string& bytes, T number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

}  // namespace

GgufWriter::GgufWriter(const std::filesystem::path& path, const GgufKeys& keys,
                       std::vector<GgufEntry> entries)
    : file_(path), entries_(std::move(entries)), alignment_(keys.alignment()) {
  const NameIndex index(entries_, &GgufEntry::name);
  if (const auto twice = index.duplicate(entries_, &GgufEntry::name)) {
    refuse(path, entries_[twice->first].name, "is there twice");
  }
  std::string head = "GGUF";
  append(head, std::uint32_t{3});
  append(head, std::uint64_t{entries_.size()});
  append(head, keys.count());
  head += keys.bytes();
  std::uint64_t offset = 0;
  for (const GgufEntry& entry : entries_) {
    sizes_.push_back(byte_size(path, entry));
    append_gguf_string(head, entry.name);
    append(head, static_cast<std::uint32_t>(entry.shape.size()));
    for (const std::size_t size : entry.shape) append(head, std::uint64_t{size});
    append(head, entry.type->tag);
    append(head, offset);
    const auto end = base::checked_add(offset, sizes_.back());
    const auto next = end ? base::checked_round_up<std::uint64_t>(*end, alignment_) : end;
    if (!next) refuse(path, entry.name, "ends beyond what 64 bits count");
    offset = *next;
  }
  head.resize(base::round_up(head.size(), alignment_));
  file_.write(head);
}

void GgufWriter::write(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  if (current_ == entries_.size()) {
    throw InvalidArgument(fmt::format("{}: {} bytes are left over behind the last tensor",
                                      file_.path().string(), grouped(bytes.size())));
  }
  if (bytes.size() > sizes_[current_] - so_far_) {
    refuse(file_.path(), entries_[current_].name,
           fmt::format("is given {} bytes at once, but takes {} in all and has {}",
                       grouped(bytes.size()), grouped(sizes_[current_]), grouped(so_far_)));
  }
  file_.write(bytes);
  so_far_ += bytes.size();
  if (so_far_ < sizes_[current_]) return;
  // The last tensor is padded too: llama.cpp reads whole steps.
  const std::string padding(base::round_up(file_.size(), alignment_) - file_.size(), '\0');
  file_.write(padding);
  ++current_;
  so_far_ = 0;
}

void GgufWriter::finish() {
  if (current_ < entries_.size()) {
    refuse(file_.path(), entries_[current_].name,
           fmt::format("takes {} bytes, of which {} were written", grouped(sizes_[current_]),
                       grouped(so_far_)));
  }
  file_.finish();
}

}  // namespace espalier::tensor
