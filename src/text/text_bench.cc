// Bytes of text a second on one thread:
//
//   build/release/bin/text_bench
//
// The English text is the King James Bible of Debian's bible-kjv (scripts/setup --verify), else
// made up; the label says which. The vocabulary has its 8,000 most frequent words.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"
#include "text/vocabulary_testing.h"

namespace espalier::text {
namespace {

struct Text {
  std::string label;
  std::string text;
};

std::string output_of(const char* command) {
  std::string output;
  FILE* pipe = popen(command, "r");
  if (pipe == nullptr) return output;
  char block[1 << 16];
  for (std::size_t size = 0; (size = std::fread(block, 1, sizeof(block), pipe)) > 0;) {
    output.append(block, size);
  }
  pclose(pipe);
  return output;
}

// Words of two to eleven letters whose frequency falls with their number, as in a language.
std::string made_up_english() {
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < (4U << 20)) {
    state = state * 1664525 + 1013904223;
    std::uint32_t word = (state >> 12) % (1 + (state >> 20) % 4000);
    for (std::uint32_t letters = 2 + word % 10; letters > 0; --letters, word = word / 3 + 7) {
      text.push_back(static_cast<char>('a' + word % 26));
    }
    text += state % 97 < 9 ? ", " : " ";
  }
  return text;
}

const Text& english() {
  static const Text found = [] {
    std::string bible = output_of("bible -f -l100000 gen1:1-rev22:21 </dev/null 2>/dev/null");
    if (!bible.empty()) return Text{"King James Bible", std::move(bible)};
    return Text{"made-up words (no bible-kjv)", made_up_english()};
  }();
  return found;
}

// The most frequent words of the text as the tokenizers of smollm split it.
const std::vector<std::string>& frequent_words() {
  static const std::vector<std::string> found = [] {
    const std::string_view text = english().text;
    std::map<std::string_view, std::size_t> counts;
    PreTokenizer::find("smollm")->each_word(text, [&](std::size_t begin, std::size_t end) {
      ++counts[text.substr(begin, end - begin)];
    });
    std::vector<std::pair<std::size_t, std::string_view>> by_count;
    by_count.reserve(counts.size());
    for (const auto& [word, count] : counts) by_count.emplace_back(count, word);
    std::sort(by_count.rbegin(), by_count.rend());
    by_count.resize(std::min<std::size_t>(by_count.size(), 8000));
    std::vector<std::string> words;
    words.reserve(by_count.size());
    for (const auto& [count, word] : by_count) words.emplace_back(word);
    return words;
  }();
  return found;
}

const Tokenizer& tokenizer() {
  static const Tokenizer made(vocabulary_of_words(frequent_words(), "smollm"));
  return made;
}

const Tokenizer& llama3_tokenizer() {
  static const Tokenizer made(vocabulary_of_words(frequent_words(), "llama-bpe"));
  return made;
}

const Tokenizer& sentence_piece_tokenizer() {
  static const Tokenizer made(sentence_piece_of_words(frequent_words()));
  return made;
}

void count_bytes(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
}

void encode(benchmark::State& state, std::string_view text, const Tokenizer& by = tokenizer()) {
  std::vector<TokenId> ids;
  for (auto _ : state) {
    ids.clear();
    by.encode(text, {}, ids);
    benchmark::DoNotOptimize(ids.data());
  }
  count_bytes(state, text.size());
}

void encode_english(benchmark::State& state) {
  encode(state, english().text);
  state.SetLabel(english().label);
}

void encode_english_llama3(benchmark::State& state) {
  encode(state, english().text, llama3_tokenizer());
}

void encode_english_sentence_piece(benchmark::State& state) {
  encode(state, english().text, sentence_piece_tokenizer());
}

// A chat turn: what the call itself costs shows here.
void encode_short_prompt(benchmark::State& state) {
  encode(state, std::string_view(english().text).substr(1000, 200));
}

// Words without spaces in a script that the vocabulary knows only as bytes.
void encode_bytewise(benchmark::State& state) {
  std::string text;
  for (int i = 0; text.size() < (1U << 20); ++i) {
    text += "\u4e2d\u6587";
    if (i % 7 == 0) text += "\u3002";
  }
  encode(state, text);
}

void decode_english(benchmark::State& state) {
  const std::vector<TokenId> ids = tokenizer().encode(english().text);
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer().decode(ids));
  count_bytes(state, english().text.size());
}

BENCHMARK(encode_english)->Unit(benchmark::kMillisecond);
BENCHMARK(encode_english_llama3)->Unit(benchmark::kMillisecond);
BENCHMARK(encode_english_sentence_piece)->Unit(benchmark::kMillisecond);
BENCHMARK(encode_short_prompt);
BENCHMARK(encode_bytewise)->Unit(benchmark::kMillisecond);
BENCHMARK(decode_english)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace espalier::text
