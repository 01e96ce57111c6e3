#include "espalier/generated_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/json_text.h"
#include "espalier/error.h"
#include "espalier/generation_guide.h"
#include "framework/content_json.h"
#include "framework/content_nodes.h"
#include "framework/number_value.h"
#include "framework/partial_content.h"

namespace espalier {
namespace {

using Kind = GeneratedContent::Kind;
using framework::ContentAccess;
using framework::SharedPrefix;

GeneratedContent with_text(Kind kind, std::string text) {
  auto characters = SharedPrefix<char>::of(std::move(text));
  return ContentAccess::make({.kind = kind, .text = std::move(characters)});
}

bool all_complete(const std::vector<GeneratedContent>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](const auto& each) { return each.is_complete(); });
}

void write(const GeneratedContent& content, std::string& json) {
  switch (content.kind()) {
    case Kind::null:
      json += "null";
      return;
    case Kind::boolean:
      json += content.is_true() ? "true" : "false";
      return;
    case Kind::number:
      json += content.text();
      return;
    case Kind::string:
      base::append_json_string(content.text(), json);
      return;
    case Kind::array: {
      const char* between = "[";
      for (const GeneratedContent& element : content.elements()) {
        json += std::exchange(between, ",");
        write(element, json);
      }
      json += content.elements().empty() ? "[]" : "]";
      return;
    }
    case Kind::structure: {
      const char* between = "{";
      for (const auto& [key, value] : content.properties()) {
        json += std::exchange(between, ",");
        base::append_json_string(key, json);
        json += ':';
        write(value, json);
      }
      json += content.properties().empty() ? "{}" : "}";
      return;
    }
  }
}

}  // namespace

namespace framework {

GeneratedContent content_of(base::JsonValue value) {
  switch (value.kind()) {
    case base::JsonKind::null:
      return {};
    case base::JsonKind::boolean:
      return GeneratedContent::boolean(value.as_bool());
    case base::JsonKind::integer:
    case base::JsonKind::real:
      return GeneratedContent::spelled_number(std::string(value.number_text()));
    case base::JsonKind::string:
      return GeneratedContent::string(std::string(value.as_string()));
    case base::JsonKind::array: {
      std::vector<GeneratedContent> elements;
      for (const base::JsonValue element : value.elements()) {
        elements.push_back(content_of(element));
      }
      return GeneratedContent::array(std::move(elements));
    }
    case base::JsonKind::object:
      break;
  }
  std::vector<GeneratedContent::Property> properties;
  for (const base::JsonMember member : value.members()) {
    properties.push_back({std::string(member.key), content_of(member.value)});
  }
  return GeneratedContent::structure(std::move(properties));
}

}  // namespace framework

const char* describe(Kind kind) noexcept {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "a boolean";
    case Kind::number:
      return "a number";
    case Kind::string:
      return "a string";
    case Kind::array:
      return "an array";
    case Kind::structure:
      return "an object";
  }
  return "";
}

GeneratedContent::GeneratedContent() noexcept = default;
GeneratedContent::GeneratedContent(std::shared_ptr<const Node> node) noexcept
    : node_(std::move(node)) {}

GeneratedContent GeneratedContent::boolean(bool value) {
  return ContentAccess::make({.kind = Kind::boolean, .boolean = value});
}

GeneratedContent GeneratedContent::integer(std::int64_t value) {
  return with_text(Kind::number, guides::spell(value));
}

GeneratedContent GeneratedContent::integer(std::uint64_t value) {
  return with_text(Kind::number, guides::spell(value));
}

GeneratedContent GeneratedContent::number(double value) {
  return with_text(Kind::number, guides::spell(value));
}

GeneratedContent GeneratedContent::spelled_number(std::string text) {
  if (!base::is_json_number(text)) {
    throw InvalidArgument(fmt::format("\"{}\" is no number of JSON", text));
  }
  return with_text(Kind::number, std::move(text));
}

GeneratedContent GeneratedContent::string(std::string value) {
  return with_text(Kind::string, std::move(value));
}

GeneratedContent GeneratedContent::array(std::vector<GeneratedContent> elements) {
  const bool complete = all_complete(elements);
  auto values = SharedPrefix<GeneratedContent>::of(std::move(elements));
  return ContentAccess::make(
      {.kind = Kind::array, .complete = complete, .values = std::move(values)});
}

GeneratedContent GeneratedContent::structure(std::vector<Property> properties) {
  std::set<std::string_view> seen;
  std::vector<std::string> names;
  std::vector<GeneratedContent> contents;
  for (const auto& [key, value] : properties) {
    if (!seen.insert(key).second) {
      throw InvalidArgument(fmt::format("a structure has the key \"{}\" twice", key));
    }
    names.push_back(key);
    contents.push_back(value);
  }
  const bool complete = all_complete(contents);
  auto values = SharedPrefix<GeneratedContent>::of(std::move(contents));
  auto keys = SharedPrefix<std::string>::of(std::move(names));
  return ContentAccess::make({.kind = Kind::structure,
                              .complete = complete,
                              .values = std::move(values),
                              .keys = std::move(keys)});
}

GeneratedContent GeneratedContent::from_json(std::string_view json) {
  try {
    return framework::content_of(
        base::JsonDocument::parse("content", std::string(json), {.depth = framework::content_depth})
            .root());
  } catch (const InvalidFile& fault) {
    throw DecodingFailure(fault.what());
  }
}

GeneratedContent GeneratedContent::from_partial_json(std::string_view json) {
  framework::PartialContent parser;
  parser.feed(json);
  return parser.content();
}

std::string GeneratedContent::to_json() const {
  std::string json;
  write(*this, json);
  return json;
}

Kind GeneratedContent::kind() const noexcept { return node_ ? node_->kind : Kind::null; }
bool GeneratedContent::is_complete() const noexcept { return !node_ || node_->complete; }
bool GeneratedContent::is_true() const noexcept { return node_ && node_->boolean; }

std::uint64_t GeneratedContent::id() const noexcept { return node_ ? node_->id : 0; }

std::string_view GeneratedContent::text() const noexcept {
  return node_ ? std::string_view(node_->text.data.get(), node_->text.size) : std::string_view();
}

GeneratedContent::Elements GeneratedContent::values() const noexcept {
  return {node_->values.data.get(), node_->values.size, node_->has_last ? &node_->last : nullptr};
}

GeneratedContent::Elements GeneratedContent::elements() const noexcept {
  return kind() == Kind::array ? values() : Elements();
}

GeneratedContent::Properties GeneratedContent::properties() const noexcept {
  return kind() == Kind::structure ? Properties(node_->keys.data.get(), values()) : Properties();
}

const GeneratedContent* GeneratedContent::find(std::string_view property) const noexcept {
  for (const auto& [key, value] : properties()) {
    if (key == property) return &value;
  }
  return nullptr;
}

bool operator==(const GeneratedContent& a, const GeneratedContent& b) noexcept {
  if (a.node_ == b.node_) return true;
  if (a.kind() != b.kind() || a.is_complete() != b.is_complete()) return false;
  if (a.kind() == Kind::number) return framework::compare_numbers(a.text(), b.text()) == 0;
  return a.is_true() == b.is_true() && a.text() == b.text() && a.elements() == b.elements() &&
         a.properties() == b.properties();
}

}  // namespace espalier
