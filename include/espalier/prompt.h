// What a session is asked.
//
//   session.respond("Name three rivers.");  // a text is a prompt
//
//   Prompt prompt("Which of these dishes goes with the wine?");
//   prompt.add(wine).add(dishes);           // values of generable types, read as JSON
//   session.respond<Dish>(prompt);
//
// A prompt is a list of parts. The model reads each on a line of its own, in the order in which
// they were added, and the transcript keeps each as a segment of its own.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "espalier/export.h"
#include "espalier/generable.h"
#include "espalier/generated_content.h"
#include "espalier/generation_schema.h"
#include "espalier/transcript.h"

namespace espalier {

class ESPALIER_API Prompt {
 public:
  // Without parts, to add some.
  Prompt() = default;
  // A text (UTF-8) of any kind: literal, std::string, std::string_view.
  template <std::convertible_to<std::string_view> Text>
  Prompt(const Text& text) {  // NOLINT(google-explicit-constructor)
    add(std::string_view(text));
  }

  Prompt& add(std::string_view text);
  // A value, as JSON; its type's name is the segment's source. Throws InvalidArgument where it is
  // none of its type, an infinite number, say.
  template <Generable T>
    requires(!std::convertible_to<const T&, std::string_view>)
  Prompt& add(const T& value) {
    return add_structure(GeneratedContent::of(value), detail::schema_of<T>().name());
  }
  // An image: a file's path, or a URL; what the text calls it; and the segment's id, a fresh one
  // where it is empty. A request with an image throws InvalidArgument where the model reads none,
  // as those of this version do not.
  Prompt& add_image(std::string source, std::string label = {}, std::string id = {});

  const std::vector<Transcript::Segment>& segments() const noexcept { return segments_; }

 private:
  Prompt& add_structure(GeneratedContent content, std::string_view source);

  std::vector<Transcript::Segment> segments_;
};

}  // namespace espalier
