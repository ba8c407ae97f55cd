"""A sketch is written into a Vensim file, and nothing else of it changes."""

from __future__ import annotations

import shutil
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pysd
import pytest
from pysd.translators.vensim.vensim_file import VensimFile
from support.diagrams import ROOT, model_files
from support.models import faults, written

import sd_models as sd
from sd_models.errors import InvalidRequest

MODELS = [path for path in model_files() if path.suffix == ".mdl"]
HEAD = "{0}\n\t.{1}\n{0}~\n\t\t|\n".format("*" * 30, "{}")
TWO = f"""
{HEAD.format("Towns")}
towns = INTEG(moves - leaves, first towns) ~~ Loop B7 "filling up": towns -> moves -> towns. |
moves = villages * pull * (1 - towns / 500) ~~|
pull = 0.1 ~~|
leaves = towns / 40 ~~|
first towns = 20 ~~|
{HEAD.format("Villages")}
villages = INTEG(births - moves, 100) ~~|
births = villages * birth rate + Time * 0 ~~|
birth rate = 0.02 ~~|
all people = villages + towns ~~|
"""


def parts(text: str) -> tuple[str, list[str], str]:
    """Equations, views, and what follows the sketch."""
    before, *views = text.split("\\\\\\---/// ")
    last, mark, after = views[-1].partition("///---\\\\\\")
    return before, [*views[:-1], last], mark + after


@pytest.mark.parametrize("path", MODELS, ids=lambda path: "/".join(path.parts[-2:]))
def test_nothing_but_the_sketch_changes(path: Path) -> None:
    """Equations byte for byte, and settings where there are any; written twice it is the same."""
    old, new = path.read_bytes().decode(), sd.diagram(sd.load(path), "vensim")
    equations = parts(old)[0] if "\\\\\\---///" in old else old
    assert parts(new)[0].rstrip("\r\n") == equations.rstrip("\r\n")
    assert parts(new)[0].startswith(equations)
    if "///---\\\\\\" in old:
        assert parts(new)[2] == "///---\\\\\\" + old.partition("///---\\\\\\")[2]


@pytest.mark.parametrize("name", ["urbanization", "groups", "sketch", "macro", "names"])
def test_the_written_file_is_the_same_model(name: str, tmp_path: Path) -> None:
    """Read again it has the same variables with the same equations, and is written the same again."""
    system = sd.load(name if name in sd.library() else ROOT / "tests" / "models" / f"{name}.mdl")
    assert system.path is not None
    folder = shutil.copytree(system.path.parent, tmp_path / "model")
    file = folder / system.path.name
    text = sd.diagram(system, "vensim")
    file.write_bytes(text.encode())
    again = sd.load(file)
    assert list(map(str, again)) == list(map(str, system))
    assert sd.diagram(again, "vensim") == text


def run_of(path: Path, **options: bool) -> pd.DataFrame:
    """PySD's own run of a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what PySD does with pandas
        run: pd.DataFrame = pysd.read_vensim(path, **options).run()
    return run


def test_pysd_sees_the_views_and_runs_the_same(tmp_path: Path) -> None:
    """With `split_views` a module a view, with the variables of its group; all values are those of the file before."""
    path = written(tmp_path, f"{{UTF-8}}\n{TWO}")
    plain = run_of(path)
    path.write_text(sd.diagram(sd.load(path), "vensim"), encoding="utf-8")
    run = run_of(path, split_views=True)
    assert {module.stem for module in (tmp_path / "modules_case").glob("*.py")} >= {"towns", "villages"}
    for column in plain.columns:
        np.testing.assert_array_equal(run[column], plain[column], err_msg=column)


def test_pysd_parts_the_library_by_its_groups(tmp_path: Path) -> None:
    """Each view has just the variables of its group, without shadows."""
    system = sd.load("urbanization")
    file = tmp_path / "model.mdl"
    file.write_text(sd.diagram(system, "vensim"), encoding="utf-8")
    sketch = VensimFile(file)
    sketch.parse(parse_all=False)
    sketch.parse_sketch([])
    groups = Counter(variable.group.lower().replace(" ", "_") for variable in system)
    del groups["control"]
    assert {view: len(names) for view, names in sketch.sections[0].views_dict.items()} == groups


@pytest.mark.parametrize("path", MODELS, ids=lambda path: "/".join(path.parts[-2:]))
def test_objects_are_in_order(path: Path) -> None:
    """Their numbers ascend in each view, arrows join words and valves, a valve stands directly before its name."""
    for view in parts(sd.diagram(sd.load(path), "vensim"))[1]:
        objects = [line.split(",") for line in view.splitlines() if line.split(",")[0] in ("1", "10", "11", "12")]
        numbers = [int(fields[1]) for fields in objects]
        assert numbers == sorted(set(numbers))
        known = {fields[1]: fields for fields in objects}
        for fields, following in zip(objects, [*objects[1:], [""]], strict=True):
            if fields[0] == "1":
                assert known[fields[2]][0] in ("10", "11")
                assert known[fields[3]][0] in ("10", "11", "12")
            if fields[0] == "11" and int(fields[7]) & 32:
                assert following[0] == "10"


def test_lines_of_the_sketch(tmp_path: Path) -> None:
    """Stock, shadow, cloud, valve, polarity, an arrow that sets an initial value, and the mark of a named loop."""
    text = sd.diagram(sd.load(written(tmp_path, TWO)), "vensim", view="Towns")
    lines = text[text.index("*Towns") :].splitlines()
    words = {line.split(",")[2]: line.split(",") for line in lines if line.startswith("10,")}
    assert words["towns"][7:9] == ["3", "3"]
    assert words["villages"][7:9] == ["8", "2"]
    assert words["moves"][7:9] == ["40", "3"]
    number = {name: fields[1] for name, fields in words.items()}
    arrows = {tuple(fields[2:4]): fields for fields in (line.split(",") for line in lines if line.startswith("1,"))}
    assert arrows[number["first towns"], number["towns"]][10] == "1"
    leads = {(source, target): fields[6] for (source, target), fields in arrows.items() if fields[7] == "0"}
    into_moves = [polarity for (source, _), polarity in leads.items() if source == number["villages"]]
    assert into_moves == ["43"] or into_moves == ["0"]
    assert sum(line.startswith("12,") and ",48," in line for line in lines) == 2
    assert lines[lines.index("B7") - 1].startswith("12,")
    assert "filling up" in lines


def test_ends_of_lines_stay(tmp_path: Path) -> None:
    """Files of Windows keep theirs, in the sketch too."""
    path = tmp_path / "case.mdl"
    path.write_bytes(written(tmp_path, TWO).read_bytes().replace(b"\n", b"\r\n"))
    text = sd.diagram(sd.load(path), "vensim")
    assert text.count("\n") == text.count("\r\n")


def test_one_view_leaves_the_others(tmp_path: Path) -> None:
    """It takes the place of the one of its name."""
    path = written(tmp_path, TWO)
    path.write_text(sd.diagram(sd.load(path), "vensim"), encoding="utf-8")
    before = parts(path.read_text(encoding="utf-8"))[1]
    path.write_text(path.read_text(encoding="utf-8").replace("first towns,", "first towns,1"), encoding="utf-8")
    after = parts(sd.diagram(sd.load(path), "vensim", view="towns"))[1]
    assert sorted(after) == sorted(before)


def test_what_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    """It could not be kept byte for byte."""
    path = tmp_path / "case.mdl"
    path.write_bytes(written(tmp_path, "größe = 1 ~~|").read_text(encoding="utf-8").encode("cp1252"))
    (fault,) = faults(InvalidRequest, lambda: sd.diagram(sd.load(path), "vensim"))
    assert "is not UTF-8" in fault.found
    assert sd.diagram(sd.load(path), "svg")


def test_an_xmile_file_is_refused() -> None:
    """Equations are not translated."""
    (fault,) = faults(InvalidRequest, lambda: sd.diagram(sd.load(ROOT / "tests/models/arrays.xmile"), "vensim"))
    assert fault.found == "it is an XMILE file, and equations are not translated."
    assert "--format xmile" in fault.advice


def test_another_program_draws_it(tmp_path: Path) -> None:
    """pysimlin, where it is installed, opens the file and draws what we placed."""
    simlin = pytest.importorskip("simlin")
    path = written(tmp_path, TWO)
    path.write_text(sd.diagram(sd.load(path), "vensim"), encoding="utf-8")
    picture = simlin.load(path).diagram().svg
    assert all(name in picture for name in ("towns", "villages", "moves", "births", "pull"))
