#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/temporary_folder_testing.h"
#include "espalier/condense.h"
#include "espalier/espalier.h"
#include "framework/fixture_testing.h"
#include "framework/generation_settings.h"
#include "framework/model_install.h"
#include "framework/process.h"

namespace espalier {
namespace {

namespace fs = std::filesystem;
using base::testing::TemporaryFolder;
using framework::testing::tiny_model;
using ::testing::HasSubstr;

// Sets a variable for one test.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value.c_str(), 1);
  }
  ~Environment() {
    if (old_) {
      setenv(name_, old_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST(GenerationSettings, DefaultsAreThoseTheHeaderPromises) {
  const auto settings = framework::turn_settings({});
  EXPECT_FLOAT_EQ(settings.sampling.temperature, 0.2F);
  EXPECT_FLOAT_EQ(settings.sampling.top_p, 0.9F);
  EXPECT_EQ(settings.sampling.top_k, 0);
  EXPECT_EQ(settings.maximum_tokens, 0U);
  EXPECT_NE(settings.sampling.seed, framework::turn_settings({}).sampling.seed);
}

TEST(GenerationSettings, EachModeBecomesItsOptions) {
  const auto greedy =
      framework::turn_settings({.sampling = SamplingMode::greedy(), .temperature = 2.0});
  EXPECT_EQ(greedy.sampling.temperature, 0.0F);
  const auto top_k = framework::turn_settings(
      {.sampling = SamplingMode::random_top_k(5, 7), .maximum_response_tokens = 3});
  EXPECT_EQ(top_k.sampling.top_k, 5);
  EXPECT_EQ(top_k.sampling.seed, 7U);
  EXPECT_EQ(top_k.sampling.top_p, 1.0F);
  EXPECT_EQ(top_k.maximum_tokens, 3U);
  const auto threshold = framework::turn_settings(
      {.sampling = SamplingMode::random_probability_threshold(0.25, 8), .temperature = 1.5});
  EXPECT_EQ(threshold.sampling.top_p, 0.25F);
  EXPECT_EQ(threshold.sampling.seed, 8U);
  EXPECT_EQ(threshold.sampling.top_k, 0);
  EXPECT_EQ(threshold.sampling.temperature, 1.5F);
}

TEST(Model, TheDefaultIsOneForTheWholeProcess) {
  const std::shared_ptr<LanguageModel> one = SystemLanguageModel::default_model();
  const std::shared_ptr<LanguageModel> other = SystemLanguageModel::default_model();
  EXPECT_EQ(one, other);
  const Environment model("ESPALIER_MODEL", framework::testing::fixture);
  EXPECT_EQ(framework::find_model(), framework::testing::fixture);
}

TEST(Model, TellsWhyItIsNotAvailable) {
  const Availability there = tiny_model().availability();
  EXPECT_TRUE(there);
  EXPECT_EQ(there.reason, Availability::Reason::none);
  const Availability missing = SystemLanguageModel("/nowhere/model.gguf").availability();
  EXPECT_EQ(missing.reason, Availability::Reason::model_not_ready);
  EXPECT_THAT(missing.message, HasSubstr("/nowhere/model.gguf"));
  const Environment isa("ESPALIER_ISA", "mmx");
  const Availability machine = SystemLanguageModel(framework::testing::fixture).availability();
  EXPECT_EQ(machine.reason, Availability::Reason::device_not_eligible);
}

TEST(Model, CountsTokens) {
  const SystemLanguageModel model = tiny_model(100);
  EXPECT_EQ(model.context_size(), 100U);
  EXPECT_EQ(model.token_count(""), 0U);
  EXPECT_EQ(model.token_count("xyz"), 3U);
  EXPECT_GT(model.token_count("<|im_end|>"), 1U) << "text is never a control token";
  const Transcript first({Transcript::prompt("xyz")});
  EXPECT_GT(model.token_count(first), 3U);
  const Transcript both({first[0], Transcript::response("uvw")});
  EXPECT_GT(model.token_count(both), model.token_count(first) + 3);
}

TEST(Store, WithoutAModelTheRemedyIsNamed) {
  const TemporaryFolder home;
  const Environment data("XDG_DATA_HOME", home.path());
  const Environment model("ESPALIER_MODEL", "");
  const auto session_error = [] {
    try {
      LanguageModelSession(SystemLanguageModel("")).respond("Hello");
      return std::string("none");
    } catch (const AssetsUnavailable& error) {
      EXPECT_EQ(error.code(), ErrorCode::assets_unavailable);
      return std::string(error.what());
    }
  }();
  EXPECT_THAT(session_error, HasSubstr("espalier model install"));
  EXPECT_THAT(session_error, HasSubstr(home.path().string()));
}

TEST(Store, ModelThatCameLaterIsFound) {
  const TemporaryFolder home;
  const Environment data("XDG_DATA_HOME", home.path());
  const Environment none("ESPALIER_MODEL", "");
  const SystemLanguageModel model("");
  EXPECT_FALSE(model.availability());
  fs::create_directories(framework::user_model_folder());
  fs::copy_file(framework::testing::fixture, framework::user_model_folder() / "tiny.gguf");
  EXPECT_TRUE(model.availability());
  EXPECT_EQ(framework::find_model("tiny"), framework::user_model_folder() / "tiny.gguf");
}

TEST(Store, FoldersAreModelsBesideFiles) {
  const TemporaryFolder home;
  const Environment data("XDG_DATA_HOME", home.path());
  const Environment none("ESPALIER_MODEL", "");
  const fs::path store = framework::user_model_folder();
  const fs::path folder = "tests/parity/fixtures/qwen3_f32";
  fs::create_directories(store / "no-model");
  fs::create_directories(store / "Both");
  fs::copy(folder, store / "Both");
  fs::create_directories(store / "Alone");
  fs::copy(folder, store / "Alone");
  fs::create_directories(store / ".unfinished");
  fs::copy(folder, store / ".unfinished");
  fs::copy_file(framework::testing::fixture, store / "Both.gguf");
  std::vector<std::pair<std::string, framework::ModelKind>> found;
  for (const framework::StoredModel& model : framework::stored_models()) {
    if (model.path.parent_path() == store) found.emplace_back(model.name, model.kind);
  }
  EXPECT_THAT(found, ::testing::ElementsAre(std::pair("Alone", framework::ModelKind::folder),
                                            std::pair("Both", framework::ModelKind::gguf_file),
                                            std::pair("Both", framework::ModelKind::folder)));
  std::uintmax_t bytes = 0;
  for (int i = 1; i <= 3; ++i) {
    bytes += fs::file_size(folder / ("model-0000" + std::to_string(i) + "-of-00003.safetensors"));
  }
  EXPECT_EQ(framework::stored_models().front().bytes, bytes);
  EXPECT_EQ(framework::find_model(), store / "Alone");
  EXPECT_EQ(framework::find_model("Alone"), store / "Alone");
  EXPECT_EQ(framework::find_model("Both"), store / "Both.gguf");
  EXPECT_EQ(framework::find_model("Both.gguf"), store / "Both.gguf");
  EXPECT_EQ(framework::find_model("Both/"), store / "Both");
  EXPECT_THROW(framework::find_model("no-model"), AssetsUnavailable);
  EXPECT_TRUE(SystemLanguageModel("Alone").availability());
}

TEST(Store, RelativeDataFolderIsIgnored) {
  const Environment data("XDG_DATA_HOME", "somewhere");
  const Environment home("HOME", "/ada");
  EXPECT_EQ(framework::user_model_folder(), "/ada/.local/share/espalier/models");
}

TEST(Process, ReportsHowAProgramEnded) {
  const TemporaryFolder folder;
  const auto run = [&](const std::string& script) {
    return framework::run({.arguments = {"/bin/sh", "-c", script},
                           .environment = {{"ESPALIER_WORD", "a b"}},
                           .standard_error = folder.path() / "errors",
                           .silent = true});
  };
  EXPECT_TRUE(run("test \"$ESPALIER_WORD\" = 'a b'").succeeded());
  EXPECT_EQ(run("exit 3").exit_status, 3);
  EXPECT_EQ(run("kill -TERM $$").signal, SIGTERM);
  run("echo what went wrong >&2");
  std::string errors;
  std::getline(std::ifstream(folder.path() / "errors") >> std::ws, errors);
  EXPECT_EQ(errors, "what went wrong");
  EXPECT_THROW(framework::run({.arguments = {"/nowhere/program"},
                               .standard_error = folder.path() / "errors",
                               .silent = true}),
               Error);
}

TEST(Process, RelativeEntriesOfPathAreIgnored) {
  const TemporaryFolder folder;
  const fs::path program = folder.path() / "python3";
  std::ofstream(program) << "#!/bin/sh\n";
  fs::permissions(program, fs::perms::owner_all);
  const Environment path("PATH", ":.:relative:" + folder.path().string() + ":/nowhere");
  EXPECT_EQ(framework::programs_in_path("python3"), std::vector<fs::path>{program});
}

TEST(Images, AreRefusedByNameBeforeAnythingIsComputed) {
  const Transcript::Prompt prompt = {
      "p",
      {Transcript::TextSegment{"t", "What is this?"}, Transcript::ImageSegment{"i", "cat.png"}},
      {}};
  EXPECT_EQ(entry_text(prompt), "What is this?");
  const SystemLanguageModel model = tiny_model();
  LanguageModelSession session(model, Transcript({prompt, Transcript::response("A cat.")}));
  try {
    session.respond("Sure?");
    FAIL() << "answered";
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("cat.png: this model reads no images"));
  }
  EXPECT_THROW(session.prewarm(), InvalidArgument);
  EXPECT_THROW(model.token_count(session.transcript()), InvalidArgument);
  EXPECT_EQ(framework::testing::stats(model).computed_tokens, 0U);
}

TEST(Condense, KeepsInstructionsAndTheLastTurnsThatFit) {
  const SystemLanguageModel model = tiny_model(256);
  Transcript transcript({Transcript::instructions("Be brief.")});
  for (char c : {'a', 'b', 'c', 'd'}) {
    transcript.append(Transcript::prompt(std::string(10, c)));
    transcript.append(Transcript::response(std::string(10, c)));
  }
  const Transcript shorter = condense(transcript, model);
  EXPECT_LE(model.token_count(shorter), 128U);
  ASSERT_LT(shorter.size(), transcript.size());
  ASSERT_GE(shorter.size(), 3U);
  EXPECT_EQ(shorter[0], transcript[0]);
  const std::size_t dropped = transcript.size() - shorter.size();
  EXPECT_EQ(dropped % 2, 0U) << "half a turn was kept";
  for (std::size_t i = 1; i < shorter.size(); ++i) EXPECT_EQ(shorter[i], transcript[i + dropped]);
}

TEST(Condense, CountsAsABackEndDoes) {
  Transcript transcript({Transcript::instructions("Be brief.")});
  for (int i = 0; i < 6; ++i) transcript.append(Transcript::prompt("a"));
  const auto entries = [](const Transcript& shorter) { return shorter.size(); };
  EXPECT_EQ(condense(transcript, 4, entries).size(), 4U);
  EXPECT_EQ(condense(transcript, 0, entries).size(), 1U) << "instructions stay";
}

TEST(Condense, TurnThatDoesNotFitIsDropped) {
  const Transcript transcript(
      {Transcript::prompt(std::string(200, 'a')), Transcript::response("b")});
  EXPECT_TRUE(condense(transcript, tiny_model(256)).empty());
}

}  // namespace
}  // namespace espalier
