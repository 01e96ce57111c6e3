// A conversation with a language model.
//
//   LanguageModelSession session("You are a botanist. Answer in one sentence.");
//   std::cout << session.respond("What is an espalier?").content << "\n";
//   std::cout << session.respond("And how old is the idea?").content << "\n";
//   session.respond(Prompt("What grows beside these?").add(my_trees));  // prompt.h
//   const Plant plant = session.respond<Plant>("Describe a pear tree.").content;  // generable.h
//
// A session keeps its transcript, and the model's state for it (the KV cache): each request costs
// what is new in it. It answers one request at a time; a second one meanwhile throws
// ConcurrentRequests. Sessions of one model may answer at the same time from different threads;
// what they say at a time may fill eight context windows, beyond which DecodingFailure is thrown.
//
// A request that fails or is cancelled leaves no trace: transcript and session are as before it.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <stop_token>
#include <string_view>
#include <type_traits>
#include <utility>

#include "espalier/export.h"
#include "espalier/generable.h"
#include "espalier/generated_content.h"
#include "espalier/generation_options.h"
#include "espalier/generation_schema.h"
#include "espalier/language_model.h"
#include "espalier/language_model_executor.h"
#include "espalier/prompt.h"
#include "espalier/response.h"
#include "espalier/tool.h"
#include "espalier/transcript.h"

namespace espalier {

namespace framework {
struct SessionState;
}  // namespace framework

// A function that sees each snapshot of an answer, and says whether to go on; one that returns
// nothing has it go on.
template <class Content = std::string>
class SnapshotHandler {
 public:
  SnapshotHandler(std::nullptr_t = nullptr) {}  // NOLINT(google-explicit-constructor): none
  template <std::invocable<const Snapshot<Content>&> Function>
  SnapshotHandler(Function function) {  // NOLINT(google-explicit-constructor)
    if constexpr (std::is_void_v<std::invoke_result_t<Function&, const Snapshot<Content>&>>) {
      function_ = [function = std::move(function)](const Snapshot<Content>& snapshot) mutable {
        std::invoke(function, snapshot);
        return true;
      };
    } else {
      function_ = std::move(function);
    }
  }

  explicit operator bool() const noexcept { return function_ != nullptr; }
  bool operator()(const Snapshot<Content>& snapshot) const { return function_(snapshot); }

 private:
  std::function<bool(const Snapshot<Content>&)> function_;
};

namespace detail {

template <class Content>
std::future<Response<Content>> collect_async(ResponseStream<Content> stream,
                                             SnapshotHandler<Content> on_snapshot) {
  return std::async(std::launch::async,
                    [stream = std::move(stream), on_snapshot = std::move(on_snapshot)]() mutable {
                      if (on_snapshot) {
                        for (const Snapshot<Content>& snapshot : stream) {
                          if (!on_snapshot(snapshot)) break;
                        }
                      }
                      return stream.collect();
                    });
}

}  // namespace detail

class ESPALIER_API LanguageModelSession {
 public:
  // With the default model. Making a session loads nothing; where there is no model, the first
  // request says so.
  explicit LanguageModelSession(std::string_view instructions = {});
  // With tools that the model may call (tool.h). Throws InvalidArgument where two have one name.
  explicit LanguageModelSession(Tools tools, std::string_view instructions = {});
  // Goes on from a transcript; what its instructions say of tools becomes what these are. Throws
  // InvalidArgument where instructions stand anywhere but first.
  explicit LanguageModelSession(Transcript transcript);
  LanguageModelSession(Tools tools, Transcript transcript);

  // The same with a SystemLanguageModel, or with whatever else is a LanguageModel
  // (language_model_executor.h).
  explicit LanguageModelSession(std::shared_ptr<LanguageModel> model,
                                std::string_view instructions = {});
  explicit LanguageModelSession(std::shared_ptr<LanguageModel> model, Tools tools,
                                std::string_view instructions = {});
  LanguageModelSession(std::shared_ptr<LanguageModel> model, Transcript transcript);
  LanguageModelSession(std::shared_ptr<LanguageModel> model, Tools tools, Transcript transcript);

  LanguageModelSession(LanguageModelSession&&) noexcept;
  LanguageModelSession& operator=(LanguageModelSession&&) noexcept;
  LanguageModelSession(const LanguageModelSession&) = delete;
  LanguageModelSession& operator=(const LanguageModelSession&) = delete;
  ~LanguageModelSession();

  // Answers, and adds the turn to the transcript. Throws
  //   ConcurrentRequests         while an earlier request is still being answered
  //   AssetsUnavailable          where there is no usable model; the message names the remedy
  //   ExceededContextWindowSize  before anything is generated, where conversation and prompt leave
  //                              no room for an answer
  //   InvalidArgument            on options out of their range, and text that is not UTF-8
  //   Cancelled                  once `stop` was triggered
  //   DecodingFailure            where the engine cannot go on, or a model that is no
  //                              SystemLanguageModel says what it must not
  //   ToolCallError              where a tool threw
  Response<> respond(const Prompt& prompt, const GenerationOptions& options = {},
                     std::stop_token stop = {});

  // Answers with what the schema allows, and nothing else. An answer that a limit cuts throws
  // nothing: is_complete is false, and the content is there as far as it came. Further throws
  //   UnsupportedGuide           where the model's vocabulary cannot write what the schema wants
  //   DecodingFailure            where the answer nests deeper than content can
  Response<GeneratedContent> respond(const Prompt& prompt, const GenerationSchema& schema,
                                     const GenerationOptions& options = {},
                                     std::stop_token stop = {});

  // The same as a value: session.respond<Trip>("Plan a trip to Oslo.").content.days.
  template <Generable T>
  Response<T> respond(const Prompt& prompt, const GenerationOptions& options = {},
                      std::stop_token stop = {});

  // The same three, snapshot by snapshot. What respond() throws before it generates, this throws at
  // once; the rest comes while reading. The session is responding until the stream has been read or
  // is gone. The stream may outlive the session.
  ResponseStream<> stream_response(const Prompt& prompt, const GenerationOptions& options = {},
                                   std::stop_token stop = {});
  ResponseStream<GeneratedContent> stream_response(const Prompt& prompt,
                                                   const GenerationSchema& schema,
                                                   const GenerationOptions& options = {},
                                                   std::stop_token stop = {});
  template <Generable T>
  ResponseStream<T> stream_response(const Prompt& prompt, const GenerationOptions& options = {},
                                    std::stop_token stop = {});

  // Answers in a thread of its own, for programs with a loop of theirs. The session is responding
  // when this returns, so ConcurrentRequests is thrown at once, as is what is wrong with the prompt
  // or type; all else that respond() throws comes out of the future. The answer goes on where the
  // session is gone. As with std::async, the future's destructor waits for the thread: trigger
  // `stop` to have it end sooner.
  std::future<Response<>> respond_async(const Prompt& prompt, const GenerationOptions& options = {},
                                        std::stop_token stop = {});
  std::future<Response<GeneratedContent>> respond_async(const Prompt& prompt,
                                                        const GenerationSchema& schema,
                                                        const GenerationOptions& options = {},
                                                        std::stop_token stop = {});
  template <Generable T>
  std::future<Response<T>> respond_async(const Prompt& prompt,
                                         const GenerationOptions& options = {},
                                         std::stop_token stop = {});

  // The same with a function that is called in that thread with each snapshot, and may say whether
  // to go on: false cancels the answer as leaving a stream does, and the future throws Cancelled.
  // What the function throws, the future throws.
  std::future<Response<>> stream_async(const Prompt& prompt, SnapshotHandler<> on_snapshot,
                                       const GenerationOptions& options = {},
                                       std::stop_token stop = {});
  std::future<Response<GeneratedContent>> stream_async(
      const Prompt& prompt, const GenerationSchema& schema,
      SnapshotHandler<GeneratedContent> on_snapshot, const GenerationOptions& options = {},
      std::stop_token stop = {});
  template <Generable T>
  std::future<Response<T>> stream_async(const Prompt& prompt, SnapshotHandler<T> on_snapshot,
                                        const GenerationOptions& options = {},
                                        std::stop_token stop = {});

  // Loads the model and computes instructions, tools, history and the beginning of a coming prompt,
  // so that the answer starts sooner. What a model is told of a schema stands in front of the
  // prompt, so a prefix helps the shape of request that it was given for. Works in the calling
  // thread, and counts as a request while it does. Throws what a request throws before it
  // generates.
  void prewarm(std::string_view prompt_prefix = {});
  void prewarm(std::string_view prompt_prefix, const GenerationSchema& schema,
               const GenerationOptions& options = {});
  template <Generable T>
  void prewarm(std::string_view prompt_prefix = {}, const GenerationOptions& options = {}) {
    prewarm(prompt_prefix, detail::schema_of<T>(), options);
  }

  // A session of the same model and tools that goes on from another transcript, a shorter one say
  // (condense.h).
  LanguageModelSession with(Transcript transcript) const;

  // These two may be called from any thread at any time.
  bool is_responding() const noexcept;
  Transcript transcript() const;

 private:
  friend struct framework::EngineAccess;

  detail::AnswerReader begin(Transcript::Entry prompt, std::stop_token stop,
                             detail::AnswerCheck check = nullptr);
  detail::AnswerReader begin_later(Transcript::Entry prompt, std::stop_token stop,
                                   detail::AnswerCheck check = nullptr);

  std::shared_ptr<framework::SessionState> state_;
};

template <Generable T>
ResponseStream<T> LanguageModelSession::stream_response(const Prompt& prompt,
                                                        const GenerationOptions& options,
                                                        std::stop_token stop) {
  return ResponseStream<T>(
      begin(Transcript::prompt(prompt.segments(), detail::schema_of<T>(), options), std::move(stop),
            &detail::check_answer<T>));
}

template <Generable T>
Response<T> LanguageModelSession::respond(const Prompt& prompt, const GenerationOptions& options,
                                          std::stop_token stop) {
  return stream_response<T>(prompt, options, std::move(stop)).collect();
}

template <Generable T>
std::future<Response<T>> LanguageModelSession::respond_async(const Prompt& prompt,
                                                             const GenerationOptions& options,
                                                             std::stop_token stop) {
  return stream_async<T>(prompt, nullptr, options, std::move(stop));
}

template <Generable T>
std::future<Response<T>> LanguageModelSession::stream_async(const Prompt& prompt,
                                                            SnapshotHandler<T> on_snapshot,
                                                            const GenerationOptions& options,
                                                            std::stop_token stop) {
  return detail::collect_async(
      ResponseStream<T>(
          begin_later(Transcript::prompt(prompt.segments(), detail::schema_of<T>(), options),
                      std::move(stop), &detail::check_answer<T>)),
      std::move(on_snapshot));
}

}  // namespace espalier
