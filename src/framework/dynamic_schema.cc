#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "espalier/error.h"
#include "espalier/generation_schema.h"
#include "framework/number_value.h"
#include "framework/schema_access.h"

namespace espalier {
namespace {

using framework::SchemaAccess;
using framework::SchemaNode;
using Kind = SchemaNode::Kind;
using Dynamic = DynamicGenerationSchema;

const char* guides_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::string:
      return "constant, any_of and pattern are";
    case Kind::integer:
    case Kind::number:
      return "minimum, maximum and range are";
    case Kind::array:
      return "count, minimum_count, maximum_count and element are";
    default:
      return "none is";
  }
}

[[noreturn]] void refuse(const GenerationGuide& guide, const SchemaNode& node) {
  throw UnsupportedGuide(fmt::format("{}{}{} is no guide for {}; {}", node.name,
                                     node.name.empty() ? "" : ": ", guide.name,
                                     framework::describe(node.kind), guides_of(node.kind)));
}

void narrow_texts(SchemaNode& node, const std::vector<std::string>& texts) {
  if (texts.empty()) {
    throw InvalidSchema("any_of has no choice; give one at least",
                        InvalidSchema::Problem::empty_type_choices);
  }
  if (!node.texts) {
    node.texts = texts;
    return;
  }
  std::erase_if(*node.texts, [&](const std::string& text) {
    return std::find(texts.begin(), texts.end(), text) == texts.end();
  });
}

bool is_less(const std::string& a, const std::string& b) {
  return framework::compare_numbers(a, b) < 0;
}

void narrow_bounds(SchemaNode& node, const GenerationGuide& guide) {
  if (!guide.least.empty() && (node.least.empty() || is_less(node.least, guide.least))) {
    node.least = guide.least;
  }
  if (!guide.most.empty() && (node.most.empty() || is_less(guide.most, node.most))) {
    node.most = guide.most;
  }
  if (!node.least.empty() && !node.most.empty() && is_less(node.most, node.least)) {
    throw InvalidSchema(fmt::format("{}: nothing is from {} to {}; the smaller bound comes first",
                                    guide.name, node.least, node.most));
  }
}

SchemaNode guided(SchemaNode node, const GenerationGuide& guide);

Dynamic guided(const Dynamic& part, const GenerationGuide& guide) {
  return SchemaAccess::make(guided(SchemaAccess::node(part), guide));
}

SchemaNode guided_string(SchemaNode node, const GenerationGuide& guide) {
  using Guide = GenerationGuide::Kind;
  if (guide.kind == Guide::pattern && node.pattern.empty()) {
    node.pattern = guide.texts.at(0);
  } else if (guide.kind == Guide::any_of || guide.kind == Guide::constant) {
    narrow_texts(node, guide.texts);
  } else {
    refuse(guide, node);
  }
  return node;
}

SchemaNode guided_array(SchemaNode node, const GenerationGuide& guide) {
  using Guide = GenerationGuide::Kind;
  if (guide.kind == Guide::count) {
    narrow_bounds(node, guide);
  } else if (guide.kind == Guide::element) {
    node.parts = {guided(node.parts.at(0), guide.of_element.at(0))};
  } else if (guide.kind == Guide::any_of) {
    node.parts = {guided(node.parts.at(0), guide)};
  } else {
    refuse(guide, node);
  }
  return node;
}

// An optional is a choice of something and null; a guide is for the something.
bool is_optional(const SchemaNode& node) {
  return node.kind == Kind::any_of && node.name.empty() && node.parts.size() == 2 &&
         SchemaAccess::node(node.parts[1]).kind == Kind::null;
}

SchemaNode guided(SchemaNode node, const GenerationGuide& guide) {
  switch (node.kind) {
    case Kind::boolean:
      return node;
    case Kind::string:
      return guided_string(std::move(node), guide);
    case Kind::array:
      return guided_array(std::move(node), guide);
    case Kind::integer:
    case Kind::number:
      if (guide.kind != GenerationGuide::Kind::range) refuse(guide, node);
      narrow_bounds(node, guide);
      return node;
    default:
      if (!is_optional(node)) refuse(guide, node);
      node.parts[0] = guided(node.parts[0], guide);
      return node;
  }
}

}  // namespace

namespace framework {

const char* describe(SchemaNode::Kind kind) noexcept {
  switch (kind) {
    case Kind::anything:
      return "any content";
    case Kind::nothing:
      return "what has no values";
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "a boolean";
    case Kind::string:
      return "a string";
    case Kind::integer:
      return "an integer";
    case Kind::number:
      return "a number";
    case Kind::array:
      return "an array";
    case Kind::dictionary:
      return "a dictionary";
    case Kind::object:
      return "an object";
    case Kind::any_of:
      return "a choice";
    case Kind::reference:
      return "a reference to another type";
  }
  return "";
}

}  // namespace framework

Dynamic::DynamicGenerationSchema(Node node) noexcept : node_(std::move(node)) {}

Dynamic Dynamic::object(std::string name, std::vector<Property> properties,
                        std::string description) {
  return SchemaAccess::make({.kind = Kind::object,
                             .name = std::move(name),
                             .description = std::move(description),
                             .properties = std::move(properties)});
}

Dynamic Dynamic::any_of(std::string name, std::vector<Dynamic> choices, std::string description) {
  return SchemaAccess::make({.kind = Kind::any_of,
                             .name = std::move(name),
                             .description = std::move(description),
                             .parts = std::move(choices)});
}

Dynamic Dynamic::any_of(std::string name, std::vector<std::string> choices,
                        std::string description) {
  return SchemaAccess::make({.kind = Kind::any_of,
                             .name = std::move(name),
                             .description = std::move(description),
                             .texts = std::move(choices)});
}

Dynamic Dynamic::any_of(std::string name, std::initializer_list<std::string_view> choices,
                        std::string description) {
  return any_of(std::move(name), std::vector<std::string>(choices.begin(), choices.end()),
                std::move(description));
}

Dynamic Dynamic::array(Dynamic items, std::optional<std::size_t> minimum,
                       std::optional<std::size_t> maximum) {
  std::vector<GenerationGuide> bounds;
  if (minimum) bounds.push_back(guides::minimum_count(*minimum));
  if (maximum) bounds.push_back(guides::maximum_count(*maximum));
  return SchemaAccess::make({.kind = Kind::array, .parts = {std::move(items)}}).with(bounds);
}

Dynamic Dynamic::dictionary(Dynamic values) {
  return SchemaAccess::make({.kind = Kind::dictionary, .parts = {std::move(values)}});
}

Dynamic Dynamic::reference(std::string name) {
  return SchemaAccess::make({.kind = Kind::reference, .name = std::move(name)});
}

Dynamic Dynamic::null() { return SchemaAccess::make({.kind = Kind::null}); }
Dynamic Dynamic::anything() { return SchemaAccess::make({.kind = Kind::anything}); }
Dynamic Dynamic::nothing() { return SchemaAccess::make({.kind = Kind::nothing}); }
Dynamic Dynamic::boolean() { return SchemaAccess::make({.kind = Kind::boolean}); }
Dynamic Dynamic::string() { return SchemaAccess::make({.kind = Kind::string}); }

Dynamic Dynamic::number(std::string least, std::string most) {
  return SchemaAccess::make(
      {.kind = Kind::number, .type_least = std::move(least), .type_most = std::move(most)});
}

Dynamic Dynamic::integer(std::string least, std::string most) {
  return SchemaAccess::make(
      {.kind = Kind::integer, .type_least = std::move(least), .type_most = std::move(most)});
}

Dynamic Dynamic::with(const std::vector<GenerationGuide>& guides) const {
  SchemaNode node = *node_;
  for (const GenerationGuide& guide : guides) node = guided(std::move(node), guide);
  return SchemaAccess::make(std::move(node));
}

Dynamic Dynamic::defining(std::vector<Dynamic> definitions) const {
  SchemaNode node = *node_;
  std::move(definitions.begin(), definitions.end(), std::back_inserter(node.definitions));
  return SchemaAccess::make(std::move(node));
}

}  // namespace espalier
