#include "text/tool_style.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_text.h"
#include "espalier/error.h"

namespace espalier::text {
namespace {

constexpr ToolStyle hermes = {
    .chat_format = "chatml",
    .definitions_begin =
        "You are a function calling AI model. You are provided with function signatures within "
        "<tools></tools> XML tags. You may call one or more functions to assist with the user "
        "query. Don't make assumptions about what values to plug into functions. Here are the "
        "available tools:\n<tools>\n",
    .definitions_end =
        "\n</tools>\nFor each function call return a json object with function name and arguments "
        "within <tool_call></tool_call> XML tags as follows:\n<tool_call>\n"
        "{\"name\": <function-name>, \"arguments\": <args-dict>}\n</tool_call>",
    .trigger = "<tool_call>",
    .opening = "\n{\"name\": ",
    .arguments_key = "arguments",
    .closing = "\n</tool_call>",
    .many_calls = true,
    .output_role = "tool",
    .output_begin = "<tool_response>\n",
    .output_end = "\n</tool_response>",
    .joins_outputs = true,
};

constexpr ToolStyle qwen = [] {
  ToolStyle style = hermes;
  style.chat_format = "qwen";
  style.definitions_begin =
      "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are "
      "provided with function signatures within <tools></tools> XML tags:\n<tools>\n";
  style.definitions_end =
      "\n</tools>\n\nFor each function call, return a json object with function name and arguments "
      "within <tool_call></tool_call> XML tags:\n<tool_call>\n"
      "{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>";
  style.output_role = "user";
  return style;
}();

constexpr ToolStyle llama3 = {
    .chat_format = "llama3",
    .definitions_begin =
        "You have access to the following functions. To call a function, please respond with JSON "
        "for a function call. Respond in the format {\"name\": function name, \"parameters\": "
        "dictionary of argument name and its value}. Do not use variables.\n\n",
    .definitions_end = "",
    .trigger = "{\"name\": ",
    .opening = "",
    .arguments_key = "parameters",
    .closing = "",
    .output_role = "ipython",
    .output_begin = "",
    .output_end = "",
    .quotes_outputs = true,
};

constexpr ToolStyle in_the_users_words(std::string_view chat_format) {
  ToolStyle style = llama3;
  style.chat_format = chat_format;
  style.definitions_begin =
      "You have access to functions. If you decide to invoke one of them, you MUST put it in the "
      "format of {\"name\": function name, \"parameters\": dictionary of argument name and its "
      "value}. You SHOULD NOT include any other text in the response if you call a function.\n\n";
  style.output_role = "user";
  style.output_begin = "The function returned:\n";
  style.quotes_outputs = false;
  return style;
}

constexpr ToolStyle styles[] = {hermes, qwen, llama3, in_the_users_words("gemma"),
                                in_the_users_words("mistral")};

std::string json_string(std::string_view text) {
  std::string json;
  base::append_json_string(text, json);
  return json;
}

}  // namespace

const ToolStyle& tool_style(std::string_view chat_format) {
  const auto* const found = std::ranges::find(styles, chat_format, &ToolStyle::chat_format);
  if (found != std::end(styles)) return *found;
  throw InvalidArgument(fmt::format("chat format '{}' has no way to write of tools", chat_format));
}

std::string call_begin(const ToolStyle& style, std::string_view tool) {
  return fmt::format("{}{}{}, \"{}\": ", style.trigger, style.opening, json_string(tool),
                     style.arguments_key);
}

std::string call_end(const ToolStyle& style) { return fmt::format("}}{}", style.closing); }

std::string call_text(const ToolStyle& style, std::string_view tool, std::string_view arguments) {
  return fmt::format("{}{}{}", call_begin(style, tool), arguments, call_end(style));
}

std::string output_text(const ToolStyle& style, std::string_view output, bool is_json) {
  const bool quotes = style.quotes_outputs && !is_json;
  return fmt::format("{}{}{}", style.output_begin, quotes ? json_string(output) : output,
                     style.output_end);
}

}  // namespace espalier::text
