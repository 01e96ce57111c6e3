// Arrays that count their items: contains with its bounds, and what the opposite of `items` asks
// for. As a small automaton over items, each of which may count for some of the rules.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "guide/node_table.h"
#include "guide/shape.h"

namespace espalier::guide {

class ItemCounting {
 public:
  using StateNumber = std::uint32_t;

  // An item that counts for the rules whose bits are set, and what its value must be for that.
  struct Choice {
    std::uint32_t counted;
    NodeId value;
  };

  // `inhabited` says whether a node allows any value. Throws UnsupportedGuide where there would be
  // too many states.
  ItemCounting(const ArrayShape& array, NodeTable& nodes,
               const std::function<bool(NodeId)>& inhabited);

  static constexpr StateNumber start = 0;

  std::size_t states() const noexcept { return alive_.size(); }
  bool alive(StateNumber state) const { return alive_[state]; }
  bool accepts(StateNumber state) const;
  const std::vector<Choice>& choices(StateNumber state) const;
  // Behind an item; nothing where no array goes on so.
  std::optional<StateNumber> next(StateNumber state, std::uint32_t counted) const;

  const std::vector<std::vector<Choice>>& all_choices() const noexcept { return choices_; }

 private:
  std::uint64_t place(StateNumber state) const { return state / counts_; }
  std::uint64_t count(StateNumber state, std::size_t rule) const;
  void find_choices(const ArrayShape& array, NodeTable& nodes,
                    const std::function<bool(NodeId)>& inhabited);
  void find_alive();

  std::vector<ItemRule> rules_;
  std::uint64_t least_;
  std::uint64_t most_;
  std::uint64_t last_place_ = 0;  // it stands for all behind it where there is no largest length
  std::vector<std::uint64_t> radixes_;        // one more than the largest count of each rule
  std::uint32_t counts_ = 1;                  // all combinations of counts
  std::vector<std::vector<Choice>> choices_;  // by place; the last for all behind it
  std::vector<bool> alive_;
};

}  // namespace espalier::guide
