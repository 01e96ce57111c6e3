// Counts in unions. Of .{1,64}@.{1,255} each @ that was read may be the one that ends the first
// count: were each a part by itself, a text of n of them would have led to one of 2^n unions.
#include <algorithm>
#include <optional>
#include <tuple>

#include "guide/term.h"

namespace espalier::guide {
namespace {

constexpr std::size_t most_before = 16;

// A part of a union: some elements, a repeat, and what follows it.
struct Counted {
  std::vector<TermId> before = {};
  TermId body = TermPool::nothing;
  TermId rest = TermPool::nothing;
  std::uint32_t least = 1;
  std::uint32_t most = 1;
  bool is_repeat = false;  // else something that is there once, as if it were a repeat of it
  TermId part = TermPool::nothing;

  auto kind() const { return std::tie(body, rest, before); }
  auto order() const { return std::tie(body, rest, before, least); }
};

TermId head(const TermPool& terms, TermId id) {
  return terms[id].kind == TermKind::sequence ? terms[id].first : id;
}

TermId rest(const TermPool& terms, TermId id) {
  return terms[id].kind == TermKind::sequence ? terms[id].second : TermPool::epsilon;
}

// Where the first repeat near the beginning of `part` is: so many elements are before it.
std::optional<std::size_t> find_repeat(const TermPool& terms, TermId part) {
  for (std::size_t before = 0; before <= most_before; ++before, part = rest(terms, part)) {
    if (terms[head(terms, part)].kind == TermKind::repeat) return before;
    if (terms[part].kind != TermKind::sequence) break;
  }
  return std::nullopt;
}

Counted counted(const TermPool& terms, TermId part, std::size_t elements) {
  Counted found{.part = part};
  TermId at = part;
  for (; found.before.size() < elements; at = rest(terms, at)) {
    found.before.push_back(head(terms, at));
  }
  const Term& repeat = terms[head(terms, at)];
  found.body = repeat.first;
  found.rest = rest(terms, at);
  found.least = repeat.least;
  found.most = repeat.most;
  found.is_repeat = true;
  return found;
}

// All ways to see the parts so, those that may be joined behind one another; none where no part has
// a repeat.
std::vector<Counted> all_counted(const TermPool& terms, const std::vector<TermId>& parts) {
  std::vector<Counted> all;
  for (const TermId part : parts) {
    if (const auto before = find_repeat(terms, part)) all.push_back(counted(terms, part, *before));
  }
  if (all.empty()) return all;
  for (const TermId part : parts) {
    const TermId once = head(terms, part);
    if (terms[once].kind == TermKind::repeat) continue;
    all.push_back({.body = once, .rest = rest(terms, part), .part = part});
  }
  std::ranges::sort(all, {}, &Counted::order);
  return all;
}

}  // namespace

// H X{a,b} R and H X{c,d} R are H X{min,max} R where no number between the two is missing; R alone
// is X{0,0} R. Whether any were joined.
bool TermPool::join_counts(std::vector<TermId>& parts) {
  if (parts.size() < 2) return false;
  std::vector<TermId> joined;
  std::vector<TermId> gone;
  const std::vector<Counted> all = all_counted(*this, parts);
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    Counted sum = all[begin];
    std::vector<TermId> from;
    if (sum.least <= 1 && sum.before.empty() && std::ranges::binary_search(parts, sum.rest)) {
      sum.least = 0;
      from.push_back(sum.rest);
    }
    for (end = begin; end < all.size() && all[end].kind() == sum.kind(); ++end) {
      if (all[end].least > std::uint64_t{sum.most} + 1) break;
      sum.most = std::max(sum.most, all[end].most);
      sum.is_repeat = sum.is_repeat || all[end].is_repeat;
      from.push_back(all[end].part);
    }
    if (!sum.is_repeat || from.size() < 2) continue;
    TermId term = sequence(repeat(sum.body, sum.least, sum.most), sum.rest);
    for (; !sum.before.empty(); sum.before.pop_back()) term = sequence(sum.before.back(), term);
    joined.push_back(term);
    gone.insert(gone.end(), from.begin(), from.end());
  }
  if (joined.empty()) return false;
  std::ranges::sort(gone);
  std::erase_if(parts, [&](TermId part) { return std::ranges::binary_search(gone, part); });
  parts.insert(parts.end(), joined.begin(), joined.end());
  return true;
}

}  // namespace espalier::guide
