#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/json_tape.h"
#include "base/json_text.h"
#include "base/message_format.h"

namespace espalier::base {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// How far nlohmann's lexer has read, and how far it may. It keeps every byte since the last string
// or number began, brackets, blanks and literals too, and nobody is asked before that grows; so the
// reading itself stops where it would be too much.
struct Progress {
  std::size_t at = 0;
  std::size_t last = 0;
};

// The text for nlohmann's lexer, one byte after the other.
class TrackedBytes {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackedBytes(const JsonTape* tape, std::size_t at, Progress* progress)
      : tape_(tape), progress_(progress), at_(at) {}
  reference operator*() const { return tape_->text[at_]; }
  TrackedBytes& operator++() {
    progress_->at = ++at_;
    if (at_ > progress_->last) {
      tape_->fail(at_, "", "a string or number, or what stands between two, is too long");
    }
    return *this;
  }
  TrackedBytes operator++(int) {
    TrackedBytes before = *this;
    ++*this;
    return before;
  }
  bool operator==(const TrackedBytes& other) const { return at_ == other.at_; }

 private:
  const JsonTape* tape_;
  Progress* progress_;
  std::size_t at_;
};

// Each value and key but the first stands behind a bracket, a comma or a colon.
std::size_t most_values(std::string_view text) {
  return 1 + static_cast<std::size_t>(std::ranges::count_if(
                 text, [](char c) { return c == ',' || c == ':' || c == '[' || c == '{'; }));
}

// Takes nlohmann's events and writes the tape.
class TapeWriter {
 public:
  TapeWriter(JsonTape& tape, const JsonLimits& limits, Progress& progress)
      : tape_(tape), limits_(limits), progress_(progress), last_end_(progress.at) {
    tape_.nodes.reserve(std::min(most_values(tape_.text), limits_.values));
    forget();
  }

  bool null() { return add(JsonKind::null, 0); }
  bool boolean(bool value) { return add(JsonKind::boolean, value ? 1 : 0); }
  bool number_integer(std::int64_t) { return number(JsonKind::integer); }
  bool number_unsigned(std::uint64_t) { return number(JsonKind::integer); }
  bool number_float(double, const std::string&) { return number(JsonKind::real); }
  bool binary(const nlohmann::json::binary_t&) { return false; }  // not in JSON text

  bool string(const std::string& text) {
    const std::size_t at = token_start();
    // What was unescaped is never longer than it was, and the lexer is past it.
    std::memcpy(tape_.text.data() + at + 1, text.data(), text.size());
    return add_at(at, JsonKind::string, text.size());
  }

  bool key(const std::string& text) {
    open_.back().at_key = false;  // the key itself is no value to count
    string(text);
    open_.back().at_key = true;
    open_.back().key = static_cast<std::uint32_t>(tape_.nodes.size() - 1);
    return true;
  }

  bool start_array(std::size_t) { return start(JsonKind::array); }
  bool start_object(std::size_t) { return start(JsonKind::object); }

  bool end_array() { return end(); }
  bool end_object() {
    refuse_duplicates(open_.back().node);
    return end();
  }

  // nlohmann's words: "[…] parse error at line 1, column 2: syntax error while parsing value -
  // PROBLEM; last read: 'TOKEN'; expected WHAT". The token may be long and anything.
  bool parse_error(std::size_t chars_read, const std::string&,
                   const nlohmann::detail::exception& error) {
    std::string_view words = error.what();
    if (error.id == 406) {
      tape_.fail(token_start(), path(), "a number is too large for a double");
    }
    const std::size_t dash = words.find(" - ");
    if (dash != std::string_view::npos) words.remove_prefix(dash + 3);
    constexpr std::string_view expected_mark = "; expected ";
    const std::size_t expected = words.rfind(expected_mark);
    std::string problem = printable(
        words.substr(0, std::min(words.find("; last read: "), words.find(expected_mark))));
    if (expected != std::string_view::npos) {
      problem += printable(words.substr(expected));
    }
    tape_.fail(progress_start_ + (chars_read == 0 ? 0 : chars_read - 1), path(), problem);
  }

 private:
  // An array or object whose end has not come.
  struct Open {
    std::uint32_t node = 0;
    std::uint32_t key = 0;  // of an object: the last key's node
    bool at_key = false;
  };

  // The first byte of the token that the lexer has just read.
  std::size_t token_start() const { return tape_.text.find_first_not_of(" \t\r\n,:", last_end_); }

  // The lexer begins its record anew with each string and number.
  void forget() { progress_.last = progress_.at + limits_.token; }

  bool number(JsonKind kind) {
    const std::size_t at = token_start();
    // The lexer has read the byte behind the number too, unless the text ends there.
    const std::size_t end =
        std::min(tape_.text.find_first_not_of("0123456789+-.eE", at), tape_.text.size());
    add_at(at, kind, end - at);
    last_end_ = end;
    return true;
  }

  bool add(JsonKind kind, std::size_t length) { return add_at(token_start(), kind, length); }

  bool add_at(std::size_t at, JsonKind kind, std::size_t length) {
    if (tape_.nodes.size() == std::min<std::size_t>(limits_.values, next_mask)) {
      tape_.fail(at, path(),
                 fmt::format("there are more than {} values and keys", grouped(limits_.values)));
    }
    if (!open_.empty()) {
      JsonNode& parent = tape_.nodes[open_.back().node];
      const bool in_object = parent.kind == static_cast<std::uint32_t>(JsonKind::object);
      if (!in_object || open_.back().at_key) ++parent.length;
    }
    tape_.nodes.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(length),
                           static_cast<std::uint32_t>(kind) & kind_mask,
                           static_cast<std::uint32_t>(tape_.nodes.size() + 1) & next_mask});
    last_end_ = progress_.at;
    if (kind == JsonKind::string || kind == JsonKind::integer || kind == JsonKind::real) forget();
    return true;
  }

  bool start(JsonKind kind) {
    if (open_.size() == limits_.depth) {
      tape_.fail(
          token_start(), path(),
          fmt::format("arrays and objects stand more than {} deep in each other", limits_.depth));
    }
    add(kind, 0);
    open_.push_back({static_cast<std::uint32_t>(tape_.nodes.size() - 1), 0, false});
    return true;
  }

  bool end() {
    tape_.nodes[open_.back().node].next =
        static_cast<std::uint32_t>(tape_.nodes.size()) & next_mask;
    open_.pop_back();
    last_end_ = progress_.at;
    return true;
  }

  // Sorting costs the same whatever the keys are; hashing them would not.
  void refuse_duplicates(std::uint32_t object) {
    keys_.clear();
    keys_.reserve(tape_.nodes[object].length);
    for (std::uint32_t i = object + 1; i < tape_.nodes.size(); i = tape_.nodes[i + 1].next) {
      keys_.push_back(i);
    }
    const auto name = [&](std::uint32_t i) { return tape_.string(i); };
    std::ranges::sort(keys_, [&](std::uint32_t a, std::uint32_t b) {
      const int order = name(a).compare(name(b));
      return order == 0 ? a < b : order < 0;
    });
    const auto twice = std::ranges::adjacent_find(keys_, {}, name);
    if (twice == keys_.end()) return;
    open_.back().at_key = false;
    tape_.fail(
        tape_.nodes[*(twice + 1)].at, path(),
        fmt::format("the key {} appears again; it stands at byte {} already", quoted(name(*twice)),
                    grouped(tape_.first_byte + tape_.nodes[*twice].at)));
  }

  // Of the value that is expected now.
  std::string path() const {
    std::string path;
    for (const Open& open : open_) {
      const JsonNode& node = tape_.nodes[open.node];
      if (node.kind == static_cast<std::uint32_t>(JsonKind::array)) {
        // All but the innermost are inside the element they counted last.
        const bool inside = &open != &open_.back();
        path += fmt::format("/{}", inside ? node.length - 1 : node.length);
      } else if (open.at_key) {
        path += json_pointer_step(tape_.string(open.key));
      }
    }
    return path;
  }

  static constexpr std::uint32_t kind_mask = 7;  // the widths of JsonNode's fields
  static constexpr std::uint32_t next_mask = (std::uint32_t{1} << 29) - 1;

  JsonTape& tape_;
  const JsonLimits& limits_;
  Progress& progress_;
  std::size_t progress_start_ = progress_.at;
  std::size_t last_end_;
  std::vector<Open> open_;
  std::vector<std::uint32_t> keys_;  // refuse_duplicates' own
};

}  // namespace

void parse_json(JsonTape& tape, const JsonLimits& limits) {
  const std::string& text = tape.text;
  const std::size_t most_bytes =
      std::min<std::size_t>(limits.bytes, std::numeric_limits<std::uint32_t>::max());
  if (text.size() > most_bytes) {
    tape.fail(most_bytes, "",
              fmt::format("the text has {} bytes; at most {} are read", grouped(text.size()),
                          grouped(most_bytes)));
  }
  // nlohmann's lexer takes a zero byte for the end, whatever follows it.
  if (const std::size_t zero = text.find('\0'); zero != std::string::npos) {
    tape.fail(zero, "", "a zero byte, where JSON text is expected");
  }
  Progress progress;
  if (text.starts_with(byte_order_mark)) progress.at = byte_order_mark.size();
  TapeWriter writer(tape, limits, progress);
  nlohmann::json::sax_parse(TrackedBytes(&tape, progress.at, &progress),
                            TrackedBytes(&tape, text.size(), &progress), &writer);
}

}  // namespace espalier::base
