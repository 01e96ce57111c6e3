#include "espalier/feedback.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "espalier/error.h"
#include "espalier/generated_content.h"
#include "espalier/version.h"
#include "text/utf8.h"

namespace espalier {
namespace {

using Content = GeneratedContent;

const char* name(Feedback::Sentiment sentiment) noexcept {
  switch (sentiment) {
    case Feedback::Sentiment::positive:
      return "positive";
    case Feedback::Sentiment::neutral:
      return "neutral";
    case Feedback::Sentiment::negative:
      return "negative";
  }
  return "unknown";
}

const char* name(Feedback::Category category) noexcept {
  switch (category) {
    case Feedback::Category::unhelpful:
      return "unhelpful";
    case Feedback::Category::too_verbose:
      return "tooVerbose";
    case Feedback::Category::did_not_follow_instructions:
      return "didNotFollowInstructions";
    case Feedback::Category::incorrect:
      return "incorrect";
    case Feedback::Category::stereotype_or_bias:
      return "stereotypeOrBias";
    case Feedback::Category::suggestive_or_sexual:
      return "suggestiveOrSexual";
    case Feedback::Category::vulgar_or_offensive:
      return "vulgarOrOffensive";
    case Feedback::Category::triggered_guardrail_unexpectedly:
      return "triggeredGuardrailUnexpectedly";
  }
  return "unknown";
}

Content issue(const Feedback::Issue& issue) {
  std::vector<Content::Property> members = {{"category", Content::string(name(issue.category))}};
  if (!issue.explanation.empty()) {
    if (!text::is_valid_utf8(issue.explanation)) {
      throw InvalidArgument(
          fmt::format("feedback: the explanation of \"{}\" is not UTF-8", name(issue.category)));
    }
    members.push_back({"explanation", Content::string(issue.explanation)});
  }
  return Content::structure(std::move(members));
}

// The value of "transcript" in a transcript's JSON, {"entries":[…]}, and that of "entries" in it.
std::string entries_object(const Transcript& transcript) {
  const std::string json = transcript.to_json();
  constexpr std::string_view before = R"({"version":1,"transcript":)";
  return json.substr(before.size(), json.size() - before.size() - 1);
}

std::string entries_list(const Transcript& transcript) {
  const std::string object = entries_object(transcript);
  constexpr std::string_view before = R"({"entries":)";
  return object.substr(before.size(), object.size() - before.size() - 1);
}

}  // namespace

// Transcripts are put in as the texts that they are: read as content, they might nest too deep.
std::string feedback_attachment(const Transcript& transcript, const Feedback& feedback) {
  std::string json = fmt::format(R"({{"version":1,"espalier":"{}")", version());
  if (feedback.sentiment) json += fmt::format(R"(,"sentiment":"{}")", name(*feedback.sentiment));
  std::vector<Content> issues;
  for (const Feedback::Issue& each : feedback.issues) issues.push_back(issue(each));
  if (!issues.empty()) {
    json += fmt::format(R"(,"issues":{})", Content::array(std::move(issues)).to_json());
  }
  if (!feedback.desired_output.empty()) {
    json +=
        fmt::format(R"(,"desiredOutput":{})", entries_list(Transcript(feedback.desired_output)));
  }
  return json + fmt::format(R"(,"transcript":{}}})", entries_object(transcript));
}

}  // namespace espalier
