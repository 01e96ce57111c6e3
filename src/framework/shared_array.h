// An array that only grows, shared with everyone who was given its beginning.
//
//   SharedArray<char> text;
//   text.push_back('a');
//   const auto before = text.first(1);  // "a", whatever comes behind it
//
// A prefix costs a pointer and never changes. One thread appends; others may read prefixes
// meanwhile, since what is appended stands behind all that they can see. Appending copies what is
// there only when the storage has to double, so that n elements cost O(n) however many prefixes
// were taken.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace espalier::framework {

template <class T>
struct SharedPrefix {
  std::shared_ptr<const T> data = nullptr;  // keeps the storage
  std::size_t size = 0;

  // All of a string or vector.
  template <class Container>
  static SharedPrefix of(Container values) {
    auto kept = std::make_shared<const Container>(std::move(values));
    return {std::shared_ptr<const T>(kept, kept->data()), kept->size()};
  }
};

template <class T>
class SharedArray {
 public:
  void push_back(T value) {
    if (!storage_ || storage_->size() == storage_->capacity()) grow();
    storage_->push_back(std::move(value));
  }

  std::size_t size() const noexcept { return storage_ ? storage_->size() : 0; }
  const T& operator[](std::size_t i) const noexcept { return (*storage_)[i]; }
  const T* data() const noexcept { return storage_ ? storage_->data() : nullptr; }
  SharedPrefix<T> first(std::size_t count) const {
    return {std::shared_ptr<const T>(storage_, data()), count};
  }
  SharedPrefix<T> all() const { return first(size()); }

  // How many elements growing has copied.
  std::size_t copied() const noexcept { return copied_; }

 private:
  void grow() {
    constexpr std::size_t least = 8;
    auto larger = std::make_shared<std::vector<T>>();
    larger->reserve(std::max(least, 2 * size()));
    if (storage_) larger->insert(larger->end(), storage_->begin(), storage_->end());
    copied_ += size();
    storage_ = std::move(larger);
  }

  std::shared_ptr<std::vector<T>> storage_;
  std::size_t copied_ = 0;
};

}  // namespace espalier::framework
