#include "guide/code_points.h"

#include <algorithm>
#include <string>

#include "text/utf8.h"

namespace espalier::guide {
namespace {

// Sorted, merged where they overlap or touch.
std::vector<CodeRange> merged(std::vector<CodeRange> ranges) {
  std::ranges::sort(ranges, {}, &CodeRange::first);
  std::vector<CodeRange> result;
  for (const CodeRange& range : ranges) {
    if (!result.empty() && range.first <= result.back().last + 1) {
      result.back().last = std::max(result.back().last, range.last);
    } else {
      result.push_back(range);
    }
  }
  return result;
}

// What lies between sorted ranges.
std::vector<CodeRange> gaps(const std::vector<CodeRange>& ranges) {
  std::vector<CodeRange> result;
  char32_t next = 0;
  for (const CodeRange& range : ranges) {
    if (range.first > next) result.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= last_code_point) result.push_back({next, last_code_point});
  return result;
}

std::vector<CodeRange> without_surrogates(const std::vector<CodeRange>& ranges) {
  std::vector<CodeRange> result;
  for (const CodeRange& range : ranges) {
    if (range.last < first_surrogate || range.first > last_surrogate) {
      result.push_back(range);
      continue;
    }
    if (range.first < first_surrogate) result.push_back({range.first, first_surrogate - 1});
    if (range.last > last_surrogate) result.push_back({last_surrogate + 1, range.last});
  }
  return result;
}

}  // namespace

CodePoints::CodePoints(std::vector<CodeRange> ranges)
    : ranges_(without_surrogates(merged(std::move(ranges)))) {}

bool CodePoints::contains(char32_t code_point) const noexcept {
  const auto after = std::ranges::upper_bound(ranges_, code_point, {}, &CodeRange::first);
  return after != ranges_.begin() && code_point <= std::prev(after)->last;
}

CodePoints CodePoints::united(const CodePoints& other) const {
  std::vector<CodeRange> ranges = ranges_;
  ranges.insert(ranges.end(), other.ranges_.begin(), other.ranges_.end());
  return CodePoints(std::move(ranges));
}

CodePoints CodePoints::common(const CodePoints& other) const {
  std::vector<CodeRange> result;
  auto a = ranges_.begin();
  auto b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    const char32_t first = std::max(a->first, b->first);
    const char32_t last = std::min(a->last, b->last);
    if (first <= last) result.push_back({first, last});
    (a->last < b->last ? a : b)++;
  }
  return CodePoints(std::move(result));
}

CodePoints CodePoints::complement() const { return CodePoints(gaps(ranges_)); }

CodePoints without_bytes(const std::bitset<256>& missing) {
  if (missing.none()) return CodePoints::all();
  std::vector<CodeRange> ranges;
  std::string bytes;
  for (char32_t c = 0; c <= last_code_point; ++c) {
    if (c >= first_surrogate && c <= last_surrogate) continue;
    bytes.clear();
    text::append_utf8(c, bytes);
    const auto lacks = [&](char byte) { return missing[static_cast<unsigned char>(byte)]; };
    if (std::ranges::none_of(bytes, lacks)) ranges.push_back({c, c});
  }
  return CodePoints(std::move(ranges));
}

}  // namespace espalier::guide
