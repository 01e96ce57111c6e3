// espalier info: what is in a model file, and what this machine makes of it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "base/cpu_features.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "engine/model_package.h"
#include "espalier/error.h"
#include "framework/model_store.h"
#include "model/kv_shape.h"
#include "model/load_gguf.h"
#include "tensor/gguf_reader.h"
#include "text/chat_format.h"

namespace espalier::cli {
namespace {

constexpr const char* description = R"(say what is in a model file

Checks the file as loading it would, its weights aside, and prints its shape, the types of its tensors, what a token costs in the KV cache, its chat format, tokenizer and licence, and the instruction set that this machine would run it with. What is wrong with a broken file is named, with the tensor or key and the place.)";

constexpr const char* examples = R"(espalier info
espalier info model.gguf
espalier info --json SmolLM2-135M-Instruct.Q4_1)";

// "blk.3.attn_q.weight" belongs with all the other attention matrices.
std::string tensor_class(std::string_view name) {
  if (name.starts_with("token_embd")) return "embedding";
  if (name.starts_with("output.")) return "output head";
  if (name.find("norm") != std::string_view::npos) return "norms";
  if (name.find("attn") != std::string_view::npos) return "attention";
  if (name.find("ffn") != std::string_view::npos) return "ffn";
  return "other";
}

struct TensorClass {
  std::set<std::string> types;
  std::size_t tensors = 0;
  std::size_t parameters = 0;
  std::size_t bytes = 0;
};

std::map<std::string, TensorClass> tensor_classes(const tensor::GgufFile& file) {
  std::map<std::string, TensorClass> classes;
  for (const tensor::GgufTensor& each : file.tensors()) {
    TensorClass& its = classes[tensor_class(each.name)];
    its.types.emplace(each.type->name);
    ++its.tensors;
    its.parameters += each.rows() * each.cols();
    its.bytes += each.bytes.size();
  }
  return classes;
}

std::string chat_format(const tensor::GgufFile& file) {
  const auto jinja = file.metadata().find_string("tokenizer.chat_template");
  if (!jinja || jinja->empty()) return "none (a base model)";
  try {
    return text::ChatFormat::from_template(*jinja).name();
  } catch (const InvalidFile& fault) {
    return fmt::format("unknown ({})", fault.what());
  }
}

nlohmann::ordered_json tokenizer_info(const tensor::GgufFile& file,
                                      const std::filesystem::path& path) {
  const auto tokenizer = engine::load_tokenizer(path);
  const bool sentence_piece = file.metadata().get_string("tokenizer.ggml.model") == "llama";
  return {{"kind", sentence_piece ? "SentencePiece BPE" : "byte-level BPE"},
          {"pre_tokenizer", file.metadata().find_string("tokenizer.ggml.pre").value_or("none")},
          {"vocabulary", tokenizer->vocabulary_size()},
          {"wants_bos", tokenizer->wants_bos()}};
}

nlohmann::ordered_json info(const std::filesystem::path& path) {
  const auto file = tensor::GgufFile::open(path);
  const model::ModelConfig config = model::read_config(file);
  nlohmann::ordered_json tensors;
  std::size_t parameters = 0;
  for (const auto& [kind, its] : tensor_classes(file)) {
    parameters += its.parameters;
    tensors[kind] = {{"types", its.types},
                     {"tensors", its.tensors},
                     {"parameters", its.parameters},
                     {"bytes", its.bytes}};
  }
  nlohmann::ordered_json kv;
  for (const auto type : {kernels::KvType::f32, kernels::KvType::f16, kernels::KvType::int8}) {
    kv[name(type)] = model::kv_shape(config, type).bytes_per_token();
  }
  return {{"file", path.string()},
          {"bytes", file.size()},
          {"gguf_version", file.version()},
          {"name", config.name},
          {"family", config.family},
          {"license", config.license},
          {"layers", config.layers.size()},
          {"width", config.width},
          {"heads", config.heads},
          {"kv_heads", config.kv_heads},
          {"head_size", config.head_size},
          {"ffn_width", config.ffn_width},
          {"context", config.context},
          {"parameters", parameters},
          {"tied_embeddings", config.tied_embeddings},
          {"tensors", tensors},
          {"kv_bytes_per_token", kv},
          {"chat_format", chat_format(file)},
          {"tokenizer", tokenizer_info(file, path)},
          {"isa", std::string(base::name(base::chosen_isa()))},
          {"machine", base::describe_machine()}};
}

std::string or_unknown(const nlohmann::ordered_json& value) {
  const auto text = value.get<std::string>();
  return text.empty() ? "not said" : text;
}

std::string describe_tensors(const nlohmann::ordered_json& its) {
  std::string types;
  for (const auto& type : its["types"])
    types += (types.empty() ? "" : ", ") + type.get<std::string>();
  return fmt::format("{} ({} tensors, {:.1f} million parameters, {:.1f} MB)", types,
                     its["tensors"].get<std::size_t>(), its["parameters"].get<double>() / 1e6,
                     its["bytes"].get<double>() / 1e6);
}

void print_for_people(const nlohmann::ordered_json& all) {
  const auto line = [](std::string_view what, const std::string& value) {
    print(fmt::format("{:<18} {}\n", what, printable(value)));
  };
  const auto number = [&](const char* key) { return all[key].get<std::size_t>(); };
  line("file", all["file"].get<std::string>());
  line("size", fmt::format("{:.1f} MB, GGUF version {}", all["bytes"].get<double>() / 1e6,
                           number("gguf_version")));
  line("name", or_unknown(all["name"]));
  line("family", all["family"].get<std::string>());
  line("licence", or_unknown(all["license"]));
  line("parameters", fmt::format("{:.1f} million", all["parameters"].get<double>() / 1e6));
  line("layers", fmt::format("{}, width {}, FFN width {}", number("layers"), number("width"),
                             number("ffn_width")));
  line("heads", fmt::format("{} of size {}, {} for keys and values", number("heads"),
                            number("head_size"), number("kv_heads")));
  line("context", fmt::format("{} tokens", number("context")));
  for (const auto& [kind, its] : all["tensors"].items()) line(kind, describe_tensors(its));
  line("output head", all["tied_embeddings"].get<bool>() ? "the embedding" : "its own");
  std::string kv;
  for (const auto& [type, bytes] : all["kv_bytes_per_token"].items()) {
    kv += fmt::format("{}{} {}", kv.empty() ? "" : ", ", bytes.get<std::size_t>(), type);
  }
  line("KV bytes a token", kv);
  line("chat format", all["chat_format"].get<std::string>());
  const auto& tokenizer = all["tokenizer"];
  line("tokenizer",
       fmt::format("{}, {} tokens, pre-tokeniser {}{}", tokenizer["kind"].get<std::string>(),
                   tokenizer["vocabulary"].get<std::size_t>(),
                   tokenizer["pre_tokenizer"].get<std::string>(),
                   tokenizer["wants_bos"].get<bool>() ? ", BOS in front" : ""));
  line("instruction set", all["isa"].get<std::string>());
  line("machine", all["machine"].get<std::string>());
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
                      "A GGUF file, or the name of an installed model. Default: the model that the "
                      "other commands use.");
  command->add_option("--model", options->model)->group("");  // as elsewhere
  add_json_option(*command, options->json);
  command->callback([options] {
    const nlohmann::ordered_json all = info(framework::find_model(options->model));
    if (options->json) {
      print_json(all);
    } else {
      print_for_people(all);
    }
  });
}

}  // namespace espalier::cli
