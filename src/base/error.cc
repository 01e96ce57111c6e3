#include "espalier/error.h"

namespace espalier {

const char* name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::exceeded_context_window_size:
      return "exceeded_context_window_size";
    case ErrorCode::assets_unavailable:
      return "assets_unavailable";
    case ErrorCode::guardrail_violation:
      return "guardrail_violation";
    case ErrorCode::unsupported_guide:
      return "unsupported_guide";
    case ErrorCode::unsupported_language_or_locale:
      return "unsupported_language_or_locale";
    case ErrorCode::decoding_failure:
      return "decoding_failure";
    case ErrorCode::rate_limited:
      return "rate_limited";
    case ErrorCode::concurrent_requests:
      return "concurrent_requests";
    case ErrorCode::refusal:
      return "refusal";
    case ErrorCode::invalid_schema:
      return "invalid_schema";
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::unknown:
      break;
  }
  return "unknown";
}

}  // namespace espalier
