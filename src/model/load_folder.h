// From a Hugging Face folder to a Model: config.json becomes a ModelConfig by its family
// (families.h), and the weights of the safetensors files are packed (load_weights.h).
//
// The rows of Q and K stand there as the forward pass wants them; a tied head's copy of the
// embedding is overlooked. What else the folder holds (tokenizer, generation settings) is engine/'s
// business.
#pragma once

#include <filesystem>
#include <memory>

#include "base/json.h"
#include "base/thread_pool.h"
#include "model/model.h"
#include "model/weight_source.h"
#include "tensor/safetensors_folder.h"

namespace espalier::model {

// What a config.json says, of any family; it has no name. Throws InvalidFile naming the file and
// the key.
ModelConfig read_config(const base::JsonDocument& config_json);

// The configuration alone, named for the folder. Throws AssetsUnavailable where there is no
// config.json, InvalidFile naming the file and the key.
ModelConfig read_folder_config(const std::filesystem::path& folder);

// The weights, under the folder's names. `folder` must outlive them.
std::unique_ptr<WeightSource> weight_source(const tensor::SafetensorsFolder& folder);

// Reads and repacks the weights, giving the source's pages back as it goes. Throws
// AssetsUnavailable where a file is missing, InvalidFile naming the file and the tensor.
Model load_folder(const std::filesystem::path& folder, base::ThreadPool& pool);

}  // namespace espalier::model
