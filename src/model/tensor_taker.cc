#include "model/tensor_taker.h"

#include <fmt/format.h>

#include <algorithm>

#include "espalier/error.h"

namespace espalier::model {

tensor::TensorView TensorTaker::take(const std::string& name, std::size_t rows, std::size_t cols) {
  const auto found = source_.find(name);
  if (!found) throw InvalidFile(fmt::format("{}: there is no tensor '{}'", source_.name(), name));
  const tensor::TensorView& view = found->view;
  if (view.rows != rows || view.cols != cols || found->dims > 2) {
    throw InvalidFile(fmt::format("{}: tensor '{}' has shape [{}, {}]; [{}, {}] was expected",
                                  found->file, name, view.rows, view.cols, rows, cols));
  }
  taken_.insert(name);
  return view;
}

void TensorTaker::skip_a_copy_of_the_embedding() {
  const std::string name = std::string(names_.head) + ".weight";
  const auto head = source_.find(name);
  if (!head) return;
  const auto embedding = source_.find(std::string(names_.embedding) + ".weight");
  if (!embedding || embedding->view.dtype != head->view.dtype ||
      !std::ranges::equal(embedding->view.bytes, head->view.bytes)) {
    throw InvalidFile(
        fmt::format("{}: tensor '{}' differs from the embedding, but the configuration ties them",
                    head->file, name));
  }
  taken_.insert(name);
}

void TensorTaker::refuse_leftovers(const std::string& family) const {
  for (const std::string_view name : source_.tensor_names()) {
    if (taken_.contains(std::string(name)) || name.ends_with(names_.not_a_weight)) continue;
    throw InvalidFile(
        fmt::format("{}: tensor '{}' has no place in a model of the {} family; "
                    "running without it would give wrong answers",
                    source_.name(), name, family));
  }
}

}  // namespace espalier::model
