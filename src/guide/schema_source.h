// A schema document: its draft, its subschemas, and what a reference in it means.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json.h"
#include "guide/limits.h"

namespace espalier::guide {

enum class Draft : std::uint8_t {
  draft4,
  draft6,
  draft7,
  draft2019,
  draft2020,
  undeclared,  // 2020-12, with older spellings understood where they do not clash
};

// Which schemas the dynamic anchors that have been passed on the way mean: the outermost of each
// name. Known by its number; 0 is that of no anchors.
using ScopeId = std::uint32_t;

class SchemaSource {
 public:
  // The document must outlive this. Throws InvalidSchema where an identifier is not what it must
  // be, UnsupportedGuide for a draft that is not known.
  explicit SchemaSource(base::JsonValue root, const GuideLimits& limits = {});

  base::JsonValue root() const noexcept { return root_; }
  Draft draft() const noexcept { return draft_; }
  bool since(Draft draft) const noexcept { return draft_ >= draft; }
  // $ref hides its neighbours, as it did up to draft 7.
  bool reference_stands_alone() const noexcept { return draft_ <= Draft::draft7; }

  bool has_dynamic_references() const noexcept { return since(Draft::draft2020); }
  bool has_recursive_references() const noexcept {
    return draft_ == Draft::draft2019 || draft_ == Draft::undeclared;
  }

  // Whether any schema asks for what others have not evaluated.
  bool tracks_evaluation() const noexcept { return tracks_evaluation_; }

  // Schemas and constant values by number: the same place in the same scope has the same number.
  std::uint32_t index(base::JsonValue value, ScopeId scope = 0);
  base::JsonValue value(std::uint32_t index) const { return values_[index].value; }
  ScopeId scope(std::uint32_t index) const { return values_[index].scope; }

  // The scope inside `schema`, which is applied in `outer`.
  ScopeId entered(ScopeId outer, base::JsonValue schema);

  // The schema that `reference`, the value of a $ref in `schema`, means. Throws InvalidSchema where
  // it is not in the document's own resource, UnsupportedGuide where it is in another document.
  base::JsonValue resolve(base::JsonValue schema, std::string_view reference) const;
  // The same of a $dynamicRef, or of a $recursiveRef, that is met in `scope`.
  base::JsonValue resolve_dynamic(base::JsonValue schema, std::string_view reference,
                                  ScopeId scope) const;

  // A place as messages name it: "#/properties/a".
  std::string pointer(base::JsonValue value) const;

  // The base URI that holds at a subschema found by walking keywords from the root.
  std::string base_of(base::JsonValue schema) const;

 private:
  void walk(base::JsonValue schema, const std::string& base);
  void walk_member(std::string_view keyword, base::JsonValue value, const std::string& base);
  std::string enter(base::JsonValue schema, const std::string& base);
  base::JsonValue follow(base::JsonValue from, std::string_view pointer,
                         std::string_view reference) const;

  base::JsonValue root_;
  std::string root_path_;
  GuideLimits limits_;
  Draft draft_ = Draft::undeclared;
  bool tracks_evaluation_ = false;
  struct PlacedValue {
    base::JsonValue value;
    ScopeId scope;
  };
  using DynamicAnchors = std::map<std::string, base::JsonValue, std::less<>>;  // by name

  std::vector<PlacedValue> values_;
  std::map<std::pair<std::size_t, ScopeId>, std::uint32_t> indices_;  // by the value's byte
  // By URI: those of a resource. A resource's own $recursiveAnchor has an empty name.
  std::map<std::string, DynamicAnchors> dynamic_anchors_;
  std::vector<DynamicAnchors> scopes_{DynamicAnchors{}};
  std::unordered_map<std::size_t, std::string> bases_;             // by the schema's byte
  std::map<std::string, base::JsonValue, std::less<>> resources_;  // by URI
  std::map<std::string, base::JsonValue, std::less<>> anchors_;    // by URI#name
};

}  // namespace espalier::guide
