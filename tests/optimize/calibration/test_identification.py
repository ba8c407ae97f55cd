"""Standard errors are those of repeated fits; what the data cannot tell is found and named."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from support.fish import TRUE, write_observations

import optimize
import sd_models as sd
from optimize.calibration.estimation import CalibrationResult
from optimize.calibration.fitting import Fit
from optimize.calibration.identification import Identification, Partner, Standing, described, identify
from optimize.calibration.parameters import Parameters
from optimize.calibration.report import estimate_rows
from optimize.calibration.tables import tables


def fitted(folder: Path, content: dict[str, Any]) -> CalibrationResult:
    """A calibration of the model in a folder."""
    return optimize.calibrate(folder / "fish.mdl", {**content, "data": str(folder / "observed.csv")})


def identified(jacobian: Any) -> Identification:
    """What exact data with this Jacobian say about parameters between 0 and 1."""
    count = jacobian.shape[1]
    nothing, ones = np.full(count, np.nan), np.ones(count)
    parameters = Parameters((), ("",) * count, np.zeros(count, int), 0 * ones, ones, ones / 2, nothing, nothing)
    rows = np.concatenate([jacobian, np.zeros((1, count))])
    residuals = np.zeros(len(rows))
    residuals[-1] = 1.0  # of a variance of 1 / (rows - parameters)
    fit = SimpleNamespace(values=ones / 2, residuals=residuals, jacobian=rows, misfit=float(len(rows) - count))
    return identify(parameters, cast("Fit", fit))


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
    assert pair.correlation > 0.95
    assert result.identification.standings == (Standing.TOGETHER, Standing.TOGETHER)
    assert result.identification.partners == (Partner(1, pair.correlation), Partner(0, pair.correlation))
    factor = 1 / (1 - pair.correlation**2)
    np.testing.assert_allclose(result.identification.inflation**2, factor)
    printed = tables(result)
    assert [row[2] for row in printed.estimates] == [
        f"only with catch share ({pair.correlation:+.3f})",
        f"only with growth rate ({pair.correlation:+.3f})",
    ]
    assert any(f"known only together (correlation {pair.correlation:+.3f})" in text for text in printed.warnings)
    rows = estimate_rows(result)
    assert [row["together_with"] for row in rows] == ["catch share", "growth rate"]
    assert "identified" not in {row["standing"] for row in rows}


def test_what_many_hold_together_is_not_identified() -> None:
    """Three parameters whose sum the data tell: no two of them go together much, none is known by itself."""
    jacobian = np.array([[1.0, 1.0, 1.0], [0.02, -0.02, 0.0], [0.02, 0.0, -0.02]]) * 100
    found = identified(jacobian)
    assert set(found.standings) == {Standing.TOGETHER}
    assert not found.pairs
    expected = np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)) * (jacobian**2).sum(axis=0))
    np.testing.assert_allclose(found.inflation, expected)


def test_a_correlation_below_the_threshold_leaves_an_estimate_identified() -> None:
    """On both sides of .949: the one threshold of the words."""
    for correlation, standing in ((0.94, Standing.IDENTIFIED), (0.96, Standing.TOGETHER)):
        information = np.linalg.inv(np.array([[1.0, correlation], [correlation, 1.0]]))
        found = identified(np.linalg.cholesky(information).T * 1000)
        assert set(found.standings) == {standing}
        assert found.pairs[0].correlation == pytest.approx(correlation)


def test_words_and_directions_do_not_contradict_each_other(folder: Path, content: dict[str, Any]) -> None:
    """What the data do not tell apart is not called identified where priors of all settle it."""
    write_observations(folder / "observed.csv", sd.load(folder / "fish.mdl"), TRUE, noise=0.01)
    content["parameter"][0]["deviation"] = 0.1
    content["parameter"].append({"name": "fertility", "deviation": 0.2})
    result = fitted(folder, content)
    (direction,) = result.identification.directions
    assert np.isinf(direction.error)
    for member in direction.members:
        assert result.identification.standings[member] in (Standing.TOGETHER, Standing.PRIOR)


def test_more_parameters_than_observations(folder: Path, content: dict[str, Any]) -> None:
    """Nothing is known, and that is said."""
    content["window"] = {"from": 3, "to": 3}
    content["series"] = [{"variable": "all fish"}]
    result = fitted(folder, content)
    assert len(result.identification.directions) == 4
    assert Standing.IDENTIFIED not in result.identification.standings
