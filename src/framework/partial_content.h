// JSON as it arrives: a parser that is fed any cuts of a text and tells at any time what is there.
//
//   PartialContent parser;
//   parser.feed("{\"city\": \"Os");      // a cut may stand anywhere, also within a character
//   parser.content();                    // {"city": "Os"}, incomplete
//
// Each byte is looked at once. What content() gives shares all values that have ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "espalier/generated_content.h"

namespace espalier::framework {

class PartialContent {
 public:
  // Throws DecodingFailure, naming the byte, where the text can be the beginning of no JSON, has a
  // key twice or nests deeper than content_depth.
  void feed(std::string_view bytes);

  // As GeneratedContent::from_partial_json().
  GeneratedContent content() const;

 private:
  enum class State : std::uint8_t {
    value,           // one must begin
    element_or_end,  // behind [
    key_or_end,      // behind {
    key,             // one must begin
    colon,           // one must come
    more_or_end,     // behind a value
    string,          // within one, of a key or a value
    escape,          // behind a backslash
    code_unit,       // within the four digits behind \u
    scalar,          // within a number or literal
    end,             // behind the root
  };
  struct Open {  // an array or structure that has not ended
    bool is_structure;
    std::vector<GeneratedContent> elements;
    std::vector<GeneratedContent::Property> properties;
    std::string key;  // of the value that is under way
  };

  void take(char c);
  bool take_between(char c);
  void take_in_string(char c);
  void take_escape(char c);
  void take_code_unit(char c);
  void begin_value(char c);
  void begin_string(bool of_key);
  void open(bool is_structure);
  void close(char bracket);
  void end_string();
  void end_scalar();
  void end_value(GeneratedContent value);
  void append_code_point();
  [[noreturn]] void fail(std::string_view problem) const;

  std::vector<Open> open_;
  GeneratedContent root_;
  State state_ = State::value;
  bool string_is_key_ = false;
  std::string text_;  // of the string, number or literal that is under way
  std::uint32_t code_unit_ = 0;
  int digits_ = 0;               // of code_unit_
  std::uint32_t high_half_ = 0;  // of a surrogate pair; its low half must come
  std::size_t bytes_ = 0;
};

}  // namespace espalier::framework
