// Every rule of a tokenizer.json, broken once: each file is refused, and the message says where and
// why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "text/tokenizer_json_testing.h"

namespace espalier::text {
namespace {

using ::testing::AllOf;
using testing::byte_level_json;
using ::testing::HasSubstr;
using testing::sentence_piece_json;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;

struct Fault {
  const char* name;
  std::string_view file;
  std::string_view from;  // stands in the file
  std::string_view to;    // what stands there instead
  std::string_view message;
};

constexpr std::string_view bytes = byte_level_json;
constexpr std::string_view pieces = sentence_piece_json;

constexpr Fault faults[] = {
    // The document.
    {"Cut", bytes, R"("merges")", "", "expected"},
    {"UnknownMember", bytes, R"("version": "1.0")", R"("extra": 1)",
     "(/extra): 'extra' is not known here"},
    {"NoModel", bytes, R"("model": {)", R"("other": {)", "/other"},
    {"NoDecoder", pieces, R"("decoder": {)", R"("version": {)", "'decoder'"},
    {"RootIsAList", bytes, bytes, "[1]", "an object is expected"},
    // The model.
    {"AnotherModel", bytes, R"("type": "BPE")", R"("type": "Unigram")",
     "(/model/type): a model of type 'Unigram' is not supported; supported is: BPE"},
    {"UnknownModelMember", bytes, R"("dropout": null)", R"("magic": 1)", "(/model/magic): 'magic'"},
    {"Dropout", bytes, R"("dropout": null)", R"("dropout": 0.1)",
     "(/model/dropout): dropout makes"},
    {"SubwordPrefix", bytes, R"("continuing_subword_prefix": null)",
     R"("continuing_subword_prefix": "##")", "'continuing_subword_prefix' is not supported"},
    {"WordSuffix", bytes, R"("end_of_word_suffix": null)", R"("end_of_word_suffix": "</w>")",
     "'end_of_word_suffix' is not supported"},
    {"ByteFallbackOfBytes", bytes, R"("byte_fallback": false)", R"("byte_fallback": true)",
     "(/model/byte_fallback)"},
    {"FlagIsANumber", bytes, R"("ignore_merges": false)", R"("ignore_merges": 1)",
     "(/model/ignore_merges): a boolean is expected"},
    {"UnknownTokenMissing", pieces, R"("unk_token": "<unk>")", R"("unk_token": "<u>")",
     "(/model/unk_token): '<u>' is not in the vocabulary"},
    // The vocabulary.
    {"VocabularyIsAList", bytes, R"({"a": 0, "b": 1, "c": 2, "\u0120": 3, "ab": 4, "abc": 5})",
     "[]", "(/model/vocab)"},
    {"EmptyVocabulary", bytes, R"({"a": 0, "b": 1, "c": 2, "\u0120": 3, "ab": 4, "abc": 5})", "{}",
     "the vocabulary has no tokens"},
    {"IdIsText", bytes, R"("b": 1)", R"("b": "1")", "(/model/vocab/b)"},
    {"IdIsAFraction", bytes, R"("b": 1)", R"("b": 1.5)", "(/model/vocab/b)"},
    {"NegativeId", bytes, R"("b": 1)", R"("b": -1)", "(/model/vocab/b): -1 is no id"},
    {"HugeId", bytes, R"("b": 1)", R"("b": 2000000000)", "2000000000 is no id: there are 8 tokens"},
    {"IdBeyondIntegers", bytes, R"("b": 1)", R"("b": 99999999999999999999)", "(/model/vocab/b)"},
    {"IdTwice", bytes, R"("b": 1)", R"("b": 0)", "the id 0 is that of 'a' already"},
    {"IdLeftOut", bytes, R"("\u0120": 3)", R"("<tool>": 7)", "no token has the id 3"},
    {"TokenTwice", bytes, R"("b": 1)", R"("a": 1)", "the key 'a' appears again"},
    // Merges.
    {"MergesAreAnObject", bytes, R"(["a b", ["ab", "c"]])", R"({"a": "b"})", "(/model/merges)"},
    {"MergeIsANumber", bytes, R"(["a b")", R"([5)", "(/model/merges/0)"},
    {"MergeOfOne", bytes, R"("a b")", R"("ab")", "(/model/merges/0): 'ab' is not two tokens"},
    {"MergeOfThree", bytes, R"("a b")", R"("a b c")", "'a b c' is not two tokens"},
    {"PairOfOne", bytes, R"(["ab", "c"])", R"(["ab"])", "(/model/merges/1): a merge of two"},
    {"PairOfNumbers", bytes, R"(["ab", "c"])", R"([1, 2])", "(/model/merges/1/0)"},
    {"MergeOfAStranger", bytes, R"("a b")", R"("a z")",
     "it merges 'z', which is not in the vocabulary"},
    {"MergeIntoAStranger", bytes, R"("a b")", R"("b a")", "'ba' is not in the vocabulary"},
    {"MergeIntoASpecialToken", bytes, R"("content": "<s>")", R"("content": "abc")", "abc"},
    // Added tokens.
    {"AddedTokensAreAnObject", pieces, R"([{"id": 0, "content": "<unk>")",
     R"([7, {"id": 0, "content": "<unk>")", "(/added_tokens/0)"},
    {"AddedWithoutId", bytes, R"("id": 6, "content")", R"("content")", "/added_tokens/0"},
    {"AddedWithAStrangeId", bytes, R"("id": 7)", R"("id": 70)",
     "(/added_tokens/1/id): 70 is no id"},
    {"AddedUnderAnothersId", bytes, R"("id": 7)", R"("id": 2)",
     "token 2 is 'c' in the vocabulary, '<tool>' here"},
    {"AddedWholeWord", bytes, R"("single_word": false)", R"("single_word": true)",
     "(/added_tokens/0/single_word)"},
    {"AddedWithAnotherRule", bytes, R"("single_word": false)", R"("magic": false)",
     "'magic' is not known"},
    // The normalizer.
    {"Lowercase", bytes,
     R"({"type": "Replace", "pattern": {"String": "e\u0301"}, "content": "\u00e9"})",
     R"({"type": "Lowercase"})",
     "(/normalizer/type): a normalizer of type 'Lowercase' is not supported; supported are: NFC"},
    {"NormalizerWithoutType", bytes,
     R"({"type": "Replace", "pattern": {"String": "e\u0301"}, "content": "\u00e9"})", R"({})",
     "/normalizer"},
    {"NormalizerIsText", bytes,
     R"({"type": "Replace", "pattern": {"String": "e\u0301"}, "content": "\u00e9"})", R"("NFC")",
     "/normalizer"},
    {"ReplaceByExpression", pieces, R"({"String": " "}, "content": "▁")",
     R"({"Regex": " "}, "content": "▁")",
     "(/normalizer/normalizers/1/pattern): a regular expression is not supported here"},
    {"ReplaceNothing", pieces, R"({"String": " "}, "content": "▁")",
     R"({"String": ""}, "content": "▁")", "an empty string is no pattern"},
    {"ReplaceByABook", pieces, R"("content": "▁")",
     R"("content": "0123456789012345678901234567890123456789012345678901234567890123456789")",
     "more than 64 times as long"},
    {"SequenceWithAnotherMember", pieces, R"("type": "Sequence", "normalizers")",
     R"("type": "Sequence", "magic": 1, "normalizers")", "'magic' is not known here"},
    // The pre-tokenizer.
    {"AnotherPreTokenizer", bytes, R"("type": "Digits", "individual_digits": true)",
     R"("type": "Whitespace")",
     "(/pre_tokenizer/pretokenizers/0/type): a pre_tokenizer of type 'Whitespace'"},
    {"UnknownExpression", bytes, R"("type": "Digits", "individual_digits": true)",
     R"("type": "Split", "pattern": {"Regex": "x+"}, "behavior": "Isolated", "invert": false)",
     "supported are those of gpt2, llama-bpe (Llama 3) and qwen2"},
    {"SplitByText", bytes, R"("type": "Digits", "individual_digits": true)",
     R"("type": "Split", "pattern": {"String": "x"}, "behavior": "Isolated", "invert": false)",
     "splitting by a string is supported where"},
    {"StepBehindByteLevel", bytes, R"("use_regex": true}]},)",
     R"("use_regex": true}, {"type": "ByteLevel"}]},)", "a step behind ByteLevel is not supported"},
    {"PrefixInTheMiddle", bytes, R"("add_prefix_space": false)", R"("add_prefix_space": true)",
     "by the first step only"},
    {"MarkOfAnotherKind", pieces, R"("pre_tokenizer": null)",
     R"("pre_tokenizer": {"type": "Metaspace", "replacement": "_"})", "other than U+2581"},
    {"AnotherScheme", pieces, R"("pre_tokenizer": null)",
     R"("pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "last"})",
     "\"always\", \"first\" or \"never\" is expected"},
    // The post-processor.
    {"AnotherPostProcessor", pieces, R"("post_processor": null)",
     R"("post_processor": {"type": "BertProcessing"})",
     "a post_processor of type 'BertProcessing'"},
    {"TemplateOfTwoTokens", bytes, R"([{"SpecialToken": {"id": "<s>", "type_id": 0}},)",
     R"([{"SpecialToken": {"id": "<s>"}}, {"SpecialToken": {"id": "<s>"}},)",
     "more than one token"},
    {"TemplateWithoutText", bytes, R"(, {"Sequence": {"id": "A", "type_id": 0}}])", "]",
     "the text itself"},
    {"TemplateOfAStranger", bytes, R"({"id": "<s>", "type_id": 0})",
     R"({"id": "<t>", "type_id": 0})", "'<t>' is not in special_tokens"},
    {"TemplateIdOutOfRange", bytes, R"("ids": [6])", R"("ids": [600])", "tokens are 0 to 7"},
    // The decoder.
    {"AnotherDecoder", bytes, R"("decoder": {"type": "ByteLevel")",
     R"("decoder": {"type": "WordPiece")",
     "a decoder of tokens that are bytes of type 'WordPiece'"},
    {"NoByteFallback", pieces, R"({"type": "ByteFallback"}, )", "",
     "a decoder with ByteFallback is expected"},
    {"StripOfEach", pieces, R"({"type": "Fuse"},)", "", "Strip is supported behind Fuse"},
    {"StripAtTheEnd", pieces, R"("stop": 0)", R"("stop": 1)", "for spaces at the start"},
    {"DecoderThatGrows", pieces, R"("content": " "},
    {"type": "ByteFallback")",
     R"("content": "    "}, {"type": "ByteFallback")", "a decoder that makes tokens longer"},
};

class MalformedTokenizerJson : public ::testing::TestWithParam<Fault> {};

TEST_P(MalformedTokenizerJson, IsRefusedWithPlaceAndFault) {
  const Fault& fault = GetParam();
  std::string text(fault.file);
  const std::size_t at = text.find(fault.from);
  ASSERT_NE(at, std::string::npos) << "the file has no " << fault.from;
  text.replace(at, fault.from.size(), fault.to);
  EXPECT_THAT([&] { Tokenizer{testing::read_json(text)}; },
              ThrowsMessage<InvalidFile>(
                  AllOf(StartsWith("tokenizer.json: "), HasSubstr(std::string(fault.message)))));
}

INSTANTIATE_TEST_SUITE_P(TokenizerJson, MalformedTokenizerJson, ::testing::ValuesIn(faults),
                         [](const auto& instance) { return instance.param.name; });

TEST(TokenizerJson, TheUnbrokenFilesAreRead) {
  EXPECT_NO_THROW(Tokenizer{testing::read_json(bytes)});
  EXPECT_NO_THROW(Tokenizer{testing::read_json(pieces)});
}

TEST(TokenizerJson, CutAnywhereItIsRefused) {
  for (std::size_t size = 0; size < bytes.size() - 1; ++size) {
    EXPECT_THROW(testing::read_json(bytes.substr(0, size)), InvalidFile) << size;
  }
}

}  // namespace
}  // namespace espalier::text
