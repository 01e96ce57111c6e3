#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>

#include "base/message_format.h"
#include "base/output_folder.h"
#include "engine/convert_common.h"
#include "engine/gguf_vocabulary.h"
#include "engine/model_card.h"
#include "engine/package_text.h"
#include "espalier/error.h"
#include "model/families.h"
#include "model/load_folder.h"
#include "tensor/gguf_writer.h"
#include "tensor/safetensors_folder.h"
#include "text/tokenizer.h"

namespace espalier::engine {
namespace {

constexpr const char* rope_tensor = "rope_freqs.weight";

// general.file_type: what most tensors are, for people.
std::uint32_t file_type(tensor::DType dtype) {
  switch (dtype) {
    case tensor::DType::f16:
      return 1;
    case tensor::DType::bf16:
      return 32;
    default:
      return 0;
  }
}

// Two ends have keys; what says more than a GGUF file can goes into `notes`.
void set_ends(const std::vector<base::TokenId>& ends, text::VocabularyData& vocabulary,
              std::vector<std::string>& notes) {
  for (const base::TokenId end : ends) {
    if (!vocabulary.eos) vocabulary.eos = end;
    if (end == vocabulary.eos || end == vocabulary.eot) continue;
    if (!vocabulary.eot) {
      vocabulary.eot = end;
      continue;
    }
    const auto id = static_cast<std::size_t>(end);
    const std::string spelling =
        id < vocabulary.tokens.size() ? base::quoted(vocabulary.tokens[id]) : "of no name";
    notes.push_back(fmt::format(
        "token {} ({}) ends an answer too, which no key of a GGUF file says", end, spelling));
  }
}

void add_description(const model::ModelConfig& config, const std::filesystem::path& folder,
                     tensor::DType dtype, tensor::GgufKeys& keys) {
  const ModelCard card = read_model_card(folder);
  keys.add("general.type", "model");
  keys.add("general.name", card.name.empty() ? config.name : card.name);
  if (!card.license.empty()) keys.add("general.license", card.license);
  keys.add("general.file_type", file_type(dtype));
}

std::vector<tensor::GgufEntry> entries_of(const model::WeightConversion& weights,
                                          std::size_t rope_size) {
  std::vector<tensor::GgufEntry> entries;
  for (const model::ConvertedTensor& tensor : weights.tensors()) {
    const std::size_t rows = tensor.tensor.rows, cols = tensor.tensor.cols;
    entries.push_back({tensor.name, tensor::find_ggml_type(tensor.dtype),
                       tensor.is_vector() ? std::vector{cols} : std::vector{cols, rows}});
  }
  if (rope_size != 0) {
    entries.push_back({rope_tensor, tensor::find_ggml_type(tensor::DType::f32), {rope_size}});
  }
  return entries;
}

}  // namespace

ConvertReport convert_to_gguf(const std::filesystem::path& path,
                              const std::filesystem::path& output, const ConvertOptions& options) {
  const model::ModelConfig config = model::read_folder_config(path);
  const model::Family& family = model::family_of(config);
  PackageText text = read_package_text(path, config.vocabulary);
  const text::Tokenizer checked(text.vocabulary);
  const auto folder = tensor::SafetensorsFolder::open(path);
  const auto source = model::weight_source(folder);
  const auto choose = [&](tensor::DType dtype, bool is_vector) {
    return is_vector ? tensor::DType::f32 : options.dtype.value_or(dtype);
  };
  const model::WeightConversion weights(config, *source, family.hf_layout, family.gguf_layout,
                                        choose);

  ConvertReport report = report_on(config, weights.tensors());
  set_ends(text.end_tokens, text.vocabulary, report.notes);
  tensor::GgufKeys keys;
  model::GgufConfig architecture(config, family.gguf, folder.name(), keys);
  family.config_to_gguf(config, architecture);
  add_description(config, path, main_dtype(weights.tensors()), keys);
  write_vocabulary(text.vocabulary, config.vocabulary, keys);
  if (!text.chat_template.empty()) keys.add("tokenizer.chat_template", text.chat_template);

  base::require_space(output, report.bytes);
  const std::vector<float> rope = model::rope_frequencies(config);
  tensor::GgufWriter writer(output, keys, entries_of(weights, rope.size()));
  TensorCount count(options, weights.tensors().size());
  for (const model::ConvertedTensor& tensor : weights.tensors()) {
    weights.write(tensor, [&](auto bytes) { writer.write(bytes); });
    count.done_with(tensor.name);
  }
  writer.write(std::as_bytes(std::span(rope)));
  writer.finish();
  report.files = {output.filename().string()};
  return report;
}

}  // namespace espalier::engine
