// Where models are looked for: an explicit path, then ESPALIER_MODEL, then the user's folder, then
// the install prefix's. Reads folders and environment; never a network.
//
// A model is a GGUF file or a Hugging Face folder, one with a config.json. `espalier model path`
// tells scripts what is found here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace espalier::framework {

// What `espalier model install` puts in place, and what comes first in a folder of several.
inline constexpr const char* default_model_file = "SmolLM2-135M-Instruct.Q4_1.gguf";

enum class ModelKind : std::uint8_t { gguf_file, folder };

// "GGUF file", "folder".
const char* name(ModelKind kind) noexcept;

struct StoredModel {
  std::filesystem::path path;
  std::string name;  // the folder's, or the file's without .gguf: what find_model takes
  ModelKind kind = ModelKind::gguf_file;
  std::uintmax_t bytes = 0;  // of weights: the file, or a folder's safetensors files together
};

// $XDG_DATA_HOME/espalier/models, or ~/.local/share/espalier/models. Throws AssetsUnavailable where
// neither variable says where that is.
std::filesystem::path user_model_folder();

// The folders that are searched, in order, whether they exist or not.
std::vector<std::filesystem::path> model_folders();

// What the folders hold: folder by folder, the default model first, then by name, a file before a
// model folder of the same name.
std::vector<StoredModel> stored_models();

// The file or model folder that `wish` (a path, or the name of a stored model) means; an empty wish
// means the default: ESPALIER_MODEL, which may be either too, or the first stored model. Of a file
// and a folder of one name, NAME.gguf is the file, NAME/ the folder, and NAME what stored_models()
// lists first. Throws AssetsUnavailable saying what was looked for, where, and what to do.
std::filesystem::path find_model(const std::filesystem::path& wish = {});

}  // namespace espalier::framework
