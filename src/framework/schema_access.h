// The way past the public headers of schemas, for the framework and its tests.
#pragma once

#include <bitset>
#include <memory>
#include <string>

#include "espalier/generation_schema.h"
#include "framework/schema_node.h"
#include "guide/guide.h"

namespace espalier::framework {

struct SchemaAccess {
  static const SchemaNode& node(const DynamicGenerationSchema& schema) noexcept {
    return *schema.node_;
  }
  static DynamicGenerationSchema make(SchemaNode node) {
    return DynamicGenerationSchema(std::make_shared<const SchemaNode>(std::move(node)));
  }

  // The guide that holds answers to the schema, keys in their declared order; `missing_bytes` as in
  // guide::SchemaOptions. Compiled when it is first asked for. May be called from any thread.
  static std::shared_ptr<const guide::Guide> guide(const GenerationSchema& schema,
                                                   const std::bitset<256>& missing_bytes);

  // The schema as guides read it.
  static const std::string& guide_json(const GenerationSchema& schema) noexcept;

  // The guide that takes whatever fits the schema, as GeneratedContent::to_json writes it.
  static std::shared_ptr<const guide::Guide> reading_guide(const GenerationSchema& schema);
};

}  // namespace espalier::framework
