"""Influences, causes, effects and feedback loops of small models whose loops are known."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.expressions import call, expression

from sd_models.analysis.loops import (
    INITIAL_ARGUMENT,
    Loop,
    Polarity,
    causes_of,
    feedback_loops,
    influences,
    reached_from,
    variable_signs,
)
from sd_models.errors import InvalidRequest
from sd_models.system.expression import Expr, Number, Ref
from sd_models.system.functions import STATEFUL
from sd_models.system.model import Equation, Kind, Series, System, Variable


def stock(name: str, flow: Expr, initial: Expr | float = 100) -> Variable:
    return Variable(name, Kind.STOCK, (), (Equation((), flow, expression(initial)),))


def auxiliary(name: str, expr: Expr) -> Variable:
    return Variable(name, Kind.AUXILIARY, (), (Equation((), expr),))


def constant(name: str, value: float) -> Variable:
    return Variable(name, Kind.CONSTANT, (), (Equation((), Number(value)),))


def model(*variables: Variable) -> System:
    return System("model", {variable.name: variable for variable in variables})


POPULATION = model(
    stock("population", call("-", "births", "deaths"), Ref("start")),
    auxiliary("births", call("*", "population", "birth rate")),
    auxiliary("deaths", call("/", "population", "lifetime")),
    auxiliary("lifetime", call("*", "normal lifetime", call("LOOKUP", "crowding effect", "population"))),
    Variable(
        "crowding effect",
        Kind.TABLE,
        (),
        (Equation((), Series(np.array([0.0, 1000.0]), np.array([1.0, 0.1]))),),
    ),
    constant("birth rate", 0.03),
    constant("normal lifetime", 70),
    constant("start", 100),
    auxiliary("growth", call("+", call("*", 0, "Time"), "births")),
)


def test_the_loops_of_a_population() -> None:
    """Births reinforce, deaths balance, crowding balances."""
    assert [str(loop) for loop in feedback_loops(POPULATION)] == [
        "population -> births -> population (reinforcing)",
        "population -> deaths -> population (balancing)",
        "population -> lifetime -> deaths -> population (balancing)",
    ]


def test_links_tell_how_they_pass_and_which_way_they_move() -> None:
    """Into a stock, at once, or only into an initial value; a table has no sign."""
    edges = influences(POPULATION).edges
    assert edges["births", "population"] == {"stock": True, "initial": False, "sign": 1}
    assert edges["deaths", "population"] == {"stock": True, "initial": False, "sign": -1}
    assert edges["population", "births"] == {"stock": False, "initial": False, "sign": 1}
    assert edges["start", "population"] == {"stock": False, "initial": True, "sign": None}
    assert edges["crowding effect", "lifetime"]["sign"] is None
    assert "Time" not in influences(POPULATION)


def test_what_an_input_reaches_and_what_causes_an_outcome() -> None:
    """Initial values count; the nearest variables come first; names may be spelt as models allow."""
    assert reached_from(POPULATION, "Birth_Rate")[:3] == ("births", "population", "growth")
    assert set(reached_from(POPULATION, "start")) == {"population", "births", "deaths", "lifetime", "growth"}
    assert causes_of(POPULATION, "lifetime")[:3] == ("normal lifetime", "crowding effect", "population")
    assert causes_of(POPULATION, "start") == ()
    with pytest.raises(InvalidRequest, match="birth rate"):
        reached_from(POPULATION, "birth rat")


def test_a_stock_may_feed_on_itself() -> None:
    """A loop of one variable."""
    system = model(stock("x", call("/", call("-", "goal", "x"), 5)), constant("goal", 7))
    assert feedback_loops(system) == (Loop(("x",), Polarity.BALANCING),)


def test_predators_and_prey() -> None:
    """Catching prey starves the prey and feeds the predators; the rest are births and deaths."""
    system = model(
        stock("prey", call("-", "prey births", "prey deaths")),
        auxiliary("prey births", call("*", 0.5, "prey")),
        auxiliary("prey deaths", call("*", call("*", 0.01, "prey"), "predators")),
        stock("predators", call("-", "predator births", "predator deaths")),
        auxiliary("predator births", call("*", 0.1, "prey deaths")),
        auxiliary("predator deaths", call("*", 0.2, "predators")),
    )
    assert {loop.variables: loop.polarity for loop in feedback_loops(system)} == {
        ("prey", "prey births"): Polarity.REINFORCING,
        ("prey", "prey deaths"): Polarity.BALANCING,
        ("predators", "predator deaths"): Polarity.BALANCING,
        ("predators", "prey deaths", "predator births"): Polarity.REINFORCING,
    }


@pytest.mark.parametrize(
    ("expr", "polarity"),
    [
        (call("SMOOTH", "x", 5, "x", 1), Polarity.REINFORCING),
        (call("DELAY", call("-", "x"), 5, 0, 3), Polarity.BALANCING),
        (call("DELAY FIXED", "x", "x", 0), Polarity.UNKNOWN),
        (call("SIN", "x"), Polarity.UNKNOWN),
        (call("MAX", 0, call("-", 1, "x")), Polarity.BALANCING),
        (call("*", "x", "unknown"), Polarity.UNKNOWN),
        (call("*", "x", "known"), Polarity.REINFORCING),
    ],
    ids=range(7),
)
def test_polarity_follows_from_the_form_of_every_link(expr: Expr, polarity: Polarity) -> None:
    """One link of unknown sign makes the loop unknown."""
    unknown = auxiliary("unknown", call("SIN", "Time"))
    known = auxiliary("known", call("EXP", "unknown"))
    system = model(stock("x", Ref("y")), auxiliary("y", expr), unknown, known)
    assert [loop.polarity for loop in feedback_loops(system) if len(loop.variables) == 2] == [polarity]


def test_functions_with_a_memory_close_loops_as_stocks_do() -> None:
    """A circle through a smooth is feedback; one through initial values only is none."""
    smoothed = model(auxiliary("a", call("SMOOTH", "b", 5, 0, 1)), auxiliary("b", call("*", 2, "a")))
    assert feedback_loops(smoothed) == (Loop(("a", "b"), Polarity.REINFORCING),)
    initial = model(stock("x", Number(1.0), Ref("y")), auxiliary("y", call("SMOOTH", 1, 5, "x", 1)))
    assert feedback_loops(initial) == ()
    assert influences(initial).edges["x", "y"]["initial"]


def test_circles_of_elements_are_no_feedback() -> None:
    """An auxiliary that refers to its own other elements has no stock in the circle."""
    assert feedback_loops(model(auxiliary("a", call("+", "a", 1)))) == ()


@pytest.mark.parametrize("name", sorted(STATEFUL))
def test_every_function_with_a_memory_names_its_initial_value(name: str) -> None:
    """A new one fails here until its initial argument is said."""
    assert name in INITIAL_ARGUMENT


def test_stocks_have_the_sign_of_their_initial_values() -> None:
    """A stock that starts at zero counts as not negative, an unknown start as unknown."""
    system = model(
        stock("a", Number(-1.0), 0),
        stock("b", Number(1.0), call("-", "a")),
        stock("c", Number(1.0), call("SIN", "a")),
        auxiliary("d", call("*", "a", "b")),
        auxiliary("e", call("*", "a", "c")),
        auxiliary("circle", call("+", "circle", 1)),
    )
    assert variable_signs(system).values == {"a": 1, "b": -1, "c": None, "d": -1, "e": None, "circle": None}


def random_model(draws: list[tuple[int, int]], size: int) -> System:
    """Variables of which every fourth is a stock, with a link for each draw."""
    sums: dict[int, Expr] = {i: Number(1.0) for i in range(size)}
    for cause, effect in draws:
        sums[effect % size] = call("+", sums[effect % size], f"v{cause % size}")
    return model(*(stock(f"v{i}", sums[i]) if i % 4 == 0 else auxiliary(f"v{i}", sums[i]) for i in range(size)))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=40), st.integers(2, 12))
def test_the_loops_of_any_model_are_circles_that_differ(draws: list[tuple[int, int]], size: int) -> None:
    """Each is a circle of links through a stock, starts at a stock, and has a link that no shorter one has."""
    system = random_model(draws, size)
    graph, covered = influences(system), set[tuple[str, str]]()
    loops = feedback_loops(system)
    assert [len(loop.variables) for loop in loops] == sorted(len(loop.variables) for loop in loops)
    for loop in loops:
        links = set(zip(loop.variables, (*loop.variables[1:], loop.variables[0]), strict=True))
        assert all(graph.has_edge(*link) for link in links)
        assert system.variables[loop.variables[0]].kind is Kind.STOCK
        assert links - covered
        covered |= links


def test_loops_stay_bounded_in_large_models() -> None:
    """Hundreds of variables with millions of circles; the limit holds."""
    numbers = np.random.default_rng(1).integers(0, 400, size=(1000, 2))
    system = random_model([(int(cause), int(effect)) for cause, effect in numbers], 400)
    started = time.perf_counter()
    assert len(feedback_loops(system, limit=50)) == 50
    assert time.perf_counter() - started < 10
