#include "framework/model_runtime.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "base/checked_math.h"
#include "base/json.h"
#include "base/processors.h"
#include "espalier/error.h"
#include "framework/content_nodes.h"
#include "framework/messages.h"
#include "framework/written_tokens.h"

namespace espalier::framework {
namespace {

constexpr std::size_t most_guides = 64;

// Of answers at a time, in full context windows (espalier/session.h says so). Two to begin with:
// more are only added where answers under way fill those.
constexpr std::size_t first_windows = 2;
constexpr std::size_t most_windows = 8;

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
  wanted.cache_tokens = base::checked_mul(wanted.context, first_windows).value_or(wanted.context);
  return wanted;
}

int thread_count(int wanted) { return wanted == 0 ? base::usable_cores() : wanted; }

std::vector<base::TokenId> all_stop_tokens(const text::ChatFormat& format,
                                           const engine::ModelPackage& package) {
  std::vector<base::TokenId> tokens = format.stop_tokens(*package.tokenizer);
  tokens.insert(tokens.end(), package.end_tokens.begin(), package.end_tokens.end());
  return tokens;
}

}  // namespace

ModelRuntime::ModelRuntime(const std::filesystem::path& path, const RuntimeOptions& options)
    : package_(engine::load_package(path, thread_count(options.threads))),
      format_(chat_format(path, package_.chat_template, options.chat_format)),
      tool_style_(text::tool_style(format_.tools())),
      stop_tokens_(all_stop_tokens(format_, package_)),
      engine_(package_.model, engine_options(*package_.model, options)),
      windows_(first_windows) {}

std::shared_ptr<const guide::TokenTrie> ModelRuntime::token_trie() {
  std::call_once(trie_made_, [this] { trie_ = guide::TokenTrie::of(tokenizer(), stop_tokens_); });
  return trie_;
}

std::shared_ptr<const guide::Guide> ModelRuntime::grammar_guide(const std::string& grammar) {
  const std::lock_guard lock(guides_mutex_);
  const auto known = guides_.find(grammar);
  if (known != guides_.end() && !known->second->is_worn()) return known->second;
  guide::SchemaOptions options = guide::answer_options;
  options.key_order = guide::KeyOrder::declared;
  options.missing_bytes = tokenizer().missing_bytes();
  constexpr std::size_t around_a_schema = 16;  // what a grammar puts around one
  const auto document =
      base::JsonDocument::parse("grammar", grammar, {.depth = content_depth + around_a_schema});
  auto guide = guide::Guide::of_grammar(document.root(), options);
  if (guides_.size() == most_guides) guides_.clear();
  return guides_[grammar] = std::move(guide);
}

std::size_t ModelRuntime::append_message(const Transcript& transcript, std::size_t first,
                                         std::vector<base::TokenId>& ids) const {
  const Message message = message_at(transcript, first, format_, tool_style_);
  const std::span entries(&transcript[first], message.entries);
  if (const auto tokens = written_tokens(tokenizer(), tool_style_, entries)) {
    format_.append_generation_prompt(tokenizer(), ids);
    format_.append_answer(tokenizer(), *tokens, ids);
  } else {
    format_.append_message(tokenizer(), message.message,
                           first == 0 ? "" : role_of(transcript[first - 1], tool_style_), ids);
  }
  return message.entries;
}

bool ModelRuntime::make_room() {
  if (park_.clear()) return true;
  const std::lock_guard lock(windows_mutex_);
  if (windows_ == most_windows) return false;
  engine_.grow_cache(engine_.options().context);
  ++windows_;
  return true;
}

void ModelRuntime::append(const Transcript& transcript, std::vector<base::TokenId>& ids) const {
  for (std::size_t i = 0; i < transcript.size();) i += append_message(transcript, i, ids);
}

}  // namespace espalier::framework
