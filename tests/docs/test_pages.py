"""What the pages of the documentation say can be done, in the order in which they say it, and prints what they show."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from support.pages import DOCS, README, Block, blocks, blocks_of, lines_of

import sd_models as sd
from optimize.command_line.commands import main
from sd_models.analysis.units import check_units

SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
SETUP = re.compile(r"python3\.11 -m venv|source |pip install |git clone |cd ")  # what no test does again
LANGUAGES = ("bash", "python", "sh", "text", "toml")


class Page:
    """A page on its way from top to bottom: names in Python so far, and what the last block printed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names: dict[str, object] = {"__name__": "page"}
        self.printed = ""

    def take(self, block: Block) -> None:
        """A block: a file is written, code runs, and a text below code is what that printed."""
        if block.title:
            Path(block.title).write_text(block.text, encoding="utf-8")
        elif block.language in ("python", "sh"):
            run = self.python if block.language == "python" else self.shell
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                run(block)
            self.printed = printed.getvalue()
        elif block.language == "text" and self.printed:
            self.compare(block)

    def python(self, block: Block) -> None:
        """The code in the line of the page, so that an error shows where it is."""
        code = "\n" * block.line + block.text
        exec(compile(code, str(self.path), "exec"), self.names)

    def shell(self, block: Block) -> None:
        """Every line is a command of ours."""
        for line in lines_of(block.text):
            program, *words = shlex.split(line)
            assert program == "prosperity", f"{self.path.name}:{block.line}: no test runs {program}"
            assert main(words) == 0, line

    def compare(self, block: Block) -> None:
        """`...` stands for anything, blanks count once; a text is compared once."""
        found = doctest.OutputChecker().check_output(block.text, self.printed, SAME)
        assert found, f"{self.path.name}:{block.line} shows\n{block.text}\nbut this is printed:\n{self.printed}"
        self.printed = ""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder, a terminal of the width of the pages, and no figure left open."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    yield
    plt.close("all")


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.stem)
def test_a_page_can_be_done(path: Path) -> None:
    """From top to bottom, in an empty folder."""
    page = Page(path)
    for block in blocks_of(path.read_text(encoding="utf-8")):
        page.take(block)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.stem)
def test_every_block_is_one_that_is_run_or_shown(path: Path) -> None:
    """Of a language that the test above takes; what is only set up is what the README and CONTRIBUTING set up."""
    found = list(blocks_of(path.read_text(encoding="utf-8")))
    assert path.read_text(encoding="utf-8").count("\n```") >= 2 * len(found) - 1
    assert not [block for block in found if block.language not in LANGUAGES]
    setup = [line for block in found if block.language == "bash" for line in lines_of(block.text)]
    assert not [line for line in setup if not SETUP.match(line)]
    pins = [line for line in setup if line.startswith("pip install")]
    assert all(".ci/constraints.txt" in line for line in pins)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.stem)
def test_units_of_models_on_a_page_agree(path: Path, tmp_path: Path) -> None:
    """As `prosperity check` asks of everybody's."""
    for block in blocks_of(path.read_text(encoding="utf-8")):
        if block.title.endswith(".mdl"):
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
            assert not check_units(sd.load(tmp_path / block.title))


def test_a_page_that_shows_something_else_would_be_noticed() -> None:
    """And one whose command fails."""
    shown = Block("text", "", "2\n", 3)
    page = Page(README)
    page.take(Block("python", "", "print(1)\n", 1))
    with pytest.raises(AssertionError, match="but this is printed"):
        page.take(shown)
    with pytest.raises(AssertionError):
        page.take(Block("sh", "", "prosperity simulate no_such_model.mdl\n", 1))


def test_the_readme_has_blocks() -> None:
    """Otherwise what is read above would be nothing."""
    assert blocks("sh", README.read_text(encoding="utf-8"))
