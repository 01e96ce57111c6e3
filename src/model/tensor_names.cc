#include "model/tensor_names.h"

#include <algorithm>

namespace espalier::model {
namespace {

// "blk.3.attn_q" without "blk.3."; nothing where the name is of no layer.
std::string_view inside_layer(std::string_view layer, std::string_view name) {
  const std::size_t number = layer.find("{}");
  const std::string_view before = layer.substr(0, number), behind = layer.substr(number + 2);
  if (!name.starts_with(before)) return {};
  name.remove_prefix(before.size());
  const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  name.remove_prefix(digits);
  if (digits == 0 || !name.starts_with(behind)) return {};
  return name.substr(behind.size());
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return !name.empty() && std::ranges::find(names, name) != names.end();
}

}  // namespace

std::string_view name(ModelPart part) noexcept {
  switch (part) {
    case ModelPart::embedding:
      return "embedding";
    case ModelPart::attention:
      return "attention";
    case ModelPart::ffn:
      return "ffn";
    case ModelPart::norms:
      return "norms";
    case ModelPart::head:
      return "output head";
    case ModelPart::other:
      break;
  }
  return "other";
}

ModelPart part_of(std::string_view tensor, const TensorNames& names) {
  const std::string_view stem = tensor.substr(0, tensor.rfind('.'));
  if (is_one_of(stem, {names.embedding})) return ModelPart::embedding;
  if (is_one_of(stem, {names.head})) return ModelPart::head;
  if (is_one_of(stem, {names.final_norm})) return ModelPart::norms;
  const std::string_view what = inside_layer(names.layer, stem);
  if (is_one_of(what, {names.q, names.k, names.v, names.attention_out})) {
    return ModelPart::attention;
  }
  if (is_one_of(what, {names.gate, names.up, names.down})) return ModelPart::ffn;
  if (is_one_of(what, {names.attention_norm, names.q_norm, names.k_norm, names.post_attention_norm,
                       names.ffn_norm, names.post_ffn_norm})) {
    return ModelPart::norms;
  }
  return ModelPart::other;
}

}  // namespace espalier::model
