// In place of unicode_normalisation.cc where there is no utf8proc for the processor built for.
#include "text/unicode_normalisation.h"

namespace espalier::text {

bool can_normalise() noexcept { return false; }

void normalise(std::string_view text, NormalForm, std::string& out) { out += text; }

}  // namespace espalier::text
