// Answers what tests/oracles/guided_answers.py and benchmarks/guide/decoding.py ask of a real
// model, one JSON object a line:
//
//   guided_answers MODEL
//     {"prompt": "…", "schema": …, "tokens": 1024, "temperature": 1, "seed": 7, "endless": false}
//       →  {"refused": why}, or
//          {"text": "…", "finish": "stop", "tokens": 41, "sampled": 23, "own_tokens": true,
//           "seconds": 0.4, "guide_seconds": 0.001, "compile_seconds": 0.0004}
//
// Without a schema the answer is free, and endless ones have no stop tokens. `own_tokens` says
// whether the answer has the tokens that the tokenizer gives its text; `seconds` begin behind the
// prompt's computation, `guide_seconds` is the guide's part of them.
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/generation.h"
#include "espalier/error.h"
#include "framework/guide_constraint.h"
#include "framework/model_runtime.h"
#include "framework/model_store.h"
#include "guide/guide.h"

namespace espalier::framework {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// A guide's constraint that counts what it costs, and how many tokens are sampled under it.
class Counted : public engine::TokenConstraint {
 private:
  template <class Work>
  auto timed(const Work& work) {
    const auto start = Clock::now();
    auto result = work();
    seconds_ += seconds_since(start);
    return result;
  }

 public:
  explicit Counted(GuideConstraint& guide) : guide_(guide) {}

  std::span<const std::uint64_t> mask() override {
    return timed([&] { return guide_.mask(); });
  }
  void accept(base::TokenId token) override {
    timed([&] {
      guide_.accept(token);
      return 0;
    });
  }
  bool fits(base::TokenId token, std::size_t tokens) override {
    ++sampled_;
    return timed([&] { return guide_.fits(token, tokens); });
  }
  std::span<const std::uint64_t> mask_that_fits(std::size_t tokens) override {
    return timed([&] { return guide_.mask_that_fits(tokens); });
  }
  Continuation continuation(std::size_t tokens) override {
    return timed([&] { return guide_.continuation(tokens); });
  }

  double seconds() const { return seconds_; }
  std::size_t sampled() const { return sampled_; }

 private:
  GuideConstraint& guide_;
  double seconds_ = 0;
  std::size_t sampled_ = 0;
};

const char* name(engine::FinishReason reason) {
  return reason == engine::FinishReason::stop ? "stop" : "incomplete";
}

class Answers {
 public:
  explicit Answers(const std::filesystem::path& model) : runtime_(model, {}) {}

  Json answer(const std::string& line) {
    const Json request = Json::parse(line);
    if (!request.contains("schema")) return answer(request, nullptr, 0);
    constexpr base::JsonLimits limits{.depth = 256};
    const auto document = base::JsonDocument::parse("request", line, limits);
    const auto start = Clock::now();
    try {
      const auto guide =
          guide::Guide::of_schema(document.root().get("schema"), guide::answer_options);
      return answer(request, guide, seconds_since(start));
    } catch (const UnsupportedGuide& fault) {
      return {{"refused", fault.what()}};
    } catch (const InvalidSchema& fault) {
      return {{"refused", fault.what()}};
    }
  }

 private:
  Json answer(const Json& request, std::shared_ptr<const guide::Guide> guide, double compiled) {
    engine::GenerationSettings settings = {
        .sampling = {.temperature = request.value("temperature", 0.0F),
                     .seed = request.value("seed", std::uint64_t{0})},
        .maximum_tokens = request.value("tokens", std::size_t{0}),
    };
    if (!request.value("endless", false)) settings.stop_tokens = runtime_.stop_tokens();
    std::unique_ptr<GuideConstraint> constraint;
    std::shared_ptr<Counted> counted;
    if (guide) {
      constraint = std::make_unique<GuideConstraint>(guide, runtime_.token_trie());
      settings.constraint = counted = std::make_shared<Counted>(*constraint);
    }
    std::vector<base::TokenId> prompt;
    runtime_.append(Transcript({Transcript::prompt(request.value("prompt", ""))}), prompt);
    runtime_.format().append_generation_prompt(runtime_.tokenizer(), prompt);
    engine::Sequence sequence = runtime_.engine().new_sequence();
    // All but the prompt's last token, so that its computation is no part of what is timed.
    const base::TokenId last = prompt.back();
    prompt.pop_back();
    engine::StepOutput unused;
    runtime_.engine().step({{.sequence = &sequence, .tokens = prompt}}, unused);
    const auto start = Clock::now();
    engine::Generation generation(runtime_.engine(), runtime_.tokenizer(), sequence, {last},
                                  std::move(settings));
    std::string text;
    while (const auto piece = generation.next()) text += *piece;
    const double taken = seconds_since(start);
    const auto own = runtime_.tokenizer().encode(
        text, {.recognise_special = false, .place = text::TextPlace::inside});
    return {{"text", text},
            {"finish", name(generation.finish_reason())},
            {"tokens", generation.tokens().size()},
            {"sampled", counted ? counted->sampled() : generation.tokens().size()},
            {"own_tokens", own == generation.tokens()},
            {"seconds", taken},
            {"guide_seconds", counted ? counted->seconds() : 0},
            {"compile_seconds", compiled}};
  }

  ModelRuntime runtime_;
};

}  // namespace
}  // namespace espalier::framework

int main(int argc, char** argv) {
  using espalier::framework::Answers;
  try {
    Answers answers(espalier::framework::find_model(argc > 1 ? argv[1] : ""));
    for (std::string line; std::getline(std::cin, line);) {
      const auto result = answers.answer(line);
      // Half a character at the end of a cut answer is replaced.
      std::cout << result.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                << std::endl;
    }
  } catch (const std::exception& fault) {
    std::cerr << "guided_answers: " << fault.what() << '\n';
    return 1;
  }
}
