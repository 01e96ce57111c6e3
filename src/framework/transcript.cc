#include "espalier/transcript.h"

#include <fmt/format.h>

#include <utility>

#include "framework/fresh_id.h"

namespace espalier {
namespace {

std::vector<Transcript::Segment> one_segment(std::string_view text) {
  return {Transcript::TextSegment{framework::fresh_id(), std::string(text)}};
}

std::vector<Transcript::Segment> one_segment(const GeneratedContent& content,
                                             std::string_view source) {
  return {Transcript::StructureSegment{framework::fresh_id(), std::string(source), content}};
}

std::string text_of(const std::vector<Transcript::Segment>& segments) {
  std::string lines;
  bool is_first = true;
  for (const Transcript::Segment& segment : segments) {
    if (std::holds_alternative<Transcript::ImageSegment>(segment)) continue;
    if (!std::exchange(is_first, false)) lines += '\n';
    if (const auto* structure = std::get_if<Transcript::StructureSegment>(&segment)) {
      lines += structure->content.to_json();
    } else {
      lines += std::get<Transcript::TextSegment>(segment).text;
    }
  }
  return lines;
}

std::string text_of(const std::vector<Transcript::ToolCall>& calls) {
  std::string lines;
  for (const Transcript::ToolCall& call : calls) {
    if (!lines.empty()) lines += '\n';
    lines += GeneratedContent::structure({{"name", GeneratedContent::string(call.tool_name)},
                                          {"arguments", call.arguments}})
                 .to_json();
  }
  return lines;
}

}  // namespace

Transcript::Entry Transcript::instructions(std::string_view text,
                                           std::vector<ToolDefinition> tools) {
  return Instructions{framework::fresh_id(),
                      text.empty() ? std::vector<Segment>() : one_segment(text), std::move(tools)};
}

Transcript::Entry Transcript::prompt(std::string_view text, const GenerationOptions& options) {
  return prompt(one_segment(text), options);
}

Transcript::Entry Transcript::prompt(std::string_view text, const GenerationSchema& response_format,
                                     const GenerationOptions& options) {
  return prompt(one_segment(text), response_format, options);
}

Transcript::Entry Transcript::prompt(std::vector<Segment> segments,
                                     const GenerationOptions& options) {
  return Prompt{framework::fresh_id(), std::move(segments), options, std::nullopt};
}

Transcript::Entry Transcript::prompt(std::vector<Segment> segments,
                                     const GenerationSchema& response_format,
                                     const GenerationOptions& options) {
  return Prompt{framework::fresh_id(), std::move(segments), options, response_format};
}

Transcript::Entry Transcript::tool_calls(std::vector<ToolCall> calls) {
  for (ToolCall& call : calls) {
    if (call.id.empty()) call.id = framework::fresh_id();
  }
  return ToolCalls{framework::fresh_id(), std::move(calls)};
}

Transcript::Entry Transcript::tool_output(const ToolCall& call, std::string_view text) {
  return ToolOutput{framework::fresh_id(), call.tool_name, call.id, one_segment(text)};
}

Transcript::Entry Transcript::tool_output(const ToolCall& call, const GeneratedContent& content) {
  return ToolOutput{framework::fresh_id(), call.tool_name, call.id,
                    one_segment(content, call.tool_name)};
}

Transcript::Entry Transcript::response(std::string_view text) {
  return Response{framework::fresh_id(), one_segment(text)};
}

Transcript::Entry Transcript::response(const GeneratedContent& content, std::string_view source) {
  return Response{framework::fresh_id(), one_segment(content, source)};
}

const std::string& entry_id(const Transcript::Entry& entry) {
  return *std::visit([](const auto& each) { return &each.id; }, entry);
}

std::string entry_text(const Transcript::Entry& entry) {
  return std::visit(
      [](const auto& each) {
        if constexpr (requires { each.calls; }) {
          return text_of(each.calls);
        } else {
          return text_of(each.segments);
        }
      },
      entry);
}

}  // namespace espalier
