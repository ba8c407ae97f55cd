"""`regions`: another folder of data in place of the one that a model names, read and replayed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.models import CONTROLS, faults

import sd_models as sd
from sd_models.errors import InvalidRequest, ModelError, UnreadableModel, UnsafeModel
from sd_models.system.model import System

MODEL = """
province: GET DIRECT SUBSCRIPT('provinces/initial.csv', ',', 'A2', 'A', '') ~~|
people[province] = INTEG(people[province] * growth[province] * effect(Time), start[province]) ~~|
start[province] = GET DIRECT CONSTANTS('provinces/initial.csv', ',', 'B2*') ~~|
growth[province] := GET DIRECT DATA('provinces\\series.csv', ',', 'A', 'B2') ~~|
effect( GET DIRECT LOOKUPS('provinces/table.csv', ',', '1', 'A2') ) ~~|
scale = GET DIRECT CONSTANTS('common.csv', ',', 'A1') ~~|
total = SUM(people[province!]) * scale ~~|
"""
TABLE = {"table.csv": "0,4\n1,2\n"}
FOLDERS = {
    "provinces": {"initial.csv": "p,n\nnorth,1\nsouth,2\n", "series.csv": "t,a,b\n0,.1,.2\n4,.3,.4\n", **TABLE},
    "macro": {
        "initial.csv": "p,n\neast,10\nwest,20\ninner,5\n",
        "series.csv": "t,a,b,c\n0,.5,.4,.3\n4,.5,.3,.2\n",
        **TABLE,
    },
    "empty": {"initial.csv": "p,n\nall,10\n"},
}
Open = Callable[..., object]
BOTH = pytest.mark.parametrize("open_model", [sd.load, sd.replay], ids=["load", "replay"])


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model with data in `provinces` and one file beside it, another folder `macro`, and one that lacks files."""
    home = tmp_path / "country"
    for name, files in FOLDERS.items():
        filled(home / name, files)
    (home / "common.csv").write_text("3\n", encoding="utf-8")
    path = home / "model.mdl"
    path.write_text(MODEL.lstrip() + CONTROLS.lstrip(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return path


def filled(folder: Path, files: dict[str, str]) -> Path:
    """A folder with these files."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def agrees(system: System) -> bool:
    """Whether our run and PySD's are the same."""
    run, reference = sd.simulate(system), sd.replay(system)
    return all(np.allclose(run[name], reference[name], rtol=1e-12) for name in reference.data_vars)


def test_the_folder_that_the_file_names_is_the_default(model: Path) -> None:
    """A system remembers no other."""
    system = sd.load(model)
    assert system.regions is None
    assert system.dimensions["province"].elements == ("north", "south")
    assert agrees(system)


@pytest.mark.parametrize("regions", ["macro", "country/macro", Path("country/macro")])
def test_another_folder_stands_in(model: Path, regions: str | Path) -> None:
    """By its name beside the model or by its path; files outside of the folder stay; PySD runs with it too."""
    system = sd.load(model, regions=regions)
    assert system.regions == model.parent / "macro"
    assert system.dimensions["province"].elements == ("east", "west", "inner")
    assert float(sd.simulate(system)["total"][0]) == 105
    assert agrees(system)


def test_a_folder_of_ones_own_may_lie_anywhere(model: Path, tmp_path: Path) -> None:
    """Given by its path, also as a link; the model's folder stays as it is."""
    own = filled(tmp_path / "elsewhere" / "counties", FOLDERS["macro"] | {"initial.csv": "p,n\na,7\nb,8\nc,9\n"})
    (tmp_path / "short").symlink_to(own)
    before = sorted(model.parent.rglob("*"))
    for given in (own, str(own), "short"):
        system = sd.load(model, regions=given)
        assert system.regions == own
        assert system.dimensions["province"].elements == ("a", "b", "c")
        assert agrees(system)
    assert sorted(model.parent.rglob("*")) == before


def test_a_file_is_replayed_with_the_folder_as_well(model: Path) -> None:
    """A system keeps its own."""
    assert sd.replay(model, regions="macro").sizes["province"] == 3
    assert sd.replay(model).sizes["province"] == 2
    (fault,) = faults(InvalidRequest, lambda: sd.replay(sd.load(model), regions="macro"))
    assert "loaded with its regions" in fault.found


@BOTH
@pytest.mark.parametrize(
    ("regions", "advice"),
    [("makro", "Did you mean 'macro'?"), ("zzz", "Beside the model would do: macro, provinces."), ("", "would do: ")],
)
def test_a_missing_folder_gets_the_names_of_those_that_would_do(
    model: Path, open_model: Open, regions: str, advice: str
) -> None:
    """Which have every file that the model asks for."""
    (fault,) = faults(InvalidRequest, lambda: open_model(model, regions=regions))
    assert fault.found == f"there is no folder {regions!r}, neither beside the model nor as a path."
    assert fault.file == "model.mdl"
    assert advice in fault.advice


def test_without_any_folder_that_would_do_the_files_are_named(model: Path) -> None:
    """So that the user can make one."""
    for name in ("macro", "provinces"):
        (model.parent / name / "table.csv").unlink()
    (fault,) = faults(InvalidRequest, lambda: sd.load(model, regions="zzz"))
    assert fault.advice == "Give the path of a folder with initial.csv, series.csv, table.csv."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = 1 ~~|", "the model refers to no data in a folder, so"),
        ("x = GET DIRECT CONSTANTS('common.csv', ',', 'A1') ~~|", "the model refers to no data in a folder, so"),
        (
            "x = GET DIRECT CONSTANTS('a/v.csv', ',', 'A1') + GET DIRECT CONSTANTS('b/v.csv', ',', 'A1') ~~|",
            "the model refers to data in several folders (a, b), so",
        ),
    ],
)
@BOTH
def test_a_model_without_one_folder_of_data_says_so(model: Path, open_model: Open, text: str, found: str) -> None:
    """None or several: no folder can stand in."""
    model.write_text(f"{text}\n{CONTROLS.lstrip()}", encoding="utf-8")
    (fault,) = faults(InvalidRequest, lambda: open_model(model, regions="macro"))
    assert fault.found.startswith(found)


@BOTH
def test_a_file_that_the_folder_lacks_is_named(model: Path, open_model: Open) -> None:
    """With the folder."""
    with pytest.raises(UnreadableModel) as caught:
        open_model(model, regions="empty")
    missing = ("empty/series.csv: there is no such file", "empty/table.csv: there is no such file")
    told = [name in str(caught.value) for name in missing]
    assert all(told) if open_model is sd.load else any(told)  # PySD stops at the first


@BOTH
@pytest.mark.parametrize(
    "reference",
    ["provinces/../secret.csv", "provinces/../../secret.csv", "x/../provinces/initial.csv", "..\\secret.csv"],
)
def test_no_reference_goes_up(model: Path, open_model: Open, reference: str) -> None:
    """Not even one that would stay inside: it would read the replaced folder in silence."""
    (model.parent / "secret.csv").write_text("4711\n", encoding="utf-8")
    (model.parent.parent / "secret.csv").write_text("4711\n", encoding="utf-8")
    text = f"{MODEL}y = GET DIRECT CONSTANTS('{reference}', ',', 'A1') ~~|\n{CONTROLS.lstrip()}"
    model.write_text(text.lstrip(), encoding="utf-8")
    with pytest.raises(UnsafeModel, match=r"goes up by '\.\.'"):
        open_model(model, regions="macro")


@BOTH
@pytest.mark.parametrize("reference", ["/etc/passwd", "C:/x.csv", "//server/x.csv"])
def test_absolute_references_are_still_refused(model: Path, open_model: Open, reference: str) -> None:
    """They belong to no folder."""
    text = f"{MODEL}y = GET DIRECT CONSTANTS('{reference}', ',', 'A1') ~~|\n{CONTROLS.lstrip()}"
    model.write_text(text.lstrip(), encoding="utf-8")
    with pytest.raises(ModelError):
        open_model(model, regions="macro")


@BOTH
def test_links_lead_nowhere(model: Path, open_model: Open) -> None:
    """Neither a file in the folder, nor the folder itself where a model brings it."""
    secret = model.parent.parent / "secret.csv"
    secret.write_text("p,n\n4711,4712\n", encoding="utf-8")
    (model.parent / "macro" / "initial.csv").unlink()
    (model.parent / "macro" / "initial.csv").symlink_to(secret)
    outside = filled(model.parent.parent / "outside", FOLDERS["macro"])
    (model.parent / "brought").symlink_to(outside)
    for regions, found in (("macro", "leads out"), ("brought", "a link that leads out")):
        with pytest.raises(UnsafeModel, match=found) as caught:
            open_model(model, regions=regions)
        assert "4711" not in str(caught.value)
    assert sd.load(model, regions=outside).regions == outside
