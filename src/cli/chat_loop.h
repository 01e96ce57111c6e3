// A conversation at a terminal.
#pragma once

#include <string>

#include "cli/options.h"

namespace espalier::cli {

struct ChatOptions {
  EngineOptions engine;
  SamplingOptions sampling;
  std::string prompt;
  std::string system;
  bool stats = false;
};

// Until the person leaves.
void chat_loop(const ChatOptions& options);

}  // namespace espalier::cli
