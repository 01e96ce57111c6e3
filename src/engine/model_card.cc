#include "engine/model_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

namespace espalier::engine {
namespace {

// Heads of published cards are a few hundred bytes.
constexpr std::streamsize most_bytes = 65'536;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t begin = std::min(text.find_first_not_of(blanks), text.size());
  const std::size_t end = text.find_last_not_of(blanks);
  return text.substr(begin, end == std::string_view::npos ? 0 : end + 1 - begin);
}

// What stands behind "key:" on the line.
std::optional<std::string> value_of(std::string_view line, std::string_view key) {
  if (!line.starts_with(key) || !line.substr(key.size()).starts_with(':')) return std::nullopt;
  const std::string_view text = trimmed(line.substr(key.size() + 1));
  if (text.starts_with('"')) {
    // YAML in double quotes is JSON, but for escapes that nobody needs here.
    const auto value = nlohmann::json::parse(text, nullptr, false);
    return value.is_string() ? value.get<std::string>() : std::string();
  }
  if (text.starts_with('\'') && text.ends_with('\'') && text.size() > 1) {
    return std::string(text.substr(1, text.size() - 2));
  }
  const bool is_plain = !text.starts_with('[') && !text.starts_with('{') && !text.starts_with('|');
  return is_plain ? std::string(text) : std::string();
}

// What `language: en`, `language: [en, de]` or the list below `language:` says, line by line.
class Languages {
 public:
  void take(std::string_view line) {
    if (line.starts_with("language:")) {
      in_list_ = trimmed(line.substr(line.find(':') + 1)).empty();
      if (!in_list_) take_values(trimmed(line.substr(line.find(':') + 1)));
      return;
    }
    const std::string_view item = trimmed(line);
    if (!in_list_ || item.empty() || item.starts_with('#')) return;
    in_list_ = item.starts_with("- ");
    if (in_list_) add(item.substr(2));
  }
  std::vector<std::string> found() && { return std::move(found_); }

 private:
  void take_values(std::string_view text) {
    if (!text.starts_with('[')) return add(text);
    if (!text.ends_with(']')) return;
    text = text.substr(1, text.size() - 2);
    while (!text.empty()) {
      const std::string_view item = text.substr(0, text.find(','));
      add(item);
      text.remove_prefix(std::min(item.size() + 1, text.size()));
    }
  }

  void add(std::string_view item) {
    auto value = value_of(fmt::format("language:{}", item), "language");
    if (value && !value->empty()) found_.push_back(std::move(*value));
  }

  bool in_list_ = false;
  std::vector<std::string> found_;
};

// As YAML: in quotes.
std::string as_yaml(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

ModelCard read_model_card(const std::filesystem::path& folder) {
  ModelCard card;
  std::ifstream file(folder / "README.md", std::ios::binary);
  std::string text(most_bytes, '\0');
  file.read(text.data(), most_bytes);
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  std::string_view rest = text;
  const auto next_line = [&] {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    return line;
  };
  if (trimmed(next_line()) != "---") return card;
  std::string license_name;
  Languages languages;
  while (!rest.empty()) {
    const std::string_view line = next_line();
    if (trimmed(line) == "---") break;
    if (auto license = value_of(line, "license")) card.license = *license;
    if (auto license = value_of(line, "license_name")) license_name = *license;
    if (auto name = value_of(line, "model_name")) card.name = *name;
    languages.take(line);
  }
  if (card.license == "other" && !license_name.empty()) card.license = license_name;
  card.languages = std::move(languages).found();
  return card;
}

std::string write_model_card(const ModelCard& card, const std::string& origin) {
  std::string text = "---\n";
  if (!card.license.empty()) text += fmt::format("license: {}\n", as_yaml(card.license));
  if (!card.name.empty()) text += fmt::format("model_name: {}\n", as_yaml(card.name));
  return text + fmt::format("---\n\nMade from {} by `espalier convert`.\n", as_yaml(origin));
}

}  // namespace espalier::engine
