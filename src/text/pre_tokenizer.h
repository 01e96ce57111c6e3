// Splits text into the words that byte-pair encoding works on, one at a time.
//
//   const PreTokenizer pre_tokenizer = PreTokenizer::find("smollm").value();
//   pre_tokenizer.each_word(text, [&](std::size_t begin, std::size_t end) {
//     … text.substr(begin, end - begin) …
//   });
//
// Models define their splits by regular expressions. Here each is a state machine written by hand:
// ten times as fast as a regex engine, and nothing in a text can make it slow. Bytes that are not
// UTF-8 count as characters of no class, so any input can be split and no byte is lost.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace espalier::text {

class PreTokenizer {
 public:
  // The whole text is one word.
  PreTokenizer() noexcept;

  // Names as in GGUF's tokenizer.ggml.pre; nothing where the name is not known.
  //
  //   gpt2        's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  //   smollm      every numeric character is a word; what lies between them goes through gpt2,
  //               whose look-ahead (?!\S) sees the end of its piece and not the digit after it
  //   llama-bpe   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
  //                ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
  //   qwen2       the same with \p{N} for \p{N}{1,3}
  //
  // Other names of the same: gpt-2, llama3, llama-v3. Names that only a tokenizer.json asks for:
  //
  //   digits         every numeric character is a word
  //   digit-runs     every run of them is
  //   metaspace      a word begins with every space mark (U+2581)
  //   whole          the text is one word
  //
  // Names joined by '+' split one after the other, the words of the first by the second: smollm is
  // digits+gpt2.
  static std::optional<PreTokenizer> find(std::string_view name);

  // "gpt2, smollm, llama-bpe, qwen2"
  static std::string known_names();

  // Calls on_word(begin, end) for the words of `text` from left to right. Word ends are ends of
  // characters.
  template <class OnWord>
  void each_word(std::string_view text, OnWord&& on_word) const {
    split(text, 0, 0, on_word);
  }

 private:
  static constexpr std::size_t most_steps = 3;

  template <class OnWord>
  void split(std::string_view text, std::size_t offset, std::size_t step, OnWord& on_word) const {
    const WordEnd word_end = word_ends_[step];
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = word_end(text, begin);
      if (step + 1 == steps_) {
        on_word(offset + begin, offset + end);
      } else {
        split(text.substr(begin, end - begin), offset + begin, step + 1, on_word);
      }
      begin = end;
    }
  }

  // The end of the word that starts at `begin`, which is 0 or the end of another word.
  using WordEnd = std::size_t (*)(std::string_view text, std::size_t begin) noexcept;
  struct Known;
  static const Known known_[];

  std::array<WordEnd, most_steps> word_ends_{};
  std::size_t steps_ = 1;
};

}  // namespace espalier::text
