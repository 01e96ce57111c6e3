// type, enum and const; constants as shapes.
#include <fmt/format.h>

#include <algorithm>

#include "base/message_format.h"
#include "espalier/error.h"
#include "guide/schema_reader.h"
#include "guide/utf32.h"

namespace espalier::guide {

void SchemaReader::read_type(Value schema, Shape& shape) {
  const auto type = schema.find("type");
  if (!type) return;
  locate(schema, "type", [&] {
    Shape all = algebra_.everything();
    Shape allowed;
    const auto allow = [&](std::string_view name) {
      if (name == "null") {
        allowed.literals |= LiteralSet::null;
      } else if (name == "boolean") {
        allowed.literals |= LiteralSet::yes | LiteralSet::no;
      } else if (name == "number") {
        allowed.numbers = all.numbers;
        allowed.exponents = true;
      } else if (name == "integer") {
        const bool strict = source_.draft() == Draft::draft4;
        allowed.numbers = automaton_.terms().either(
            allowed.numbers, strict ? numbers_.without_fraction() : numbers_.integers());
      } else if (name == "string") {
        allowed.strings = all.strings;
      } else if (name == "array") {
        allowed.arrays = all.arrays;
      } else if (name == "object") {
        allowed.objects = all.objects;
      } else if (name == "any" && source_.draft() == Draft::undeclared) {
        allowed = all;  // draft 3's
      } else {
        throw InvalidSchema(fmt::format("{} is no type", base::quoted(name)));
      }
    };
    if (type->is_array()) {
      for (const Value each : type->elements()) allow(each.as_string());
    } else {
      allow(type->as_string());
    }
    restrict(shape, allowed);
  });
}

void SchemaReader::read_enumeration(Value schema, Shape& shape) {
  const auto add = [&](Shape& all, std::vector<std::u32string>& texts, Value value) {
    if (value.is_string()) {
      texts.push_back(to_utf32(value.as_string()).value());
    } else {
      all = algebra_.unite(std::move(all), read_constant(value));
    }
  };
  const auto apply = [&](Shape all, std::vector<std::u32string> texts) {
    all.strings = automaton_.terms().any_of(std::move(texts));
    restrict(shape, all);
  };
  if (const auto list = schema.find("enum")) {
    locate(schema, "enum", [&] {
      Shape all;
      std::vector<std::u32string> texts;
      for (const Value value : list->elements()) add(all, texts, value);
      apply(std::move(all), std::move(texts));
    });
  }
  if (const auto value = schema.find("const"); value && source_.since(Draft::draft6)) {
    locate(schema, "const", [&] { restrict(shape, read_constant(*value)); });
  }
}

Shape SchemaReader::read_constant(Value value) {
  Shape shape;
  switch (value.kind()) {
    case base::JsonKind::null:
      shape.literals = LiteralSet::null;
      break;
    case base::JsonKind::boolean:
      shape.literals = value.as_bool() ? LiteralSet::yes : LiteralSet::no;
      break;
    case base::JsonKind::integer:
    case base::JsonKind::real:
      shape.numbers = numbers_.equal(parse_decimal(value.number_text(), limits_));
      break;
    case base::JsonKind::string:
      shape.strings = automaton_.terms().text(to_utf32(value.as_string()).value());
      break;
    case base::JsonKind::array: {
      ArrayShape array;
      for (const Value item : value.elements()) {
        array.prefix.push_back(nodes_.constant(source_.index(item)));
      }
      array.rest = no_value;
      array.least = array.most = array.prefix.size();
      shape.arrays.push_back(std::move(array));
      break;
    }
    case base::JsonKind::object: {
      ObjectShape object;
      for (const base::JsonMember& member : value.members()) {
        object.names.push_back(
            {name(member.key), nodes_.constant(source_.index(member.value)), true});
      }
      std::ranges::sort(object.names, {}, &NameRule::name);
      object.regions.clear();
      shape.objects.push_back(std::move(object));
      break;
    }
  }
  return shape;
}

}  // namespace espalier::guide
