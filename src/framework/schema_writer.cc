#include "framework/schema_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "espalier/error.h"
#include "framework/number_value.h"
#include "framework/schema_access.h"

namespace espalier::framework {
namespace {

using Kind = SchemaNode::Kind;
using Dynamic = DynamicGenerationSchema;
using Members = std::vector<GeneratedContent::Property>;
using Problem = InvalidSchema::Problem;

GeneratedContent text(std::string value) { return GeneratedContent::string(std::move(value)); }

GeneratedContent texts(const std::vector<std::string>& values) {
  std::vector<GeneratedContent> elements;
  for (const std::string& value : values) elements.push_back(text(value));
  return GeneratedContent::array(std::move(elements));
}

void add_number(Members& members, const char* key, const std::string& spelled) {
  if (!spelled.empty()) members.push_back({key, GeneratedContent::spelled_number(spelled)});
}

bool is_named(const SchemaNode& node) {
  return !node.name.empty() && (node.kind == Kind::object || node.kind == Kind::any_of);
}

// A name within a JSON pointer within a URI's fragment (RFC 6901, section 6).
std::string in_fragment(const std::string& name) {
  std::string escaped;
  for (const char c : name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '_' || c == '-' || c == '.';
    if (plain) {
      escaped += c;
    } else if (c == '~' || c == '/') {
      escaped += c == '~' ? "~0" : "~1";
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

// The narrower of two bounds, of which either may be empty.
const std::string& narrower(const std::string& a, const std::string& b, bool least) {
  if (a.empty() || b.empty()) return a.empty() ? b : a;
  return (compare_numbers(a, b) < 0) == least ? b : a;
}

class SchemaWriter {
 public:
  SchemaWriter(const Dynamic& root, const std::vector<Dynamic>& dependencies, SchemaReader reader)
      : reader_(reader), root_(&SchemaAccess::node(root)) {
    find_names(*root_);
    for (const Dynamic& dependency : dependencies) find_names(SchemaAccess::node(dependency));
    if (root_->kind == Kind::reference) root_ = &meant_by(root_->name, "the root");
    root_name_ = is_named(*root_) ? root_->name : "";
  }

  GeneratedContent write() {
    Members members = body(*root_);
    Members definitions;
    for (const auto& [name, node] : named_) {
      if (name != root_name_) {
        definitions.push_back({name, GeneratedContent::structure(body(*node))});
      }
    }
    check_duplicates();
    if (!definitions.empty()) {
      members.push_back({"$defs", GeneratedContent::structure(std::move(definitions))});
    }
    return GeneratedContent::structure(std::move(members));
  }

 private:
  void find_names(const SchemaNode& node) {
    if (is_named(node)) {
      const auto [first, is_new] = named_.emplace(node.name, &node);
      if (!is_new && first->second != &node) again_.push_back(&node);
    }
    for (const Dynamic& part : node.parts) find_names(SchemaAccess::node(part));
    for (const auto& property : node.properties) find_names(SchemaAccess::node(property.schema));
    for (const Dynamic& part : node.definitions) find_names(SchemaAccess::node(part));
  }

  // A name may come again where it means the same.
  void check_duplicates() {
    for (const SchemaNode* node : again_) {
      if (body(*node) == body(*named_.at(node->name))) continue;
      throw InvalidSchema(fmt::format("two different types are named {}; give one another name "
                                      "(ESPALIER_GENERABLE_NAMED)",
                                      node->name),
                          Problem::duplicate_type);
    }
  }

  const SchemaNode& meant_by(const std::string& name, const std::string& place) const {
    const auto found = named_.find(name);
    if (found != named_.end()) return *found->second;
    throw InvalidSchema(fmt::format("{} refers to {}, which is defined nowhere; add it to the "
                                    "dependencies",
                                    place, name),
                        Problem::undefined_references);
  }

  // A part of another schema: what has a name stands in $defs.
  Members part(const SchemaNode& node, const std::string& place) {
    if (node.kind != Kind::reference && !is_named(node)) return body(node, place);
    meant_by(node.name, place);
    const std::string target = node.name == root_name_ ? "#" : "#/$defs/" + in_fragment(node.name);
    return {{"$ref", text(target)}};
  }

  GeneratedContent part_of(const SchemaNode& node, const std::string& place) {
    return GeneratedContent::structure(part(node, place));
  }

  Members body(const SchemaNode& node) { return body(node, node.name); }

  Members body(const SchemaNode& node, const std::string& place) {
    Members members;
    if (!node.name.empty()) members.push_back({"title", text(node.name)});
    if (const char* type = type_of(node)) members.push_back({"type", text(type)});
    if (!node.description.empty()) members.push_back({"description", text(node.description)});
    add_rules(node, place, members);
    return members;
  }

  static const char* type_of(const SchemaNode& node) noexcept {
    switch (node.kind) {
      case Kind::null:
        return "null";
      case Kind::boolean:
        return "boolean";
      case Kind::string:
        return "string";
      case Kind::integer:
        return "integer";
      case Kind::number:
        return "number";
      case Kind::array:
        return "array";
      case Kind::dictionary:
      case Kind::object:
        return "object";
      case Kind::any_of:
        return node.texts ? "string" : nullptr;
      default:
        return nullptr;
    }
  }

  void add_rules(const SchemaNode& node, const std::string& place, Members& members) {
    switch (node.kind) {
      case Kind::nothing:
        members.push_back({"not", GeneratedContent::structure({})});
        return;
      case Kind::string:
        if (node.texts) members.push_back({"enum", texts(*node.texts)});
        if (!node.pattern.empty()) members.push_back({"pattern", text(node.pattern)});
        return;
      case Kind::integer:
      case Kind::number: {
        const bool guide = reader_ == SchemaReader::guide;
        add_number(members, "minimum",
                   guide ? narrower(node.least, node.type_least, true) : node.least);
        add_number(members, "maximum",
                   guide ? narrower(node.most, node.type_most, false) : node.most);
        return;
      }
      case Kind::array:
        members.push_back({"items", part_of(SchemaAccess::node(node.parts.at(0)), place)});
        add_number(members, "minItems", node.least);
        add_number(members, "maxItems", node.most);
        return;
      case Kind::dictionary:
        members.push_back(
            {"additionalProperties", part_of(SchemaAccess::node(node.parts.at(0)), place)});
        return;
      case Kind::object:
        return add_properties(node, place, members);
      case Kind::any_of:
        return add_choices(node, place, members);
      default:
        return;
    }
  }

  void add_choices(const SchemaNode& node, const std::string& place, Members& members) {
    if (node.texts ? node.texts->empty() : node.parts.empty()) {
      throw InvalidSchema(fmt::format("{}: any_of has no choice; give one at least", place),
                          Problem::empty_type_choices);
    }
    if (node.texts) {
      members.push_back({"enum", texts(*node.texts)});
      return;
    }
    std::vector<GeneratedContent> choices;
    for (const Dynamic& choice : node.parts) {
      choices.push_back(part_of(SchemaAccess::node(choice), place));
    }
    members.push_back({"anyOf", GeneratedContent::array(std::move(choices))});
  }

  void add_properties(const SchemaNode& node, const std::string& place, Members& members) {
    std::map<std::string, GeneratedContent> sorted;
    std::vector<std::string> order;
    std::vector<std::string> required;
    for (const auto& [name, schema, description, is_optional] : node.properties) {
      const std::string where = place.empty() ? name : place + "." + name;
      Members property = part(SchemaAccess::node(schema), where);
      if (!description.empty()) describe(property, description);
      order.push_back(name);
      if (!is_optional) required.push_back(name);
      if (!sorted.emplace(name, GeneratedContent::structure(std::move(property))).second) {
        throw InvalidSchema(fmt::format("{} has the property {} twice", place, name),
                            Problem::duplicate_property);
      }
    }
    Members properties;
    for (auto& [name, schema] : sorted) properties.push_back({name, std::move(schema)});
    members.push_back({"properties", GeneratedContent::structure(std::move(properties))});
    members.push_back({"x-order", texts(order)});
    members.push_back({"required", texts(required)});
    members.push_back({"additionalProperties", GeneratedContent::boolean(false)});
  }

  // What a property is says more than what its type is.
  static void describe(Members& members, const std::string& description) {
    std::erase_if(members, [](const auto& member) { return member.key == "description"; });
    members.push_back({"description", text(description)});
  }

  SchemaReader reader_;
  const SchemaNode* root_;
  std::string root_name_;
  std::map<std::string, const SchemaNode*> named_;
  std::vector<const SchemaNode*> again_;
};

}  // namespace

GeneratedContent write_schema(const Dynamic& root, const std::vector<Dynamic>& dependencies,
                              SchemaReader reader) {
  return SchemaWriter(root, dependencies, reader).write();
}

}  // namespace espalier::framework
