#include "framework/schema_outline.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <set>
#include <string_view>
#include <system_error>
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

// "soup of the day" of "soup%20of%20the~1day": a step of a JSON pointer in a URI's fragment.
std::string unescaped(std::string_view step) {
  std::string key;
  for (std::size_t i = 0; i < step.size(); ++i) {
    unsigned code = 0;
    const std::string_view next = step.substr(i + 1, 2);
    if (step[i] == '%' && next.size() == 2 &&
        std::from_chars(next.begin(), next.end(), code, 16).ptr == next.end()) {
      key += static_cast<char>(code);
      i += 2;
    } else if (step[i] == '~' && (next.starts_with('0') || next.starts_with('1'))) {
      key += next[0] == '0' ? '~' : '/';
      ++i;
    } else {
      key += step[i];
    }
  }
  return key;
}

const Content* step_into(const Content& node, const std::string& key) {
  if (node.kind() != Kind::array) return node.find(key);
  std::size_t i = 0;
  const auto read = std::from_chars(key.data(), key.data() + key.size(), i);
  if (read.ec != std::errc() || read.ptr != key.data() + key.size()) return nullptr;
  return i < node.elements().size() ? &node.elements()[i] : nullptr;
}

// Each object or list of alternatives that is referred to is written once, behind its name where it
// is mentioned again.
class Outline {
 public:
  // `named`: what is mentioned more than once.
  Outline(const Content& root, const std::set<const Content*>& named)
      : root_(root), named_(named) {}

  std::string sentence() {
    const Meant root = meant_by(root_);
    const std::string meaning = text_at(*root.node, "description");
    const std::string opening =
        meaning.empty() ? "Answer with JSON" : fmt::format("Answer with JSON ({})", meaning);
    written_.insert(root.node);
    const std::string inner = is_object(*root.node) ? members(*root.node) : parts(*root.node);
    return inner.empty() ? opening + "." : fmt::format("{}: {}.", opening, inner);
  }

  const std::set<const Content*>& mentioned_again() const { return again_; }

 private:
  struct Meant {
    const Content* node;
    std::string name;
  };

  static bool is_object(const Content& node) { return node.find("properties") != nullptr; }

  // What a schema stands for: itself, or what it refers to within its document.
  Meant meant_by(const Content& node) const {
    constexpr int most_steps = 16;  // of references to references
    Meant meant = {&node, text_at(node, "title")};
    for (int i = 0; i < most_steps; ++i) {
      const std::string reference = text_at(*meant.node, "$ref");
      if (!reference.starts_with('#')) break;
      const Content* found = &root_;
      std::string name;
      for (std::string_view rest = std::string_view(reference).substr(1);
           found != nullptr && rest.starts_with('/');) {
        rest.remove_prefix(1);
        name = unescaped(rest.substr(0, rest.find('/')));
        rest.remove_prefix(std::min(rest.find('/'), rest.size()));
        found = step_into(*found, name);
      }
      if (found == nullptr) break;
      const std::string title = text_at(*found, "title");
      meant = {found, title.empty() ? name : title};
    }
    return meant;
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
    const Content& meant = *meant_by(property).node;
    const bool is_choice = meant.find("enum") != nullptr || meant.find("const") != nullptr;
    if (is_choice) notes.push_back(parts(meant));
    if (!is_required) notes.emplace_back("optional");
    std::string written = name;
    if (!notes.empty()) written += fmt::format(" ({})", fmt::join(notes, "; "));
    if (!is_choice) {
      if (const std::string inner = nested(property); !inner.empty()) written += " " + inner;
    }
    return written;
  }

  // What is within a value, in brackets as JSON has them; nothing of one that has no parts.
  std::string nested(const Content& node) {
    const Meant meant = meant_by(node);
    if (!written_.insert(meant.node).second) {
      again_.insert(meant.node);
      return meant.name;
    }
    std::string written =
        is_object(*meant.node) ? fmt::format("{{{}}}", members(*meant.node)) : parts(*meant.node);
    if (written.empty()) written_.erase(meant.node);  // a text or number
    const bool has_name = named_.contains(meant.node) && !written.empty() && !meant.name.empty();
    return has_name ? fmt::format("{} {}", meant.name, written) : written;
  }

  static std::string choice(const Content& value) {
    return value.kind() == Kind::string ? std::string(value.text()) : value.to_json();
  }

  // Of what is no object.
  std::string parts(const Content& node) {
    if (const Content* choices = node.find("enum")) {
      std::vector<std::string> texts;
      for (const Content& each : choices->elements()) {
        texts.push_back(choice(each));
        if (texts.size() == most_choices && choices->elements().size() > most_choices) {
          return fmt::format("{}, …", fmt::join(texts, ", "));
        }
      }
      return choice_of(texts);
    }
    if (const Content* only = node.find("const")) return choice(*only);
    for (const char* keyword : {"anyOf", "oneOf", "allOf"}) {
      const Content* alternatives = node.find(keyword);
      if (alternatives == nullptr) continue;
      std::vector<std::string> texts;
      for (const Content& alternative : alternatives->elements()) {
        if (std::string text = nested(alternative); !text.empty()) texts.push_back(std::move(text));
      }
      if (keyword == std::string_view("allOf"))
        return fmt::format("{}", fmt::join(texts, " with "));
      return choice_of(texts);
    }
    if (const Content* items = node.find("items")) {
      const std::string text = nested(*items);
      return text.empty() ? text : fmt::format("[{}]", text);
    }
    return {};
  }

  const Content& root_;
  const std::set<const Content*>& named_;
  std::set<const Content*> written_;
  std::set<const Content*> again_;
};

}  // namespace

std::string schema_outline(const GenerationSchema& schema) {
  const Content root = Content::from_json(schema.to_json());
  const std::set<const Content*> none;
  Outline first(root, none);
  first.sentence();
  return Outline(root, first.mentioned_again()).sentence();
}

}  // namespace espalier::framework
