// Finds things by name: a sorted list of indices. Sorting costs the same for every choice of names,
// so a hostile file cannot slow it down the way it can fill one bucket of a hash table.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace espalier::tensor {

class NameIndex {
 public:
  NameIndex() = default;

  // name_of(item) gives a string_view; fewer than 2^32 items.
  template <class Items, class NameOf>
  NameIndex(const Items& items, NameOf name_of) : order_(items.size()) {
    std::iota(order_.begin(), order_.end(), 0U);
    // Ties stand in the order of the items, so the first of two duplicates is the earlier one.
    std::ranges::sort(order_, {}, [&](std::uint32_t i) {
      return std::pair<std::string_view, std::uint32_t>(std::invoke(name_of, items[i]), i);
    });
  }

  // Null where no item has the name. `items` and `name_of` are those of the constructor.
  template <class Item, class NameOf>
  const Item* find(std::span<const Item> items, NameOf name_of,
                   std::string_view name) const noexcept {
    const auto project = [&](std::uint32_t i) -> std::string_view {
      return std::invoke(name_of, items[i]);
    };
    const auto found = std::ranges::lower_bound(order_, name, {}, project);
    return found != order_.end() && project(*found) == name ? &items[*found] : nullptr;
  }

  // Two items of one name, if there are such.
  template <class Items, class NameOf>
  std::optional<std::pair<std::uint32_t, std::uint32_t>> duplicate(const Items& items,
                                                                   NameOf name_of) const {
    const auto found = std::ranges::adjacent_find(order_, {}, [&](std::uint32_t i) {
      return std::string_view(std::invoke(name_of, items[i]));
    });
    if (found == order_.end()) return std::nullopt;
    return std::pair(*found, *(found + 1));
  }

 private:
  std::vector<std::uint32_t> order_;
};

}  // namespace espalier::tensor
