// How values of generable types become schemas and content and are read back. A program uses
// generable.h.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "espalier/error.h"
#include "espalier/generable_types.h"
#include "espalier/generated_content.h"
#include "espalier/generation_guide.h"
#include "espalier/generation_schema.h"

namespace espalier::detail {

template <>
struct Codec<bool> {
  static DynamicGenerationSchema schema(SchemaScope&) { return DynamicGenerationSchema::boolean(); }
  static GeneratedContent encode(bool value) { return GeneratedContent::boolean(value); }
  static bool decode(const GeneratedContent& content, const Reading& reading) {
    expect(content, GeneratedContent::Kind::boolean, reading);
    return content.is_true();
  }
  static std::optional<bool> partial(const GeneratedContent& content) {
    if (content.kind() != GeneratedContent::Kind::boolean) return std::nullopt;
    return content.is_true();
  }
};

template <guides::Number T>
struct Codec<T> {
  static DynamicGenerationSchema schema(SchemaScope&) {
    // A long double is read as a double.
    using Read = std::conditional_t<std::same_as<T, long double>, double, T>;
    std::string least = guides::spelled(std::numeric_limits<Read>::lowest());
    std::string most = guides::spelled(std::numeric_limits<Read>::max());
    if constexpr (std::floating_point<T>) {
      return DynamicGenerationSchema::number(std::move(least), std::move(most));
    } else {
      return DynamicGenerationSchema::integer(std::move(least), std::move(most));
    }
  }
  static GeneratedContent encode(T value) { return GeneratedContent::number(value); }
  static T decode(const GeneratedContent& content, const Reading& reading) {
    using Limits = std::numeric_limits<T>;
    if constexpr (std::same_as<T, float>) {
      return read_float(content, reading);
    } else if constexpr (std::floating_point<T>) {
      return static_cast<T>(read_double(content, reading));
    } else if constexpr (std::signed_integral<T>) {
      return static_cast<T>(read_signed(content, reading, Limits::min(), Limits::max()));
    } else {
      return static_cast<T>(read_unsigned(content, reading, Limits::max()));
    }
  }
  static std::optional<T> partial(const GeneratedContent& content) {
    try {
      return decode(content, Reading{});
    } catch (const DecodingFailure&) {
      return std::nullopt;
    }
  }
};

template <>
struct Codec<Decimal> {
  static DynamicGenerationSchema schema(SchemaScope&) { return DynamicGenerationSchema::number(); }
  static GeneratedContent encode(const Decimal& value) {
    return GeneratedContent::spelled_number(value.text);
  }
  static Decimal decode(const GeneratedContent& content, const Reading& reading) {
    expect(content, GeneratedContent::Kind::number, reading);
    return {std::string(content.text())};
  }
  static std::optional<Decimal> partial(const GeneratedContent& content) {
    if (content.kind() != GeneratedContent::Kind::number) return std::nullopt;
    return Decimal{std::string(content.text())};
  }
};

template <>
struct Codec<std::string> {
  static DynamicGenerationSchema schema(SchemaScope&) { return DynamicGenerationSchema::string(); }
  static GeneratedContent encode(std::string value) {
    return GeneratedContent::string(std::move(value));
  }
  static std::string decode(const GeneratedContent& content, const Reading& reading) {
    expect(content, GeneratedContent::Kind::string, reading);
    return std::string(content.text());
  }
  static std::optional<std::string> partial(const GeneratedContent& content) {
    if (content.kind() != GeneratedContent::Kind::string) return std::nullopt;
    return std::string(content.text());
  }
};

template <>
struct Codec<GeneratedContent> {
  static DynamicGenerationSchema schema(SchemaScope&) {
    return DynamicGenerationSchema::anything();
  }
  static GeneratedContent encode(GeneratedContent value) { return value; }
  static GeneratedContent decode(const GeneratedContent& content, const Reading&) {
    return content;
  }
  static std::optional<GeneratedContent> partial(const GeneratedContent& content) {
    return content;
  }
};

template <>
struct Codec<Never> {
  static DynamicGenerationSchema schema(SchemaScope&) { return DynamicGenerationSchema::nothing(); }
  static GeneratedContent encode(Never) {
    throw InvalidArgument("a Never has no content: it is for what must not be there");
  }
  static Never decode(const GeneratedContent&, const Reading& reading) {
    fail(reading, "nothing may be here");
  }
  static std::optional<Never> partial(const GeneratedContent&) { return std::nullopt; }
};

template <class T>
struct Codec<std::vector<T>> {
  static DynamicGenerationSchema schema(SchemaScope& scope) {
    return DynamicGenerationSchema::array(Codec<T>::schema(scope));
  }
  static GeneratedContent encode(const std::vector<T>& values) {
    std::vector<GeneratedContent> elements;
    for (const auto& value : values) elements.push_back(Codec<T>::encode(value));
    return GeneratedContent::array(std::move(elements));
  }
  static std::vector<T> decode(const GeneratedContent& content, const Reading& reading) {
    expect(content, GeneratedContent::Kind::array, reading);
    std::vector<T> values;
    for (const GeneratedContent& element : content.elements()) {
      values.push_back(Codec<T>::decode(element, reading.at(values.size())));
    }
    return values;
  }
  static auto partial(const GeneratedContent& content) {
    std::optional<typename PartialOf<std::vector<T>>::type> values;
    if (content.kind() != GeneratedContent::Kind::array) return values;
    values.emplace();
    for (const GeneratedContent& element : content.elements()) {
      if (auto value = Codec<T>::partial(element)) values->push_back(std::move(*value));
    }
    return values;
  }
};

// Exactly so many elements.
template <class T, std::size_t size>
struct Codec<std::array<T, size>> {
  static DynamicGenerationSchema schema(SchemaScope& scope) {
    return DynamicGenerationSchema::array(Codec<T>::schema(scope), size, size);
  }
  static GeneratedContent encode(const std::array<T, size>& values) {
    std::vector<GeneratedContent> elements;
    for (const auto& value : values) elements.push_back(Codec<T>::encode(value));
    return GeneratedContent::array(std::move(elements));
  }
  static std::array<T, size> decode(const GeneratedContent& content, const Reading& reading) {
    expect(content, GeneratedContent::Kind::array, reading);
    const std::size_t count = content.elements().size();
    if (count > size || (count < size && !reading.lenient)) {
      fail(reading, std::to_string(size) + " elements are expected, not " + std::to_string(count));
    }
    std::array<T, size> values{};
    for (std::size_t i = 0; i < count; ++i) {
      values[i] = Codec<T>::decode(content.elements()[i], reading.at(i));
    }
    return values;
  }
  static auto partial(const GeneratedContent& content) {
    return Codec<std::vector<T>>::partial(content);
  }
};

template <Dictionary T>
struct Codec<T> {
  using Value = typename DictionaryOf<T>::Value;

  static DynamicGenerationSchema schema(SchemaScope& scope) {
    return DynamicGenerationSchema::dictionary(Codec<Value>::schema(scope));
  }
  // What has no order of its own is written in that of its keys.
  static GeneratedContent encode(const T& values) {
    std::vector<GeneratedContent::Property> properties;
    for (const auto& [key, value] : values)
      properties.push_back({key, Codec<Value>::encode(value)});
    if constexpr (requires { values.hash_function(); }) {
      std::sort(properties.begin(), properties.end(),
                [](const auto& a, const auto& b) { return a.key < b.key; });
    }
    return GeneratedContent::structure(std::move(properties));
  }
  static T decode(const GeneratedContent& content, const Reading& reading) {
    expect(content, GeneratedContent::Kind::structure, reading);
    T values;
    for (const auto& [key, value] : content.properties()) {
      values.emplace(key, Codec<Value>::decode(value, reading.at(key)));
    }
    return values;
  }
  static auto partial(const GeneratedContent& content) {
    std::optional<typename PartialOf<T>::type> values;
    if (content.kind() != GeneratedContent::Kind::structure) return values;
    values.emplace();
    for (const auto& [key, each] : content.properties()) {
      if (auto value = Codec<Value>::partial(each)) values->emplace(key, std::move(*value));
    }
    return values;
  }
};

// An optional of it, or a pointer to it.
template <class To, class Value>
To nullable(Value value) {
  if constexpr (std::constructible_from<To, Value>) {
    return To(std::move(value));
  } else {
    return To(new Value(std::move(value)));
  }
}

template <IsNullable T>
struct Codec<T> {
  using Inner = typename Nullable<T>::Inner;
  using PartialT = typename PartialOf<T>::type;

  // Where it cannot be left out, null stands for nothing.
  static DynamicGenerationSchema schema(SchemaScope& scope) {
    return DynamicGenerationSchema::any_of(
        "", {Codec<Inner>::schema(scope), DynamicGenerationSchema::null()});
  }
  static GeneratedContent encode(const T& value) {
    return value ? Codec<Inner>::encode(*value) : GeneratedContent();
  }
  static T decode(const GeneratedContent& content, const Reading& reading) {
    if (content.kind() == GeneratedContent::Kind::null) return T{};
    return nullable<T>(Codec<Inner>::decode(content, reading));
  }
  static std::optional<PartialT> partial(const GeneratedContent& content) {
    auto value = Codec<Inner>::partial(content);
    if (!value)
      return content.kind() == GeneratedContent::Kind::null && content.is_complete()
                 ? std::optional<PartialT>(PartialT{})
                 : std::nullopt;
    return nullable<PartialT>(std::move(*value));
  }
};

template <class... T>
struct Codec<std::variant<T...>> {
  using Variant = std::variant<T...>;
  using PartialT = typename PartialOf<Variant>::type;

  static DynamicGenerationSchema schema(SchemaScope& scope) {
    return DynamicGenerationSchema::any_of(
        "", std::vector<DynamicGenerationSchema>{Codec<T>::schema(scope)...});
  }
  static GeneratedContent encode(const Variant& value) {
    return std::visit(
        [](const auto& each) { return Codec<std::decay_t<decltype(each)>>::encode(each); }, value);
  }
  static Variant decode(const GeneratedContent& content, const Reading& reading) {
    std::optional<Variant> found = read(content, reading);
    if (!found && reading.lenient) return Variant{};
    if (!found) fail(reading, "none of the alternatives fits this");
    return std::move(*found);
  }
  static std::optional<PartialT> partial(const GeneratedContent& content) {
    return partial(content, alternative(content), std::index_sequence_for<T...>());
  }
  // Which alternative complete content is, as decode() has it. While more may come, any may be; so
  // may any of what decode() refuses.
  static std::size_t alternative(const GeneratedContent& content) {
    if (!content.is_complete()) return std::variant_npos;
    const std::optional<Variant> found = read(content, Reading{});
    return found ? found->index() : std::variant_npos;
  }

 private:
  static std::optional<Variant> read(const GeneratedContent& content, const Reading& reading) {
    std::optional<Variant> found;
    (try_alternative<T>(content, reading, found), ...);
    return found;
  }
  // Never lenient: an alternative that lacks a property is another one.
  template <class Alternative>
  static void try_alternative(const GeneratedContent& content, Reading reading,
                              std::optional<Variant>& found) {
    if (found) return;
    reading.lenient = false;
    try {
      found.emplace(Codec<Alternative>::decode(content, reading));
    } catch (const DecodingFailure&) {
    }
  }
  template <std::size_t... I>
  static std::optional<PartialT> partial(const GeneratedContent& content, std::size_t only,
                                         std::index_sequence<I...>) {
    std::optional<PartialT> found;
    const auto try_partial = [&]<std::size_t Index, class Alternative>() {
      if (found || (only != std::variant_npos && only != Index)) return;
      if (auto value = Codec<Alternative>::partial(content)) {
        found.emplace(std::in_place_index<Index>, std::move(*value));
      }
    };
    (try_partial.template operator()<I, T>(), ...);
    return found;
  }
};

template <Enumerated T>
struct Codec<T> {
  static DynamicGenerationSchema schema(SchemaScope& scope) {
    const std::string name(Enumeration<T>::schema_name);
    if (scope.enter(&type_key<T>)) {
      std::vector<std::string> names;
      for (const auto& [text, value] : Enumeration<T>::values) names.emplace_back(text);
      scope.definitions.push_back(DynamicGenerationSchema::any_of(name, std::move(names)));
    }
    return DynamicGenerationSchema::reference(name);
  }
  static GeneratedContent encode(T wanted) {
    for (const auto& [text, value] : Enumeration<T>::values) {
      if (value == wanted) return GeneratedContent::string(text);
    }
    throw InvalidArgument(std::string("a value of enum ") + Enumeration<T>::type_name +
                          " was left out of its ESPALIER_GENERABLE_ENUM");
  }
  static T decode(const GeneratedContent& content, const Reading& reading) {
    expect(content, GeneratedContent::Kind::string, reading);
    if (const auto value = partial(content)) return *value;
    if (reading.lenient && !content.is_complete()) return T{};
    fail(reading, "\"" + std::string(content.text()) + "\" is no value of enum " +
                      Enumeration<T>::type_name);
  }
  static std::optional<T> partial(const GeneratedContent& content) {
    if (content.kind() != GeneratedContent::Kind::string || !content.is_complete()) {
      return std::nullopt;
    }
    for (const auto& [text, value] : Enumeration<T>::values) {
      if (content.text() == text) return value;
    }
    return std::nullopt;
  }
};

// Whether there is anything of a property in an answer that was cut: not of an enum's first
// letters.
template <class Member>
bool is_reached(const GeneratedContent* property) {
  if (property == nullptr) return false;
  const bool is_cut_text =
      property->kind() == GeneratedContent::Kind::string && !property->is_complete();
  return !is_cut_text || Codec<Member>::partial(*property).has_value();
}

template <Described T>
struct Codec<T> {
  static DynamicGenerationSchema schema(SchemaScope& scope) {
    const auto& structure = Description<T>::get();
    if (scope.enter(&type_key<T>)) {
      std::vector<DynamicGenerationSchema::Property> properties;
      structure.for_each([&](const auto& each) {
        using Member = typename std::decay_t<decltype(each)>::Member;
        properties.push_back({each.name, member_schema<Member>(scope).with(each.guides),
                              each.description, IsNullable<Member>});
      });
      scope.definitions.push_back(DynamicGenerationSchema::object(
          structure.name, std::move(properties), structure.description));
    }
    return DynamicGenerationSchema::reference(structure.name);
  }

  static GeneratedContent encode(const T& value) {
    std::vector<GeneratedContent::Property> properties;
    Description<T>::get().for_each([&](const auto& each) {
      using Member = typename std::decay_t<decltype(each)>::Member;
      if constexpr (IsNullable<Member>) {
        if (!(value.*each.member)) return;
      }
      properties.push_back({each.name, Codec<Member>::encode(value.*each.member)});
    });
    return GeneratedContent::structure(std::move(properties));
  }

  static T decode(const GeneratedContent& content, const Reading& reading) {
    expect(content, GeneratedContent::Kind::structure, reading);
    const auto& structure = Description<T>::get();
    T value{};
    structure.for_each([&](const auto& each) {
      using Member = typename std::decay_t<decltype(each)>::Member;
      if (reading.lenient && !is_reached<Member>(content.find(each.name))) return;
      value.*each.member = read_property<Member>(content, each.name, reading);
    });
    for (const auto& [key, unused] : content.properties()) {
      if (!structure.has(key)) fail(reading.at(key), "no such property is in " + structure.name);
    }
    return value;
  }

  static std::optional<Partial<T>> partial(const GeneratedContent& content) {
    if (content.kind() != GeneratedContent::Kind::structure) return std::nullopt;
    const auto& structure = Description<T>::get();
    for (const auto& [key, unused] : content.properties()) {
      if (!structure.has(key)) return std::nullopt;
    }
    Partial<T> value{};
    structure.for_each([&](const auto& each) {
      using Member = typename std::decay_t<decltype(each)>::Member;
      const GeneratedContent* found = content.find(each.name);
      if (found == nullptr) return;
      if (auto there = Codec<Member>::partial(*found)) value.*each.partial = std::move(*there);
    });
    return value;
  }

 private:
  template <class Member>
  static DynamicGenerationSchema member_schema(SchemaScope& scope) {
    if constexpr (IsNullable<Member>) {
      return Codec<typename Nullable<Member>::Inner>::schema(scope);
    } else {
      return Codec<Member>::schema(scope);
    }
  }
};

}  // namespace espalier::detail
