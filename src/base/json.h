// JSON from files that nobody vouches for: config.json, tokenizer.json, the header of a safetensors
// file.
//
//   const JsonDocument document = JsonDocument::open("config.json");
//   const JsonValue config = document.root();
//   const std::size_t layers = config.get_size("num_hidden_layers");
//   const float theta = config.find_float("rope_theta").value_or(10'000.0F);
//   if (const auto scaling = config.find("rope_scaling"); scaling && !scaling->is_null()) …
//   for (const JsonMember& entry : model.get("vocab").members()) add(entry.key,
//   entry.value.as_size());
//
// Every fault is an InvalidFile of one form, whether the text is no JSON or a value is not what its
// reader wants:
//
//   config.json: byte 17 (/rope_scaling/factor): a number is expected, not a string
//
// Strict where JSON leaves room: a key that appears twice in its object, bytes that are not UTF-8,
// a number beyond what a double holds, and anything behind the value are refused. A byte order mark
// is skipped.
//
// Memory is bounded: the text itself (strings are unescaped in place) and 12 bytes for each value
// and key, at most JsonLimits::values of them. That is why this is no nlohmann::json tree, which
// takes twenty times its file for a list of empty lists. Reading takes one pass of nlohmann's
// lexer, then nothing is parsed again; find() walks the members, so loop over the members of a
// large object instead of asking for them by name. Any number of threads may read a document.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace espalier::base {

// What a document may cost. The default suits every file of a model: the largest known
// tokenizer.json (gemma 3: 33 MB, 2.2 million values and keys) takes half of it.
struct JsonLimits {
  std::size_t bytes = std::size_t{256} << 20;  // at most 4 GB
  std::size_t values = std::size_t{4} << 20;   // keys count too; 48 MB
  std::size_t depth = 64;                      // arrays and objects in each other
  // Bytes of one string or number, and of what stands between two: brackets, blanks, literals.
  std::size_t token = std::size_t{1} << 20;
};

enum class JsonKind : std::uint8_t { null, boolean, integer, real, string, array, object };

// "a string", "an object": how messages speak of a kind.
std::string_view describe(JsonKind kind) noexcept;

template <class T>
concept JsonInteger = std::integral<T> && !std::same_as<T, bool>;

struct JsonTape;
struct JsonMember;
template <class Entry>
class JsonRange;

// One value of a document, which must outlive it (the document may be moved). As cheap to copy as a
// pointer.
class JsonValue {
 public:
  JsonKind kind() const noexcept;
  bool is_null() const noexcept { return kind() == JsonKind::null; }
  bool is_string() const noexcept { return kind() == JsonKind::string; }
  bool is_array() const noexcept { return kind() == JsonKind::array; }
  bool is_object() const noexcept { return kind() == JsonKind::object; }

  // The value as what its reader wants, or InvalidFile. Integers are exact: 1.0, 1e3 and numbers
  // that do not fit are refused. Floats may be spelled as integers; a float must fit its type.
  bool as_bool() const;
  template <JsonInteger T>
  T as_integer() const {
    using Limits = std::numeric_limits<T>;
    if constexpr (std::signed_integral<T>) {
      return static_cast<T>(as_signed(Limits::min(), Limits::max()));
    } else {
      return static_cast<T>(as_unsigned(Limits::max()));
    }
  }
  std::size_t as_size() const { return as_integer<std::size_t>(); }
  double as_double() const;
  float as_float() const;
  // A number as the document spells it: for readers to whom 1.0 is not 1, or a double too coarse.
  std::string_view number_text() const;
  // A view into the document; it may hold zero bytes ("\u0000").
  std::string_view as_string() const;
  template <JsonInteger T>
  std::vector<T> as_integers() const;
  std::vector<float> as_floats() const;
  std::vector<std::string_view> as_strings() const;

  // Elements of an array, members of an object, in the file's order. InvalidFile for others.
  JsonRange<JsonValue> elements() const;
  JsonRange<JsonMember> members() const;
  std::size_t size() const;  // how many elements or members

  // A member of this object. find() gives nothing where there is none, get() throws InvalidFile.
  std::optional<JsonValue> find(std::string_view key) const;
  JsonValue get(std::string_view key) const;

  // get_T(key) is get(key).as_T(). find_T gives nothing where the member is absent or null, which
  // is how configurations spell "not set"; a member of another kind is InvalidFile still.
  bool get_bool(std::string_view key) const { return get(key).as_bool(); }
  template <JsonInteger T>
  T get_integer(std::string_view key) const {
    return get(key).as_integer<T>();
  }
  std::size_t get_size(std::string_view key) const { return get(key).as_size(); }
  float get_float(std::string_view key) const { return get(key).as_float(); }
  double get_double(std::string_view key) const { return get(key).as_double(); }
  std::string_view get_string(std::string_view key) const { return get(key).as_string(); }
  std::vector<std::string_view> get_strings(std::string_view key) const {
    return get(key).as_strings();
  }

  std::optional<bool> find_bool(std::string_view key) const;
  template <JsonInteger T>
  std::optional<T> find_integer(std::string_view key) const {
    const auto member = find_set(key);
    return member ? std::optional<T>(member->as_integer<T>()) : std::nullopt;
  }
  std::optional<std::size_t> find_size(std::string_view key) const {
    return find_integer<std::size_t>(key);
  }
  std::optional<float> find_float(std::string_view key) const;
  std::optional<double> find_double(std::string_view key) const;
  std::optional<std::string_view> find_string(std::string_view key) const;
  std::optional<std::vector<std::string_view>> find_strings(std::string_view key) const;
  // As find(), but nothing for null as well.
  std::optional<JsonValue> find_set(std::string_view key) const;

  // Where the value stands: its first byte in the file, and its path as a JSON pointer (RFC 6901;
  // empty for the root).
  std::size_t byte() const noexcept;
  std::string path() const;

  // Throws InvalidFile: file, byte, path and `problem`. For rules that a reader adds.
  [[noreturn]] void fail(std::string_view problem) const;

 private:
  friend class JsonDocument;
  template <class Entry>
  friend class JsonRange;

  JsonValue(const JsonTape* tape, std::uint32_t index) noexcept : tape_(tape), index_(index) {}

  std::uint64_t as_unsigned(std::uint64_t most) const;
  std::int64_t as_signed(std::int64_t least, std::int64_t most) const;
  [[noreturn]] void fail_kind(std::string_view expected) const;

  const JsonTape* tape_;
  std::uint32_t index_;
};

struct JsonMember {
  std::string_view key;
  JsonValue value;
};

// What elements() and members() give to a range-based for.
template <class Entry>
class JsonRange {
 public:
  class Iterator {
   public:
    Entry operator*() const;
    Iterator& operator++();
    bool operator==(const Iterator& other) const noexcept { return index_ == other.index_; }

   private:
    friend class JsonRange;
    Iterator(const JsonTape* tape, std::uint32_t index) noexcept : tape_(tape), index_(index) {}
    const JsonTape* tape_;
    std::uint32_t index_;
  };

  Iterator begin() const noexcept { return {tape_, begin_}; }
  Iterator end() const noexcept { return {tape_, end_}; }
  bool empty() const noexcept { return begin_ == end_; }

 private:
  friend class JsonValue;
  JsonRange(const JsonTape* tape, std::uint32_t begin, std::uint32_t end) noexcept
      : tape_(tape), begin_(begin), end_(end) {}
  const JsonTape* tape_;
  std::uint32_t begin_;
  std::uint32_t end_;
};

template <>
JsonValue JsonRange<JsonValue>::Iterator::operator*() const;
template <>
JsonRange<JsonValue>::Iterator& JsonRange<JsonValue>::Iterator::operator++();
template <>
JsonMember JsonRange<JsonMember>::Iterator::operator*() const;
template <>
JsonRange<JsonMember>::Iterator& JsonRange<JsonMember>::Iterator::operator++();

class JsonDocument {
 public:
  // Reads the file. Throws AssetsUnavailable where it cannot be read and InvalidFile where it is no
  // JSON or breaks a limit.
  static JsonDocument open(const std::filesystem::path& path, const JsonLimits& limits = {});

  // The same for text at hand. `name` stands for the file in messages; `first_byte` is where in
  // that file the text begins.
  static JsonDocument parse(std::string name, std::string text, const JsonLimits& limits = {},
                            std::size_t first_byte = 0);

  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  const std::string& name() const noexcept;
  JsonValue root() const noexcept { return {tape_.get(), 0}; }

  // Frees all but the text, for a reader that is done but keeps views: what as_string() and keys
  // gave stays valid, no JsonValue does.
  void drop_values() noexcept;

 private:
  explicit JsonDocument(std::unique_ptr<JsonTape> tape) noexcept;

  std::unique_ptr<JsonTape> tape_;
};

template <JsonInteger T>
std::vector<T> JsonValue::as_integers() const {
  std::vector<T> numbers;
  for (const JsonValue element : elements()) numbers.push_back(element.as_integer<T>());
  return numbers;
}

}  // namespace espalier::base
