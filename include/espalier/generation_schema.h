// What a structured answer looks like: made from a type, at run time, or read from JSON.
//
//   const GenerationSchema typed = GenerationSchema::of<Trip>();      // generable.h
//
//   using Dynamic = DynamicGenerationSchema;
//   const GenerationSchema menu(Dynamic::object("Menu", {
//       {.name = "soup", .schema = Dynamic::any_of("Soup", {"leek", "beet"})},
//       {.name = "guests", .schema = Dynamic::of<int>({guides::range(1, 8)}), .is_optional =
//       true}}));
//
//   const GenerationSchema read = GenerationSchema::from_json(menu.to_json());
//
// What knows of types, both of(), is in espalier/generable.h.
//
// Whatever is wrong with a schema is thrown when it is made: InvalidSchema where it breaks a rule
// or allows nothing at all, UnsupportedGuide where it asks for what cannot be held to exactly.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "espalier/export.h"
#include "espalier/generation_guide.h"

namespace espalier {

namespace framework {
struct SchemaNode;
struct SchemaAccess;
}  // namespace framework

// A part of a schema, put together at run time. A value as cheap to copy as a pointer.
class ESPALIER_API DynamicGenerationSchema {
 public:
  struct Property;  // name, schema, description, is_optional

  // Named objects and choices may be referred to by their name, also by themselves; without a name
  // they cannot. Properties are generated in this order.
  static DynamicGenerationSchema object(std::string name, std::vector<Property> properties,
                                        std::string description = {});
  static DynamicGenerationSchema any_of(std::string name,
                                        std::vector<DynamicGenerationSchema> choices,
                                        std::string description = {});
  static DynamicGenerationSchema any_of(std::string name, std::vector<std::string> choices,
                                        std::string description = {});
  static DynamicGenerationSchema any_of(std::string name,
                                        std::initializer_list<std::string_view> choices,
                                        std::string description = {});
  static DynamicGenerationSchema array(DynamicGenerationSchema items,
                                       std::optional<std::size_t> minimum = std::nullopt,
                                       std::optional<std::size_t> maximum = std::nullopt);
  // Any keys, all values of one schema.
  static DynamicGenerationSchema dictionary(DynamicGenerationSchema values);
  // A generable type (generable.h) under guides.
  template <class T>
  static DynamicGenerationSchema of(std::vector<GenerationGuide> guides = {});
  static DynamicGenerationSchema reference(std::string name);
  static DynamicGenerationSchema null();
  // Any JSON, and none.
  static DynamicGenerationSchema anything();
  static DynamicGenerationSchema nothing();

  static DynamicGenerationSchema boolean();
  static DynamicGenerationSchema string();
  // Bounds as JSON spells them, of what the reader's type can hold: held to, but not shown to the
  // model. Empty: none.
  static DynamicGenerationSchema number(std::string least = {}, std::string most = {});
  static DynamicGenerationSchema integer(std::string least = {}, std::string most = {});

  // The same under guides. Throws UnsupportedGuide, naming the guide and what the type takes.
  [[nodiscard]] DynamicGenerationSchema with(const std::vector<GenerationGuide>& guides) const;
  // The same, bringing along what references within it name.
  [[nodiscard]] DynamicGenerationSchema defining(
      std::vector<DynamicGenerationSchema> definitions) const;

 private:
  friend struct framework::SchemaAccess;
  using Node = std::shared_ptr<const framework::SchemaNode>;
  explicit DynamicGenerationSchema(Node node) noexcept;

  Node node_;
};

struct DynamicGenerationSchema::Property {
  std::string name;
  DynamicGenerationSchema schema;
  std::string description = {};
  bool is_optional = false;  // it may be left out
};

class ESPALIER_API GenerationSchema {
 public:
  // Throws InvalidSchema, whose problem() is
  //   duplicate_type        two different schemas have one name
  //   duplicate_property    an object has two properties of one name
  //   empty_type_choices    an any_of has no choice
  //   undefined_references  a reference names none of root, its parts and `dependencies`
  explicit GenerationSchema(const DynamicGenerationSchema& root,
                            const std::vector<DynamicGenerationSchema>& dependencies = {});

  // Of a generable type, each guide checked against it at compile time.
  template <class T, class... Guides>
  static GenerationSchema of(Guides... guides);

  // JSON Schema. What to_json() writes is read as the same schema; so is whatever else guided
  // generation can hold to (docs/guided-generation.md).
  static GenerationSchema from_json(std::string_view json);

  // title, type, description, properties (keys sorted), x-order (the order in which they are
  // generated), required, additionalProperties, $defs, …; without blanks.
  //
  // A number is held to what its type can hold, but those bounds are not in the JSON, since the
  // model reads it and would see them as wishes. So a schema read from it allows 300 where this one
  // is of a std::uint8_t, and equals it all the same; reading the answer as the type refuses that.
  [[nodiscard]] std::string to_json() const;

  // The root's name; empty where it has none.
  [[nodiscard]] const std::string& name() const noexcept ESPALIER_LIFETIMEBOUND;

  // Equal as JSON: the order of keys does not count, that of elements does.
  ESPALIER_API friend bool operator==(const GenerationSchema& a, const GenerationSchema& b);

 private:
  friend struct framework::SchemaAccess;
  struct Impl;
  explicit GenerationSchema(std::shared_ptr<const Impl> impl) noexcept;

  std::shared_ptr<const Impl> impl_;
};

}  // namespace espalier
