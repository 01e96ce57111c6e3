// What a session answers: whole, or snapshot by snapshot.
#pragma once

#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "espalier/export.h"
#include "espalier/generated_content.h"
#include "espalier/transcript.h"

namespace espalier {

namespace framework {
class Turn;
struct EngineAccess;
}  // namespace framework

enum class FinishReason {
  stop,        // the model ended its answer
  incomplete,  // maximum_response_tokens or the end of the context window cut it
};

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
  // What this turn added to the transcript: the prompt and the response.
  std::vector<Transcript::Entry> transcript_entries;
  FinishReason finish_reason = FinishReason::stop;
  bool is_complete = true;  // finish_reason is stop
  Usage usage;
};

// An answer so far: always the whole text from its beginning, always valid UTF-8, never a delta.
struct Snapshot {
  std::string content;
};

// An answer as it grows. A C++20 input range, to be read once:
//
//   ResponseStream stream = session.stream_response("Tell me a story.");
//   for (const Snapshot& snapshot : stream) show(snapshot.content);
//   Response response = stream.collect();
//
// The thread that iterates is the one that generates: nothing happens between two steps. Each
// snapshot has more text than the one before; an empty answer has none. Leaving the loop early
// (break, or an exception) cancels the answer: the session is as it was before the request, and
// free for the next one at once. So does destroying an unread stream.
//
// Reading throws Cancelled where the request's stop token was triggered, and DecodingFailure where
// the engine cannot go on; the turn is then undone. Not for two threads at once.
class ESPALIER_API ResponseStream {
 public:
  // Moves only, and cancels the answer where it dies before the end.
  class ESPALIER_API Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Snapshot;
    using difference_type = std::ptrdiff_t;

    Iterator(Iterator&& other) noexcept;
    Iterator& operator=(Iterator&& other) noexcept;
    Iterator(const Iterator&) = delete;
    Iterator& operator=(const Iterator&) = delete;
    ~Iterator();

    // Valid until the next ++.
    const Snapshot& operator*() const noexcept;
    const Snapshot* operator->() const noexcept { return &**this; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept {
      return it.at_end();
    }

   private:
    friend class ResponseStream;
    struct Reader;
    explicit Iterator(std::shared_ptr<Reader> reader);
    bool at_end() const noexcept;

    std::shared_ptr<Reader> reader_;
  };

  ResponseStream(ResponseStream&&) noexcept;
  ResponseStream& operator=(ResponseStream&&) noexcept;
  ResponseStream(const ResponseStream&) = delete;
  ResponseStream& operator=(const ResponseStream&) = delete;
  ~ResponseStream();

  // Generates up to the first snapshot.
  Iterator begin();
  std::default_sentinel_t end() const noexcept { return {}; }

  // The whole answer: generates what is still missing. May be called again, and after iteration.
  // Throws Cancelled where the loop was left early.
  Response<> collect();

 private:
  friend class LanguageModelSession;
  friend struct framework::EngineAccess;
  explicit ResponseStream(std::unique_ptr<framework::Turn> turn);

  std::shared_ptr<Iterator::Reader> reader_;
};

}  // namespace espalier
