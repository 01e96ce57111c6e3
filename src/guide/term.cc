#include "guide/term.h"

#include <algorithm>
#include <unordered_set>

#include "espalier/error.h"

namespace espalier::guide {
namespace {

constexpr std::size_t long_list = std::size_t{1} << 14;  // characters

constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t value) noexcept {
  return (hash ^ value) * 0x9E3779B97F4A7C15ULL + (hash >> 29);
}

}  // namespace

std::size_t TermPool::KeyHash::operator()(const Key& key) const noexcept {
  std::uint64_t hash = mix(static_cast<std::uint64_t>(key.term.kind) + 1, key.term.first);
  hash = mix(mix(mix(hash, key.term.second), key.term.least), key.term.most);
  for (const TermId part : key.parts) hash = mix(hash, part);
  return static_cast<std::size_t>(hash ^ (hash >> 32));
}

TermPool::TermPool(const GuideLimits& limits) : limits_(limits) {
  intern({.kind = TermKind::nothing});
  intern({.kind = TermKind::epsilon, .nullable = true});
  intern({.kind = TermKind::negation, .nullable = true, .first = nothing});
}

TermId TermPool::intern(Term term, std::vector<TermId> parts) {
  Key key{term, std::move(parts)};
  const auto known = ids_.find(key);
  if (known != ids_.end()) return known->second;
  if (terms_.size() >= limits_.terms) {
    throw UnsupportedGuide(
        "the guide's patterns and lengths make too many different terms; "
        "simplify its patterns or lower its bounds");
  }
  if (!key.parts.empty()) {
    term.first = static_cast<std::uint32_t>(parts_.size());
    term.second = static_cast<std::uint32_t>(key.parts.size());
    parts_.insert(parts_.end(), key.parts.begin(), key.parts.end());
  }
  const auto id = static_cast<TermId>(terms_.size());
  terms_.push_back(term);
  ids_.emplace(std::move(key), id);
  return id;
}

TermId TermPool::set(const CodePoints& points) {
  if (points.empty()) return nothing;
  std::vector<std::pair<char32_t, char32_t>> key;
  for (const CodeRange& range : points.ranges()) key.emplace_back(range.first, range.last);
  const auto [known, added] =
      set_ids_.emplace(std::move(key), static_cast<std::uint32_t>(sets_.size()));
  if (added) sets_.push_back(points);
  return intern({.kind = TermKind::set, .first = known->second});
}

TermId TermPool::text(std::u32string_view characters) {
  TermId term = epsilon;
  for (std::size_t i = characters.size(); i-- > 0;) {
    term = sequence(set(CodePoints::one(characters[i])), term);
  }
  return term;
}

TermId TermPool::any_of(std::vector<std::u32string> texts) {
  std::ranges::sort(texts);
  const auto repeated = std::ranges::unique(texts);
  texts.erase(repeated.begin(), repeated.end());
  std::size_t characters = 0;
  for (const std::u32string& text : texts) characters += text.size();
  if (characters < long_list) return any_of_sorted(texts, 0);
  const auto size = static_cast<std::uint32_t>(texts.size());
  return listed(list_number(std::move(texts)), 0, size, 0);
}

std::uint32_t TermPool::list_number(std::vector<std::u32string> texts) {
  const auto known = std::ranges::find(lists_, texts);
  const auto number = static_cast<std::uint32_t>(known - lists_.begin());
  if (known == lists_.end()) lists_.push_back(std::move(texts));
  return number;
}

TermId TermPool::listed(std::uint32_t list, std::uint32_t begin, std::uint32_t end,
                        std::uint32_t read) {
  if (begin == end) return nothing;
  const bool ends_here = lists_[list][begin].size() == read;
  if (ends_here && end - begin == 1) return epsilon;
  return intern({.kind = TermKind::listed,
                 .nullable = ends_here,
                 .first = list,
                 .second = begin,
                 .least = end,
                 .most = read});
}

TermId TermPool::derive_listed(const Term& term, char32_t code_point) {
  const auto texts = std::span(lists_[term.first]).subspan(term.second, term.least - term.second);
  const auto next = [&](const std::u32string& text) {  // the shortest, which ends here, is first
    return text.size() == term.most ? -1 : static_cast<std::int64_t>(text[term.most]);
  };
  const auto found =
      std::ranges::equal_range(texts, static_cast<std::int64_t>(code_point), {}, next);
  const auto begin = term.second + static_cast<std::uint32_t>(found.begin() - texts.begin());
  return listed(term.first, begin, begin + static_cast<std::uint32_t>(found.size()), term.most + 1);
}

// The texts' ends from the character at `from` on, which all have the same characters before it.
TermId TermPool::any_of_sorted(std::span<const std::u32string> texts, std::size_t from) {
  if (texts.empty()) return nothing;
  if (texts.size() == 1) return text(std::u32string_view(texts.front()).substr(from));
  std::vector<TermId> parts;
  std::size_t begin = 0;
  while (begin < texts.size() && texts[begin].size() == from) ++begin;
  if (begin > 0) parts.push_back(epsilon);
  while (begin < texts.size()) {
    const char32_t first = texts[begin][from];
    std::size_t end = begin;
    while (end < texts.size() && texts[end][from] == first) ++end;
    parts.push_back(sequence(set(CodePoints::one(first)),
                             any_of_sorted(texts.subspan(begin, end - begin), from + 1)));
    begin = end;
  }
  return either(std::move(parts));
}

TermId TermPool::sequence(TermId first, TermId second) {
  if (first == nothing || second == nothing) return nothing;
  if (first == epsilon) return second;
  if (second == epsilon) return first;
  if (first == everything && second == everything) return everything;
  if (terms_[first].kind == TermKind::sequence) {
    std::vector<TermId> heads;
    for (; terms_[first].kind == TermKind::sequence; first = terms_[first].second) {
      heads.push_back(terms_[first].first);
    }
    second = sequence(first, second);
    for (; !heads.empty(); heads.pop_back()) second = sequence(heads.back(), second);
    return second;
  }
  return intern({.kind = TermKind::sequence,
                 .nullable = nullable(first) && nullable(second),
                 .first = first,
                 .second = second});
}

TermId TermPool::sequence(std::initializer_list<TermId> parts) {
  TermId term = epsilon;
  for (auto part = std::rbegin(parts); part != std::rend(parts); ++part) {
    term = sequence(*part, term);
  }
  return term;
}

// Parts of the same kind take their parts' place; sorted, each once. False where one is the
// complement of another.
bool TermPool::flatten(TermKind kind, std::vector<TermId>& parts) const {
  std::vector<TermId> flat;
  for (const TermId part : parts) {
    const Term& term = terms_[part];
    if (term.kind == kind) {
      const auto inner = this->parts(term);
      flat.insert(flat.end(), inner.begin(), inner.end());
    } else {
      flat.push_back(part);
    }
  }
  std::ranges::sort(flat);
  const auto repeated = std::ranges::unique(flat);
  flat.erase(repeated.begin(), repeated.end());
  parts = std::move(flat);
  return std::ranges::none_of(parts, [&](TermId part) {
    const Term& term = terms_[part];
    return term.kind == TermKind::negation && std::ranges::binary_search(parts, term.first);
  });
}

TermId TermPool::either(std::vector<TermId> parts) {
  if (!flatten(TermKind::either, parts)) return everything;
  std::erase(parts, nothing);
  if (std::ranges::binary_search(parts, everything)) return everything;
  // One set for all sets.
  CodePoints points;
  std::size_t sets = 0;
  for (const TermId part : parts) {
    if (terms_[part].kind != TermKind::set) continue;
    points = points.united(this->points(terms_[part]));
    ++sets;
  }
  if (sets > 1) {
    std::erase_if(parts, [&](TermId part) { return terms_[part].kind == TermKind::set; });
    parts.push_back(set(points));
    std::ranges::sort(parts);
  }
  if (join_counts(parts)) return either(std::move(parts));  // fewer, which may join again
  const auto nullable_parts = std::ranges::count_if(parts, [&](TermId id) { return nullable(id); });
  if (nullable_parts > 1) std::erase(parts, epsilon);
  if (parts.empty()) return nothing;
  if (parts.size() == 1) return parts.front();
  return intern({.kind = TermKind::either, .nullable = nullable_parts > 0}, std::move(parts));
}

TermId TermPool::both(std::vector<TermId> parts) {
  if (!flatten(TermKind::both, parts)) return nothing;
  std::erase(parts, everything);
  if (parts.empty()) return everything;
  if (parts.front() == nothing) return nothing;
  const bool is_nullable = std::ranges::all_of(parts, [&](TermId id) { return nullable(id); });
  if (std::ranges::binary_search(parts, epsilon)) return is_nullable ? epsilon : nothing;
  CodePoints points = CodePoints::all();
  std::size_t sets = 0;
  for (const TermId part : parts) {
    if (terms_[part].kind != TermKind::set) continue;
    points = points.common(this->points(terms_[part]));
    ++sets;
  }
  if (sets > 1) {
    std::erase_if(parts, [&](TermId part) { return terms_[part].kind == TermKind::set; });
    parts.push_back(set(points));
    std::ranges::sort(parts);
    if (parts.front() == nothing) return nothing;
  }
  if (parts.size() == 1) return parts.front();
  return intern({.kind = TermKind::both, .nullable = is_nullable}, std::move(parts));
}

TermId TermPool::negation(TermId term) {
  if (terms_[term].kind == TermKind::negation) return terms_[term].first;
  return intern({.kind = TermKind::negation, .nullable = !nullable(term), .first = term});
}

TermId TermPool::repeat(TermId term, std::uint32_t least, std::uint32_t most) {
  if (least > most) return nothing;
  if (most == 0 || term == epsilon) return epsilon;
  if (term == nothing) return least == 0 ? epsilon : nothing;
  if (least == 1 && most == 1) return term;
  if (nullable(term)) least = 0;
  const Term& inner = terms_[term];
  const bool is_star =
      inner.kind == TermKind::repeat && inner.least == 0 && inner.most == unbounded;
  if (is_star || term == everything) return term;
  if (inner.kind == TermKind::repeat && inner.least == 0 && most < unbounded / inner.most) {
    return repeat(inner.first, 0, inner.most * most);  // the same texts, and no two ways to count
  }
  if (least == 0 && most == unbounded && inner.kind == TermKind::set &&
      points(inner) == CodePoints::all()) {
    return everything;
  }
  return intern({.kind = TermKind::repeat,
                 .nullable = least == 0,
                 .first = term,
                 .least = least,
                 .most = most});
}

TermId TermPool::multiple_of(std::uint32_t modulus, std::uint32_t scale) {
  return residue(modulus, 0, scale, false);
}

TermId TermPool::residue(std::uint32_t modulus, std::uint32_t remainder, std::uint32_t expected,
                         bool fraction) {
  std::uint64_t value = remainder;
  for (std::uint32_t i = 0; i < expected; ++i) value = value * 10 % modulus;
  return intern({.kind = TermKind::residue,
                 .nullable = value == 0,
                 .first = modulus,
                 .second = remainder,
                 .least = expected,
                 .most = fraction ? 1U : 0U});
}

TermId TermPool::document(std::uint32_t number) {
  documents_ = std::max(documents_, number + 1);
  return intern({.kind = TermKind::document, .first = number});
}

TermId TermPool::derivative(TermId term, char32_t code_point) {
  derived_.clear();
  return derive(term, code_point);
}

TermId TermPool::derive(TermId id, char32_t code_point) {
  const Term term = terms_[id];
  switch (term.kind) {
    case TermKind::nothing:
    case TermKind::epsilon:
      return nothing;
    case TermKind::set:
      return points(term).contains(code_point) ? epsilon : nothing;
    case TermKind::residue:
      return derive_residue(term, code_point);
    case TermKind::listed:
      return derive_listed(term, code_point);
    case TermKind::document:
      return code_point == first_document + term.first ? epsilon : nothing;
    case TermKind::negation:
      if (code_point > last_code_point) return nothing;
      break;
    default:
      break;
  }
  if (id == everything) return everything;
  const auto known = derived_.find(id);
  if (known != derived_.end()) return known->second;
  const TermId result = derive_parts(term, code_point);
  derived_.emplace(id, result);
  return result;
}

TermId TermPool::derive_parts(const Term& term, char32_t code_point) {
  if (term.kind == TermKind::negation) return negation(derive(term.first, code_point));
  if (term.kind == TermKind::sequence) {
    const TermId through = sequence(derive(term.first, code_point), term.second);
    if (!nullable(term.first)) return through;
    return either(through, derive(term.second, code_point));
  }
  if (term.kind == TermKind::repeat) {
    const TermId inner = derive(term.first, code_point);
    const std::uint32_t least = term.least == 0 ? 0 : term.least - 1;
    const std::uint32_t most = term.most == unbounded ? unbounded : term.most - 1;
    return sequence(inner, repeat(term.first, least, most));
  }
  std::vector<TermId> derived;
  derived.reserve(term.second);
  for (std::uint32_t i = 0; i < term.second; ++i) {
    const TermId part = derive(parts_[term.first + i], code_point);
    if (part == nothing && term.kind == TermKind::both) return nothing;
    if (part != nothing) derived.push_back(part);
  }
  return term.kind == TermKind::both ? both(std::move(derived)) : either(std::move(derived));
}

TermId TermPool::derive_residue(const Term& term, char32_t code_point) {
  const bool fraction = term.most == 1;
  if (code_point == U'.') {
    return fraction ? nothing : residue(term.first, term.second, term.least, true);
  }
  if (code_point < U'0' || code_point > U'9') return nothing;
  const std::uint32_t digit = code_point - U'0';
  if (fraction && term.least == 0) {  // all digits that may be other than 0 have been read
    return digit == 0 ? residue(term.first, term.second, 0, true) : nothing;
  }
  const auto remainder =
      static_cast<std::uint32_t>((std::uint64_t{term.second} * 10 + digit) % term.first);
  return residue(term.first, remainder, fraction ? term.least - 1 : term.least, fraction);
}

std::size_t TermPool::width(TermId id) const noexcept {
  for (;;) {
    const Term& term = terms_[id];
    switch (term.kind) {
      case TermKind::either:
      case TermKind::both:
        return term.second;
      case TermKind::sequence:
      case TermKind::negation:
      case TermKind::repeat:
        id = term.first;
        break;
      default:
        return 1;
    }
  }
}

std::vector<char32_t> TermPool::boundaries(TermId id) const {
  std::vector<char32_t> found{0, first_document};
  std::vector<TermId> open{id};
  std::unordered_set<TermId> seen;
  while (!open.empty()) {
    const TermId next = open.back();
    open.pop_back();
    if (!seen.insert(next).second) continue;
    const Term& term = terms_[next];
    switch (term.kind) {
      case TermKind::nothing:
      case TermKind::epsilon:
        break;
      case TermKind::set:
        for (const CodeRange& range : points(term).ranges()) {
          found.push_back(range.first);
          found.push_back(range.last + 1);
        }
        break;
      case TermKind::residue:
        for (char32_t c = U'0'; c <= U'9' + 1; ++c) found.push_back(c);
        found.push_back(U'.');
        found.push_back(U'.' + 1);
        break;
      case TermKind::listed:
        for (std::uint32_t i = term.second; i < term.least; ++i) {
          const std::u32string& text = lists_[term.first][i];
          if (text.size() == term.most) continue;
          if (found.back() == text[term.most] + 1) continue;
          found.push_back(text[term.most]);
          found.push_back(text[term.most] + 1);
        }
        break;
      case TermKind::document:
        found.push_back(first_document + term.first);
        found.push_back(first_document + term.first + 1);
        break;
      case TermKind::sequence:
        open.push_back(term.first);
        if (nullable(term.first)) open.push_back(term.second);
        break;
      case TermKind::negation:
      case TermKind::repeat:
        open.push_back(term.first);
        break;
      case TermKind::either:
      case TermKind::both:
        for (const TermId part : parts(term)) open.push_back(part);
        break;
    }
  }
  std::ranges::sort(found);
  const auto repeated = std::ranges::unique(found);
  found.erase(repeated.begin(), repeated.end());
  while (found.back() > last_symbol()) found.pop_back();
  return found;
}

}  // namespace espalier::guide
