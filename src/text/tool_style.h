// How models of a family are told of tools, write calls, and are given what the tools said.
//
//   hermes  chatml: definitions within <tools>, calls within <tool_call>, outputs within
//           <tool_response> from the role "tool"                (Hermes 2 Pro; SmolLM2 reads it
//           too)
//   qwen    the same in Qwen's own words; outputs come from the user      (Qwen 2.5 and 3, of which
//           2.5 is chatml by its format)
//   llama3  a call is {"name": …, "parameters": …} and nothing else; outputs come from "ipython"
//           as JSON                                             (Llama 3.1's prompt guide)
//   gemma, mistral  calls as in llama3, but all in the user's words: these formats have no roles
//           for tools
#pragma once

#include <string>
#include <string_view>

namespace espalier::text {

struct ToolStyle {
  std::string_view chat_format;  // whose models read this (ChatFormat::tools())
  // Behind the instructions: the definitions, a line each, between these two.
  std::string_view definitions_begin;
  std::string_view definitions_end;
  // A call is: trigger opening "NAME", "KEY": ARGUMENTS} closing. The trigger never stands in text
  // that is no call.
  std::string_view trigger;
  std::string_view opening;
  std::string_view arguments_key;
  std::string_view closing;
  bool many_calls = false;  // in one answer, a line's end between them; else one
  // An output is a message of this role; or all of one answer's calls are one message, a line's end
  // between them.
  std::string_view output_role;
  std::string_view output_begin;
  std::string_view output_end;
  bool joins_outputs = false;
  bool quotes_outputs = false;  // text as a JSON string
};

// Of a chat format by its name; each known one has a style.
const ToolStyle& tool_style(std::string_view chat_format);

// What stands in front of a call's arguments.
std::string call_begin(const ToolStyle& style, std::string_view tool);
// A whole call.
std::string call_text(const ToolStyle& style, std::string_view tool, std::string_view arguments);
// What stands behind them.
std::string call_end(const ToolStyle& style);

// An output as the model is given it, without its message.
std::string output_text(const ToolStyle& style, std::string_view output, bool is_json);

}  // namespace espalier::text
