#include "base/message_format.h"

#include <fmt/format.h>

namespace espalier::base {

std::string grouped(std::uint64_t number) {
  std::string text = fmt::format("{}", number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string printable(std::string_view text, std::size_t longest) {
  std::string clean;
  for (const char c : text.substr(0, longest)) {
    if (c >= ' ' && c <= '~') {
      clean += c;
    } else {
      clean += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (text.size() > longest) clean += "…";
  return clean;
}

std::string quoted(std::string_view name, std::size_t longest) {
  return "'" + printable(name, longest) + "'";
}

}  // namespace espalier::base
