#!/usr/bin/env bash
# Installs the build, builds examples/consumer and the README's programs against it as a stranger would, and runs them.
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

# The README's programs: each block of C++ with a main.
mkdir -p "$build/consumer"
awk -v folder="$build/consumer" '
  /^```cpp$/ { inside = 1; program = ""; next }
  /^```$/ && inside { inside = 0; if (program ~ /int main\(/) printf "%s", program > (folder "/readme_" ++count ".cc"); next }
  inside { program = program $0 "\n" }' "$source/README.md"
library_folder=$(dirname "$library")
for program in "$build"/consumer/readme_{1,2}.cc; do
  "$compiler" -std=c++20 -Wall -Wextra -Werror -I "$stage/include" "$program" -o "${program%.cc}" \
    -L "$library_folder" -lespalier "-Wl,-rpath,$library_folder" ||
    { echo "FAILED: the README's $(basename "$program") does not compile"; exit 1; }
done
echo "README: its two programs compile"

"$stage/bin/espalier" --version
if ! "$stage/bin/espalier" model path >/dev/null 2>&1; then
  echo "no model: run build/release/bin/espalier model install (the consumer was built, not run)"
  [ -z "${ESPALIER_SKIP_REAL_MODEL:-}" ] || exit 77
  exit 1
fi
"$build/consumer/consumer" | tee "$build/consumer.out"
grep -q '[[:alpha:]]' "$build/consumer.out" || { echo "FAILED: no answer"; exit 1; }
"$build/consumer/readme_1" | tee "$build/consumer.out"
grep -q '[[:alpha:]]' "$build/consumer.out" || { echo "FAILED: the README's first program says nothing"; exit 1; }
"$build/consumer/readme_2" | tee "$build/consumer.out"
grep -Eq '^.+, born 1[0-9]{3}: .+$' "$build/consumer.out" || { echo "FAILED: the README's struct is not filled"; exit 1; }
