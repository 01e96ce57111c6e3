// The languages that a model says it knows.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace espalier::engine {

// As BCP 47 tags ("en", "pt-BR"), in the file's order: general.languages of a GGUF file, `language`
// in the head of a Hugging Face folder's README.md. Empty where nothing is said. Throws as reading
// the model does where the file cannot be read.
std::vector<std::string> read_languages(const std::filesystem::path& model);

}  // namespace espalier::engine
