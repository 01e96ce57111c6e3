// What a model generated under a schema: a tree of values, to be read as types or walked as it is.
//
//   const GeneratedContent trip = GeneratedContent::from_json(R"({"city": "Oslo", "days": 3})");
//   const std::string city = trip.value<std::string>("city");
//   const auto days = trip.value<std::optional<int>>("days");
//   for (const GeneratedContent::Property& each : trip.properties()) show(each.key, each.value);
//
// What knows of types, of() and value(), is in espalier/generable.h.
//
// A value that never changes; copies share the tree, so that they cost a pointer. Any number of
// threads may read one.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "espalier/export.h"

namespace espalier {

namespace framework {
class PartialContent;
}  // namespace framework

class ESPALIER_API GeneratedContent {
 public:
  enum class Kind { null, boolean, number, string, array, structure };
  struct Property;  // key and value

  GeneratedContent() noexcept;  // null

  static GeneratedContent boolean(bool value);
  static GeneratedContent number(std::signed_integral auto value) {
    return integer(std::int64_t{value});
  }
  static GeneratedContent number(std::unsigned_integral auto value) {
    return integer(std::uint64_t{value});
  }
  // Throws InvalidArgument on infinities and NaN, for which JSON has no spelling.
  static GeneratedContent number(double value);
  // To the last digit. Throws InvalidArgument where the text is no number of JSON.
  static GeneratedContent spelled_number(std::string text);
  static GeneratedContent string(std::string value);
  static GeneratedContent array(std::vector<GeneratedContent> elements);
  // Keys keep their order. Throws InvalidArgument where one comes twice.
  static GeneratedContent structure(std::vector<Property> properties);
  // Any generable value (generable.h): what value<T>() reads back.
  template <class T>
  static GeneratedContent of(const T& value);

  // Throws DecodingFailure naming byte and place where `json` is no JSON, has a key twice or more
  // than 256 arrays and objects in each other.
  static GeneratedContent from_json(std::string_view json);
  // The same for JSON that may be cut anywhere: what is there of it, is_complete() telling whether
  // that is all. Of a string its beginning is there; a number or literal that might go on is not,
  // nor is a property without a value. No text at all is an incomplete null.
  static GeneratedContent from_partial_json(std::string_view json);
  // Without blanks, numbers as they were spelled. What is incomplete ends where it stands.
  std::string to_json() const;

  Kind kind() const noexcept;
  // Whether generation got to the value's end. Arrays and structures are as complete as what they
  // hold; what did not come from a model is complete.
  bool is_complete() const noexcept;

  // The value, or the property's value, as a generable type: bool, numbers, std::string, vectors,
  // optionals, maps, enums, structures … Throws DecodingFailure naming the place where it does not
  // fit T. A property that is absent is for optionals alone.
  template <class T>
  T value() const;
  template <class T>
  T value(std::string_view property) const;

  // The tree as it is. Each is empty (false) where the kind is another.
  bool is_true() const noexcept;
  const std::string& text() const noexcept;  // a string, or a number as JSON spells it
  const std::vector<GeneratedContent>& elements() const noexcept;
  const std::vector<Property>& properties() const noexcept;
  // The property of a structure; null where there is none.
  const GeneratedContent* find(std::string_view property) const noexcept;

  // Equal kinds and contents; keys in the same order, numbers by their value.
  ESPALIER_API friend bool operator==(const GeneratedContent& a,
                                      const GeneratedContent& b) noexcept;

 private:
  friend class framework::PartialContent;
  struct Node;
  explicit GeneratedContent(std::shared_ptr<const Node> node) noexcept;
  static GeneratedContent integer(std::int64_t value);
  static GeneratedContent integer(std::uint64_t value);

  std::shared_ptr<const Node> node_;  // null: a complete null
};

struct GeneratedContent::Property {
  std::string key;
  GeneratedContent value;
  bool operator==(const Property&) const = default;
};

// What this kind is called in messages: "a string", "an object".
ESPALIER_API const char* describe(GeneratedContent::Kind kind) noexcept;

}  // namespace espalier
