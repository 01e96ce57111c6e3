// What generable types are: nullable, partial, described. A program uses generable.h.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
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

// A type that a model can fill.
template <class T>
concept Generable = requires { sizeof(detail::Codec<T>); };

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
ESPALIER_API std::string unqualified(std::string_view name);

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
concept Described = requires { Description<T>::get(); };

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

template <class T>
struct ElementOf {};
template <class T>
struct ElementOf<std::vector<T>> {
  using type = T;
};

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
template <class T>
struct PartialOf<std::map<std::string, T>> {
  using type = std::map<std::string, typename PartialOf<T>::type>;
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

// A described structure. property() is what ESPALIER_GENERABLE calls for each member.
template <class T, class M, class P>
struct Property {
  using Member = M;
  const char* name;
  M T::* member;
  P Partial<T>::* partial;
  std::string description;
  std::vector<GenerationGuide> guides;
};

template <class... Properties>
struct Structure {
  std::string name;
  std::string description;
  std::tuple<Properties...> properties;

  template <class T, class M, class P, class... Details>
  auto property(const char* member_name, M T::* member, P Partial<T>::* partial,
                Details... details) && {
    static_assert(Generable<M>, "this member is of no generable type: see espalier/generable.h");
    static_assert(((std::convertible_to<Details, std::string> || fits<M, Details>) && ...),
                  "a guide is not for the type of this member: see espalier/generation_guide.h");
    Property<T, M, P> added{member_name, member, partial, {}, {}};
    (add(added, std::move(details)), ...);
    return Structure<Properties..., Property<T, M, P>>{
        std::move(name), std::move(description),
        std::tuple_cat(std::move(properties), std::make_tuple(std::move(added)))};
  }

  template <class Visitor>
  void for_each(Visitor visit) const {
    std::apply([&](const auto&... each) { (visit(each), ...); }, properties);
  }
  bool has(std::string_view key) const {
    return std::apply([&](const auto&... each) { return ((key == each.name) || ...); }, properties);
  }

 private:
  template <class Added, class Detail>
  static void add(Added& to, Detail detail) {
    if constexpr (std::convertible_to<Detail, std::string>) {
      to.description = std::move(detail);
    } else {
      to.guides.push_back(std::move(detail));
    }
  }
};

inline Structure<> structure(std::string_view name, std::string description) {
  return {unqualified(name), std::move(description), {}};
}

}  // namespace detail
}  // namespace espalier
