#include "framework/content_cuts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/json_text.h"
#include "espalier/error.h"
#include "framework/content_nodes.h"

namespace espalier::framework {
namespace {

using Kind = GeneratedContent::Kind;

void find_cuts(const GeneratedContent& content, const std::string& place,
               std::vector<std::string>& found) {
  if (content.is_complete()) return;
  const std::size_t before = found.size();
  for (std::size_t i = 0; i < content.elements().size(); ++i) {
    find_cuts(content.elements()[i], place + base::json_pointer_step(std::to_string(i)), found);
  }
  for (const auto& [key, value] : content.properties()) {
    find_cuts(value, place + base::json_pointer_step(key), found);
  }
  if (found.size() == before) found.push_back(place);
}

// `rest` begins behind `whole`'s own place in `pointer`.
GeneratedContent cut_at(const GeneratedContent& whole, std::string_view rest,
                        std::string_view pointer) {
  if (rest.empty()) return ContentAccess::incomplete(whole);
  const std::size_t size = std::min(rest.find('/', 1), rest.size());
  const std::string_view step = rest.substr(0, size);
  bool is_found = false;
  const auto part = [&](const std::string& key, const GeneratedContent& value) {
    if (base::json_pointer_step(key) != step) return value;
    is_found = true;
    return cut_at(value, rest.substr(size), pointer);
  };
  std::vector<GeneratedContent> elements;
  for (const GeneratedContent& element : whole.elements()) {
    elements.push_back(part(std::to_string(elements.size()), element));
  }
  std::vector<GeneratedContent::Property> properties;
  for (const auto& [key, value] : whole.properties()) properties.push_back({key, part(key, value)});
  if (!is_found) {
    throw InvalidArgument(fmt::format("\"{}\" leads to no value of the content", pointer));
  }
  return whole.kind() == Kind::array ? GeneratedContent::array(std::move(elements))
                                     : GeneratedContent::structure(std::move(properties));
}

}  // namespace

std::vector<std::string> cuts(const GeneratedContent& content) {
  std::vector<std::string> found;
  find_cuts(content, "", found);
  return found;
}

GeneratedContent with_cut(const GeneratedContent& content, std::string_view pointer) {
  return cut_at(content, pointer, pointer);
}

}  // namespace espalier::framework
