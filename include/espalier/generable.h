// Types that a model can fill: one declaration, outside all namespaces, behind the type's own.
//
//   struct Trip {
//     std::string city;
//     int days;
//     std::vector<std::string> sights;
//     std::optional<std::string> note;
//   };
//   ESPALIER_GENERABLE(Trip, city, (days, "how long", range(1, 14)), (sights, count(3)), note);
//
//   enum class Season { spring, summer, autumn, winter };
//   ESPALIER_GENERABLE_ENUM(Season, spring, summer, autumn, winter);
//
//   const Trip trip = session.respond<Trip>("Plan a trip to Oslo.").content;
//
// A member stands by its name, or in parentheses with what the model is to know of it (a text) and
// its guides (generation_guide.h); properties are generated in this order. The type needs public
// members, its own or inherited, and a default constructor, and need not be yours. At most 250
// members; none is fine.
//
// A schema names a type by the last part of its name, and no two types may have one name in it:
//
//   ESPALIER_GENERABLE_AS(Trip, "a journey", city, …)               what it is, for the model
//   ESPALIER_GENERABLE_NAMED(shop::Item, "ShopItem", "", price, …)  its name, what it is or ""
//   ESPALIER_GENERABLE_ENUM_NAMED(shop::Kind, "ShopKind", fresh, …)
//   ESPALIER_GENERABLE_ENUM(Colour, red, (light_blue, "light blue"))   a text in place of a name
//
// Members may be: bool, integers, float, double, Decimal, std::string, enums and structures so
// declared (also within themselves), std::vector, std::array (so many elements exactly), std::map
// and std::unordered_map with std::string keys; std::optional, std::unique_ptr and std::shared_ptr,
// which may be left out; std::variant, which is any of its alternatives, the first that fits when
// read; GeneratedContent, which is anything; Never, which is nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "espalier/generable_codecs.h"  // IWYU pragma: export
#include "espalier/generable_macros.h"  // IWYU pragma: export
#include "espalier/generable_types.h"   // IWYU pragma: export
#include "espalier/generated_content.h"
#include "espalier/generation_guide.h"
#include "espalier/generation_schema.h"

#define ESPALIER_GENERABLE(type, ...) ESPALIER_GENERABLE_AS(type, "", __VA_ARGS__)
#define ESPALIER_GENERABLE_AS(type, meaning, ...) \
  ESPALIER_GENERABLE_NAMED(type, ::espalier::detail::unqualified(#type), meaning, __VA_ARGS__)

#define ESPALIER_GENERABLE_NAMED(type, name, meaning, ...)                                 \
  static_assert(::espalier::detail::arguments(#__VA_ARGS__) <= 250,                        \
                #type " has more than 250 members: put some in a structure of their own"); \
  static_assert(!::std::string_view(name).empty(), "give " #type " a name in schemas");    \
  template <>                                                                              \
  struct espalier::Partial<type> {                                                         \
    using EspalierWhole = type;                                                            \
    ESPALIER_FOR_EACH(ESPALIER_CHECK_MEMBER, __VA_ARGS__)                                  \
    ESPALIER_FOR_EACH(ESPALIER_PARTIAL_MEMBER, __VA_ARGS__)                                \
    bool operator==(const Partial&) const = default;                                       \
  };                                                                                       \
  template <>                                                                              \
  struct espalier::Description<type> {                                                     \
    using EspalierWhole = type;                                                            \
    using EspalierPartial = ::espalier::Partial<type>;                                     \
    static const auto& get() {                                                             \
      using namespace ::espalier::guides; /* NOLINT(google-build-using-namespace) */       \
      static const auto description = ::espalier::detail::structure(                       \
          name, meaning ESPALIER_FOR_EACH(ESPALIER_DESCRIBE_MEMBER, __VA_ARGS__));         \
      return description;                                                                  \
    }                                                                                      \
  };                                                                                       \
  static_assert(true)

#define ESPALIER_GENERABLE_ENUM(type, ...) \
  ESPALIER_GENERABLE_ENUM_NAMED(type, ::espalier::detail::unqualified(#type), __VA_ARGS__)

#define ESPALIER_GENERABLE_ENUM_NAMED(type, name, ...)                                  \
  static_assert(::espalier::detail::arguments(#__VA_ARGS__) <= 250, #type               \
                " has more than 250 enumerators: let it be a std::string of which "     \
                "any_of lists the choices");                                            \
  static_assert(::espalier::detail::arguments(#__VA_ARGS__) > 0,                        \
                "list the enumerators of " #type);                                      \
  static_assert(!::std::string_view(name).empty(), "give " #type " a name in schemas"); \
  template <>                                                                           \
  struct espalier::Enumeration<type> {                                                  \
    using EspalierEnum = type;                                                          \
    static constexpr const char* type_name = #type;                                     \
    static constexpr std::string_view schema_name = name;                               \
    static constexpr std::pair<const char*, type> values[] = {                          \
        ESPALIER_FOR_EACH(ESPALIER_ENUMERATOR, __VA_ARGS__)};                           \
    static_assert(::espalier::detail::are_distinct(values),                             \
                  "two enumerators of " #type " have one text: give each its own");     \
  };                                                                                    \
  static_assert(true)

#define ESPALIER_NO_GENERABLE_TYPE                                                            \
  "this is no generable type: declare it with ESPALIER_GENERABLE or ESPALIER_GENERABLE_ENUM " \
  "before it is used; espalier/generable.h lists what else there is"

namespace espalier {

// A T as far as it has come: a structure with each member optional, recursively; containers of
// what there is; of a string its beginning; of all else the whole or nothing.
//
//   PartiallyGenerated<Trip> trip;      // trip.city is std::optional<std::string>
//
// A member that is itself a std::optional stays one; pointers become Boxed (boxed.h). Which
// alternative a std::variant is shows for certain when its value has ended: before, it is the first
// that what has come may begin.
template <class T>
using PartiallyGenerated = typename detail::PartialOf<T>::type;

// What there is of a T in content that may be incomplete; nothing where that is no T.
template <Generable T>
[[nodiscard]] std::optional<PartiallyGenerated<T>> partially(const GeneratedContent& content) {
  return detail::Codec<T>::partial(content);
}

template <class T>
GeneratedContent GeneratedContent::of(const T& value) {
  static_assert(Generable<T>, ESPALIER_NO_GENERABLE_TYPE);
  return detail::Codec<T>::encode(value);
}

template <class T>
T GeneratedContent::value() const {
  static_assert(Generable<T>, ESPALIER_NO_GENERABLE_TYPE);
  return detail::Codec<T>::decode(*this, detail::Reading{});
}

template <class T>
T GeneratedContent::value(std::string_view property) const {
  static_assert(Generable<T>, ESPALIER_NO_GENERABLE_TYPE);
  return detail::read_property<T>(*this, property, detail::Reading{});
}

template <class T>
DynamicGenerationSchema DynamicGenerationSchema::of(std::vector<GenerationGuide> guides) {
  static_assert(Generable<T>, ESPALIER_NO_GENERABLE_TYPE);
  detail::SchemaScope scope;
  return detail::Codec<T>::schema(scope).with(guides).defining(std::move(scope.definitions));
}

template <class T, class... Guides>
GenerationSchema GenerationSchema::of(Guides... guides) {
  static_assert(Generable<T>, ESPALIER_NO_GENERABLE_TYPE);
  static_assert((detail::fits<T, Guides> && ...),
                "a guide is not for this type: see espalier/generation_guide.h");
  return GenerationSchema(DynamicGenerationSchema::of<T>({GenerationGuide(std::move(guides))...}));
}

namespace detail {

// Made once.
template <Generable T>
const GenerationSchema& schema_of() {
  static const GenerationSchema schema = GenerationSchema::of<T>();
  return schema;
}

}  // namespace detail
}  // namespace espalier
