#include "framework/tool_grammar.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "base/json_text.h"
#include "framework/schema_access.h"

namespace espalier::framework {
namespace {

// Parts of a grammar, as JSON.
using Part = std::string;

Part literal(std::string_view text) {
  Part json;
  base::append_json_string(text, json);
  return json;
}

Part sequence(const std::vector<Part>& parts) { return fmt::format("[{}]", fmt::join(parts, ",")); }

Part either(const std::vector<Part>& parts) {
  return fmt::format(R"({{"either":[{}]}})", fmt::join(parts, ","));
}

Part held_to(const GenerationSchema& schema) {
  return fmt::format(R"({{"schema":{}}})", SchemaAccess::guide_json(schema));
}

// To the end of the answer, without the trigger.
Part free_text(const text::ToolStyle& style) {
  return fmt::format(R"({{"free":[{{"trigger":{},"then":""}}],"most":0}})", literal(style.trigger));
}

Part text_before_calls(const text::ToolStyle& style) {
  return fmt::format(R"({{"free":[],"until":{}}})", literal(style.trigger));
}

// A call behind its trigger.
Part rest_of_call(const text::ToolStyle& style, std::span<const Transcript::ToolDefinition> tools) {
  std::vector<Part> calls;
  for (const Transcript::ToolDefinition& tool : tools) {
    const std::string begin = text::call_begin(style, tool.name);
    calls.push_back(sequence({literal(std::string_view(begin).substr(style.trigger.size())),
                              held_to(tool.parameters), literal(text::call_end(style))}));
  }
  return either(calls);
}

}  // namespace

std::string tool_grammar(const text::ToolStyle& style,
                         std::span<const Transcript::ToolDefinition> tools,
                         const GenerationSchema* schema, ToolCallingMode mode) {
  const Part text = schema == nullptr ? free_text(style) : held_to(*schema);
  if (mode == ToolCallingMode::disallowed) return text;
  std::vector<Part> calls = {rest_of_call(style, tools)};
  if (style.many_calls) {
    const Part next = sequence({literal("\n"), literal(style.trigger), calls.front()});
    calls.push_back(fmt::format(R"({{"repeat":{},"most":{}}})", next, maximum_calls - 1));
  }
  const bool may_have_text = schema == nullptr && mode == ToolCallingMode::allowed;
  calls.insert(calls.begin(), may_have_text ? text_before_calls(style) : literal(style.trigger));
  if (mode == ToolCallingMode::required) return sequence(calls);
  return either({text, sequence(calls)});
}

}  // namespace espalier::framework
