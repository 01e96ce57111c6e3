#include "tensor/safetensors_writer.h"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/checked_math.h"
#include "espalier/error.h"
#include "tensor/message_format.h"
#include "tensor/name_index.h"
#include "tensor/safetensors_header.h"

namespace espalier::tensor {
namespace {

constexpr std::size_t alignment = 64;
constexpr std::string_view metadata_key = "__metadata__";

// Every refusal names the file and the tensor.
[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view name,
                         std::string_view problem) {
  throw InvalidArgument(fmt::format("{}: tensor {} {}", path.string(), quoted(name), problem));
}

std::uint64_t byte_size(const std::filesystem::path& path, const SafetensorsEntry& entry) {
  std::optional<std::uint64_t> bits = entry.type->bits;
  for (const std::uint64_t size : entry.shape) bits = bits ? base::checked_mul(*bits, size) : bits;
  if (!bits) refuse(path, entry.name, "has more bits than 64 bits count");
  if (*bits % 8 != 0) refuse(path, entry.name, "ends inside a byte");
  return *bits / 8;
}

void check_entries(const std::filesystem::path& path, std::span<const SafetensorsEntry> entries) {
  const NameIndex index(entries, &SafetensorsEntry::name);
  if (const auto twice = index.duplicate(entries, &SafetensorsEntry::name)) {
    refuse(path, entries[twice->first].name, "is there twice");
  }
  for (const SafetensorsEntry& entry : entries) {
    if (entry.name.empty()) refuse(path, entry.name, "has no name");
    if (entry.name == metadata_key) refuse(path, entry.name, "has a name that the format reserves");
    if (entry.type == nullptr) {
      refuse(path, entry.name, "has no type that safetensors files can hold; dequantise it first");
    }
    if (entry.shape.size() > SafetensorsTensor().shape.size()) {
      refuse(path, entry.name,
             fmt::format("has {} dimensions; at most {} are allowed", entry.shape.size(),
                         SafetensorsTensor().shape.size()));
    }
  }
}

// Those of one width stay in their order.
std::vector<SafetensorsEntry> wide_types_first(std::vector<SafetensorsEntry> entries) {
  std::vector<SafetensorsEntry> sorted;
  sorted.reserve(entries.size());
  std::set<std::uint32_t, std::greater<>> widths;
  for (const SafetensorsType& type : safetensors_types()) widths.insert(type.bits);
  for (const std::uint32_t bits : widths) {
    for (SafetensorsEntry& entry : entries) {
      if (entry.type->bits == bits) sorted.push_back(std::move(entry));
    }
  }
  return sorted;
}

// The JSON text; `data_bytes` becomes what the tensors take.
std::string header_text(const std::filesystem::path& path,
                        std::span<const SafetensorsEntry> entries,
                        const SafetensorsWriter::Metadata& metadata, std::uint64_t& data_bytes) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  for (const auto& [key, value] : metadata) header[std::string(metadata_key)][key] = value;
  std::string text;
  data_bytes = 0;
  try {
    text = header.dump();
    text.pop_back();
    // Not through the document: it would look for each name among all that are there.
    for (const SafetensorsEntry& entry : entries) {
      const auto end = base::checked_add(data_bytes, byte_size(path, entry));
      if (!end) refuse(path, entry.name, "ends beyond what 64 bits count");
      const nlohmann::ordered_json value = {{"dtype", entry.type->name},
                                            {"shape", entry.shape},
                                            {"data_offsets", {data_bytes, *end}}};
      text += fmt::format("{}{}:{}", text == "{" ? "" : ",",
                          nlohmann::ordered_json(entry.name).dump(), value.dump());
      data_bytes = *end;
    }
  } catch (const nlohmann::json::type_error&) {
    throw InvalidArgument(
        fmt::format("{}: a name or a word of the metadata is not UTF-8", path.string()));
  }
  text += '}';
  text.resize(
      base::round_up(sizeof(std::uint64_t) + text.size(), alignment) - sizeof(std::uint64_t), ' ');
  return text;
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path,
                                     std::vector<SafetensorsEntry> entries,
                                     const Metadata& metadata)
    : file_(path), entries_(std::move(entries)) {
  check_entries(path, entries_);
  entries_ = wide_types_first(std::move(entries_));
  std::uint64_t data_bytes = 0;
  const std::string text = header_text(path, entries_, metadata, data_bytes);
  const std::uint64_t length = text.size();
  file_.write(std::as_bytes(std::span(&length, 1)));
  file_.write(text);
  const auto whole = base::checked_add(file_.size(), data_bytes);
  if (!whole) throw InvalidArgument(fmt::format("{}: has too many bytes", path.string()));
  whole_size_ = *whole;
}

void SafetensorsWriter::finish() {
  if (file_.size() != whole_size_) {
    throw InvalidArgument(fmt::format("{}: {} bytes were written, but its header speaks of {}",
                                      file_.path().string(), grouped(file_.size()),
                                      grouped(whole_size_)));
  }
  file_.finish();
}

}  // namespace espalier::tensor
