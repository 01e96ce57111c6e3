#include "guide/case_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "espalier/error.h"

namespace espalier::guide {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int random_readings = 2;

double microseconds(Clock::time_point from) {
  return std::chrono::duration<double, std::micro>(Clock::now() - from).count();
}

void quote(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void write(base::JsonValue value, Spelling spelling, std::string& out) {
  const std::string_view comma = spelling == Spelling::spaced ? ", " : ",";
  switch (value.kind()) {
    case base::JsonKind::null:
      out += "null";
      break;
    case base::JsonKind::boolean:
      out += value.as_bool() ? "true" : "false";
      break;
    case base::JsonKind::integer:
    case base::JsonKind::real:
      out += value.number_text();
      break;
    case base::JsonKind::string:
      quote(value.as_string(), out);
      break;
    case base::JsonKind::array: {
      out += '[';
      bool first = true;
      for (const base::JsonValue element : value.elements()) {
        if (!first) out += comma;
        first = false;
        write(element, spelling, out);
      }
      out += ']';
      break;
    }
    case base::JsonKind::object: {
      out += '{';
      bool first = true;
      for (const base::JsonMember& member : value.members()) {
        if (!first) out += comma;
        first = false;
        quote(member.key, out);
        out += spelling == Spelling::spaced ? ": " : ":";
        write(member.value, spelling, out);
      }
      out += '}';
      break;
    }
  }
}

}  // namespace

std::string spell(base::JsonValue value, Spelling spelling) {
  std::string text;
  write(value, spelling, text);
  return text;
}

CaseResult CaseChecker::check(base::JsonValue test_case) {
  CaseResult result;
  for (const std::string_view key : {"name", "description"}) {
    if (const auto name = test_case.find_string(key)) result.name = *name;
  }
  const base::JsonValue tests = test_case.get("tests");
  const auto start = Clock::now();
  std::shared_ptr<const Guide> guide;
  try {
    guide = Guide::of_schema(test_case.get("schema"), options_);
  } catch (const UnsupportedGuide& fault) {
    result.refused = fault.what();
  } catch (const InvalidSchema& fault) {
    result.refused = fault.what();
  }
  result.compile_ms = microseconds(start) / 1000;
  if (!guide) return result;
  try {
    for (const base::JsonValue test : tests.elements()) {
      check_value(guide, test.get("data"), test.get_bool("valid"), result);
      ++result.tests;
    }
  } catch (const UnsupportedGuide& limit) {  // its automata may not grow any more
    result.refused = limit.what();
  }
  return result;
}

void CaseChecker::check_value(const std::shared_ptr<const Guide>& guide, base::JsonValue value,
                              bool valid, CaseResult& result) {
  bool timed = true;  // the first reading: later ones find warm automata
  for (const Spelling spelling : {Spelling::compact, Spelling::spaced}) {
    if (spelling == Spelling::spaced && options_.white_space == WhiteSpace::none) break;
    const std::string text = readings_.encodable(spell(value, spelling));
    bool accepted = accepts(guide, readings_.own(text), timed ? &result : nullptr);
    timed = false;
    bool wrong = accepted != valid;
    for (int i = 0; i < random_readings && !wrong; ++i) {
      accepted = accepts(guide, readings_.random(text), nullptr);
      wrong = accepted != valid;
    }
    if (!wrong) continue;
    (valid ? result.valid_rejected : result.invalid_accepted).push_back(text);
    return;
  }
}

bool CaseChecker::accepts(const std::shared_ptr<const Guide>& guide,
                          const std::vector<TokenId>& tokens, CaseResult* timed) {
  Matcher matcher(guide, trie_);
  TokenMask mask(trie_->vocabulary_size());
  double spent = 0;
  const auto allowed = [&](TokenId token) {
    const auto start = Clock::now();
    matcher.mask(mask);
    const double taken = microseconds(start);
    if (timed != nullptr) timed->mask_us.push_back(taken);
    spent += taken;
    return mask.allows(token);
  };
  bool accepted = true;
  for (const TokenId token : tokens) {
    if (timed == nullptr) {  // accept() says the same; a test holds it to the mask
      if (!matcher.accept(token)) return false;
      continue;
    }
    if (!allowed(token)) {
      accepted = false;
      break;
    }
    const auto start = Clock::now();
    if (!matcher.accept(token)) throw DecodingFailure("a token of the mask was not accepted");
    timed->accept_us.push_back(microseconds(start));
    spent += timed->accept_us.back();
  }
  if (accepted) {
    accepted = timed == nullptr ? matcher.accept(trie_->end_tokens().front())
                                : allowed(trie_->end_tokens().front());
  }
  if (timed != nullptr) timed->instance_us.push_back(spent + timed->compile_ms * 1000);
  return accepted;
}

}  // namespace espalier::guide
