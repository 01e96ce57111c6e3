// What a text is about, in a few words.
//
//   SystemLanguageModel model({.use_case = UseCase::content_tagging});
//   LanguageModelSession session(model);
//   for (const auto& tag : session.respond<ContentTags>(article).content.tags) index(tag);
//
// A session of this use case gets instructions of the use case where it has none of its own, and
// answers under ContentTags where no other schema is asked for: then a request for plain text gives
// {"tags":[…]}. With instructions and types of one's own it tags by other rules, by topics, actions
// or feelings, say.
#pragma once

#include <string>
#include <vector>

#include "espalier/generable.h"

namespace espalier {

struct ContentTags {
  std::vector<std::string> tags;  // 1 to 5, of lower-case letters, digits, blanks and hyphens
};

}  // namespace espalier

ESPALIER_GENERABLE_AS(espalier::ContentTags, "what a text is about",
                      (tags, "topics in one to three words, the most important first", count(1, 5),
                       element(pattern("^[a-z0-9][a-z0-9-]{0,15}( [a-z0-9-]{1,16}){0,2}$"))));
