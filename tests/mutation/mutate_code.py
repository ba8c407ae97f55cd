"""How many small changes of a module its own tests notice, by mutmut, and which ones they do not.

    pip install 'mutmut>=3.8,<4'
    python tests/mutation/mutate_code.py optimize/files/storage.py

A copy of the working tree is changed, never the tree itself. The tests of a module are the file that mirrors it, and
what `TESTS` adds; `--tests` names others. `--sample 150` tries so many changes, drawn by `--seed`. What is left, and
why, stands in `tests/mutation/README.md`.

Why mutmut and not cosmic-ray: it imports once and forks for each change, which takes 0.4 s where a new process takes
4 s, and runs only the tests that reach the changed function.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Tests of a module beside those of the file that mirrors it.
TESTS: Mapping[str, Sequence[str]] = {
    "sd_models/reading/guard.py": ("tests/sd_models/reading/test_hostile_files.py",),
}
SETTINGS = """
[tool.mutmut]
source_paths = ["sd_models", "optimize"]
only_mutate = [{module!r}]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-m", "not slow"]
pytest_add_cli_args_test_selection = {tests!r}
"""
SURVIVED, UNREACHED = 0, (5, 33)  # mutmut's exit codes; all others are of tests that failed or ran out of time


def tests_of(module: str) -> list[str]:
    """The test files of a module, as far as they are there."""
    path = Path(module)
    mirrored = Path("tests") / path.parent / f"test_{path.name}"
    return [str(test) for test in (mirrored, *map(Path, TESTS.get(module, ()))) if (ROOT / test).exists()]


def copy_to(folder: Path) -> None:
    """All files of the working tree that git knows or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def open_properties(path: Path) -> None:
    """Properties of a module become methods that a property calls: mutmut leaves decorated functions as they are."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [node for node in ast.walk(ast.parse("\n".join(lines))) if isinstance(node, ast.FunctionDef)]
    for node in sorted(found, key=lambda node: -node.lineno):
        kinds = [word.id for word in node.decorator_list if isinstance(word, ast.Name)]
        if len(node.decorator_list) == 1 and kinds in (["property"], ["cached_property"]):
            indent, method = " " * node.col_offset, f"{node.name}_of"
            lines.insert(node.end_lineno or node.lineno, f"{indent}{node.name} = {kinds[0]}({method})")
            lines[node.lineno - 1] = lines[node.lineno - 1].replace(f"def {node.name}(", f"def {method}(", 1)
            del lines[node.decorator_list[0].lineno - 1]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def run(folder: Path, names: Sequence[str]) -> None:
    """Mutmut on these changes, or on all."""
    environment = {**os.environ, "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names]
    with (folder / "mutmut.log").open("ab") as log:
        subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=log, check=False)


def codes(folder: Path, module: str) -> dict[str, int | None]:
    """The exit code of the tests for each change; None where it was not tried."""
    report = folder / "mutants" / f"{module}.meta"
    if not report.exists():
        sys.exit((folder / "mutmut.log").read_text(encoding="utf-8")[-3000:])
    found: dict[str, int | None] = json.loads(report.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def difference(folder: Path, name: str) -> str:
    """The lines that a change takes away and puts in."""
    command = [sys.executable, "-m", "mutmut", "show", name]
    shown = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()
    return "\n".join(line for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---"))


def main() -> None:
    """Tells of one module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("module", help="as optimize/files/storage.py")
    parser.add_argument("--tests", nargs="+", help="test files in place of the module's own")
    parser.add_argument("--sample", type=int, help="try only so many changes")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    tests = asked.tests or tests_of(asked.module)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "copy"
        copy_to(folder)
        open_properties(folder / asked.module)
        with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write(SETTINGS.format(module=asked.module, tests=tests))
        chosen: list[str] = []
        if asked.sample:
            run(folder, ["none"])  # makes the changes, and tries none
            made = sorted(codes(folder, asked.module))
            chosen = random.Random(asked.seed).sample(made, min(asked.sample, len(made)))
        run(folder, chosen)
        every = codes(folder, asked.module)
        if set(every.values()) <= {None, *UNREACHED}:
            sys.exit(
                f"{(folder / 'mutmut.log').read_text(encoding='utf-8')[-3000:]}\nDo {tests} pass without a change?"
            )
        tried = {change: every[change] for change in chosen or every}
        left = [change for change, code in tried.items() if code in (SURVIVED, *UNREACHED, None)]
        for change in left:
            reached = "" if tried[change] == SURVIVED else " (no test comes there)"
            print(f"{change}{reached}\n{difference(folder, change)}\n")
        share = 1.0 - len(left) / max(len(tried), 1)
        print(
            f"{asked.module}: {len(tried) - len(left)} of {len(tried)} changes noticed ({share:.1%}), of {len(every)}"
        )


if __name__ == "__main__":
    main()
