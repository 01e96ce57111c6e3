// espalier convert: a model from one kind of file to another.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "engine/convert.h"
#include "espalier/error.h"
#include "framework/model_store.h"

namespace espalier::cli {
namespace {

constexpr const char* description = R"(turn a GGUF file into a Hugging Face folder, or back

--to safetensors writes a folder with config.json, generation_config.json, tokenizer.json, tokenizer_config.json, README.md and the weights, in the layout of transformers. --to gguf writes one file, in that of llama.cpp. Families: llama, mistral, qwen2, qwen3, gemma3 (text).
Types: F32, F16 and BF16 stay what they are. Types in blocks (Q4_1, Q6_K, ...) have no place in safetensors files and become F16, of the types with 16 bits the one that loses least: it rounds to 11 significant bits, far finer than the blocks are. --dtype f32 loses nothing and takes twice the room. Nothing is quantised. In GGUF files norms and biases are F32, as llama.cpp wants them.
What the other format cannot say (a tokenizer, a window, a scaling of RoPE) is refused by name before anything is written; what it drops without harm is remarked on. The output appears whole or not at all. Weights go through one row at a time.)";

constexpr const char* examples =
    R"(espalier convert model.gguf --to safetensors --output model
espalier convert model --to gguf --output model.gguf --dtype f16
espalier convert a.gguf --to safetensors --output a --dtype f32 --json)";

struct Options {
  std::string model;
  std::string target;
  std::string output;
  std::string dtype = "keep";
  engine::ConvertOptions how;
  bool json = false;
};

std::optional<tensor::DType> dtype_of(const std::string& name) {
  if (name == "f32") return tensor::DType::f32;
  if (name == "f16") return tensor::DType::f16;
  if (name == "bf16") return tensor::DType::bf16;
  return std::nullopt;  // keep
}

nlohmann::ordered_json as_json(const engine::ConvertReport& report, const std::string& output) {
  auto types = nlohmann::ordered_json::array();
  for (const engine::DTypeChange& change : report.dtypes) {
    types.push_back({{"from", tensor::name(change.from)},
                     {"to", tensor::name(change.to)},
                     {"tensors", change.tensors}});
  }
  return {{"output", output},
          {"family", report.family},
          {"tensors", report.tensors},
          {"weight_bytes", report.bytes},
          {"types", types},
          {"files", report.files},
          {"notes", report.notes}};
}

void print_for_people(const engine::ConvertReport& report, const std::string& output) {
  print(fmt::format("{}: {} tensors of a {} model, {:.1f} MB\n", output, report.tensors,
                    report.family, static_cast<double>(report.bytes) / 1e6));
  for (const engine::DTypeChange& change : report.dtypes) {
    const bool kept = change.from == change.to;
    print(fmt::format("  {} tensors of {} {}\n", change.tensors, tensor::name(change.from),
                      kept ? "as they were" : fmt::format("became {}", tensor::name(change.to))));
  }
  for (const std::string& note : report.notes) print(fmt::format("  {}\n", printable(note)));
}

void convert(Options& options) {
  options.how.target =
      options.target == "gguf" ? engine::ConvertTarget::gguf : engine::ConvertTarget::folder;
  options.how.dtype = dtype_of(options.dtype);
  const auto model = framework::find_model(options.model);
  Interrupts interrupts;
  const std::stop_token stop = interrupts.arm();
  std::optional<Progress> progress;
  options.how.progress = [&](std::size_t done, std::size_t total, std::string_view tensor) {
    if (stop.stop_requested()) throw Cancelled("interrupted; nothing is left behind");
    if (!progress) progress.emplace("convert", total);
    progress->update(done, std::string(tensor));
  };
  const engine::ConvertReport report = engine::convert(model, options.output, options.how);
  progress.reset();
  if (options.json) {
    print_json(as_json(report, options.output));
  } else {
    print_for_people(report, options.output);
  }
}

}  // namespace

void add_convert(CLI::App& program) {
  CLI::App* command = program.add_subcommand("convert", description);
  command->footer(examples);
  const auto options = std::make_shared<Options>();
  command
      ->add_option("MODEL", options->model,
                   "A GGUF file, a Hugging Face folder, or the name of an installed model.")
      ->required();
  command->add_option("--to", options->target, "What to write: safetensors (a folder) or gguf.")
      ->type_name("FORMAT")
      ->required()
      ->check(CLI::IsMember({"safetensors", "gguf"}));
  command->add_option("--output", options->output, "Where: a folder's or a file's path.")
      ->type_name("PATH")
      ->required();
  command
      ->add_option("--dtype", options->dtype,
                   "The type of the weights: f32, f16, bf16 or keep. Default: keep, with F16 for "
                   "types in blocks.")
      ->type_name("TYPE")
      ->check(CLI::IsMember({"f32", "f16", "bf16", "keep"}));
  command
      ->add_option("--shard-size", options->how.shard_bytes,
                   "Most bytes of a file of weights in a folder; 500MB and 5GB are understood. "
                   "Default: 5GB.")
      ->type_name("SIZE")
      ->transform(CLI::AsSizeValue(true))
      ->check(CLI::PositiveNumber);
  command->add_flag("--force", options->how.force,
                    "Replace what is at PATH: a file, or a model's folder with all it holds.");
  add_json_option(*command, options->json);
  command->callback([options] { convert(*options); });
}

}  // namespace espalier::cli
