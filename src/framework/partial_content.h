// JSON as it arrives: a parser that is fed any cuts of a text and tells at any time what is there.
//
//   PartialContent parser;
//   parser.feed("{\"city\": \"Os");      // a cut may stand anywhere, also within a character
//   parser.content();                    // {"city": "Os"}, incomplete
//   parser.feed("lo\"}");
//   parser.end();
//   parser.content();                    // {"city": "Oslo"}, complete
//
// Each byte is looked at once, and a snapshot copies nothing that was there before it: content()
// makes one node for each array, structure and string that is still open, and these share what
// they hold with the snapshots before and after.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "espalier/generated_content.h"
#include "framework/content_nodes.h"
#include "framework/shared_array.h"

namespace espalier::framework {

class PartialContent {
 public:
  // Throws DecodingFailure, naming the byte, where the text can be the beginning of no JSON, has a
  // key twice or nests deeper than content_depth.
  void feed(std::string_view bytes);

  // The text is whole. Throws DecodingFailure where the value is not.
  void end();

  // As GeneratedContent::from_partial_json(). Ids count the values as they begin.
  GeneratedContent content();

  // How often what content() gives has changed since the beginning.
  std::size_t changes() const noexcept { return changes_; }

  // What feed() and content() have done so far: bytes read, nodes made, values, keys and bytes
  // copied when their storage grew. For tests of what snapshots cost.
  std::size_t work() const noexcept;

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
    bool is_structure = false;
    std::uint64_t id = 0;
    SharedArray<GeneratedContent> values = {};
    SharedArray<std::string> keys = {};  // also of the value that is under way
    std::unordered_set<std::string> seen = {};
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
  void append(char c);
  GeneratedContent make(ContentAccess::Node node);
  [[noreturn]] void fail(std::string_view problem) const;

  std::vector<Open> open_;
  GeneratedContent root_;
  State state_ = State::value;
  bool string_is_key_ = false;
  std::string text_;          // of the key, number or literal that is under way
  SharedArray<char> string_;  // or of the string
  std::uint64_t begun_ = 0;   // values
  std::uint32_t code_unit_ = 0;
  int digits_ = 0;               // of code_unit_
  std::uint32_t high_half_ = 0;  // of a surrogate pair; its low half must come
  std::size_t bytes_ = 0;
  std::size_t changes_ = 0;
  std::size_t nodes_ = 0;
  std::size_t copied_ = 0;  // in storage that is no longer here
};

}  // namespace espalier::framework
