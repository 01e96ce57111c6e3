// Where an answer stands, read so far byte by byte: one of the ways to read it.
//
// An answer is text with JSON documents in it, or a document alone. It is usually read in one way;
// where a schema has alternatives, in several at once, each a Configuration. What is open around
// the place in a document is a stack of frames that never change and are shared, so that a copy
// costs a pointer.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "guide/plan.h"
#include "guide/string_bytes.h"

namespace espalier::guide {

// A text that grows by a character at a time and whose copies share their beginnings.
class GrowingText {
 public:
  void add(char32_t character);
  std::u32string text() const;
  explicit operator bool() const noexcept { return last_ != nullptr; }

 private:
  struct Character;
  std::shared_ptr<const Character> last_;
};

// A key that an object has and no name of its plan is, or an item of an array whose items are
// unique.
struct SeenKey {
  SeenKey(std::u32string text_, std::shared_ptr<const SeenKey> before_)
      : text(std::move(text_)), before(std::move(before_)) {}
  SeenKey(const SeenKey&) = delete;
  SeenKey& operator=(const SeenKey&) = delete;
  ~SeenKey();  // without recursion

  std::u32string text;
  std::shared_ptr<const SeenKey> before;
};

// Names of a plan, by their numbers.
class NameSet {
 public:
  NameSet() = default;
  explicit NameSet(std::size_t names) : more_(names > 64 ? (names - 1) / 64 : 0) {}

  bool has(std::uint32_t name) const noexcept { return (word(name) >> (name % 64) & 1U) != 0; }
  void add(std::uint32_t name) noexcept {
    std::uint64_t& word = name < 64 ? first_ : more_[name / 64 - 1];
    word |= std::uint64_t{1} << (name % 64);
  }
  bool operator==(const NameSet&) const = default;

 private:
  std::uint64_t word(std::uint32_t name) const noexcept {
    return name < 64 ? first_ : more_[name / 64 - 1];
  }

  std::uint64_t first_ = 0;  // most objects have no more names
  std::vector<std::uint64_t> more_;
};

class TokenTrie;

// The tails of a vocabulary (TokenTails) that may come behind a text.
struct KnownTails {
  std::shared_ptr<const TokenTrie> trie;
  std::vector<std::uint32_t> allowed;  // ascending
  // Of which text in the frame they are known.
  bool key = false;
  std::uint32_t region = 0;
  unsigned splits = 0;
};

// An object or array that is open.
struct Frame {
  Frame() = default;
  Frame(const Frame& other)
      : outer(other.outer),
        is_object(other.is_object),
        plan(other.plan),
        count(other.count),
        missing(other.missing),
        witnesses(other.witnesses),
        rank(other.rank),
        seen(other.seen),
        others(other.others) {}
  Frame& operator=(const Frame&) = delete;
  ~Frame();  // without recursion: documents are as deep as their writer likes

  std::shared_ptr<const Frame> outer;
  bool is_object = false;
  std::uint32_t plan = 0;
  std::uint64_t count = 0;      // members or items that have begun
  std::uint32_t missing = 0;    // keys that must come still
  std::uint32_t witnesses = 0;  // bits: members that must come still
  std::uint32_t rank = 0;       // the least that a next key may have
  NameSet seen;                 // names of the plan that are there
  std::shared_ptr<const SeenKey> others;
  // What was found out about the frame's texts, under the guide's lock.
  mutable std::unique_ptr<const KnownTails> known_tails;

  // How many members must come still, at most.
  std::uint64_t due() const {
    return missing + static_cast<std::uint64_t>(std::popcount(witnesses));
  }
  bool has_seen(std::uint32_t name) const { return seen.has(name); }
};

using FramePtr = std::shared_ptr<const Frame>;

enum class Place : std::uint8_t {
  text,     // outside of documents
  value,    // a value is due
  literal,  // inside null, true or false
  number,
  string,
  object_begin,  // behind {
  key_begin,     // behind a member's comma
  key,
  colon,        // behind a key
  member_end,   // behind a member's value
  array_begin,  // behind [
  item_end,     // behind an item
  finished,     // behind the document
};

inline constexpr std::uint32_t no_region = ~std::uint32_t{0};

struct Configuration {
  FramePtr frame;
  Place place = Place::value;
  std::uint32_t blanks = 0;  // in a row, up to here
  NodeId node = any_value;   // the value that is due
  StateId state = 0;         // of text, a number, a string, or a key of a region
  StringBytes bytes;         // of text, a string or key
  // Of a key: the names of the plan that begin with what was read are [first, last), `depth` code
  // points of them. Of a literal: its word and how much of it was read.
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::uint32_t depth = 0;
  std::uint32_t region = no_region;  // of a key that is none of the names
  std::uint64_t hash = 0;            // of `text`
  // From some beginnings of the key or item few can be reached: those that are taken are counted.
  bool few = false;
  // A key of a region so far; an item so far, where items are unique.
  GrowingText text;
  // Of all places in a document: which one, and the state of the text behind it.
  std::uint32_t document = 0;
  StateId behind = 0;

  // In text outside of documents, and between two of its characters.
  bool in_raw_text() const noexcept { return place == Place::text && bytes.between_characters(); }

  // Inside a string, or a key that is none of the names, and between two of its characters.
  bool in_text() const noexcept {
    const bool open = place == Place::string || (place == Place::key && region != no_region);
    return open && bytes.between_characters();
  }

  bool operator==(const Configuration& other) const;
};

using Configurations = std::vector<Configuration>;

}  // namespace espalier::guide
