// Answers tests/oracles/tokenizer_oracle.py, one JSON object a line:
//
//   text_oracle VOCABULARY.json
//     {"encode": TEXT, "special": true}     →  {"ids": […], "text": decode(ids),
//                                                "streamed": the same by StreamDecoder}
//     {"template": JINJA, "messages": [{"role": …, "content": …}, …], "prompt": true}
//                                           →  {"ids": […], "text": rendered, "stops": […]}
//
// VOCABULARY.json: {"tokens": […], "kinds": […], "merges": […], "pre_tokenizer": …}
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "text/chat_format.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"

namespace {

using espalier::text::ChatFormat;
using espalier::text::ChatMessage;
using espalier::text::StreamDecoder;
using espalier::text::TokenId;
using espalier::text::Tokenizer;
using nlohmann::json;

espalier::text::VocabularyData read_vocabulary(const char* path) {
  std::ifstream file(path);
  const json read = json::parse(file);
  espalier::text::VocabularyData data;
  data.origin = path;
  read.at("tokens").get_to(data.tokens);
  read.at("merges").get_to(data.merges);
  read.at("pre_tokenizer").get_to(data.pre_tokenizer);
  for (const int kind : read.at("kinds")) {
    const auto known = espalier::text::token_kind(kind);
    if (known) data.kinds.push_back(*known);
  }
  return data;
}

json answer_encode(const Tokenizer& tokenizer, const json& request) {
  const auto ids = tokenizer.encode(request.at("encode").get<std::string>(),
                                    {.recognise_special = request.at("special").get<bool>()});
  StreamDecoder decoder(tokenizer, {.include_special = true});
  std::string streamed;
  for (const TokenId id : ids) streamed += decoder.push(id);
  streamed += decoder.finish();
  return {{"ids", ids},
          {"text", tokenizer.decode(ids, {.include_special = true})},
          {"streamed", streamed}};
}

json answer_chat(const Tokenizer& tokenizer, const json& request) {
  const auto format = ChatFormat::from_template(request.at("template").get<std::string>());
  std::vector<ChatMessage> messages;
  for (const json& message : request.at("messages")) {
    messages.push_back({message.at("role"), message.at("content")});
  }
  const bool prompt = request.at("prompt");
  std::vector<TokenId> ids;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    format.append_message(tokenizer, messages[i], i, ids);
  }
  if (prompt) format.append_generation_prompt(tokenizer, ids);
  return {{"ids", ids},
          {"text", format.render_text(messages, prompt)},
          {"stops", format.stop_tokens(tokenizer)}};
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: text_oracle VOCABULARY.json\n";
    return 2;
  }
  const Tokenizer tokenizer(read_vocabulary(argv[1]));
  for (std::string line; std::getline(std::cin, line);) {
    const json request = json::parse(line);
    const json answer = request.contains("encode") ? answer_encode(tokenizer, request)
                                                   : answer_chat(tokenizer, request);
    std::cout << answer << '\n';
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << "text_oracle: " << error.what() << '\n';
  return 1;
}
