#include "tensor/safetensors_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "espalier/error.h"
#include "tensor/message_format.h"

namespace espalier::tensor {
namespace {

std::string readable_types() {
  std::string names;
  for (const SafetensorsType& type : safetensors_types()) {
    if (type.dtype) names += fmt::format("{}{}", names.empty() ? "" : " or ", type.name);
  }
  return names;
}

}  // namespace

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  base::MappedFile mapping(path);
  SafetensorsFile file = parse(path.string(), mapping.bytes());
  // The bytes stay where they are when the mapping moves.
  file.mapping_ = std::move(mapping);
  return file;
}

SafetensorsFile SafetensorsFile::parse(std::string name, std::span<const std::byte> bytes) {
  SafetensorsFile file;
  file.name_ = std::move(name);
  file.size_ = bytes.size();
  file.header_ = read_safetensors_header(file.name_, bytes);
  file.by_name_ = NameIndex(file.header_.tensors, &SafetensorsTensor::name);
  return file;
}

std::optional<std::string_view> SafetensorsFile::find_metadata(
    std::string_view key) const noexcept {
  const auto found =
      std::ranges::find(header_.metadata, key, [](const auto& word) { return word.first; });
  return found == header_.metadata.end() ? std::nullopt : std::optional(found->second);
}

const SafetensorsTensor* SafetensorsFile::find_tensor(std::string_view name) const noexcept {
  return by_name_.find(tensors(), &SafetensorsTensor::name, name);
}

const SafetensorsTensor& SafetensorsFile::tensor(std::string_view name) const {
  const SafetensorsTensor* found = find_tensor(name);
  if (found == nullptr) {
    throw InvalidFile(fmt::format("{}: tensor {} is missing", name_, quoted(name)));
  }
  return *found;
}

TensorView SafetensorsFile::weights(const SafetensorsTensor& tensor) const {
  if (!tensor.type->dtype) {
    throw InvalidFile(
        fmt::format("{}: tensor {} is of type {}, which is not supported; get the model as {}",
                    name_, quoted(tensor.name), tensor.type->name, readable_types()));
  }
  if (tensor.bytes.empty()) {
    throw InvalidFile(fmt::format("{}: tensor {} has the shape {}: no elements", name_,
                                  quoted(tensor.name), shape_text(tensor.sizes())));
  }
  return {*tensor.type->dtype, tensor.rows(), tensor.cols(), tensor.bytes};
}

void SafetensorsFile::release(const SafetensorsTensor& tensor) const noexcept {
  if (mapping_) mapping_->release(tensor.bytes);
}

}  // namespace espalier::tensor
