// For tests: any content, and what it means that one snapshot goes on from another.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "espalier/generated_content.h"
#include "framework/partial_content.h"

namespace espalier::framework::testing {

// Content of a few levels, from a list of choices.
inline GeneratedContent content_from(const std::vector<std::uint32_t>& choices, std::size_t& next,
                                     int depth) {
  const std::uint32_t choice = next < choices.size() ? choices[next++] : 0;
  std::vector<GeneratedContent> parts;
  const bool nests = choice % 6 >= 4 && depth < 4;
  for (std::uint32_t i = 0; nests && i < choice / 6 % 4; ++i) {
    parts.push_back(content_from(choices, next, depth + 1));
  }
  switch (choice % 6) {
    case 0:
      return {};
    case 1:
      return GeneratedContent::boolean(choice % 4 < 2);
    case 2:
      return GeneratedContent::number(static_cast<double>(choice) / 8);
    case 3:
      return GeneratedContent::string(choice % 4 < 2 ? "plain" : "\"é\\\n🌳");
    case 4:
      return GeneratedContent::array(std::move(parts));
    default: {
      std::vector<GeneratedContent::Property> properties;
      for (auto& part : parts) {
        properties.push_back({"k" + std::to_string(properties.size()), std::move(part)});
      }
      return GeneratedContent::structure(std::move(properties));
    }
  }
}

// Whether `later` has all that `earlier` shows, where it shows it, under the same ids.
inline bool goes_on(const GeneratedContent& earlier, const GeneratedContent& later,
                    bool with_ids = true) {
  if (earlier.is_complete() && earlier != later) return false;
  if (earlier.kind() == GeneratedContent::Kind::null && !earlier.is_complete()) return true;
  if ((with_ids && earlier.id() != later.id()) || earlier.kind() != later.kind() ||
      !later.text().starts_with(earlier.text()) ||
      earlier.elements().size() > later.elements().size() ||
      earlier.properties().size() > later.properties().size()) {
    return false;
  }
  for (std::size_t i = 0; i < earlier.elements().size(); ++i) {
    if (!goes_on(earlier.elements()[i], later.elements()[i], with_ids)) return false;
  }
  for (std::size_t i = 0; i < earlier.properties().size(); ++i) {
    if (earlier.properties()[i].key != later.properties()[i].key ||
        !goes_on(earlier.properties()[i].value, later.properties()[i].value, with_ids)) {
      return false;
    }
  }
  return true;
}

// Feeds `json` in pieces of the sizes in `cuts`, of one byte behind the last of them, and gives
// what is there after each to `see`, with the count of bytes fed.
template <class See>
void stream_json(std::string_view json, const std::vector<std::uint8_t>& cuts, See see) {
  PartialContent parser;
  std::size_t at = 0;
  for (std::size_t cut = 0; at < json.size(); ++cut) {
    const std::size_t size = cut < cuts.size() ? 1 + cuts[cut] % 9 : 1;
    parser.feed(json.substr(at, size));
    at = std::min(at + size, json.size());
    if (at == json.size()) parser.end();
    see(parser.content(), at);
  }
}

}  // namespace espalier::framework::testing
