"""Engines: kernels where they can be made, CasADi with a note where they cannot."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import xarray as xr

import sd_models as sd
from sd_models.errors import InvalidRequest
from sd_models.simulator import engines
from sd_models.simulator.engines import Engine


@pytest.fixture
def without_compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine for which LLVM has no compiler."""

    def machine() -> None:
        raise RuntimeError("No available targets are compatible with triple 'mos6502'")

    monkeypatch.setattr(engines, "machine", machine)
    engines.missing.cache_clear()
    yield
    engines.missing.cache_clear()


def test_kernels_run_where_nothing_else_is_asked_for() -> None:
    """CasADi where it is."""
    system = sd.load("urbanization")
    assert sd.compile(system).model.native is not None
    assert sd.compile(system, engine=Engine.CASADI).model.native is None
    assert sd.compile(system, engine="casadi").model.native is None
    assert sd.compile(system, engine="native").model.native is not None
    with pytest.raises(InvalidRequest, match=r"no engine 'fortran'.* Take native or casadi"):
        sd.compile(system, engine="fortran")


def test_without_a_compiler_casadi_runs_and_a_note_says_so(without_compiler: None) -> None:
    """The numbers are the same; who insists on kernels is told what to take."""
    system = sd.load("urbanization")
    assert (run := sd.simulate(system, outputs=["national urban share"])).attrs["notes"][-1] == (
        "CasADi computes the runs, since there are no native kernels here: "
        "No available targets are compatible with triple 'mos6502'"
    )
    with pytest.raises(InvalidRequest, match=r"no native kernels here.* Take casadi"):
        sd.compile(system, engine=Engine.NATIVE)
    assert float(run["national urban share"][-1]) == pytest.approx(0.833, abs=1e-3)


def test_a_step_that_is_too_long_runs_by_casadi_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless kernels are asked for."""
    monkeypatch.setattr(engines, "LONGEST", 10)
    system = sd.load("urbanization")
    model = sd.compile(system).model
    assert model.native is None
    assert model.expanded.notes[-1].startswith("CasADi computes the runs: a step has ")
    assert sd.compile(system, engine=Engine.NATIVE).model.native is not None


@pytest.mark.parametrize("runs", [1, 5])
def test_stocks_of_runs_are_those_of_casadi(runs: int) -> None:
    """Of one run and of a batch, in the order of the layout."""
    system = sd.load("urbanization")
    found = []
    for engine in Engine:
        simulator = sd.compile(system, constants=["mobility"], engine=engine)
        values = sd.simulate(system, outputs=["mobility"], engine=engine)["mobility"].to_numpy().ravel()[0]
        given = {"mobility": float(values)} if runs == 1 else {"mobility": _batch(float(values), runs)}
        found.append(simulator.trajectories(simulator.inputs(constants=given)).states)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)


def _batch(value: float, runs: int) -> xr.DataArray:
    return xr.DataArray(value * np.linspace(0.9, 1.1, runs), dims=("run",))
