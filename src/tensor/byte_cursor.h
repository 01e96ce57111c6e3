// Reads a file's bytes from front to back and never past their end.
//
// Every read says what it reads, so that a failure can name it; the words are put together only
// then.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace espalier::tensor {

static_assert(std::endian::native == std::endian::little, "files are read as they lie in memory");

// "the length of key 'general.name'" is {"length", "key", "general.name"}; {"version"} is "the
// version".
struct Subject {
  std::string_view part;
  std::string_view kind = {};
  std::string_view name = {};

  std::string text() const;
};

class ByteCursor {
 public:
  // `file` names the file in messages. Both must outlive the cursor.
  ByteCursor(std::string_view file, std::span<const std::byte> bytes)
      : file_(file), bytes_(bytes) {}

  std::size_t position() const noexcept { return position_; }
  std::size_t remaining() const noexcept { return bytes_.size() - position_; }
  std::size_t size() const noexcept { return bytes_.size(); }
  std::span<const std::byte> all() const noexcept { return bytes_; }
  std::string_view file() const noexcept { return file_; }

  // The next `count` bytes, where they stand. Throws InvalidFile where fewer remain.
  std::span<const std::byte> take(std::uint64_t count, const Subject& subject) {
    if (count > remaining()) fail_short(count, subject);
    const auto taken = bytes_.subspan(position_, static_cast<std::size_t>(count));
    position_ += taken.size();
    return taken;
  }

  // The next little-endian number.
  template <class T>
    requires std::is_arithmetic_v<T>
  T read(const Subject& subject) {
    T value{};
    std::memcpy(&value, take(sizeof value, subject).data(), sizeof value);
    return value;
  }

  // A GGUF string: its length in 64 bits, then its bytes.
  std::string_view read_string(const Subject& subject) {
    const auto length = read<std::uint64_t>(subject);
    const auto text = take(length, subject);
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }

  // Where a view into the file's bytes begins.
  std::size_t offset_of(std::string_view part) const noexcept {
    return static_cast<std::size_t>(std::as_bytes(std::span(part)).data() - bytes_.data());
  }

  // Throws InvalidFile with the file's name in front.
  [[noreturn]] void fail(std::string_view problem) const;

 private:
  [[noreturn]] void fail_short(std::uint64_t count, const Subject& subject) const;

  std::string_view file_;
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

}  // namespace espalier::tensor
