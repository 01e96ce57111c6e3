#include "framework/session_state.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>
#include <variant>

#include "espalier/error.h"
#include "text/utf8.h"

namespace espalier::framework {
namespace {

LanguageModel& checked(const std::shared_ptr<LanguageModel>& model) {
  if (!model) throw InvalidArgument("a session needs a model; this pointer to one is null");
  return *model;
}

}  // namespace

SessionState::SessionState(std::shared_ptr<LanguageModel> its_model, Tools its_tools,
                           Transcript its_transcript)
    : model(std::move(its_model)),
      tools(std::move(its_tools)),
      transcript(tools.introduce(std::move(its_transcript))),
      executor(checked(model).make_executor()) {
  for (std::size_t i = 0; i < transcript.size(); ++i) {
    if (!text::is_valid_utf8(entry_text(transcript[i]))) {
      throw InvalidArgument(
          fmt::format("entry {} of the transcript holds text that is not UTF-8", i));
    }
    if (i > 0 && std::holds_alternative<Transcript::Instructions>(transcript[i])) {
      throw InvalidArgument("a transcript has instructions after its first entry");
    }
  }
}

Claim::Claim(SessionState& state) : state_(state) {
  if (state_.responding.exchange(true)) {
    throw ConcurrentRequests(
        "this session is still answering an earlier request: wait for it, cancel it, or use a "
        "second session");
  }
}

Claim::~Claim() { state_.responding = false; }

}  // namespace espalier::framework
