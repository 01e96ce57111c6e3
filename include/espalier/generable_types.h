// What generable types are: nullable, partial, described. A program uses generable.h.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "espalier/boxed.h"
#include "espalier/error.h"
#include "espalier/export.h"
#include "espalier/generated_content.h"
#include "espalier/generation_guide.h"
#include "espalier/generation_schema.h"

namespace espalier {

// A number as JSON spells it, to the last digit.
struct Decimal {
  std::string text = "0";
  bool operator==(const Decimal&) const = default;
};

// A type without values: an array of it is empty, an optional of it is left out.
struct Never {
  bool operator==(const Never&) const = default;
};

// These three are specialised by the macros of generable.h.
template <class T>
struct Partial;
template <class T>
struct Description;
template <class T>
struct Enumeration;

namespace detail {

template <class T>
struct Codec;  // schema(scope), encode(value), decode(content, reading), partial(content)

}  // namespace detail

namespace detail {

// Standard containers by the names of their parts: map and unordered_map of strings.
template <class T>
struct DictionaryOf {};
template <class T, class Compare, class Allocator>
struct DictionaryOf<std::map<std::string, T, Compare, Allocator>> {
  using Value = T;
  template <class Other>
  using With = std::map<std::string, Other, Compare>;
};
template <class T, class Hash, class Equal, class Allocator>
struct DictionaryOf<std::unordered_map<std::string, T, Hash, Equal, Allocator>> {
  using Value = T;
  template <class Other>
  using With = std::unordered_map<std::string, Other, Hash, Equal>;
};
template <class T>
concept Dictionary = requires { typename DictionaryOf<T>::Value; };

// Whether a model can fill a T, down to what is in it. `Whole` is what is being declared, and may
// be within itself.
template <class T>
    struct HasCodec : std::bool_constant < requires {
  sizeof(Codec<T>);
}>{};
template <class T, class Whole>
struct Fillable : std::disjunction<std::is_same<T, Whole>, HasCodec<T>> {};
template <class T, class Whole>
struct Fillable<std::vector<T>, Whole> : Fillable<T, Whole> {};
template <class T, std::size_t size, class Whole>
struct Fillable<std::array<T, size>, Whole> : Fillable<T, Whole> {};
template <Dictionary T, class Whole>
struct Fillable<T, Whole> : Fillable<typename DictionaryOf<T>::Value, Whole> {};
template <class T, class Whole>
struct Fillable<std::optional<T>, Whole> : Fillable<T, Whole> {};
template <class T, class Whole>
struct Fillable<std::unique_ptr<T>, Whole> : Fillable<T, Whole> {};
template <class T, class Whole>
struct Fillable<std::shared_ptr<T>, Whole> : Fillable<T, Whole> {};
template <class... T, class Whole>
struct Fillable<std::variant<T...>, Whole> : std::conjunction<Fillable<T, Whole>...> {};

}  // namespace detail

// A type that a model can fill.
template <class T>
concept Generable = detail::Fillable<T, void>::value;

namespace detail {

// Where in the content a reader is, and how it takes what is missing.
struct Reading {
  const Reading* parent = nullptr;
  std::string_view key = {};  // of this value in its parent, or else:
  std::size_t index = 0;
  bool lenient = false;  // what is missing or cut stays as the type has it by default

  Reading at(std::string_view property) const { return {this, property, 0, lenient}; }
  Reading at(std::size_t element) const { return {this, {}, element, lenient}; }
};

// DecodingFailure with the place.
[[noreturn]] ESPALIER_API void fail(const Reading& reading, const std::string& problem);
ESPALIER_API void expect(const GeneratedContent& content, GeneratedContent::Kind kind,
                         const Reading& reading);
ESPALIER_API std::int64_t read_signed(const GeneratedContent& content, const Reading& reading,
                                      std::int64_t least, std::int64_t most);
ESPALIER_API std::uint64_t read_unsigned(const GeneratedContent& content, const Reading& reading,
                                         std::uint64_t most);
ESPALIER_API float read_float(const GeneratedContent& content, const Reading& reading);
ESPALIER_API double read_double(const GeneratedContent& content, const Reading& reading);

// "app::Trip" as "Trip".
constexpr std::string_view unqualified(std::string_view name) {
  const std::size_t colon = name.substr(0, name.find('<')).rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// How many arguments a macro was given, from their text.
constexpr std::size_t arguments(std::string_view text) {
  std::size_t count = text.empty() ? 0 : 1;
  std::size_t depth = 0;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\') ++i;
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '(' || c == '{' || c == '[') {
      ++depth;
    } else if (c == ')' || c == '}' || c == ']') {
      --depth;
    } else if (c == ',' && depth == 0) {
      ++count;
    }
  }
  return count;
}

// What stands for an enumerator.
constexpr const char* text_of(const char* name) { return name; }
constexpr const char* text_of(const char*, const char* text) { return text; }

template <class Value, std::size_t size>
constexpr bool are_distinct(const std::pair<const char*, Value> (&values)[size]) {
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (std::string_view(values[i].first) == values[j].first) return false;
    }
  }
  return true;
}

// The named types that a schema has met, each defined once.
struct SchemaScope {
  std::vector<const void*> entered;
  std::vector<DynamicGenerationSchema> definitions;

  bool enter(const void* type) {
    if (std::find(entered.begin(), entered.end(), type) != entered.end()) return false;
    entered.push_back(type);
    return true;
  }
};
template <class T>
inline constexpr char type_key = 0;

template <class T>
concept Enumerated = requires { Enumeration<T>::values; };
template <class T>
concept Described = requires { typename Description<T>::EspalierWhole; };

template <class T>
struct Nullable : std::false_type {};
template <class T>
struct Nullable<std::optional<T>> : std::true_type {
  using Inner = T;
};
template <class T>
struct Nullable<std::unique_ptr<T>> : std::true_type {
  using Inner = T;
};
template <class T>
struct Nullable<std::shared_ptr<T>> : std::true_type {
  using Inner = T;
};
template <class T>
concept IsNullable = Nullable<T>::value;

// Which guides are for which types.
template <class T, class Guide>
inline constexpr bool fits = false;
template <class Guide>
inline constexpr bool fits<bool, Guide> = true;
template <>
inline constexpr bool fits<std::string, guides::StringGuide> = true;
template <>
inline constexpr bool fits<std::string, guides::ChoiceGuide> = true;
template <guides::Number T>
inline constexpr bool fits<T, guides::NumberGuide> = true;
template <>
inline constexpr bool fits<Decimal, guides::NumberGuide> = true;
template <class T>
inline constexpr bool fits<std::vector<T>, guides::CountGuide> = true;
template <class T>
inline constexpr bool fits<std::vector<T>, guides::ChoiceGuide> = fits<T, guides::ChoiceGuide>;
template <class T, class Inner>
inline constexpr bool fits<std::vector<T>, guides::ElementGuide<Inner>> = fits<T, Inner>;
template <class T, std::size_t size>
inline constexpr bool fits<std::array<T, size>, guides::ChoiceGuide> = fits<T, guides::ChoiceGuide>;
template <class T, std::size_t size, class Inner>
inline constexpr bool fits<std::array<T, size>, guides::ElementGuide<Inner>> = fits<T, Inner>;
template <IsNullable T, class Guide>
inline constexpr bool fits<T, Guide> = fits<typename Nullable<T>::Inner, Guide>;

// PartiallyGenerated, and the type of a member of a Partial.
template <class T>
struct PartialOf {
  using type = Partial<T>;
};
template <class T>
  requires(!std::is_class_v<T>)
struct PartialOf<T> {
  using type = T;
};
template <>
struct PartialOf<std::string> {
  using type = std::string;
};
template <>
struct PartialOf<Decimal> {
  using type = Decimal;
};
template <>
struct PartialOf<Never> {
  using type = Never;
};
template <>
struct PartialOf<GeneratedContent> {
  using type = GeneratedContent;
};
template <class T>
struct PartialOf<std::vector<T>> {
  using type = std::vector<typename PartialOf<T>::type>;
};
template <class T, std::size_t size>
struct PartialOf<std::array<T, size>> : PartialOf<std::vector<T>> {};
template <Dictionary T>
struct PartialOf<T> {
  using type = typename DictionaryOf<T>::template With<
      typename PartialOf<typename DictionaryOf<T>::Value>::type>;
};
template <class T>
struct PartialOf<std::optional<T>> {
  using type = std::optional<typename PartialOf<T>::type>;
};
template <class T>
struct PartialOf<std::unique_ptr<T>> {
  using type = Boxed<typename PartialOf<T>::type>;
};
template <class T>
struct PartialOf<std::shared_ptr<T>> {
  using type = Boxed<typename PartialOf<T>::type>;
};
template <class... T>
struct PartialOf<std::variant<T...>> {
  using type = std::variant<typename PartialOf<T>::type...>;
};
template <class T>
struct PartialMember {
  using type = std::optional<typename PartialOf<T>::type>;
};
template <IsNullable T>
struct PartialMember<T> : PartialOf<T> {};

template <class T>
T read_property(const GeneratedContent& content, std::string_view property,
                const Reading& reading) {
  expect(content, GeneratedContent::Kind::structure, reading);
  if (const GeneratedContent* found = content.find(property)) {
    return Codec<T>::decode(*found, reading.at(property));
  }
  if (!IsNullable<T> && !reading.lenient) fail(reading.at(property), "this property is missing");
  return T{};
}

// A T out of an answer, or of its beginning: all that was not reached is as T{} has it.
template <class T>
T read_answer(const GeneratedContent& content) {
  const bool is_cut = !content.is_complete();
  if (is_cut && content.kind() == GeneratedContent::Kind::null) return T{};
  return Codec<T>::decode(content, Reading{.lenient = is_cut});
}

template <class T, class M, class P>
struct Property {
  using Member = M;
  const char* name;
  M T::* member;
  P Partial<T>::* partial;
  std::string description;
  std::vector<GenerationGuide> guides;
};

inline void add_detail(std::string& description, std::vector<GenerationGuide>&,
                       std::string detail) {
  description = std::move(detail);
}
inline void add_detail(std::string&, std::vector<GenerationGuide>& guides, GenerationGuide detail) {
  guides.push_back(std::move(detail));
}

// What ESPALIER_GENERABLE says of a member, which may be of a base of T.
template <class T, class M, class Owner, class P, class... Details>
Property<T, M, P> property(const char* name, M Owner::* member, P Partial<T>::* partial,
                           Details... details) {
  static_assert(((std::convertible_to<Details, std::string> || fits<M, Details>) && ...),
                "a guide is not for the type of this member: see espalier/generation_guide.h");
  Property<T, M, P> described{name, member, partial, {}, {}};
  (add_detail(described.description, described.guides, std::move(details)), ...);
  return described;
}

// A described structure. Not a std::tuple, which takes a compiler n^2 steps for n members.
template <std::size_t, class Property>
struct Slot {
  Property property;
};
template <class Indices, class... Properties>
struct Slots;
template <std::size_t... I, class... Properties>
struct Slots<std::index_sequence<I...>, Properties...> : Slot<I, Properties>... {
  template <class Visitor>
  void for_each([[maybe_unused]] Visitor visit) const {
    (visit(static_cast<const Slot<I, Properties>&>(*this).property), ...);
  }
};

template <class... Properties>
struct Structure {
  std::string name;
  std::string description;
  Slots<std::index_sequence_for<Properties...>, Properties...> slots;

  template <class Visitor>
  void for_each(Visitor visit) const {
    slots.for_each(std::move(visit));
  }
  bool has(std::string_view key) const {
    bool found = false;
    for_each([&](const auto& each) { found = found || key == each.name; });
    return found;
  }
};

template <class... Properties>
Structure<Properties...> structure(std::string_view name, std::string description,
                                   Properties... properties) {
  return {std::string(name), std::move(description), {{std::move(properties)}...}};
}

}  // namespace detail
}  // namespace espalier
