# The libraries of a build for another processor, where this machine has its own processor's binaries only:
# headers serve any processor, GoogleTest comes as source, and rapidcheck, which is neither, has a stand-in.
#
# A Debian cross compiler reads /usr/include by itself, after its own headers, so header-only targets need no folder.

function(espalier_header_only target header package)
  if(NOT EXISTS /usr/include/${header})
    message(FATAL_ERROR "/usr/include/${header} is missing: scripts/setup installs it (Debian: ${package})")
  endif()
  add_library(${target} INTERFACE IMPORTED GLOBAL)
endfunction()

espalier_header_only(fmt::fmt fmt/format.h libfmt-dev)
set_property(TARGET fmt::fmt PROPERTY INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY)
espalier_header_only(nlohmann_json::nlohmann_json nlohmann/json.hpp nlohmann-json3-dev)

if(ESPALIER_TESTS)
  enable_testing()
  include(GoogleTest)
  if(NOT EXISTS /usr/src/googletest/CMakeLists.txt)
    message(FATAL_ERROR "/usr/src/googletest is missing: scripts/setup --verify installs it (Debian: googletest)")
  endif()
  set(INSTALL_GTEST OFF)
  add_subdirectory(/usr/src/googletest googletest EXCLUDE_FROM_ALL)
  add_subdirectory(tests/rapidcheck_stand_in)
endif()
