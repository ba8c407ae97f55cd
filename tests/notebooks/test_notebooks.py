"""Notebooks run from their first cell to their last, and are kept with what that put out, for those who only read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
RENEW = "PROSPERITY_RENEW" in os.environ  # keep what a run puts out
MOST_BYTES = 400_000
PICTURES = ("image/png", "image/svg+xml")
KEPT = (*PICTURES, "text/html", "text/plain")
# A folder of somebody's machine, as a path or in a message; not the end of an address, a share, or markup.
MACHINE = re.compile(r"(?<![\w.:</])/(?:home|root|tmp|work|usr|opt|var|private|Users|mnt)/|[A-Z]:\\\\?Users")


def read(path: Path) -> nbformat.NotebookNode:
    """The notebook in its current format."""
    return nbformat.read(path, as_version=4)


@cache
def executed(path: Path) -> nbformat.NotebookNode:
    """The notebook with what a run in a kernel of its own puts out; an error of a cell is an error of the test."""
    notebook = read(path)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,  # the script and the model of each widget, which nobody reads
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    return notebook


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The cells with code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kinds(cell: nbformat.NotebookNode) -> list[str]:
    """What a cell put out: pictures, tables, texts, in their order; texts that are printed count once."""
    found = [_kind(output) for output in cell.outputs]
    return [kind for place, kind in enumerate(found) if kind != "printed" or found[place - 1 : place] != ["printed"]]


def _kind(output: nbformat.NotebookNode) -> str:
    if output.output_type == "stream":
        return "printed"
    return next((kind for kind in KEPT if kind in output.get("data", {})), output.output_type)


def texts(cell: nbformat.NotebookNode) -> Iterator[str]:
    """All that a cell put out in letters."""
    for output in cell.outputs:
        yield output.get("text", "")
        yield from (content for kind, content in output.get("data", {}).items() if kind not in PICTURES)


def kept(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook as it is kept: without what depends on the machine or the version of its programs."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in code(notebook):
        cell.metadata = {}
        for output in cell.outputs:
            if "metadata" in output:
                output.metadata = {}
                output.data = {kind: content for kind, content in output.data.items() if kind in KEPT}
    return notebook


def test_there_are_notebooks() -> None:
    """Otherwise the tests below would test nothing."""
    assert NOTEBOOKS


# Jupyter's own packages warn about each other; they are no part of ours.
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path) -> None:
    """And puts out what is kept of it, in kind: numbers and pictures may differ in what no reader sees."""
    notebook = executed(path)
    if RENEW:
        nbformat.write(kept(notebook), path)
    assert [kinds(cell) for cell in code(notebook)] == [kinds(cell) for cell in code(read(path))]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_with_what_it_puts_out(path: Path) -> None:
    """All of it in one run from the top, no error, no warning, nothing of the machine; and small."""
    cells = code(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert sum(bool(cell.outputs) for cell in cells) >= len(cells) / 2
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert not [text for cell in cells for text in texts(cell) if MACHINE.search(text)]
    assert len(path.read_bytes()) <= MOST_BYTES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_begins_with_its_title(path: Path) -> None:
    """By which it is listed."""
    assert read(path).cells[0].source.startswith("# ")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/home/somebody/model.mdl", True),
        ("in /tmp/tmpab12/lake.mdl:3", True),
        ("'C:\\Users\\x'", True),
        ("https://a.org/home/x", False),
        ("m3/var/x", False),
        ("</var/>", False),
        ("yuan/(person*Year)", False),
    ],
)
def test_paths_of_a_machine_are_known(text: str, found: bool) -> None:
    """And told from units and addresses."""
    assert bool(MACHINE.search(text)) == found
