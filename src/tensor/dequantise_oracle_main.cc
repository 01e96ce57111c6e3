// The test-only program that tests/oracles/dequantise_oracle.py compares with PyPI `gguf`:
//
//   tensor_oracle dequantise TYPE COLS    rows on standard input, f32 rows on standard output
//   tensor_oracle types                   "tag name block_elements block_bytes" of every known type
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/dequantise.h"
#include "tensor/ggml_type.h"

namespace espalier::tensor {
namespace {

int dequantise_rows(std::string_view type, std::size_t cols) {
  for (const DType dtype : all_dtypes) {
    if (name(dtype) != type) continue;
    std::vector<std::byte> source(row_bytes(dtype, cols));
    std::vector<float> row(cols);
    while (std::fread(source.data(), source.size(), 1, stdin) == 1) {
      dequantise(dtype, source, row);
      if (std::fwrite(row.data(), sizeof(float), cols, stdout) != cols) return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
  }
  return EXIT_FAILURE;
}

int print_types() {
  constexpr std::uint32_t beyond_all_tags = 256;
  for (std::uint32_t tag = 0; tag < beyond_all_tags; ++tag) {
    const GgmlType* type = find_ggml_type(tag);
    if (type == nullptr) continue;
    std::printf("%u %s %u %u\n", tag, std::string(type->name).c_str(), type->block_elements,
                type->block_bytes);
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace espalier::tensor

int main(int count, char** words) {
  using namespace espalier::tensor;
  if (count == 4 && std::string_view(words[1]) == "dequantise") {
    return dequantise_rows(words[2], std::strtoull(words[3], nullptr, 10));
  }
  if (count == 2 && std::string_view(words[1]) == "types") return print_types();
  std::fputs("usage: tensor_oracle dequantise TYPE COLS | types\n", stderr);
  return EXIT_FAILURE;
}
