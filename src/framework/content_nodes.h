// What a GeneratedContent shares with its copies.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "espalier/generated_content.h"

namespace espalier {

struct GeneratedContent::Node {
  Kind kind = Kind::null;
  bool complete = true;
  bool boolean = false;
  std::string text = {};  // of a string, or a number's spelling
  std::vector<GeneratedContent> elements = {};
  std::vector<Property> properties = {};
};

namespace framework {

// Arrays and objects in each other, in content that is read.
inline constexpr std::size_t content_depth = 256;

}  // namespace framework
}  // namespace espalier
