// config.json of a Hugging Face folder, as transformers 4 and 5 write it.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/config.h"

namespace espalier::model {

// What config.json and the small files beside it may cost: a hostile one its own size and 64 MB at
// most, until it is refused. Published ones have some kilobytes.
inline constexpr base::JsonLimits config_json_limits{.bytes = std::size_t{16} << 20,
                                                     .values = std::size_t{1} << 20};

// What transformers takes for a key that is not there, where families differ.
struct HfDefaults {
  std::string_view activation_key = "hidden_act";
  std::string_view activation = "silu";  // the only one that is supported
  std::size_t head_size = 0;             // 0: width / heads
  bool tied_embeddings = false;
};

class HfKeys {
 public:
  // The document must outlive this.
  explicit HfKeys(const base::JsonDocument& file) : file_(file.name()), json_(file.root()) {}

  const base::JsonValue& json() const noexcept { return json_; }

  // What all families spell alike. Every layer is `layer`, with a KV slot of its own; there is one
  // RopeConfig, and attention_scale is 1/√K.
  //
  // Throws InvalidFile where a key that changes what the model computes is set to something that no
  // ModelConfig can say.
  ModelConfig config(const LayerConfig& layer, const HfDefaults& defaults) const;

  // Where the scaling of rotary positions is spelled out: "rope_parameters" since transformers 5,
  // "rope_scaling" before.
  std::optional<base::JsonValue> rope_parameters() const;
  // `theta` counts where `parameters` name none. Scalings default, linear and llama3; others are
  // refused by name.
  RopeConfig rope(const std::optional<base::JsonValue>& parameters, std::size_t head_size,
                  float theta) const;

  // Gives "sliding_window" to the layers that "layer_types" calls sliding; where that is missing,
  // to those for which `by_default` says so.
  void set_windows(ModelConfig& config, const std::function<bool(std::size_t)>& by_default) const;

  // Numbers of which there must be some; find_ gives nothing where the key is absent or null.
  // validate() knows the upper bounds. Throw InvalidFile naming the key.
  std::size_t count(std::string_view key) const;
  std::optional<std::size_t> find_count(std::string_view key) const;
  std::optional<float> find_positive(std::string_view key) const;

  // Throws InvalidFile where the key is set: not absent, null, false or 0.
  void refuse(std::string_view key) const;

 private:
  std::vector<bool> sliding_layers(std::size_t layers,
                                   const std::function<bool(std::size_t)>& by_default) const;

  std::string file_;
  base::JsonValue json_;
};

}  // namespace espalier::model
