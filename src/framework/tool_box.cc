#include "framework/tool_box.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>

#include "base/message_format.h"
#include "espalier/error.h"
#include "framework/schema_fit.h"
#include "text/utf8.h"

namespace espalier::framework {
namespace {

std::string message_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "it threw what is no std::exception";
  }
}

[[noreturn]] void throw_failure(const Transcript::ToolCall& call,
                                const std::exception_ptr& failure) {
  throw ToolCallError(
      fmt::format("the tool {} failed: {}", base::quoted(call.tool_name), message_of(failure)),
      call.tool_name, failure);
}

Transcript::Entry entry_of(const Transcript::ToolCall& call, const ToolOutput& output) {
  return std::visit([&](const auto& each) { return Transcript::tool_output(call, each); }, output);
}

// A transcript could not keep it.
void check_text(const ToolOutput& output) {
  const auto* structure = std::get_if<GeneratedContent>(&output);
  if (!text::is_valid_utf8(structure ? structure->to_json() : std::get<std::string>(output))) {
    throw InvalidArgument("what it returned is not UTF-8");
  }
}

}  // namespace

ToolBox::ToolBox(Tools tools) : tools_(std::move(tools)) {
  for (const std::shared_ptr<Tool>& tool : tools_) {
    if (!tool) throw InvalidArgument("one of the session's tools is a null pointer");
    Transcript::ToolDefinition definition{tool->name(), tool->description(), tool->parameters()};
    if (definition.name.empty()) throw InvalidArgument("one of the session's tools has no name");
    if (std::ranges::count(definitions_, definition.name, &Transcript::ToolDefinition::name) > 0) {
      throw InvalidArgument(
          fmt::format("two of the session's tools have the name {}: rename one, so that the model "
                      "can tell them apart",
                      base::quoted(definition.name)));
    }
    if (tool->includes_schema_in_instructions()) shown_.push_back(definition);
    definitions_.push_back(std::move(definition));
  }
}

Transcript ToolBox::introduce(Transcript transcript) const {
  const bool has_instructions =
      !transcript.empty() && std::holds_alternative<Transcript::Instructions>(transcript[0]);
  if (!has_instructions && shown_.empty()) return transcript;
  Transcript introduced;
  Transcript::Entry first = has_instructions ? transcript[0] : Transcript::instructions("");
  std::get<Transcript::Instructions>(first).tool_definitions = shown_;
  introduced.append(std::move(first));
  for (std::size_t i = has_instructions ? 1 : 0; i < transcript.size(); ++i) {
    introduced.append(transcript[i]);
  }
  return introduced;
}

std::size_t ToolBox::find(const Transcript::ToolCall& call) const {
  const auto found =
      std::ranges::find(definitions_, call.tool_name, &Transcript::ToolDefinition::name);
  return static_cast<std::size_t>(found - definitions_.begin());
}

void ToolBox::check(const std::vector<Transcript::ToolCall>& calls, bool arguments) const {
  for (const Transcript::ToolCall& call : calls) {
    const std::size_t tool = find(call);
    if (tool == tools_.size()) {
      std::vector<std::string> names;
      for (const auto& definition : definitions_) names.push_back(definition.name);
      throw DecodingFailure(fmt::format(
          "the model called the tool {}; this session has {}", base::quoted(call.tool_name),
          names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
    }
    if (arguments && !fits(call.arguments, definitions_[tool].parameters)) {
      throw DecodingFailure(fmt::format(
          "the model called the tool {} with arguments that do not fit its parameters: {}",
          base::quoted(call.tool_name), base::quoted(call.arguments.to_json())));
    }
  }
}

std::vector<Transcript::Entry> ToolBox::run(const std::vector<Transcript::ToolCall>& calls,
                                            std::stop_token stop) const {
  std::vector<ToolOutput> results(calls.size());
  std::vector<std::exception_ptr> failures(calls.size());
  std::atomic<std::size_t> first_failure = calls.size();  // in time: others may only follow from it
  {
    std::stop_source all;
    const std::stop_callback pass_on(stop, [&] { all.request_stop(); });
    std::vector<std::jthread> threads;
    threads.reserve(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const auto work = [&, i, tool = tools_[find(calls[i])]] {
        try {
          results[i] = tool->call(calls[i].arguments, all.get_token());
          check_text(results[i]);
        } catch (...) {
          failures[i] = std::current_exception();
          std::size_t none = calls.size();
          first_failure.compare_exchange_strong(none, i);
          all.request_stop();
        }
      };
      try {
        threads.emplace_back(work);
      } catch (const std::system_error&) {  // no thread to be had
        work();
      }
    }
  }
  if (stop.stop_requested()) throw Cancelled();
  if (first_failure < calls.size()) throw_failure(calls[first_failure], failures[first_failure]);
  std::vector<Transcript::Entry> outputs;
  for (std::size_t i = 0; i < calls.size(); ++i) outputs.push_back(entry_of(calls[i], results[i]));
  return outputs;
}

}  // namespace espalier::framework
