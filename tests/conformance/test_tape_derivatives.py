"""Derivatives of a step by its tape are CasADi's: along directions, of weighted sums, and of these once more."""

from __future__ import annotations

from pathlib import Path

import casadi as ca
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.random_models import RandomModel, examples, random_models

import sd_models as sd
from sd_models.dynamics.functions import Operation
from sd_models.simulator.simulation import Simulator
from sd_models.system.expression import Call, Number, Reduce, Ref, Subscript
from sd_models.system.model import Dimension, Equation, Kind, System, Values, Variable
from sd_models.tape.derivatives import reverse, tangent
from sd_models.tape.instructions import Role, Source
from sd_models.tape.running import results
from sd_models.tape.tracing import OUTPUTS, STOCKS, TapedModel, trace

FOLDER = Path(__file__).parents[1] / "models"
FILES = sorted(path for ending in ("mdl", "xmile") for path in FOLDER.rglob(f"*.{ending}"))
SOURCES = (Source.STOCKS, Source.LEVERS, Source.CONSTANTS)


def assert_derivatives(system: System, seed: int = 0, **roles: list[str]) -> None:
    """At a time of the run, at a policy a little off the model's own: tangent, reverse sweep, and its tangent."""
    model = trace(system, **roles)
    simulator = sd.compile(system, outputs=list(model.outputs.rows), **roles)
    assert model.outputs.rows == simulator.model.outputs.rows
    draw = np.random.default_rng(seed)
    at = _point(simulator, draw)
    seeds = {Source.STOCKS: draw.normal(size=model.states.size), Source.OUTPUTS: draw.normal(size=model.outputs.size)}
    moves = {source: draw.normal(size=len(at[Role.VALUE, source])) for source in SOURCES}
    expected = _by_casadi(simulator, at, moves, seeds)
    read = {
        **at,
        **{(Role.DIRECTION, source): move for source, move in moves.items()},
        **{(Role.WEIGHT, source): weight for source, weight in seeds.items()},
        **{(Role.WEIGHT_DIRECTION, source): 0 * weight for source, weight in seeds.items()},
    }
    sizes = {STOCKS: model.states.size, OUTPUTS: model.outputs.size}
    inner = {str(source): len(at[Role.VALUE, source]) for source in SOURCES}
    back = reverse(model.step, SOURCES)
    for found, wanted in zip(
        (
            results(tangent(model.step, SOURCES), read, sizes),
            results(back, read, inner),
            results(tangent(back, SOURCES), read, inner),
        ),
        expected,
        strict=True,
    ):
        for name, values in wanted.items():
            scale = np.abs(values[np.isfinite(values)]).max(initial=0.0)
            np.testing.assert_allclose(found[name], values, rtol=1e-9, atol=1e-9 * scale, err_msg=name)


def _point(simulator: Simulator, draw: np.random.Generator) -> dict[tuple[Role, Source], np.ndarray]:
    inputs = simulator.inputs()
    run, k = simulator.trajectories(inputs), len(simulator.times) // 2
    return {
        (Role.VALUE, Source.STOCKS): run.states[:, k] * (1 + 0.01 * draw.random(simulator.model.states.size)),
        (Role.VALUE, Source.LEVERS): inputs.levers[:, k] + 0.01 * draw.random(simulator.model.levers.size),
        (Role.VALUE, Source.CONSTANTS): inputs.constants[:, 0],
        (Role.VALUE, Source.DATA): simulator.model.data_table[:, k],
        (Role.VALUE, Source.TIME): simulator.times[k : k + 1],
    }


def _by_casadi(
    simulator: Simulator,
    at: dict[tuple[Role, Source], np.ndarray],
    moves: dict[Source, np.ndarray],
    seeds: dict[Source, np.ndarray],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The same three by CasADi's own algorithmic differentiation."""
    step = simulator.model.step
    x = [ca.MX.sym(step.name_in(i), step.size1_in(i)) for i in range(step.n_in())]
    v = [ca.MX.sym("v", step.size1_in(i)) for i in range(3)]
    w = [ca.MX.sym("w", step.size1_out(i)) for i in range(2)]
    y = step(*x)
    still = [ca.MX.zeros(step.size1_in(i)) for i in range(3, step.n_in())]
    forward = step.forward(1)(*x, *y, *v, *still)
    back = step.reverse(1)(*x, *y, *w)[:3]
    inner = ca.Function("b", [*x, *w], list(back))
    none = [ca.MX.zeros(one.shape) for one in w]
    twice = inner.forward(1)(*x, *w, *inner(*x, *w), *v, *still, *none)
    function = ca.Function("all", [*x, *v, *w], [*forward, *back, *twice])
    values = [at[Role.VALUE, s] for s in (*SOURCES, Source.DATA, Source.TIME)]
    found = function(*values, *moves.values(), seeds[Source.STOCKS], seeds[Source.OUTPUTS])
    arrays = [np.asarray(ca.DM(one)).ravel() for one in found]
    names = [str(source) for source in SOURCES]
    return (
        dict(zip((STOCKS, OUTPUTS), arrays[:2], strict=True)),
        dict(zip(names, arrays[2:5], strict=True)),
        dict(zip(names, arrays[5:], strict=True)),
    )


def loaded(path: Path) -> System:
    beside = path.name in ("data_bare.mdl", "data_beside.mdl")
    return sd.load(path, data=[FOLDER / "beside.csv"] if beside else ())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_feature_has_the_same_derivatives(path: Path) -> None:
    """Of the stocks, of every feature model."""
    assert_derivatives(loaded(path))


@pytest.mark.parametrize("regions", ["macro", "provinces"])
def test_the_flagship_has_the_same_derivatives(regions: str) -> None:
    """Of stocks, of all measures of all provinces, and of a constant."""
    system = sd.load("common_prosperity", regions=regions)
    assert_derivatives(system, levers=["public investment"], constants=["cost of basic services"])


@examples(30)
@given(random_models(), st.integers(0, 2**16))
def test_a_random_model_has_the_same_derivatives(model: RandomModel, seed: int) -> None:
    """Of its stocks, its constants and a lever."""
    assert_derivatives(model.loaded(), seed, constants=list(model.constants), levers=list(model.auxiliaries)[:1])


def test_derivatives_are_as_long_with_many_regions_as_with_few() -> None:
    """As the tape itself."""
    lengths = set()
    for count in (5, 50):
        model = _many(count)
        back = reverse(model.step, SOURCES)
        tapes = (tangent(model.step, SOURCES), back, tangent(back, SOURCES))
        lengths.add(tuple(len(tape.instructions) for tape in tapes))
    assert len(lengths) == 1


def _many(count: int) -> TapedModel:
    dimension = Dimension("r", tuple(f"r{i}" for i in range(count)), "r")
    times = {"INITIAL TIME": 0.0, "FINAL TIME": 2.0, "TIME STEP": 0.5}
    controls = {n: Variable(n, Kind.CONSTANT, (), (Equation((), Number(v)),)) for n, v in times.items()}
    share = Variable("share", Kind.CONSTANT, ("r",), (Equation(("r",), Values(np.linspace(0.1, 0.4, count))),))

    def along(name: str, axis: str) -> Ref:
        return Ref(name, (Subscript("r", axis),))

    total = Reduce("SUM", ("r!",), along("people", "r!"))
    flow = Call("-", (Call("*", (along("share", "r"), total)), Call("^", (along("people", "r"), Number(1.5)))))
    people = Variable("people", Kind.STOCK, ("r",), (Equation(("r",), flow, Number(1.0)),))
    return trace(System("model", {**controls, "share": share, "people": people}, {"r": dimension}), constants=["share"])


def test_a_branch_that_does_not_hold_spoils_no_derivative(tmp_path: Path) -> None:
    """The logarithm of a stock at zero, where it is not used, has an infinite slope."""
    path = tmp_path / "case.mdl"
    path.write_text(
        "s = INTEG(IF THEN ELSE(s > 1, LN(s), 2 * s), 0) ~~|\nINITIAL TIME = 0 ~~|\nFINAL TIME = 2 ~~|\n"
        "TIME STEP = 1 ~~|\nSAVEPER = 1 ~~|\n",
        encoding="utf-8",
    )
    model = trace(sd.load(path), outputs=["s"])
    read = {
        (Role.VALUE, Source.STOCKS): np.zeros(1),
        (Role.WEIGHT, Source.STOCKS): np.ones(1),
        (Role.WEIGHT, Source.OUTPUTS): np.zeros(1),
    }
    found = results(reverse(model.step, [Source.STOCKS]), read, {"stocks": 1})
    assert found["stocks"].tolist() == [3.0]
    assert any(line.operation is Operation.CHOOSE for line in model.step.instructions)
