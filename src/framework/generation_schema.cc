#include "espalier/generation_schema.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "base/json.h"
#include "espalier/error.h"
#include "framework/content_nodes.h"
#include "framework/schema_access.h"
#include "framework/schema_writer.h"

namespace espalier {
namespace {

std::shared_ptr<const guide::Guide> compile(const std::string& schema,
                                            const guide::SchemaOptions& options) {
  const auto document =
      base::JsonDocument::parse("schema", schema, {.depth = framework::content_depth});
  return guide::Guide::of_schema(document.root(), options);
}

// The same with the keys of all objects sorted.
GeneratedContent sorted(const GeneratedContent& json) {
  if (json.kind() == GeneratedContent::Kind::array) {
    std::vector<GeneratedContent> elements;
    for (const GeneratedContent& element : json.elements()) elements.push_back(sorted(element));
    return GeneratedContent::array(std::move(elements));
  }
  if (json.kind() != GeneratedContent::Kind::structure) return json;
  std::vector<GeneratedContent::Property> properties;
  for (const auto& [key, value] : json.properties()) properties.push_back({key, sorted(value)});
  std::sort(properties.begin(), properties.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  return GeneratedContent::structure(std::move(properties));
}

}  // namespace

struct GenerationSchema::Impl {
  // Compiles the guide, so that what is wrong is thrown here.
  Impl(GeneratedContent its_json, std::string its_guide_json)
      : json(std::move(its_json)), guide_json(std::move(its_guide_json)) {
    const GeneratedContent* title = json.find("title");
    if (title != nullptr) name = title->text();
    guide({});
  }

  std::shared_ptr<const guide::Guide> guide(const std::bitset<256>& missing_bytes) const {
    const std::lock_guard lock(mutex);
    auto& found = guides[missing_bytes.to_string()];
    if (found && !found->is_worn()) return found;
    guide::SchemaOptions options = guide::answer_options;
    options.key_order = guide::KeyOrder::declared;
    options.missing_bytes = missing_bytes;
    return found = compile(guide_json, options);
  }

  std::shared_ptr<const guide::Guide> reading_guide() const {
    const std::lock_guard lock(mutex);
    if (!reader || reader->is_worn())
      reader = compile(guide_json, {.white_space = guide::WhiteSpace::none});
    return reader;
  }

  GeneratedContent json;
  std::string guide_json;
  std::string name;
  mutable std::mutex mutex;
  mutable std::map<std::string, std::shared_ptr<const guide::Guide>> guides;
  mutable std::shared_ptr<const guide::Guide> reader;
};

GenerationSchema::GenerationSchema(std::shared_ptr<const Impl> impl) noexcept
    : impl_(std::move(impl)) {}

GenerationSchema::GenerationSchema(const DynamicGenerationSchema& root,
                                   const std::vector<DynamicGenerationSchema>& dependencies)
    : impl_(std::make_shared<const Impl>(
          framework::write_schema(root, dependencies, framework::SchemaReader::people),
          framework::write_schema(root, dependencies, framework::SchemaReader::guide).to_json())) {}

GenerationSchema GenerationSchema::from_json(std::string_view json) {
  try {
    return GenerationSchema(
        std::make_shared<const Impl>(GeneratedContent::from_json(json), std::string(json)));
  } catch (const DecodingFailure& fault) {
    throw InvalidSchema(fault.what());
  }
}

std::string GenerationSchema::to_json() const { return impl_->json.to_json(); }

const std::string& GenerationSchema::name() const noexcept { return impl_->name; }

bool operator==(const GenerationSchema& a, const GenerationSchema& b) {
  return a.impl_ == b.impl_ || sorted(a.impl_->json) == sorted(b.impl_->json);
}

std::shared_ptr<const guide::Guide> framework::SchemaAccess::guide(
    const GenerationSchema& schema, const std::bitset<256>& missing_bytes) {
  return schema.impl_->guide(missing_bytes);
}

const std::string& framework::SchemaAccess::guide_json(const GenerationSchema& schema) noexcept {
  return schema.impl_->guide_json;
}

std::shared_ptr<const guide::Guide> framework::SchemaAccess::reading_guide(
    const GenerationSchema& schema) {
  return schema.impl_->reading_guide();
}

}  // namespace espalier
