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
// members and a default constructor, and need not be yours. ESPALIER_GENERABLE_AS says what the
// whole is. At most 60 members.
//
// Members may be: bool, integers, float, double, Decimal, std::string, enums and structures so
// declared (also within themselves), std::vector, std::map with std::string keys; std::optional,
// std::unique_ptr and std::shared_ptr, which may be left out; std::variant, which is any of its
// alternatives, the first that fits when read; GeneratedContent, which is anything; Never, which
// is nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "espalier/generable_codecs.h"  // IWYU pragma: export
#include "espalier/generable_macros.h"  // IWYU pragma: export
#include "espalier/generable_types.h"   // IWYU pragma: export
#include "espalier/generated_content.h"
#include "espalier/generation_guide.h"
#include "espalier/generation_schema.h"

// What a structure is, behind its name: ESPALIER_GENERABLE_AS(Trip, "a journey", city, …).
#define ESPALIER_GENERABLE(type, ...) ESPALIER_GENERABLE_AS(type, "", __VA_ARGS__)

#define ESPALIER_GENERABLE_AS(type, meaning, ...)                                    \
  template <>                                                                        \
  struct espalier::Partial<type> {                                                   \
    using EspalierWhole = type;                                                      \
    ESPALIER_FOR_EACH(ESPALIER_PARTIAL_MEMBER, __VA_ARGS__)                          \
  };                                                                                 \
  template <>                                                                        \
  struct espalier::Description<type> {                                               \
    static const auto& get() {                                                       \
      using namespace ::espalier::guides; /* NOLINT(google-build-using-namespace) */ \
      using EspalierWhole = type;                                                    \
      using EspalierPartial = ::espalier::Partial<type>;                             \
      static const auto description = ::espalier::detail::structure(#type, meaning)  \
          ESPALIER_FOR_EACH(ESPALIER_DESCRIBE_MEMBER, __VA_ARGS__);                  \
      return description;                                                            \
    }                                                                                \
  };                                                                                 \
  static_assert(true)

#define ESPALIER_GENERABLE_ENUM(type, ...)                     \
  template <>                                                  \
  struct espalier::Enumeration<type> {                         \
    using EspalierEnum = type;                                 \
    static constexpr const char* name = #type;                 \
    static constexpr std::pair<const char*, type> values[] = { \
        ESPALIER_FOR_EACH(ESPALIER_ENUMERATOR, __VA_ARGS__)};  \
  };                                                           \
  static_assert(true)

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
std::optional<PartiallyGenerated<T>> partially(const GeneratedContent& content) {
  return detail::Codec<T>::partial(content);
}

template <class T>
GeneratedContent GeneratedContent::of(const T& value) {
  return detail::Codec<T>::encode(value);
}

template <class T>
T GeneratedContent::value() const {
  return detail::Codec<T>::decode(*this, detail::Reading{});
}

template <class T>
T GeneratedContent::value(std::string_view property) const {
  return detail::read_property<T>(*this, property, detail::Reading{});
}

template <class T>
DynamicGenerationSchema DynamicGenerationSchema::of(std::vector<GenerationGuide> guides) {
  detail::SchemaScope scope;
  return detail::Codec<T>::schema(scope).with(guides).defining(std::move(scope.definitions));
}

template <class T, class... Guides>
GenerationSchema GenerationSchema::of(Guides... guides) {
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
