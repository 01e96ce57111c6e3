#!/usr/bin/env bash
# Installs the build, builds examples/consumer against it as a stranger would, and runs it.
#
#   tests/install/consumer_test.sh BUILD_FOLDER CXX_COMPILER
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
compiler=$2
stage=$build/stage
rm -rf "$stage" "$build/consumer"

cmake --install "$build" --prefix "$stage" >"$build/stage.log"

# Each header by itself, with nothing but the standard library to include: no -I but the stage's.
for header in "$stage"/include/espalier/*.h; do
  name=espalier/$(basename "$header")
  echo "#include <$name>" |
    "$compiler" -std=c++20 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$stage/include" -x c++ - ||
    { echo "FAILED: $name does not compile alone"; exit 1; }
  if grep -E '^ *# *include' "$header" | grep -vE '["<]espalier/[a-z_]+\.h[">]|<[a-z_]+>'; then
    echo "FAILED: $name includes more than espalier/ and the standard library"
    exit 1
  fi
done
echo "headers: each compiles alone"

library=$(find "$stage" -name libespalier.so)
if nm -DC --defined-only "$library" | grep -vE ' (typeinfo( name)? for |vtable for )?espalier::'; then
  echo "FAILED: libespalier.so shows symbols that are not its own"
  exit 1
fi
echo "library: shows espalier:: alone"

cmake -S "$source/examples/consumer" -B "$build/consumer" -DCMAKE_PREFIX_PATH="$stage" \
  -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release >"$build/consumer.log"
cmake --build "$build/consumer" >>"$build/consumer.log" || { cat "$build/consumer.log"; exit 1; }
echo "consumer: built with find_package(espalier)"

"$stage/bin/espalier" --version
if ! "$stage/bin/espalier" model path >/dev/null 2>&1; then
  echo "no model: run build/release/bin/espalier model install (the consumer was built, not run)"
  [ -z "${ESPALIER_SKIP_REAL_MODEL:-}" ] || exit 77
  exit 1
fi
"$build/consumer/consumer" | tee "$build/consumer.out"
grep -q '[[:alpha:]]' "$build/consumer.out" || { echo "FAILED: no answer"; exit 1; }
