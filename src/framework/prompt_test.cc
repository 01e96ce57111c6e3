#include "espalier/prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "espalier/espalier.h"
#include "framework/fixture_testing.h"

namespace app {

struct Wine {
  std::string name;
  double price = 0;
};

}  // namespace app

ESPALIER_GENERABLE(app::Wine, name, price);

namespace espalier {
namespace {

using app::Wine;
using framework::testing::stats;
using framework::testing::tiny_model;
using ::testing::HasSubstr;

TEST(Prompt, IsATextOfAnyKind) {
  const auto text_of = [](const Prompt& prompt) {
    return std::get<Transcript::TextSegment>(prompt.segments().at(0)).text;
  };
  EXPECT_EQ(text_of("pears"), "pears");
  EXPECT_EQ(text_of(std::string("pears")), "pears");
  EXPECT_EQ(text_of(std::string_view("pears").substr(1)), "ears");
  EXPECT_TRUE(Prompt().segments().empty());
}

TEST(Prompt, PartsAreSegmentsInTheirOrder) {
  Prompt prompt("Which fits?");
  prompt.add(Wine{"Elbling", 7.5}).add(std::vector<int>{1, 2}).add(std::string("Be brief."));
  prompt.add_image("dish.jpg", "the dish", "image-1");
  ASSERT_EQ(prompt.segments().size(), 5U);
  const auto& wine = std::get<Transcript::StructureSegment>(prompt.segments()[1]);
  EXPECT_EQ(wine.source, GenerationSchema::of<Wine>().name());
  EXPECT_EQ(wine.content.to_json(), R"({"name":"Elbling","price":7.5})");
  EXPECT_EQ(std::get<Transcript::StructureSegment>(prompt.segments()[2]).source, "");
  EXPECT_EQ(std::get<Transcript::TextSegment>(prompt.segments()[3]).text, "Be brief.");
  EXPECT_EQ(std::get<Transcript::ImageSegment>(prompt.segments()[4]),
            (Transcript::ImageSegment{"image-1", "dish.jpg", "the dish"}));
  EXPECT_NE(wine.id, std::get<Transcript::TextSegment>(prompt.segments()[0]).id);
  EXPECT_THROW(prompt.add(Wine{"?", std::numeric_limits<double>::infinity()}), InvalidArgument);
  EXPECT_EQ(prompt.segments().size(), 5U);
}

TEST(Prompt, EachPartIsReadOnALineOfItsOwn) {
  const Transcript::Entry entry =
      Transcript::prompt(Prompt("Which?").add_image("a.jpg").add(Wine{"A", 1}).add("").segments());
  EXPECT_EQ(entry_text(entry), "Which?\n{\"name\":\"A\",\"price\":1}\n");
}

// The session gives its model the parts as they are.
TEST(Prompt, IsAskedInEveryShape) {
  std::vector<Transcript::Prompt> asked;
  const auto model = std::make_shared<ScriptedLanguageModel>(
      [&asked](const LanguageModelRequest& request) -> ScriptedAnswer {
        asked.push_back(std::get<Transcript::Prompt>(*std::prev(request.transcript.end())));
        return {.text = R"({"name":"B","price":2})"};
      });
  LanguageModelSession session(model);
  const Prompt prompt = Prompt("Another like").add(Wine{"A", 1});
  const auto schema = GenerationSchema::of<Wine>();
  session.respond(prompt);
  session.respond(prompt, schema);
  EXPECT_EQ(session.respond<Wine>(prompt).content.name, "B");
  session.stream_response(prompt).collect();
  session.stream_response(prompt, schema).collect();
  session.stream_response<Wine>(prompt).collect();
  session.respond_async(prompt).get();
  session.respond_async(prompt, schema).get();
  session.respond_async<Wine>(prompt).get();
  session.stream_async(prompt, [](const auto&) { return true; }).get();
  session.stream_async(prompt, schema, [](const auto&) { return true; }).get();
  session.stream_async<Wine>(prompt, [](const auto&) { return true; }).get();
  ASSERT_EQ(asked.size(), 12U);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    EXPECT_EQ(asked[i].segments, prompt.segments()) << i;
    EXPECT_EQ(asked[i].response_format.has_value(), i % 3 != 0) << i;
  }
  EXPECT_EQ(Transcript::from_json(session.transcript().to_json()), session.transcript());
}

TEST(Prompt, ItsTokensAreCountedTogether) {
  const SystemLanguageModel model = tiny_model();
  EXPECT_EQ(model.token_count(Prompt("ab").add("cd")), 5U) << "a token a byte";
  EXPECT_THROW(model.token_count(Prompt("ab").add_image("a.jpg")), InvalidArgument);
}

TEST(Prompt, AnImageIsRefusedByNameBeforeAnythingIsComputed) {
  const SystemLanguageModel model = tiny_model();
  LanguageModelSession session(model);
  try {
    session.respond(Prompt("What is this?").add_image("cat.png"));
    FAIL() << "answered";
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("cat.png: this model reads no images"));
  }
  EXPECT_TRUE(session.transcript().empty());
  EXPECT_EQ(stats(model).computed_tokens, 0U);
}

}  // namespace
}  // namespace espalier
