// What people hand over in place of a model file, told by its first bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace espalier::tensor {

// "a web page, not the model; download the file itself": what the bytes are and what to do about
// it. Nothing where they look like none of the known mistakes. Model formats that have readers here
// are known too, except `own_magic`, the reader's own.
std::optional<std::string_view> foreign_format(std::span<const std::byte> bytes,
                                               std::string_view own_magic = {});

}  // namespace espalier::tensor
