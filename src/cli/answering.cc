#include "cli/answering.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "framework/engine_access.h"

namespace espalier::cli {

Answer answer(LanguageModelSession& session, std::string_view prompt,
              const framework::TurnSettings& settings, std::stop_token stop,
              const std::function<void(std::string_view)>& show) {
  using Clock = std::chrono::steady_clock;
  const auto ms_since = [](Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  };
  const Clock::time_point start = Clock::now();
  ResponseStream stream =
      framework::EngineAccess::stream(session, prompt, settings, std::move(stop));
  Answer result;
  std::size_t shown = 0;
  for (const auto& snapshot : stream) {
    if (shown == 0) result.first_ms = ms_since(start);
    show(std::string_view(snapshot.content).substr(shown));
    shown = snapshot.content.size();
  }
  result.response = stream.collect();
  result.total_ms = ms_since(start);
  if (shown == 0) result.first_ms = result.total_ms;
  const std::size_t tokens = result.response.usage.response_tokens;
  if (tokens > 1 && result.total_ms > result.first_ms) {
    result.decode_tok_s =
        static_cast<double>(tokens - 1) / (result.total_ms - result.first_ms) * 1e3;
  }
  return result;
}

std::string describe(const Answer& answer) {
  const Usage& usage = answer.response.usage;
  return fmt::format(
      "{} prompt tokens ({} cached), {} answered, first after {:.0f} ms, then {:.1f} tokens/s",
      usage.prompt_tokens, usage.cached_tokens, usage.response_tokens, answer.first_ms,
      answer.decode_tok_s);
}

}  // namespace espalier::cli
