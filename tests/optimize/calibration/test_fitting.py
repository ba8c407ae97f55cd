"""Fits find known values, repeat themselves, step back from runs that are no numbers, and can be interrupted."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fish import TRUE

import optimize
from optimize.calibration.estimation import CalibrationResult
from optimize.calibration.fitting import Ending, Progress
from optimize.calibration.misfit import Misfit
from sd_models.errors import InvalidRequest, SimulationError
from sd_models.system.model import System


def fitted(folder: Path, content: dict[str, Any], **options: Any) -> CalibrationResult:
    """A calibration of the model in a folder, its data beside it."""
    return optimize.calibrate(folder / "fish.mdl", absolute(folder, content), **options)


def absolute(folder: Path, content: dict[str, Any]) -> dict[str, Any]:
    """The content with the data's path, since content from Python has no folder of its own."""
    return {**content, "data": str(folder / content["data"])}


def test_known_values_are_found(folder: Path, content: dict[str, Any]) -> None:
    """From observations that the model made."""
    result = fitted(folder, content)
    assert result.ending is Ending.CONVERGED
    for name, value in TRUE.items():
        np.testing.assert_allclose(result.constants[name], value, rtol=1e-5)
    assert result.fit.misfit < 1e-6 < result.fit.misfit_at_start


def test_the_same_seed_gives_the_same_result(folder: Path, content: dict[str, Any]) -> None:
    """Bit by bit, also from random starts; the best of which counts."""
    one, other = (fitted(folder, content, starts=3, seed=5) for _ in range(2))
    np.testing.assert_array_equal(one.fit.values, other.fit.values)
    assert one.fit.misfits == other.fit.misfits
    assert len(one.fit.misfits) == 3
    assert one.fit.misfit == pytest.approx(min(one.fit.misfits))
    assert fitted(folder, content, starts=3, seed=6).fit.misfits[1:] != one.fit.misfits[1:]


def test_a_bound_holds(folder: Path, content: dict[str, Any]) -> None:
    """Estimates never leave their bounds."""
    content["parameter"][0]["upper"] = 0.7
    result = fitted(folder, content)
    assert result.fit.values[0] == pytest.approx(0.7, abs=1e-3)
    assert result.fit.values[0] <= 0.7
    assert result.identification.standings[0] == "at upper bound"


def test_a_prior_pulls(folder: Path, content: dict[str, Any]) -> None:
    """The tighter, the nearer."""
    distances = []
    for deviation in (1e-4, 1e-2, 1.0):
        content["parameter"][0].update(prior=0.5, deviation=deviation)
        distances.append(fitted(folder, content).fit.values[0] - 0.5)
    assert 0 < distances[0] < distances[1] < distances[2]
    assert distances[2] == pytest.approx(0.3, abs=0.01)


def test_a_run_that_is_no_number_is_a_step_back(
    folder: Path, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first steps beyond fail; the fit goes on with shorter ones."""
    original, failed = Misfit.residuals, []

    def failing(self: Misfit, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        residuals = original(self, values)
        if values[0] > 0.65 and len(failed) < 3:
            failed.append(values)
            return np.full_like(residuals, np.nan)
        return residuals

    monkeypatch.setattr(Misfit, "residuals", failing)
    result = fitted(folder, content)
    assert len(failed) == 3
    np.testing.assert_allclose(result.fit.values[0], 0.8, rtol=1e-5)


def test_a_derivative_that_is_no_number_keeps_the_best(
    folder: Path, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ending says so."""
    original, calls = Misfit.jacobian, []

    def failing(self: Misfit, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        calls.append(values)
        return original(self, values) * (np.nan if len(calls) == 3 else 1)

    monkeypatch.setattr(Misfit, "jacobian", failing)
    result = fitted(folder, content)
    assert result.ending is Ending.STOPPED
    assert result.fit.misfit < result.fit.misfit_at_start


def test_an_interrupted_fit_keeps_the_best(folder: Path, content: dict[str, Any]) -> None:
    """Ctrl-C after some evaluations; no hold-out follows."""
    seen: list[float] = []

    def watch(now: Progress) -> None:
        seen.append(now.misfit)
        if now.evaluations == 4:
            signal.raise_signal(signal.SIGINT)

    content["holdout"] = {"fit_to": 15}
    result = fitted(folder, content, watch=watch, starts=5)
    assert result.ending is Ending.INTERRUPTED
    assert result.holdout is None
    assert result.fit.misfit == pytest.approx(min(seen))
    assert result.fit.misfit < result.fit.misfit_at_start


def test_a_limit_of_evaluations_ends_a_fit(folder: Path, content: dict[str, Any]) -> None:
    """And the ending says so."""
    result = fitted(folder, {**content, "most_evaluations": 2})
    assert result.ending is Ending.LIMIT


def test_a_start_without_a_run_is_refused(folder: Path, content: dict[str, Any]) -> None:
    """With the variable and the time at which it became no number."""
    content["parameter"][0].update(start=1e300, upper=1e301)
    with pytest.raises(SimulationError, match="at time"):
        fitted(folder, content)


def test_the_urbanization_model_gives_its_values_back(tmp_path: Path) -> None:
    """31 provinces: from observations that it made with other constants."""
    import sd_models as sd

    system: System = sd.load("urbanization")
    true = {"spreading speed": 0.078, "income elasticity of migration": 0.45, "capital elasticity": 0.4}
    names = ["urban share", "population", "urban income a head"]
    run = sd.simulate(system, constants=true, outputs=names, time=sd.TimeSpan(stop=2020.0))
    table = run.to_dataframe().reset_index().rename(columns={"time": "year"})
    table.to_csv(tmp_path / "made.csv", index=False)
    content: dict[str, Any] = {
        "data": str(tmp_path / "made.csv"),
        "parameter": [
            {"name": "spreading speed"},
            {"name": "income elasticity of migration"},
            {"name": "capital elasticity", "lower": 0.2, "upper": 0.6},
        ],
        "series": [{"variable": name} for name in names],
    }
    result = optimize.calibrate(system, content)
    np.testing.assert_allclose(result.fit.values, list(true.values()), rtol=1e-6)
    with pytest.raises(InvalidRequest, match="loaded with its regions"):
        optimize.calibrate(system, content, regions="provinces")
