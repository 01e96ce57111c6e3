// The test-only program behind tests/oracles/copy_oracle.py: reads a file with our reader and
// writes it again with our writer.
//
//   tensor_copy safetensors FOLDER OUT    the tensors of a folder, sharded or not, in one file
//   tensor_copy gguf IN OUT
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "tensor/gguf_reader.h"
#include "tensor/gguf_writer.h"
#include "tensor/safetensors_folder.h"
#include "tensor/safetensors_writer.h"

namespace espalier::tensor {
namespace {

void copy_safetensors(const char* in, const char* out) {
  const SafetensorsFolder folder = SafetensorsFolder::open(in);
  std::vector<SafetensorsEntry> entries;
  for (const SafetensorsTensor& tensor : folder.tensors()) {
    const auto sizes = tensor.sizes();
    entries.push_back(
        {std::string(tensor.name), tensor.type, std::vector(sizes.begin(), sizes.end())});
  }
  SafetensorsWriter::Metadata metadata;
  for (const auto& [key, value] : folder.files().front().metadata()) {
    metadata.emplace_back(key, value);
  }
  SafetensorsWriter writer(out, std::move(entries), metadata);
  for (const SafetensorsEntry& entry : writer.entries()) {
    writer.write(folder.tensor(entry.name).bytes);
  }
  writer.finish();
}

void copy_gguf(const char* in, const char* out) {
  const GgufFile file = GgufFile::open(in);
  GgufKeys keys;
  for (const GgufValue& value : file.metadata().values()) keys.copy(value);
  std::vector<GgufEntry> entries;
  for (const GgufTensor& tensor : file.tensors()) {
    entries.push_back({std::string(tensor.name),
                       tensor.type,
                       {tensor.shape.data(), tensor.shape.data() + tensor.dims}});
  }
  GgufWriter writer(out, keys, std::move(entries));
  for (const GgufTensor& tensor : file.tensors()) writer.write(tensor.bytes);
  writer.finish();
}

}  // namespace
}  // namespace espalier::tensor

int main(int count, char** words) {
  try {
    if (count == 4 && std::string_view(words[1]) == "safetensors") {
      espalier::tensor::copy_safetensors(words[2], words[3]);
      return EXIT_SUCCESS;
    }
    if (count == 4 && std::string_view(words[1]) == "gguf") {
      espalier::tensor::copy_gguf(words[2], words[3]);
      return EXIT_SUCCESS;
    }
    std::fputs("usage: tensor_copy safetensors FOLDER OUT | gguf IN OUT\n", stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tensor_copy: %s\n", error.what());
  }
  return EXIT_FAILURE;
}
