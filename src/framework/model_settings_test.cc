#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/temporary_folder_testing.h"
#include "espalier/espalier.h"
#include "framework/fixture_testing.h"

namespace espalier {
namespace {

using framework::testing::fixture;
using framework::testing::tiny_model;
using ::testing::HasSubstr;

TEST(ModelSettings, AnAppsOwnSwitchComesFirst) {
  bool is_on = false;
  const SystemLanguageModel model(
      fixture, {.availability = [&is_on] {
        return is_on ? Availability{}
                     : Availability{Availability::Reason::intelligence_not_enabled, "switch it on"};
      }});
  EXPECT_EQ(model.availability().reason, Availability::Reason::intelligence_not_enabled);
  EXPECT_EQ(model.availability().message, "switch it on");
  LanguageModelSession session(model);
  try {
    session.respond("Hello");
    FAIL() << "answered all the same";
  } catch (const AssetsUnavailable& error) {
    EXPECT_STREQ(error.what(), "switch it on");
  }
  is_on = true;
  EXPECT_TRUE(model.availability());
  EXPECT_NO_THROW(session.respond("Hello", {.maximum_response_tokens = 1}));
}

TEST(ModelSettings, AnAppsOwnSwitchIsAskedOnce) {
  int asked = 0;
  const SystemLanguageModel model(fixture, {.availability = [&asked] {
                                    ++asked;
                                    return Availability{};
                                  }});
  EXPECT_TRUE(model.availability());
  EXPECT_EQ(asked, 1);
}

TEST(ModelSettings, AModelUnderOtherSettingsSharesItsWeights) {
  const SystemLanguageModel model = tiny_model();
  const SystemLanguageModel tags = model.with({.use_case = UseCase::content_tagging});
  EXPECT_EQ(framework::EngineAccess::runtime(model), framework::EngineAccess::runtime(tags));
  EXPECT_EQ(tags.settings().use_case, UseCase::content_tagging);
  EXPECT_EQ(model.settings().use_case, UseCase::general);
}

TEST(ModelSettings, AnAdapterIsRefusedByName) {
  try {
    const Adapter adapter("poems.adapter");
    FAIL() << adapter.path();
  } catch (const AssetsUnavailable& error) {
    EXPECT_THAT(error.what(), HasSubstr("poems.adapter: adapters cannot be loaded yet"));
  }
}

TEST(ModelLanguages, AreThoseOfItsFile) {
  EXPECT_TRUE(tiny_model().supported_languages().empty()) << "this file says nothing";
  EXPECT_FALSE(tiny_model().supports_locale("en"));
}

TEST(ModelLanguages, LocalesAreMatchedByLanguageAndRegion) {
  const base::testing::TemporaryFolder folder;
  std::filesystem::copy("tests/parity/fixtures/llama3_scaled", folder.path());
  folder.write("README.md", "---\nlanguage:\n- en\n- pt-BR\n- zh\n---\n");
  const SystemLanguageModel model(folder.path());
  EXPECT_EQ(model.supported_languages(), (std::vector<std::string>{"en", "pt-BR", "zh"}));
  for (const char* locale : {"en", "EN", "en-GB", "en_US.UTF-8", "pt", "pt-BR", "pt_br",
                             "pt_BR.UTF-8", "zh-Hans-CN", "zh_TW@calendar=roc", "en-001"}) {
    EXPECT_TRUE(model.supports_locale(locale)) << locale;
  }
  for (const char* locale :
       {"", "C", "e", "eng", "de", "pt-PT", "pt_PT.UTF-8", "zho", "-en", "ptBR"}) {
    EXPECT_FALSE(model.supports_locale(locale)) << locale;
  }
}

TEST(TokenCount, CountsEachPartOfARequest) {
  const SystemLanguageModel model = tiny_model();
  const GenerationSchema schema = GenerationSchema::of<std::vector<std::string>>();
  EXPECT_EQ(model.token_count("", {}), 0U);
  EXPECT_EQ(model.token_count("Be short.", {}),
            model.token_count(Transcript({Transcript::instructions("Be short.")})));
  const Tools tools = {make_tool("weather", "tells the weather", schema,
                                 [](const GeneratedContent&) { return "rain"; })};
  EXPECT_GT(model.token_count("Be short.", tools), model.token_count("Be short.", {}) + 10);
  LanguageModelSession session(model, tools, "Be short.");
  EXPECT_EQ(model.token_count("Be short.", tools), model.token_count(session.transcript()));
  EXPECT_GT(model.token_count(schema), 10U);

  const Transcript plain({Transcript::prompt("Hello")});
  const Transcript held({Transcript::prompt("Hello", schema)});
  EXPECT_EQ(model.token_count(held), model.token_count(plain) + model.token_count(schema));
}

}  // namespace
}  // namespace espalier
