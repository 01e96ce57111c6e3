#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/output_file.h"
#include "base/output_folder.h"
#include "engine/convert_common.h"
#include "engine/end_tokens.h"
#include "engine/model_card.h"
#include "engine/package_text.h"
#include "espalier/error.h"
#include "model/families.h"
#include "model/hf_config.h"
#include "model/load_gguf.h"
#include "tensor/safetensors_shards.h"
#include "text/tokenizer.h"
#include "text/tokenizer_config.h"
#include "text/tokenizer_json_writer.h"

namespace espalier::engine {
namespace {

using Json = nlohmann::ordered_json;
using Files = std::vector<std::pair<std::string, std::string>>;  // names and texts

// As torch calls them.
const char* torch_name(tensor::DType dtype) {
  switch (dtype) {
    case tensor::DType::f16:
      return "float16";
    case tensor::DType::bf16:
      return "bfloat16";
    default:
      return "float32";
  }
}

Json config_json(const model::ModelConfig& config, const model::Family& family,
                 const text::VocabularyData& vocabulary, tensor::DType dtype,
                 const std::string& origin) {
  Json json = family.config_to_hf(config);
  model::require_readable(json, config, origin);
  json["torch_dtype"] = torch_name(dtype);
  add_token_ids(vocabulary, json);
  return json;
}

Json generation_json(const text::VocabularyData& vocabulary) {
  Json json = Json::object();
  add_token_ids(vocabulary, json);
  return json;
}

// All of the folder but its weights.
Files small_files(const tensor::GgufFile& file, const model::ModelConfig& config,
                  tensor::DType dtype) {
  const PackageText text = read_package_text(file, config.vocabulary);
  const text::VocabularyData& vocabulary = text.vocabulary;
  const text::Tokenizer checked(vocabulary);
  const model::Family& family = model::family_of(file);
  const std::string origin = std::filesystem::path(file.name()).filename().string();
  return {
      {"config.json", config_json(config, family, vocabulary, dtype, file.name()).dump(2) + "\n"},
      {"generation_config.json", generation_json(vocabulary).dump(2) + "\n"},
      {"tokenizer.json", text::write_tokenizer_json(vocabulary)},
      {"tokenizer_config.json",
       text::write_tokenizer_config(vocabulary, text.chat_template, config.context)},
      {"README.md", write_model_card({config.name, config.license}, origin)}};
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  base::OutputFile file(path);
  file.write(text);
  file.finish();
}

class WeightsWriter {
 public:
  WeightsWriter(const model::WeightConversion& weights, const ConvertOptions& options)
      : weights_(weights), count_(options, weights.tensors().size()) {
    std::vector<tensor::SafetensorsEntry> entries;
    for (const model::ConvertedTensor& tensor : weights.tensors()) {
      const model::ModelTensor& its = tensor.tensor;
      const std::vector<std::size_t> shape =
          tensor.is_vector() ? std::vector{its.cols} : std::vector{its.rows, its.cols};
      entries.push_back({tensor.name, tensor::find_safetensors_type(tensor.dtype), shape});
      by_name_[tensor.name] = &tensor;
    }
    shards_ = tensor::plan_shards(std::move(entries), options.shard_bytes);
  }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const tensor::SafetensorsShard& shard : shards_) names.push_back(shard.file);
    if (shards_.size() > 1) names.emplace_back(tensor::safetensors_index_file);
    return names;
  }

  void write_to(const std::filesystem::path& folder) {
    for (const tensor::SafetensorsShard& shard : shards_) {
      // transformers asks for the format.
      tensor::SafetensorsWriter writer(folder / shard.file, shard.entries, {{"format", "pt"}});
      for (const tensor::SafetensorsEntry& entry : writer.entries()) {
        weights_.write(*by_name_.at(entry.name), [&](auto bytes) { writer.write(bytes); });
        count_.done_with(entry.name);
      }
      writer.finish();
    }
    if (shards_.size() > 1) {
      write_text(folder / tensor::safetensors_index_file, tensor::index_text(shards_));
    }
  }

 private:
  const model::WeightConversion& weights_;
  TensorCount count_;
  std::map<std::string, const model::ConvertedTensor*> by_name_;
  std::vector<tensor::SafetensorsShard> shards_;
};

}  // namespace

ConvertReport convert_to_folder(const std::filesystem::path& path,
                                const std::filesystem::path& output,
                                const ConvertOptions& options) {
  const auto file = tensor::GgufFile::open(path);
  const model::ModelConfig config = model::read_config(file);
  const model::Family& family = model::family_of(file);
  const auto source = model::weight_source(file);
  const auto choose = [&](tensor::DType dtype, bool) {
    if (options.dtype) return *options.dtype;
    return tensor::is_quantised(dtype) ? tensor::DType::f16 : dtype;
  };
  const model::WeightConversion weights(config, *source, family.gguf_layout, family.hf_layout,
                                        choose);
  const Files files = small_files(file, config, main_dtype(weights.tensors()));
  WeightsWriter writer(weights, options);

  ConvertReport report = report_on(config, weights.tensors());
  base::require_space(output, report.bytes);
  base::OutputFolder folder(output);
  for (const auto& [name, text] : files) {
    write_text(folder.place() / name, text);
    report.files.push_back(name);
  }
  writer.write_to(folder.place());
  folder.finish();
  for (std::string& name : writer.files()) report.files.push_back(std::move(name));
  return report;
}

}  // namespace espalier::engine
