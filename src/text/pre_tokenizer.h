// Splits text into the words that byte-pair encoding works on, one at a time.
//
//   const PreTokenizer pre_tokenizer = PreTokenizer::find("smollm").value();
//   for (std::size_t begin = 0; begin < text.size();) {
//     const std::size_t end = pre_tokenizer.word_end(text, begin);
//     … text.substr(begin, end - begin) …
//     begin = end;
//   }
//
// Models define their splits by regular expressions. Here each is a state machine written by hand:
// ten times as fast as a regex engine, and nothing in a text can make it slow. Bytes that are not
// UTF-8 count as characters of no class, so any input can be split and no byte is lost.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace espalier::text {

class PreTokenizer {
 public:
  // Names as in GGUF's tokenizer.ggml.pre; nothing where the name is not known.
  //
  //   gpt2        's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  //   smollm      every numeric character is a word; what lies between them goes through gpt2,
  //               whose look-ahead (?!\S) sees the end of its piece and not the digit after it
  //   llama-bpe   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
  //                ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
  //   qwen2       the same with \p{N} for \p{N}{1,3}
  //
  // Other names of the same: gpt-2, llama3, llama-v3.
  static std::optional<PreTokenizer> find(std::string_view name);

  // "gpt2, smollm, llama-bpe, qwen2"
  static std::string known_names();

  // The end of the word that starts at `begin` (< text.size()). `begin` must be 0 or the end of
  // another word. Word ends are ends of characters.
  std::size_t word_end(std::string_view text, std::size_t begin) const noexcept {
    return word_end_(text, begin);
  }

 private:
  using WordEnd = std::size_t (*)(std::string_view text, std::size_t begin) noexcept;
  struct Known;
  static const Known known_[];

  explicit PreTokenizer(WordEnd function) : word_end_(function) {}

  WordEnd word_end_;
};

}  // namespace espalier::text
