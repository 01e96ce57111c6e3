// Transcripts as JSON, both ways (docs/transcripts.md has the dialect).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/message_format.h"
#include "espalier/error.h"
#include "espalier/transcript.h"
#include "framework/content_cuts.h"
#include "framework/content_json.h"
#include "framework/content_nodes.h"
#include "text/utf8.h"

namespace espalier {
namespace {

using base::JsonValue;
using Content = GeneratedContent;
using Members = std::vector<Content::Property>;

constexpr int dialect_version = 1;
// What stands around content: the document, its entries, an entry's contents, a structure.
constexpr std::size_t depth_around_content = 8;

// Writing.

Content text(std::string_view value) { return Content::string(std::string(value)); }

Content object(Members members) { return Content::structure(std::move(members)); }

template <class Items, class Write>
Content list(const Items& items, Write write) {
  std::vector<Content> elements;
  for (const auto& item : items) elements.push_back(write(item));
  return Content::array(std::move(elements));
}

// What its JSON alone does not say of content that was cut.
void add_cuts(const Content& content, Members& members) {
  if (content.is_complete()) return;
  members.push_back({"incomplete", list(framework::cuts(content), text)});
}

Content json_of(const GenerationSchema& schema) { return Content::from_json(schema.to_json()); }

Content json_of(const Transcript::Segment& segment) {
  if (const auto* plain = std::get_if<Transcript::TextSegment>(&segment)) {
    return object({{"type", text("text")}, {"id", text(plain->id)}, {"text", text(plain->text)}});
  }
  if (const auto* image = std::get_if<Transcript::ImageSegment>(&segment)) {
    Members members = {{"source", text(image->source)}};
    if (!image->label.empty()) members.push_back({"label", text(image->label)});
    return object(
        {{"type", text("image")}, {"id", text(image->id)}, {"image", object(std::move(members))}});
  }
  const auto& structure = std::get<Transcript::StructureSegment>(segment);
  Members members = {{"source", text(structure.source)}, {"content", structure.content}};
  add_cuts(structure.content, members);
  return object({{"type", text("structure")},
                 {"id", text(structure.id)},
                 {"structure", object(std::move(members))}});
}

Content json_of(const std::vector<Transcript::Segment>& segments) {
  return list(segments, [](const Transcript::Segment& segment) { return json_of(segment); });
}

Content json_of(const SamplingMode& sampling) {
  Members members = {{"mode", text("random")}};
  switch (sampling.kind()) {
    case SamplingMode::Kind::greedy:
      return object({{"mode", text("greedy")}});
    case SamplingMode::Kind::random_top_k:
      members.push_back({"top_k", Content::number(sampling.top_k())});
      break;
    case SamplingMode::Kind::random_probability_threshold:
      members.push_back({"top_p", Content::number(sampling.probability_threshold())});
      break;
  }
  if (sampling.seed()) members.push_back({"seed", Content::number(*sampling.seed())});
  return object(std::move(members));
}

constexpr std::pair<ToolCallingMode, std::string_view> calling_modes[] = {
    {ToolCallingMode::allowed, "allowed"},
    {ToolCallingMode::required, "required"},
    {ToolCallingMode::disallowed, "disallowed"}};

Content json_of(ToolCallingMode mode) {
  const auto* const found =
      std::ranges::find(calling_modes, mode, [](const auto& each) { return each.first; });
  return text(std::string(found->second));
}

Content json_of(const GenerationOptions& options) {
  Members members;
  if (options.sampling) members.push_back({"sampling", json_of(*options.sampling)});
  if (options.temperature) {
    members.push_back({"temperature", Content::number(*options.temperature)});
  }
  if (options.maximum_response_tokens) {
    members.push_back(
        {"maximum_response_tokens", Content::number(*options.maximum_response_tokens)});
  }
  if (!options.include_schema_in_prompt) {
    members.push_back({"include_schema_in_prompt", Content::boolean(false)});
  }
  if (options.tool_calling_mode != ToolCallingMode::allowed) {
    members.push_back({"tool_calling_mode", json_of(options.tool_calling_mode)});
  }
  return object(std::move(members));
}

Content json_of(const Transcript::ToolDefinition& tool) {
  return object({{"type", text("function")},
                 {"function", object({{"name", text(tool.name)},
                                      {"description", text(tool.description)},
                                      {"parameters", json_of(tool.parameters)}})}});
}

Content json_of(const Transcript::ToolCall& call) {
  Members members = {{"id", text(call.id)},
                     {"name", text(call.tool_name)},
                     {"arguments", text(call.arguments.to_json())}};
  add_cuts(call.arguments, members);
  return object(std::move(members));
}

template <class Items>
Content list_of(const Items& items) {
  return list(items, [](const auto& item) { return json_of(item); });
}

Members entry(const std::string& id, const char* role) {
  return {{"id", text(id)}, {"role", text(role)}};
}

void add_tokens(const std::vector<std::int32_t>& tokens, Members& members) {
  if (tokens.empty()) return;
  members.push_back(
      {"tokenIDs", list(tokens, [](std::int32_t id) { return Content::number(id); })});
}

struct EntryWriter {
  Members operator()(const Transcript::Instructions& instructions) const {
    Members members = entry(instructions.id, "instructions");
    members.push_back({"contents", json_of(instructions.segments)});
    if (!instructions.tool_definitions.empty()) {
      members.push_back({"tools", list_of(instructions.tool_definitions)});
    }
    return members;
  }
  Members operator()(const Transcript::Prompt& prompt) const {
    Members members = entry(prompt.id, "user");
    members.push_back({"contents", json_of(prompt.segments)});
    members.push_back({"options", json_of(prompt.options)});
    if (prompt.response_format) {
      members.push_back(
          {"responseFormat",
           object({{"type", text("jsonSchema")},
                   {"jsonSchema", object({{"name", text(prompt.response_format->name())},
                                          {"schema", json_of(*prompt.response_format)}})}})});
    }
    return members;
  }
  Members operator()(const Transcript::ToolCalls& calls) const {
    Members members = entry(calls.id, "response");
    members.push_back({"toolCalls", list_of(calls.calls)});
    add_tokens(calls.token_ids, members);
    return members;
  }
  Members operator()(const Transcript::ToolOutput& output) const {
    Members members = entry(output.id, "tool");
    members.push_back({"toolName", text(output.tool_name)});
    members.push_back({"toolCallID", text(output.call_id)});
    members.push_back({"contents", json_of(output.segments)});
    return members;
  }
  Members operator()(const Transcript::Response& response) const {
    Members members = entry(response.id, "response");
    members.push_back({"contents", json_of(response.segments)});
    members.push_back({"assets", Content::array({})});
    add_tokens(response.token_ids, members);
    return members;
  }
};

// Reading. Each fault is the document's, with byte and path.

void allow(JsonValue object, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object.members()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    value.fail(fmt::format("the field {} is not known here, and would be lost; known are {}",
                           base::quoted(key), fmt::join(known, ", ")));
  }
}

void expect(JsonValue object, std::string_view key, std::string_view expected) {
  const JsonValue value = object.get(key);
  if (value.as_string() != expected) value.fail(fmt::format("\"{}\" is expected", expected));
}

std::string string_of(JsonValue object, std::string_view key) {
  return std::string(object.get_string(key));
}

// What reading the value itself says of it, with its place in front.
template <class Read>
auto at(JsonValue value, Read read) {
  try {
    return read();
  } catch (const Error& fault) {
    value.fail(fault.what());
  }
}

GenerationSchema schema_of(JsonValue value) {
  return at(value,
            [&] { return GenerationSchema::from_json(framework::content_of(value).to_json()); });
}

Content with_cuts(Content content, JsonValue object) {
  const auto incomplete = object.find("incomplete");
  if (!incomplete) return content;
  for (const JsonValue pointer : incomplete->elements()) {
    content = at(pointer, [&] { return framework::with_cut(content, pointer.as_string()); });
  }
  return content;
}

Transcript::Segment segment_of(JsonValue value) {
  const JsonValue type = value.get("type");
  if (type.as_string() == "text") {
    allow(value, {"type", "id", "text"});
    return Transcript::TextSegment{string_of(value, "id"), string_of(value, "text")};
  }
  if (type.as_string() == "image") {
    allow(value, {"type", "id", "image"});
    const JsonValue image = value.get("image");
    allow(image, {"source", "label"});
    return Transcript::ImageSegment{string_of(value, "id"), string_of(image, "source"),
                                    image.find("label") ? string_of(image, "label") : ""};
  }
  if (type.as_string() != "structure") {
    type.fail("\"text\", \"structure\" or \"image\" is expected");
  }
  allow(value, {"type", "id", "structure"});
  const JsonValue structure = value.get("structure");
  allow(structure, {"source", "content", "incomplete"});
  return Transcript::StructureSegment{
      string_of(value, "id"), string_of(structure, "source"),
      with_cuts(framework::content_of(structure.get("content")), structure)};
}

std::vector<Transcript::Segment> segments_of(JsonValue entry) {
  std::vector<Transcript::Segment> segments;
  for (const JsonValue content : entry.get("contents").elements()) {
    segments.push_back(segment_of(content));
  }
  return segments;
}

SamplingMode sampling_of(JsonValue value) {
  const JsonValue mode = value.get("mode");
  if (mode.as_string() == "greedy") {
    allow(value, {"mode"});
    return SamplingMode::greedy();
  }
  if (mode.as_string() != "random") mode.fail("\"greedy\" or \"random\" is expected");
  const auto seed = value.find_integer<std::uint64_t>("seed");
  if (value.find("top_k")) {
    allow(value, {"mode", "top_k", "seed"});
    return SamplingMode::random_top_k(value.get_size("top_k"), seed);
  }
  allow(value, {"mode", "top_p", "seed"});
  return SamplingMode::random_probability_threshold(value.get_double("top_p"), seed);
}

ToolCallingMode calling_mode_of(JsonValue value) {
  const auto* const found = std::ranges::find(calling_modes, value.as_string(),
                                              [](const auto& each) { return each.second; });
  if (found == std::end(calling_modes)) {
    value.fail("\"allowed\", \"required\" or \"disallowed\" is expected");
  }
  return found->first;
}

GenerationOptions options_of(JsonValue value) {
  allow(value, {"sampling", "temperature", "maximum_response_tokens", "include_schema_in_prompt",
                "tool_calling_mode"});
  GenerationOptions options;
  if (const auto sampling = value.find("sampling")) options.sampling = sampling_of(*sampling);
  options.temperature = value.find_double("temperature");
  options.maximum_response_tokens = value.find_size("maximum_response_tokens");
  options.include_schema_in_prompt = value.find_bool("include_schema_in_prompt").value_or(true);
  if (const auto mode = value.find("tool_calling_mode")) {
    options.tool_calling_mode = calling_mode_of(*mode);
  }
  return options;
}

Transcript::ToolDefinition tool_of(JsonValue value) {
  allow(value, {"type", "function"});
  expect(value, "type", "function");
  const JsonValue function = value.get("function");
  allow(function, {"name", "description", "parameters"});
  return {string_of(function, "name"), string_of(function, "description"),
          schema_of(function.get("parameters"))};
}

Transcript::ToolCall call_of(JsonValue value) {
  allow(value, {"id", "name", "arguments", "incomplete"});
  const JsonValue arguments = value.get("arguments");
  return {
      string_of(value, "id"), string_of(value, "name"),
      with_cuts(at(arguments, [&] { return Content::from_json(arguments.as_string()); }), value)};
}

Transcript::Entry instructions_of(JsonValue value) {
  allow(value, {"id", "role", "contents", "tools"});
  Transcript::Instructions instructions = {string_of(value, "id"), segments_of(value)};
  if (const auto tools = value.find("tools")) {
    for (const JsonValue tool : tools->elements()) {
      instructions.tool_definitions.push_back(tool_of(tool));
    }
  }
  return instructions;
}

Transcript::Entry prompt_of(JsonValue value) {
  allow(value, {"id", "role", "contents", "options", "responseFormat"});
  Transcript::Prompt prompt = {string_of(value, "id"), segments_of(value), {}};
  if (const auto options = value.find("options")) prompt.options = options_of(*options);
  if (const auto format = value.find("responseFormat")) {
    allow(*format, {"type", "jsonSchema"});
    expect(*format, "type", "jsonSchema");
    const JsonValue schema = format->get("jsonSchema");
    allow(schema, {"name", "schema"});
    prompt.response_format = schema_of(schema.get("schema"));
    expect(schema, "name", prompt.response_format->name());
  }
  return prompt;
}

std::vector<std::int32_t> tokens_of(JsonValue value) {
  const auto tokens = value.find("tokenIDs");
  return tokens ? tokens->as_integers<std::int32_t>() : std::vector<std::int32_t>();
}

Transcript::Entry calls_of(JsonValue value) {
  allow(value, {"id", "role", "toolCalls", "tokenIDs"});
  Transcript::ToolCalls calls = {string_of(value, "id"), {}, tokens_of(value)};
  for (const JsonValue call : value.get("toolCalls").elements()) {
    calls.calls.push_back(call_of(call));
  }
  return calls;
}

Transcript::Entry response_of(JsonValue value) {
  if (value.find("toolCalls")) return calls_of(value);
  allow(value, {"id", "role", "contents", "assets", "tokenIDs"});
  const auto assets = value.find("assets");
  if (assets && assets->size() > 0) {
    assets->fail("assets of responses are not known, and would be lost");
  }
  return Transcript::Response{string_of(value, "id"), segments_of(value), tokens_of(value)};
}

Transcript::Entry output_of(JsonValue value) {
  allow(value, {"id", "role", "toolName", "toolCallID", "contents"});
  return Transcript::ToolOutput{string_of(value, "id"), string_of(value, "toolName"),
                                string_of(value, "toolCallID"), segments_of(value)};
}

Transcript::Entry entry_of(JsonValue value) {
  const JsonValue role = value.get("role");
  const std::string_view name = role.as_string();
  if (name == "instructions") return instructions_of(value);
  if (name == "user") return prompt_of(value);
  if (name == "response") return response_of(value);
  if (name == "tool") return output_of(value);
  role.fail(fmt::format("the role {} is not known; known are instructions, user, response, tool",
                        base::quoted(name)));
}

}  // namespace

std::string Transcript::to_json() const {
  std::vector<GeneratedContent> entries;
  for (const Entry& entry : entries_) {
    GeneratedContent json = object(std::visit(EntryWriter(), entry));
    if (!text::is_valid_utf8(json.to_json())) {
      throw InvalidArgument(
          fmt::format("entry {} of the transcript holds text that is not UTF-8, which JSON cannot "
                      "say",
                      base::quoted(entry_id(entry))));
    }
    entries.push_back(std::move(json));
  }
  return object(
             {{"version", Content::number(dialect_version)},
              {"transcript", object({{"entries", GeneratedContent::array(std::move(entries))}})}})
      .to_json();
}

Transcript Transcript::from_json(std::string_view json) {
  const base::JsonLimits limits = {.depth = framework::content_depth + depth_around_content,
                                   .token = json.size() + 1};
  try {
    const auto document = base::JsonDocument::parse("transcript", std::string(json), limits);
    allow(document.root(), {"version", "transcript"});
    const JsonValue version = document.root().get("version");
    if (version.as_integer<int>() != dialect_version) {
      version.fail(fmt::format("only version {} of the dialect is known", dialect_version));
    }
    const JsonValue transcript = document.root().get("transcript");
    allow(transcript, {"entries"});
    Transcript read;
    for (const JsonValue entry : transcript.get("entries").elements()) {
      read.append(entry_of(entry));
    }
    return read;
  } catch (const InvalidFile& fault) {
    throw DecodingFailure(fault.what());
  }
}

}  // namespace espalier
