#include "guide/schema_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/message_format.h"
#include "espalier/error.h"
#include "guide/uri.h"

namespace espalier::guide {
namespace {

constexpr std::size_t most_scopes = 1024;  // of dynamic anchors

// Where a keyword keeps schemas.
enum class Holds : std::uint8_t { one, list, map, one_or_list, map_of_some };

const std::map<std::string_view, Holds>& schema_keywords() {
  static const std::map<std::string_view, Holds> keywords = {
      {"additionalItems", Holds::one},
      {"additionalProperties", Holds::one},
      {"allOf", Holds::list},
      {"anyOf", Holds::list},
      {"contains", Holds::one},
      {"contentSchema", Holds::one},
      {"definitions", Holds::map},
      {"$defs", Holds::map},
      {"dependencies", Holds::map_of_some},
      {"dependentSchemas", Holds::map},
      {"else", Holds::one},
      {"if", Holds::one},
      {"items", Holds::one_or_list},
      {"not", Holds::one},
      {"oneOf", Holds::list},
      {"patternProperties", Holds::map},
      {"prefixItems", Holds::list},
      {"properties", Holds::map},
      {"propertyNames", Holds::one},
      {"then", Holds::one},
      {"unevaluatedItems", Holds::one},
      {"unevaluatedProperties", Holds::one},
  };
  return keywords;
}

std::optional<Draft> draft_of(std::string_view uri) {
  if (uri.ends_with('#')) uri.remove_suffix(1);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (uri.starts_with(scheme)) uri.remove_prefix(scheme.size());
  }
  if (uri == "json-schema.org/draft-04/schema") return Draft::draft4;
  if (uri == "json-schema.org/draft-06/schema") return Draft::draft6;
  if (uri == "json-schema.org/draft-07/schema") return Draft::draft7;
  if (uri == "json-schema.org/draft/2019-09/schema") return Draft::draft2019;
  if (uri == "json-schema.org/draft/2020-12/schema") return Draft::draft2020;
  if (uri == "json-schema.org/schema") return Draft::undeclared;
  return std::nullopt;
}

std::optional<std::string_view> string_member(base::JsonValue schema, std::string_view key) {
  const auto member = schema.find(key);
  if (!member || !member->is_string()) return std::nullopt;
  return member->as_string();
}

}  // namespace

SchemaSource::SchemaSource(base::JsonValue root, const GuideLimits& limits)
    : root_(root), root_path_(root.path()), limits_(limits) {
  if (root.is_object()) {
    if (const auto uri = string_member(root, "$schema")) {
      const auto draft = draft_of(*uri);
      if (!draft) {
        throw UnsupportedGuide(
            fmt::format("#/$schema: the dialect {} is not supported; known are "
                        "JSON Schema's drafts 4, 6, 7, 2019-09 and 2020-12",
                        base::quoted(*uri)));
      }
      draft_ = *draft;
    }
  }
  resources_.emplace("", root_);
  walk(root_, "");
}

std::uint32_t SchemaSource::index(base::JsonValue value, ScopeId scope) {
  const auto [known, added] =
      indices_.emplace(std::pair(value.byte(), scope), static_cast<std::uint32_t>(values_.size()));
  if (added) values_.push_back({value, scope});
  return known->second;
}

ScopeId SchemaSource::entered(ScopeId outer, base::JsonValue schema) {
  const auto anchors = dynamic_anchors_.find(base_of(schema));
  if (anchors == dynamic_anchors_.end()) return outer;
  DynamicAnchors inner = scopes_[outer];
  inner.insert(anchors->second.begin(), anchors->second.end());  // the outermost of a name stays
  const auto alike = [](const auto& a, const auto& b) {
    return a.first == b.first && a.second.byte() == b.second.byte();
  };
  const auto known = std::ranges::find_if(scopes_, [&](const DynamicAnchors& scope) {
    return std::ranges::equal(scope, inner, alike);
  });
  if (known != scopes_.end()) return static_cast<ScopeId>(known - scopes_.begin());
  if (scopes_.size() >= most_scopes) {
    throw UnsupportedGuide(
        fmt::format("its dynamic anchors are met in more than {} orders", most_scopes));
  }
  scopes_.push_back(std::move(inner));
  return static_cast<ScopeId>(scopes_.size() - 1);
}

std::string SchemaSource::pointer(base::JsonValue value) const {
  return "#" + value.path().substr(root_path_.size());
}

std::string SchemaSource::base_of(base::JsonValue schema) const {
  const auto known = bases_.find(schema.byte());
  return known == bases_.end() ? std::string() : known->second;
}

// Notes what a schema calls itself; gives the base URI inside it.
std::string SchemaSource::enter(base::JsonValue schema, const std::string& base) {
  std::string inner = base;
  const bool hidden = reference_stands_alone() && schema.find("$ref").has_value();
  std::optional<std::string_view> id;
  if (!hidden && draft_ != Draft::draft4) id = string_member(schema, "$id");
  if (!hidden && !id && (draft_ == Draft::draft4 || draft_ == Draft::undeclared)) {
    id = string_member(schema, "id");
  }
  if (id) {
    const UriParts uri = split_fragment(resolve_uri(base, *id));
    if (id->starts_with('#')) {  // an anchor, as drafts 4 to 7 spell it
      if (uri.fragment.empty() || draft_ > Draft::draft7) {
        // "#" means the resource itself; later drafts allow nothing else
      } else {
        anchors_.emplace(uri.base + "#" + uri.fragment, schema);
      }
    } else {
      inner = uri.base;
      resources_.emplace(inner, schema);
      const auto dialect = string_member(schema, "$schema");
      if (dialect && schema.byte() != root_.byte() && draft_of(*dialect) != draft_) {
        throw UnsupportedGuide(fmt::format(
            "{}/$schema: a dialect other than the document's is not supported", pointer(schema)));
      }
    }
  }
  for (const std::string_view keyword : {"$anchor", "$dynamicAnchor"}) {
    if (!since(Draft::draft2019)) break;
    if (const auto anchor = string_member(schema, keyword)) {
      anchors_.emplace(inner + "#" + std::string(*anchor), schema);
    }
  }
  if (const auto anchor = string_member(schema, "$dynamicAnchor");
      anchor && has_dynamic_references()) {
    dynamic_anchors_[inner].emplace(*anchor, schema);
  }
  const auto recursive = schema.find("$recursiveAnchor");
  const bool is_resource = resources_.at(inner).byte() == schema.byte();
  if (has_recursive_references() && is_resource && recursive &&
      recursive->kind() == base::JsonKind::boolean && recursive->as_bool()) {
    dynamic_anchors_[inner].emplace("", schema);
  }
  return inner;
}

void SchemaSource::walk(base::JsonValue schema, const std::string& base) {
  if (!schema.is_object()) return;
  const std::string inner = enter(schema, base);
  bases_.emplace(schema.byte(), inner);
  if (reference_stands_alone() && schema.find("$ref")) {
    // Definitions next to it can still be pointed at.
    for (const std::string_view keyword : {"definitions", "$defs"}) {
      if (const auto definitions = schema.find(keyword)) walk_member(keyword, *definitions, inner);
    }
    return;
  }
  for (const base::JsonMember& member : schema.members()) {
    if (member.key.starts_with("unevaluated")) tracks_evaluation_ = since(Draft::draft2019);
    walk_member(member.key, member.value, inner);
  }
}

void SchemaSource::walk_member(std::string_view keyword, base::JsonValue value,
                               const std::string& base) {
  const auto known = schema_keywords().find(keyword);
  if (known == schema_keywords().end()) return;
  const Holds holds = known->second;
  if (value.is_object() && (holds == Holds::map || holds == Holds::map_of_some)) {
    for (const base::JsonMember& member : value.members()) walk(member.value, base);
  } else if (value.is_array() && (holds == Holds::list || holds == Holds::one_or_list)) {
    for (const base::JsonValue element : value.elements()) walk(element, base);
  } else if (holds == Holds::one || holds == Holds::one_or_list) {
    walk(value, base);
  }
}

base::JsonValue SchemaSource::follow(base::JsonValue from, std::string_view pointer,
                                     std::string_view reference) const {
  const auto fail = [&] {
    throw InvalidSchema(fmt::format("the reference {} leads nowhere", base::quoted(reference)));
  };
  while (!pointer.empty()) {
    pointer.remove_prefix(1);  // the slash
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    std::string step;
    for (std::size_t i = 0; i < end; ++i) {
      const bool escape = pointer[i] == '~' && i + 1 < end;
      if (escape && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
        step += pointer[++i] == '0' ? '~' : '/';
      } else {
        step += pointer[i];
      }
    }
    pointer.remove_prefix(end);
    if (from.is_object()) {
      const auto member = from.find(step);
      if (!member) fail();
      from = *member;
    } else if (from.is_array()) {
      std::size_t number = 0;
      const auto read = std::from_chars(step.data(), step.data() + step.size(), number);
      if (read.ec != std::errc() || read.ptr != step.data() + step.size()) fail();
      if (number >= from.size()) fail();
      for (const base::JsonValue element : from.elements()) {
        if (number-- == 0) {
          from = element;
          break;
        }
      }
    } else {
      fail();
    }
  }
  return from;
}

base::JsonValue SchemaSource::resolve(base::JsonValue schema, std::string_view reference) const {
  const UriParts target = split_fragment(resolve_uri(base_of(schema), reference));
  const auto resource = resources_.find(target.base);
  if (resource == resources_.end()) {
    throw UnsupportedGuide(
        fmt::format("the reference {} is to another document, of which there is no copy",
                    base::quoted(reference)));
  }
  if (target.fragment.empty()) return resource->second;
  if (target.fragment.front() == '/') {
    return follow(resource->second, target.fragment, reference);
  }
  const auto anchor = anchors_.find(target.base + "#" + target.fragment);
  if (anchor == anchors_.end()) {
    throw InvalidSchema(
        fmt::format("the reference {} names no anchor of the document", base::quoted(reference)));
  }
  return anchor->second;
}

// Where the reference names a dynamic anchor, the outermost of that name is meant.
base::JsonValue SchemaSource::resolve_dynamic(base::JsonValue schema, std::string_view reference,
                                              ScopeId scope) const {
  const base::JsonValue found = resolve(schema, reference);
  const UriParts target = split_fragment(resolve_uri(base_of(schema), reference));
  const auto anchors = dynamic_anchors_.find(target.base);
  if (anchors == dynamic_anchors_.end()) return found;
  const auto own = anchors->second.find(target.fragment);
  if (own == anchors->second.end() || own->second.byte() != found.byte()) return found;
  const auto outermost = scopes_[scope].find(target.fragment);
  return outermost == scopes_[scope].end() ? found : outermost->second;
}

}  // namespace espalier::guide
