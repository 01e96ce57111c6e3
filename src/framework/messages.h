// A transcript as the messages of a chat format.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "espalier/transcript.h"
#include "text/chat_format.h"
#include "text/tool_style.h"

namespace espalier::framework {

struct Message {
  text::ChatMessage message;
  std::size_t entries = 1;  // that it has of the transcript
};

// The message that begins with entry `first`. Instructions tell of tools; calls go with the text in
// front of them; outputs of one answer's calls are one message where the style has it so.
Message message_at(const Transcript& transcript, std::size_t first, const text::ChatFormat& format,
                   const text::ToolStyle& tools);

// What the model reads of a prompt: what the answer is held to, and the prompt. Throws
// InvalidArgument where it has an image.
std::string prompt_text(const Transcript::Entry& prompt);

// Who says it.
std::string_view role_of(const Transcript::Entry& entry, const text::ToolStyle& tools);

}  // namespace espalier::framework
