// What a model may call before it answers.
//
//   struct Place { std::string city; };
//   ESPALIER_GENERABLE(Place, (city, "as it is written in English"));
//
//   const auto weather = make_tool<Place>(
//       "get_weather", "The weather in a city now.",
//       [](const Place& place) { return "It rains in " + place.city + "."; });
//
//   LanguageModelSession session({weather}, "You help people to get dressed.");
//   std::cout << session.respond("Do I need a coat in Oslo?").content << "\n";
//
// The model is told name, description and parameters of each tool. Instead of answering it may call
// some, several at once (a SystemLanguageModel up to 16), also the same twice; it reads what they
// gave, and may call again or answer. Arguments always fit their schema.
//
// The calls of one answer run at the same time, each on a thread of its own, so a tool must bear
// that, and calls from all sessions that have it. What a tool throws ends the request with a
// ToolCallError; the other calls are asked to stop and waited for, and the session is as it was
// before the request.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "espalier/export.h"
#include "espalier/generable.h"
#include "espalier/generated_content.h"
#include "espalier/generation_schema.h"

namespace espalier {

// What a tool gives: text (UTF-8), or structure, which the model reads as JSON.
using ToolOutput = std::variant<std::string, GeneratedContent>;

class ESPALIER_API Tool {
 public:
  virtual ~Tool();

  // These are asked for once, when a session is made.
  virtual std::string name() const = 0;         // short, best of letters, digits and _; no other's
  virtual std::string description() const = 0;  // what it does, in a sentence
  virtual GenerationSchema parameters() const = 0;
  // False where the model knows the tool without being told. It may be called all the same.
  virtual bool includes_schema_in_instructions() const { return true; }

  // Any number of threads may be in here. Where `stop` is triggered, nobody wants the result any
  // more: the request was cancelled, or another call failed. The session waits for the end of it.
  virtual ToolOutput call(const GeneratedContent& arguments, std::stop_token stop) = 0;

 protected:
  Tool() = default;
  Tool(const Tool&) = default;
  Tool& operator=(const Tool&) = default;
};

using Tools = std::vector<std::shared_ptr<Tool>>;

// How many times in a turn a model may call tools before it must answer. Beyond, the request throws
// DecodingFailure.
inline constexpr std::size_t maximum_tool_rounds = 32;

namespace detail {

// What a function returns, as what a tool gives.
template <class Call>
ToolOutput tool_output(const Call& call) {
  using Result = std::invoke_result_t<const Call&>;
  if constexpr (std::is_void_v<Result>) {
    call();
    return std::string();
  } else if constexpr (std::convertible_to<Result, ToolOutput>) {
    return call();
  } else if constexpr (std::convertible_to<Result, std::string_view>) {
    return std::string(std::string_view(call()));
  } else {
    return GeneratedContent::of(call());
  }
}

// A function that may want arguments, and the stop token as well.
template <class Function, class Arguments>
ToolOutput call_tool(Function& function, const Arguments& arguments, std::stop_token stop) {
  if constexpr (std::is_invocable_v<Function&, const Arguments&, std::stop_token>) {
    return tool_output([&] { return std::invoke(function, arguments, std::move(stop)); });
  } else if constexpr (std::is_invocable_v<Function&, const Arguments&>) {
    return tool_output([&] { return std::invoke(function, arguments); });
  } else {
    return tool_output([&] { return std::invoke(function); });
  }
}

template <class Arguments, class Function>
class FunctionTool final : public Tool {
 public:
  FunctionTool(std::string name, std::string description, GenerationSchema parameters,
               Function function)
      : name_(std::move(name)),
        description_(std::move(description)),
        parameters_(std::move(parameters)),
        function_(std::move(function)) {}

  std::string name() const override { return name_; }
  std::string description() const override { return description_; }
  GenerationSchema parameters() const override { return parameters_; }
  ToolOutput call(const GeneratedContent& arguments, std::stop_token stop) override {
    if constexpr (std::same_as<Arguments, GeneratedContent>) {
      return call_tool(function_, arguments, std::move(stop));
    } else {
      return call_tool(function_, arguments.value<Arguments>(), std::move(stop));
    }
  }

 private:
  const std::string name_;
  const std::string description_;
  const GenerationSchema parameters_;
  Function function_;
};

}  // namespace detail

// A tool of a function, which takes the arguments and, if it likes, a std::stop_token, and returns
// text, GeneratedContent, a value of a generable type, or nothing, which is an empty text. It may
// be called by several threads at once.
template <Generable Arguments, class Function>
std::shared_ptr<Tool> make_tool(std::string name, std::string description, Function function) {
  return std::make_shared<detail::FunctionTool<Arguments, Function>>(
      std::move(name), std::move(description), GenerationSchema::of<Arguments>(),
      std::move(function));
}

// The same with parameters that are known at run time only; the function takes GeneratedContent.
template <class Function>
std::shared_ptr<Tool> make_tool(std::string name, std::string description,
                                GenerationSchema parameters, Function function) {
  return std::make_shared<detail::FunctionTool<GeneratedContent, Function>>(
      std::move(name), std::move(description), std::move(parameters), std::move(function));
}

// A tool without parameters:
//   make_tool("get_time", "The time of day.", [] { return time_of_day(); })
template <std::invocable Function>
std::shared_ptr<Tool> make_tool(std::string name, std::string description, Function function) {
  return make_tool(std::move(name), std::move(description),
                   GenerationSchema(DynamicGenerationSchema::object("", {})), std::move(function));
}

}  // namespace espalier
