"""The order of evaluation, and circles."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.models import faults, loaded

import sd_models as sd
from sd_models.errors import InvalidModel
from sd_models.system.expression import Call, Expr, Number, Ref
from sd_models.system.model import Equation, Kind, System, Variable
from sd_models.system.ordering import Stage, dependencies, stages

CHAIN = "age: a1, a2, a3, a4 ~~|\nolder: a2, a3, a4 -> younger ~~|\nyounger: a1, a2, a3 ~~|\n"


def auxiliary(name: str, *needs: str, kind: Kind = Kind.AUXILIARY, initial: Expr | None = None) -> Variable:
    """A variable that is the sum of what it needs."""
    side: Expr = Call("+", tuple(Ref(need) for need in needs)) if needs else Number(1.0)
    return Variable(name, kind, (), (Equation((), side, initial),))


def system(*variables: Variable) -> System:
    """A system of these variables."""
    return System("model", {variable.name: variable for variable in variables})


@given(st.data())
def test_every_variable_follows_what_it_needs(data: st.DataObject) -> None:
    """For any graph without circles, and only what the wanted variables need stands in the order."""
    size = data.draw(st.integers(1, 8))
    edges = {n: data.draw(st.sets(st.integers(0, n - 1))) if n else set[int]() for n in range(size)}
    shuffled = data.draw(st.permutations(range(size)))
    model = system(*(auxiliary(f"v{n}", *(f"v{m}" for m in sorted(edges[n]))) for n in shuffled))
    wanted = [f"v{n}" for n in data.draw(st.sets(st.integers(0, size - 1)))]
    names = [stage.variables[0] for stage in stages(model, wanted)]
    assert set(wanted) <= set(names)
    for i, name in enumerate(names):
        assert dependencies(model.variables[name]) <= set(names[:i])
    needed = set(wanted).union(*(dependencies(model.variables[name]) for name in names))
    assert needed == set(names)


def test_a_stock_needs_nothing_at_a_time_but_its_initial_value_does() -> None:
    """Nor do data, tables, and what is given."""
    stock = auxiliary("s", "flow", kind=Kind.STOCK, initial=Ref("start"))
    assert dependencies(stock) == frozenset()
    assert dependencies(stock, initial=True) == {"start"}
    assert dependencies(auxiliary("a", "Time", "b")) == {"b"}
    model = system(auxiliary("a", "b"), auxiliary("b", "c"), auxiliary("c"))
    assert [stage.variables for stage in stages(model, ["a"], given=frozenset({"b"}))] == [("b",), ("a",)]


def test_an_auxiliary_with_an_initial_equation_needs_that_at_the_start() -> None:
    """So a circle that runs through it is none for initial values."""
    a = auxiliary("a", "s", initial=Number(3.0))
    s = auxiliary("s", "a", kind=Kind.STOCK, initial=Ref("a"))
    assert [stage.circular for stage in stages(system(a, s), ["s"], initial=True)] == [False, False]


def test_a_circle_is_one_stage() -> None:
    """What it needs stands before it, what needs it behind it."""
    model = system(auxiliary("z", "a"), auxiliary("a", "b"), auxiliary("b", "a", "c"), auxiliary("c"))
    expected = (Stage(("c",), False), Stage(("a", "b"), True), Stage(("z",), False))
    assert stages(model, ["z"]) == expected


@pytest.mark.parametrize(
    ("text", "line", "variable", "circle"),
    [
        (
            "a = b + 1 ~~|\nb = c ~~|\nc = a * 2 ~~|",
            2,
            "b",
            "these equations need each other at the same time: b <- c <- a <- b.",
        ),
        ("a = a + 1 ~~|", 1, "a", "these equations need each other at the same time: a <- a."),
        (
            "s = INTEG(1, r) ~~|\nr = INTEG(1, q) ~~|\nq = s ~~|",
            1,
            "s",
            "these initial values need each other at the same time: s <- r <- q <- s.",
        ),
        (
            f"{CHAIN}x[a1] = y[a1] ~~|\nx[older] = x[younger] ~~|\ny[age] = x[a4] ~~|",
            6,
            "y",
            "these equations need each other at the same time: y[a1] <- x[a4] <- x[a3] <- x[a2] <- x[a1] <- y[a1].",
        ),
        (
            "a = INITIAL(b) ~~|\nb = INITIAL(a) ~~|",
            1,
            "a: INITIAL",
            "these initial values need each other at the same time: a: INITIAL <- b <- b: INITIAL <- a <- a: INITIAL.",
        ),
    ],
)
def test_a_true_circle_is_shown_as_the_loop(tmp_path: Path, text: str, line: int, variable: str, circle: str) -> None:
    """Variable by variable or element by element, with what breaks it."""
    (fault,) = faults(InvalidModel, lambda: sd.compile(loaded(tmp_path, text)))
    assert fault.found == circle
    assert fault.advice.startswith("Break the loop with a stock or a delay, or with ACTIVE INITIAL")
    assert (fault.file, fault.line, fault.variable) == ("case.mdl", line, variable)


def test_elements_may_need_other_elements_of_their_own_variable(tmp_path: Path) -> None:
    """A cohort needs the one before it; two variables may take turns."""
    text = (
        f"{CHAIN}x[a1] = Time ~~|\nx[older] = x[younger] * 2 ~~|"
        "\ny[a1] = 1 ~~|\ny[older] = z[younger] + 1 ~~|\nz[age] = y[age] * 10 ~~|\ntotal = SUM(z[age!]) ~~|"
    )
    run = sd.simulate(loaded(tmp_path, text)).isel(time=-1)
    assert run["x"].values.tolist() == [4, 8, 16, 32]
    assert run["y"].values.tolist() == [1, 11, 111, 1111]
    assert float(run["total"]) == 12340


def test_given_numbers_may_start_a_recursion(tmp_path: Path) -> None:
    """A row of them for the first element, the rest from one row to the next."""
    text = f"{CHAIN}b: b1, b2 ~~|\nx[a1, b] = 1, 2 ~~|\nx[older, b] = x[younger, b] * 2 + SUM(x[younger, b!]) ~~|"
    run = sd.simulate(loaded(tmp_path, text))
    assert run["x"].isel(time=0).values.tolist() == [[1, 2], [5, 7], [22, 26], [92, 100]]


def test_initial_values_may_need_elements_of_their_own_variable(tmp_path: Path) -> None:
    """And flows those of other elements, whatever the order."""
    text = f"{CHAIN}s[a1] = INTEG(-s[a1], 8) ~~|\ns[older] = INTEG(s[younger] - s[older], s[younger] / 2) ~~|"
    run = sd.simulate(loaded(tmp_path, text))
    assert run["s"].isel(time=0).values.tolist() == [8, 4, 2, 1]
    assert run["s"].isel(time=1).values.tolist() == [4, 6, 3, 1.5]
