#include "espalier/prompt.h"

#include <utility>

#include "framework/fresh_id.h"

namespace espalier {

Prompt& Prompt::add(std::string_view text) {
  segments_.emplace_back(Transcript::TextSegment{framework::fresh_id(), std::string(text)});
  return *this;
}

Prompt& Prompt::add_structure(GeneratedContent content, std::string_view source) {
  segments_.emplace_back(
      Transcript::StructureSegment{framework::fresh_id(), std::string(source), std::move(content)});
  return *this;
}

Prompt& Prompt::add_image(std::string source, std::string label, std::string id) {
  if (id.empty()) id = framework::fresh_id();
  segments_.emplace_back(
      Transcript::ImageSegment{std::move(id), std::move(source), std::move(label)});
  return *this;
}

}  // namespace espalier
