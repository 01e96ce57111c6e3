#include "framework/content_tagging.h"

#include <utility>
#include <variant>
#include <vector>

#include "espalier/content_tagging.h"

namespace espalier::framework {
namespace {

// Always the same entry, id and all: so a conversation goes on where the KV cache stands.
const Transcript::Instructions& its_instructions() {
  static const Transcript::Instructions instructions = {
      .id = "content-tagging",
      .segments = {Transcript::TextSegment{
          .id = "content-tagging-text",
          .text = "List the keywords of the user's text, the most important first."}}};
  return instructions;
}

const GenerationSchema& tags() {
  static const GenerationSchema schema = GenerationSchema::of<ContentTags>();
  return schema;
}

class TaggingExecutor : public LanguageModelExecutor {
 public:
  explicit TaggingExecutor(std::unique_ptr<LanguageModelExecutor> executor)
      : executor_(std::move(executor)) {}

  std::unique_ptr<LanguageModelAnswer> respond(const LanguageModelRequest& request,
                                               std::stop_token stop) override {
    LanguageModelRequest tagging = request;
    tagging.transcript = instructed(request.transcript);
    if (!tagging.schema) tagging.schema = tags();
    return executor_->respond(tagging, std::move(stop));
  }

  void prewarm(const Transcript& beginning) override { executor_->prewarm(instructed(beginning)); }

  bool is_guided() const noexcept override { return executor_->is_guided(); }

 private:
  // Instructions of one's own, tools alone apart, take the place of the use case's. A small model
  // that is shown the schema of tags gives back its words.
  static Transcript instructed(const Transcript& transcript) {
    std::vector<Transcript::Entry> entries(transcript.begin(), transcript.end());
    auto* own = entries.empty() ? nullptr : std::get_if<Transcript::Instructions>(&entries.front());
    if (own == nullptr) {
      entries.insert(entries.begin(), its_instructions());
    } else if (own->segments.empty()) {
      own->segments = its_instructions().segments;
    }
    for (Transcript::Entry& entry : entries) {
      auto* prompt = std::get_if<Transcript::Prompt>(&entry);
      if (prompt != nullptr && prompt->response_format == tags()) {
        prompt->options.include_schema_in_prompt = false;
      }
    }
    return Transcript(std::move(entries));
  }

  std::unique_ptr<LanguageModelExecutor> executor_;
};

}  // namespace

std::unique_ptr<LanguageModelExecutor> tagging(std::unique_ptr<LanguageModelExecutor> executor) {
  return std::make_unique<TaggingExecutor>(std::move(executor));
}

}  // namespace espalier::framework
