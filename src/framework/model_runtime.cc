#include "framework/model_runtime.h"

#include <fmt/format.h>

#include <string>
#include <variant>
#include <vector>

#include "base/checked_math.h"
#include "base/processors.h"
#include "espalier/error.h"
#include "framework/schema_outline.h"

namespace espalier::framework {
namespace {

text::ChatFormat chat_format(const std::filesystem::path& path, const std::string& chat_template,
                             const std::string& chosen) {
  if (!chosen.empty()) return text::ChatFormat::named(chosen);
  if (chat_template.empty()) {
    throw InvalidFile(fmt::format(
        "{}: there is no chat template in it: a base model cannot hold a conversation (take its "
        "instruct version, or choose a format with --chat-format)",
        path.string()));
  }
  try {
    return text::ChatFormat::from_template(chat_template);
  } catch (const InvalidFile& fault) {
    throw InvalidFile(
        fmt::format("{}: {}; --chat-format chooses one", path.string(), fault.what()));
  }
}

engine::EngineOptions engine_options(const model::Model& model, const RuntimeOptions& options) {
  engine::EngineOptions wanted;
  wanted.threads = options.threads;
  wanted.decode_threads = options.decode_threads;
  wanted.kv_type = options.kv_type;
  wanted.context = options.context == 0 ? model.config.context : options.context;
  // Two conversations can be full at a time; memory is taken only as they fill.
  wanted.cache_tokens = base::checked_mul(wanted.context, std::size_t{2}).value_or(wanted.context);
  return wanted;
}

int thread_count(int wanted) { return wanted == 0 ? base::usable_cores() : wanted; }

std::vector<base::TokenId> all_stop_tokens(const text::ChatFormat& format,
                                           const engine::ModelPackage& package) {
  std::vector<base::TokenId> tokens = format.stop_tokens(*package.tokenizer);
  tokens.insert(tokens.end(), package.end_tokens.begin(), package.end_tokens.end());
  return tokens;
}

const char* role(const Transcript::Entry& entry) {
  if (std::holds_alternative<Transcript::Instructions>(entry)) return "system";
  const bool is_answer = std::holds_alternative<Transcript::Response>(entry) ||
                         std::holds_alternative<Transcript::ToolCalls>(entry);
  return is_answer ? "assistant" : "user";
}

// What the model reads: of a prompt also the schema that its answer is held to.
std::string text_of(const Transcript::Entry& entry) {
  const std::string text = entry_text(entry);
  const auto* prompt = std::get_if<Transcript::Prompt>(&entry);
  if (prompt != nullptr && prompt->response_format && prompt->options.include_schema_in_prompt) {
    return schema_outline(*prompt->response_format) + "\n\n" + text;
  }
  return text;
}

}  // namespace

ModelRuntime::ModelRuntime(const std::filesystem::path& path, const RuntimeOptions& options)
    : package_(engine::load_package(path, thread_count(options.threads))),
      format_(chat_format(path, package_.chat_template, options.chat_format)),
      stop_tokens_(all_stop_tokens(format_, package_)),
      engine_(package_.model, engine_options(*package_.model, options)) {}

std::shared_ptr<const guide::TokenTrie> ModelRuntime::token_trie() {
  std::call_once(trie_made_, [this] { trie_ = guide::TokenTrie::of(tokenizer(), stop_tokens_); });
  return trie_;
}

std::size_t ModelRuntime::append_message(const Transcript& transcript, std::size_t first,
                                         std::vector<base::TokenId>& ids) const {
  format_.append_message(tokenizer(), {role(transcript[first]), text_of(transcript[first])},
                         first == 0 ? "" : role(transcript[first - 1]), ids);
  return 1;
}

void ModelRuntime::append(const Transcript& transcript, std::vector<base::TokenId>& ids) const {
  for (std::size_t i = 0; i < transcript.size();) i += append_message(transcript, i, ids);
}

}  // namespace espalier::framework
