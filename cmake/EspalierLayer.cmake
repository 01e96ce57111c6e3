# How a folder under src/ becomes a layer:
#
#   espalier_layer(kernels
#     SOURCES rms_norm.cc …              # compiled for the oldest x86-64
#     AVX2    rms_norm_avx2.cc …         # with -mavx2 -mfma -mf16c; reached only by run-time dispatch
#     AVX512  rms_norm_avx512.cc …       # with AVX-512 F/BW/DQ/VL and VNNI
#     USES    tensor                     # the layers it may include (transitive)
#     LINKS   fmt::fmt                   # libraries from outside
#     TESTS   rms_norm_test.cc …         # one GoogleTest program a layer: kernels_test
#     BENCHES matmul_bench.cc …)         # one Google Benchmark program a layer: kernels_bench

add_library(espalier_options INTERFACE)
target_compile_options(espalier_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror)
# Contraction is ours to decide: a fused multiply-add stands only where the code says so.
target_compile_options(espalier_options INTERFACE -ffp-contract=off -fno-math-errno)
target_include_directories(espalier_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
if(ESPALIER_SANITIZE)
  target_compile_options(espalier_options INTERFACE -fsanitize=${ESPALIER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(espalier_options INTERFACE -fsanitize=${ESPALIER_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # With sanitizers GCC sees uninitialised values where there are none, in <regex> for one (GCC bug 105562).
    target_compile_options(espalier_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

set(ESPALIER_FLAGS_AVX2 -mavx2 -mfma -mf16c)
set(ESPALIER_FLAGS_AVX512 ${ESPALIER_FLAGS_AVX2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mprefer-vector-width=512)

function(espalier_layer name)
  cmake_parse_arguments(LAYER "" "" "SOURCES;AVX2;AVX512;USES;LINKS;TESTS;BENCHES" ${ARGN})
  if(LAYER_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "espalier_layer(${name}): unknown words: ${LAYER_UNPARSED_ARGUMENTS}")
  endif()
  add_library(espalier_${name} STATIC ${LAYER_SOURCES})
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_sources(espalier_${name} PRIVATE ${LAYER_AVX2} ${LAYER_AVX512})
    set_source_files_properties(${LAYER_AVX2} PROPERTIES COMPILE_OPTIONS "${ESPALIER_FLAGS_AVX2}")
    set_source_files_properties(${LAYER_AVX512} PROPERTIES COMPILE_OPTIONS "${ESPALIER_FLAGS_AVX512}")
  endif()
  list(TRANSFORM LAYER_USES PREPEND espalier_)
  target_link_libraries(espalier_${name} PUBLIC espalier_options ${LAYER_USES} ${LAYER_LINKS})
  set_property(GLOBAL APPEND PROPERTY ESPALIER_LAYERS ${name})
  if(ESPALIER_TESTS AND LAYER_TESTS)
    add_executable(${name}_test ${LAYER_TESTS})
    target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR})  # tests/…: readers of fixtures
    target_link_libraries(${name}_test PRIVATE espalier_${name} GTest::gmock GTest::gtest_main rapidcheck)
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
      DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 900)
  endif()
  if(ESPALIER_BENCHMARKS AND LAYER_BENCHES)
    add_executable(${name}_bench ${LAYER_BENCHES})
    target_link_libraries(${name}_bench PRIVATE espalier_${name} benchmark::benchmark_main)
  endif()
endfunction()
