"""Estimates go into the cells from which the model reads, and nothing else in the files changes."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import optimize
import sd_models as sd
from optimize.calibration import store
from optimize.calibration.estimation import CalibrationResult
from sd_models.errors import InvalidRequest


def fitted(folder: Path, content: dict[str, Any], *, check: bool = False) -> CalibrationResult:
    """A calibration of the model in the current folder."""
    return optimize.calibrate(folder / "fish.mdl", content, prepare=store.check if check else None)


@pytest.fixture(autouse=True)
def _inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content from Python has the current folder as its own."""
    monkeypatch.chdir(folder)


def test_a_model_with_applied_estimates_runs_as_fitted(folder: Path, content: dict[str, Any]) -> None:
    """And its new values are the estimates, to nine digits."""
    result = fitted(folder, content)
    written = store.apply(store.edits_of(result))
    assert sorted(path.name for path in written) == ["lakes.csv", "single.csv"]
    again = sd.simulate(sd.load(folder / "fish.mdl"))["fish"]
    fit = sd.simulate(result.system, constants=result.constants)["fish"]
    np.testing.assert_allclose(again, fit, rtol=1e-8)


def test_everything_else_stays_as_it_was(folder: Path, content: dict[str, Any]) -> None:
    """Line ends, quotes, notes, other columns."""
    content["parameter"] = [content["parameter"][0], {**content["parameter"][1], "name": "capacity[south]"}]
    result = fitted(folder, content)
    store.apply(store.edits_of(result))
    rate, capacity = result.fit.values
    assert (folder / "numbers/lakes.csv").read_bytes() == (
        f'lake,capacity,first fish\r\nnorth,100,5\r\n"south",{capacity:.9g},"10"\r\n'.encode()
    )
    assert (folder / "numbers/single.csv").read_text(encoding="utf-8") == (
        f'name,value,note\ngrowth rate,{rate:.9g},"fitted, or so"\nfertility,1.0,\n'
    )


def test_files_are_written_all_or_none(folder: Path, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails at the second file leaves the first as it was, and no other file."""
    result = fitted(folder, content)
    before = {path: path.read_bytes() for path in (folder / "numbers").iterdir()}
    original, calls = Path.replace, []

    def failing(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return original(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(InvalidRequest, match=r"No space left on device\. Nothing was changed"):
        store.apply(store.edits_of(result))
    assert {path: path.read_bytes() for path in (folder / "numbers").iterdir()} == before


WRONG = {
    "no such file": ({"file": "numbers/singel.csv", "row": "growth rate", "column": "value"}, "no such file"),
    "no such column": ({"file": "numbers/single.csv", "row": "growth rate", "column": "vlue"}, "Did you mean 'value'"),
    "no such row": (
        {"file": "numbers/single.csv", "row": "grwth rate", "column": "value"},
        "Did you mean 'growth rate'",
    ),
    "another cell": ({"file": "numbers/single.csv", "row": "fertility", "column": "value"}, "does not read it there"),
    "no number": ({"file": "numbers/single.csv", "row": "growth rate", "column": "note"}, "does not read it there"),
    "no row": ({"file": "numbers/single.csv", "column": "value"}, "needs `row`"),
    "outside": ({"file": "../elsewhere.csv", "row": "growth rate", "column": "value"}, "outside of the data folder"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_store_that_does_not_fit_is_refused_before_the_fit(
    case: str, folder: Path, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model's value must stand in the cell."""
    address, told = WRONG[case]
    content["parameter"][0]["store"] = address
    monkeypatch.setattr("optimize.calibration.estimation.fit", lambda *_, **__: pytest.fail("the fit has begun"))
    with pytest.raises(InvalidRequest) as raised:
        fitted(folder, content, check=True)
    assert told in str(raised.value)


def test_without_any_store_there_is_nothing_to_apply(folder: Path, content: dict[str, Any]) -> None:
    """That is said before the fit."""
    content["parameter"] = [{"name": "growth rate"}]
    with pytest.raises(InvalidRequest, match="no parameter says where its value is stored"):
        fitted(folder, content, check=True)


CELLS = st.lists(st.lists(st.text('ab,"\n 1', max_size=5), min_size=2, max_size=4), min_size=1, max_size=5)


@given(CELLS, st.sampled_from(["\n", "\r\n"]))
def test_cells_are_those_of_the_csv_module(rows: list[list[str]], end: str) -> None:
    """Blanks around them apart, and each stands where its text does."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows(rows)
    found = store.cells_of(text.getvalue())
    assert [[cell.text.strip() for cell in row] for row in found] == [[cell.strip() for cell in row] for row in rows]
    pieces = [[text.getvalue()[cell.start : cell.stop] for cell in row] for row in found]
    assert end.join(",".join(row) for row in pieces) + end == text.getvalue()
