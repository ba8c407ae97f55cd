"""Standard errors are those of repeated fits; what the data cannot tell is found and named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fish import TRUE, write_observations

import optimize
import sd_models as sd
from optimize.calibration.estimation import CalibrationResult
from optimize.calibration.identification import Standing, described


def fitted(folder: Path, content: dict[str, Any]) -> CalibrationResult:
    """A calibration of the model in a folder."""
    return optimize.calibrate(folder / "fish.mdl", {**content, "data": str(folder / "observed.csv")})


def test_standard_errors_are_those_of_linear_regression(folder: Path, content: dict[str, Any]) -> None:
    """J'J at the optimum, by the textbook's formula."""
    write_observations(folder / "observed.csv", sd.load(folder / "fish.mdl"), TRUE, noise=0.02)
    result = fitted(folder, content)
    jacobian, residuals = result.fit.jacobian, result.fit.residuals
    variance = residuals @ residuals / (len(residuals) - jacobian.shape[1])
    expected = np.sqrt(variance * np.diag(np.linalg.inv(jacobian.T @ jacobian)))
    np.testing.assert_allclose(result.identification.errors, expected, rtol=1e-6)
    assert result.identification.variance == pytest.approx(variance)
    assert 1 < np.sqrt(variance) < 3  # noise of 2% where 1% is expected
    assert set(result.identification.standings) == {Standing.IDENTIFIED}
    truth = np.concatenate([np.ravel(np.asarray(value)) for value in TRUE.values()])
    assert (np.abs(result.fit.values - truth) < 4 * result.identification.errors).all()


def test_a_product_cannot_be_told_apart(folder: Path, content: dict[str, Any]) -> None:
    """Growth rate and fertility act as their product only: both are named, and nothing else is."""
    content["parameter"].append({"name": "fertility"})
    result = fitted(folder, content)
    (direction,) = result.identification.directions
    assert np.isinf(direction.error)
    labels = [result.parameters.labels[member] for member in direction.members]
    assert sorted(labels) == ["fertility", "growth rate"]
    assert sorted(described(result.parameters, direction).split(" with ")) == ["fertility", "growth rate"]
    standings = dict(zip(result.parameters.labels, result.identification.standings, strict=True))
    assert standings["growth rate"] == standings["fertility"] == Standing.UNIDENTIFIED
    assert standings["capacity[north]"] == Standing.IDENTIFIED
    assert np.isinf(result.identification.errors[0])


def test_a_parameter_without_effect_is_named_alone(folder: Path, content: dict[str, Any]) -> None:
    """Beside the pair, in a group of its own."""
    content["parameter"] += [{"name": "depth"}, {"name": "fertility"}]
    found = fitted(folder, content)
    groups = [described(found.parameters, direction) for direction in found.identification.directions]
    assert "depth" in groups
    assert len(groups) == 2


def test_a_prior_settles_what_the_data_cannot(folder: Path, content: dict[str, Any]) -> None:
    """The parameter that nothing else tells stays at its prior, and is marked."""
    content["parameter"].append({"name": "depth", "prior": 4.0, "deviation": 0.5})
    write_observations(folder / "observed.csv", sd.load(folder / "fish.mdl"), TRUE, noise=0.01)
    result = fitted(folder, content)
    assert result.fit.values[-1] == pytest.approx(4.0)
    assert result.identification.standings[-1] == Standing.PRIOR


def test_a_prior_of_one_settles_both_of_a_pair(folder: Path, content: dict[str, Any]) -> None:
    """Growth rate and fertility stay a pair that the data do not tell; both errors come from the prior of one."""
    content["parameter"].append({"name": "fertility", "deviation": 0.1})
    write_observations(folder / "observed.csv", sd.load(folder / "fish.mdl"), TRUE, noise=0.01)
    result = fitted(folder, content)
    assert np.isfinite(result.identification.errors).all()
    standings = dict(zip(result.parameters.labels, result.identification.standings, strict=True))
    assert standings["growth rate"] == standings["fertility"] == Standing.PRIOR
    assert result.identification.errors[0] == pytest.approx(0.1 * result.fit.values[0], rel=0.02)
    assert np.isinf(result.identification.directions[0].error)


def test_estimates_that_go_together_are_paired(folder: Path, content: dict[str, Any]) -> None:
    """Growth and catch nearly cancel in young lakes."""
    write_observations(folder / "observed.csv", sd.load(folder / "fish.mdl"), {"growth rate": 0.8}, noise=0.01)
    content["parameter"] = [{"name": "growth rate"}, {"name": "catch share"}]
    content["window"] = {"from": 0, "to": 6}
    content["series"] = [{"variable": "fish", "where": {"lake": "north"}}]
    result = fitted(folder, content)
    (pair,) = result.identification.pairs
    assert {pair.first, pair.second} == {0, 1}
    assert pair.correlation > 0.9


def test_more_parameters_than_observations(folder: Path, content: dict[str, Any]) -> None:
    """Nothing is known, and that is said."""
    content["window"] = {"from": 3, "to": 3}
    content["series"] = [{"variable": "all fish"}]
    result = fitted(folder, content)
    assert len(result.identification.directions) == 4
    assert Standing.IDENTIFIED not in result.identification.standings
