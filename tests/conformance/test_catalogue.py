"""The catalogue of functions is complete and true: every name has a target or a reason, every target PySD's value.

Each compiled function is one or several rows of `CASES`: how it is written, and arguments away from its kinks. One
model holds them all; its run is compared with PySD's, and its derivatives with differences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from pysd.builders.python.python_functions import functionspace
from pysd.translators.vensim.vensim_structures import operators as vensim_operators
from pysd.translators.vensim.vensim_structures import structures as vensim_structures
from pysd.translators.xmile.xmile_structures import operators as xmile_operators
from pysd.translators.xmile.xmile_structures import structures as xmile_structures
from support.agreement import disagreeing

import sd_models as sd
from sd_models.dynamics.timing import control_values
from sd_models.errors import UnsupportedFunction
from sd_models.reference.replay import replay
from sd_models.rewrites import expand_stateful
from sd_models.rewrites.smoothing import REASONS, SMOOTHED
from sd_models.system.expression import functions
from sd_models.system.functions import FUNCTIONS, canonical
from sd_models.system.model import Series, System, Values
from sd_models.targets.table import TARGETS

FOLDER = Path(__file__).parents[1] / "models"
FILES = sorted(path for ending in ("mdl", "xmile") for path in FOLDER.rglob(f"*.{ending}"))
COMPILED = sorted(name for name, function in FUNCTIONS.items() if function.compiled)
# Parts of PySD's syntax trees that are no functions.
SYNTAX = {"reference", "subscripts_ref", "arithmetic", "logic", "call", "lookup", "inline_lookup", "data"}


# --- every name -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_one_fate(name: str) -> None:
    """It is compiled, or rewritten in a stage that exists, or has a reason in a sentence; never two of these."""
    function = FUNCTIONS[name]
    assert [function.compiled, bool(function.rewritten), bool(function.reason)].count(True) == 1
    assert function.rewritten in ("", "flattening", "rewrites.stateful")
    assert not function.reason or function.reason.endswith(".")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_every_target_or_a_reason(name: str, target: str) -> None:
    """An implementation, or in a sentence why there is none; neither for what does not reach the target."""
    found = TARGETS[target]
    implemented, reason = name in found.implementations, found.reasons.get(name, "")
    assert implemented + bool(reason) == (name in found.expected)
    assert not reason or reason.endswith(".")


@pytest.mark.parametrize("name", [name for name in COMPILED if not FUNCTIONS[name].smooth])
def test_a_function_with_kinks_is_smoothed_or_has_a_reason(name: str) -> None:
    """A stand-in, or in a sentence why there is none."""
    reason = REASONS.get(name, "")
    assert (name in SMOOTHED) + bool(reason) == 1
    assert not reason or reason.endswith(".")


def test_only_functions_with_kinks_are_smoothed() -> None:
    """Nothing else is in the tables of stand-ins and reasons."""
    assert {*SMOOTHED, *REASONS} == {name for name in COMPILED if not FUNCTIONS[name].smooth}


@pytest.mark.parametrize("target", TARGETS)
def test_every_implementation_is_in_the_catalogue(target: str) -> None:
    """No target knows a function that the catalogue does not."""
    assert {*TARGETS[target].implementations, *TARGETS[target].reasons} <= set(FUNCTIONS)


@pytest.mark.parametrize("name", sorted({*functionspace, *vensim_structures, *xmile_structures} - SYNTAX))
def test_every_name_of_pysd_is_in_the_catalogue(name: str) -> None:
    """Whatever PySD's two front ends hand on has an entry."""
    assert canonical(name) in FUNCTIONS


@pytest.mark.parametrize(
    "operator", sorted({o for table in (vensim_operators, xmile_operators) for row in table.values() for o in row})
)
def test_every_operator_of_pysd_is_in_the_catalogue(operator: str) -> None:
    """Operators are functions, by their sign or by their word."""
    assert operator.strip(":").upper() in FUNCTIONS


def test_an_unknown_name_is_in_no_catalogue() -> None:
    """What is not known has no entry."""
    assert canonical("fft") is None


# --- every rewrite ----------------------------------------------------------------------------------------------------


def called(system: System) -> set[str]:
    """The functions that the equations of a system call."""
    sides = [side for v in system for e in v.equations for side in (e.definition, e.initial)]
    return {name for s in sides if s is not None and not isinstance(s, Series | Values) for name in functions(s)}


@pytest.fixture(scope="module")
def systems() -> list[System]:
    """The systems of all feature models."""
    beside = {"data_bare.mdl", "data_beside.mdl"}
    return [sd.load(path, data=[FOLDER / "beside.csv"] if path.name in beside else ()) for path in FILES]


def test_no_function_outlives_its_stage(systems: list[System]) -> None:
    """After flattening, and after the memory is expanded, only functions of later stages are left."""
    for system in systems:
        assert all(FUNCTIONS[name].rewritten != "flattening" for name in called(system)), system.name
        control = control_values(system)
        expanded = expand_stateful(system, initial_time=control["INITIAL TIME"], time_step=control["TIME STEP"])
        assert all(FUNCTIONS[name].compiled for name in called(expanded)), system.name


# How a function of the catalogue is spelled in the feature models, where that is not its name and a parenthesis.
SPELLINGS: Mapping[str, str] = {
    **{name: re.escape(name) for name in ("+", "-", "*", "/", "^", "=", "<>", "<", "<=", ">", ">=")},
    **{name: rf":?{name}:?" for name in ("AND", "OR", "NOT")},
    "DELAY": r"DELAY[13]I?\(",
    "SMOOTH": r"SMOOTH3?I?\(",
    "LOOKUP": r"curve\(",
    "PI": r"\bPI\b",
    "PULSE MAGNITUDE": r"PULSE\(8, 2\)",
    "FORECAST": r"(FORECAST|FORCST)\(",
}


@pytest.mark.parametrize("name", [name for name, function in FUNCTIONS.items() if not function.reason])
def test_a_feature_model_uses_the_function(name: str) -> None:
    """Every function that can be run stands in some feature model."""
    spelling = SPELLINGS.get(name, rf"{re.escape(name)}\s*\(")
    assert any(re.search(spelling, path.read_text(encoding="utf-8")) for path in FILES), name


REFUSED: Mapping[str, str] = {
    "RANDOM 0 1": "RANDOM 0 1()",
    "RANDOM UNIFORM": "RANDOM UNIFORM(0, 1, 7)",
    "RANDOM NORMAL": "RANDOM NORMAL(0, 1, 0.5, 0.1, 7)",
    "RANDOM EXPONENTIAL": "RANDOM EXPONENTIAL(0, 1, 0.5, 0.1, 7)",
    "ALLOCATE AVAILABLE": "ALLOCATE AVAILABLE(wish[K], profile[K, P], 5)",
    "A FUNCTION OF": "A FUNCTION OF(wish)",
}


def test_every_function_with_a_reason_is_refused_below() -> None:
    """The table of refused calls is complete."""
    assert set(REFUSED) == {name for name, function in FUNCTIONS.items() if function.reason}


@pytest.mark.parametrize("name", REFUSED)
def test_a_function_with_a_reason_is_refused_by_name(name: str, tmp_path: Path) -> None:
    """The error names file, line, variable, function and reason; nothing is approximated."""
    subscripts = "[K]" if "[K]" in REFUSED[name] else ""
    text = f"{HEAD}wish[K] = 1, 2, 3 ~~|\nprofile[K, P] = 1, 2; 3, 4; 5, 6; ~~|\nx{subscripts} = {REFUSED[name]} ~~|\n"
    path = written(tmp_path, text)
    with pytest.raises(UnsupportedFunction) as caught:
        sd.load(path)
    assert FUNCTIONS[name].reason in str(caught.value)
    assert (caught.value.faults[0].variable, caught.value.faults[0].file) == ("x", path.name)


# --- every compiled function ------------------------------------------------------------------------------------------

HEAD = """{UTF-8}
K: k1, k2, k3 ~~|
P: p1, p2 ~~|
Q: q1, q2 ~~|
curve((-2,1),(0,3),(1,-1),(4,2)) ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 4 ~~|
TIME STEP = 0.25 ~~|
SAVEPER = TIME STEP ~~|
clock = INTEG(1, 0) ~~|
"""
SIGNS = ("=", "<>", "<", "<=", ">", ">=")
NUMBERS = (-1.7, 0.3, 2.6)
PAIRS = ((1.3, 2.2), (-0.7, 1.9), (2.5, -1.2), (3.4, 0.6))


@dataclass(frozen=True)
class Case:
    """A function as it is written, with a place for each argument, and tuples of arguments: arrays over `axes`.

    `smooth` is false for arguments so near to a kink that differences would step over it.
    """

    template: str
    arguments: tuple[tuple[float, ...], ...]
    axes: str = ""
    smooth: bool = True


def single(template: str, *arguments: float) -> Case:
    return Case(template, tuple((argument,) for argument in arguments or NUMBERS))


def condition(operator: str) -> Case:
    return Case(f"IF THEN ELSE({{0}} {operator} {{1}}, 2 * {{0}}, 3 + {{1}})", PAIRS)


def over(function: str) -> Case:
    return Case(f"{function}({{}}[K!])", ((1.5, -2.2, 0.4), (3.0, 5.0, -4.0)), "K")


CASES: Mapping[str, tuple[Case, ...]] = {
    "+": (Case("{} + {}", PAIRS),),
    "-": (Case("{} - {}", PAIRS), single("-{}")),
    "*": (Case("{} * {}", PAIRS),),
    "/": (Case("{} / {}", PAIRS),),
    "^": (Case("{} ^ {}", ((1.3, 2.2), (0.7, -1.9), (2.5, 0))),),
    "POWER": (Case("POWER({}, {})", ((1.3, 2.2), (0.7, -1.9))),),
    **{sign: (condition(sign),) for sign in SIGNS},
    "AND": (Case("IF THEN ELSE({0} > 0 :AND: {1} > 1, {0}, {1})", PAIRS),),
    "OR": (Case("IF THEN ELSE({0} > 0 :OR: {1} > 1, {0}, {1})", PAIRS),),
    "NOT": (Case("IF THEN ELSE(:NOT: ({0} > 0), {0}, {1})", PAIRS),),
    "IF THEN ELSE": (Case("IF THEN ELSE({}, {}, {})", ((1, 2.5, 3.5), (0, 2.5, 3.5), (0.5, 2.5, 3.5))),),
    **{name: (single(f"{name}({{}})"),) for name in ("EXP", "SIN", "COS", "TAN", "ARCTAN", "SINH", "COSH", "TANH")},
    **{name: (single(f"{name}({{}})", 0.2, 1.7, 30),) for name in ("LN", "SQRT")},
    **{name: (single(f"{name}({{}})", -0.6, 0.1, 0.8),) for name in ("ARCSIN", "ARCCOS")},
    "LOG": (Case("LOG({}, {})", ((0.4, 10), (7, 2.5), (7, 0.3))),),
    "MIN": (Case("MIN({}, {})", PAIRS),),
    "MAX": (Case("MAX({}, {})", PAIRS),),
    "ABS": (single("ABS({})"),),
    "INTEGER": (single("INTEGER({})", -2.6, -0.4, 0.4, 3.7),),
    "QUANTUM": (Case("QUANTUM({}, {})", ((7.3, 2), (-7.3, 2), (1.2, 0.25), (3.3, 0), (3.3, -2))),),
    "MODULO": (Case("MODULO({}, {})", ((7.3, 2), (-7.3, 2), (1.2, 0.25))),),
    "XIDZ": (
        Case("XIDZ({}, {}, {})", ((1, 2, 3), (-2, -3, 4))),
        Case("XIDZ({}, {}, {})", ((1, 1e-7, 3), (1, -1e-7, 3), (1, 1.1e-6, 3)), smooth=False),
    ),
    "ZIDZ": (
        Case("ZIDZ({}, {})", ((1, 2), (-2, -3))),
        Case("ZIDZ({}, {})", ((1, 1e-7), (1, 0), (1, -1.1e-6)), smooth=False),
    ),
    "STEP": (Case("STEP({}, {})", ((2.5, 1.1), (2.5, -1), (2.5, 9))),),
    "PULSE": (Case("{} * PULSE({}, {})", ((2, 1.1, 0.8), (2, -1, 1.6), (2, 1.1, 0.05))),),
    "PULSE TRAIN": (Case("{} * PULSE TRAIN({}, {}, {}, {})", ((2, 0.55, 0.27, 1.15, 3.2), (2, 0.55, 0.27, 0, 3.2))),),
    "RAMP": (Case("RAMP({}, {}, {})", ((1.5, 1.1, 2.8), (-1.5, -2, 9), (1.5, 8, 9))),),
    "SUM": (over("SUM"),),
    "PROD": (over("PROD"),),
    "VMIN": (over("VMIN"),),
    "VMAX": (over("VMAX"),),
    "LOOKUP": (single("curve({})", -3, -1.3, 0.6, 2.2, 5),),
    "INVERT MATRIX": (Case("INVERT MATRIX({}[P, Q], 2)", ((4, 1, -2, 3), (0.5, 2, 1, 0.1)), "P, Q"),),
}
# XMILE's PULSE spreads a magnitude over one step; Vensim has no word for it.
XMILE_ONLY = {"PULSE MAGNITUDE"}


@dataclass(frozen=True)
class Row:
    """One variable of the model: a function with one tuple of arguments."""

    name: str
    case: Case
    arguments: tuple[float, ...]

    @property
    def constants(self) -> dict[str, tuple[float, ...]]:
        """The constants that are its arguments; an array is one of them."""
        if self.case.axes:
            return {f"{self.name} given": self.arguments}
        return {f"{self.name} given {i}": (value,) for i, value in enumerate(self.arguments)}

    def text(self) -> str:
        """Its equation and those of its arguments."""
        axes = f"[{self.case.axes}]" if self.case.axes else ""
        given = "".join(f"{name}{axes} = {_listed(values)} ~~|\n" for name, values in self.constants.items())
        left = f"{self.name}{axes}" if self.case.axes == "P, Q" else self.name
        return f"{given}{left} = {self.case.template.format(*self.constants)} ~~|\n"


def _listed(values: tuple[float, ...]) -> str:
    """Numbers of a constant: one, a list, or rows of two."""
    texts = [f"{value:g}" for value in values]
    return ", ".join(texts) if len(texts) != 4 else f"{texts[0]}, {texts[1]}; {texts[2]}, {texts[3]};"


def rows() -> Iterator[Row]:
    for function, cases in CASES.items():
        for i, case in enumerate(cases):
            for j, arguments in enumerate(case.arguments):
                yield Row(f"row {list(CASES).index(function)} {i} {j}", case, arguments)


ROWS = {row.name: row for row in rows()}


def written(folder: Path, text: str) -> Path:
    path = folder / "catalogue.mdl"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a variable for every row."""
    return written(tmp_path_factory.mktemp("catalogue"), HEAD + "".join(row.text() for row in ROWS.values()))


def test_every_compiled_function_has_cases() -> None:
    """A new function needs a row in the table above."""
    assert set(CASES) == set(COMPILED) - XMILE_ONLY


def test_values_are_pysd_s(catalogue: Path) -> None:
    """Every function with every tuple of arguments, at every time."""
    assert not disagreeing(sd.simulate(sd.load(catalogue)), replay(catalogue))


def test_derivatives_are_difference_quotients(catalogue: Path) -> None:
    """Every function by each of its arguments, summed over all times, away from kinks."""
    system, step = sd.load(catalogue), 1e-6
    names = [name for row in ROWS.values() for name in row.constants]
    outcomes = {row: sd.Outcome(row, sd.Measure.INTEGRAL) for row in ROWS}
    simulator = sd.compile(system, constants=names, outputs=list(ROWS))
    found = sd.sensitivities(simulator, outcomes, constants=names)
    assert not {kink.variable for kink in found.kinks}
    for row in (row for row in ROWS.values() if row.case.smooth):
        for name, values in row.constants.items():
            shifts = step * np.kron(np.eye(len(values)), [[1.0], [-1.0]])
            batch = (np.array(values) + shifts).reshape(-1, *system.shape(system[name]))
            given = xr.DataArray(batch, dims=("run", *system[name].dimensions))
            ends = simulator.run(constants={name: given})[row.name].isel(time=slice(0, -1))
            sums = ends.sum([d for d in ends.dims if d != "run"]).to_numpy() * 0.25
            gradient = found.gradients[name].sel(outcome=row.name).to_numpy().ravel()
            assert gradient == pytest.approx((sums[::2] - sums[1::2]) / (2 * step), rel=1e-6, abs=1e-6), (row, name)


# Arguments on a kink of the function itself; what AND, OR, NOT and IF THEN ELSE jump with is a comparison.
KINKS: Mapping[str, Case] = {
    **{
        sign: Case(f"IF THEN ELSE({{}} {sign} {{}}, 2, 3)", ((1.5, 1.5),)) for sign in ("=", "<>", "<", "<=", ">", ">=")
    },
    "MIN": Case("MIN({}, {})", ((1.5, 1.5),)),
    "MAX": Case("MAX({}, {})", ((1.5, 1.5),)),
    "ABS": single("ABS({})", 0),
    "INTEGER": single("INTEGER({})", 2),
    "QUANTUM": Case("QUANTUM({}, {})", ((4, 2),)),
    "MODULO": Case("MODULO({}, {})", ((4, 2),)),
    "XIDZ": Case("XIDZ({}, {}, {})", ((1, 1e-6, 3),)),
    "ZIDZ": Case("ZIDZ({}, {})", ((1, -1e-6),)),
    "LOOKUP": single("curve({})", 1),
    "VMIN": Case("VMIN({}[K!])", ((1, 1, 2),), "K"),
    "VMAX": Case("VMAX({}[K!])", ((1, 2, 2),), "K"),
    "STEP": Case("STEP({}, {})", ((2, 1.125),)),
    "RAMP": Case("RAMP({}, {}, {})", ((2, 1, 3),)),
    "PULSE": Case("PULSE({}, {})", ((1.125, 0.75),)),
    "PULSE TRAIN": Case("PULSE TRAIN({}, {}, {}, {})", ((1, 0.75, 1.5, 3),)),
}
JUMPING_WITH_A_COMPARISON = {"AND", "OR", "NOT", "IF THEN ELSE"}


def test_every_function_with_kinks_has_a_case() -> None:
    """A new function that is not smooth needs a row in the table above."""
    kinked = {name for name in COMPILED if not FUNCTIONS[name].smooth}
    assert kinked == {*KINKS, *JUMPING_WITH_A_COMPARISON, *XMILE_ONLY}


@pytest.mark.parametrize("name", KINKS)
def test_a_kink_is_told(name: str, tmp_path: Path) -> None:
    """Where an argument that is an input stands on a kink, the sensitivities name the variable."""
    row = Row("kinked", KINKS[name], KINKS[name].arguments[0])
    system = sd.load(written(tmp_path, HEAD + row.text()))
    found = sd.sensitivities(system, ["kinked"], constants=list(row.constants))
    assert {kink.variable for kink in found.kinks} == {"kinked"}


# --- XMILE's own ------------------------------------------------------------------------------------------------------

PULSES = """<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<sim_specs><start>0</start><stop>4</stop><dt>0.25</dt></sim_specs>
<model><variables>
<aux name="size"><eqn>3</eqn></aux>
<aux name="once"><eqn>PULSE(size, 1.5)</eqn></aux>
<aux name="often"><eqn>PULSE(size, 0.5, 1.25)</eqn></aux>
</variables></model></xmile>
"""


def test_a_pulse_of_xmile_is_spread_over_one_step(tmp_path: Path) -> None:
    """Its integral is its magnitude, once or in every interval; so is its derivative by the magnitude."""
    path = tmp_path / "pulses.xmile"
    path.write_text(PULSES, encoding="utf-8")
    assert not disagreeing(sd.simulate(sd.load(path)), replay(path))
    outcomes = {name: sd.Outcome(name, sd.Measure.INTEGRAL) for name in ("once", "often")}
    found = sd.sensitivities(sd.load(path), outcomes, constants=["size"])
    assert found.values.to_numpy().tolist() == [3, 9]
    assert found.gradients["size"].to_numpy().tolist() == [1, 3]
