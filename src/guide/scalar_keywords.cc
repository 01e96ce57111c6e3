// Keywords about numbers and strings.
#include <fmt/format.h>

#include "base/message_format.h"
#include "espalier/error.h"
#include "guide/format_terms.h"
#include "guide/growth.h"
#include "guide/pattern.h"
#include "guide/schema_reader.h"

namespace espalier::guide {

void SchemaReader::read_numbers(Value schema, Shape& shape) {
  const auto keep = [&](TermId numbers) {
    shape.numbers = automaton_.terms().both(shape.numbers, numbers);
    shape.exponents = false;
  };
  const auto decimal = [&](Value value) { return parse_decimal(value.number_text(), limits_); };
  // Draft 4 has booleans that make their neighbours exclusive, later drafts bounds of their own.
  const auto bound = [&](std::string_view keyword, std::string_view exclusive, bool lower) {
    const auto apply = [&](Value value, Bound kind) {
      keep(lower ? numbers_.at_least(decimal(value), kind)
                 : numbers_.at_most(decimal(value), kind));
    };
    const auto other = schema.find(exclusive);
    const bool old = other && other->kind() == base::JsonKind::boolean &&
                     (source_.draft() == Draft::draft4 || source_.draft() == Draft::undeclared);
    if (const auto value = schema.find(keyword)) {
      locate(schema, keyword,
             [&] { apply(*value, old && other->as_bool() ? Bound::exclusive : Bound::inclusive); });
    }
    if (other && !old && source_.since(Draft::draft6)) {
      locate(schema, exclusive, [&] { apply(*other, Bound::exclusive); });
    }
  };
  bound("minimum", "exclusiveMinimum", true);
  bound("maximum", "exclusiveMaximum", false);
  if (const auto divisor = schema.find("multipleOf")) {
    locate(schema, "multipleOf", [&] { keep(numbers_.multiple_of(decimal(*divisor))); });
  }
}

TermId SchemaReader::pattern(std::string_view text) {
  TermPool& terms = automaton_.terms();
  const TermId term = pattern_term(terms, text, limits_);
  if (may_grow(terms, term)) refuse_growth(automaton_, automaton_.start(term));
  return term;
}

void SchemaReader::read_strings(Value schema, Shape& shape) {
  TermPool& terms = automaton_.terms();
  const auto keep = [&](TermId strings) { shape.strings = terms.both(shape.strings, strings); };
  const auto length = [&](Value value) {
    const std::uint64_t number = count(value);
    if (number > limits_.repeat) {
      throw UnsupportedGuide(
          fmt::format("lengths above {} are not supported", base::grouped(limits_.repeat)));
    }
    return static_cast<std::uint32_t>(number);
  };
  const TermId one = terms.set(CodePoints::all());
  if (const auto least = schema.find("minLength")) {
    locate(schema, "minLength", [&] { keep(terms.repeat(one, length(*least), unbounded)); });
  }
  if (const auto most = schema.find("maxLength")) {
    locate(schema, "maxLength", [&] { keep(terms.repeat(one, 0, length(*most))); });
  }
  if (const auto pattern = schema.find("pattern")) {
    locate(schema, "pattern", [&] { keep(this->pattern(pattern->as_string())); });
  }
  const auto format = schema.find("format");
  if (!format || !format->is_string() || options_.format == FormatPolicy::annotate) return;
  const std::string_view name = format->as_string();
  locate(schema, "format", [&] {
    switch (format_standing(name)) {
      case FormatStanding::asserted:
        keep(format_term(terms, name));
        shape.undecided = terms.either(shape.undecided, format_undecided(terms, name));
        break;
      case FormatStanding::unsupported:
        throw UnsupportedGuide(fmt::format("the format {} is not supported", base::quoted(name)));
      case FormatStanding::unknown:
        break;
    }
  });
}

}  // namespace espalier::guide
