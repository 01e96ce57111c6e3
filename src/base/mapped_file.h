// A file mapped read-only. The bytes stay where they are until the MappedFile dies; pages are read
// when touched, so opening a large model costs microseconds.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace espalier::base {

class MappedFile {
 public:
  // Throws AssetsUnavailable naming the path and the system's reason. An empty file gives no bytes.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  const std::filesystem::path& path() const noexcept { return path_; }

  // Says that `part` (of bytes()) will not be read again soon: its pages leave this process.
  // Reading it later is still right, only slower.
  void release(std::span<const std::byte> part) const noexcept;

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace espalier::base
