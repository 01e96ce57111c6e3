// From a GGUF file to a Model: its family (families.h) maps keys to a ModelConfig, load_weights.h
// does the rest.
#pragma once

#include <memory>

#include "base/thread_pool.h"
#include "model/model.h"
#include "model/weight_source.h"
#include "tensor/gguf_reader.h"

namespace espalier::model {

// The configuration alone, for `info`. Throws InvalidFile naming the file and the key.
ModelConfig read_config(const tensor::GgufFile& file);

// The weights, under the file's names. `file` must outlive them.
std::unique_ptr<WeightSource> weight_source(const tensor::GgufFile& file);

// Reads and repacks the weights, giving the source's pages back as it goes. Throws InvalidFile
// naming the file and the tensor.
Model load_gguf(const tensor::GgufFile& file, base::ThreadPool& pool);

}  // namespace espalier::model
