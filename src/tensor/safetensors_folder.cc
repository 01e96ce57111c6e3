#include "tensor/safetensors_folder.h"

#include <fmt/format.h>

#include <system_error>

#include "espalier/error.h"
#include "tensor/message_format.h"
#include "tensor/safetensors_index.h"

namespace espalier::tensor {
namespace {

constexpr std::string_view one_file = "model.safetensors";
constexpr std::string_view index_file = "model.safetensors.index.json";

// Index and files name the same tensors in the same places. `tensors` are those of all files,
// `by_name` finds among them.
void check_agreement(const std::string& index_name, const SafetensorsIndex& index,
                     std::span<const SafetensorsFile> files,
                     std::span<const SafetensorsTensor> tensors, const NameIndex& by_name) {
  if (const auto twice = by_name.duplicate(tensors, &SafetensorsTensor::name)) {
    const SafetensorsTensor& second = tensors[twice->second];
    throw InvalidFile(fmt::format("{}: tensor {} stands in {} too", files[second.shard].name(),
                                  quoted(second.name), files[tensors[twice->first].shard].name()));
  }
  for (const auto& [name, file] : index.tensors) {
    const SafetensorsTensor* tensor = by_name.find(tensors, &SafetensorsTensor::name, name);
    if (tensor == nullptr || tensor->shard != file) {
      const std::string where = tensor == nullptr
                                    ? "which has no such tensor"
                                    : "but it stands in " + files[tensor->shard].name();
      throw InvalidFile(fmt::format("{}: says that tensor {} stands in {}, {}", index_name,
                                    quoted(name), files[file].name(), where));
    }
  }
  if (index.tensors.size() == tensors.size()) return;
  const NameIndex mapped(index.tensors, [](const auto& entry) { return entry.first; });
  for (const SafetensorsTensor& tensor : tensors) {
    const auto* known = mapped.find(
        std::span(index.tensors), [](const auto& entry) { return entry.first; }, tensor.name);
    if (known == nullptr) {
      throw InvalidFile(fmt::format("{}: tensor {} is not in the index {}",
                                    files[tensor.shard].name(), quoted(tensor.name), index_name));
    }
  }
}

}  // namespace

SafetensorsFolder SafetensorsFolder::open(const std::filesystem::path& path) {
  SafetensorsFolder folder;
  folder.name_ = path.string();
  const auto add = [&](std::string_view name) {
    folder.files_.push_back(SafetensorsFile::open(path / name));
    const auto shard = static_cast<std::uint32_t>(folder.files_.size() - 1);
    for (const SafetensorsTensor& tensor : folder.files_.back().tensors()) {
      folder.tensors_.push_back(tensor);
      folder.tensors_.back().shard = shard;
    }
    if (folder.tensors_.size() > most_safetensors) {
      throw InvalidFile(fmt::format(
          "{}: the files up to this one have {} tensors; at most {} are"
          " read",
          folder.files_.back().name(), grouped(folder.tensors_.size()), grouped(most_safetensors)));
    }
  };
  std::error_code ignored;
  if (std::filesystem::exists(path / one_file, ignored)) {
    add(one_file);
    folder.by_name_ = NameIndex(folder.tensors_, &SafetensorsTensor::name);
    return folder;
  }
  const std::filesystem::path index_path = path / index_file;
  if (!std::filesystem::exists(index_path, ignored)) {
    throw AssetsUnavailable(
        fmt::format("{}: has neither {} nor {}", folder.name_, one_file, index_file));
  }
  const auto document = base::JsonDocument::open(index_path);
  const SafetensorsIndex index = read_safetensors_index(document);
  for (const std::string_view file : index.files) add(file);
  folder.by_name_ = NameIndex(folder.tensors_, &SafetensorsTensor::name);
  check_agreement(document.name(), index, folder.files_, folder.tensors_, folder.by_name_);
  return folder;
}

const SafetensorsTensor* SafetensorsFolder::find_tensor(std::string_view name) const noexcept {
  return by_name_.find(tensors(), &SafetensorsTensor::name, name);
}

const SafetensorsTensor& SafetensorsFolder::tensor(std::string_view name) const {
  const SafetensorsTensor* found = find_tensor(name);
  if (found == nullptr) {
    throw InvalidFile(fmt::format("{}: tensor {} is missing", name_, quoted(name)));
  }
  return *found;
}

}  // namespace espalier::tensor
