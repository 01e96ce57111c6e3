// What was said in a session, in order.
//
//   const Transcript transcript = session.transcript();
//   for (const Transcript::Entry& entry : transcript) std::cout << entry_text(entry) << "\n";
//
// A transcript is a value: session.transcript() is a copy, and a session made from a transcript
// goes on where that one stood.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "espalier/export.h"
#include "espalier/generated_content.h"
#include "espalier/generation_options.h"
#include "espalier/generation_schema.h"

namespace espalier {

class ESPALIER_API Transcript {
 public:
  struct TextSegment {
    std::string id;
    std::string text;
    bool operator==(const TextSegment&) const = default;
  };
  // What was generated under a schema, or a value in a prompt; `source` is the schema's or type's
  // name.
  struct StructureSegment {
    std::string id;
    std::string source;
    GeneratedContent content;
    bool operator==(const StructureSegment&) const = default;
  };
  // An image beside a prompt's text. A model that reads none, as those of this version are, throws
  // InvalidArgument where a conversation has one.
  struct ImageSegment {
    std::string id;
    std::string source;  // a file's path, or a URL
    std::string label = {};
    bool operator==(const ImageSegment&) const = default;
  };
  // A part of an entry. Later kinds of content become alternatives here.
  using Segment = std::variant<TextSegment, StructureSegment, ImageSegment>;

  // What a model is told of a tool (espalier/tool.h).
  struct ToolDefinition {
    std::string name;
    std::string description;
    GenerationSchema parameters;
    bool operator==(const ToolDefinition&) const = default;
  };
  // What the developer tells the model to be, and which tools there are; the first entry, if there
  // is one.
  struct Instructions {
    std::string id;
    std::vector<Segment> segments;
    std::vector<ToolDefinition> tool_definitions = {};
    bool operator==(const Instructions&) const = default;
  };
  // What the user asked, and how it was to be answered.
  struct Prompt {
    std::string id;
    std::vector<Segment> segments;
    GenerationOptions options;
    std::optional<GenerationSchema> response_format = std::nullopt;
    bool operator==(const Prompt&) const = default;
  };
  struct ToolCall {
    std::string id = {};
    std::string tool_name = {};
    GeneratedContent arguments = {};
    bool operator==(const ToolCall&) const = default;
  };
  // What the model called at once, before it answered.
  struct ToolCalls {
    std::string id;
    std::vector<ToolCall> calls;
    std::vector<std::int32_t> token_ids = {};  // as in Response; of the text in front as well
    bool operator==(const ToolCalls&) const = default;
  };
  // What one of the calls gave.
  struct ToolOutput {
    std::string id;
    std::string tool_name;
    std::string call_id;
    std::vector<Segment> segments;
    bool operator==(const ToolOutput&) const = default;
  };
  // What the model answered.
  struct Response {
    std::string id;
    std::vector<Segment> segments;
    // The tokens that the model wrote, where it would read the text as others: with them a session
    // that is resumed goes on just as the one that it was. Empty: those of the text. A model with
    // another vocabulary reads the text; so does every model where a control token is among them,
    // which no reader of the text would see.
    std::vector<std::int32_t> token_ids = {};
    bool operator==(const Response&) const = default;
  };
  using Entry = std::variant<Instructions, Prompt, ToolCalls, ToolOutput, Response>;

  // Entries with fresh ids, of one segment; instructions without a text have none.
  static Entry instructions(std::string_view text, std::vector<ToolDefinition> tools = {});
  static Entry prompt(std::string_view text, const GenerationOptions& options = {});
  static Entry prompt(std::string_view text, const GenerationSchema& response_format,
                      const GenerationOptions& options = {});
  // Of a prompt of several parts (espalier/prompt.h).
  static Entry prompt(std::vector<Segment> segments, const GenerationOptions& options = {});
  static Entry prompt(std::vector<Segment> segments, const GenerationSchema& response_format,
                      const GenerationOptions& options = {});
  // Calls without an id get one.
  static Entry tool_calls(std::vector<ToolCall> calls);
  static Entry tool_output(const ToolCall& call, std::string_view text);
  static Entry tool_output(const ToolCall& call, const GeneratedContent& content);
  static Entry response(std::string_view text);
  static Entry response(const GeneratedContent& content, std::string_view source);

  Transcript() = default;
  explicit Transcript(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  using const_iterator = std::vector<Entry>::const_iterator;
  const_iterator begin() const noexcept { return entries_.begin(); }
  const_iterator end() const noexcept { return entries_.end(); }
  std::size_t size() const noexcept { return entries_.size(); }
  bool empty() const noexcept { return entries_.empty(); }
  const Entry& operator[](std::size_t i) const noexcept { return entries_[i]; }
  const Entry& front() const noexcept { return entries_.front(); }  // only where it is not empty
  const Entry& back() const noexcept { return entries_.back(); }    // likewise

  void append(Entry entry) { entries_.push_back(std::move(entry)); }

  // As JSON and back: {"version":1,"transcript":{"entries":[…]}} (docs/transcripts.md). What was
  // written is read as an equal transcript. to_json() throws InvalidArgument where a text is not
  // UTF-8; from_json() throws DecodingFailure naming byte and place where the text is no JSON or no
  // transcript, and where it has a field that would be lost.
  std::string to_json() const;
  static Transcript from_json(std::string_view json);

  // Equal contents, options and ids.
  bool operator==(const Transcript&) const = default;

 private:
  std::vector<Entry> entries_;
};

// The id of an entry: a random UUID where Espalier made it.
ESPALIER_API const std::string& entry_id(const Transcript::Entry& entry);

// The texts of an entry's segments, each on a line of its own: of a structure its JSON, of an image
// nothing. Of tool calls one line of JSON each, {"name":…,"arguments":…}.
ESPALIER_API std::string entry_text(const Transcript::Entry& entry);

}  // namespace espalier
