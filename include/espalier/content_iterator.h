// How the elements and properties of content are walked. A program uses generated_content.h.
#pragma once

#include <compare>
#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

namespace espalier::detail {

// A random-access iterator over a view whose items are asked for by number. It holds the view, and
// so may outlive it.
template <class View>
class ContentIterator {
 public:
  using iterator_concept = std::random_access_iterator_tag;
  using iterator_category = std::input_iterator_tag;
  using difference_type = std::ptrdiff_t;
  using reference = decltype(std::declval<const View&>()[0]);
  using value_type = std::remove_cvref_t<reference>;
  using pointer = void;

  ContentIterator() = default;
  ContentIterator(const View& view, std::size_t at) noexcept
      : view_(view), at_(static_cast<difference_type>(at)) {}

  reference operator*() const noexcept { return view_[static_cast<std::size_t>(at_)]; }
  reference operator[](difference_type n) const noexcept { return *(*this + n); }
  ContentIterator& operator++() noexcept { return *this += 1; }
  ContentIterator& operator--() noexcept { return *this -= 1; }
  ContentIterator operator++(int) noexcept {
    ContentIterator before = *this;
    ++*this;
    return before;
  }
  ContentIterator operator--(int) noexcept {
    ContentIterator before = *this;
    --*this;
    return before;
  }
  ContentIterator& operator+=(difference_type n) noexcept {
    at_ += n;
    return *this;
  }
  ContentIterator& operator-=(difference_type n) noexcept { return *this += -n; }
  friend ContentIterator operator+(ContentIterator it, difference_type n) noexcept {
    return it += n;
  }
  friend ContentIterator operator+(difference_type n, ContentIterator it) noexcept {
    return it += n;
  }
  friend ContentIterator operator-(ContentIterator it, difference_type n) noexcept {
    return it -= n;
  }
  friend difference_type operator-(const ContentIterator& a, const ContentIterator& b) noexcept {
    return a.at_ - b.at_;
  }
  friend bool operator==(const ContentIterator& a, const ContentIterator& b) noexcept {
    return a.at_ == b.at_;
  }
  friend std::strong_ordering operator<=>(const ContentIterator& a,
                                          const ContentIterator& b) noexcept {
    return a.at_ <=> b.at_;
  }

 private:
  View view_;
  difference_type at_ = 0;
};

template <class View>
bool same_items(const View& a, const View& b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(a[i] == b[i])) return false;
  }
  return true;
}

}  // namespace espalier::detail
