#include "framework/schema_outline.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "espalier/generated_content.h"

namespace espalier::framework {
namespace {

using Content = GeneratedContent;
using Kind = Content::Kind;

// As many of a long list of choices as a prompt has room for.
constexpr std::size_t most_choices = 32;

std::string text_at(const Content& node, std::string_view key) {
  const Content* found = node.find(key);
  return found == nullptr || found->kind() != Kind::string ? "" : std::string(found->text());
}

// "a, b or c"
std::string choice_of(const std::vector<std::string>& texts) {
  if (texts.size() < 2) return texts.empty() ? std::string() : texts[0];
  const auto last = texts.end() - 1;
  return fmt::format("{} or {}", fmt::join(texts.begin(), last, ", "), *last);
}

class Outline {
 public:
  explicit Outline(const Content& root) : root_(root) {}

  std::string sentence() {
    const Content& root = meant_by(root_);
    const std::string meaning = text_at(root, "description");
    const std::string opening =
        meaning.empty() ? "Answer with JSON" : fmt::format("Answer with JSON ({})", meaning);
    open_.push_back(&root);
    const std::string inner = is_object(root) ? members(root) : parts(root);
    return inner.empty() ? opening + "." : fmt::format("{}: {}.", opening, inner);
  }

 private:
  static bool is_object(const Content& node) { return node.find("properties") != nullptr; }

  const Content& meant_by(const Content& node) const {
    const std::string reference = text_at(node, "$ref");
    if (reference.empty()) return node;
    if (reference == "#") return root_;
    const Content* definitions = root_.find("$defs");
    const Content* found = definitions == nullptr ? nullptr : definitions->find(name_of(reference));
    return found == nullptr ? node : *found;
  }

  // "Place" of "#/$defs/Place".
  static std::string name_of(const std::string& reference) {
    return reference.substr(reference.rfind('/') + 1);
  }

  // "name, born (the year), tags [short]"
  std::string members(const Content& node) {
    const Content& properties = *node.find("properties");
    std::vector<std::string> names;
    if (const Content* order = node.find("x-order")) {
      for (const Content& name : order->elements()) names.emplace_back(name.text());
    } else {
      for (const auto& property : properties.properties()) names.push_back(property.key);
    }
    std::vector<std::string> written;
    for (const std::string& name : names) {
      if (const Content* property = properties.find(name)) {
        written.push_back(member(name, *property, is_required(node, name)));
      }
    }
    return fmt::format("{}", fmt::join(written, ", "));
  }

  static bool is_required(const Content& node, const std::string& name) {
    const Content* required = node.find("required");
    if (required == nullptr) return false;
    const auto names = required->elements();
    return std::any_of(names.begin(), names.end(),
                       [&](const Content& each) { return each.text() == name; });
  }

  std::string member(const std::string& name, const Content& property, bool is_required) {
    std::vector<std::string> notes;
    if (std::string meaning = text_at(property, "description"); !meaning.empty()) {
      notes.push_back(std::move(meaning));
    }
    const Content& meant = meant_by(property);
    const bool is_choice = meant.find("enum") != nullptr;
    if (is_choice) notes.push_back(parts(meant));
    if (!is_required) notes.emplace_back("optional");
    std::string written = name;
    if (!notes.empty()) written += fmt::format(" ({})", fmt::join(notes, "; "));
    if (!is_choice) {
      if (const std::string inner = nested(meant); !inner.empty()) written += " " + inner;
    }
    return written;
  }

  // What is within a value, in brackets as JSON has them; nothing of one that has no parts.
  std::string nested(const Content& node) {
    const Content& meant = meant_by(node);
    const auto is_open = std::find(open_.begin(), open_.end(), &meant) != open_.end();
    if (is_open) return text_at(meant, "title");  // within itself
    open_.push_back(&meant);
    std::string written = is_object(meant) ? fmt::format("{{{}}}", members(meant)) : parts(meant);
    open_.pop_back();
    return written;
  }

  // Of what is no object.
  std::string parts(const Content& node) {
    if (const Content* choices = node.find("enum")) {
      std::vector<std::string> texts;
      for (const Content& choice : choices->elements()) {
        texts.push_back(choice.kind() == Kind::string ? std::string(choice.text())
                                                      : choice.to_json());
        if (texts.size() == most_choices && choices->elements().size() > most_choices) {
          return fmt::format("{}, …", fmt::join(texts, ", "));
        }
      }
      return choice_of(texts);
    }
    if (const Content* alternatives = node.find("anyOf")) {
      std::vector<std::string> texts;
      for (const Content& alternative : alternatives->elements()) {
        if (std::string text = nested(alternative); !text.empty()) texts.push_back(std::move(text));
      }
      return choice_of(texts);
    }
    if (const Content* items = node.find("items")) {
      const std::string text = nested(*items);
      return text.empty() ? text : fmt::format("[{}]", text);
    }
    return {};
  }

  const Content& root_;
  std::vector<const Content*> open_;  // the objects around what is written
};

}  // namespace

std::string schema_outline(const GenerationSchema& schema) {
  const Content root = Content::from_json(schema.to_json());
  return Outline(root).sentence();
}

}  // namespace espalier::framework
