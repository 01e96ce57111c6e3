// What declarations are marked with. ESPALIER_API: what libespalier.so offers; everything else in
// it is hidden.
#pragma once

#if defined(_WIN32)
#define ESPALIER_API
#else
#define ESPALIER_API __attribute__((visibility("default")))
#endif

// Of what lives no longer than the object that gives it: clang then warns where that is a temporary
// (text() of what from_json() returned, kept).
#if defined(__has_cpp_attribute)
#if __has_cpp_attribute(clang::lifetimebound)
#define ESPALIER_LIFETIMEBOUND [[clang::lifetimebound]]
#endif
#endif
#ifndef ESPALIER_LIFETIMEBOUND
#define ESPALIER_LIFETIMEBOUND
#endif
