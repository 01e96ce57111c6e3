#include "text/tokenizer_json_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/message_format.h"
#include "text/pre_tokenizer.h"
#include "text/space_mark.h"

namespace espalier::text {
namespace {

using base::JsonMember;
using base::JsonValue;

[[noreturn]] void refuse_type(const JsonValue& step, std::string_view what,
                              std::string_view supported) {
  step.get("type").fail(fmt::format("{} of type {} is not supported; supported are: {}", what,
                                    base::quoted(step.get_string("type")), supported));
}

// Calls on_step for a step, or for those of a Sequence, whose list is called `list`.
template <class OnStep>
void each_step(const JsonValue& step, std::string_view list, OnStep&& on_step) {
  if (step.is_null()) return;
  if (step.get_string("type") != "Sequence") {
    on_step(step);
    return;
  }
  refuse_other_members(step, {"type", list});
  for (const JsonValue part : step.get(list).elements()) each_step(part, list, on_step);
}

// {"String": …}. An expression is refused.
std::string_view literal_pattern(const JsonValue& step) {
  const JsonValue pattern = step.get("pattern");
  if (pattern.find("Regex")) {
    pattern.fail("a regular expression is not supported here; a {\"String\": …} is");
  }
  refuse_other_members(pattern, {"String"});
  const std::string_view text = pattern.get_string("String");
  if (text.empty()) pattern.fail("an empty string is no pattern");
  return text;
}

TextRule replace_rule(const JsonValue& step) {
  refuse_other_members(step, {"type", "pattern", "content"});
  return {TextRule::Kind::replace, std::string(literal_pattern(step)),
          std::string(step.get_string("content"))};
}

// A text must not become endless: of one byte, all steps together make so many at most.
void check_growth(const JsonValue& step, const std::vector<TextRule>& rules) {
  constexpr std::size_t most_rules = 8;
  constexpr std::size_t most_growth = 64;
  constexpr std::size_t longest_prefix = 64;
  if (rules.size() > most_rules) {
    step.fail(fmt::format("more than {} steps are not supported", most_rules));
  }
  std::size_t growth = 1;
  for (const TextRule& rule : rules) {
    switch (rule.kind) {
      case TextRule::Kind::nfc:
        growth *= 3;  // U+0390 and others (Unicode, UAX 15)
        break;
      case TextRule::Kind::nfkc:
        growth *= 11;  // U+FDFA
        break;
      case TextRule::Kind::prepend:
        if (rule.to.size() > longest_prefix) growth = most_growth + 1;
        break;
      case TextRule::Kind::replace:
        growth *=
            1 + (rule.to.size() - std::min<std::size_t>(rule.to.size(), 1)) / rule.from.size();
        break;
    }
    if (growth > most_growth) {
      step.fail(fmt::format("steps that make a text more than {} times as long are not supported",
                            most_growth));
    }
  }
}

void require_space_mark(const JsonValue& step) {
  if (step.get_string("replacement") != space_mark) {
    step.get("replacement").fail("a mark for spaces other than U+2581 is not supported");
  }
}

// "always", "first" or "never". Files of old say add_prefix_space.
std::string_view prepend_scheme(const JsonValue& step) {
  if (const auto scheme = step.find_string("prepend_scheme")) {
    if (*scheme == "always" || *scheme == "first" || *scheme == "never") return *scheme;
    step.get("prepend_scheme").fail("\"always\", \"first\" or \"never\" is expected");
  }
  return step.find_bool("add_prefix_space").value_or(true) ? "always" : "never";
}

// The expressions of known pre-tokenisers, as files spell them.
struct KnownPattern {
  std::string_view name;
  std::string_view pattern;
};

constexpr KnownPattern known_patterns[] = {
    {"gpt2", R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"},
    {"llama-bpe",
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"},
    {"qwen2",
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"},
};

// Reads the steps of the pre-tokeniser, from left to right.
class PreTokenizerReader {
 public:
  explicit PreTokenizerReader(VocabularyData& data) : data_(data) {}

  void read(const JsonValue& step) {
    if (is_byte_level_) step.fail("a step behind ByteLevel is not supported");
    const std::string_view type = step.get_string("type");
    if (type == "ByteLevel") {
      read_byte_level(step);
    } else if (type == "Split") {
      read_split(step);
    } else if (type == "Digits") {
      refuse_other_members(step, {"type", "individual_digits"});
      add(step, step.find_bool("individual_digits").value_or(false) ? "digits" : "digit-runs");
    } else if (type == "Metaspace") {
      read_metaspace(step);
    } else {
      refuse_type(step, "a pre_tokenizer", "ByteLevel, Split, Digits, Metaspace, Sequence");
    }
    is_first_ = false;
  }

  void finish(const JsonValue& all) {
    data_.spelling = is_byte_level_ ? TokenSpelling::byte_level : TokenSpelling::characters;
    data_.pre_tokenizer = names_.empty() ? "whole" : names_;
    if (!PreTokenizer::find(data_.pre_tokenizer)) all.fail("the steps are more than are supported");
  }

 private:
  void add(const JsonValue&, std::string_view name) {
    if (!names_.empty()) names_ += '+';
    names_ += name;
  }

  void read_byte_level(const JsonValue& step) {
    refuse_other_members(step, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
    if (step.find_bool("add_prefix_space").value_or(true)) {
      if (!is_first_) {
        step.get("add_prefix_space").fail("a space is put in front by the first step only");
      }
      data_.prefix = PrefixRule{" ", false};
    }
    if (step.find_bool("use_regex").value_or(true)) add(step, "gpt2");
    is_byte_level_ = true;
  }

  void read_split(const JsonValue& step) {
    refuse_other_members(step, {"type", "pattern", "behavior", "invert"});
    const std::string_view behavior = step.get_string("behavior");
    const bool invert = step.find_bool("invert").value_or(false);
    const JsonValue pattern = step.get("pattern");
    const auto expression = pattern.find_string("Regex");
    if (!expression) {
      read_literal_split(step, behavior, invert);
      return;
    }
    refuse_other_members(pattern, {"Regex"});
    const auto known = std::ranges::find(known_patterns, *expression, &KnownPattern::pattern);
    if (known == std::end(known_patterns)) {
      pattern.get("Regex").fail(
          "this expression is not supported; supported are those of gpt2, llama-bpe (Llama 3) and "
          "qwen2, letter for letter");
    }
    // The expressions match every character, so what is between matches is nothing.
    const bool isolated = (behavior == "Isolated" && !invert) || (behavior == "Removed" && invert);
    if (!isolated) {
      step.get("behavior")
          .fail(fmt::format("behavior {} with invert {} is not supported; Isolated is",
                            base::quoted(behavior), invert));
    }
    add(step, known->name);
  }

  // Gemma splits by spaces that its normaliser has replaced: nothing to split.
  void read_literal_split(const JsonValue& step, std::string_view behavior, bool invert) {
    const std::string_view text = literal_pattern(step);
    const TextRule* last = data_.text_rules.empty() ? nullptr : &data_.text_rules.back();
    const bool never = last != nullptr && last->kind == TextRule::Kind::replace &&
                       last->from == text && last->to.find(text) == std::string::npos;
    if (!never || text.size() != 1) {
      step.get("pattern").fail(
          "splitting by a string is supported where the normalizer's last step replaces it");
    }
    if (behavior != "MergedWithPrevious" || invert) {
      step.get("behavior").fail("splitting by a string is supported as MergedWithPrevious");
    }
  }

  void read_metaspace(const JsonValue& step) {
    refuse_other_members(step,
                         {"type", "replacement", "prepend_scheme", "split", "add_prefix_space"});
    if (!is_first_) step.fail("Metaspace is supported as the first step");
    require_space_mark(step);
    for (const AddedTokenRule& added : data_.added) {
      if (added.normalised && data_.tokens[added.token].find(' ') != std::string::npos) {
        step.fail(fmt::format("Metaspace is not supported with the normalized added token {}",
                              base::quoted(data_.tokens[added.token])));
      }
    }
    data_.text_rules.push_back({TextRule::Kind::replace, " ", std::string(space_mark)});
    const std::string_view scheme = prepend_scheme(step);
    if (scheme != "never") data_.prefix = PrefixRule{std::string(space_mark), scheme == "first"};
    if (step.find_bool("split").value_or(true)) add(step, "metaspace");
  }

  VocabularyData& data_;
  std::string names_;
  bool is_first_ = true;
  bool is_byte_level_ = false;
};

std::optional<base::TokenId> template_token(const JsonValue& processor, const JsonValue& piece,
                                            const VocabularyData& data) {
  refuse_other_members(piece, {"id", "type_id"});
  const std::string_view name = piece.get_string("id");
  const auto token = processor.get("special_tokens").find(name);
  if (!token) piece.get("id").fail(fmt::format("{} is not in special_tokens", base::quoted(name)));
  const auto ids = token->get("ids").as_integers<base::TokenId>();
  if (ids.size() != 1) token->get("ids").fail("one token is expected");
  if (ids[0] < 0 || static_cast<std::size_t>(ids[0]) >= data.tokens.size()) {
    token->get("ids").fail(fmt::format("tokens are 0 to {}", data.tokens.size() - 1));
  }
  return ids[0];
}

// [BOS] A [EOS]
void read_template(const JsonValue& step, VocabularyData& data) {
  refuse_other_members(step, {"type", "single", "pair", "special_tokens"});
  bool text_seen = false;
  for (const JsonValue piece : step.get("single").elements()) {
    refuse_other_members(piece, {"SpecialToken", "Sequence"});
    if (const auto sequence = piece.find("Sequence")) {
      if (text_seen || sequence->get_string("id") != "A") sequence->fail("text A once is expected");
      text_seen = true;
      continue;
    }
    const auto token = template_token(step, piece.get("SpecialToken"), data);
    bool& is_set = text_seen ? data.add_eos : data.add_bos;
    if (is_set) piece.fail("more than one token before or behind the text is not supported");
    is_set = true;
    (text_seen ? data.eos : data.bos) = token;
  }
  if (!text_seen)
    step.get("single").fail("the text itself, {\"Sequence\": {\"id\": \"A\"}}, is missing");
}

// Reads the decoder's steps for tokens of characters.
class DecoderReader {
 public:
  explicit DecoderReader(VocabularyData& data) : data_(data) {}

  void read(const JsonValue& step) {
    const std::string_view type = step.get_string("type");
    if (type == "Replace") {
      if (fused_) step.fail("Replace is supported in front of Fuse");
      data_.decode.replace.push_back(replace_rule(step));
      const TextRule& rule = data_.decode.replace.back();
      if (rule.to.size() > rule.from.size()) {
        step.get("content").fail("a decoder that makes tokens longer is not supported");
      }
    } else if (type == "ByteFallback") {
      refuse_other_members(step, {"type"});
      if (fused_) step.fail("ByteFallback is supported in front of Fuse");
      byte_fallback_ = true;
    } else if (type == "Fuse") {
      refuse_other_members(step, {"type"});
      fused_ = true;
    } else if (type == "Strip") {
      read_strip(step);
    } else if (type == "Metaspace") {
      refuse_other_members(step,
                           {"type", "replacement", "prepend_scheme", "split", "add_prefix_space"});
      require_space_mark(step);
      if (fused_) step.fail("Metaspace is supported in front of Fuse");
      data_.decode.replace.push_back({TextRule::Kind::replace, std::string(space_mark), " "});
      data_.decode.first_token_has_no_space = prepend_scheme(step) != "never";
    } else {
      refuse_type(step, "a decoder of tokens that are characters",
                  "Replace, ByteFallback, Fuse, Strip, Metaspace, Sequence");
    }
  }

  void finish(const JsonValue& all) {
    const bool has_bytes = std::ranges::count(data_.kinds, TokenKind::byte) > 0;
    if (has_bytes && !byte_fallback_) {
      all.fail("the model falls back to bytes, so a decoder with ByteFallback is expected");
    }
  }

 private:
  void read_strip(const JsonValue& step) {
    refuse_other_members(step, {"type", "content", "start", "stop"});
    if (!fused_) step.fail("Strip is supported behind Fuse");
    if (step.get_string("content") != " " || step.get_size("stop") != 0) {
      step.fail("Strip is supported for spaces at the start");
    }
    constexpr std::size_t most = 1024;
    const std::size_t start = step.get_size("start");
    if (start > most) step.get("start").fail(fmt::format("at most {} is expected", most));
    data_.decode.strip_spaces += start;
  }

  VocabularyData& data_;
  bool fused_ = false;
  bool byte_fallback_ = false;
};

}  // namespace

void refuse_other_members(const JsonValue& object, std::initializer_list<std::string_view> known) {
  for (const JsonMember member : object.members()) {
    if (std::ranges::find(known, member.key) == known.end()) {
      member.value.fail(fmt::format("{} is not known here", base::quoted(member.key)));
    }
  }
}

std::optional<std::string_view> pattern_of_pre_tokenizer(std::string_view name) {
  if (name == "gpt-2") name = "gpt2";
  if (name == "llama3" || name == "llama-v3") name = "llama-bpe";
  const auto known = std::ranges::find(known_patterns, name, &KnownPattern::name);
  if (known == std::end(known_patterns)) return std::nullopt;
  return known->pattern;
}

void read_normalizer(const JsonValue& step, VocabularyData& data) {
  each_step(step, "normalizers", [&](const JsonValue& each) {
    const std::string_view type = each.get_string("type");
    if (type == "NFC" || type == "NFKC") {
      refuse_other_members(each, {"type"});
      const auto kind = type == "NFC" ? TextRule::Kind::nfc : TextRule::Kind::nfkc;
      data.text_rules.push_back({kind, "", ""});
    } else if (type == "Prepend") {
      refuse_other_members(each, {"type", "prepend"});
      data.text_rules.push_back(
          {TextRule::Kind::prepend, "", std::string(each.get_string("prepend"))});
    } else if (type == "Replace") {
      data.text_rules.push_back(replace_rule(each));
    } else {
      refuse_type(each, "a normalizer", "NFC, NFKC, Prepend, Replace, Sequence");
    }
    check_growth(each, data.text_rules);
  });
}

void read_pre_tokenizer(const JsonValue& step, VocabularyData& data) {
  PreTokenizerReader reader(data);
  each_step(step, "pretokenizers", [&](const JsonValue& each) { reader.read(each); });
  reader.finish(step);
}

void read_post_processor(const JsonValue& step, VocabularyData& data) {
  each_step(step, "processors", [&](const JsonValue& each) {
    const std::string_view type = each.get_string("type");
    if (type == "ByteLevel") {  // moves offsets, no tokens
      refuse_other_members(each, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
    } else if (type == "TemplateProcessing") {
      read_template(each, data);
    } else {
      refuse_type(each, "a post_processor", "TemplateProcessing, ByteLevel, Sequence");
    }
  });
}

void read_decoder(const JsonValue& step, VocabularyData& data) {
  if (data.spelling == TokenSpelling::characters) {
    DecoderReader reader(data);
    each_step(step, "decoders", [&](const JsonValue& each) { reader.read(each); });
    reader.finish(step);
    return;
  }
  bool found = false;
  each_step(step, "decoders", [&](const JsonValue& each) {
    if (each.get_string("type") != "ByteLevel") {
      refuse_type(each, "a decoder of tokens that are bytes", "ByteLevel, Sequence");
    }
    refuse_other_members(each, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
    found = true;
  });
  if (!found) step.fail("the pre_tokenizer is ByteLevel, so a ByteLevel decoder is expected");
}

}  // namespace espalier::text
