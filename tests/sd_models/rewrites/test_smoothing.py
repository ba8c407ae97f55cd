"""Smooth stand-ins tend to the exact model as their widths fall, and are as smooth as they are said to be."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.models import loaded

import sd_models as sd
from sd_models.analysis.loops import reached_from
from sd_models.rewrites.smoothing import Smoothing, smooth
from sd_models.simulator.simulation import Simulator, compile
from sd_models.system.model import FloatArray, Kind, System

FOLDER = Path(__file__).parents[2] / "models"
FILES = sorted(path.name for ending in ("mdl", "xmile") for path in FOLDER.glob(f"*.{ending}"))
DATA = dict.fromkeys(("data_bare.mdl", "data_beside.mdl"), (FOLDER / "beside.csv",))
# The run of this one ends where a kink says so.
SPANS = {"moving_end.mdl": sd.TimeSpan(stop=3.0)}


@cache
def exact(name: str) -> Simulator:
    """The compiled feature model."""
    return compile(sd.load(FOLDER / name, data=DATA.get(name, ())), time=SPANS.get(name))


@cache
def smoothed(name: str) -> Smoothing:
    """A feature model whose every kink is smoothed, as if levers moved everything."""
    system = exact(name).model.expanded
    return smooth(system, {v.name for v in system if v.kind is not Kind.TABLE})


@cache
def soft(name: str) -> Simulator:
    """The compiled smooth model."""
    found = smoothed(name)
    outputs = [*exact(name).model.outputs.rows, *exact(name).model.fixed]
    return compile(found.system, constants=[kink.width for kink in found.kinks], outputs=outputs)


def with_width(simulator: Simulator, smoothing: Smoothing, width: float) -> dict[str, FloatArray]:
    """The outputs of a run with all widths alike."""
    run = simulator.run(constants={kink.width: width for kink in smoothing.kinks})
    return {str(name): run[name].to_numpy() for name in run}


def near_jumps(name: str) -> set[str]:
    """The variables that follow from a comparison whose switch comes to its jump along the exact run."""
    found = smoothed(name)
    jumping = [kink for kink in found.kinks if kink.function in ("<", "<=", ">", ">=")]
    if not jumping:
        return set()
    gauge = compile(found.system, constants=[k.width for k in found.kinks], outputs=[k.switch for k in jumping])
    values = with_width(gauge, found, 1e-9)
    near = {kink.variable for kink in jumping if (np.abs(values[kink.switch]) < 1e-6).any()}
    return near.union(*(reached_from(found.system, each) for each in near))


@pytest.mark.parametrize("name", FILES)
def test_a_narrow_smooth_model_runs_like_the_exact_one(name: str) -> None:
    """With widths of a billionth every variable is the exact one to a millionth, but where the run meets a jump."""
    found, skipped = smoothed(name), near_jumps(name)
    ours = soft(name).run(constants={kink.width: 1e-9 for kink in found.kinks})
    before = exact(name).run()
    for variable in (str(v) for v in before if v not in skipped):
        wanted = before[variable].to_numpy()
        peak = float(np.abs(wanted[np.isfinite(wanted)]).max(initial=1e-3))
        np.testing.assert_allclose(ours[variable].to_numpy(), wanted, rtol=0, atol=1e-6 * peak, err_msg=variable)


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_renamed_or_dropped(name: str) -> None:
    """Every variable keeps its name, kind and dimensions; what is new serves one that was there."""
    before, after = exact(name).model.expanded, smoothed(name).system
    for variable in before:
        now = after.variables[variable.name]
        assert (now.kind, now.dimensions, now.origin) == (variable.kind, variable.dimensions, variable.origin)
    assert list(after.variables)[: len(before.variables)] == list(before.variables)
    assert all(after.variables[n].origin for n in after.variables if n not in before.variables)


# --- functions --------------------------------------------------------------------------------------------------------

HEAD = "K: k1, k2 ~~|\nL: l1, l2, l3 ~~|\nM: m1, m2, m3, m4 ~~|\nlater: m2, m3, m4 ~~|\n"
HEAD += "earlier: m1, m2, m3 -> later ~~|\nx[K] = 0.3, 2 ~~|\ny[K] = 1, 1 ~~|\nz = 0.5 ~~|\n"
TABLE = "t((0,0),(1,2),(2,1),(4,1)) ~~|\n"


def case(folder: Path, equation: str, *, moved: Iterable[str] = ("x", "y", "z")) -> tuple[System, Smoothing]:
    """A model with `out`, and its smoothing with all that follows from the moved variables."""
    system = loaded(folder, HEAD + TABLE + equation)
    reached = {name for start in moved for name in (start, *reached_from(system, start))}
    return system, smooth(system, reached)


FUNCTIONS = {
    "MIN": "out[K] = MIN(x[K], y[K]) ~~|",
    "MAX": "out[K] = 3 * MAX(x[K] * 2, y[K] + z) - 1 ~~|",
    "ABS": "out[K] = ABS(x[K] - y[K]) ~~|",
    "LOOKUP": "out[K] = t(x[K]) ~~|",
    "IF, continuous": "out[K] = IF THEN ELSE(x[K] > y[K], x[K], y[K]) ~~|",
    "IF, jumping": "out[K] = IF THEN ELSE(x[K] <= y[K], 1, 3) ~~|",
    "AND": "out[K] = IF THEN ELSE(x[K] > z :AND: y[K] > z, 5, x[K]) ~~|",
    "OR": "out[K] = IF THEN ELSE(x[K] > 3 :OR: y[K] > z, 5, x[K]) ~~|",
    "NOT": "out[K] = IF THEN ELSE(:NOT: (x[K] > z), 5, x[K]) ~~|",
    "with time": "out[K] = IF THEN ELSE(x[K] > z :AND: Time > 1, 5, x[K]) ~~|",
    "as a number": "out[K] = 3 * (x[K] > z :AND: y[K]) + (x[K] < z) ~~|",
    "one after the other": "out[k1] = MAX(x[k1], z) ~~|\nout[k2] = MAX(out[k1] - x[k2] / 2, z) ~~|",
    "in itself": "run[m1] = x[k1] ~~|\nrun[later] = MAX(run[earlier] / 2, z) ~~|\nout[K] = run[m4] + x[K] ~~|",
    "many": f"out[K] = {' + '.join(['MIN(x[K], z)'] * 40)} ~~|",
    "deep": f"out[K] = {'MIN(1.5 * (' * 40}x[K]{'), z * 9)' * 40} ~~|",
    "nested": "out[K] = MAX(MIN(x[K], y[K]) ^ 2, t(ABS(x[K] - 3) / 4)) ~~|",
    "VMAX": "out[K] = x[K] + VMAX(x[K!]) ~~|",
    "VMIN": "big[K, L] = x[K] * L ~~|\nout[K] = VMIN(big[K, L!] + z) ~~|",
    "in a sum": "out[K] = y[K] * SUM(MIN(x[K!], z)) ~~|",
    "one element": "out[k1] = MIN(x[k1], z) ~~|\nout[k2] = MAX(x[k1], x[k2]) ~~|",
    "a stock": "out[K] = INTEG(MIN(x[K], z) - out[K] / 4, MAX(x[K], z)) ~~|",
}


def runs(system: System, smoothing: Smoothing, widths: Iterable[float]) -> tuple[FloatArray, list[FloatArray]]:
    """The exact `out`, and that with each width."""
    simulator = compile(smoothing.system, constants=[k.width for k in smoothing.kinks], outputs=["out"])
    return sd.simulate(system)["out"].to_numpy(), [with_width(simulator, smoothing, w)["out"] for w in widths]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_error_falls_with_the_width(name: str, tmp_path: Path) -> None:
    """Each function has a stand-in, whose error falls at least as fast as its width."""
    equation = FUNCTIONS[name].replace("x[K] * L", "x[K] * number[L]") + "number[L] = 3, 1, 2 ~~|\n"
    system, smoothing = case(tmp_path, equation)
    assert smoothing.kinks
    assert not smoothing.left
    before, after = runs(system, smoothing, (0.3, 0.1, 0.01, 1e-4, 1e-8))
    errors = [float(np.abs(each - before).max()) for each in after]
    assert errors[0] > 1e-6
    assert all(later <= 0.5 * earlier for earlier, later in pairwise(errors[:-1]) if earlier > 1e-9)
    assert errors[-1] <= 1e-7


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_are_difference_quotients(name: str, tmp_path: Path) -> None:
    """On the kink itself as well: x is y, and a corner of the table, in the first element."""
    equation = FUNCTIONS[name].replace("x[K] * L", "x[K] * number[L]") + "number[L] = 3, 1, 2 ~~|\n"
    _, smoothing = case(tmp_path, equation)
    widths = {kink.width: 0.2 for kink in smoothing.kinks}
    simulator = compile(smoothing.system, levers=["x"], constants=widths, outputs=["out"])
    outcome = {"o": sd.Outcome("out", sd.Measure.INTEGRAL)}

    def at(first: float) -> float:
        given = simulator.inputs(levers={"x": np.array([first, 1.4])}, constants=widths)
        return float(simulator.trajectories(given).outputs[:, :-1].sum() * 0.5)

    levers = {"x": np.array([1.0, 1.4])}
    found = sd.sensitivities(simulator, outcome, levers=levers, constants=widths)
    slope = float(found.gradients["x"].isel(K=0).sum())
    assert slope == pytest.approx((at(1.0 + 1e-5) - at(1.0 - 1e-5)) / 2e-5, rel=1e-6, abs=1e-7)


def test_half_a_kink_is_half_each_side(tmp_path: Path) -> None:
    """Where both are equal, MIN is w / 2 below them, with half of each derivative, whatever the width."""
    _, smoothing = case(tmp_path, FUNCTIONS["MIN"])
    (kink,) = smoothing.kinks
    assert (kink.variable, kink.function, kink.switch) == ("out", "MIN", "out: MIN switch")
    simulator = compile(smoothing.system, constants=["x", kink.width], outputs=["out", kink.switch])
    for width in (1.0, 1e-6):
        given = {"x": [1.0, 1.0], kink.width: width}
        run = simulator.run(constants=given)
        assert run["out"].to_numpy() == pytest.approx(1.0 - width / 2)
        assert not run[kink.switch].to_numpy().any()
        found = sd.sensitivities(simulator, {"o": sd.Outcome("out")}, constants=given)
        assert found.gradients["x"].to_numpy().ravel() == pytest.approx([0.5, 0.5])


def test_a_small_operand_beside_a_large_one_keeps_its_digits(tmp_path: Path) -> None:
    """MIN of 0.3 and a billion is 0.3 but for rounding."""
    system, smoothing = case(tmp_path, "out[K] = MIN(1e9, x[K]) + MAX(x[K] * 3, -1e9) ~~|")
    before, (after,) = runs(system, smoothing, [1e-3])
    np.testing.assert_allclose(before, after, rtol=1e-15)


TABLES = {
    "extrapolating": "((0,0),(1,2),(2,1),(4,1.5))",
    "jumping": "((0,0),(1,2),(1,3),(2,1),(4,1))",
    "jumping at its ends": "((0,0),(0,1),(2,1),(4,1),(4,7))",
}


@pytest.mark.parametrize("kind", ["continuous", "extrapolate", "discrete"])
def test_tables_of_every_kind(kind: str, tmp_path: Path) -> None:
    """XMILE's three kinds of graphical functions, between the points, beyond them, and at jumps but for the jump."""
    at = np.array([-3.0, -0.2, 0.4, 1.7, 3.1, 9.0])
    text = f"""<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
    <sim_specs><start>0</start><stop>2</stop><dt>1</dt></sim_specs><model><variables>
    <aux name="x"><eqn>1.7</eqn></aux>
    <aux name="out"><eqn>x</eqn><gf type="{kind}"><xpts>0,1,1.5,4</xpts><ypts>0,2,1,1.5</ypts></gf></aux>
    </variables></model></xmile>"""
    (tmp_path / "case.xmile").write_text(text, encoding="utf-8")
    system = sd.load(tmp_path / "case.xmile")
    smoothing = smooth(system, {v.name for v in system if v.kind is not Kind.TABLE})
    assert [kink.function for kink in smoothing.kinks] == ["LOOKUP"]
    widths = {kink.width: 1e-9 for kink in smoothing.kinks}
    exactly = compile(system, constants=["x"], outputs=["out"])
    softly = compile(smoothing.system, constants=["x", *widths], outputs=["out"])
    for x in at:
        wanted = exactly.run(constants={"x": x})["out"].to_numpy()
        assert softly.run(constants={"x": x, **widths})["out"].to_numpy() == pytest.approx(wanted, abs=1e-8)


@pytest.mark.parametrize("points", [*TABLES.values(), "((0,5))", "((1,2),(3,2))"])
def test_tables_with_points_of_every_kind(points: str, tmp_path: Path) -> None:
    """Jumps, within and at the ends; a table without corners stays as it is, without a note."""
    text = f"out[K] = u(x[K]) ~~|\nu({points[1:-1]}) ~~|"
    system, smoothing = case(tmp_path, text)
    assert not smoothing.left
    assert len(smoothing.kinks) == (points in TABLES.values())
    for x in (-1.0, 0.5, 1.5, 3.0, 7.0):
        moved = loaded(tmp_path, HEAD.replace("0.3, 2", f"{x}, {x + 0.1}") + TABLE + text)
        before = sd.simulate(moved)["out"].to_numpy()
        widths = {kink.width: 1e-9 for kink in smoothing.kinks}
        after = compile(smoothing.system, constants=["x", *widths], outputs=["out"])
        run = after.run(constants={"x": [x, x + 0.1], **widths})
        np.testing.assert_allclose(run["out"].to_numpy(), before, rtol=1e-8, atol=1e-8)
    assert system["out"].kind is Kind.AUXILIARY


# --- what stays exact -------------------------------------------------------------------------------------------------

STAYING = {
    "out[K] = IF THEN ELSE(x[K] > 0, y[K] / x[K], 0) ~~|": "a branch may be no number",
    "share = x[k1] * 2 ~~|\nout[K] = IF THEN ELSE(share > 0, LN(x[k1]), 0) ~~|": "a branch may be no number",
    "out[K] = IF THEN ELSE(Time > 2, MIN(y[K] / x[K], 3), 0) ~~|": "stands in a branch",
    "out[K] = IF THEN ELSE(x[K] = 2, 1, 0) ~~|": "not made of comparisons",
    "out[K] = IF THEN ELSE(x[K], 1, 0) ~~|": "not made of comparisons",
    "out[K] = IF THEN ELSE(MAX(x[K], y[K]) = 2 :AND: z > 0, 1, 0) ~~|": "not made of comparisons",
    "out[K] = SUM(MIN(x[K], x[K!])) ~~|": "same subscript range",
    "out[K] = MIN(x[K], 1e30) ~~|": "stands for no limit",
    "far = 1e20 ~~|\nout[K] = MAX(x[K], far) ~~|": "stands for no limit",
    "out[K] = IF THEN ELSE(x[K] > 3, y[K], 1e30) ~~|": "stands for no limit",
    "out[K] = IF THEN ELSE(x[K] > 0, y[K], :NA:) ~~|": "is missing",
    "out[K] = INTEGER(x[K]) ~~|": "again and again",
    "out[K] = ZIDZ(y[K], ABS(x[K])) ~~|": "divisor",
    "out[K] = XIDZ(1, x[K], 3) ~~|": "division",
    "out[K] = STEP(1, x[K]) ~~|": "jumps with the time",
    "out[K] = PULSE(x[K], 1) ~~|": "jumps with the time",
}


@pytest.mark.parametrize("equation", STAYING)
def test_what_has_no_smooth_neighbour_stays_exact_and_is_told(equation: str, tmp_path: Path) -> None:
    """With the variable and the reason; the run is the same to the last bit."""
    system, smoothing = case(tmp_path, equation)
    assert {each.variable for each in smoothing.left} == {"out"}
    assert any(STAYING[equation] in str(each) for each in smoothing.left)
    assert not smoothing.kinks
    before, (after,) = runs(system, smoothing, [1.0])
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(
    "equation",
    [
        "out[K] = MIN(Time, 3) ~~|",
        "out[K] = IF THEN ELSE(Time > 2, x[K], y[K]) ~~|",
        "out[K] = x[K] * t(Time) ~~|",
        "out[K] = STEP(x[K], 2) ~~|",
        "out[K] = x[K] / y[K] ~~|",
    ],
)
def test_what_no_lever_switches_stays_as_it_is(equation: str, tmp_path: Path) -> None:
    """Neither smoothed nor told."""
    system, smoothing = case(tmp_path, equation)
    assert (smoothing.kinks, smoothing.left) == ((), ())
    assert smoothing.system["out"] == system["out"]


def test_only_what_levers_reach_is_smoothed(tmp_path: Path) -> None:
    """MIN of what no lever moves is exact, MIN of what follows from a lever is not."""
    text = "far[K] = MIN(y[K], 0.7) ~~|\nmid[K] = x[K] + far[K] ~~|\nout[K] = MIN(mid[K], y[K]) ~~|"
    _, smoothing = case(tmp_path, text, moved=["x"])
    assert [kink.variable for kink in smoothing.kinks] == ["out"]


def test_smoothing_twice_finds_nothing_new_in_the_stand_ins(tmp_path: Path) -> None:
    """Stand-ins are smooth, though they choose between two ways to write them."""
    system, smoothing = case(tmp_path, "".join(FUNCTIONS["nested"]))
    again = smooth(smoothing.system, set(smoothing.system.variables) - {"t"})
    assert (again.kinks, again.left) == ((), ())
    assert not compile(smoothing.system, constants=["x"]).model.kinks
    assert compile(system, constants=["x"]).model.kinks
