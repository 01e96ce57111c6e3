// NFC and NFKC, which utf8proc computes. Inside text only; text_rules.h is what others use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace espalier::text {

enum class NormalForm : std::uint8_t { nfc, nfkc };

// False in a build for another processor, for which there is no utf8proc here: what needs it is
// refused.
bool can_normalise() noexcept;

// Appends `text`, which is valid UTF-8, in the form asked for. Call it only where can_normalise().
void normalise(std::string_view text, NormalForm form, std::string& out);

}  // namespace espalier::text
