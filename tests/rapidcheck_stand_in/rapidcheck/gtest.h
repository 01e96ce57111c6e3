// Properties as GoogleTest's tests, in rapidcheck's words (see ../rapidcheck.h).
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#define RC_GTEST_PROP(suite, name, parameters)                                       \
  void rapidcheck_property_##suite##_##name parameters;                              \
  TEST(suite, name) {                                                                \
    EXPECT_EQ("", ::rc::detail::first_fault(&rapidcheck_property_##suite##_##name)); \
  }                                                                                  \
  void rapidcheck_property_##suite##_##name parameters
