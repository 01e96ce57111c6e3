#include "guide/keyword_support.h"

namespace espalier::guide {
namespace {

constexpr auto exact = KeywordStanding::exact;
constexpr auto refused = KeywordStanding::refused;
constexpr auto annotation = KeywordStanding::annotation;

constexpr KeywordSupport table[] = {
    {"$schema", exact,
     "drafts 4, 6, 7, 2019-09 and 2020-12; without it the newest, and what older ones had"},
    {"$ref", exact, "within the document; a cycle needs a value in between"},
    {"$defs, definitions", exact, ""},
    {"$id, id, $anchor", exact, ""},
    {"type", exact, "1.0 is an integer, but not in draft 4"},
    {"enum, const", exact, ""},
    {"allOf, anyOf", exact, "as far as their alternatives stay few"},
    {"oneOf, not, if/then/else", exact, "not where they need the opposite of uniqueItems"},
    {"properties, required", exact, "in any order, each key once"},
    {"x-order", exact, "only where a caller asks for keys in declared order, which it lists"},
    {"additionalProperties, patternProperties, propertyNames", exact, ""},
    {"minProperties, maxProperties", exact, ""},
    {"dependentRequired, dependentSchemas, dependencies", exact, ""},
    {"items, prefixItems, additionalItems", exact, ""},
    {"minItems, maxItems", exact, ""},
    {"uniqueItems", exact, "of items of one schema without arrays and objects"},
    {"contains, minContains, maxContains", exact, "as far as the ways to count stay few"},
    {"unevaluatedItems, unevaluatedProperties", exact, "beside an anyOf of at most 6 branches"},
    {"minLength, maxLength", exact, "in code points"},
    {"pattern", exact, "ECMA-262 without back-references, look-behind, \\b and most of \\p"},
    {"minimum, maximum, exclusiveMinimum, exclusiveMaximum", exact,
     "numbers with such a rule are written without exponent"},
    {"multipleOf", exact, "up to 100,000 times the divisor's last digit"},
    {"format", exact, "as the lists of formats say"},
    {"$dynamicRef, $dynamicAnchor, $recursiveRef, $recursiveAnchor", exact, "within the document"},
    {"$ref, $dynamicRef, $recursiveRef to other documents", refused, ""},
    {"title, description, default, examples, $comment", annotation, ""},
    {"deprecated, readOnly, writeOnly", annotation, ""},
    {"contentEncoding, contentMediaType, contentSchema", annotation, "a text stays a text"},
    {"$vocabulary", annotation, "it speaks of dialects, and only those of $schema are known"},
};

}  // namespace

std::span<const KeywordSupport> keyword_support() { return table; }

}  // namespace espalier::guide
