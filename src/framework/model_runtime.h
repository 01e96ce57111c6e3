// A loaded model with its engine: what all sessions of one SystemLanguageModel share.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/token.h"
#include "engine/engine.h"
#include "engine/model_package.h"
#include "espalier/transcript.h"
#include "framework/sequence_park.h"
#include "guide/guide.h"
#include "guide/token_trie.h"
#include "kernels/kv_page.h"
#include "text/chat_format.h"
#include "text/tool_style.h"

namespace espalier::framework {

// What the command line can set and the public API leaves to its defaults.
struct RuntimeOptions {
  int threads = 0;         // 0: a thread for each core that this process may use
  int decode_threads = 0;  // while it writes the answer; 0: as many
  kernels::KvType kv_type = kernels::KvType::f16;
  std::size_t context = 0;    // 0: the model's
  std::string chat_format{};  // as text::ChatFormat::named takes it; empty: the template's
};

class ModelRuntime {
 public:
  // Throws AssetsUnavailable or InvalidFile naming the file and the fault; InvalidArgument on
  // options that do not fit the model.
  ModelRuntime(const std::filesystem::path& path, const RuntimeOptions& options);

  const text::Tokenizer& tokenizer() const noexcept { return *package_.tokenizer; }
  const text::ChatFormat& format() const noexcept { return format_; }
  const text::ToolStyle& tool_style() const noexcept { return tool_style_; }
  const std::vector<base::TokenId>& stop_tokens() const noexcept { return stop_tokens_; }
  engine::Engine& engine() noexcept { return engine_; }
  SequencePark& park() noexcept { return park_; }
  // For an answer that found the KV cache full: takes back what sessions between two turns hold, or
  // lets the cache grow. False where neither can be. May be called from any thread.
  bool make_room();
  std::size_t context() const noexcept { return engine_.options().context; }
  // The vocabulary as guides walk it, made when it is first asked for. May be called from any
  // thread.
  std::shared_ptr<const guide::TokenTrie> token_trie();
  // A grammar of tools (tool_grammar.h) as a guide, compiled when it is first asked for. Throws
  // what Guide::of_grammar does. May be called from any thread.
  std::shared_ptr<const guide::Guide> grammar_guide(const std::string& grammar);

  // Appends the message of a conversation that begins with entry `first`, as the model wants it
  // written. Returns how many entries it has.
  std::size_t append_message(const Transcript& transcript, std::size_t first,
                             std::vector<base::TokenId>& ids) const;
  // Appends all entries.
  void append(const Transcript& transcript, std::vector<base::TokenId>& ids) const;

 private:
  engine::ModelPackage package_;
  text::ChatFormat format_;
  const text::ToolStyle& tool_style_;
  std::vector<base::TokenId> stop_tokens_;
  engine::Engine engine_;
  SequencePark park_;
  std::mutex windows_mutex_;
  std::size_t windows_;  // that the KV cache may fill
  std::once_flag trie_made_;
  std::shared_ptr<const guide::TokenTrie> trie_;
  std::mutex guides_mutex_;
  std::unordered_map<std::string, std::shared_ptr<const guide::Guide>> guides_;  // by grammar
};

}  // namespace espalier::framework
