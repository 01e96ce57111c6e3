"""The files of this repository, as the house tests look at them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SKIPPED = {".git", ".venv", ".cache", "build", "__pycache__"}


def files(root: Path = ROOT) -> list[Path]:
    """Every file that git tracks or would take in, sorted; without git, every file outside built folders."""
    names = _known_to_git(root) if (root / ".git").exists() else None
    if names is not None:
        return sorted(path for path in (root / name for name in names) if path.is_file())
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        found += [Path(folder) / name for name in names]
    return sorted(found)


def _known_to_git(root: Path) -> set[str] | None:
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None  # no git here, or a tree that it refuses to read
    return {os.fsdecode(name) for name in listed.split(b"\0") if name}


def text_of(path: Path) -> str | None:
    """The file's text, or None where it is not text."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
