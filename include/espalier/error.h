// Every failure that the library reports is an espalier::Error with a code and a message that names
// the thing, the place and the remedy. A caller that needs to tell failures apart reads code();
// the subclasses carry what a handler would otherwise have to parse out of the text.
#pragma once

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "espalier/export.h"

namespace espalier {

// The numbers are fixed: the C ABI hands them out as they stand. 0 is success.
enum class ErrorCode : int {
  exceeded_context_window_size = 1,
  assets_unavailable = 2,
  guardrail_violation = 3,
  unsupported_guide = 4,
  unsupported_language_or_locale = 5,
  decoding_failure = 6,
  rate_limited = 7,
  concurrent_requests = 8,
  refusal = 9,
  invalid_schema = 10,
  invalid_argument = 11,
  unknown = 255,
};

// The code's name as the enumerator spells it, for logs and JSON.
ESPALIER_API const char* name(ErrorCode code) noexcept;

class ESPALIER_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

// A model is not there, or its file cannot be used.
class ESPALIER_API AssetsUnavailable : public Error {
 public:
  explicit AssetsUnavailable(const std::string& message)
      : Error(ErrorCode::assets_unavailable, message) {}
};

// A file broke the rules of its format. The message starts with the file's name and says which
// tensor or key, at which byte, was expected to be what.
class ESPALIER_API InvalidFile : public AssetsUnavailable {
 public:
  using AssetsUnavailable::AssetsUnavailable;
};

// The request and its history do not fit. Thrown before anything is generated; the session is as it
// was. tokens() is what the request needs, limit() what the context holds.
class ESPALIER_API ExceededContextWindowSize : public Error {
 public:
  ExceededContextWindowSize(const std::string& message, std::size_t tokens, std::size_t limit)
      : Error(ErrorCode::exceeded_context_window_size, message), tokens_(tokens), limit_(limit) {}
  std::size_t tokens() const noexcept { return tokens_; }
  std::size_t limit() const noexcept { return limit_; }

 private:
  std::size_t tokens_;
  std::size_t limit_;
};

// A second request on a session that is still answering.
class ESPALIER_API ConcurrentRequests : public Error {
 public:
  explicit ConcurrentRequests(const std::string& message)
      : Error(ErrorCode::concurrent_requests, message) {}
};

class ESPALIER_API InvalidArgument : public Error {
 public:
  explicit InvalidArgument(const std::string& message)
      : Error(ErrorCode::invalid_argument, message) {}
};

// Generation could not go on.
class ESPALIER_API DecodingFailure : public Error {
 public:
  explicit DecodingFailure(const std::string& message)
      : Error(ErrorCode::decoding_failure, message) {}
};

// A schema, pattern or grammar asks for what guided generation cannot hold to: refused before
// anything is generated. The message names the keyword and where it stands.
class ESPALIER_API UnsupportedGuide : public Error {
 public:
  explicit UnsupportedGuide(const std::string& message)
      : Error(ErrorCode::unsupported_guide, message) {}
};

// A schema or pattern breaks the rules of its own language, or allows nothing at all.
class ESPALIER_API InvalidSchema : public Error {
 public:
  // What is wrong with a schema that was put together in a program (generation_schema.h).
  enum class Problem {
    other,
    duplicate_type,
    duplicate_property,
    empty_type_choices,
    undefined_references,
  };
  explicit InvalidSchema(const std::string& message, Problem problem = Problem::other)
      : Error(ErrorCode::invalid_schema, message), problem_(problem) {}
  Problem problem() const noexcept { return problem_; }

 private:
  Problem problem_;
};

// A prompt or an answer that may not be (guardrails.h). The turn is undone.
class ESPALIER_API GuardrailViolation : public Error {
 public:
  explicit GuardrailViolation(const std::string& message)
      : Error(ErrorCode::guardrail_violation, message) {}
};

// The model will not do what it was asked to. A request for plain text gives the explanation as its
// answer; one under a schema throws this.
class ESPALIER_API Refusal : public Error {
 public:
  // What the model says to the user, in a sentence or two.
  explicit Refusal(const std::string& explanation) : Error(ErrorCode::refusal, explanation) {}
};

// The model does not know the language that it was asked to read or to write.
class ESPALIER_API UnsupportedLanguageOrLocale : public Error {
 public:
  explicit UnsupportedLanguageOrLocale(const std::string& message)
      : Error(ErrorCode::unsupported_language_or_locale, message) {}
};

// A back end that others use too asks to be left alone for a while.
class ESPALIER_API RateLimited : public Error {
 public:
  explicit RateLimited(const std::string& message) : Error(ErrorCode::rate_limited, message) {}
};

// A tool that the model called threw. The turn is undone: the session is as it was before.
class ESPALIER_API ToolCallError : public Error {
 public:
  ToolCallError(const std::string& message, std::string tool_name, std::exception_ptr underlying)
      : Error(ErrorCode::unknown, message),
        tool_name_(std::move(tool_name)),
        underlying_(std::move(underlying)) {}
  const std::string& tool_name() const noexcept { return tool_name_; }
  // What it threw; never null.
  const std::exception_ptr& underlying_error() const noexcept { return underlying_; }

 private:
  std::string tool_name_;
  std::exception_ptr underlying_;
};

// A caller's std::stop_token stopped the work.
class ESPALIER_API Cancelled : public Error {
 public:
  explicit Cancelled(const std::string& message = "Operation cancelled")
      : Error(ErrorCode::unknown, message) {}
};

}  // namespace espalier
