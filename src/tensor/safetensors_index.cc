#include "tensor/safetensors_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tensor/message_format.h"
#include "tensor/safetensors_header.h"

namespace espalier::tensor {
namespace {

using base::JsonMember;
using base::JsonValue;

constexpr std::size_t most_files = 4096;

void check_file_name(JsonValue value) {
  const std::string_view name = value.as_string();
  const bool plain = std::ranges::none_of(name, [](char c) {
    return c == '/' || c == '\\' || static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  });
  constexpr std::string_view ending = ".safetensors";
  if (!plain || !name.ends_with(ending) || name.size() == ending.size()) {
    value.fail(fmt::format("the name of a file in this folder that ends in {} is expected, not {}",
                           ending, quoted(name)));
  }
}

}  // namespace

SafetensorsIndex read_safetensors_index(const base::JsonDocument& document) {
  SafetensorsIndex index;
  std::map<std::string_view, std::uint32_t> numbers;
  const JsonValue map = document.root().get("weight_map");
  if (map.members(); map.size() > most_safetensors) {
    map.fail(fmt::format("there are {} tensors; at most {} are read", grouped(map.size()),
                         grouped(most_safetensors)));
  }
  for (const JsonMember& member : map.members()) {
    check_file_name(member.value);
    const std::string_view file = member.value.as_string();
    const auto [found, is_new] =
        numbers.try_emplace(file, static_cast<std::uint32_t>(index.files.size()));
    if (is_new) index.files.push_back(file);
    if (index.files.size() > most_files) {
      member.value.fail(fmt::format("there are more than {} files", grouped(most_files)));
    }
    index.tensors.emplace_back(member.key, found->second);
  }
  if (index.tensors.empty()) map.fail("the map names no tensor");
  return index;
}

}  // namespace espalier::tensor
