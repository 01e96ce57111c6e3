// As much of rapidcheck as our tests use, in one header, for builds whose processor has no
// rapidcheck: Debian ships it as a library without its source, and without these words the property
// tests of the kernels could not run where they matter most.
//
// It draws random cases and names the one that fails. It does not shrink, count or classify; cases
// grow from small to large as rapidcheck's do. A word that is missing here is a compile error.
// Sequences are fixed: a case that failed fails again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rc {

// What a case is drawn from: `size` bounds the length of containers.
struct Source {
  std::mt19937_64 random;
  std::size_t size = 0;

  std::uint64_t below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random);
  }
};

// The case that is being drawn on this thread.
inline Source& source() {
  thread_local Source current;
  return current;
}

template <class T>
class Gen {
 public:
  explicit Gen(std::function<T(Source&)> draw) : draw_(std::move(draw)) {}
  T operator*() const { return draw_(source()); }

 private:
  std::function<T(Source&)> draw_;
};

namespace gen {

// [low, high); an empty range is the property's own mistake, as in rapidcheck.
template <class T>
Gen<T> inRange(T low, T high) {
  if (!(low < high)) throw std::logic_error("rc::gen::inRange: the range is empty");
  return Gen<T>([=](Source& from) {
    const auto span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    return static_cast<T>(static_cast<std::uint64_t>(low) + from.below(span));
  });
}

template <class Container>
auto elementOf(Container choices) {
  using T = typename Container::value_type;
  return Gen<T>([choices = std::move(choices)](Source& from) {
    return choices[static_cast<std::size_t>(from.below(choices.size()))];
  });
}

template <class T, class... More>
Gen<T> element(T first, More... more) {
  return elementOf(std::vector<T>{std::move(first), T(std::move(more))...});
}

template <class T, class... More>
Gen<T> oneOf(Gen<T> first, More... more) {
  const std::array<Gen<T>, 1 + sizeof...(More)> choices{std::move(first), std::move(more)...};
  return Gen<T>([choices](Source& from) {
    return *choices[static_cast<std::size_t>(from.below(choices.size()))];
  });
}

template <class T, class Function>
auto map(Gen<T> gen, Function function) {
  using Result = std::invoke_result_t<Function, T>;
  return Gen<Result>(
      [gen = std::move(gen), function = std::move(function)](Source&) { return function(*gen); });
}

template <class Container, class T>
Gen<Container> container(Gen<T> gen) {
  return Gen<Container>([gen = std::move(gen)](Source& from) {
    Container result;
    for (auto left = from.below(from.size + 1); left > 0; --left) {
      result.push_back(static_cast<typename Container::value_type>(*gen));
    }
    return result;
  });
}

// Integers, and strings and vectors of what is arbitrary itself. Bounds come up often: they are
// where code goes wrong.
template <class T>
Gen<T> arbitrary() {
  if constexpr (std::is_integral_v<T>) {
    return Gen<T>([](Source& from) {
      const std::uint64_t bits = from.random();
      if (from.below(8) == 0) {
        constexpr T bounds[] = {T{0}, T{1}, std::numeric_limits<T>::min(),
                                std::numeric_limits<T>::max()};
        return bounds[bits % 4];
      }
      return static_cast<T>(bits);
    });
  } else {
    return container<T>(arbitrary<typename T::value_type>());
  }
}

}  // namespace gen

namespace detail {

constexpr int cases = 100;

// Thrown by RC_ASSERT.
struct Falsified : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class... Args>
void call(void (*property)(Args...)) {
  property(*gen::arbitrary<std::remove_cvref_t<Args>>()...);
}
template <class Property>
void call(const Property& property) {
  property();
}

// What the first false case said; empty where none was found.
template <class Property>
std::string first_fault(const Property& property) {
  for (int i = 0; i < cases; ++i) {
    source() = {std::mt19937_64(static_cast<std::uint64_t>(i)), static_cast<std::size_t>(i)};
    const auto fault = [i](const char* what) {
      return "case " + std::to_string(i) + " of " + std::to_string(cases) + ": " + what;
    };
    try {
      call(property);
    } catch (const std::exception& error) {
      return fault(error.what());
    } catch (...) {
      return fault("an exception of an unknown type");
    }
  }
  return {};
}

}  // namespace detail

template <class Property>
bool check(const Property& property) {
  const std::string fault = detail::first_fault(property);
  if (!fault.empty()) std::cerr << fault << '\n';
  return fault.empty();
}

}  // namespace rc

#define RC_STAND_IN_TEXT_(x) #x
#define RC_STAND_IN_TEXT(x) RC_STAND_IN_TEXT_(x)
#define RC_ASSERT(...)                                                                        \
  do {                                                                                        \
    if (!(__VA_ARGS__)) {                                                                     \
      throw ::rc::detail::Falsified(__FILE__                                                  \
                                    ":" RC_STAND_IN_TEXT(__LINE__) ": false: " #__VA_ARGS__); \
    }                                                                                         \
  } while (false)
