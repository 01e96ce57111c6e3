#include "base/json.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <system_error>

#include "base/json_tape.h"
#include "base/json_text.h"
#include "base/mapped_file.h"
#include "base/message_format.h"
#include "espalier/error.h"

namespace espalier::base {
namespace {

constexpr std::size_t longest_path = 200;  // of a message

// The node's path, found by walking down from the root to it.
std::string path_of(const JsonTape& tape, std::uint32_t index) {
  std::string path;
  std::uint32_t node = 0;
  while (node != index) {
    const bool in_object = tape.kind(node) == JsonKind::object;
    std::uint32_t child = node + 1;
    std::size_t number = 0;
    const std::uint32_t key = in_object ? 1 : 0;  // the node in front of each value
    while (tape.nodes[child + key].next <= index) {
      child = tape.nodes[child + key].next;
      ++number;
    }
    path += in_object ? json_pointer_step(tape.string(child)) : fmt::format("/{}", number);
    node = child + key;
  }
  return path;
}

}  // namespace

std::string_view describe(JsonKind kind) noexcept {
  switch (kind) {
    case JsonKind::null:
      return "null";
    case JsonKind::boolean:
      return "a boolean";
    case JsonKind::integer:
    case JsonKind::real:
      return "a number";
    case JsonKind::string:
      return "a string";
    case JsonKind::array:
      return "an array";
    case JsonKind::object:
      return "an object";
  }
  return "nothing";
}

void JsonTape::fail(std::size_t at, std::string_view path, std::string_view problem) const {
  const std::string place =
      path.empty() ? std::string() : fmt::format(" ({})", printable(path, longest_path));
  throw InvalidFile(
      fmt::format("{}: byte {}{}: {}", name, grouped(first_byte + at), place, problem));
}

JsonKind JsonValue::kind() const noexcept { return tape_->kind(index_); }

bool JsonValue::as_bool() const {
  if (kind() != JsonKind::boolean) fail_kind("a boolean");
  return tape_->nodes[index_].length != 0;
}

std::uint64_t JsonValue::as_unsigned(std::uint64_t most) const {
  std::uint64_t number = 0;
  const std::string_view text = tape_->number(index_);
  if (kind() == JsonKind::integer) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool zero = text == "-0";  // the one negative number that is none
    if (zero || (error == std::errc() && end == text.data() + text.size() && number <= most)) {
      return number;
    }
  }
  fail_kind(fmt::format("a whole number from 0 to {}", most));
}

std::int64_t JsonValue::as_signed(std::int64_t least, std::int64_t most) const {
  std::int64_t number = 0;
  const std::string_view text = tape_->number(index_);
  if (kind() == JsonKind::integer) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && number >= least &&
        number <= most) {
      return number;
    }
  }
  fail_kind(fmt::format("a whole number from {} to {}", least, most));
}

double JsonValue::as_double() const {
  if (kind() != JsonKind::integer && kind() != JsonKind::real) fail_kind("a number");
  double number = 0;
  const std::string_view text = tape_->number(index_);
  // Too small for a double is 0, which from_chars leaves standing; too large was refused before.
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

float JsonValue::as_float() const {
  const double number = as_double();
  if (std::fabs(number) > std::numeric_limits<float>::max()) {
    fail_kind("a number that fits 32 bits");
  }
  return static_cast<float>(number);
}

std::string_view JsonValue::number_text() const {
  if (kind() != JsonKind::integer && kind() != JsonKind::real) fail_kind("a number");
  return tape_->number(index_);
}

std::string_view JsonValue::as_string() const {
  if (kind() != JsonKind::string) fail_kind("a string");
  return tape_->string(index_);
}

std::vector<float> JsonValue::as_floats() const {
  std::vector<float> numbers;
  for (const JsonValue element : elements()) numbers.push_back(element.as_float());
  return numbers;
}

std::vector<std::string_view> JsonValue::as_strings() const {
  std::vector<std::string_view> strings;
  for (const JsonValue element : elements()) strings.push_back(element.as_string());
  return strings;
}

JsonRange<JsonValue> JsonValue::elements() const {
  if (kind() != JsonKind::array) fail_kind("an array");
  return {tape_, index_ + 1, tape_->nodes[index_].next};
}

JsonRange<JsonMember> JsonValue::members() const {
  if (kind() != JsonKind::object) fail_kind("an object");
  return {tape_, index_ + 1, tape_->nodes[index_].next};
}

std::size_t JsonValue::size() const {
  if (kind() != JsonKind::array && kind() != JsonKind::object) fail_kind("an array or an object");
  return tape_->nodes[index_].length;
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  for (const JsonMember& member : members()) {
    if (member.key == key) return member.value;
  }
  return std::nullopt;
}

JsonValue JsonValue::get(std::string_view key) const {
  const auto member = find(key);
  if (!member) fail(fmt::format("the key {} is missing", quoted(key)));
  return *member;
}

std::optional<JsonValue> JsonValue::find_set(std::string_view key) const {
  const auto member = find(key);
  return member && !member->is_null() ? member : std::nullopt;
}

std::optional<bool> JsonValue::find_bool(std::string_view key) const {
  const auto member = find_set(key);
  return member ? std::optional(member->as_bool()) : std::nullopt;
}

std::optional<float> JsonValue::find_float(std::string_view key) const {
  const auto member = find_set(key);
  return member ? std::optional(member->as_float()) : std::nullopt;
}

std::optional<double> JsonValue::find_double(std::string_view key) const {
  const auto member = find_set(key);
  return member ? std::optional(member->as_double()) : std::nullopt;
}

std::optional<std::string_view> JsonValue::find_string(std::string_view key) const {
  const auto member = find_set(key);
  return member ? std::optional(member->as_string()) : std::nullopt;
}

std::optional<std::vector<std::string_view>> JsonValue::find_strings(std::string_view key) const {
  const auto member = find_set(key);
  return member ? std::optional(member->as_strings()) : std::nullopt;
}

std::size_t JsonValue::byte() const noexcept { return tape_->first_byte + tape_->nodes[index_].at; }

std::string JsonValue::path() const { return path_of(*tape_, index_); }

void JsonValue::fail(std::string_view problem) const {
  tape_->fail(tape_->nodes[index_].at, path(), problem);
}

void JsonValue::fail_kind(std::string_view expected) const {
  const bool number = kind() == JsonKind::integer || kind() == JsonKind::real;
  const std::string found =
      number ? printable(tape_->number(index_), 40) : std::string(describe(kind()));
  fail(fmt::format("{} is expected, not {}", expected, found));
}

template <>
JsonValue JsonRange<JsonValue>::Iterator::operator*() const {
  return {tape_, index_};
}

template <>
JsonRange<JsonValue>::Iterator& JsonRange<JsonValue>::Iterator::operator++() {
  index_ = tape_->nodes[index_].next;
  return *this;
}

template <>
JsonMember JsonRange<JsonMember>::Iterator::operator*() const {
  return {tape_->string(index_), {tape_, index_ + 1}};
}

template <>
JsonRange<JsonMember>::Iterator& JsonRange<JsonMember>::Iterator::operator++() {
  index_ = tape_->nodes[index_ + 1].next;
  return *this;
}

JsonDocument::JsonDocument(std::unique_ptr<JsonTape> tape) noexcept : tape_(std::move(tape)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

const std::string& JsonDocument::name() const noexcept { return tape_->name; }

void JsonDocument::drop_values() noexcept { std::vector<JsonNode>().swap(tape_->nodes); }

JsonDocument JsonDocument::open(const std::filesystem::path& path, const JsonLimits& limits) {
  const MappedFile file(path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                              file.bytes().size());
  // One byte more than is read is enough to see that there are too many.
  const std::size_t most = limits.bytes < text.size() ? limits.bytes + 1 : text.size();
  return parse(path.string(), std::string(text.substr(0, most)), limits);
}

JsonDocument JsonDocument::parse(std::string name, std::string text, const JsonLimits& limits,
                                 std::size_t first_byte) {
  auto tape = std::make_unique<JsonTape>();
  tape->name = std::move(name);
  tape->text = std::move(text);
  tape->first_byte = first_byte;
  parse_json(*tape, limits);
  return JsonDocument(std::move(tape));
}

}  // namespace espalier::base
