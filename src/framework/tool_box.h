// The tools of a session: what the model is told of them, and how its calls are answered.
#pragma once

#include <cstddef>
#include <stop_token>
#include <vector>

#include "espalier/tool.h"
#include "espalier/transcript.h"

namespace espalier::framework {

class ToolBox {
 public:
  // Throws InvalidArgument where a tool is null, has no name, or that of another.
  explicit ToolBox(Tools tools);

  bool empty() const noexcept { return tools_.empty(); }
  const Tools& tools() const noexcept { return tools_; }
  const std::vector<Transcript::ToolDefinition>& definitions() const noexcept {
    return definitions_;
  }

  // `transcript` with instructions that tell of these tools and no others.
  Transcript introduce(Transcript transcript) const;

  // Throws DecodingFailure where a call is of none of the tools or, if `arguments` are to be
  // checked, does not fit its parameters.
  void check(const std::vector<Transcript::ToolCall>& calls, bool arguments) const;

  // Runs all calls at the same time and gives an output for each, in their order. Throws
  // ToolCallError of the first to fail, and Cancelled where `stop` was triggered; in any case
  // once all have ended.
  std::vector<Transcript::Entry> run(const std::vector<Transcript::ToolCall>& calls,
                                     std::stop_token stop) const;

 private:
  std::size_t find(const Transcript::ToolCall& call) const;

  Tools tools_;
  std::vector<Transcript::ToolDefinition> definitions_;  // of each
  std::vector<Transcript::ToolDefinition> shown_;        // of those that the model is told of
};

}  // namespace espalier::framework
