// How a PartiallyGenerated value follows its content, snapshot by snapshot, at the cost of what
// came on. A program uses response.h.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "espalier/generable_codecs.h"
#include "espalier/generable_types.h"
#include "espalier/generated_content.h"

namespace espalier::detail {

// Of numbers, enums and all else that is there as a whole or not at all.
template <class T>
struct Update {
  using Value = typename PartialOf<T>::type;
  static void apply(std::optional<Value>& value, const GeneratedContent*,
                    const GeneratedContent& now) {
    value = Codec<T>::partial(now);
  }
};

// Makes `value`, which is what there was of a T in `before` (null: nothing), what there is in
// `now`, a later snapshot of the same content: Codec<T>::partial(now), without looking again at
// what had ended.
template <class T>
void update(std::optional<typename PartialOf<T>::type>& value, const GeneratedContent* before,
            const GeneratedContent& now) {
  if (before == nullptr || !before->is_complete()) Update<T>::apply(value, before, now);
}

template <>
struct Update<std::string> {
  static void apply(std::optional<std::string>& value, const GeneratedContent*,
                    const GeneratedContent& now) {
    if (now.kind() != GeneratedContent::Kind::string) return value.reset();
    if (!value) value.emplace();
    value->append(now.text().substr(value->size()));
  }
};

template <class T>
struct Update<std::vector<T>> {
  using Values = typename PartialOf<std::vector<T>>::type;

  static void apply(std::optional<Values>& values, const GeneratedContent* before,
                    const GeneratedContent& now) {
    if (now.kind() != GeneratedContent::Kind::array) return values.reset();
    const auto elements = now.elements();
    const std::size_t known = values ? before->elements().size() : 0;
    if (!values) values.emplace();
    if (known > 0) update_last(*values, before->elements(), elements[known - 1]);
    for (std::size_t i = known; i < elements.size(); ++i)
      add(*values, Codec<T>::partial(elements[i]));
  }

 private:
  using Value = typename PartialOf<T>::type;

  static void add(Values& values, std::optional<Value> value) {
    if (value) values.push_back(std::move(*value));
  }
  static void update_last(Values& values, const GeneratedContent::Elements& before,
                          const GeneratedContent& now) {
    if (before.back().is_complete()) return;
    std::optional<Value> last;
    // What is no T yet is not among the values.
    if (values.size() == before.size() || Codec<T>::partial(before.back())) {
      last = std::move(values.back());
      values.pop_back();
    }
    update<T>(last, &before.back(), now);
    add(values, std::move(last));
  }
};

template <class T, std::size_t size>
struct Update<std::array<T, size>> : Update<std::vector<T>> {};

template <Dictionary T>
struct Update<T> {
  using Value = typename DictionaryOf<T>::Value;
  using Values = typename PartialOf<T>::type;

  static void apply(std::optional<Values>& values, const GeneratedContent* before,
                    const GeneratedContent& now) {
    if (now.kind() != GeneratedContent::Kind::structure) return values.reset();
    const auto properties = now.properties();
    const std::size_t known = values ? before->properties().size() : 0;
    if (!values) values.emplace();
    for (std::size_t i = known > 0 ? known - 1 : 0; i < properties.size(); ++i) {
      const auto& [key, content] = properties[i];
      std::optional<typename PartialOf<Value>::type> value;
      if (const auto found = values->find(key); found != values->end()) {
        value = std::move(found->second);
      }
      update<Value>(value, i < known ? before->find(key) : nullptr, content);
      if (value) values->insert_or_assign(key, std::move(*value));
    }
  }
};

template <IsNullable T>
struct Update<T> {
  using Inner = typename Nullable<T>::Inner;
  using Value = typename PartialOf<T>::type;

  static void apply(std::optional<Value>& value, const GeneratedContent* before,
                    const GeneratedContent& now) {
    std::optional<typename PartialOf<Inner>::type> inner;
    if (value && *value) inner = std::move(**value);
    update<Inner>(inner, before, now);
    if (inner) {
      value = nullable<Value>(std::move(*inner));
    } else {
      value = Codec<T>::partial(now);
    }
  }
};

template <class... T>
struct Update<std::variant<T...>> {
  using Value = typename PartialOf<std::variant<T...>>::type;

  static void apply(std::optional<Value>& value, const GeneratedContent* before,
                    const GeneratedContent& now) {
    apply(value, before, now, std::index_sequence_for<T...>());
  }

 private:
  // The alternative that Codec has. While more may come that is the first that fits, and one that
  // does not fit is done with after a glance at its kind and keys.
  template <std::size_t... I>
  static void apply(std::optional<Value>& value, const GeneratedContent* before,
                    const GeneratedContent& now, std::index_sequence<I...>) {
    const std::size_t held = value ? value->index() : std::variant_npos;
    const std::size_t only = Codec<std::variant<T...>>::alternative(now);
    bool found = false;
    const auto try_alternative = [&]<std::size_t Index, class Alternative>() {
      if (found || (only != std::variant_npos && only != Index)) return;
      std::optional<typename PartialOf<Alternative>::type> fitting;
      if (Index == held) {
        fitting = std::move(std::get<Index>(*value));
        update<Alternative>(fitting, before, now);
      } else {
        fitting = Codec<Alternative>::partial(now);
      }
      found = fitting.has_value();
      if (found) value.emplace(std::in_place_index<Index>, std::move(*fitting));
    };
    (try_alternative.template operator()<I, T>(), ...);
    if (!found) value.reset();
  }
};

template <Described T>
struct Update<T> {
  static void apply(std::optional<Partial<T>>& value, const GeneratedContent* before,
                    const GeneratedContent& now) {
    if (now.kind() != GeneratedContent::Kind::structure) return value.reset();
    const auto properties = now.properties();
    const std::size_t known = before == nullptr ? 0 : before->properties().size();
    if (known > 0 && !value) return;  // it has a key that T lacks
    if (!value) value.emplace();
    for (std::size_t i = known > 0 ? known - 1 : 0; i < properties.size(); ++i) {
      const auto& [key, content] = properties[i];
      if (!Description<T>::get().has(key)) return value.reset();
      update_member(*value, key, i < known ? before->find(key) : nullptr, content);
    }
  }

 private:
  static void update_member(Partial<T>& value, const std::string& key,
                            const GeneratedContent* before, const GeneratedContent& now) {
    Description<T>::get().for_each([&](const auto& each) {
      using Member = typename std::decay_t<decltype(each)>::Member;
      if (key != each.name) return;
      auto& slot = value.*each.partial;
      if constexpr (IsNullable<Member>) {
        std::optional<typename PartialOf<Member>::type> there = std::move(slot);
        update<Member>(there, before, now);
        slot = there ? std::move(*there) : typename PartialOf<Member>::type{};
      } else {
        update<Member>(slot, before, now);
      }
    });
  }
};

}  // namespace espalier::detail
