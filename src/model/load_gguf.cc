#include "model/load_gguf.h"

#include <string>
#include <string_view>
#include <vector>

#include "model/families.h"
#include "model/load_weights.h"

namespace espalier::model {
namespace {

class GgufSource final : public WeightSource {
 public:
  explicit GgufSource(const tensor::GgufFile& file) : file_(file) {}

  const std::string& name() const noexcept override { return file_.name(); }

  std::optional<SourceTensor> find(std::string_view name) const override {
    const tensor::GgufTensor* tensor = file_.find_tensor(name);
    if (tensor == nullptr) return std::nullopt;
    return SourceTensor{file_.name(), tensor->dims, file_.weights(*tensor)};
  }

  std::vector<std::string_view> tensor_names() const override {
    std::vector<std::string_view> names;
    for (const tensor::GgufTensor& tensor : file_.tensors()) names.push_back(tensor.name);
    return names;
  }

  void release(std::string_view name) const noexcept override {
    if (const auto* tensor = file_.find_tensor(name)) file_.release(*tensor);
  }

 private:
  const tensor::GgufFile& file_;
};

}  // namespace

ModelConfig read_config(const tensor::GgufFile& file) {
  ModelConfig config = family_of(file).config_from_gguf(file);
  validate(config, file.name());
  return config;
}

std::unique_ptr<WeightSource> weight_source(const tensor::GgufFile& file) {
  return std::make_unique<GgufSource>(file);
}

Model load_gguf(const tensor::GgufFile& file, base::ThreadPool& pool) {
  return load_weights(read_config(file), GgufSource(file), family_of(file).gguf_layout, pool);
}

}  // namespace espalier::model
