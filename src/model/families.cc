#include "model/families.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "espalier/error.h"

namespace espalier::model {

std::span<const Family> families() {
  static constexpr Family all[] = {
      {.name = "llama", .config = llama_config, .interleaved_rope = true},
  };
  return all;
}

const Family& family_of(const tensor::GgufFile& file) {
  const std::string_view name = file.metadata().get_string("general.architecture");
  std::vector<std::string_view> known;
  for (const Family& family : families()) {
    if (family.name == name) return family;
    known.push_back(family.name);
  }
  throw InvalidFile(fmt::format("{}: the model family '{}' is not supported; supported are: {}",
                                file.name(), name, fmt::join(known, ", ")));
}

}  // namespace espalier::model
