// Which known chat format a model's Jinja template writes, found by reading, not by running it.
#pragma once

#include <span>
#include <string_view>

#include "text/chat_format.h"

namespace espalier::text {

// The formats by their names, as they are without a template.
std::span<const ChatStyle> known_chat_styles();

// Throws InvalidFile where the template is of no known format. The message names the nearest one,
// and what that has and the template lacks, or the other way round.
ChatStyle recognise_chat_template(std::string_view jinja);

}  // namespace espalier::text
