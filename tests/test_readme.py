"""What the README says can be done as it stands there."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer
from support import pages
from support.pages import ROOT, blocks, lines

from optimize.command_line.commands import app, main
from optimize.solvers.choice import SOLVERS

README = pages.README.read_text(encoding="utf-8")
PAGES = [path.read_text(encoding="utf-8") for path in pages.ALL]
PROBLEM = ROOT / "optimize" / "families" / "models" / "growth"
LONG = r"--regions macro|calibrate common_prosperity|screen MODEL"  # what takes long, or stands for names of one's own


def commands() -> list[str]:
    """The command lines of the README."""
    return lines(README, "prosperity")


def all_commands() -> list[str]:
    """Those of all pages, with what stands in code inside of sentences and tables."""
    inline = (line for text in PAGES for line in re.findall(r"`(prosperity [^`]+)`", text) if "COMMAND" not in line)
    return list(dict.fromkeys([*(line for text in PAGES for line in lines(text, "prosperity")), *inline]))


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small model, a plan for it, its result, and the policy that the README shows."""
    folder = tmp_path_factory.mktemp("worked")
    for source, name in (("model.mdl", "model.mdl"), ("model.mdl", "my_model.mdl"), ("plan.toml", "my_plan.toml")):
        shutil.copy(PROBLEM / source, folder / name)
    (folder / "migrants.csv").write_text(blocks("csv", README)[0], encoding="utf-8")
    assert main(["optimize", str(folder / "my_plan.toml"), "--out", str(folder / "runs" / "FOLDER")]) == 0
    shutil.copy(folder / "runs" / "FOLDER" / "policy.csv", folder / "my_policy.csv")
    return folder


@pytest.fixture
def elsewhere(worked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder to work in."""
    shutil.copytree(worked, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_two_commands_do_all_the_set_up() -> None:
    """The first runs the main job, the second the tests; continuous integration runs them as they stand."""
    run, test = (shlex.split(block) for block in blocks("bash", README))
    for words in (run, test):
        assert words[:4] == ["python3.11", "-m", "venv", ".venv"]
        assert ".ci/constraints.txt" in words
    assert run[-2:] == [".venv/bin/prosperity", "optimize"]
    assert test[-3:] == [".venv/bin/pytest", "-n", "auto"]


@pytest.mark.parametrize("command", [line for line in commands() if not re.search(LONG, line)])
def test_a_command_works(command: str, elsewhere: Path) -> None:
    """And writes the files that it names, for a figure the one that the README shows."""
    words = shlex.split(command)[1:]
    written = [elsewhere / words[words.index(option) + 1] for option in ("--out", "--plot") if option in words]
    for path in written:
        path.unlink(missing_ok=True)
    assert main(words) == 0
    assert all(path.is_file() for path in written)


@pytest.mark.parametrize("command", all_commands())
def test_a_command_is_one_that_there_is(command: str) -> None:
    """All pages: the command line itself takes every option and value; where a sentence names a command, it exists."""
    words = shlex.split(command)[1:]
    if len(words) == 1 and not words[0].startswith("-"):
        words.append("--help")
    asked = app(args=words, prog_name="prosperity", standalone_mode=False)
    assert asked == 0 or not isinstance(asked, int)
    if regions := getattr(asked, "regions", None):
        assert (ROOT / "sd_models" / (getattr(asked, "model", None) or "common_prosperity") / regions).is_dir()
    assert getattr(asked, "solver", None) in (None, *SOLVERS)


def test_an_option_that_does_not_exist_would_be_noticed() -> None:
    """The test above asks the command line that people use."""
    with pytest.raises(typer.TyperException, match="No such option"):
        app(args=["optimize", "--region", "macro"], prog_name="prosperity", standalone_mode=False)


def programs() -> list[str]:
    """Programs of Python that any page names."""
    found = (line for text in PAGES for line in re.findall(r"python -m ((?:optimize|sd_models)\.[^`#\n]+)", text))
    return sorted({line.strip() for line in found})


@pytest.mark.parametrize("program", programs())
def test_a_program_takes_what_it_is_given(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own parser does, before anything runs."""
    parse = argparse.ArgumentParser.parse_args

    def parse_only(parser: argparse.ArgumentParser, given: list[str]) -> None:
        parse(parser, given)
        raise InterruptedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
    module, *words = shlex.split(program, comments=True)
    with pytest.raises(InterruptedError):
        importlib.import_module(module).main(words)


def test_the_line_that_draws_the_figure_runs(elsewhere: Path) -> None:
    """On the result of a small plan."""
    (line,) = lines(README, "python -c")
    exec(shlex.split(line)[2], {})
    assert (elsewhere / "optimum.png").stat().st_size > 10_000


def test_the_python_code_runs() -> None:
    """From top to bottom."""
    (code,) = blocks("python", README)
    exec(compile(code, "README.md", "exec"), {})


def test_files_and_folders_that_it_names_exist() -> None:
    """Links, and names in code."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    names = re.findall(r"`((?:sd_models|optimize|notebooks|tests)/[\w./]*)`", README)
    scripts = re.findall(r"\b(tests/[\w/]+\.py)\b", README)
    assert not [name for name in (*links, *names, *scripts) if not (ROOT / name).exists()]
