#include "espalier/generated_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/json_text.h"
#include "espalier/error.h"
#include "espalier/generation_guide.h"
#include "framework/content_nodes.h"
#include "framework/partial_content.h"

namespace espalier {
namespace {

using Kind = GeneratedContent::Kind;

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

bool is_plain_integer(std::string_view text) {
  return text.find_first_of(".eE") == std::string_view::npos && text != "-0";
}

// Integers to the last digit, all else as doubles.
bool same_number(const std::string& a, const std::string& b) {
  if (a == b) return true;
  if (is_plain_integer(a) && is_plain_integer(b)) return false;
  return base::json_number(a) == base::json_number(b);
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
  return GeneratedContent(
      std::make_shared<const Node>(Node{.kind = Kind::boolean, .boolean = value}));
}

GeneratedContent GeneratedContent::integer(std::int64_t value) {
  return GeneratedContent(
      std::make_shared<const Node>(Node{.kind = Kind::number, .text = guides::spell(value)}));
}

GeneratedContent GeneratedContent::integer(std::uint64_t value) {
  return GeneratedContent(
      std::make_shared<const Node>(Node{.kind = Kind::number, .text = guides::spell(value)}));
}

GeneratedContent GeneratedContent::number(double value) {
  return GeneratedContent(
      std::make_shared<const Node>(Node{.kind = Kind::number, .text = guides::spell(value)}));
}

GeneratedContent GeneratedContent::spelled_number(std::string text) {
  if (!base::is_json_number(text)) {
    throw InvalidArgument(fmt::format("\"{}\" is no number of JSON", text));
  }
  return GeneratedContent(
      std::make_shared<const Node>(Node{.kind = Kind::number, .text = std::move(text)}));
}

GeneratedContent GeneratedContent::string(std::string value) {
  return GeneratedContent(
      std::make_shared<const Node>(Node{.kind = Kind::string, .text = std::move(value)}));
}

GeneratedContent GeneratedContent::array(std::vector<GeneratedContent> elements) {
  const bool complete = std::all_of(elements.begin(), elements.end(),
                                    [](const auto& each) { return each.is_complete(); });
  return GeneratedContent(std::make_shared<const Node>(
      Node{.kind = Kind::array, .complete = complete, .elements = std::move(elements)}));
}

GeneratedContent GeneratedContent::structure(std::vector<Property> properties) {
  std::set<std::string_view> keys;
  bool complete = true;
  for (const auto& [key, value] : properties) {
    complete = complete && value.is_complete();
    if (!keys.insert(key).second) {
      throw InvalidArgument(fmt::format("a structure has the key \"{}\" twice", key));
    }
  }
  return GeneratedContent(std::make_shared<const Node>(
      Node{.kind = Kind::structure, .complete = complete, .properties = std::move(properties)}));
}

GeneratedContent GeneratedContent::from_json(std::string_view json) {
  try {
    return content_of(
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

const std::string& GeneratedContent::text() const noexcept {
  static const std::string none;
  return node_ ? node_->text : none;
}

const std::vector<GeneratedContent>& GeneratedContent::elements() const noexcept {
  static const std::vector<GeneratedContent> none;
  return node_ ? node_->elements : none;
}

const std::vector<GeneratedContent::Property>& GeneratedContent::properties() const noexcept {
  static const std::vector<Property> none;
  return node_ ? node_->properties : none;
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
  if (a.kind() == Kind::number) return same_number(a.text(), b.text());
  return a.is_true() == b.is_true() && a.text() == b.text() && a.elements() == b.elements() &&
         a.properties() == b.properties();
}

}  // namespace espalier
