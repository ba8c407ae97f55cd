"""`load`: a model by its file or by its name in the library."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.models import faults, written

import sd_models as sd
from sd_models.errors import Fault, UnreadableModel
from sd_models.reading.library import model_path


def test_the_library_lists_its_models() -> None:
    """Each is a folder with a `model.mdl`, and loads by its name."""
    assert "urbanization" in sd.library()
    for name in sd.library():
        assert model_path(name).is_file()
        assert sd.load(name).name == name


def test_a_model_is_named_after_its_file(tmp_path: Path) -> None:
    """Or after its folder, where the file is called `model`."""
    path = written(tmp_path, "x = 1 ~~|")
    assert sd.load(path).name == "case"
    assert sd.load(str(path)).path == path
    folder = tmp_path / "growth"
    folder.mkdir()
    assert sd.load(path.rename(folder / "model.mdl")).name == "growth"


@pytest.mark.parametrize(
    ("name", "advice"),
    [("urbanisation", "Did you mean 'urbanization'?"), ("zzz", f"The library has: {', '.join(sd.library())}.")],
)
def test_a_name_that_is_no_model_gets_advice(name: str, advice: str) -> None:
    """The nearest names, or all of them."""
    found = f"{name!r} is neither a model file nor a model of the library."
    assert faults(UnreadableModel, lambda: sd.load(name)) == (Fault(found, advice=advice),)


def test_a_missing_file_and_a_foreign_one_are_told_apart(tmp_path: Path) -> None:
    """What is missing, or what endings are read."""
    (fault,) = faults(UnreadableModel, lambda: sd.load(tmp_path / "gone.mdl"))
    assert "there is no such file" in fault.found
    (tmp_path / "model.vpm").write_text("", encoding="utf-8")
    (fault,) = faults(UnreadableModel, lambda: sd.load(tmp_path / "model.vpm"))
    assert fault.found == "files ending in '.vpm' are not model files."
    assert ".mdl (Vensim)" in fault.advice


def test_the_ending_of_a_file_may_be_in_capitals(tmp_path: Path) -> None:
    """As older programs write it."""
    path = written(tmp_path, "x = 1 ~~|").rename(tmp_path / "CASE.MDL")
    assert "x" in sd.load(path)


HEADER = '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"><header/>'
SPECS = "<sim_specs><start>0</start><stop>1</stop></sim_specs>"
TIMES = "INITIAL TIME = 0 ~~|\nFINAL TIME = 1 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = TIME STEP ~~|\n"
SKETCH = "\\\\\\---/// Sketch information - do not modify anything except names\nV300  Do not\n*View 1\n///---\\\\\\\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("case.mdl", ""),
        ("case.mdl", "\n\n"),
        ("case.mdl", "{UTF-8}\n"),
        ("case.mdl", f"{{UTF-8}}\n{SKETCH}"),
        ("case.mdl", f"{{UTF-8}}\n{TIMES}{SKETCH}"),
        ("case.mdl", "{UTF-8}\nside: left, right ~~|\n"),
        ("case.xmile", f"{HEADER}{SPECS}<model><variables/></model></xmile>"),
        ("case.stmx", f"{HEADER}{SPECS}<model/></xmile>"),
    ],
)
def test_a_file_without_equations_holds_no_model(tmp_path: Path, name: str, text: str) -> None:
    """It says so, before anybody looks for views, levers or times in it."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    (fault,) = faults(UnreadableModel, lambda: sd.load(tmp_path / name))
    assert fault.file == name
    assert fault.found.startswith("it holds no model")
    assert fault.advice.startswith("Expected is a variable at least.")


def test_an_empty_xmile_file_is_told_as_such(tmp_path: Path) -> None:
    """By whom reads XML."""
    (tmp_path / "case.xmile").write_text("", encoding="utf-8")
    (fault,) = faults(UnreadableModel, lambda: sd.load(tmp_path / "case.xmile"))
    assert "it is empty" in fault.found
