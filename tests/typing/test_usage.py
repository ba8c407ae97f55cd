"""What a strict type checker makes of the public names, as somebody uses them who has only installed the packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
USAGE = Path(__file__).with_name("usage.py")


def checked(path: Path, cache: Path) -> str:
    """What mypy says about one file, none of the packages themselves, in its strict mode.

    Why in a process of its own: mypy's programming interface changes Python's recursion limit and its collection of
    unused objects for whatever runs after it.
    """
    options = ["--strict", "--follow-imports", "silent", "--config-file", "", "--cache-dir", str(cache)]
    command = [sys.executable, "-m", "mypy", *options, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT).stdout


def test_public_names_tell_a_type_checker_what_they_are(tmp_path: Path) -> None:
    """Right uses pass with the types that they promise, and wrong ones are noticed; without that, two lines fail."""
    assert checked(USAGE, tmp_path) == "Success: no issues found in 1 source file\n"
    wrong = tmp_path / "usage.py"
    text = (
        USAGE.read_text(encoding="utf-8")
        .replace("  # type: ignore[call-arg]", "")
        .replace("objective, float", "objective, str")
    )
    wrong.write_text(text, encoding="utf-8")
    found = checked(wrong, tmp_path)
    assert 'Expression is of type "float", not "str"' in found
    assert 'Unexpected keyword argument "step" for "simulate"' in found
    assert "Found 2 errors in 1 file" in found
