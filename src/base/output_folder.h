// A folder that is there whole or not at all: filled under a name beside its own, and renamed when
// it is finished. What stood at the path before stays until then.
//
//   OutputFolder folder("model");
//   OutputFile file(folder.place() / "config.json");
//   …
//   folder.finish();
#pragma once

#include <cstdint>
#include <filesystem>

namespace espalier::base {

class OutputFolder {
 public:
  // Every member but the destructor throws AssetsUnavailable naming the path and the system's
  // reason: a parent that is absent or may not be written.
  explicit OutputFolder(const std::filesystem::path& path);
  // Without finish() nothing is left behind.
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  // Where the files go until then.
  const std::filesystem::path& place() const noexcept { return partial_; }
  const std::filesystem::path& path() const noexcept { return path_; }

  // Gives the folder its name. One that had it is deleted with all it holds, once the new one is in
  // its place.
  void finish();

 private:
  [[noreturn]] void fail(int error) const;

  std::filesystem::path path_;
  std::filesystem::path partial_;  // empty once it is gone
};

// Throws AssetsUnavailable where the file system that is to hold `path` has fewer than `bytes`
// bytes left, naming both figures. Nothing where it does not say.
void require_space(const std::filesystem::path& path, std::uintmax_t bytes);

}  // namespace espalier::base
