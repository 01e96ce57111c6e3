// What ESPALIER_GENERABLE is made of. A program uses generable.h.
#pragma once

// macro(x) for each further argument, one behind the other (D. Mazieres, "Recursive macros with
// C++20 __VA_OPT__"). 4^4 - 4 times, at least.
#define ESPALIER_EXPAND(...) \
  ESPALIER_EXPAND4(ESPALIER_EXPAND4(ESPALIER_EXPAND4(ESPALIER_EXPAND4(__VA_ARGS__))))
#define ESPALIER_EXPAND4(...) \
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

// A member or enumerator is `name` or `(name, details…)`: which(name, details…) of either.
#define ESPALIER_SECOND(first, second, ...) second
#define ESPALIER_SECOND_OF(...) ESPALIER_SECOND(__VA_ARGS__)
#define ESPALIER_PROBE(...) ~, 1
#define ESPALIER_IN_PARENTHESES(x) ESPALIER_SECOND_OF(ESPALIER_PROBE x, 0, 0)
#define ESPALIER_JOIN_NOW(a, b) a##b
#define ESPALIER_JOIN(a, b) ESPALIER_JOIN_NOW(a, b)
#define ESPALIER_OPENED(which, x) \
  ESPALIER_JOIN(ESPALIER_OPENED_, ESPALIER_IN_PARENTHESES(x))(which, x)
#define ESPALIER_OPENED_0(which, x) which(x)
#define ESPALIER_OPENED_1(which, x) which x

#define ESPALIER_CHECK_MEMBER(x) ESPALIER_OPENED(ESPALIER_CHECK_MEMBER_OF, x)
#define ESPALIER_CHECK_MEMBER_OF(member, ...)                                              \
  static_assert(                                                                           \
      ::espalier::detail::Fillable<decltype(EspalierWhole::member), EspalierWhole>::value, \
      "the member '" #member                                                               \
      "' is of no generable type: declare its type with ESPALIER_GENERABLE or "            \
      "ESPALIER_GENERABLE_ENUM before this one; espalier/generable.h lists what else there is");

#define ESPALIER_PARTIAL_MEMBER(x) ESPALIER_OPENED(ESPALIER_PARTIAL_MEMBER_OF, x)
#define ESPALIER_PARTIAL_MEMBER_OF(member, ...) \
  typename ::espalier::detail::PartialMember<decltype(EspalierWhole::member)>::type member{};

#define ESPALIER_DESCRIBE_MEMBER(x) ESPALIER_OPENED(ESPALIER_DESCRIBE_MEMBER_OF, x)
#define ESPALIER_DESCRIBE_MEMBER_OF(member, ...) \
  , ::espalier::detail::property<EspalierWhole>( \
        #member, &EspalierWhole::member, &EspalierPartial::member __VA_OPT__(, ) __VA_ARGS__)

// An enumerator stands in the schema by its name, or by a text of its own.
#define ESPALIER_ENUMERATOR(x) ESPALIER_OPENED(ESPALIER_ENUMERATOR_OF, x)
#define ESPALIER_ENUMERATOR_OF(enumerator, ...) \
  {::espalier::detail::text_of(#enumerator __VA_OPT__(, ) __VA_ARGS__), EspalierEnum::enumerator},
