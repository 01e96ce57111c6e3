// What an answer is held to, as options say it: --schema, --regex, --choices or --grammar.
#pragma once

#include <bitset>
#include <memory>
#include <optional>
#include <string>

#include "guide/guide.h"

namespace CLI {
class App;
}

namespace espalier::cli {

struct GuideInput {                   // one at most
  std::optional<std::string> schema;  // a file
  std::optional<std::string> regex;
  std::optional<std::string> choices;  // with commas between them
  std::optional<std::string> grammar;  // a file
};

void add_guide_options(CLI::App& command, GuideInput& input);

// For a vocabulary that cannot write the bytes. Null where no option was given. Throws what Guide's
// functions do, and what reading a file does.
std::shared_ptr<const guide::Guide> guide_of(const GuideInput& input,
                                             const std::bitset<256>& missing_bytes);

}  // namespace espalier::cli
