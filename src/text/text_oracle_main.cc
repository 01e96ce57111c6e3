// Answers tests/oracles/tokenizer_oracle.py, one JSON object a line:
//
//   text_oracle VOCABULARY.json | FOLDER with tokenizer.json
//     {"encode": TEXT, "special": true}     →  {"ids": […], "text": decode(ids),
//                                                "streamed": the same by StreamDecoder}
//     {"decode": [IDS], "special": true}    →  {"text": decode(ids), "streamed": …}
//     {"template": JINJA, "messages": [{"role": …, "content": …}, …], "prompt": true}
//                                           →  {"ids": […], "text": rendered, "stops": […]}
//
// VOCABULARY.json is the vectors that a GGUF file holds: {"tokens": […], "kinds": […], "merges":
// […], "pre_tokenizer": …}, or, of SentencePiece, {"tokens", "kinds", "scores", "space_prefix",
// "unknown"}. "bos" and "eos" may be there.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "text/chat_format.h"
#include "text/space_mark.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"
#include "text/tokenizer_config.h"

namespace {

using espalier::text::ChatFormat;
using espalier::text::ChatMessage;
using espalier::text::StreamDecoder;
using espalier::text::TextRule;
using espalier::text::TokenId;
using espalier::text::Tokenizer;
using nlohmann::json;

void read_sentence_piece(const json& read, espalier::text::VocabularyData& data) {
  const std::string mark(espalier::text::space_mark);
  data.spelling = espalier::text::TokenSpelling::characters;
  data.pre_tokenizer = "whole";
  read.at("scores").get_to(data.scores);
  if (read.at("space_prefix").get<bool>()) {
    data.text_rules.push_back({TextRule::Kind::prepend, "", mark});
    data.decode.strip_spaces = 1;
  }
  data.text_rules.push_back({TextRule::Kind::replace, " ", mark});
  data.decode.replace.push_back({TextRule::Kind::replace, mark, " "});
  data.unknown = read.at("unknown").get<TokenId>();
  data.use_unknown = data.fuse_unknown = true;
}

espalier::text::VocabularyData read_vocabulary(const char* path) {
  std::ifstream file(path);
  const json read = json::parse(file);
  espalier::text::VocabularyData data;
  data.origin = path;
  read.at("tokens").get_to(data.tokens);
  if (read.contains("scores")) {
    read_sentence_piece(read, data);
  } else {
    read.at("merges").get_to(data.merges);
    read.at("pre_tokenizer").get_to(data.pre_tokenizer);
    data.whole_words = read.value("whole_words", false);
    if (read.value("nfc", false)) data.text_rules = {{TextRule::Kind::nfc, "", ""}};
  }
  if (read.contains("bos")) data.bos = read.at("bos").get<TokenId>();
  if (read.contains("eos")) data.eos = read.at("eos").get<TokenId>();
  for (const int kind : read.at("kinds")) {
    const auto known = espalier::text::token_kind(kind);
    if (known) data.kinds.push_back(*known);
  }
  return data;
}

json decoded(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, bool special) {
  StreamDecoder decoder(tokenizer, {.include_special = special});
  std::string streamed;
  for (const TokenId id : ids) streamed += decoder.push(id);
  streamed += decoder.finish();
  return {{"ids", ids},
          {"text", tokenizer.decode(ids, {.include_special = special})},
          {"streamed", streamed}};
}

json answer_encode(const Tokenizer& tokenizer, const json& request) {
  const auto ids = tokenizer.encode(request.at("encode").get<std::string>(),
                                    {.recognise_special = request.at("special").get<bool>()});
  return decoded(tokenizer, ids, true);
}

json answer_chat(const Tokenizer& tokenizer, const json& request) {
  const auto format = ChatFormat::from_template(request.at("template").get<std::string>());
  std::vector<ChatMessage> messages;
  for (const json& message : request.at("messages")) {
    messages.push_back({message.at("role"), message.at("content")});
  }
  const bool prompt = request.at("prompt");
  std::vector<TokenId> ids;
  std::string_view previous;
  for (const ChatMessage& message : messages) {
    format.append_message(tokenizer, message, previous, ids);
    previous = message.role;
  }
  if (prompt) format.append_generation_prompt(tokenizer, ids);
  return {{"ids", ids},
          {"text", format.render_text(tokenizer, messages, prompt)},
          {"stops", format.stop_tokens(tokenizer)}};
}

json answer(const Tokenizer& tokenizer, const json& request) {
  if (request.contains("encode")) return answer_encode(tokenizer, request);
  if (request.contains("template")) return answer_chat(tokenizer, request);
  return decoded(tokenizer, request.at("decode").get<std::vector<TokenId>>(),
                 request.at("special").get<bool>());
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: text_oracle VOCABULARY.json|FOLDER\n";
    return 2;
  }
  const bool is_folder = std::filesystem::is_directory(argv[1]);
  const Tokenizer tokenizer(is_folder ? espalier::text::read_tokenizer_folder(argv[1]).vocabulary
                                      : read_vocabulary(argv[1]));
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer(tokenizer, json::parse(line)) << '\n';
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << "text_oracle: " << error.what() << '\n';
  return 1;
}
