// What a user thought of an answer, as a file to send to whoever makes the model.
//
//   Feedback feedback = {.sentiment = Feedback::Sentiment::negative,
//                        .issues = {{Feedback::Category::incorrect, "Bern is the capital."}},
//                        .desired_output = {Transcript::response("Bern.")}};
//   std::ofstream("feedback.json") << feedback_attachment(session.transcript(), feedback);
//
// Nothing is sent anywhere: what becomes of the text is the app's business, and the user's. It
// holds the whole conversation; ask before it leaves the machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "espalier/export.h"
#include "espalier/transcript.h"

namespace espalier {

struct Feedback {
  enum class Sentiment : std::uint8_t { positive, neutral, negative };
  enum class Category : std::uint8_t {
    unhelpful,
    too_verbose,
    did_not_follow_instructions,
    incorrect,
    stereotype_or_bias,
    suggestive_or_sexual,
    vulgar_or_offensive,
    triggered_guardrail_unexpectedly,
  };
  struct Issue {
    Category category = Category::unhelpful;
    std::string explanation = {};  // may be empty
    bool operator==(const Issue&) const = default;
  };

  std::optional<Sentiment> sentiment = std::nullopt;
  std::vector<Issue> issues = {};
  std::vector<Transcript::Entry> desired_output = {};  // what the model should have answered
};

// {"version":1,"espalier":"0.1.0","sentiment":"negative","issues":[{"category":"incorrect",
// "explanation":"…"}],"desiredOutput":[…],"transcript":{"entries":[…]}}: entries as in
// Transcript::to_json; what was not said is left out. Throws InvalidArgument where a text is not
// UTF-8.
ESPALIER_API std::string feedback_attachment(const Transcript& transcript,
                                             const Feedback& feedback);

}  // namespace espalier
