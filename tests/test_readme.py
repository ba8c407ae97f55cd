"""What the README says can be done as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from optimize.command_line.commands import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """The command lines about the library's model, continued lines joined, comments dropped."""
    text = "\n".join(blocks("sh")).replace("\\\n", " ")
    return [line for line in text.splitlines() if line.startswith("prosperity simulate urbanization")]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the policy that the README shows."""
    (tmp_path / "sd_models" / "urbanization").mkdir(parents=True)
    (tmp_path / "migrants.csv").write_text(blocks("csv")[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_two_commands_do_all_the_set_up() -> None:
    """The first runs the main job, the second the tests; continuous integration runs them as they stand."""
    run, test = (shlex.split(block) for block in blocks("bash"))
    for words in (run, test):
        assert words[:4] == ["python3.11", "-m", "venv", ".venv"]
        assert ".ci/constraints.txt" in words
    assert run[-2:] == [".venv/bin/prosperity", "optimize"]
    assert test[-1] == ".venv/bin/pytest"


@pytest.mark.parametrize("command", commands())
def test_a_command_works(command: str, elsewhere: Path) -> None:
    """And writes the files that it names, for a picture the one that the README shows."""
    words = shlex.split(command)[1:]
    assert main(words) == 0
    for option in ("--out", "--plot"):
        if option in words:
            assert (elsewhere / words[words.index(option) + 1]).is_file()


def test_the_python_code_runs() -> None:
    """From top to bottom."""
    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})


def test_files_and_folders_that_it_names_exist() -> None:
    """Links, and names in code."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    names = re.findall(r"`((?:sd_models|optimize|notebooks|tests)/[\w./]*)`", README)
    scripts = re.findall(r"\b(tests/[\w/]+\.py)\b", README)
    programs = [
        f"{name.replace('.', '/')}.py" for name in re.findall(r"python -m ((?:optimize|sd_models)[\w.]+)", README)
    ]
    assert len(programs) >= 3
    assert not [name for name in (*links, *names, *scripts, *programs) if not (ROOT / name).exists()]
