"""What the site has beside the pages in `docs/`.

Notebooks, the pages of library models and the reference are made from where they are kept, so that nothing is written
twice; the what-if page of the flagship is made by its command.
"""

from __future__ import annotations

import base64
import contextlib
import inspect
import io
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import optimize
import sd_models
from optimize.command_line.commands import app, main
from optimize.plans import plan
from sd_models.system.functions import ELSEWHERE, FUNCTIONS, Function

ROOT = Path(__file__).parents[2]
EXPLORE = "explore/common_prosperity.html"
COMPARED = "benchmarks/solvers.html"
AS_IT_IS = "as_it_is"  # the folder of files that are no pages to be made into others
MODELS = ("*.md", "*.png", "figures/*.png")  # what of the folder of a library model is shown
KEYS = ("Plan", "Objective", "Lever", "Ramp", "Limit", "Term", "Periods", "Each", "ValueAt", "SolverChoice")
STYLE, FURO = 'border="1" class="dataframe"', 'class="docutils dataframe"'  # how pandas draws tables, and the site
WIDTH = "100"  # of the help of commands
Contents = Iterator[tuple[str, str | bytes]]
"""Pages and pictures by their path."""


def write_pages(folder: Path) -> None:
    """Writes all that is made into a folder, anew."""
    shutil.rmtree(folder, ignore_errors=True)
    for made in (notebooks, models, reference, explored, compared):
        for name, content in made():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)


# --- notebooks and models ---------------------------------------------------------------------------------------------


def notebooks() -> Contents:
    """A page for each notebook, with its pictures beside it."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = Notebook(path.stem)
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n\n".join(part for cell in cells for part in notebook.cell(cell)).replace("](../docs/", "](/")
        yield f"notebooks/{path.stem}.md", f"{text}\n"
        yield from ((f"notebooks/{name}", content) for name, content in notebook.pictures.items())


@dataclass
class Notebook:
    """A notebook on its way to Markdown: its name, and the pictures found so far."""

    name: str
    pictures: dict[str, bytes] = field(default_factory=dict)

    def cell(self, cell: Mapping[str, Any]) -> Iterator[str]:
        """The text of a cell, and what it put out."""
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield source
            return
        yield f"```python\n{source}\n```"
        for output in cell["outputs"]:
            yield self.output(output)

    def output(self, output: Mapping[str, Any]) -> str:
        """What a cell put out: a picture, a table, or text, the first that there is."""
        data = {kind: "".join(content) for kind, content in output.get("data", {}).items()}
        if "image/svg+xml" in data:
            return self.picture("svg", data["image/svg+xml"].encode())
        if "image/png" in data:
            return self.picture("png", base64.b64decode(data["image/png"]))
        table = re.search(r"<table.*</table>", data.get("text/html", ""), flags=re.DOTALL)
        text = data.get("text/plain", "") or "".join(output.get("text", ""))
        return table.group().replace(STYLE, FURO) if table else f"```text\n{text.rstrip()}\n```"

    def picture(self, kind: str, content: bytes) -> str:
        """A picture under a name of its own."""
        name = f"{self.name}-{len(self.pictures) + 1}.{kind}"
        self.pictures[name] = content
        return f"![What the cell above draws]({name})"


def models() -> Contents:
    """The pages of the library models with their figures."""
    for model in sd_models.library():
        folder = ROOT / "sd_models" / model
        for path in sorted(path for pattern in MODELS for path in folder.glob(pattern)):
            text = path.read_bytes().replace(b"](../../docs/", b"](/")
            yield f"models/{model}/{path.relative_to(folder).as_posix()}", text


# --- reference --------------------------------------------------------------------------------------------------------


def reference() -> Contents:
    """The public names of both packages, the keys of plans, the help of all commands, the catalogue of functions."""
    for package in (sd_models, optimize):
        about = f"What `import {package.__name__}` gives, by name."
        yield f"reference/{package.__name__}.md", _documented(package.__name__, about, package, package.__all__)
    about = "The keys of a plan: a `[[lever]]` of the file is a `Lever`, a `[[limit]]` a `Limit`, and so on."
    yield "reference/plans.md", _documented("Plans", about, plan, KEYS, members=False)
    helps = "\n\n".join(f"## {name}\n\n```text\n{help_of(name)}\n```" for name in commands())
    yield "reference/commands.md", f"# Commands\n\n```text\n{help_of()}\n```\n\n{helps}\n"
    yield "reference/functions.md", functions()


def _documented(title: str, about: str, module: ModuleType, names: Iterable[str], *, members: bool = True) -> str:
    """A page with what the docstrings of these names say."""
    parts = [f"# {title}", about]
    for name in names:
        kind = "class" if inspect.isclass(getattr(module, name)) else "function"
        option = "" if members else "   :no-members:\n   :no-index:\n"
        parts.append(f"## {name}\n\n```{{eval-rst}}\n.. auto{kind}:: {module.__name__}.{name}\n{option}```")
    return "\n\n".join(parts) + "\n"


def commands() -> list[str]:
    """The names of the commands."""
    return [command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands]


def help_of(*words: str) -> str:
    """What a command says of itself."""
    said = io.StringIO()
    with mock.patch.dict("os.environ", COLUMNS=WIDTH), contextlib.redirect_stdout(said):
        app(args=[*words, "--help"], prog_name="prosperity", standalone_mode=False)
    return said.getvalue().strip()


def functions() -> str:
    """The catalogue of functions as a page."""
    rows = [f"| `{function.name}` | {function.group} | {_becomes(function)} |" for function in FUNCTIONS.values()]
    others = [f"| `{name}` | {advice} |" for name, advice in sorted(ELSEWHERE.items())]
    return "\n".join(
        [
            "# Functions of models",
            "",
            "What becomes of the functions of Vensim and XMILE, under Vensim's names.",
            "",
            "| function | kind | |",
            "|---|---|---|",
            *rows,
            "",
            "## Not known",
            "",
            "| function | what to write instead |",
            "|---|---|",
            *others,
            "",
        ]
    )


def _becomes(function: Function) -> str:
    if function.reason:
        return f"not compiled: {function.reason}"
    kink = "" if function.smooth else ", its derivative jumps"
    return f"replaced by others before compiling{kink}" if function.rewritten else f"compiled{kink}"


# --- the what-if page -------------------------------------------------------------------------------------------------


def has_explore() -> bool:
    """Whether this version can make what-if pages."""
    return "explore" in commands()


def compared() -> Contents:
    """The page of all solvers on all families, as `docs/how-to/benchmark.md` says how it was made."""
    yield f"{AS_IT_IS}/{COMPARED}", (ROOT / "docs" / COMPARED).read_bytes()


def explored() -> Contents:
    """The what-if page of the flagship, as its command makes it."""
    if not has_explore():
        return
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as told:
            status = main(["explore", "common_prosperity", "--out", str(page)])
        if status != 0:
            raise RuntimeError(f"The what-if page of the flagship could not be made: {told.getvalue()}")
        yield f"{AS_IT_IS}/{EXPLORE}", page.read_bytes()
