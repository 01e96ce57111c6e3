// What ESPALIER_GENERABLE is made of. A program uses generable.h.
#pragma once

// macro(x) for each further argument, one behind the other (D. Mazieres, "Recursive macros with
// C++20 __VA_OPT__"). 4^3 - 4 times, at least.
#define ESPALIER_EXPAND(...) \
  ESPALIER_EXPAND3(ESPALIER_EXPAND3(ESPALIER_EXPAND3(ESPALIER_EXPAND3(__VA_ARGS__))))
#define ESPALIER_EXPAND3(...) \
  ESPALIER_EXPAND2(ESPALIER_EXPAND2(ESPALIER_EXPAND2(ESPALIER_EXPAND2(__VA_ARGS__))))
#define ESPALIER_EXPAND2(...) \
  ESPALIER_EXPAND1(ESPALIER_EXPAND1(ESPALIER_EXPAND1(ESPALIER_EXPAND1(__VA_ARGS__))))
#define ESPALIER_EXPAND1(...) __VA_ARGS__
#define ESPALIER_PARENTHESES ()
#define ESPALIER_FOR_EACH(macro, ...) \
  __VA_OPT__(ESPALIER_EXPAND(ESPALIER_FOR_EACH_STEP(macro, __VA_ARGS__)))
#define ESPALIER_FOR_EACH_STEP(macro, first, ...) \
  macro(first) __VA_OPT__(ESPALIER_FOR_EACH_AGAIN ESPALIER_PARENTHESES(macro, __VA_ARGS__))
#define ESPALIER_FOR_EACH_AGAIN() ESPALIER_FOR_EACH_STEP

// A member is `name` or `(name, details…)`: 1 for the second kind.
#define ESPALIER_SECOND(first, second, ...) second
#define ESPALIER_SECOND_OF(...) ESPALIER_SECOND(__VA_ARGS__)
#define ESPALIER_PROBE(...) ~, 1
#define ESPALIER_IN_PARENTHESES(x) ESPALIER_SECOND_OF(ESPALIER_PROBE x, 0, 0)
#define ESPALIER_JOIN_NOW(a, b) a##b
#define ESPALIER_JOIN(a, b) ESPALIER_JOIN_NOW(a, b)

#define ESPALIER_PARTIAL_MEMBER(x) \
  ESPALIER_JOIN(ESPALIER_PARTIAL_MEMBER_, ESPALIER_IN_PARENTHESES(x))(x)
#define ESPALIER_PARTIAL_MEMBER_0(x) ESPALIER_PARTIAL_MEMBER_OF(x)
#define ESPALIER_PARTIAL_MEMBER_1(x) ESPALIER_PARTIAL_MEMBER_OF x
#define ESPALIER_PARTIAL_MEMBER_OF(member, ...) \
  typename ::espalier::detail::PartialMember<decltype(EspalierWhole::member)>::type member{};

#define ESPALIER_DESCRIBE_MEMBER(x) \
  ESPALIER_JOIN(ESPALIER_DESCRIBE_MEMBER_, ESPALIER_IN_PARENTHESES(x))(x)
#define ESPALIER_DESCRIBE_MEMBER_0(x) ESPALIER_DESCRIBE_MEMBER_OF(x)
#define ESPALIER_DESCRIBE_MEMBER_1(x) ESPALIER_DESCRIBE_MEMBER_OF x
#define ESPALIER_DESCRIBE_MEMBER_OF(member, ...) \
  .property(#member, &EspalierWhole::member, &EspalierPartial::member __VA_OPT__(, ) __VA_ARGS__)

#define ESPALIER_ENUMERATOR(enumerator) {#enumerator, EspalierEnum::enumerator},
