#include "text/bpe.h"

namespace espalier::text {

void Bpe::encode(std::string_view word, Workspace& workspace,
                 std::vector<base::TokenId>& out) const {
  workspace.clear();
  bool after_unknown = false;
  for (std::size_t at = 0; at < word.size(); ++at) {
    base::TokenId token = byte_tokens_[static_cast<std::uint8_t>(word[at])];
    const bool is_unknown = token == no_token;
    if (is_unknown) token = after_unknown && unknown_.fuse ? no_token : unknown_.token;
    after_unknown = is_unknown;
    if (token != no_token) workspace.push(token, at);
  }
  merge_symbols(workspace, [&](std::uint32_t at) { merges_.look_up(workspace, at); }, out);
}

std::bitset<256> Bpe::missing_bytes() const noexcept {
  std::bitset<256> missing;
  if (unknown_.token != no_token) return missing;
  for (std::size_t byte = 0; byte < 256; ++byte) missing[byte] = byte_tokens_[byte] == no_token;
  return missing;
}

}  // namespace espalier::text
