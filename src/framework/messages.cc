#include "framework/messages.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "espalier/error.h"
#include "framework/schema_outline.h"

namespace espalier::framework {
namespace {

std::string json_of(const Transcript::ToolDefinition& tool) {
  const auto text = [](const std::string& value) { return GeneratedContent::string(value); };
  const auto function = GeneratedContent::structure(
      {{"name", text(tool.name)},
       {"description", text(tool.description)},
       {"parameters", GeneratedContent::from_json(tool.parameters.to_json())}});
  return GeneratedContent::structure({{"type", text("function")}, {"function", function}})
      .to_json();
}

// Instructions, then tools; where the developer gave no instructions, those that the model has by
// itself.
std::string system_text(const Transcript::Instructions& instructions, std::string text,
                        const text::ChatFormat& format, const text::ToolStyle& tools) {
  if (instructions.segments.empty()) text = format.default_system_prompt();
  if (instructions.tool_definitions.empty()) return text;
  if (!text.empty()) text += "\n\n";
  text += tools.definitions_begin;
  bool is_first = true;
  for (const Transcript::ToolDefinition& tool : instructions.tool_definitions) {
    if (!std::exchange(is_first, false)) text += '\n';
    text += json_of(tool);
  }
  text += tools.definitions_end;
  return text;
}

std::string calls_text(const Transcript::ToolCalls& calls, const text::ToolStyle& tools) {
  std::string text;
  for (const Transcript::ToolCall& call : calls.calls) {
    if (!text.empty()) text += '\n';
    text += text::call_text(tools, call.tool_name, call.arguments.to_json());
  }
  return text;
}

std::string one_output(const Transcript::ToolOutput& output, const Transcript::Entry& entry,
                       const text::ToolStyle& tools) {
  const bool is_json =
      output.segments.size() == 1 &&
      std::holds_alternative<Transcript::StructureSegment>(output.segments.front());
  return text::output_text(tools, entry_text(entry), is_json);
}

Message outputs_at(const Transcript& transcript, std::size_t first, const text::ToolStyle& tools) {
  Message outputs{{std::string(tools.output_role), ""}, 0};
  for (std::size_t i = first; i < transcript.size(); ++i) {
    const auto* output = std::get_if<Transcript::ToolOutput>(&transcript[i]);
    if (output == nullptr) break;
    if (outputs.entries > 0) outputs.message.content += '\n';
    outputs.message.content += one_output(*output, transcript[i], tools);
    ++outputs.entries;
    if (!tools.joins_outputs) break;
  }
  return outputs;
}

// An answer's text, and the calls behind it.
Message response_at(const Transcript& transcript, std::size_t first, const text::ToolStyle& tools) {
  Message answer{{"assistant", entry_text(transcript[first])}};
  if (first + 1 == transcript.size()) return answer;
  const auto* calls = std::get_if<Transcript::ToolCalls>(&transcript[first + 1]);
  if (calls == nullptr) return answer;
  std::string& text = answer.message.content;
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  text += calls_text(*calls, tools);
  answer.entries = 2;
  return answer;
}

}  // namespace

std::string prompt_text(const Transcript::Entry& entry) {
  const auto& prompt = std::get<Transcript::Prompt>(entry);
  for (const Transcript::Segment& segment : prompt.segments) {
    const auto* image = std::get_if<Transcript::ImageSegment>(&segment);
    if (image == nullptr) continue;
    throw InvalidArgument(fmt::format(
        "{}: this model reads no images: describe it in the prompt's text", image->source));
  }
  std::string text = entry_text(entry);
  if (!prompt.response_format || !prompt.options.include_schema_in_prompt) return text;
  return schema_outline(*prompt.response_format) + "\n\n" + text;
}

Message message_at(const Transcript& transcript, std::size_t first, const text::ChatFormat& format,
                   const text::ToolStyle& tools) {
  const Transcript::Entry& entry = transcript[first];
  if (const auto* instructions = std::get_if<Transcript::Instructions>(&entry)) {
    return {{"system", system_text(*instructions, entry_text(entry), format, tools)}};
  }
  if (std::holds_alternative<Transcript::Prompt>(entry)) return {{"user", prompt_text(entry)}};
  if (const auto* calls = std::get_if<Transcript::ToolCalls>(&entry)) {
    return {{"assistant", calls_text(*calls, tools)}};
  }
  if (std::holds_alternative<Transcript::ToolOutput>(entry)) {
    return outputs_at(transcript, first, tools);
  }
  return response_at(transcript, first, tools);
}

std::string_view role_of(const Transcript::Entry& entry, const text::ToolStyle& tools) {
  if (std::holds_alternative<Transcript::Instructions>(entry)) return "system";
  if (std::holds_alternative<Transcript::Prompt>(entry)) return "user";
  if (std::holds_alternative<Transcript::ToolOutput>(entry)) return tools.output_role;
  return "assistant";
}

}  // namespace espalier::framework
