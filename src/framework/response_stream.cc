#include <utility>

#include "espalier/error.h"
#include "espalier/response.h"
#include "framework/turn.h"

namespace espalier {

// What a stream and its iterator share.
struct ResponseStream::Iterator::Reader {
  std::unique_ptr<framework::Turn> turn;  // null once the answer has ended, one way or another
  Snapshot snapshot;
  std::unique_ptr<const Response<>> response;
  std::exception_ptr failure;

  // The next snapshot is there; false at the end.
  bool advance() {
    if (!turn) return false;
    try {
      if (const std::optional<std::string> piece = turn->next()) {
        snapshot.content += *piece;
        return true;
      }
      response = std::make_unique<const Response<>>(turn->response());
      turn.reset();
      return false;
    } catch (...) {
      failure = std::current_exception();
      turn.reset();
      throw;
    }
  }
};

ResponseStream::Iterator::Iterator(std::shared_ptr<Reader> reader) : reader_(std::move(reader)) {}
ResponseStream::Iterator::Iterator(Iterator&&) noexcept = default;

ResponseStream::Iterator& ResponseStream::Iterator::operator=(Iterator&& other) noexcept {
  std::swap(reader_, other.reader_);
  return *this;
}

ResponseStream::Iterator::~Iterator() {
  if (reader_) reader_->turn.reset();
}

const Snapshot& ResponseStream::Iterator::operator*() const noexcept { return reader_->snapshot; }

ResponseStream::Iterator& ResponseStream::Iterator::operator++() {
  reader_->advance();
  return *this;
}

bool ResponseStream::Iterator::at_end() const noexcept { return !reader_ || !reader_->turn; }

ResponseStream::ResponseStream(std::unique_ptr<framework::Turn> turn)
    : reader_(std::make_shared<Iterator::Reader>()) {
  reader_->turn = std::move(turn);
}
ResponseStream::ResponseStream(ResponseStream&&) noexcept = default;
ResponseStream& ResponseStream::operator=(ResponseStream&&) noexcept = default;
ResponseStream::~ResponseStream() = default;

ResponseStream::Iterator ResponseStream::begin() {
  reader_->advance();
  return Iterator(reader_);
}

Response<> ResponseStream::collect() {
  while (reader_->advance()) {
  }
  if (reader_->failure) std::rethrow_exception(reader_->failure);
  if (!reader_->response) throw Cancelled("the stream was left before its end");
  return *reader_->response;
}

}  // namespace espalier
