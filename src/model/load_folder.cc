#include "model/load_folder.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/families.h"
#include "model/load_weights.h"
#include "tensor/safetensors_folder.h"

namespace espalier::model {
namespace {

class FolderSource final : public WeightSource {
 public:
  explicit FolderSource(const tensor::SafetensorsFolder& folder) : folder_(folder) {}

  const std::string& name() const noexcept override { return folder_.name(); }

  std::optional<SourceTensor> find(std::string_view name) const override {
    const tensor::SafetensorsTensor* tensor = folder_.find_tensor(name);
    if (tensor == nullptr) return std::nullopt;
    return SourceTensor{folder_.files()[tensor->shard].name(), tensor->dims,
                        folder_.weights(*tensor)};
  }

  std::vector<std::string_view> tensor_names() const override {
    std::vector<std::string_view> names;
    for (const auto& tensor : folder_.tensors()) names.push_back(tensor.name);
    return names;
  }

  void release(std::string_view name) const noexcept override {
    if (const auto* tensor = folder_.find_tensor(name)) folder_.release(*tensor);
  }

 private:
  const tensor::SafetensorsFolder& folder_;
};

base::JsonDocument open_config(const std::filesystem::path& folder) {
  return base::JsonDocument::open(folder / "config.json", config_json_limits);
}

ModelConfig config_of(const base::JsonDocument& file, const std::filesystem::path& folder) {
  ModelConfig config = read_config(file);
  // A path that ends in a slash has no filename.
  const auto path = std::filesystem::absolute(folder / "config.json").lexically_normal();
  config.name = path.parent_path().filename().string();
  return config;
}

}  // namespace

ModelConfig read_config(const base::JsonDocument& config_json) {
  const HfKeys keys(config_json);
  const Family& family = family_of(keys);
  ModelConfig config = family.config_from_hf(keys);
  config.family = family.name;
  validate(config, config_json.name());
  return config;
}

ModelConfig read_folder_config(const std::filesystem::path& folder) {
  return config_of(open_config(folder), folder);
}

std::unique_ptr<WeightSource> weight_source(const tensor::SafetensorsFolder& folder) {
  return std::make_unique<FolderSource>(folder);
}

Model load_folder(const std::filesystem::path& folder, base::ThreadPool& pool) {
  const base::JsonDocument file = open_config(folder);
  ModelConfig config = config_of(file, folder);
  const auto weights = tensor::SafetensorsFolder::open(folder);
  return load_weights(std::move(config), FolderSource(weights), family_of(HfKeys(file)).hf_layout,
                      pool);
}

}  // namespace espalier::model
