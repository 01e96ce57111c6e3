#include "espalier/transcript.h"

#include <fmt/format.h>

#include <cstdint>
#include <random>

namespace espalier {
namespace {

// A random UUID (RFC 9562, version 4).
std::string new_id() {
  std::random_device random;
  const auto word = [&random] { return std::uint64_t{random()} << 32 | random(); };
  const std::uint64_t high = (word() & ~std::uint64_t{0xf000}) | 0x4000;
  const std::uint64_t low = (word() & ~(std::uint64_t{3} << 62)) | std::uint64_t{2} << 62;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffffffffffff);
}

std::vector<Transcript::Segment> one_segment(std::string_view text) {
  return {Transcript::TextSegment{new_id(), std::string(text)}};
}

std::vector<Transcript::Segment> one_segment(const GeneratedContent& content,
                                             std::string_view source) {
  return {Transcript::StructureSegment{new_id(), std::string(source), content}};
}

std::string text_of(const std::vector<Transcript::Segment>& segments) {
  std::string joined;
  for (const Transcript::Segment& segment : segments) {
    if (const auto* structure = std::get_if<Transcript::StructureSegment>(&segment)) {
      joined += structure->content.to_json();
    } else if (const auto* plain = std::get_if<Transcript::TextSegment>(&segment)) {
      joined += plain->text;
    }
  }
  return joined;
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
  return Instructions{new_id(), text.empty() ? std::vector<Segment>() : one_segment(text),
                      std::move(tools)};
}

Transcript::Entry Transcript::prompt(std::string_view text, const GenerationOptions& options) {
  return Prompt{new_id(), one_segment(text), options, std::nullopt};
}

Transcript::Entry Transcript::prompt(std::string_view text, const GenerationSchema& response_format,
                                     const GenerationOptions& options) {
  return Prompt{new_id(), one_segment(text), options, response_format};
}

Transcript::Entry Transcript::tool_calls(std::vector<ToolCall> calls) {
  for (ToolCall& call : calls) {
    if (call.id.empty()) call.id = new_id();
  }
  return ToolCalls{new_id(), std::move(calls)};
}

Transcript::Entry Transcript::tool_output(const ToolCall& call, std::string_view text) {
  return ToolOutput{new_id(), call.tool_name, call.id, one_segment(text)};
}

Transcript::Entry Transcript::tool_output(const ToolCall& call, const GeneratedContent& content) {
  return ToolOutput{new_id(), call.tool_name, call.id, one_segment(content, call.tool_name)};
}

Transcript::Entry Transcript::response(std::string_view text) {
  return Response{new_id(), one_segment(text)};
}

Transcript::Entry Transcript::response(const GeneratedContent& content, std::string_view source) {
  return Response{new_id(), one_segment(content, source)};
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
