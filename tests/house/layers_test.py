#!/usr/bin/env python3
"""Holds the include graph to the map: nothing includes upward, ever.

    python3 tests/house/layers_test.py

LAYERS below is the map. ARCHITECTURE.md shows the same table to people, each src/LAYER/CMakeLists.txt
says the same to CMake; this test compares all three with what the files really include.
"""

from __future__ import annotations

import re
import tempfile
import unittest
from pathlib import Path

import tree

# Bottom up: a layer may include what it uses, and what that uses in turn.
LAYERS: dict[str, list[str]] = {
    "base": [],
    "tensor": ["base"],
    "kernels": ["tensor"],
    "text": ["base"],
    "guide": ["text"],
    "model": ["kernels"],
    "engine": ["model", "text"],
    "framework": ["engine", "guide"],
    "cli": ["framework"],
}

# Which layer a public header belongs to; those not named here belong to the framework.
PUBLIC_HEADERS = {"error.h": "base"}

# Headers that open sockets or the programs behind them. The one command that reaches a network runs pip.
SOCKET_HEADERS = re.compile(r"sys/socket\.h|netdb\.h|netinet/.*|arpa/inet\.h|curl/.*|boost/(asio|beast).*")

STANDARD_HEADERS = set("""
    algorithm any array atomic barrier bit bitset charconv chrono compare complex concepts condition_variable
    coroutine deque exception execution expected filesystem format forward_list fstream functional future
    initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory
    memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator
    semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf string
    string_view syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set
    utility valarray variant vector version cassert cctype cerrno cfenv cfloat cinttypes climits clocale cmath
    csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype
    stddef.h stdint.h stdbool.h
""".split())

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
SOURCE_SUFFIXES = {".h", ".cc", ".inc"}
TEST_FILE = re.compile(r"_(test|testing|bench)\.(cc|h)$")


def reach(layer: str, layers: dict[str, list[str]]) -> set[str]:
    """The layer and everything below it that it may include."""
    found = {layer}
    for used in layers[layer]:
        found |= reach(used, layers)
    return found


def includes(path: Path) -> list[tuple[str, bool]]:
    """What a file includes, each with whether it stands in quotes."""
    return [(quoted or angled, bool(quoted)) for quoted, angled in INCLUDE.findall(path.read_text())]


def sources(root: Path, folder: str) -> list[Path]:
    return [path for path in tree.files(root)
            if path.suffix in SOURCE_SUFFIXES and path.is_relative_to(root / folder)]


def layer_faults(root: Path, layers: dict[str, list[str]] = LAYERS) -> list[str]:
    """What is wrong with the includes below src/."""
    faults = []
    for path in sources(root, "src"):
        name = path.relative_to(root)
        layer = name.parts[1]
        if layer not in layers:
            faults.append(f"{name}: '{layer}' is no layer of {Path(__file__).name}")
            continue
        allowed = reach(layer, layers)
        for target, quoted in includes(path):
            if SOCKET_HEADERS.fullmatch(target):
                faults.append(f"{name} includes {target}: the runtime opens no socket")
            head, _, rest = target.partition("/")
            if head == "espalier":
                head = PUBLIC_HEADERS.get(rest, "framework")
            elif not quoted:
                continue
            elif head == "tests" and TEST_FILE.search(path.name):
                continue
            if head not in layers:
                faults.append(f'{name} includes "{target}": spell it as "layer/file.h"')
            elif head not in allowed:
                below = ", ".join(sorted(allowed - {layer})) or "no layer"
                faults.append(f"{name} includes {target}: {layer} may use {below}")
            elif TEST_FILE.search(target) and not TEST_FILE.search(path.name):
                faults.append(f"{name} includes {target}: that is for tests")
    return faults


def public_faults(root: Path) -> list[str]:
    """What is wrong with the includes of the installed headers and of the examples that use them."""
    return [f"{path.relative_to(root)} includes {target}: only espalier/ and the standard library are allowed"
            for folder in ("include", "examples") for path in sources(root, folder) for target, _ in includes(path)
            if target not in STANDARD_HEADERS and not target.startswith("espalier/")]


def cmake_faults(root: Path, layers: dict[str, list[str]] = LAYERS) -> list[str]:
    """Where a layer's CMakeLists.txt says something else than the table."""
    faults = []
    for folder in sorted(path.parent for path in (root / "src").glob("*/CMakeLists.txt")):
        layer = folder.name
        name = f"src/{layer}/CMakeLists.txt"
        if layer not in layers:
            faults.append(f"{name}: '{layer}' is no layer of {Path(__file__).name}")
            continue
        text = re.sub(r"#.*", "", (folder / "CMakeLists.txt").read_text())
        below = reach(layer, layers) - {layer}
        call = re.search(rf"espalier_layer\(\s*{layer}\b([^)]*)\)", text)
        if call:
            words = call.group(1).split()
            used = []
            if "USES" in words:
                for word in words[words.index("USES") + 1:]:
                    if word.isupper():
                        break
                    used.append(word)
            unknown = [word for word in used if word not in layers]
            linked = set().union(*(reach(word, layers) for word in used if word in layers))
            if unknown or linked != below:
                said, wanted = " ".join(used) or "nothing", " ".join(layers[layer]) or "nothing"
                faults.append(f"{name}: USES {said}, but the table says {wanted}")
        for target in re.findall(r"\bespalier_(\w+)", text):
            if target in layers and target not in below | {layer}:
                faults.append(f"{name} links espalier_{target}, which the table does not allow")
    return faults


def table_of(architecture: str) -> dict[str, list[str]]:
    """The layer table of ARCHITECTURE.md: rows '| `name/` | what it is | what it uses |'."""
    rows = re.findall(r"^\| `(\w+)/` \|[^|\n]*\|([^|\n]*)\|$", architecture, re.MULTILINE)
    return {name: [] if "nothing" in uses else [word.strip(" `/") for word in uses.split(",")] for name, uses in rows}


class Layers(unittest.TestCase):
    def assert_none(self, faults: list[str]) -> None:
        self.assertFalse(faults, "\n" + "\n".join(faults))

    def test_table_stands_bottom_up(self) -> None:
        seen: set[str] = set()
        for layer, uses in LAYERS.items():
            self.assertLessEqual(set(uses), seen, layer)
            seen.add(layer)

    def test_no_file_includes_upward(self) -> None:
        self.assert_none(layer_faults(tree.ROOT))

    def test_public_headers_and_examples_need_the_standard_library_only(self) -> None:
        self.assert_none(public_faults(tree.ROOT))

    def test_cmake_links_what_the_table_says(self) -> None:
        self.assert_none(cmake_faults(tree.ROOT))

    def test_architecture_shows_this_table(self) -> None:
        self.assertEqual(table_of((tree.ROOT / "ARCHITECTURE.md").read_text()), LAYERS)


class PlantedFaultsAreFound(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.plant("src/base/quiet.h", '#include <vector>\n#include "base/other.h"\n')
        self.plant("src/engine/quiet.cc", '#include "espalier/error.h"\n#include "tensor/dtype.h"\n')

    def plant(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def test_nothing_where_nothing_is_wrong(self) -> None:
        self.assertEqual(layer_faults(self.root) + public_faults(self.root) + cmake_faults(self.root), [])

    def test_upward_include(self) -> None:
        self.plant("src/base/bad.h", '  #  include "engine/engine.h"\n')
        self.assertEqual(layer_faults(self.root), ["src/base/bad.h includes engine/engine.h: base may use no layer"])

    def test_sideways_include(self) -> None:
        self.plant("src/text/bad.cc", '#include "tensor/gguf_reader.h"\n')
        self.assertEqual(layer_faults(self.root), ["src/text/bad.cc includes tensor/gguf_reader.h: text may use base"])

    def test_public_header_of_a_higher_layer(self) -> None:
        self.plant("src/kernels/bad.cc", "#include <espalier/session.h>\n")
        self.assertEqual(len(layer_faults(self.root)), 1)

    def test_include_without_a_layer(self) -> None:
        self.plant("src/base/bad.cc", '#include "other.h"\n')
        self.assertEqual(len(layer_faults(self.root)), 1)

    def test_test_helper_outside_tests(self) -> None:
        self.plant("src/tensor/bad.cc", '#include "tensor/random_blocks_testing.h"\n')
        self.plant("src/tensor/good_test.cc", '#include "tensor/random_blocks_testing.h"\n')
        self.assertEqual(len(layer_faults(self.root)), 1)

    def test_socket(self) -> None:
        self.plant("src/cli/bad.cc", "#include <sys/socket.h>\n")
        self.assertEqual(len(layer_faults(self.root)), 1)

    def test_library_in_a_public_header(self) -> None:
        self.plant("include/espalier/bad.h", "#include <string>\n#include <nlohmann/json.hpp>\n")
        self.assertEqual(len(public_faults(self.root)), 1)

    def test_cmake_that_links_upward(self) -> None:
        self.plant("src/text/CMakeLists.txt", "espalier_layer(text\n  SOURCES a.cc\n  USES base engine\n  LINKS x)\n")
        self.assertEqual(len(cmake_faults(self.root)), 1)

    def test_cmake_that_links_too_little(self) -> None:
        self.plant("src/engine/CMakeLists.txt", "espalier_layer(engine SOURCES a.cc USES model)\n")
        self.assertEqual(len(cmake_faults(self.root)), 1)

    def test_layer_that_is_not_on_the_map(self) -> None:
        self.plant("src/attic/a.cc", "")
        self.assertEqual(len(layer_faults(self.root)), 1)


if __name__ == "__main__":
    unittest.main()
