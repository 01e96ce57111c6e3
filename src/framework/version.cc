#include "espalier/version.h"

#include <string_view>

namespace espalier {
namespace {

constexpr const char* project_version = ESPALIER_VERSION;  // CMake's

// "0.1.0" against the header's constants, so that the two cannot drift apart.
constexpr bool agrees(std::string_view text) {
  int parts[3] = {};
  int part = 0;
  for (char c : text) {
    if (c == '.') {
      ++part;
    } else {
      parts[part] = parts[part] * 10 + (c - '0');
    }
  }
  return part == 2 && parts[0] == version_major && parts[1] == version_minor &&
         parts[2] == version_patch;
}
static_assert(agrees(project_version),
              "include/espalier/version.h and CMakeLists.txt name two versions");

}  // namespace

const char* version() noexcept { return project_version; }

}  // namespace espalier
