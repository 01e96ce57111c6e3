// What an answer may be in a session with tools, as a grammar (guide/grammar.h): text in which no
// call can hide, or calls, whose arguments are held to the tool's parameters.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "espalier/generation_options.h"
#include "espalier/generation_schema.h"
#include "espalier/transcript.h"
#include "text/tool_style.h"

namespace espalier::framework {

// Of one answer, where the style has more than one.
inline constexpr std::size_t maximum_calls = 16;

// `schema` is what the answer's text is held to; null: free text, which may also stand in front of
// calls. Where calls are required there is no text.
std::string tool_grammar(const text::ToolStyle& style,
                         std::span<const Transcript::ToolDefinition> tools,
                         const GenerationSchema* schema, ToolCallingMode mode);

}  // namespace espalier::framework
