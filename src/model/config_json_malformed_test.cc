// Every rule of a config.json, broken once: each file is refused, and the message says where and
// why. Among them are the classes of faults that readers of other formats have had published
// against them (gguf_malformed_test.cc names some): sizes and products taken at their word, absurd
// counts, values of another type than the reader wants.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

#include "espalier/error.h"
#include "model/hf_keys.h"
#include "model/load_folder.h"

namespace espalier::model {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;

constexpr std::string_view llama = R"({
  "model_type": "llama", "hidden_act": "silu", "hidden_size": 64, "intermediate_size": 96,
  "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "num_hidden_layers": 3,
  "vocab_size": 100, "max_position_embeddings": 4096, "rms_norm_eps": 1e-6,
  "rope_theta": 10000.0, "rope_scaling": {"rope_type": "llama3", "factor": 8.0,
    "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 1024},
  "attention_bias": false, "mlp_bias": false, "tie_word_embeddings": true,
  "torch_dtype": "bfloat16"
})";

constexpr std::string_view gemma = R"({
  "model_type": "gemma3_text", "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 64,
  "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 16,
  "num_hidden_layers": 3, "vocab_size": 100, "max_position_embeddings": 4096,
  "rms_norm_eps": 1e-6, "query_pre_attn_scalar": 16, "sliding_window": 32,
  "layer_types": ["sliding_attention", "sliding_attention", "full_attention"],
  "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8, "rope_theta": 1e6},
                      "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}},
  "final_logit_softcapping": null
})";

ModelConfig read(std::string_view text) {
  return read_config(
      base::JsonDocument::parse("config.json", std::string(text), config_json_limits));
}

struct Fault {
  const char* name;
  std::string_view file;
  std::string_view from;  // stands in the file
  std::string_view to;    // what stands there instead
  std::string_view message;
};

constexpr Fault document_faults[] = {
    {"Empty", llama, llama, "", "byte 0: unexpected end of input"},
    {"List", llama, llama, "[]", "an object is expected, not an array"},
    {"Text", llama, llama, R"("llama")", "an object is expected, not a string"},
    {"Page", llama, llama, "<!DOCTYPE html>", "byte 0: invalid literal"},
    {"KeyTwice", llama, R"("hidden_act": "silu")", R"("hidden_size": 32)",
     "the key 'hidden_size' appears again; it stands at byte"},
    {"GarbageBehind", llama, R"("bfloat16"
})",
     R"("bfloat16"}})", "end of input"},
    {"Nan", llama, "1e-6", "NaN", "invalid literal"},
    {"NumberBeyondDouble", llama, "10000.0", "1e999", "(/rope_theta)"},
    {"NotUtf8", llama, "bfloat16", "\xff", "ill-formed UTF-8"},
};

constexpr Fault family_faults[] = {
    {"NoFamily", llama, R"("model_type": "llama", )", "", "the key 'model_type' is missing"},
    {"FamilyIsANumber", llama, R"("model_type": "llama")", R"("model_type": 1)",
     "(/model_type): a string is expected, not 1"},
    {"FamilyIsNull", llama, R"("model_type": "llama")", R"("model_type": null)",
     "(/model_type): a string is expected, not null"},
    {"FamilyUnknown", llama, R"("model_type": "llama")", R"("model_type": "mamba")",
     "(/model_type): the model family 'mamba' is not supported; supported are: llama, mistral, "
     "qwen2, qwen3, gemma3_text"},
    {"FamilyEmpty", llama, R"("model_type": "llama")", R"("model_type": "")",
     "the model family '' is not supported"},
    {"FamilyThatCouldSpeakToATerminal", llama, R"("model_type": "llama")",
     R"("model_type": "\u001b[2J")", "the model family '\\x1b[2J' is not supported"},
    {"FamilyWithImages", gemma, "gemma3_text", "gemma3", "Gemma3ForConditionalGeneration"},
};

constexpr Fault size_faults[] = {
    {"NoWidth", llama, R"("hidden_size": 64, )", "", "the key 'hidden_size' is missing"},
    {"WidthIsText", llama, R"("hidden_size": 64)", R"("hidden_size": "64")",
     "(/hidden_size): a whole number from 0 to 18446744073709551615 is expected, not a string"},
    {"WidthIsAFraction", llama, R"("hidden_size": 64)", R"("hidden_size": 64.0)",
     "(/hidden_size): a whole number from 0 to 18446744073709551615 is expected, not 64.0"},
    {"WidthIsAList", llama, R"("hidden_size": 64)", R"("hidden_size": [64])",
     "is expected, not an array"},
    {"WidthNegative", llama, R"("hidden_size": 64)", R"("hidden_size": -64)", "not -64"},
    {"WidthZero", llama, R"("hidden_size": 64)", R"("hidden_size": 0)",
     "(/hidden_size): at least 1 is expected"},
    {"WidthHuge", llama, R"("hidden_size": 64)", R"("hidden_size": 18446744073709551615)",
     "the model width is 18446744073709551615; 1 to 1048576 was expected"},
    {"WidthBeyond64Bits", llama, R"("hidden_size": 64)", R"("hidden_size": 18446744073709551616)",
     "is expected, not 18446744073709551616"},
    {"NoHeads", llama, R"("num_attention_heads": 4, )", "",
     "the key 'num_attention_heads' is missing"},
    {"HeadsZero", llama, R"("num_attention_heads": 4)", R"("num_attention_heads": 0)",
     "(/num_attention_heads): at least 1 is expected"},
    {"HeadsNegative", llama, R"("num_attention_heads": 4)", R"("num_attention_heads": -4)",
     "(/num_attention_heads): a whole number"},
    // 2^60 heads of 16 wrap to 0.
    {"HeadsTimesTheirSizeWraps", llama, R"("num_attention_heads": 4)",
     R"("num_attention_heads": 1152921504606846976)",
     "the number of query heads is 1152921504606846976; 1 to 65536 was expected"},
    {"KvHeadsZero", llama, R"("num_key_value_heads": 2)", R"("num_key_value_heads": 0)",
     "(/num_key_value_heads): at least 1 is expected"},
    {"KvHeadsThatDoNotDivide", llama, R"("num_key_value_heads": 2)", R"("num_key_value_heads": 3)",
     "4 query heads cannot share 3 KV heads evenly"},
    {"KvHeadsMoreThanHeads", llama, R"("num_key_value_heads": 2)", R"("num_key_value_heads": 8)",
     "4 query heads cannot share 8 KV heads evenly"},
    {"KvHeadsTimesTheirSizeWraps", llama, R"("num_key_value_heads": 2)",
     R"("num_key_value_heads": 1152921504606846976)",
     "the number of KV heads is 1152921504606846976"},
    {"HeadSizeZero", llama, R"("head_dim": 16)", R"("head_dim": 0)",
     "(/head_dim): at least 1 is expected"},
    {"HeadSizeOdd", llama, R"("head_dim": 16)", R"("head_dim": 15)", "head size 15 is odd"},
    {"HeadSizeHuge", llama, R"("head_dim": 16)", R"("head_dim": 4611686018427387904)",
     "the head size is 4611686018427387904; 1 to"},
    {"MoreHeadsThanWidth", llama,
     R"("num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16)",
     R"("num_attention_heads": 128)", "the head size is 0"},
    {"FfnWidthZero", llama, R"("intermediate_size": 96)", R"("intermediate_size": 0)",
     "(/intermediate_size): at least 1 is expected"},
    {"FfnWidthHuge", llama, R"("intermediate_size": 96)",
     R"("intermediate_size": 9007199254740992)",
     "the FFN width is 9007199254740992; 1 to 1048576 was expected"},
    {"FfnWidthIsAList", llama, R"("intermediate_size": 96)", R"("intermediate_size": [96, 96, 96])",
     "(/intermediate_size): a whole number"},
    {"NoLayers", llama, R"(, "num_hidden_layers": 3)", "",
     "the key 'num_hidden_layers' is missing"},
    {"LayersZero", llama, R"("num_hidden_layers": 3)", R"("num_hidden_layers": 0)",
     "(/num_hidden_layers): at least 1 is expected"},
    {"LayersAbsurd", llama, R"("num_hidden_layers": 3)", R"("num_hidden_layers": 1099511627776)",
     "(/num_hidden_layers): at most 4096 is expected"},
    {"LayersIsTrue", llama, R"("num_hidden_layers": 3)", R"("num_hidden_layers": true)",
     "is expected, not a boolean"},
    {"VocabularyZero", llama, R"("vocab_size": 100)", R"("vocab_size": 0)",
     "(/vocab_size): at least 1 is expected"},
    {"VocabularyHuge", llama, R"("vocab_size": 100)", R"("vocab_size": 4294967296)",
     "the vocabulary size is 4294967296; 1 to 16777216 was expected"},
    {"VocabularyInExponents", llama, R"("vocab_size": 100)", R"("vocab_size": 1e2)",
     "is expected, not 1e2"},
    {"ContextZero", llama, R"("max_position_embeddings": 4096)", R"("max_position_embeddings": 0)",
     "(/max_position_embeddings): at least 1 is expected"},
    {"ContextHuge", llama, R"("max_position_embeddings": 4096)",
     R"("max_position_embeddings": 1152921504606846976)",
     "the context length is 1152921504606846976; 1 to 67108864 was expected"},
};

constexpr Fault number_faults[] = {
    {"NoEpsilon", llama, R"("rms_norm_eps": 1e-6,)", "", "the key 'rms_norm_eps' is missing"},
    {"EpsilonZero", llama, "1e-6", "0", "(/rms_norm_eps): a number above 0 is expected"},
    {"EpsilonThatVanishesInAFloat", llama, "1e-6", "1e-60", "(/rms_norm_eps)"},
    {"EpsilonNegative", llama, "1e-6", "-1e-6", "(/rms_norm_eps): a number above 0 is expected"},
    {"EpsilonHuge", llama, "1e-6", "1",
     "the norm's epsilon is 1; above 0 and below 1 was expected"},
    {"EpsilonIsText", llama, "1e-6", R"("1e-6")", "(/rms_norm_eps): a number is expected"},
    {"BaseZero", llama, "10000.0", "0", "(/rope_theta): a number above 0 is expected"},
    {"BaseNegative", llama, "10000.0", "-1e4", "(/rope_theta): a number above 0 is expected"},
    {"BaseBelowOne", llama, "10000.0", "1e-30",
     "the rotary base is 1e-30; 1 to 1e+12 was expected"},
    {"BaseHuge", llama, "10000.0", "1e30", "the rotary base is 1e+30; 1 to 1e+12 was expected"},
    {"BaseBeyondFloat", llama, "10000.0", "1e39", "(/rope_theta): a number"},
    {"ScalarNegative", gemma, R"("query_pre_attn_scalar": 16)", R"("query_pre_attn_scalar": -16)",
     "(/query_pre_attn_scalar): a number above 0 is expected"},
    {"ScalarIsText", gemma, R"("query_pre_attn_scalar": 16)", R"("query_pre_attn_scalar": "16")",
     "(/query_pre_attn_scalar): a number is expected"},
    {"TiedIsANumber", llama, R"("tie_word_embeddings": true)", R"("tie_word_embeddings": 1)",
     "(/tie_word_embeddings): a boolean is expected, not 1"},
};

constexpr Fault rope_faults[] = {
    {"ScalingIsText", llama, R"("rope_scaling": {)", R"("rope_scaling": "linear", "x": {)",
     "(/rope_scaling): an object is expected, not a string"},
    {"ScalingIsAList", llama, R"("rope_scaling": {)", R"("rope_scaling": [8], "x": {)",
     "(/rope_scaling): an object is expected, not an array"},
    {"ScalingUnknown", llama, R"("rope_type": "llama3")", R"("rope_type": "yarn")",
     "(/rope_scaling/rope_type): RoPE scaling 'yarn' is not supported; supported are: default, "
     "linear, llama3"},
    {"ScalingTypeIsANumber", llama, R"("rope_type": "llama3")", R"("rope_type": 3)",
     "(/rope_scaling/rope_type): a string is expected, not 3"},
    {"FactorWithoutAType", llama, R"("rope_type": "llama3", )", "",
     "(/rope_scaling/factor): a factor is expected to have a 'rope_type' beside it"},
    {"FactorMissing", llama, R"("factor": 8.0,)", "",
     "(/rope_scaling): the key 'factor' is missing"},
    {"FactorZero", llama, R"("factor": 8.0)", R"("factor": 0)",
     "(/rope_scaling/factor): a number above 0 is expected"},
    {"FactorNegative", llama, R"("factor": 8.0)", R"("factor": -8)",
     "(/rope_scaling/factor): a number above 0 is expected"},
    {"FactorTiny", llama, R"("factor": 8.0)", R"("factor": 1e-20)",
     "a divisor of rotary frequencies is"},
    {"FactorIsAList", llama, R"("factor": 8.0)", R"("factor": [8.0])",
     "(/rope_scaling/factor): a number is expected, not an array"},
    {"FrequenciesInTheWrongOrder", llama, R"("low_freq_factor": 1.0)", R"("low_freq_factor": 4.0)",
     "(/rope_scaling/low_freq_factor): a number below high_freq_factor is expected"},
    {"PartOfAHead", llama, R"("mlp_bias": false)", R"("partial_rotary_factor": 0.5)",
     "(/partial_rotary_factor): only 1 is supported"},
    {"PartOfAHeadInsideTheScaling", llama, R"("factor": 8.0)",
     R"("factor": 8.0, "partial_rotary_factor": 0.5)",
     "(/rope_scaling/partial_rotary_factor): only 1 is supported"},
    {"LocalScalingUnknown", gemma, R"("rope_type": "default")", R"("rope_type": "longrope")",
     "(/rope_parameters/sliding_attention/rope_type): RoPE scaling 'longrope'"},
    {"LocalBaseNegative", gemma, R"("rope_theta": 1e4)", R"("rope_theta": -1e4)",
     "(/rope_parameters/sliding_attention/rope_theta): a number above 0 is expected"},
    {"PartsAreText", gemma, R"("rope_parameters": {"full_attention": {)",
     R"("rope_parameters": {"full_attention": "linear", "x": {)",
     "(/rope_parameters/full_attention): an object is expected"},
};

constexpr Fault attention_faults[] = {
    {"LayerTypesTooFew", gemma, R"(["sliding_attention", "sliding_attention", )", "[",
     "(/layer_types): 3 elements are expected"},
    {"LayerTypesTooMany", gemma, R"("layer_types": [)", R"("layer_types": ["full_attention", )",
     "(/layer_types): 3 elements are expected"},
    {"LayerTypesIsText", gemma, R"("layer_types": [)", R"("layer_types": "full_attention", "x": [)",
     "(/layer_types)"},
    {"LayerTypeUnknown", gemma, R"("full_attention"])", R"("chunked_attention"])",
     "(/layer_types/2): 'full_attention' or 'sliding_attention' is expected"},
    {"LayerTypeIsANumber", gemma, R"("full_attention"])", "1]",
     "(/layer_types/2): a string is expected, not 1"},
    {"WindowZero", gemma, R"("sliding_window": 32)", R"("sliding_window": 0)",
     "(/sliding_window): at least 1 is expected"},
    {"WindowNegative", gemma, R"("sliding_window": 32)", R"("sliding_window": -1)",
     "(/sliding_window): a whole number"},
    {"WindowIsText", gemma, R"("sliding_window": 32)", R"("sliding_window": "32")",
     "(/sliding_window): a whole number"},
    {"WindowHuge", gemma, R"("sliding_window": 32)", R"("sliding_window": 18446744073709551615)",
     "layer 0 has a sliding window of 18446744073709551615; at most 67108864 was expected"},
    {"AttentionBias", llama, R"("attention_bias": false)", R"("attention_bias": true)",
     "(/attention_bias): is set, which is not supported"},
    {"FfnBias", llama, R"("mlp_bias": false)", R"("mlp_bias": true)",
     "(/mlp_bias): is set, which is not supported"},
    {"Experts", llama, R"("mlp_bias": false)", R"("num_local_experts": 8)",
     "(/num_local_experts): is set, which is not supported"},
    {"Softcapping", gemma, R"("final_logit_softcapping": null)", R"("final_logit_softcapping": 30)",
     "(/final_logit_softcapping): is set, which is not supported"},
    {"OtherActivation", llama, R"("silu")", R"("relu")",
     "(/hidden_act): 'silu' is expected; no other activation is supported here"},
    {"ActivationIsNoText", gemma, R"("gelu_pytorch_tanh")", "7",
     "(/hidden_activation): a string is expected, not 7"},
    {"QuantisedByAnother", llama, R"("mlp_bias": false)",
     R"("quantization_config": {"quant_method": "gptq", "bits": 4})",
     "(/quantization_config): weights quantised with 'gptq' are not read from folders; take the "
     "model in F32, F16 or BF16, or a GGUF file of it"},
    {"QuantisedWithoutAWord", llama, R"("mlp_bias": false)", R"("quantization_config": {})",
     "(/quantization_config): weights quantised are not read"},
    {"QuantisedIsText", llama, R"("mlp_bias": false)", R"("quantization_config": "4bit")",
     "(/quantization_config): weights quantised are not read"},
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.message; }

class MalformedConfigJson : public ::testing::TestWithParam<Fault> {};

TEST_P(MalformedConfigJson, IsRefusedWithPlaceAndFault) {
  const Fault& fault = GetParam();
  std::string text(fault.file);
  const std::size_t at = text.find(fault.from);
  ASSERT_NE(at, std::string::npos) << "the file has no " << fault.from;
  text.replace(at, fault.from.size(), fault.to);
  EXPECT_THAT([&] { read(text); },
              ThrowsMessage<InvalidFile>(
                  AllOf(StartsWith("config.json: "), HasSubstr(std::string(fault.message)))));
}

constexpr auto name_of = [](const auto& instance) { return instance.param.name; };
INSTANTIATE_TEST_SUITE_P(Document, MalformedConfigJson, ::testing::ValuesIn(document_faults),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Family, MalformedConfigJson, ::testing::ValuesIn(family_faults), name_of);
INSTANTIATE_TEST_SUITE_P(Size, MalformedConfigJson, ::testing::ValuesIn(size_faults), name_of);
INSTANTIATE_TEST_SUITE_P(Number, MalformedConfigJson, ::testing::ValuesIn(number_faults), name_of);
INSTANTIATE_TEST_SUITE_P(Rope, MalformedConfigJson, ::testing::ValuesIn(rope_faults), name_of);
INSTANTIATE_TEST_SUITE_P(Attention, MalformedConfigJson, ::testing::ValuesIn(attention_faults),
                         name_of);

TEST(ConfigJson, TheUnbrokenFilesAreRead) {
  EXPECT_EQ(read(llama).layers.size(), 3U);
  EXPECT_EQ(read(gemma).layers[0].window, 32U);
}

// What weights are stored as stands in the safetensors files; this key only repeats it.
TEST(ConfigJson, WhatItSaysOfElementTypesIsOverlooked) {
  for (const std::string_view type : {R"("float4")", "7", "null", "[]"}) {
    std::string text(llama);
    const std::string_view said = R"("bfloat16")";
    text.replace(text.find(said), said.size(), type);
    EXPECT_EQ(read(text).width, 64U) << type;
  }
}

TEST(ConfigJson, NestedTooDeepIsRefused) {
  const std::string deep = R"({"model_type": )" + std::string(100'000, '[');
  EXPECT_THAT([&] { read(deep); },
              ThrowsMessage<InvalidFile>(HasSubstr("arrays and objects stand more than 64 deep")));
}

TEST(ConfigJson, CutAnywhereItIsRefused) {
  for (const std::string_view whole : {llama, gemma}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_THROW(read(whole.substr(0, size)), InvalidFile) << size;
    }
  }
}

TEST(ConfigJson, ALargeFileCutAtEvery64KiBIsRefused) {
  std::string whole(llama.substr(0, llama.size() - 2));
  whole += R"(, "labels": [0)";
  while (whole.size() < (std::size_t{1} << 20)) whole += ", \"a label that nobody reads\"";
  whole += "]}";
  ASSERT_EQ(read(whole).layers.size(), 3U);
  for (std::size_t size = 0; size < whole.size(); size += 64 * 1024) {
    EXPECT_THROW(read(std::string_view(whole).substr(0, size)), InvalidFile) << size;
  }
}

}  // namespace
}  // namespace espalier::model
