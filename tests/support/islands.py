"""A small model of islands that spend on goods, as a file, and the same equations by hand in NumPy.

Two dimensions with a subrange each, levers with and without bounds, a budget that grows with what it feeds, and a price
that no lever moves: what limits of plans can refer to.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

ISLANDS = ("north", "south", "east")
GOODS = ("rice", "steel", "books")
WARM, HARD = (1, 2), (0, 1)  # positions in the subranges
FIRST, LAST, STEP = 0.0, 6.0, 0.5
FIRST_CAPITAL = np.array([[4.0, 1.0, 2.0], [6.0, 2.0, 3.0], [8.0, 3.0, 4.0]])
PEOPLE = np.array([1.0, 2.0, 3.0])
RETURNS = np.array([0.1, 0.2, 0.3])
OWN_SPENDING = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]])

MODEL = """{UTF-8}
island: north, south, east ~~|
warm: south, east ~~|
good: rice, steel, books ~~|
hard: rice, steel ~~|
spending[island, good] = 0.1, 0.2, 0.3; 0.4, 0.5, 0.6; 0.7, 0.8, 0.9; ~ money/Year [0, 9] ~ Lever: what is bought. |
tax rate = 0.2 ~ 1/Year [0.05, 0.5] ~ Lever: share of capital that is taxed. |
capital[island, good] = INTEG(spending[island, good] - tax rate * capital[island, good],
    first capital[island, good]) ~ money ~ What was bought and is not worn. |
first capital[island, good] = 4, 1, 2; 6, 2, 3; 8, 3, 4; ~ money ~|
returns[good] = 0.1, 0.2, 0.3 ~ 1/Year ~|
income[island] = SUM(returns[good!] * capital[island, good!]) ~ money/Year ~ What capital yields. |
total income = SUM(income[island!]) ~ money/Year ~ What all capital yields. |
welfare = SUM(LN(1 + capital[island!, good!])) ~ Dmnl ~ What all capital is worth. |
budget = 2 + 0.5 * total income ~ money/Year ~ Grows with what it feeds. |
people[island] = 1, 2, 3 ~ person ~|
price = 1 + 0.1 * Time ~ Dmnl ~ Follows no lever. |
ceiling[island] = 3, 4, 5 ~ money/Year ~|
INITIAL TIME = 0 ~ Year ~ |
FINAL TIME = 20 ~ Year ~ |
TIME STEP = 0.5 ~ Year ~ |
SAVEPER = 1 ~ Year ~ |
"""

Path = npt.NDArray[np.float64]


def simulated(spending: Path, tax: Path) -> dict[str, Path]:
    """The run by Euler's method from 0 to 6: spending (points, islands, goods), tax (points)."""
    times = np.arange(FIRST, LAST + STEP / 2, STEP)
    capital = np.zeros((len(times), 3, 3))
    capital[0] = FIRST_CAPITAL
    for i in range(len(times) - 1):
        capital[i + 1] = capital[i] + STEP * (spending[i] - tax[i] * capital[i])
    income = capital @ RETURNS
    total = income.sum(axis=1)
    return {
        "time": times,
        "spending": spending,
        "tax rate": tax,
        "capital": capital,
        "income": income,
        "total income": total,
        "budget": 2 + 0.5 * total,
        "price": 1 + 0.1 * times,
        "welfare": np.log(1 + capital).sum(axis=(1, 2)),
        "people": np.broadcast_to(PEOPLE, (len(times), 3)),
    }


BUDGET = {"name": "annual budget", "sum": "spending", "over": ["island", "good"], "at_most": "budget"}
FLOOR = {"name": "floor", "sum": "spending", "over": ["good"], "at_least": 0.5}


def small_plan(**changes: Any) -> dict[str, Any]:
    """A plan with a budget, floors and one interior optimum, solved in an instant."""
    return plan(
        **{
            "objective": {"maximize": "welfare", "discount": 0.04},
            "lever": [{"variable": "spending", "upper": 2.0}],
            "limit": [BUDGET, FLOOR],
            **changes,
        }
    )


def plan(**changes: Any) -> dict[str, Any]:
    """A plan from 2 to 5 with yearly spending, which changes replace in part."""
    return {
        "model": "islands.mdl",
        "horizon": [2, 5],
        "objective": {"maximize": "total income"},
        "lever": [{"variable": "spending", "upper": 5.0}],
        **changes,
    }
