// From a GGUF file to a Model.
//
// A family is a mapping from the file's keys to a ModelConfig (families.h); the tensors' names are
// the same for all of them. Every tensor of the file must have found its place: a tensor that is
// left over would mean that the model computes something else than we do, so it is refused by name.
#pragma once

#include "base/thread_pool.h"
#include "model/model.h"
#include "tensor/gguf_reader.h"

namespace espalier::model {

// The configuration alone, for `info`. Throws InvalidFile naming the file and the key.
ModelConfig read_config(const tensor::GgufFile& file);

// Reads and repacks the weights, giving the source's pages back as it goes. Throws InvalidFile
// naming the file and the tensor.
Model load_gguf(const tensor::GgufFile& file, base::ThreadPool& pool);

}  // namespace espalier::model
