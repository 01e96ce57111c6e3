// A file that is there whole or not at all: written under a name beside its own, and renamed when
// it is finished. What stood at the path before stays until then.
//
//   OutputFile file("model.gguf");
//   file.write(bytes);
//   file.finish();
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace espalier::base {

class OutputFile {
 public:
  // Every member but the destructor throws AssetsUnavailable naming the path and the system's
  // reason: a folder that is absent, a disk that is full.
  explicit OutputFile(std::filesystem::path path);
  // Without finish() nothing is left behind.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Appends.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  // Brings everything to the disk, then to its name. Nothing may be written afterwards.
  void finish();

  const std::filesystem::path& path() const noexcept { return path_; }
  std::uint64_t size() const noexcept { return written_ + buffer_.size(); }  // so far

 private:
  void flush();
  void write_through(std::span<const std::byte> bytes);
  [[noreturn]] void fail(int error) const;

  std::filesystem::path path_;
  std::filesystem::path partial_;  // empty once it is gone
  int descriptor_ = -1;
  std::uint64_t written_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace espalier::base
