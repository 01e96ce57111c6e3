// What a model is, told without loading its weights: for people who choose one, and for programs.
#pragma once

#include <cstddef>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/token.h"
#include "model/config.h"

namespace espalier::engine {

// A file that holds weights.
struct WeightFile {
  std::string name;  // without its folder
  std::size_t bytes = 0;
};

// All tensors of one purpose, or of the whole model.
struct PartSummary {
  std::string part;             // "attention": model::name(ModelPart)
  std::set<std::string> types;  // as the files spell them
  std::size_t tensors = 0;
  std::size_t parameters = 0;
  std::size_t bytes = 0;

  double bits_per_weight() const noexcept;
};

// Layers that see the same positions.
struct AttentionSummary {
  std::size_t window = 0;  // 0: all positions
  std::size_t layers = 0;
};

// Layers whose positions turn in the same way.
struct RopeSummary {
  float base = 0;
  std::string scaling;  // model::describe_scaling
  std::size_t layers = 0;
};

struct EndToken {
  base::TokenId id = 0;
  std::string text;  // its spelling; bytes
};

struct TokenizerSummary {
  std::string kind;  // "byte-level BPE", "SentencePiece BPE"
  std::string pre_tokenizer;
  std::size_t tokens = 0;
  bool wants_bos = false;
};

struct ModelSummary {
  std::string path;
  std::string format;             // "GGUF version 3", "Hugging Face folder"
  std::vector<WeightFile> files;  // one, or a folder's shards
  model::ModelConfig config;
  std::string license;                      // as file or folder names it; may be empty
  std::vector<AttentionSummary> attention;  // in the order of first layers
  std::vector<RopeSummary> ropes;           // as ModelConfig::ropes, those that layers use
  std::vector<PartSummary> parts;           // by ModelPart, those that there are
  PartSummary whole;
  TokenizerSummary tokenizer;
  // "chatml"; else empty, and the next says why: there is no template, or what the nearest known
  // format has and this template lacks.
  std::string chat_format;
  std::string why_no_chat_format;
  std::vector<EndToken>
      end_tokens;  // what ends an answer: the format's, the vocabulary's, settings'

  std::size_t bytes() const noexcept;  // of all files
};

// Reads and checks every file as loading does; only whether each tensor that the model needs is
// there in its shape is left to loading. Throws InvalidFile or AssetsUnavailable naming the file
// (of a folder: the file in it) and the fault.
ModelSummary summarise(const std::filesystem::path& path);

}  // namespace espalier::engine
