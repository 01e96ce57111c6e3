// What a model generated under a schema: a tree of values, to be read as types or walked as it is.
//
//   const GeneratedContent trip = GeneratedContent::from_json(R"({"city": "Oslo", "days": 3})");
//   const std::string city = trip.value<std::string>("city");
//   const auto days = trip.value<std::optional<int>>("days");
//   for (const auto& [key, value] : trip.properties()) show(key, value);
//
// What knows of types, of() and value(), is in espalier/generable.h.
//
// A value that never changes; copies share the tree, so that they cost a pointer. Any number of
// threads may read one. The views that it gives (text, elements, properties) are good for as long
// as it or a copy of it lives.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "espalier/content_iterator.h"
#include "espalier/export.h"

namespace espalier {

namespace framework {
struct ContentAccess;
}  // namespace framework

class ESPALIER_API GeneratedContent {
 public:
  enum class Kind { null, boolean, number, string, array, structure };
  struct Property;           // key and value
  struct PropertyReference;  // the same, of content that holds them
  class Elements;            // random-access ranges of these
  class Properties;

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
  [[nodiscard]] std::string to_json() const;

  [[nodiscard]] Kind kind() const noexcept;
  // Whether generation got to the value's end. Arrays and structures are as complete as what they
  // hold; what did not come from a model is complete.
  [[nodiscard]] bool is_complete() const noexcept;

  // The value, or the property's value, as a generable type: bool, numbers, std::string, vectors,
  // optionals, maps, enums, structures … Throws DecodingFailure naming the place where it does not
  // fit T. A property that is absent is for optionals alone.
  template <class T>
  T value() const;
  template <class T>
  T value(std::string_view property) const;

  // The tree as it is. Each is empty (false) where the kind is another.
  [[nodiscard]] bool is_true() const noexcept;
  // Of a string, or a number as JSON spells it.
  [[nodiscard]] std::string_view text() const noexcept ESPALIER_LIFETIMEBOUND;
  [[nodiscard]] Elements elements() const noexcept ESPALIER_LIFETIMEBOUND;
  [[nodiscard]] Properties properties() const noexcept ESPALIER_LIFETIMEBOUND;
  // The property of a structure; null where there is none.
  [[nodiscard]] const GeneratedContent* find(std::string_view property) const noexcept
      ESPALIER_LIFETIMEBOUND;

  // Which value of its answer this is: the same number in all snapshots of one stream and in the
  // response, for lists that animate. The root is 1, and values are counted as they begin. 0 for
  // what no model generated.
  [[nodiscard]] std::uint64_t id() const noexcept;

  // Equal kinds and contents, complete both or neither; keys in the same order, numbers by their
  // value to the last digit, however they are spelled. Ids do not count.
  ESPALIER_API friend bool operator==(const GeneratedContent& a,
                                      const GeneratedContent& b) noexcept;

 private:
  friend struct framework::ContentAccess;
  struct Node;
  explicit GeneratedContent(std::shared_ptr<const Node> node) noexcept;
  static GeneratedContent integer(std::int64_t value);
  static GeneratedContent integer(std::uint64_t value);
  Elements values() const noexcept;  // of an array or structure

  std::shared_ptr<const Node> node_;  // null: a complete null
};

struct GeneratedContent::Property {
  std::string key;
  GeneratedContent value;
  bool operator==(const Property&) const = default;
};

struct GeneratedContent::PropertyReference {
  const std::string& key;
  const GeneratedContent& value;
  operator Property() const { return {key, value}; }  // NOLINT(google-explicit-constructor)
  bool operator==(const PropertyReference& other) const {
    return key == other.key && value == other.value;
  }
};

// for (const GeneratedContent& element : content.elements()) …
class GeneratedContent::Elements {
 public:
  using Iterator = detail::ContentIterator<Elements>;

  Elements() = default;
  std::size_t size() const noexcept { return shared_ + (last_ == nullptr ? 0 : 1); }
  bool empty() const noexcept { return size() == 0; }
  const GeneratedContent& operator[](std::size_t i) const noexcept {
    return i < shared_ ? first_[i] : *last_;
  }
  const GeneratedContent& back() const noexcept { return (*this)[size() - 1]; }
  Iterator begin() const noexcept { return {*this, 0}; }
  Iterator end() const noexcept { return {*this, size()}; }
  friend bool operator==(const Elements& a, const Elements& b) noexcept {
    return detail::same_items(a, b);
  }

 private:
  friend class GeneratedContent;
  Elements(const GeneratedContent* first, std::size_t shared, const GeneratedContent* last)
      : first_(first), shared_(shared), last_(last) {}

  // What snapshots share, and the value behind it that is still growing.
  const GeneratedContent* first_ = nullptr;
  std::size_t shared_ = 0;
  const GeneratedContent* last_ = nullptr;
};

// for (const auto& [key, value] : content.properties()) …
class GeneratedContent::Properties {
 public:
  using Iterator = detail::ContentIterator<Properties>;

  Properties() = default;
  std::size_t size() const noexcept { return values_.size(); }
  bool empty() const noexcept { return values_.empty(); }
  PropertyReference operator[](std::size_t i) const noexcept { return {keys_[i], values_[i]}; }
  PropertyReference back() const noexcept { return (*this)[size() - 1]; }
  Iterator begin() const noexcept { return {*this, 0}; }
  Iterator end() const noexcept { return {*this, size()}; }
  friend bool operator==(const Properties& a, const Properties& b) noexcept {
    return detail::same_items(a, b);
  }

 private:
  friend class GeneratedContent;
  Properties(const std::string* keys, Elements values) : keys_(keys), values_(values) {}

  const std::string* keys_ = nullptr;
  Elements values_;
};

}  // namespace espalier

// Both are views, whose iterators hold what they need: std::views take them as they are.
template <>
inline constexpr bool std::ranges::enable_view<espalier::GeneratedContent::Elements> = true;
template <>
inline constexpr bool std::ranges::enable_view<espalier::GeneratedContent::Properties> = true;
template <>
inline constexpr bool std::ranges::enable_borrowed_range<espalier::GeneratedContent::Elements> =
    true;
template <>
inline constexpr bool std::ranges::enable_borrowed_range<espalier::GeneratedContent::Properties> =
    true;

namespace espalier {

// What this kind is called in messages: "a string", "an object".
ESPALIER_API const char* describe(GeneratedContent::Kind kind) noexcept;

}  // namespace espalier
