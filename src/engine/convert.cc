#include "engine/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "engine/convert_common.h"
#include "engine/package_text.h"
#include "espalier/error.h"

namespace espalier::engine {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code unreadable;
  return fs::exists(fs::symlink_status(path, unreadable));
}

// Whether `path` is `folder` or lies below it.
bool lies_in(const fs::path& path, const fs::path& folder) {
  std::error_code unreadable;
  const fs::path inner = fs::weakly_canonical(path, unreadable);
  const fs::path outer = fs::weakly_canonical(folder, unreadable);
  return std::ranges::mismatch(outer, inner).in1 == outer.end();
}

// A folder goes with all it holds, so it must be a model's.
void require_replaceable(const fs::path& model, const fs::path& output, ConvertTarget target) {
  const auto refuse = [&](std::string_view why) {
    throw InvalidArgument(fmt::format("{}: {}; choose another place", output.string(), why));
  };
  if (target == ConvertTarget::folder) {
    if (!is_folder(output)) refuse("is there already, and no folder");
    if (!is_there(output / "config.json")) {
      refuse("is a folder without a config.json: not a model's, so it is not replaced");
    }
    if (lies_in(model, output)) refuse("holds the model that is to be converted");
  } else {
    if (is_folder(output)) refuse("is a folder, and a GGUF file is to be written");
    if (lies_in(output, model) && output.extension() != ".gguf") {
      refuse("belongs to the model that is to be converted");
    }
  }
}

void check_output(const fs::path& model, const fs::path& output, const ConvertOptions& options) {
  if (output.empty()) throw InvalidArgument("the output has no name");
  if (!is_there(output)) return;
  if (!options.force) {
    throw InvalidArgument(fmt::format(
        "{}: is there already; choose another place, or say that it is to be replaced (--force)",
        output.string()));
  }
  require_replaceable(model, output, options.target);
}

}  // namespace

ConvertReport convert(const fs::path& model, const fs::path& output,
                      const ConvertOptions& options) {
  const bool from_folder = is_folder(model);
  if (from_folder == (options.target == ConvertTarget::folder)) {
    throw InvalidArgument(fmt::format("{}: is {} already", model.string(),
                                      from_folder ? "a Hugging Face folder" : "a GGUF file"));
  }
  check_output(model, output, options);
  return from_folder ? convert_to_gguf(model, output, options)
                     : convert_to_folder(model, output, options);
}

ConvertReport report_on(const model::ModelConfig& config,
                        std::span<const model::ConvertedTensor> tensors) {
  ConvertReport report{.family = config.family, .tensors = tensors.size()};
  for (const model::ConvertedTensor& tensor : tensors) {
    report.bytes += tensor.bytes();
    const auto same = [&](const DTypeChange& change) {
      return change.from == tensor.source_dtype && change.to == tensor.dtype;
    };
    auto found = std::ranges::find_if(report.dtypes, same);
    if (found == report.dtypes.end()) {
      found = report.dtypes.insert(found, {tensor.source_dtype, tensor.dtype, 0});
    }
    ++found->tensors;
  }
  return report;
}

tensor::DType main_dtype(std::span<const model::ConvertedTensor> tensors) {
  const auto bytes_of = [&](tensor::DType dtype) {
    std::uint64_t sum = 0;
    for (const model::ConvertedTensor& tensor : tensors) {
      if (tensor.dtype == dtype) sum += tensor.bytes();
    }
    return sum;
  };
  return *std::ranges::max_element(tensor::all_dtypes, {}, bytes_of);
}

}  // namespace espalier::engine
