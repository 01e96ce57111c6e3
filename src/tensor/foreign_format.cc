#include "tensor/foreign_format.h"

namespace espalier::tensor {
namespace {

struct ForeignFormat {
  std::string_view magic;
  std::string_view what;
};

constexpr ForeignFormat foreign_formats[] = {
    {"GGUF", "a GGUF file; its name should end in .gguf"},
    {"lmgg", "a GGML file from before GGUF; convert the original model with convert_hf_to_gguf.py"},
    {"tjgg", "a GGJT file from before GGUF; convert the original model with convert_hf_to_gguf.py"},
    {"version https://git-lfs", "a Git LFS pointer, not the model; run `git lfs pull`"},
    {"<!DOCTYPE", "a web page, not the model; download the file itself"},
    {"<html", "a web page, not the model; download the file itself"},
    {"PK\x03\x04", "a zip archive; unpack it first"},
};

}  // namespace

std::optional<std::string_view> foreign_format(std::span<const std::byte> bytes,
                                               std::string_view own_magic) {
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const ForeignFormat& format : foreign_formats) {
    if (format.magic != own_magic && start.starts_with(format.magic)) return format.what;
  }
  return std::nullopt;
}

}  // namespace espalier::tensor
