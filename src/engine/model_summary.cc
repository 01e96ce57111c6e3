#include "engine/model_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "engine/folder_license.h"
#include "engine/package_text.h"
#include "espalier/error.h"
#include "model/families.h"
#include "model/load_folder.h"
#include "model/load_gguf.h"
#include "model/rope_scaling.h"
#include "model/tensor_names.h"
#include "tensor/gguf_reader.h"
#include "tensor/safetensors_folder.h"
#include "text/chat_format.h"
#include "text/tokenizer.h"

namespace espalier::engine {
namespace {

namespace fs = std::filesystem;

// GgufTensor and SafetensorsTensor say these things alike.
template <class Tensor>
void add(PartSummary& part, const Tensor& tensor) {
  part.types.emplace(tensor.type->name);
  ++part.tensors;
  part.parameters += tensor.rows() * tensor.cols();
  part.bytes += tensor.bytes.size();
}

template <class Tensors>
void summarise_tensors(const Tensors& tensors, const model::TensorNames& names,
                       ModelSummary& summary) {
  std::map<model::ModelPart, PartSummary> parts;
  for (const auto& tensor : tensors) {
    add(parts[model::part_of(tensor.name, names)], tensor);
    add(summary.whole, tensor);
  }
  summary.whole.part = "model";
  for (auto& [part, its] : parts) {
    its.part = model::name(part);
    summary.parts.push_back(std::move(its));
  }
}

void summarise_layers(ModelSummary& summary) {
  for (const model::RopeConfig& rope : summary.config.ropes) {
    summary.ropes.push_back({.base = rope.theta, .scaling = model::describe_scaling(rope)});
  }
  for (const model::LayerConfig& layer : summary.config.layers) {
    auto alike = std::ranges::find(summary.attention, layer.window, &AttentionSummary::window);
    if (alike == summary.attention.end()) {
      alike = summary.attention.insert(alike, {.window = layer.window});
    }
    ++alike->layers;
    if (layer.rope) ++summary.ropes[*layer.rope].layers;
  }
  std::erase_if(summary.ropes, [](const RopeSummary& rope) { return rope.layers == 0; });
}

// The tokens that ModelRuntime stops at, each once.
void summarise_text(const PackageText& read, ModelSummary& summary) {
  const text::Tokenizer tokenizer(read.vocabulary);
  const bool bytes = read.vocabulary.spelling == text::TokenSpelling::byte_level;
  summary.tokenizer = {.kind = bytes ? "byte-level BPE" : "SentencePiece BPE",
                       .pre_tokenizer = read.vocabulary.pre_tokenizer,
                       .tokens = tokenizer.vocabulary_size(),
                       .wants_bos = tokenizer.wants_bos()};
  std::vector<base::TokenId> ends;
  if (read.chat_template.empty()) {
    summary.why_no_chat_format = "there is no chat template: a base model";
  } else {
    try {
      const auto format = text::ChatFormat::from_template(read.chat_template);
      summary.chat_format = format.name();
      ends = format.stop_tokens(tokenizer);
    } catch (const InvalidFile& fault) {
      summary.why_no_chat_format = fault.what();
    }
  }
  for (const auto& id : {tokenizer.eos(), tokenizer.eot()}) {
    if (id) ends.push_back(*id);
  }
  ends.insert(ends.end(), read.end_tokens.begin(), read.end_tokens.end());
  for (const base::TokenId id : ends) {
    if (std::ranges::find(summary.end_tokens, id, &EndToken::id) != summary.end_tokens.end()) {
      continue;
    }
    // A folder may name one that its embedding has and its tokenizer lacks.
    const bool has_text = static_cast<std::size_t>(id) < tokenizer.vocabulary_size();
    summary.end_tokens.push_back({id, std::string(has_text ? tokenizer.token_bytes(id) : "")});
  }
}

ModelSummary summarise_gguf(const fs::path& path) {
  const auto file = tensor::GgufFile::open(path);
  ModelSummary summary;
  summary.format = fmt::format("GGUF version {}", file.version());
  summary.files = {{path.filename().string(), file.size()}};
  summary.config = model::read_config(file);
  summary.license = summary.config.license;
  summarise_tensors(file.tensors(), *model::family_of(summary.config).gguf_layout.names, summary);
  summarise_text(read_package_text(file, summary.config.vocabulary), summary);
  return summary;
}

ModelSummary summarise_folder(const fs::path& folder) {
  ModelSummary summary;
  summary.format = "Hugging Face folder";
  summary.config = model::read_folder_config(folder);
  summary.license = read_folder_license(folder);
  const auto weights = tensor::SafetensorsFolder::open(folder);
  for (const tensor::SafetensorsFile& file : weights.files()) {
    summary.files.push_back({fs::path(file.name()).filename().string(), file.size()});
  }
  summarise_tensors(weights.tensors(), *model::family_of(summary.config).hf_layout.names, summary);
  summarise_text(read_package_text(folder, summary.config.vocabulary), summary);
  return summary;
}

}  // namespace

double PartSummary::bits_per_weight() const noexcept {
  if (parameters == 0) return 0;
  return 8 * static_cast<double>(bytes) / static_cast<double>(parameters);
}

std::size_t ModelSummary::bytes() const noexcept {
  std::size_t sum = 0;
  for (const WeightFile& file : files) sum += file.bytes;
  return sum;
}

ModelSummary summarise(const fs::path& path) {
  ModelSummary summary = is_folder(path) ? summarise_folder(path) : summarise_gguf(path);
  summary.path = path.string();
  summarise_layers(summary);
  return summary;
}

}  // namespace espalier::engine
