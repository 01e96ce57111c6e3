// What a GeneratedContent shares with its copies, and with later snapshots of the same answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "espalier/generated_content.h"
#include "framework/shared_array.h"

namespace espalier {

struct GeneratedContent::Node {
  Kind kind = Kind::null;
  bool complete = true;
  bool boolean = false;
  std::uint64_t id = 0;
  framework::SharedPrefix<char> text = {};  // of a string, or a number's spelling
  // Elements, or the properties' values. What is still growing is not among them but in `last`: it
  // is another node in each snapshot, while these are shared.
  framework::SharedPrefix<GeneratedContent> values = {};
  framework::SharedPrefix<std::string> keys = {};  // of at least all values, `last` included
  bool has_last = false;
  GeneratedContent last = {};
};

namespace framework {

// Arrays and objects in each other, in content that is read.
inline constexpr std::size_t content_depth = 256;

struct ContentAccess {
  using Node = GeneratedContent::Node;
  static GeneratedContent make(Node node) {
    return GeneratedContent(std::make_shared<const Node>(std::move(node)));
  }
  // The same, as if generation had not got to its end.
  static GeneratedContent incomplete(const GeneratedContent& whole) {
    Node node = whole.node_ ? *whole.node_ : Node();
    node.complete = false;
    return make(std::move(node));
  }
};

}  // namespace framework
}  // namespace espalier
