// Marks what libespalier.so offers; everything else in it is hidden.
#pragma once

#if defined(_WIN32)
#define ESPALIER_API
#else
#define ESPALIER_API __attribute__((visibility("default")))
#endif
