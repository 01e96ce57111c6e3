// Guides: what a value may be, beyond its type. They are held to while tokens are chosen, so no
// answer breaks one.
//
//   using namespace espalier::guides;
//   any_of("spring", "summer")          one of these strings; of an array, each element is one
//   constant("v1")                      this string
//   pattern("^[A-Z]{3}$")               a string in which a regular expression (ECMA-262) matches
//                                       something; with ^ and $ all of it
//   minimum(0)  maximum(1.5)  range(1, 14)        numbers, bounds included
//   count(3)  count(1, 5)  minimum_count(1)  maximum_count(5)        how many elements an array has
//   element(range(1, 6))                a guide for each element of an array
//
// A guide that is not for the type it stands at does not compile where that type is known (in
// ESPALIER_GENERABLE and GenerationSchema::of), and elsewhere throws UnsupportedGuide when the
// schema is made. Bool ignores guides.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "espalier/export.h"

namespace espalier {

struct GenerationGuide {
  enum class Kind { constant, any_of, pattern, range, count, element };
  Kind kind = Kind::constant;
  std::string name = {};                // as it was written: "minimum"
  std::vector<std::string> texts = {};  // the constant, the choices, the pattern
  // Bounds of a range or count as JSON spells them; empty: none.
  std::string least = {};
  std::string most = {};
  std::vector<GenerationGuide> of_element = {};  // one, of an element guide
};

namespace guides {

struct StringGuide : GenerationGuide {};
struct ChoiceGuide : GenerationGuide {};
struct NumberGuide : GenerationGuide {};
struct CountGuide : GenerationGuide {};
template <class Inner>
struct ElementGuide : GenerationGuide {};

template <class T>
concept Number = std::is_arithmetic_v<T> && !std::same_as<T, bool>;

// As JSON spells it. Throws InvalidArgument on infinities and NaN.
ESPALIER_API std::string spell(std::int64_t number);
ESPALIER_API std::string spell(std::uint64_t number);
ESPALIER_API std::string spell(double number);
template <Number T>
std::string spelled(T number) {
  using Wide =
      std::conditional_t<std::floating_point<T>, double,
                         std::conditional_t<std::signed_integral<T>, std::int64_t, std::uint64_t>>;
  return spell(static_cast<Wide>(number));
}

inline StringGuide constant(std::string text) {
  return {
      {.kind = GenerationGuide::Kind::constant, .name = "constant", .texts = {std::move(text)}}};
}
inline StringGuide pattern(std::string regex) {
  return {{.kind = GenerationGuide::Kind::pattern, .name = "pattern", .texts = {std::move(regex)}}};
}
inline ChoiceGuide any_of(std::vector<std::string> choices) {
  return {{.kind = GenerationGuide::Kind::any_of, .name = "any_of", .texts = std::move(choices)}};
}
template <std::convertible_to<std::string>... Texts>
  requires(sizeof...(Texts) > 0)
ChoiceGuide any_of(Texts... choices) {
  return any_of(std::vector<std::string>{std::string(choices)...});
}

inline NumberGuide minimum(Number auto least) {
  return {{.kind = GenerationGuide::Kind::range, .name = "minimum", .least = spelled(least)}};
}
inline NumberGuide maximum(Number auto most) {
  return {{.kind = GenerationGuide::Kind::range, .name = "maximum", .most = spelled(most)}};
}
inline NumberGuide range(Number auto least, Number auto most) {
  return {{.kind = GenerationGuide::Kind::range,
           .name = "range",
           .least = spelled(least),
           .most = spelled(most)}};
}

inline CountGuide minimum_count(std::size_t least) {
  return {{.kind = GenerationGuide::Kind::count, .name = "minimum_count", .least = spelled(least)}};
}
inline CountGuide maximum_count(std::size_t most) {
  return {{.kind = GenerationGuide::Kind::count, .name = "maximum_count", .most = spelled(most)}};
}
inline CountGuide count(std::size_t least, std::size_t most) {
  return {{.kind = GenerationGuide::Kind::count,
           .name = "count",
           .least = spelled(least),
           .most = spelled(most)}};
}
inline CountGuide count(std::size_t exactly) { return count(exactly, exactly); }

template <std::derived_from<GenerationGuide> Inner>
ElementGuide<Inner> element(Inner guide) {
  return {{.kind = GenerationGuide::Kind::element,
           .name = "element",
           .of_element = {GenerationGuide(std::move(guide))}}};
}

}  // namespace guides
}  // namespace espalier
