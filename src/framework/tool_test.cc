// Turns that call tools. A script stands in for the model; the engine's own calls are in
// engine_tool_test.cc.
#include "espalier/tool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <latch>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "espalier/error.h"
#include "espalier/scripted_language_model.h"
#include "espalier/session.h"

namespace app {

struct Place {
  std::string city;
  int days = 1;
};

}  // namespace app

ESPALIER_GENERABLE(app::Place, city, (days, range(1, 7)));

namespace espalier {
namespace {

using app::Place;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<LanguageModel> script(std::vector<ScriptedAnswer> answers) {
  return std::make_shared<ScriptedLanguageModel>(std::move(answers));
}

Transcript::ToolCall call(const std::string& tool, const std::string& arguments) {
  return {.tool_name = tool, .arguments = GeneratedContent::from_json(arguments)};
}

const char* const oslo = R"({"city":"Oslo","days":2})";
const char* const rome = R"({"city":"Rome","days":3})";

std::shared_ptr<Tool> weather() {
  return make_tool<Place>("weather", "The weather in a city.", [](const Place& place) {
    return place.city + ": rain for " + std::to_string(place.days) + " days";
  });
}

template <class Function>
std::shared_ptr<Tool> tool(const std::string& name, Function function) {
  return make_tool<Place>(name, "A tool.", std::move(function));
}

// What kinds of entries there are: i, p, c, o and r.
std::string kinds(const std::vector<Transcript::Entry>& entries) {
  std::string letters;
  for (const Transcript::Entry& entry : entries) letters += "ipcor"[entry.index()];
  return letters;
}

std::string kinds(const Transcript& transcript) {
  return kinds(std::vector<Transcript::Entry>(transcript.begin(), transcript.end()));
}

// What `work` throws.
template <class Exception, class Work>
std::string message_of(const Work& work) {
  try {
    work();
  } catch (const Exception& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Tool, TheModelCallsReadsAndAnswers) {
  std::vector<LanguageModelRequest> requests;
  LanguageModelSession session(
      std::make_shared<ScriptedLanguageModel>([&](const LanguageModelRequest& request) {
        requests.push_back(request);
        if (requests.size() > 1) return ScriptedAnswer{.text = "Take a coat."};
        return ScriptedAnswer{.calls = {call("weather", oslo)}};
      }),
      Tools{weather()}, "Help.");
  const Response response = session.respond("A coat?");
  EXPECT_EQ(response.content, "Take a coat.");
  EXPECT_EQ(kinds(session.transcript()), "ipcor");
  EXPECT_EQ(kinds(response.transcript_entries), "pcor");
  const auto& calls = std::get<Transcript::ToolCalls>(response.transcript_entries[1]).calls;
  const auto& output = std::get<Transcript::ToolOutput>(response.transcript_entries[2]);
  EXPECT_EQ(output.call_id, calls.at(0).id);
  EXPECT_EQ(output.tool_name, "weather");
  EXPECT_EQ(entry_text(response.transcript_entries[2]), "Oslo: rain for 2 days");
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].tools.at(0).name, "weather");
  EXPECT_EQ(requests[0].tools.at(0).description, "The weather in a city.");
  EXPECT_EQ(requests[0].tools.at(0).parameters, GenerationSchema::of<Place>());
  EXPECT_EQ(kinds(requests[0].transcript), "ip");
  EXPECT_EQ(kinds(requests[1].transcript), "ipco");
}

TEST(Tool, CallsOfOneAnswerRunAtTheSameTime) {
  std::latch all_are_in(3);
  const auto meet = tool("meet", [&](const Place& place) {
    all_are_in.arrive_and_wait();
    return place.city;
  });
  const std::vector<Transcript::ToolCall> calls = {call("meet", R"({"city":"a","days":1})"),
                                                   call("meet", R"({"city":"b","days":1})"),
                                                   call("meet", R"({"city":"c","days":1})")};
  LanguageModelSession session(script({{.calls = calls}, {.text = "Done."}}), Tools{meet});
  const auto entries = session.respond("Go").transcript_entries;
  EXPECT_EQ(kinds(entries), "pcooor");
  EXPECT_EQ(entry_text(entries.at(2)) + entry_text(entries.at(3)) + entry_text(entries.at(4)),
            "abc");
  const auto& made = std::get<Transcript::ToolCalls>(entries[1]).calls;
  for (std::size_t i = 0; i < made.size(); ++i) {
    EXPECT_EQ(std::get<Transcript::ToolOutput>(entries[2 + i]).call_id, made[i].id);
  }
}

// An answer in the pieces that a back end gives.
struct InPieces : LanguageModelAnswer {
  explicit InPieces(std::vector<Piece> its_pieces) : pieces(std::move(its_pieces)) {}
  std::optional<Piece> next() override {
    if (given == pieces.size()) return std::nullopt;
    return pieces[given++];
  }
  std::vector<Piece> pieces;
  std::size_t given = 0;
};

TEST(Tool, CallsThatComeOneByOneAreOneEntry) {
  struct Executor : LanguageModelExecutor {
    std::unique_ptr<LanguageModelAnswer> respond(const LanguageModelRequest& request,
                                                 std::stop_token) override {
      using Calls = LanguageModelAnswer::ToolCalls;
      if (kinds(request.transcript) != "ip") {
        return std::make_unique<InPieces>(std::vector<LanguageModelAnswer::Piece>{"Wet."});
      }
      return std::make_unique<InPieces>(std::vector<LanguageModelAnswer::Piece>{
          Calls{call("weather", oslo)}, Calls{call("weather", rome)}});
    }
  };
  struct Model : LanguageModel {
    std::unique_ptr<LanguageModelExecutor> make_executor() override {
      return std::make_unique<Executor>();
    }
  };
  LanguageModelSession session(std::make_shared<Model>(), Tools{weather()});
  const auto entries = session.respond("Oslo or Rome?").transcript_entries;
  EXPECT_EQ(kinds(entries), "pcoor");
  EXPECT_EQ(entry_text(entries.at(2)), "Oslo: rain for 2 days");
  EXPECT_EQ(entry_text(entries.at(3)), "Rome: rain for 3 days");
}

TEST(Tool, ParametersMayBeMadeAtRunTime) {
  using Dynamic = DynamicGenerationSchema;
  const GenerationSchema parameters(
      Dynamic::object("Dish", {{.name = "soup", .schema = Dynamic::any_of("", {"leek", "beet"})}}));
  const auto order = make_tool("order", "Orders.", parameters, [](const GeneratedContent& dish) {
    return dish.value<std::string>("soup");
  });
  EXPECT_EQ(order->parameters(), parameters);
  LanguageModelSession session(script({{.calls = {call("order", R"({"soup":"beet"})")}},
                                       {.text = "Done."},
                                       {.calls = {call("order", R"({"soup":"pear"})")}}}),
                               Tools{order});
  EXPECT_EQ(entry_text(session.respond("Soup!").transcript_entries.at(2)), "beet");
  EXPECT_THAT(message_of<DecodingFailure>([&] { session.respond("Soup!"); }),
              HasSubstr("do not fit"));
}

TEST(Tool, MayBeCalledAgainAfterItsOutputWasRead) {
  LanguageModelSession session(script({{.calls = {call("weather", oslo)}},
                                       {.calls = {call("weather", rome)}},
                                       {.text = "Both are wet."}}),
                               Tools{weather()});
  const Response response = session.respond("Oslo or Rome?");
  EXPECT_EQ(kinds(response.transcript_entries), "pcocor");
  EXPECT_EQ(response.content, "Both are wet.");
}

TEST(Tool, ChainsAreBounded) {
  LanguageModelSession session(
      std::make_shared<ScriptedLanguageModel>([](const LanguageModelRequest&) {
        return ScriptedAnswer{.calls = {call("weather", oslo)}};
      }),
      Tools{weather()});
  EXPECT_THAT(message_of<DecodingFailure>([&] { session.respond("Go"); }),
              HasSubstr(std::to_string(maximum_tool_rounds + 1) + " times in a row"));
  EXPECT_EQ(kinds(session.transcript()), "i");
  std::size_t rounds = 0;
  LanguageModelSession patient(
      std::make_shared<ScriptedLanguageModel>([&](const LanguageModelRequest&) {
        if (rounds++ == maximum_tool_rounds) return ScriptedAnswer{.text = "Done."};
        return ScriptedAnswer{.calls = {call("weather", oslo)}};
      }),
      Tools{weather()});
  EXPECT_EQ(patient.respond("Go").content, "Done.");
}

TEST(Tool, OutputMayBeStructureOrAnyGenerableValue) {
  const auto next = tool("next", [](const Place& place) {
    return Place{.city = place.city + "!", .days = place.days + 1};
  });
  const auto raw = make_tool("raw", "Anything.", GenerationSchema::of<Place>(),
                             [](const GeneratedContent& arguments) { return arguments; });
  LanguageModelSession session(
      script({{.calls = {call("next", oslo), call("raw", rome)}}, {.text = "Done."}}),
      Tools{next, raw});
  const auto entries = session.respond("Go").transcript_entries;
  EXPECT_EQ(entry_text(entries.at(2)), R"({"city":"Oslo!","days":3})");
  EXPECT_EQ(entry_text(entries.at(3)), rome);
  const auto& segment = std::get<Transcript::ToolOutput>(entries[2]).segments.at(0);
  EXPECT_EQ(std::get<Transcript::StructureSegment>(segment).source, "next");
}

TEST(Tool, WhatItThrowsUndoesTheTurnAndComesAlong) {
  struct DeadLine : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  const auto broken =
      tool("broken", [](const Place&) -> std::string { throw DeadLine("the line is dead"); });
  LanguageModelSession session(
      script({{.text = "Hello."}, {.calls = {call("broken", oslo)}}, {.text = "Fine."}}),
      Tools{broken}, "Help.");
  session.respond("Hello");
  const Transcript before = session.transcript();
  try {
    session.respond("Go");
    FAIL() << "it answered";
  } catch (const ToolCallError& error) {
    EXPECT_EQ(error.tool_name(), "broken");
    EXPECT_THAT(error.what(), HasSubstr("the line is dead"));
    EXPECT_THROW(std::rethrow_exception(error.underlying_error()), DeadLine);
  }
  EXPECT_EQ(session.transcript(), before);
  EXPECT_FALSE(session.is_responding());
  EXPECT_EQ(session.respond("Again").content, "Fine.");
}

TEST(Tool, MayHaveNoParametersAndGiveNothing) {
  int rung = 0;
  const auto bell = make_tool("bell", "Rings.", [&rung] { ++rung; });
  const auto place =
      make_tool<Place>("place", "Names it.", [](const Place&) { return std::string_view("here"); });
  LanguageModelSession session(
      script({{.calls = {call("bell", "{}"), call("place", oslo)}}, {.text = "Done."}}),
      Tools{bell, place});
  const Response response = session.respond("Go");
  EXPECT_EQ(response.content, "Done.");
  EXPECT_EQ(rung, 1);
  EXPECT_EQ(entry_text(response.transcript_entries[2]), "");
  EXPECT_EQ(entry_text(response.transcript_entries[3]), "here");
  EXPECT_EQ(GenerationSchema(DynamicGenerationSchema::object("", {})), bell->parameters());
}

TEST(Tool, AnOutputThatIsNotUtf8IsAFailureOfTheTool) {
  for (const ToolOutput& output :
       {ToolOutput("a\xff"), ToolOutput(GeneratedContent::string("\xc3"))}) {
    const auto broken = tool("broken", [output](const Place&) { return output; });
    LanguageModelSession session(script({{.calls = {call("broken", oslo)}}}), Tools{broken});
    EXPECT_THAT(message_of<ToolCallError>([&] { session.respond("Go"); }), HasSubstr("not UTF-8"));
  }
}

// Waits until it is asked to stop.
std::string wait_for(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait(lock, stop, [] { return false; });
  throw Cancelled();
}

TEST(Tool, AFailureStopsTheOthersAndIsTheOneThatIsReported) {
  const auto waiting =
      tool("waiting", [](const Place&, std::stop_token stop) { return wait_for(stop); });
  const auto broken = tool("broken", [](const Place&) -> std::string { throw 7; });
  LanguageModelSession session(
      script({{.calls = {call("waiting", oslo), call("broken", oslo), call("waiting", rome)}}}),
      Tools{waiting, broken});
  EXPECT_THAT(message_of<ToolCallError>([&] { session.respond("Go"); }), HasSubstr("broken"));
}

TEST(Tool, CancellingReachesIt) {
  std::stop_source stop;
  const auto waiting = tool("waiting", [&](const Place&, std::stop_token its_stop) {
    stop.request_stop();
    return wait_for(its_stop);
  });
  LanguageModelSession session(script({{.calls = {call("waiting", oslo)}}, {.text = "Fine."}}),
                               Tools{waiting}, "Help.");
  EXPECT_THROW(session.respond("Go", {}, stop.get_token()), Cancelled);
  EXPECT_EQ(kinds(session.transcript()), "i");
  EXPECT_FALSE(session.is_responding());
  EXPECT_EQ(session.respond("Again").content, "Fine.");
}

TEST(Tool, CallsOfAnotherModelAreChecked) {
  const auto refusal = [](Transcript::ToolCall wrong) {
    LanguageModelSession session(script({{.calls = {std::move(wrong)}}}), Tools{weather()});
    std::string message = message_of<DecodingFailure>([&] { session.respond("Go"); });
    EXPECT_EQ(kinds(session.transcript()), "i");
    return message;
  };
  EXPECT_THAT(refusal(call("wether", oslo)),
              ::testing::AllOf(HasSubstr("wether"), HasSubstr("has weather")));
  EXPECT_THAT(refusal(call("weather", R"({"city":"Oslo","days":8})")), HasSubstr("do not fit"));
  EXPECT_THAT(refusal(call("weather", R"({"city":"Oslo"})")), HasSubstr("do not fit"));
  EXPECT_THAT(
      refusal({.tool_name = "weather",
               .arguments = GeneratedContent::from_partial_json(R"({"city":"Oslo","days":2)")}),
      HasSubstr("do not fit"));
}

TEST(Tool, ArgumentsOfAnotherModelMayBeSpelledInAnyWay) {
  for (const char* arguments :
       {R"({"days":2,"city":"\u004fslo"})", R"( { "city" : "Oslo", "days" : 2.0 } )",
        R"({"city":"Oslo","days":20e-1})"}) {
    LanguageModelSession session(script({{.calls = {call("weather", arguments)}}, {.text = "x"}}),
                                 Tools{weather()});
    EXPECT_EQ(entry_text(session.respond("Go").transcript_entries.at(2)), "Oslo: rain for 2 days");
  }
}

TEST(Tool, AnAnswerOfAnotherModelIsCheckedAgainstItsSchema) {
  LanguageModelSession session(script({{.text = R"({"city":"Oslo","days":9})"},
                                       {.text = R"({"city":"Oslo","days":2,"\u0063ity":"Oslo"})"},
                                       {.text = oslo},
                                       {.text = R"({ "days": 0.3E+1, "city": "Oslo" })"}}));
  EXPECT_THAT(message_of<DecodingFailure>([&] { session.respond<Place>("Go"); }),
              HasSubstr("does not fit the schema"));
  EXPECT_THAT(message_of<DecodingFailure>([&] { session.respond<Place>("Go"); }),
              HasSubstr("\"city\" comes twice"));
  EXPECT_EQ(session.respond<Place>("Go").content.days, 2);
  EXPECT_EQ(session.respond<Place>("Go").content.days, 3);
}

TEST(Tool, ACallingModeIsHeldTo) {
  const auto refusal = [](ToolCallingMode mode, Tools tools, ScriptedAnswer answer) {
    LanguageModelSession session(script({std::move(answer)}), std::move(tools));
    return message_of<Error>([&] { session.respond("Go", {.tool_calling_mode = mode}); });
  };
  EXPECT_THAT(refusal(ToolCallingMode::required, {weather()}, {.text = "No."}),
              HasSubstr("required"));
  EXPECT_THAT(refusal(ToolCallingMode::required, {}, {.text = "No."}), HasSubstr("no tools"));
  EXPECT_THAT(refusal(ToolCallingMode::disallowed, {weather()}, {.calls = {call("weather", oslo)}}),
              HasSubstr("disallowed"));
}

TEST(Tool, WhatIsRequiredIsRequiredOnce) {
  std::vector<ToolCallingMode> modes;
  LanguageModelSession session(
      std::make_shared<ScriptedLanguageModel>([&](const LanguageModelRequest& request) {
        modes.push_back(request.options.tool_calling_mode);
        if (modes.size() > 1) return ScriptedAnswer{.text = "Done."};
        return ScriptedAnswer{.calls = {call("weather", oslo)}};
      }),
      Tools{weather()});
  session.respond("Go", {.tool_calling_mode = ToolCallingMode::required});
  EXPECT_THAT(modes, ElementsAre(ToolCallingMode::required, ToolCallingMode::allowed));
  EXPECT_EQ(std::get<Transcript::Prompt>(session.transcript()[1]).options.tool_calling_mode,
            ToolCallingMode::required);
}

TEST(Tool, TextInFrontOfCallsComesFirstInTheContent) {
  LanguageModelSession session(
      script({{.text = "Let me look.", .calls = {call("weather", oslo)}}, {.text = "Rain."}}),
      Tools{weather()});
  ResponseStream<> stream = session.stream_response("Go");
  std::string last;
  for (const Snapshot<>& snapshot : stream) {
    EXPECT_TRUE(snapshot.content.starts_with(last));
    last = snapshot.content;
  }
  EXPECT_EQ(last, "Let me look.\n\nRain.");
  EXPECT_EQ(stream.collect().content, last);
  const auto entries = stream.collect().transcript_entries;
  EXPECT_EQ(kinds(entries), "prcor");
  EXPECT_EQ(entry_text(entries.at(1)), "Let me look.");
  EXPECT_EQ(entry_text(entries.at(4)), "Rain.");
}

TEST(Tool, ATurnOfCallsAloneHasNoSnapshots) {
  LanguageModelSession session(script({{.calls = {call("weather", oslo)}}, {}}), Tools{weather()});
  for (const Snapshot<>& snapshot : session.stream_response("Go"))
    ADD_FAILURE() << snapshot.content;
  EXPECT_EQ(kinds(session.transcript()), "ipcor");
}

TEST(Tool, UsageIsThatOfAllAnswers) {
  struct Counting : LanguageModelAnswer {
    explicit Counting(ToolCalls its_calls) : calls(std::move(its_calls)) {}
    std::optional<Piece> next() override {
      if (calls.empty()) return std::nullopt;
      return std::exchange(calls, {});
    }
    Usage usage() const override { return {10, 5, 1}; }
    ToolCalls calls;
  };
  struct CountingExecutor : LanguageModelExecutor {
    std::unique_ptr<LanguageModelAnswer> respond(const LanguageModelRequest& request,
                                                 std::stop_token) override {
      if (kinds(request.transcript) != "ip")
        return std::make_unique<Counting>(Counting::ToolCalls());
      return std::make_unique<Counting>(Counting::ToolCalls{call("weather", oslo)});
    }
  };
  struct CountingModel : LanguageModel {
    std::unique_ptr<LanguageModelExecutor> make_executor() override {
      return std::make_unique<CountingExecutor>();
    }
  };
  LanguageModelSession session(std::make_shared<CountingModel>(), Tools{weather()});
  const Usage usage = session.respond("Go").usage;
  EXPECT_EQ(usage.prompt_tokens, 20U);
  EXPECT_EQ(usage.cached_tokens, 10U);
  EXPECT_EQ(usage.response_tokens, 2U);
}

class Known : public Tool {
 public:
  std::string name() const override { return "known"; }
  std::string description() const override { return "Known without being told."; }
  GenerationSchema parameters() const override { return GenerationSchema::of<Place>(); }
  bool includes_schema_in_instructions() const override { return false; }
  ToolOutput call(const GeneratedContent&, std::stop_token) override { return "known"; }
};

TEST(Tool, InstructionsTellOfTheSessionsTools) {
  const auto told = [](const LanguageModelSession& session) {
    const Transcript transcript = session.transcript();
    std::string names;
    if (transcript.empty()) return names;
    for (const auto& each : std::get<Transcript::Instructions>(transcript[0]).tool_definitions) {
      names += each.name + " ";
    }
    return names;
  };
  const auto known = std::make_shared<Known>();
  const LanguageModelSession bare(script({}), Tools{weather(), known});
  ASSERT_EQ(told(bare), "weather ");
  EXPECT_EQ(entry_text(bare.transcript()[0]), "");
  EXPECT_TRUE(LanguageModelSession(script({}), Tools{known}).transcript().empty());
  const LanguageModelSession other(
      script({}), Tools{tool("other", [](const Place&) { return "x"; })}, bare.transcript());
  EXPECT_EQ(told(other), "other ");
  EXPECT_EQ(entry_id(other.transcript()[0]), entry_id(bare.transcript()[0]));
  EXPECT_EQ(told(LanguageModelSession(script({}), bare.transcript())), "");
}

TEST(Tool, NamesMustTellToolsApart) {
  EXPECT_THROW(LanguageModelSession(script({}), Tools{weather(), weather()}), InvalidArgument);
  EXPECT_THROW(LanguageModelSession(script({}), Tools{nullptr}), InvalidArgument);
  EXPECT_THROW(LanguageModelSession(script({}), Tools{tool("", [](const Place&) { return "x"; })}),
               InvalidArgument);
}

}  // namespace
}  // namespace espalier
