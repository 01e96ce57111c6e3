#include "guide/pattern.h"

#include <fmt/format.h>

#include "base/message_format.h"
#include "espalier/error.h"
#include "guide/pattern_syntax.h"

namespace espalier::guide {
namespace {

constexpr std::uint32_t unrolled = 8;  // times, of a loop around what looks around

// Builds terms from the end of the pattern: each node is given the term of what follows it, so that
// an assertion is an intersection with that.
class Compiler {
 public:
  Compiler(TermPool& terms, std::string_view pattern) : terms_(terms), pattern_(pattern) {}

  // at_start: nothing of the text stands before this node.
  TermId compile(const PatternNode& node, TermId rest, bool at_start) {
    switch (node.kind) {
      case PatternKind::points:
        return terms_.sequence(terms_.set(node.points), rest);
      case PatternKind::sequence:
        return sequence(node, rest, at_start);
      case PatternKind::alternatives: {
        std::vector<TermId> parts;
        if (!node.has_context) {
          for (const PatternNode& part : node.parts) {
            parts.push_back(compile(part, TermPool::epsilon, at_start));
          }
          return terms_.sequence(terms_.either(std::move(parts)), rest);
        }
        for (const PatternNode& part : node.parts) parts.push_back(compile(part, rest, at_start));
        return terms_.either(std::move(parts));
      }
      case PatternKind::repeat:
        return repeat(node, rest, at_start);
      case PatternKind::start:
        return at_start ? rest : TermPool::nothing;
      case PatternKind::end:
        return terms_.both(rest, TermPool::epsilon);
      case PatternKind::ahead:
        return terms_.both(compile(node.parts[0], TermPool::everything, at_start), rest);
      case PatternKind::not_ahead:
        return terms_.both(terms_.negation(compile(node.parts[0], TermPool::everything, at_start)),
                           rest);
    }
    return TermPool::nothing;
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    throw UnsupportedGuide(
        fmt::format("the pattern {} has {}, which is not supported", base::quoted(pattern_), what));
  }

  TermId sequence(const PatternNode& node, TermId rest, bool at_start) {
    // Whether a part still stands at the start depends on those before it.
    std::vector<bool> starts(node.parts.size());
    for (std::size_t i = 0; i < node.parts.size(); ++i) {
      const PatternNode& part = node.parts[i];
      starts[i] = at_start;
      if (!at_start || takes_nothing(part)) continue;
      if (may_take_nothing(part) && anchors_behind(node, i + 1)) {
        refuse("'^' behind what may be empty");
      }
      at_start = false;
    }
    TermId term = rest;
    for (std::size_t i = node.parts.size(); i-- > 0;) {
      term = compile(node.parts[i], term, starts[i]);
    }
    return term;
  }

  TermId repeat(const PatternNode& node, TermId rest, bool at_start) {
    const PatternNode& inner = node.parts[0];
    if (!inner.has_context) {
      const TermId once = compile(inner, TermPool::epsilon, at_start);
      return terms_.sequence(terms_.repeat(once, node.least, node.most), rest);
    }
    if (node.most > unrolled) refuse("an assertion in a loop");
    if (inner.has_start && node.most > 1) refuse("'^' in a loop");
    TermId term = rest;
    for (std::uint32_t i = node.most; i-- > 0;) {
      const TermId once = compile(inner, term, at_start && i == 0);
      term = i >= node.least ? terms_.either(rest, once) : once;
    }
    return term;
  }

  static bool takes_nothing(const PatternNode& node) {
    switch (node.kind) {
      case PatternKind::points:
        return false;
      case PatternKind::sequence:
      case PatternKind::alternatives:
        for (const PatternNode& part : node.parts) {
          if (!takes_nothing(part)) return false;
        }
        return true;
      case PatternKind::repeat:
        return node.most == 0 || takes_nothing(node.parts[0]);
      default:
        return true;
    }
  }

  static bool may_take_nothing(const PatternNode& node) {
    switch (node.kind) {
      case PatternKind::points:
        return false;
      case PatternKind::sequence:
        for (const PatternNode& part : node.parts) {
          if (!may_take_nothing(part)) return false;
        }
        return true;
      case PatternKind::alternatives:
        for (const PatternNode& part : node.parts) {
          if (may_take_nothing(part)) return true;
        }
        return false;
      case PatternKind::repeat:
        return node.least == 0 || may_take_nothing(node.parts[0]);
      default:
        return true;
    }
  }

  static bool anchors_behind(const PatternNode& node, std::size_t from) {
    for (std::size_t i = from; i < node.parts.size(); ++i) {
      if (node.parts[i].has_start) return true;
    }
    return false;
  }

  TermPool& terms_;
  std::string_view pattern_;
};

}  // namespace

TermId pattern_term(TermPool& terms, std::string_view pattern, const GuideLimits& limits) {
  const PatternNode root = parse_pattern(pattern, limits);
  Compiler compiler(terms, pattern);
  const TermId later = compiler.compile(root, TermPool::everything, false);
  if (!root.has_start) return terms.sequence(TermPool::everything, later);
  const TermId some = terms.repeat(terms.set(CodePoints::all()), 1, unbounded);
  return terms.either(compiler.compile(root, TermPool::everything, true),
                      terms.sequence(some, later));
}

TermId whole_pattern_term(TermPool& terms, std::string_view pattern, const GuideLimits& limits) {
  return Compiler(terms, pattern).compile(parse_pattern(pattern, limits), TermPool::epsilon, true);
}

}  // namespace espalier::guide
