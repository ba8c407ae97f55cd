"""What a house has beside its code: how to cite it, what runs before a commit, versions of Python in one voice."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_citation_is_that_of_this_version() -> None:
    """And names whom the licence names."""
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    fields = dict(re.findall(r"^([\w-]+): \"?([^\"\n]+)\"?$", text, flags=re.MULTILINE))
    assert fields["cff-version"] == "1.2.0"
    assert (fields["title"], fields["version"], fields["license"]) == (
        PROJECT["name"],
        PROJECT["version"],
        PROJECT["license"],
    )
    (author,) = re.findall(r"^  - name: \"(.+)\"$", text, flags=re.MULTILINE)
    assert f"Copyright (c) 2026 {author}\n" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_versions_of_python_are_told_alike() -> None:
    """In the bound, the classifiers, the README, the pins, and what the continuous integration runs."""
    lowest, above = re.findall(r"3\.(\d+)", PROJECT["requires-python"])
    supported = [f"3.{minor}" for minor in range(int(lowest), int(above))]
    told = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3" in line]
    assert told == supported
    for name in ("README.md", ".ci/run", ".ci/constraints.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not [version for version in supported if version not in text], name


@pytest.mark.parametrize("program", ["ruff check", "ruff format", "mypy"])
def test_hooks_run_what_contributors_run(program: str) -> None:
    """The same commands, of the same environment, so that their versions cannot differ."""
    assert f"entry: {program}" in (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert f"`{program}" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_no_file_is_large_and_no_line_ends_in_blanks() -> None:
    """As the hooks want it, for those who have not installed them; Vensim's own layout is left alone."""
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=False, cwd=ROOT)
    for path in (ROOT / name for name in listed.stdout.split("\0") if name):
        content = path.read_bytes() if path.is_file() else b""
        assert len(content) <= 500_000, path
        if b"\0" not in content[:8000] and path.suffix != ".mdl":
            assert not re.search(rb"[ \t]+$", content, flags=re.MULTILINE), path
