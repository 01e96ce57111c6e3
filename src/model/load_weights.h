// From a WeightSource to a Model: the same for every family and every kind of file.
//
// Every tensor of the source must have found its place: one that is left over would mean that the
// model computes something else than we do, so it is refused by name.
#pragma once

#include "base/thread_pool.h"
#include "model/model.h"
#include "model/tensor_names.h"
#include "model/weight_source.h"

namespace espalier::model {

// How a source spells a model of a family.
struct WeightLayout {
  const TensorNames* names = nullptr;
  // The rows of Q and K stand in llama.cpp's order, in which the two elements that RoPE rotates
  // together are neighbours; loading puts them back to half a head apart.
  bool interleaved_rope = false;
  // Norms' weights are stored less 1 (RMSNorm multiplies with 1 + w).
  bool norms_less_one = false;
};

// Reads and repacks the weights, giving the source's pages back as it goes. `config` has been
// validated. Throws InvalidFile naming the file and the tensor.
Model load_weights(ModelConfig config, const WeightSource& source, const WeightLayout& layout,
                   base::ThreadPool& pool);

}  // namespace espalier::model
