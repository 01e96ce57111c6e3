// espalier info: what is in a model file, and what this machine makes of it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/cpu_features.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "engine/model_summary.h"
#include "framework/model_store.h"
#include "model/kv_shape.h"

namespace espalier::cli {
namespace {

using engine::ModelSummary;
using Json = nlohmann::ordered_json;

constexpr const char* description = R"(say what a model is

MODEL is a GGUF file or a Hugging Face folder. Its files are checked as loading would, only whether every tensor is there in its shape is left to that. Printed are its shape, the kinds of its layers, bits per weight, what a token costs in the KV cache, its chat format, what ends its answers, tokenizer and licence, and the instruction set that this machine would run it with. What is wrong with a broken file is named, with the file, the tensor or key and the place.)";

constexpr const char* examples = R"(espalier info
espalier info model.gguf
espalier info --json SmolLM2-135M-Instruct.Q4_1)";

constexpr kernels::KvType kv_types[] = {kernels::KvType::f32, kernels::KvType::f16,
                                        kernels::KvType::int8};

Json part_json(const engine::PartSummary& part) {
  return {{"types", part.types},
          {"tensors", part.tensors},
          {"parameters", part.parameters},
          {"bytes", part.bytes},
          {"bits_per_weight", part.bits_per_weight()}};
}

Json layers_json(const ModelSummary& model) {
  Json attention = Json::array(), ropes = Json::array();
  for (const engine::AttentionSummary& kind : model.attention) {
    attention.push_back(
        {{"window", kind.window == 0 ? Json() : Json(kind.window)}, {"layers", kind.layers}});
  }
  for (const engine::RopeSummary& rope : model.ropes) {
    ropes.push_back({{"base", rope.base}, {"scaling", rope.scaling}, {"layers", rope.layers}});
  }
  return {{"attention", attention}, {"rope", ropes}};
}

Json text_json(const ModelSummary& model) {
  Json ends = Json::array();
  for (const engine::EndToken& end : model.end_tokens) {
    ends.push_back({{"id", end.id}, {"text", end.text}});
  }
  return {{"chat_format", model.chat_format.empty() ? Json() : Json(model.chat_format)},
          {"why_no_chat_format",
           model.why_no_chat_format.empty() ? Json() : Json(model.why_no_chat_format)},
          {"end_tokens", ends},
          {"tokenizer",
           {{"kind", model.tokenizer.kind},
            {"pre_tokenizer", model.tokenizer.pre_tokenizer},
            {"vocabulary", model.tokenizer.tokens},
            {"wants_bos", model.tokenizer.wants_bos}}}};
}

Json to_json(const ModelSummary& model) {
  const model::ModelConfig& config = model.config;
  Json files = Json::array(), tensors, kv;
  for (const engine::WeightFile& file : model.files) {
    files.push_back({{"name", file.name}, {"bytes", file.bytes}});
  }
  for (const engine::PartSummary& part : model.parts) tensors[part.part] = part_json(part);
  for (const auto type : kv_types) {
    kv[name(type)] = model::kv_shape(config, type).bytes_per_token();
  }
  Json all = {{"path", model.path},
              {"format", model.format},
              {"files", files},
              {"bytes", model.bytes()},
              {"name", config.name},
              {"family", config.family},
              {"license", model.license},
              {"parameters", model.whole.parameters},
              {"bits_per_weight", model.whole.bits_per_weight()},
              {"layers", config.layers.size()},
              {"width", config.width},
              {"heads", config.heads},
              {"kv_heads", config.kv_heads},
              {"head_size", config.head_size},
              {"ffn_width", config.ffn_width},
              {"context", config.context}};
  all.update(layers_json(model));
  all.update({{"tied_embeddings", config.tied_embeddings},
              {"tensors", tensors},
              {"kv_bytes_per_token", kv},
              {"kv_bounded_by_windows", false}});
  all.update(text_json(model));
  all.update({{"isa", std::string(base::name(base::chosen_isa()))},
              {"machine", base::describe_machine()}});
  return all;
}

void line(std::string_view what, const std::string& value) {
  print(fmt::format("{:<18} {}\n", what, printable(value)));
}

double mega(std::size_t count) { return static_cast<double>(count) / 1e6; }

std::string joined(const auto& items, const auto& text) {
  std::string all;
  for (const auto& item : items) all.append(all.empty() ? "" : ", ").append(text(item));
  return all;
}

std::string layers_text(std::size_t count) {
  return fmt::format("{} {}", count, count == 1 ? "layer" : "layers");
}

void print_files(const ModelSummary& model) {
  line("path", model.path);
  line("format", model.format);
  line("size", fmt::format("{:.1f} MB in {} {}", mega(model.bytes()), model.files.size(),
                           model.files.size() == 1 ? "file" : "files"));
  if (model.files.size() > 1) {
    for (const engine::WeightFile& file : model.files) {
      line("", fmt::format("{} ({:.1f} MB)", file.name, mega(file.bytes)));
    }
  }
}

void print_shape(const ModelSummary& model) {
  const model::ModelConfig& config = model.config;
  line("layers", fmt::format("{}, width {}, FFN width {}", config.layers.size(), config.width,
                             config.ffn_width));
  line("attention", joined(model.attention, [](const engine::AttentionSummary& kind) {
         return kind.window == 0 ? fmt::format("full in {}", layers_text(kind.layers))
                                 : fmt::format("sliding window of {} in {}", kind.window,
                                               layers_text(kind.layers));
       }));
  line("heads", fmt::format("{} of size {}, {} for keys and values", config.heads, config.head_size,
                            config.kv_heads));
  line("context", fmt::format("{} tokens", config.context));
  line("RoPE", joined(model.ropes, [&](const engine::RopeSummary& rope) {
         return fmt::format(
             "base {} (scaling: {}){}", rope.base, rope.scaling,
             model.ropes.size() == 1 ? "" : fmt::format(" in {}", layers_text(rope.layers)));
       }));
}

std::string describe(const engine::PartSummary& part) {
  return fmt::format(
      "{:.2f} bits per weight: {} ({} tensors, {:.1f} million parameters, {:.1f} MB)",
      part.bits_per_weight(), joined(part.types, [](const std::string& type) { return type; }),
      part.tensors, mega(part.parameters), mega(part.bytes));
}

void print_weights(const ModelSummary& model) {
  line("weights", describe(model.whole));
  for (const engine::PartSummary& part : model.parts) line("  " + part.part, describe(part));
  if (model.config.tied_embeddings) line("  output head", "the embedding");
}

void print_kv(const ModelSummary& model) {
  line("KV bytes a token", joined(kv_types, [&](kernels::KvType type) {
         return fmt::format("{} {}", model::kv_shape(model.config, type).bytes_per_token(),
                            name(type));
       }));
  for (const engine::AttentionSummary& kind : model.attention) {
    if (kind.window == 0) continue;
    line("", "every position is kept, behind a sliding window too");
    return;
  }
}

void print_text(const ModelSummary& model) {
  line("chat format",
       model.chat_format.empty() ? "none (" + model.why_no_chat_format + ")" : model.chat_format);
  line("ends an answer", model.end_tokens.empty()
                             ? "nothing but the token budget"
                             : joined(model.end_tokens, [](const engine::EndToken& end) {
                                 return fmt::format("{} {}", end.id, end.text);
                               }));
  line("tokenizer", fmt::format("{}, {} tokens, pre-tokeniser {}{}", model.tokenizer.kind,
                                model.tokenizer.tokens, model.tokenizer.pre_tokenizer,
                                model.tokenizer.wants_bos ? ", BOS in front" : ""));
}

void print_for_people(const ModelSummary& model) {
  const auto or_unknown = [](const std::string& text) { return text.empty() ? "not said" : text; };
  print_files(model);
  line("name", or_unknown(model.config.name));
  line("family", model.config.family);
  line("licence", or_unknown(model.license));
  print_shape(model);
  print_weights(model);
  print_kv(model);
  print_text(model);
  line("instruction set", std::string(base::name(base::chosen_isa())));
  line("machine", base::describe_machine());
}

}  // namespace

void add_info(CLI::App& program) {
  struct Options {
    std::string model;
    bool json = false;
  };
  CLI::App* command = program.add_subcommand("info", description);
  command->footer(examples);
  const auto options = std::make_shared<Options>();
  command->add_option("MODEL", options->model,
                      "A GGUF file, a Hugging Face folder, or the name of an installed model. "
                      "Default: the model that the other commands use.");
  command->add_option("--model", options->model)->group("");  // as elsewhere
  add_json_option(*command, options->json);
  command->callback([options] {
    const ModelSummary model = engine::summarise(framework::find_model(options->model));
    if (options->json) {
      print_json(to_json(model));
    } else {
      print_for_people(model);
    }
  });
}

}  // namespace espalier::cli
