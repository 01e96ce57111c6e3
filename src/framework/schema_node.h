// A part of a schema as DynamicGenerationSchema holds it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "espalier/generation_schema.h"

namespace espalier::framework {

struct SchemaNode {
  enum class Kind : std::uint8_t {
    anything,
    nothing,
    null,
    boolean,
    string,
    integer,
    number,
    array,
    dictionary,
    object,
    any_of,
    reference,
  };
  Kind kind = Kind::anything;
  std::string name = {};  // of an object or choice; of what a reference means
  std::string description = {};
  // Of a string. Choices are texts where there are texts, schemas otherwise.
  std::optional<std::vector<std::string>> texts = {};
  std::string pattern = {};
  // Bounds as JSON spells them: of a number; of an array, how many elements. Empty: none.
  std::string least = {};
  std::string most = {};
  // What the reader's type of a number holds.
  std::string type_least = {};
  std::string type_most = {};
  // Of an array and a dictionary (one), of a choice.
  std::vector<DynamicGenerationSchema> parts = {};
  std::vector<DynamicGenerationSchema::Property> properties = {};
  // What references mean, besides named parts.
  std::vector<DynamicGenerationSchema> definitions = {};
};

// "an array": how messages speak of a part.
const char* describe(SchemaNode::Kind kind) noexcept;

}  // namespace espalier::framework
