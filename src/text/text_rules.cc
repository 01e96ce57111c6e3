#include "text/text_rules.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "text/normalisation_gaps.h"
#include "text/unicode_normalisation.h"
#include "text/utf8.h"

namespace espalier::text {
namespace {

bool is_ascii(char c) noexcept { return static_cast<unsigned char>(c) < 0x80; }

void replace_all(std::string_view text, const TextRule& rule, std::string& out) {
  std::size_t copied = 0;
  for (std::size_t at = text.find(rule.from); at != std::string_view::npos;
       at = text.find(rule.from, copied)) {
    out.append(text, copied, at - copied);
    out += rule.to;
    copied = at + rule.from.size();
  }
  out.append(text, copied);
}

// Characters that the tables of the oracle, PyPI tokenizers, are too old to know: tokens are part
// of a model, so they stay as they are here as well, and stand between what is around them.
bool is_gap(char32_t c) noexcept {
  const auto* const gap =
      std::ranges::lower_bound(normalisation_gaps, c, {}, &NormalisationGap::last);
  return gap != std::end(normalisation_gaps) && gap->first <= c;
}

// Characters beyond ASCII are normalised in runs, each with the ASCII character before it, which
// may take a mark; no run can change what ASCII stands behind it.
void normalise_runs(std::string_view text, NormalForm form, std::string& out) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t plain = at;
    while (plain < text.size() && is_ascii(text[plain])) ++plain;
    if (plain == text.size()) {
      out.append(text, at);
      return;
    }
    const std::size_t begin = plain == at ? at : plain - 1;
    out.append(text, at, begin - at);
    std::size_t end = plain;
    while (end < text.size() && !is_ascii(text[end])) {
      const Utf8Character character = first_character(text.substr(end));
      if (character.status != Utf8Status::valid || is_gap(character.code_point)) break;
      end += character.size;
    }
    if (end > begin) normalise(text.substr(begin, end - begin), form, out);
    // What stopped the run is ASCII, the end, or bytes that are left alone.
    if (end < text.size() && !is_ascii(text[end])) {
      const std::size_t size = first_character(text.substr(end)).size;
      out.append(text, end, size);
      end += size;
    }
    at = end;
  }
}

void apply_rule(const TextRule& rule, std::string_view text, std::string& out) {
  switch (rule.kind) {
    case TextRule::Kind::nfc:
      normalise_runs(text, NormalForm::nfc, out);
      break;
    case TextRule::Kind::nfkc:
      normalise_runs(text, NormalForm::nfkc, out);
      break;
    case TextRule::Kind::prepend:
      out.append(rule.to).append(text);
      break;
    case TextRule::Kind::replace:
      replace_all(text, rule, out);
      break;
  }
}

bool changes(const TextRule& rule, std::string_view text, TextPlace place) {
  switch (rule.kind) {
    case TextRule::Kind::nfc:
    case TextRule::Kind::nfkc:
      return !std::ranges::all_of(text, is_ascii);
    case TextRule::Kind::prepend:
      return !text.empty() && place != TextPlace::inside;
    case TextRule::Kind::replace:
      return text.find(rule.from) != std::string_view::npos;
  }
  return true;
}

}  // namespace

std::string_view TextRules::apply(std::string_view text, TextPlace place,
                                  std::string& buffer) const {
  std::string next;
  for (const TextRule& rule : rules_) {
    if (!changes(rule, text, place)) continue;
    next.clear();
    next.reserve(text.size() + text.size() / 2);
    apply_rule(rule, text, next);
    buffer.swap(next);
    text = buffer;
  }
  return text;
}

}  // namespace espalier::text
