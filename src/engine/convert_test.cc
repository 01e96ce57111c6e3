// Models through convert() and back, on the parity fixtures: what comes out must compute the same.
#include "engine/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "base/temporary_folder_testing.h"
#include "engine/end_tokens.h"
#include "engine/fixture_testing.h"
#include "engine/gguf_vocabulary.h"
#include "engine/model_card.h"
#include "engine/model_package.h"
#include "espalier/error.h"
#include "tensor/gguf_writer.h"
#include "tensor/safetensors_folder.h"
#include "text/vocabulary_testing.h"

namespace espalier::engine {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

const fs::path fixtures = "tests/parity/fixtures";

const ConvertOptions to_folder{.target = ConvertTarget::folder};
const ConvertOptions to_gguf{.target = ConvertTarget::gguf};

const std::vector<std::string> texts = {"",
                                        " ",
                                        "the end and the sand",
                                        "<|im_start|>user\nHéllo, 1234!<|im_end|>\n",
                                        "<|im_start|><|endoftext|><|im_end",
                                        "  two  spaces\t\ttabs\r\n\r\nlines ",
                                        "naïve 日本語 🌳 e\u0301 \u00a0x",
                                        "don't WON'T 3.14159 x_y+z==4;",
                                        std::string("\xff\xfe\0\x80 raw", 8)};

class ConvertTest : public ::testing::Test {
 protected:
  fs::path at(const char* name) const { return folder_ / name; }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_.path()), {}));
  }
  static void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }

  // A fixture's folder with the tokenizer that one of them has; they share their vocabulary.
  fs::path with_tokenizer(const std::string& fixture) const {
    const fs::path copy = at("source");
    fs::copy(fixtures / fixture, copy);
    for (const char* file : {"tokenizer.json", "tokenizer_config.json"}) {
      fs::copy(fixtures / "qwen3_f32" / file, copy / file, fs::copy_options::skip_existing);
    }
    return copy;
  }

  static std::vector<float> logits(const ModelPackage& package) {
    // Longer than every fixture's window.
    const auto tokens = testing::some_tokens(160, 7, package.model->config.vocabulary);
    return testing::logits_of(package.model, {.threads = 2, .kv_type = kernels::KvType::f32},
                              tokens);
  }

  static void expect_same_model(const fs::path& made, const fs::path& source) {
    const ModelPackage is = load_package(made, 2), was = load_package(source, 2);
    const std::vector<float> a = logits(is), b = logits(was);
    ASSERT_EQ(a.size(), b.size());
    EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)), 0) << made;
    EXPECT_EQ(is.chat_template, was.chat_template);
    EXPECT_EQ(is.tokenizer->bos(), was.tokenizer->bos());
    EXPECT_EQ(is.tokenizer->eos(), was.tokenizer->eos());
    EXPECT_EQ(is.tokenizer->wants_bos(), was.tokenizer->wants_bos());
    expect_same_tokens(*is.tokenizer, *was.tokenizer);
  }

  static void expect_same_tokens(const text::Tokenizer& is, const text::Tokenizer& was) {
    for (const std::string& text : texts) {
      for (const bool special : {true, false}) {
        const auto ids = was.encode(text, {.recognise_special = special});
        EXPECT_EQ(is.encode(text, {.recognise_special = special}), ids) << text;
        for (const bool shown : {true, false}) {
          EXPECT_EQ(is.decode_bytes(ids, {.include_special = shown}),
                    was.decode_bytes(ids, {.include_special = shown}));
        }
      }
    }
  }

  const base::testing::TemporaryFolder folder_;
};

class EveryFamily : public ConvertTest, public ::testing::WithParamInterface<std::string> {
 protected:
  fs::path gguf() const { return fixtures / (GetParam() + ".gguf"); }
};

TEST_P(EveryFamily, AGgufFileMadeOfAFolderGivesTheBitsOfTheFolder) {
  const fs::path source = with_tokenizer(GetParam());
  const ConvertReport report = convert(source, at("made.gguf"), to_gguf);
  EXPECT_THAT(report.files, ElementsAre("made.gguf"));
  EXPECT_THAT(report.notes, IsEmpty());
  expect_same_model(at("made.gguf"), source);
  // The file that PyPI gguf wrote holds the same tensors.
  const auto made = tensor::GgufFile::open(at("made.gguf"));
  const auto theirs = tensor::GgufFile::open(gguf());
  EXPECT_EQ(made.tensors().size(), theirs.tensors().size());
  for (const tensor::GgufTensor& tensor : theirs.tensors()) {
    const tensor::GgufTensor& ours = made.tensor(tensor.name);
    EXPECT_EQ(ours.type, tensor.type) << tensor.name;
    EXPECT_EQ(ours.shape, tensor.shape) << tensor.name;
    EXPECT_TRUE(std::ranges::equal(ours.bytes, tensor.bytes)) << tensor.name;
  }
}

TEST_P(EveryFamily, AFolderMadeOfAGgufFileGivesTheBitsOfTheFile) {
  convert(gguf(), at("made"), to_folder);
  expect_same_model(at("made"), gguf());
  EXPECT_THAT(read_end_tokens(at("made"), 272), ElementsAre(2));
  // As transformers wrote it, but for the types of vectors.
  const auto made = tensor::SafetensorsFolder::open(at("made"));
  const auto theirs = tensor::SafetensorsFolder::open(fixtures / GetParam());
  EXPECT_EQ(made.tensors().size(), theirs.tensors().size());
  for (const tensor::SafetensorsTensor& tensor : theirs.tensors()) {
    const tensor::SafetensorsTensor& ours = made.tensor(tensor.name);
    EXPECT_TRUE(std::ranges::equal(ours.sizes(), tensor.sizes())) << tensor.name;
    if (ours.type != tensor.type) continue;
    EXPECT_TRUE(std::ranges::equal(ours.bytes, tensor.bytes)) << tensor.name;
  }
}

TEST_P(EveryFamily, ThereAndBackTensorsAreTheSameBytes) {
  convert(gguf(), at("folder"), to_folder);
  convert(at("folder"), at("back.gguf"), to_gguf);
  const auto before = tensor::GgufFile::open(gguf());
  const auto after = tensor::GgufFile::open(at("back.gguf"));
  ASSERT_EQ(after.tensors().size(), before.tensors().size());
  for (const tensor::GgufTensor& tensor : before.tensors()) {
    EXPECT_EQ(after.tensor(tensor.name).type, tensor.type) << tensor.name;
    EXPECT_TRUE(std::ranges::equal(after.tensor(tensor.name).bytes, tensor.bytes)) << tensor.name;
  }
  EXPECT_EQ(model::read_config(after).name, model::read_config(before).name);
  expect_same_tokens(*load_tokenizer(at("back.gguf")), *load_tokenizer(gguf()));
}

INSTANTIATE_TEST_SUITE_P(Families, EveryFamily,
                         ::testing::Values("llama3_scaled", "mistral_window", "qwen2_bias",
                                           "qwen3_f32", "gemma3_window"),
                         [](const auto& instance) { return instance.param; });

std::vector<float> values(const tensor::PackedMatrix& matrix) {
  std::vector<float> all(matrix.rows() * matrix.cols());
  for (std::size_t row = 0; row < matrix.rows(); ++row) {
    tensor::unpack_row(matrix, row, std::span(all).subspan(row * matrix.cols(), matrix.cols()));
  }
  return all;
}

class QuantisedSource : public ConvertTest, public ::testing::WithParamInterface<std::string> {
 protected:
  // check(weight in the folder, weight in the file)
  template <class Check>
  void compare(Check check) const {
    const auto is = testing::load_fixture(GetParam());
    base::ThreadPool pool(1);
    const model::Model made = model::load_folder(at("made"), pool);
    ASSERT_EQ(made.layers.size(), is->layers.size());
    std::vector<float> a = values(made.embedding), b = values(is->embedding);
    for (std::size_t i = 0; i < made.layers.size(); ++i) {
      const auto add = [](const model::Projection& projection, std::vector<float>& all) {
        for (const auto& part : projection.parts) {
          const std::vector<float> more = values(part);
          all.insert(all.end(), more.begin(), more.end());
        }
      };
      add(made.layers[i].qkv, a);
      add(is->layers[i].qkv, b);
      add(made.layers[i].down, a);
      add(is->layers[i].down, b);
    }
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i)
      ASSERT_TRUE(check(a[i], b[i])) << a[i] << " " << b[i];
  }
  fs::path source() const { return fixtures / (GetParam() + ".gguf"); }
};

TEST_P(QuantisedSource, InF32NothingIsLost) {
  convert(source(), at("made"), {.dtype = tensor::DType::f32});
  compare([](float made, float was) { return made == was; });
}

TEST_P(QuantisedSource, ByDefaultOnlyTheTwelfthBitIs) {
  const ConvertReport report = convert(source(), at("made"), to_folder);
  EXPECT_EQ(report.dtypes.front().to, tensor::DType::f16);
  compare([](float made, float was) {
    return std::abs(made - was) <= std::max(std::abs(was) * 0x1p-11F, 0x1p-25F);
  });
}

INSTANTIATE_TEST_SUITE_P(Types, QuantisedSource,
                         ::testing::Values("width96_q8_0", "width96_q4_0", "head64_q4_1"),
                         [](const auto& instance) { return instance.param; });

TEST_F(ConvertTest, WeightsCanBeDealtOutToSeveralFiles) {
  const ConvertReport report =
      convert(fixtures / "qwen3_f32.gguf", at("made"), {.shard_bytes = 20'000});
  EXPECT_TRUE(fs::exists(at("made") / "model.safetensors.index.json"));
  EXPECT_GT(std::ranges::count_if(report.files,
                                  [](const auto& name) { return name.ends_with(".safetensors"); }),
            2);
  EXPECT_EQ(report.files.size(),
            static_cast<std::size_t>(std::distance(fs::directory_iterator(at("made")), {})));
  expect_same_model(at("made"), fixtures / "qwen3_f32.gguf");
}

TEST_F(ConvertTest, AWantedTypeIsThatOfAllWeights) {
  const ConvertReport report =
      convert(fixtures / "gqa_tied_f32.gguf", at("made"), {.dtype = tensor::DType::bf16});
  ASSERT_EQ(report.dtypes.size(), 1U);
  EXPECT_EQ(report.dtypes[0].tensors, report.tensors);
  const auto folder = tensor::SafetensorsFolder::open(at("made"));
  for (const auto& tensor : folder.tensors()) EXPECT_EQ(tensor.type->name, "BF16") << tensor.name;
  std::ifstream config(at("made") / "config.json");
  EXPECT_THAT(std::string(std::istreambuf_iterator<char>(config), {}),
              HasSubstr(R"("torch_dtype": "bfloat16")"));
}

// A fixture's file with other keys for its tokenizer, or other keys altogether.
void rewrite(const fs::path& source, const fs::path& path, const std::string& without,
             const std::function<void(tensor::GgufKeys&)>& add) {
  const auto file = tensor::GgufFile::open(source);
  tensor::GgufKeys keys;
  for (const tensor::GgufValue& value : file.metadata().values()) {
    if (!value.key.starts_with(without)) keys.copy(value);
  }
  add(keys);
  std::vector<tensor::GgufEntry> entries;
  for (const tensor::GgufTensor& tensor : file.tensors()) {
    entries.push_back({std::string(tensor.name),
                       tensor.type,
                       {tensor.shape.data(), tensor.shape.data() + tensor.dims}});
  }
  tensor::GgufWriter writer(path, keys, std::move(entries));
  for (const tensor::GgufTensor& tensor : file.tensors()) writer.write(tensor.bytes);
  writer.finish();
}

TEST_F(ConvertTest, SentencePieceAndTheWordsAboutTheModelComeBack) {
  auto vocabulary = text::sentence_piece_of_words({" the", "end"});
  ASSERT_LE(vocabulary.tokens.size(), 272U);
  vocabulary.eot = 5;
  rewrite(fixtures / "gqa_tied_f32.gguf", at("source.gguf"), "tokenizer.", [&](auto& keys) {
    write_vocabulary(vocabulary, 272, keys);
    keys.add("general.license", "apache-2.0");
  });
  convert(at("source.gguf"), at("folder"), to_folder);
  EXPECT_THAT(read_end_tokens(at("folder"), 272), ElementsAre(2, 5));
  EXPECT_EQ(read_model_card(at("folder")).license, "apache-2.0");
  const ConvertReport report = convert(at("folder"), at("back.gguf"), to_gguf);
  EXPECT_THAT(report.notes, IsEmpty());
  const auto tokenizer = load_tokenizer(at("source.gguf"));
  EXPECT_EQ(tokenizer->vocabulary_size(), 272U);
  expect_same_tokens(*load_tokenizer(at("folder")), *tokenizer);
  expect_same_tokens(*load_tokenizer(at("back.gguf")), *tokenizer);
  const auto back = tensor::GgufFile::open(at("back.gguf"));
  EXPECT_EQ(model::read_config(back).license, "apache-2.0");
  EXPECT_EQ(read_vocabulary(back).eot, 5);
}

TEST_F(ConvertTest, AThirdEndIsRemarkedOn) {
  const fs::path source = with_tokenizer("qwen3_f32");
  write(source / "generation_config.json", R"({"eos_token_id": [2, 0, 1]})");
  const ConvertReport report = convert(source, at("made.gguf"), to_gguf);
  EXPECT_THAT(report.notes, ElementsAre(HasSubstr("token 1 ('<|im_start|>') ends an answer too")));
}

TEST_F(ConvertTest, WhatIsThereStaysUnlessItMayBeReplaced) {
  const fs::path source = fixtures / "qwen3_f32.gguf";
  write(at("made"), "a file");
  const auto expect_refused = [&](const fs::path& model, ConvertOptions options,
                                  const std::string& why) {
    EXPECT_THAT([&] { convert(model, at("made"), options); },
                ThrowsMessage<InvalidArgument>(AllOf(HasSubstr("made: "), HasSubstr(why))));
  };
  expect_refused(source, to_folder, "is there already");
  ConvertOptions force = to_folder;
  force.force = true;
  expect_refused(source, force, "no folder");
  fs::remove(at("made"));
  fs::create_directory(at("made"));
  write(at("made") / "precious", "text");
  expect_refused(source, to_folder, "is there already");
  expect_refused(source, force, "without a config.json");
  EXPECT_TRUE(fs::exists(at("made") / "precious"));
  write(at("made") / "config.json", "{}");
  fs::copy(source, at("made") / "model.gguf");
  expect_refused(at("made") / "model.gguf", force, "holds the model");
  expect_refused(fixtures / "qwen3_f32", {.target = ConvertTarget::gguf, .force = true},
                 "is a folder");
  convert(source, at("made"), force);
  EXPECT_FALSE(fs::exists(at("made") / "precious"));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(ConvertTest, AFileOfTheModelItselfIsNotReplaced) {
  const fs::path source = with_tokenizer("qwen3_f32");
  const ConvertOptions force{.target = ConvertTarget::gguf, .force = true};
  EXPECT_THAT([&] { convert(source, source / "config.json", force); },
              ThrowsMessage<InvalidArgument>(HasSubstr("belongs to the model")));
  convert(source, source / "model.gguf", force);
  convert(source, source / "model.gguf", force);
}

TEST_F(ConvertTest, AModelOfTheWantedFormatIsNamed) {
  EXPECT_THAT([&] { convert(fixtures / "qwen3_f32.gguf", at("made.gguf"), to_gguf); },
              ThrowsMessage<InvalidArgument>(HasSubstr("is a GGUF file already")));
  EXPECT_THAT([&] { convert(fixtures / "qwen3_f32", at("made"), to_folder); },
              ThrowsMessage<InvalidArgument>(HasSubstr("is a Hugging Face folder already")));
}

class Refused : public ConvertTest {
 protected:
  void expect_refused(const fs::path& model, const ConvertOptions& options,
                      const std::string& why) const {
    const std::size_t before = entries();
    EXPECT_THAT([&] { convert(model, at("made"), options); },
                ThrowsMessage<AssetsUnavailable>(HasSubstr(why)));
    EXPECT_EQ(entries(), before) << "something was left behind";
  }
};

TEST_F(Refused, AFileThatIsCutShort) {
  std::ifstream whole(fixtures / "qwen3_f32.gguf", std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(whole), {});
  write(at("cut.gguf"), bytes.substr(0, bytes.size() - 1000));
  expect_refused(at("cut.gguf"), to_folder, "cut.gguf: ");
}

TEST_F(Refused, AFolderThatLacksAShard) {
  const fs::path source = with_tokenizer("qwen3_f32");
  fs::remove(source / "model-00002-of-00003.safetensors");
  expect_refused(source, to_gguf, "model-00002-of-00003.safetensors");
}

TEST_F(Refused, AFolderWithoutATokenizer) {
  expect_refused(fixtures / "llama3_scaled", to_gguf, "tokenizer.json");
}

TEST_F(Refused, AFamilyThatIsNotSupported) {
  rewrite(fixtures / "gqa_tied_f32.gguf", at("other.gguf"), "general.architecture",
          [](auto& keys) { keys.add("general.architecture", "mamba"); });
  expect_refused(at("other.gguf"), to_folder,
                 "'mamba' is not supported; supported are: llama, qwen2");
}

TEST_F(Refused, ATokenizerThatIsNotKnown) {
  rewrite(fixtures / "gqa_tied_f32.gguf", at("other.gguf"), "tokenizer.ggml.pre",
          [](auto& keys) { keys.add("tokenizer.ggml.pre", "tekken"); });
  expect_refused(at("other.gguf"), to_folder, "'tekken' is not known");
}

TEST_F(Refused, ATokenizerThatGgufKeysCannotSay) {
  const fs::path source = with_tokenizer("qwen3_f32");
  std::ifstream file(source / "tokenizer.json");
  std::string text(std::istreambuf_iterator<char>(file), {});
  const std::string none = R"("normalizer":null)";
  ASSERT_NE(text.find(none), std::string::npos);
  text.replace(text.find(none), none.size(), R"("normalizer":{"type":"NFKC"})");
  write(source / "tokenizer.json", text);
  expect_refused(source, to_gguf, "its normalizer is its own");
}

TEST_F(Refused, AScaleThatFoldersOfTheFamilyDoNotHave) {
  rewrite(fixtures / "qwen3_f32.gguf", at("other.gguf"), "none",
          [](auto& keys) { keys.add("qwen3.attention.scale", 0.5F); });
  expect_refused(at("other.gguf"), to_folder, "the attention scale is 0.5, not 0.20412");
}

TEST_F(Refused, WindowsThatGgufFilesOfTheFamilyDoNotHave) {
  const fs::path source = with_tokenizer("qwen3_f32");
  std::ifstream file(source / "config.json");
  std::string text(std::istreambuf_iterator<char>(file), {});
  const std::string none = R"("sliding_window": null)";
  text.replace(text.find(none), none.size(), R"("sliding_window": 64)");
  const std::string full = R"("full_attention")";
  text.replace(text.find(full), full.size(), R"("sliding_attention")");
  write(source / "config.json", text);
  expect_refused(source, to_gguf, "the window of layer 0 is 64, not 0");
}

TEST_F(Refused, ANumberBeyondTheWantedType) {
  const auto file = tensor::GgufFile::open(fixtures / "gqa_tied_f32.gguf");
  std::ifstream whole(fixtures / "gqa_tied_f32.gguf", std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(whole), {});
  const float large = 70'000;
  std::memcpy(bytes.data() + file.tensor("blk.1.ffn_up.weight").offset, &large, sizeof large);
  write(at("large.gguf"), bytes);
  expect_refused(at("large.gguf"), {.dtype = tensor::DType::f16},
                 "tensor 'blk.1.ffn_up.weight' holds a number that is too large for F16");
}

TEST_F(Refused, AnOutputWithoutAParent) {
  EXPECT_THAT([&] { convert(fixtures / "qwen3_f32.gguf", at("gone") / "made", to_folder); },
              ThrowsMessage<AssetsUnavailable>(
                  AllOf(HasSubstr("gone/made"), HasSubstr("No such file or directory"))));
}

// A limit on the size of files stands for a full disk: writing fails half way through.
TEST_F(Refused, ADiskThatIsFull) {
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{40'000, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  expect_refused(fixtures / "qwen3_f32.gguf", to_folder, "cannot be written: File too large");
  expect_refused(fixtures / "qwen3_f32", to_gguf, "cannot be written: File too large");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, handler);
}

TEST_F(ConvertTest, ProgressCountsTensorsAndMayStop) {
  struct Stopped {};
  std::size_t last = 0;
  const fs::path source = fixtures / "qwen3_f32.gguf";
  const auto stop = [&](std::size_t done, std::size_t total, std::string_view) {
    EXPECT_EQ(done, ++last);
    if (done == total / 2) throw Stopped();
  };
  EXPECT_THROW(convert(source, at("made"), {.progress = stop}), Stopped);
  EXPECT_EQ(entries(), 0U);
}

}  // namespace
}  // namespace espalier::engine
