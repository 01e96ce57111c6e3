#include "tensor/message_format.h"

#include <fmt/format.h>

namespace espalier::tensor {

std::string grouped(std::uint64_t number) {
  std::string text = fmt::format("{}", number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string quoted(std::string_view name, std::size_t longest) {
  std::string text = "'";
  for (const char c : name.substr(0, longest)) {
    if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text + (name.size() > longest ? "…'" : "'");
}

}  // namespace espalier::tensor
