#include "engine/model_languages.h"

#include "engine/model_card.h"
#include "tensor/gguf_reader.h"

namespace espalier::engine {

std::vector<std::string> read_languages(const std::filesystem::path& model) {
  if (std::filesystem::is_directory(model)) return read_model_card(model).languages;
  const auto file = tensor::GgufFile::open(model);
  const auto said = file.metadata().find_strings("general.languages");
  if (!said) return {};
  return {said->begin(), said->end()};
}

}  // namespace espalier::engine
