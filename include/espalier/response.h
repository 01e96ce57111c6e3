// What a session answers: whole, or snapshot by snapshot.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "espalier/export.h"
#include "espalier/generable.h"
#include "espalier/generable_updates.h"
#include "espalier/generated_content.h"
#include "espalier/transcript.h"

namespace espalier {

namespace framework {
class Answer;
struct EngineAccess;
}  // namespace framework

enum class FinishReason {
  stop,        // the model ended its answer
  incomplete,  // cut by maximum_response_tokens, the end of the context window, or a schema whose
               // patterns have more ways to go on than memory is given for
};

// Of all answers together, where the model called tools before the last.
struct Usage {
  std::size_t prompt_tokens = 0;  // instructions, history and prompt
  std::size_t cached_tokens = 0;  // those of them that the KV cache already held
  std::size_t response_tokens = 0;
};

// Of a text, of GeneratedContent under a schema, or of a generable type.
template <class Content = std::string>
struct Response {
  // Of a type where is_complete is false: what was not reached is as Content{} has it;
  // partially<Content>(raw_content) tells what was.
  Content content{};
  GeneratedContent raw_content;  // a string where no schema was asked for
  // What this turn added to the transcript: the prompt, calls of tools with their outputs, and the
  // response.
  std::vector<Transcript::Entry> transcript_entries;
  FinishReason finish_reason = FinishReason::stop;
  bool is_complete = true;  // finish_reason is stop
  Usage usage;
};

// An answer so far: always the whole from its beginning, never a delta. A text, which is always
// valid UTF-8; GeneratedContent as far as it came; or a T of which each property may be missing
// yet (generable.h). Properties come in the order of their declaration.
template <class Content = std::string>
struct Snapshot {
  PartiallyGenerated<Content> content{};
  // A string where no schema was asked for, incomplete since only the response knows its end.
  GeneratedContent raw_content;
};

namespace detail {

// An answer under way, of any kind. Copies are handles of one answer.
class ESPALIER_API AnswerReader {
 public:
  explicit AnswerReader(std::shared_ptr<framework::Answer> answer) noexcept;

  // Generates until there is more to show; false once there is not.
  bool advance();
  bool at_end() const noexcept;
  GeneratedContent content();  // what there is
  void cancel() noexcept;
  // Generates the rest.
  Response<GeneratedContent> response();

 private:
  std::shared_ptr<framework::Answer> answer_;
};

// Reads a whole answer before its turn becomes part of the transcript, and throws where it is no
// Content; null where any answer is.
using AnswerCheck = void (*)(const GeneratedContent& answer);

template <class Content>
void check_answer(const GeneratedContent& answer) {
  (void)read_answer<Content>(answer);
}

template <class Content>
Response<Content> response_as(Response<GeneratedContent> raw) {
  return {.content = read_answer<Content>(raw.raw_content),
          .raw_content = std::move(raw.raw_content),
          .transcript_entries = std::move(raw.transcript_entries),
          .finish_reason = raw.finish_reason,
          .is_complete = raw.is_complete,
          .usage = raw.usage};
}

}  // namespace detail

// An answer as it grows. A C++20 input range, to be read once:
//
//   ResponseStream stream = session.stream_response<Trip>("Plan a trip to Oslo.");
//   for (const auto& snapshot : stream) show(snapshot.content);  // PartiallyGenerated<Trip>
//   const Trip trip = stream.collect().content;
//
// The thread that iterates is the one that generates: nothing happens between two steps. Each
// snapshot has more than the one before, and the last one has all that the response has; an answer
// of which nothing came has none. Leaving the loop early (break, or an exception) cancels the
// answer: the session is as it was before the request, and free for the next one at once. So does
// destroying an unread stream.
//
// A step costs what it adds, however long the answer has become: the stream has one snapshot, which
// ++ brings up to date in place. A copy of it costs its whole `content`, but of `raw_content` a
// pointer: all that had ended is shared by all snapshots and by the response.
//
// Reading throws Cancelled where the request's stop token was triggered, and DecodingFailure where
// the engine cannot go on; the turn is then undone. Not for two threads at once.
template <class Content = std::string>
class ResponseStream {
  struct Reader;

 public:
  // Moves only, and cancels the answer where it dies before the end.
  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Snapshot<Content>;
    using difference_type = std::ptrdiff_t;

    Iterator(Iterator&&) noexcept = default;
    Iterator& operator=(Iterator&& other) noexcept {
      std::swap(reader_, other.reader_);
      return *this;
    }
    Iterator(const Iterator&) = delete;
    Iterator& operator=(const Iterator&) = delete;
    ~Iterator() {
      if (reader_) reader_->answer.cancel();
    }

    // Valid until the next ++.
    const Snapshot<Content>& operator*() const noexcept { return reader_->snapshot; }
    const Snapshot<Content>* operator->() const noexcept { return &**this; }
    Iterator& operator++() {
      reader_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept {
      return !it.reader_ || it.reader_->answer.at_end();
    }

   private:
    friend class ResponseStream;
    explicit Iterator(std::shared_ptr<Reader> reader) : reader_(std::move(reader)) {}

    std::shared_ptr<Reader> reader_;
  };

  ResponseStream(ResponseStream&&) noexcept = default;
  ResponseStream& operator=(ResponseStream&&) noexcept = default;
  ResponseStream(const ResponseStream&) = delete;
  ResponseStream& operator=(const ResponseStream&) = delete;
  ~ResponseStream() = default;

  // Generates up to the first snapshot.
  Iterator begin() {
    reader_->advance();
    return Iterator(reader_);
  }
  std::default_sentinel_t end() const noexcept { return {}; }

  // The whole answer: generates what is still missing. May be called again, and after iteration.
  // Throws Cancelled where the loop was left early.
  Response<Content> collect() { return detail::response_as<Content>(reader_->answer.response()); }

 private:
  friend class LanguageModelSession;
  friend struct framework::EngineAccess;
  explicit ResponseStream(detail::AnswerReader answer)
      : reader_(std::make_shared<Reader>(std::move(answer))) {}

  std::shared_ptr<Reader> reader_;
};

// What a stream and its iterator share.
template <class Content>
struct ResponseStream<Content>::Reader {
  explicit Reader(detail::AnswerReader its_answer) : answer(std::move(its_answer)) {}

  void advance() {
    while (answer.advance()) {
      std::optional<PartiallyGenerated<Content>> content;
      if (is_shown) content = std::move(snapshot.content);
      GeneratedContent now = answer.content();
      detail::update<Content>(content, has_begun ? &snapshot.raw_content : nullptr, now);
      snapshot.raw_content = std::move(now);
      has_begun = true;
      is_shown = content.has_value();  // not of an enum's first letters, for one
      if (!is_shown) continue;
      snapshot.content = std::move(*content);
      return;
    }
  }

  detail::AnswerReader answer;
  Snapshot<Content> snapshot;
  bool has_begun = false;
  bool is_shown = false;
};

}  // namespace espalier
