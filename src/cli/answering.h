// An answer on its way from a session to standard output, and how long it took.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "espalier/session.h"
#include "framework/generation_settings.h"

namespace espalier::cli {

struct Answer {
  Response<> response;
  double first_ms = 0;  // from the request to the first text
  double total_ms = 0;
  double decode_tok_s = 0;  // of the tokens behind the first; 0 where there are none
};

// `show` gets each piece of the text as it comes. Throws what the session throws.
Answer answer(LanguageModelSession& session, std::string_view prompt,
              const framework::TurnSettings& settings, std::stop_token stop,
              const std::function<void(std::string_view)>& show);

// One line for people.
std::string describe(const Answer& answer);

}  // namespace espalier::cli
