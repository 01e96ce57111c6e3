#include "model/families.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/message_format.h"
#include "espalier/error.h"

namespace espalier::model {

namespace {

// A spelling that two families share stands for the first.
const Family* find(std::string_view Family::* spelling, std::string_view name) {
  for (const Family& family : families()) {
    if (family.*spelling == name) return &family;
  }
  return nullptr;
}

std::string refusal(std::string_view Family::* spelling, std::string_view name) {
  std::vector<std::string_view> known;
  for (const Family& family : families()) {
    if (std::ranges::find(known, family.*spelling) == known.end()) {
      known.push_back(family.*spelling);
    }
  }
  return fmt::format("the model family {} is not supported; supported are: {}", base::quoted(name),
                     fmt::join(known, ", "));
}

}  // namespace

std::span<const Family> families() {
  static const std::array all = {llama_family(), mistral_family(), qwen2_family(), qwen3_family(),
                                 gemma3_family()};
  return all;
}

const Family& family_of(const tensor::GgufFile& file) {
  const std::string_view name = file.metadata().get_string("general.architecture");
  if (const Family* family = find(&Family::gguf, name)) return *family;
  throw InvalidFile(fmt::format("{}: {}", file.name(), refusal(&Family::gguf, name)));
}

const Family& family_of(const HfKeys& keys) {
  const base::JsonValue type = keys.json().get("model_type");
  const std::string_view name = type.as_string();
  if (const Family* family = find(&Family::hf, name)) return *family;
  if (name == "gemma3") {
    type.fail(
        "gemma 3 with images (Gemma3ForConditionalGeneration) is not supported; its text model "
        "alone is (model_type 'gemma3_text'), and so are GGUF files of it");
  }
  type.fail(refusal(&Family::hf, name));
}

const Family& family_of(const ModelConfig& config) {
  if (const Family* family = find(&Family::name, config.family)) return *family;
  throw InvalidFile(fmt::format("{}: {}", config.name, refusal(&Family::name, config.family)));
}

}  // namespace espalier::model
