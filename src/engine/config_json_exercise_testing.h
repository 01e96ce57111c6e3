// Does with any bytes what reading a folder does with its three small files: config.json,
// generation_config.json and tokenizer_config.json. The fuzzer and the corpus test run it; whatever
// the bytes were, it may throw InvalidFile and nothing else.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json_exercise_testing.h"
#include "engine/end_tokens.h"
#include "kernels/kv_page.h"
#include "model/hf_keys.h"
#include "model/kv_shape.h"
#include "model/load_folder.h"
#include "text/chat_format.h"
#include "text/tokenizer_config.h"

namespace espalier::engine::testing {

// What validate() promises of any configuration that it lets through.
inline void require_sound(const model::ModelConfig& config) {
  if (config.layers.empty() || config.layers.size() > model::max_layers) std::abort();
  if (config.heads % config.kv_heads != 0) std::abort();
  // No product of sizes wraps.
  const std::size_t page = model::kv_shape(config, kernels::KvType::f32).page_bytes();
  if (page / config.kv_slots < config.kv_width()) std::abort();
  for (const model::LayerConfig& layer : config.layers) {
    if (layer.rope && *layer.rope >= config.ropes.size()) std::abort();
  }
}

inline void exercise_config_json(std::string_view bytes) {
  constexpr std::size_t vocabulary = 100;
  base::testing::allow_invalid([&] {
    const auto document =
        base::JsonDocument::parse("input", std::string(bytes), model::config_json_limits);
    base::testing::allow_invalid([&] { require_sound(model::read_config(document)); });
    base::testing::allow_invalid([&] {
      for (const base::TokenId id : read_end_tokens(document, vocabulary)) {
        if (id < 0 || static_cast<std::size_t>(id) >= vocabulary) std::abort();
      }
    });
    base::testing::allow_invalid([&] {
      text::VocabularyData data;
      data.tokens = {"<s>", "</s>", "a"};
      text::read_tokenizer_config(document, data);
      for (const auto& id : {data.bos, data.eos, data.padding}) {
        if (id && static_cast<std::size_t>(*id) >= data.tokens.size()) std::abort();
      }
    });
    base::testing::allow_invalid(
        [&] { (void)text::ChatFormat::from_template(text::read_chat_template(document)); });
  });
}

}  // namespace espalier::engine::testing
