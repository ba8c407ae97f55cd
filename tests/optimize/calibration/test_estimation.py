"""A calibration takes what its file asks for: window, hold-out, totals, data folder; its faults are said at once."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.documents import toml
from support.fish import TRUE, write_observations

import optimize
import sd_models as sd
from optimize.calibration.accuracy import TOTAL, Rated
from optimize.calibration.estimation import CalibrationResult, misfit_of
from optimize.calibration.figures import plot_series
from sd_models.errors import InvalidRequest, ModelError


def fitted(folder: Path, content: dict[str, Any], **options: Any) -> CalibrationResult:
    """A calibration by a file beside the model, which needs no name."""
    (folder / "calibration.toml").write_text(toml(content), encoding="utf-8")
    return optimize.calibrate(folder / "fish.mdl", **options)


def rated(result: CalibrationResult, element: str) -> Rated:
    """The accuracy of an element of the first series."""
    return next(item for item in result.score.rated if item.element == element)


def test_the_file_beside_the_model_is_taken(folder: Path, content: dict[str, Any]) -> None:
    """With its data beside it."""
    result = fitted(folder, content)
    assert result.places.calibration == folder / "calibration.toml"
    assert rated(result, "fish[north]").accuracy.mape < 1e-5
    assert rated(result, "fish[north]").accuracy.count == 21


def test_the_window_bounds_what_counts(folder: Path, content: dict[str, Any]) -> None:
    """Both ends included; observations that no run reaches are noted."""
    content["window"] = {"from": 3, "to": 7}
    assert rated(fitted(folder, content), "fish[south]").accuracy.count == 5
    with (folder / "observed.csv").open("a", encoding="utf-8") as file:
        file.write("north,25,fish,7,\nnorth,-1,fish,7,\n")
    result = fitted(folder, content)
    assert any("2 times outside the model's 0 to 20 left out" in note for note in result.notes)


def test_runs_end_with_the_last_observation_unless_the_model_knows_its_end(
    folder: Path, content: dict[str, Any]
) -> None:
    """A shorter run is the same run, only where no equation refers to FINAL TIME."""
    content["window"] = {"to": 7.1}
    (folder / "calibration.toml").write_text(toml(content), encoding="utf-8")
    assert misfit_of(folder / "fish.mdl").simulator.times[-1] == 7
    text = (folder / "fish.mdl").read_text(encoding="utf-8").replace("sign = 5 - Time", "sign = FINAL TIME - Time")
    (folder / "fish.mdl").write_text(text, encoding="utf-8")
    assert misfit_of(folder / "fish.mdl").simulator.times[-1] == 20


def test_totals_are_sums_and_weighted_means(folder: Path, content: dict[str, Any]) -> None:
    """Of simulated and observed values alike; weights from the data or from the model."""
    content["parameter"] = [{"name": "depth"}]
    content["series"] = [
        {"variable": "fish", "name": "sum", "total": "sum"},
        {"variable": "fish", "name": "plain", "total": "mean"},
        {"variable": "fish", "name": "by data", "total": "mean", "total_weights": "mean depth"},
        {"variable": "fish", "name": "by model", "total": "mean", "total_weights": "growth"},
    ]
    result = fitted(folder, content)
    mine = sd.simulate(sd.load(folder / "fish.mdl"))
    theirs = sd.simulate(sd.load(folder / "fish.mdl"), constants=TRUE)
    total = {item.series: item.accuracy.mape for item in result.score.rated if item.element == TOTAL}
    expected = np.abs(mine["fish"].sum("lake") / theirs["fish"].sum("lake") - 1).mean()
    assert total["sum"] == pytest.approx(float(expected))
    assert total["plain"] == pytest.approx(total["sum"])
    assert total["by data"] == pytest.approx(total["sum"])
    weights = mine["growth"] / mine["growth"].sum("lake")
    weighted = (mine["fish"] * weights).sum("lake") / (theirs["fish"] * weights).sum("lake") - 1
    assert total["by model"] == pytest.approx(float(np.abs(weighted).mean()))


def test_a_holdout_is_judged_by_what_it_has_not_seen(folder: Path, content: dict[str, Any]) -> None:
    """Later observations that break with the past spoil its score, and not its estimates."""
    content["holdout"] = {"fit_to": 14, "from": 16, "to": 19}
    held = fitted(folder, content).holdout
    assert held is not None
    by_name = {item.element: item for item in held.rated}
    assert by_name["fish[north]"].accuracy.count == 4
    assert by_name["fish[north]"].accuracy.mape < 1e-5
    assert by_name["fish[north]"].naive > 1e-4
    rows = (folder / "observed.csv").read_text(encoding="utf-8").splitlines()
    spoilt = [row.replace(",Fish,", ",Fish,9") if ",17,Fish" in row else row for row in rows]
    (folder / "observed.csv").write_text("\n".join(spoilt), encoding="utf-8")
    other = fitted(folder, content).holdout
    assert other is not None
    np.testing.assert_array_equal(other.fit.values, held.fit.values)
    assert {item.element: item for item in other.rated}["fish[north]"].accuracy.mape > 0.1


def test_naive_forecasts_know_the_past_only(folder: Path, content: dict[str, Any]) -> None:
    """No change from the last year that was fitted, and the line from the first one."""
    content["holdout"] = {"fit_to": 10, "from": 12, "to": 12}
    held = fitted(folder, content).holdout
    assert held is not None
    run = sd.simulate(sd.load(folder / "fish.mdl"), constants=TRUE)["fish"].sel(lake="north")
    first, last, then = (float(run.sel(time=year)) for year in (0, 10, 12))
    item = next(item for item in held.rated if item.element == "fish[north]")
    assert item.naive == pytest.approx(abs(last / then - 1))
    assert item.drift == pytest.approx(abs(last * (last / first) ** 0.2 / then - 1))


def test_a_data_folder_brings_its_own_observations(folder: Path, content: dict[str, Any]) -> None:
    """`--regions` takes the place of the folder that the file names, for the model and for the data."""
    for name in ("other", "numbers"):
        if name == "other":
            shutil.copytree(folder / "numbers", folder / name)
        write_observations(folder / name / "observed.csv", sd.load(folder / "fish.mdl"), TRUE)
    (folder / "other" / "lakes.csv").write_text("lake,capacity,first fish\neast,30,3\nwest,60,9\n", encoding="utf-8")
    east = sd.load(folder / "fish.mdl", regions="other")
    write_observations(folder / "other" / "observed.csv", east, {"growth rate": 0.5})
    (folder / "observed.csv").unlink()
    content["regions"] = "numbers"
    for parameter in content["parameter"]:
        parameter["store"]["file"] = parameter["store"]["file"].removeprefix("numbers/")
    assert fitted(folder, content).constants["growth rate"] == pytest.approx(0.8)
    result = fitted(folder, content, regions="other")
    assert result.constants["growth rate"] == pytest.approx(0.5)
    assert "fish[east]" in {item.element for item in result.score.rated}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown parameter": ({"parameter": [{"name": "grwth rate"}]}, "Did you mean 'growth rate'"),
    "unknown series": ({"series": [{"variable": "fihs"}]}, "Did you mean 'fish'"),
    "unknown column": ({"series": [{"variable": "fish", "column": "fihs"}]}, "Did you mean 'Fish'"),
    "unknown element": ({"series": [{"variable": "fish", "where": {"lake": "norht"}}]}, "Did you mean 'north'"),
    "unknown filter": ({"series": [{"variable": "fish", "rows": {"sourc": "x"}}]}, "Did you mean 'source'"),
    "unknown weights": (
        {"series": [{"variable": "fish", "total": "mean", "total_weights": "growht"}]},
        "Did you mean 'growth'",
    ),
    "weights of another shape": (
        {"series": [{"variable": "fish", "total": "mean", "total_weights": "depth"}]},
        "expected the dimensions lake",
    ),
    "no table": ({"data": "observd.csv"}, "no such file"),
    "no data": ({"data": None}, "no table holds its observations"),
    "no logarithm": ({"series": [{"variable": "fish", "factor": -1}]}, "has no logarithm"),
    "infinite": ({"series": [{"variable": "fish", "factor": 1e308}]}, "makes observations infinite"),
    "window without data": ({"window": {"from": 30, "to": 40}}, "no observation of it from 30 to 40"),
    "holdout without past": ({"holdout": {"fit_to": -1, "from": 3}}, "no observation of it up to fit_to"),
    "holdout without future": ({"holdout": {"fit_to": 20}}, "to judge by"),
    "twice": ({"series": [{"variable": "fish"}, {"variable": "fish"}]}, "two entries [[series]]"),
    "no such folder": ({"regions": "numbres"}, "numbers"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_file_is_said(case: str, folder: Path, content: dict[str, Any]) -> None:
    """With place and advice, and never as a traceback."""
    change, told = WRONG[case]
    asked = {name: value for name, value in {**content, **change}.items() if value is not None}
    with pytest.raises(ModelError) as raised:
        fitted(folder, asked)
    assert told in str(raised.value)


def test_all_that_is_wrong_is_said_at_once(folder: Path, content: dict[str, Any]) -> None:
    """Parameters and series together."""
    content["parameter"] = [{"name": "grwth rate"}, {"name": "fish"}, {"name": "capacity", "upper": 50}]
    content["series"] = [
        {"variable": "fihs"},
        {"variable": "fish", "column": "x"},
        {"variable": "all fish", "file": "y"},
    ]
    with pytest.raises(InvalidRequest) as raised:
        fitted(folder, content)
    assert len(raised.value.faults) == 6


def test_a_model_without_a_file_says_so(folder: Path) -> None:
    """And what to do."""
    with pytest.raises(InvalidRequest, match="no calibration file beside the model"):
        optimize.calibrate(folder / "fish.mdl")


def test_a_series_of_one_element_is_a_target(folder: Path, content: dict[str, Any]) -> None:
    """Named with brackets it is what `where` chooses; other elements do not count, and the report has its unit."""
    model = folder / "fish.mdl"
    content = {**content, "data": str(folder / "observed.csv"), "parameter": [{"name": "capacity[south]"}]}
    chosen = optimize.calibrate(model, {**content, "series": [{"variable": "fish", "where": {"lake": "south"}}]})
    named = optimize.calibrate(model, {**content, "series": [{"variable": "fish[south]"}]})
    assert len(named.fit.residuals) == len(chosen.fit.residuals) == 21
    assert named.fit.misfit == chosen.fit.misfit
    assert [rated.element for rated in named.score.rated] == ["fish[south]"]
    assert "fish[south] [t]" in plot_series(named, 0).get_suptitle()


def test_a_series_of_an_element_that_is_none_is_refused(folder: Path, content: dict[str, Any]) -> None:
    """With the nearest name."""
    content = {**content, "data": str(folder / "observed.csv"), "series": [{"variable": "fish[suoth]"}]}
    with pytest.raises(InvalidRequest, match="Did you mean 'south'"):
        optimize.calibrate(folder / "fish.mdl", content)
