// A value behind a pointer, or nothing: a std::optional of a type that may still be incomplete, so
// that a type can hold itself.
//
// It has its value for itself. Copies are deep, boxes with equal values are equal, and what one
// thread does with its copy is nothing to another.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace espalier {

template <class T>
class Boxed {
 public:
  Boxed() noexcept = default;
  Boxed(std::nullptr_t) noexcept {}  // NOLINT(google-explicit-constructor)
  explicit Boxed(const T& value) : value_(std::make_unique<T>(value)) {}
  explicit Boxed(T&& value) : value_(std::make_unique<T>(std::move(value))) {}
  Boxed(const Boxed& other) : value_(other ? std::make_unique<T>(*other) : nullptr) {}
  Boxed(Boxed&&) noexcept = default;
  Boxed& operator=(const Boxed& other) {
    Boxed copy(other);
    value_.swap(copy.value_);
    return *this;
  }
  Boxed& operator=(Boxed&&) noexcept = default;
  ~Boxed() = default;

  explicit operator bool() const noexcept { return value_ != nullptr; }
  T& operator*() noexcept { return *value_; }
  const T& operator*() const noexcept { return *value_; }
  T* operator->() noexcept { return value_.get(); }
  const T* operator->() const noexcept { return value_.get(); }

  friend bool operator==(const Boxed& a, const Boxed& b) { return a && b ? *a == *b : !a && !b; }
  friend bool operator==(const Boxed& a, std::nullptr_t) noexcept { return !a; }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace espalier
