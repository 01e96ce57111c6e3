// Sets of Unicode scalar values: what one place in a pattern may hold.
#pragma once

#include <bitset>
#include <span>
#include <vector>

namespace espalier::guide {

struct CodeRange {
  char32_t first;
  char32_t last;  // inclusive
  bool operator==(const CodeRange&) const = default;
};

inline constexpr char32_t last_code_point = 0x10FFFF;
inline constexpr char32_t first_surrogate = 0xD800;
inline constexpr char32_t last_surrogate = 0xDFFF;

// Ascending ranges that neither overlap nor touch, so that equal sets are equal vectors. Surrogates
// are no scalar values and are never in a set: ranges that are given may hold them.
class CodePoints {
 public:
  CodePoints() = default;
  explicit CodePoints(std::vector<CodeRange> ranges);

  static CodePoints one(char32_t code_point) { return CodePoints({{code_point, code_point}}); }
  static CodePoints all() { return CodePoints({{0, last_code_point}}); }

  bool empty() const noexcept { return ranges_.empty(); }
  bool contains(char32_t code_point) const noexcept;
  std::span<const CodeRange> ranges() const noexcept { return ranges_; }

  CodePoints united(const CodePoints& other) const;
  CodePoints common(const CodePoints& other) const;
  CodePoints complement() const;

  bool operator==(const CodePoints&) const = default;

 private:
  std::vector<CodeRange> ranges_;
};

// Those whose UTF-8 has none of the bytes.
CodePoints without_bytes(const std::bitset<256>& missing);

}  // namespace espalier::guide
