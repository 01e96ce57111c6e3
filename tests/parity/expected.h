// Reads the .expected files that make_fixtures.py writes (expected.py describes the bytes and the
// idea).
//
//   const auto expected =
//   espalier::parity::read_expected("tests/parity/fixtures/gqa_tied_f32.expected"); for
//   (std::size_t t = 0; t < expected.tokens(); ++t) {
//     const float* row = ...;  // the engine's logits after expected.ids[0..t],
//     `expected.vocabulary` of them EXPECT_LE(expected.error_at(t, row), 1e-4 *
//     expected.max_abs_logit);
//   }
//
// Standard library only. Assumes a little-endian machine, as the runtime does.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace espalier::parity {

struct Expected {
  std::uint32_t vocabulary = 0;          // V
  std::uint32_t sketches_each = 0;       // S
  float max_abs_logit = 0;               // over all T x V
  std::vector<std::int32_t> ids;         // [T], each in [0, V)
  std::vector<std::int32_t> argmax;      // [T]
  std::vector<std::uint32_t> positions;  // [P], ascending: the positions stored in full
  std::vector<float> logits;             // [P, V]
  std::vector<float> sketches;           // [T, S]
  std::vector<std::int8_t> signs;        // [S, V], each +1 or -1

  std::size_t tokens() const { return ids.size(); }

  // Error of the V logits at `row` for position t < tokens(): the larger of the sketches' estimate
  // of the error's L2 norm (at least max|error| in the mean square) and, where t is stored in full,
  // max|error|. A logit that is not finite gives a result that no bound accepts.
  double error_at(std::size_t t, const float* row) const {
    double squares = 0;
    for (std::size_t s = 0; s < sketches_each; ++s) {
      double difference = -static_cast<double>(sketches[t * sketches_each + s]);
      for (std::size_t v = 0; v < vocabulary; ++v)
        difference += signs[s * vocabulary + v] * double{row[v]};
      squares += difference * difference;
    }
    double error = std::sqrt(squares / sketches_each);
    const auto full = std::lower_bound(positions.begin(), positions.end(), t);
    if (full != positions.end() && *full == t) {
      const float* want = &logits[static_cast<std::size_t>(full - positions.begin()) * vocabulary];
      for (std::size_t v = 0; v < vocabulary; ++v) {
        error = std::max(error, std::abs(double{row[v]} - double{want[v]}));
      }
    }
    return error;
  }
};

// Throws std::runtime_error that names the file and what is wrong with it.
inline Expected read_expected(const std::filesystem::path& path) {
  static_assert(std::endian::native == std::endian::little);
  const auto require = [&](bool holds, const std::string& fault) {
    if (!holds) throw std::runtime_error(path.string() + ": " + fault);
  };
  std::ifstream file(path, std::ios::binary);
  require(file.is_open(), "cannot open (tests/parity/make_fixtures.py writes the fixtures)");
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file),
                                std::istreambuf_iterator<char>()};

  std::size_t at = 8;
  const auto take = [&]<typename T>(std::vector<T>& out, std::uint64_t count, const char* what) {
    require(count <= (bytes.size() - at) / sizeof(T),
            std::string(what) + " need " + std::to_string(count * sizeof(T)) + " bytes, " +
                std::to_string(bytes.size() - at) + " remain");
    out.resize(count);
    std::memcpy(out.data(), bytes.data() + at, count * sizeof(T));
    at += count * sizeof(T);
  };

  require(bytes.size() >= at && std::string_view(bytes.data(), at) == "EPARITY1",
          "not an .expected file");
  std::vector<std::uint32_t> counts;
  take(counts, 4, "counts");
  // A thousandfold of what the fixtures use; keeps every product below 2^64.
  require(std::ranges::all_of(counts, [](auto n) { return n > 0 && n < (1u << 20); }),
          "a count is out of range");
  const std::uint64_t t = counts[0], v = counts[1], p = counts[2], s = counts[3];

  Expected expected;
  expected.vocabulary = counts[1];
  expected.sketches_each = counts[3];
  std::vector<float> largest;
  take(largest, 1, "max|logit|");
  expected.max_abs_logit = largest[0];
  take(expected.ids, t, "token ids");
  take(expected.argmax, t, "argmax");
  take(expected.positions, p, "positions");
  take(expected.logits, p * v, "logits");
  take(expected.sketches, t * s, "sketches");
  take(expected.signs, s * v, "signs");
  require(at == bytes.size(), std::to_string(bytes.size() - at) + " bytes follow the last field");

  require(std::isfinite(largest[0]) && largest[0] > 0, "max|logit| is not a positive number");
  const auto in_vocabulary = [&](std::int32_t id) {
    return id >= 0 && static_cast<std::uint64_t>(id) < v;
  };
  require(std::ranges::all_of(expected.ids, in_vocabulary), "a token id is outside the vocabulary");
  require(std::ranges::is_sorted(expected.positions) && expected.positions.back() < t,
          "the positions are not ascending or exceed the tokens");
  return expected;
}

}  // namespace espalier::parity
