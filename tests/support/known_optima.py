"""Problems whose optimum is known in closed form, for the equations of their model files in steps of TIME STEP.

Each folder of `problems/` holds a model and a plan; here stand the optimum, the levers that reach it, in the order of
x, and prices of limits. A multiplier has the sign of `Solution`: positive where an upper side is active.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyomo.environ as pyo

import sd_models as sd
from optimize.plans.plan import load_plan
from optimize.problems.problem import Problem
from optimize.problems.program import Program
from optimize.problems.pyomo_model import Constraints, state
from optimize.problems.pyomo_reader import program
from sd_models.system.model import FloatArray

FOLDER = Path(__file__).parent / "problems"


@dataclass(frozen=True, eq=False)
class Optimum:
    """What is known: objective, levers, multipliers by limit, of bounds, and of quadratic constraints; NaN: not known.

    `constraints` is what a person adds to the Pyomo model.
    """

    objective: float
    levers: FloatArray
    multipliers: Mapping[str, FloatArray] = field(default_factory=dict)
    bounds: FloatArray | None = None
    quadratics: FloatArray | None = None
    constraints: Constraints | None = None


def problem(name: str) -> Problem:
    """The model of a folder bound to its plan."""
    plan = load_plan(FOLDER / name / "plan.toml")
    return Problem(sd.load(plan.model), plan)


def stated(given: Problem, constraints: Constraints | None = None) -> Program:
    """The arrays of a problem, with what a person adds."""
    return program(state(given, constraints), given)


def _growth() -> Optimum:
    """Brock and Mirman (1972) with a finite horizon: V_t = a_t + b_t ln k, b_t = alpha (1 + beta b_t+1)."""
    alpha, beta, periods = 0.3, np.exp(-0.1), 12
    after = np.empty(periods)
    value = 0.5
    for t in reversed(range(periods)):
        after[t] = beta * value
        value = alpha * (1.0 + after[t])
    shares = after / (1.0 + after)
    capital, welfare = 0.2, 0.0
    for t, share in enumerate(shares):
        output = 5.0 * capital**alpha
        welfare += beta**t * np.log((1.0 - share) * output)
        capital = share * output
    return Optimum(welfare + 0.5 * beta**periods * np.log(capital), shares)


def _cake() -> Optimum:
    """Hotelling (1931): marginal utility, discounted, is the same at all times: c_t = beta^t / price."""
    step, size = 0.5, 6.0
    discount = np.exp(-0.2 * step * np.arange(20))
    price = step * discount.sum() / size
    eating = discount / price
    objective = float(step * (discount * np.log(eating)).sum())
    return Optimum(objective, eating, {"no more than there is": np.array([-price])})


def _regulator() -> Optimum:
    """Riccati's recursion for the linear-quadratic regulator (Kalman 1960)."""
    step = 0.25
    a, b = np.array([[1.0, step], [0.0, 1.0 - 0.2 * step]]), np.array([0.0, step])
    q, r = step * np.diag([2.0, 0.5]), step * 0.1
    value = np.diag([4.0, 1.0])
    gains = []
    for _ in range(20):
        gain = (b @ value @ a) / (r + b @ value @ b)
        value = q + a.T @ value @ (a - np.outer(b, gain))
        gains.append(gain)
    at = begin = np.array([1.0, -0.5])
    pushes = []
    for gain in reversed(gains):
        pushes.append(-gain @ at)
        at = a @ at + b * pushes[-1]
    return Optimum(float(begin @ value @ begin), np.array(pushes))


def _reinvestment() -> Optimum:
    """All or nothing: V_t = m_t x, reinvest while a machine more is worth more than what it sells for."""
    step, rate = 0.25, 0.7
    worth, later, shares = 0.0, [], []
    for _ in range(16):
        later.append(worth)
        shares.append(float(rate * worth > 1.0))
        worth = step * (1.0 - shares[-1]) + worth * (1.0 + rate * step * shares[-1])
    levers, after = np.array(shares[::-1]), np.array(later[::-1])
    machines = np.concatenate([[1.0], np.cumprod(1.0 + rate * step * levers)[:-1]])
    return Optimum(worth, levers, bounds=machines * step * (rate * after - 1.0))


def _fishery() -> Optimum:
    """Clark (1976): nothing is caught until the stock yields the rate of discount, then its growth, at last the rest.

    The yield of the golden stock is beta (1 + F') = 1; the sum of revenues is a sum of single-peaked functions of the
    stock alone, so that the quickest approach is best (Spence and Starrett 1975).
    """
    beta, years, left = np.exp(-0.05), 20, 3.0
    golden = 5.0 * (1.0 - (1.0 / beta - 1.0) / 0.8)
    fish, catches = 2.0, []
    for t in range(years):
        grown = fish + 0.8 * fish * (1.0 - fish / 10.0)
        fish = min(grown, golden) if t < years - 1 else left
        catches.append(grown - fish)
    revenue = 3.0 * (beta ** np.arange(years) @ np.array(catches))
    return Optimum(float(revenue), np.array(catches), {"fish left": np.array([-3.0 * beta ** (years - 1)])})


def _pollution_cap() -> Optimum:
    """Emissions fall by beta (1 - decay) a step until the cap is reached; there they are what decays.

    The price of pollution grows as it decays and is discounted, p_t = p_t+1 (1 - decay) + price of the cap.
    """
    step, cap, count = 0.5, 5.0, 20
    keep, beta = 1.0 - 0.2 * step, np.exp(-0.1 * step)
    fall, still = beta * keep, 0.2 * cap
    discount = beta ** np.arange(count)
    for reached in range(1, count + 1):
        shape = fall ** np.arange(reached)
        first = (cap - keep**reached) / (step * (keep ** np.arange(reached)[::-1] @ shape))
        if first * shape[-1] >= still >= first * shape[-1] * fall:
            break
    emission = np.append(first * shape, np.full(count - reached, still))
    price = discount / emission  # of pollution after each step
    caps = np.zeros(count)
    caps[reached:] = price[reached - 1 : -1] - keep * price[reached:]
    objective = float(step * (discount * np.log(emission)).sum())
    return Optimum(objective, emission, {"cap": caps, "cap at the end": price[-1:]})


def _state_budget() -> Optimum:
    """Merton's (1969) share of wealth, or the budget's where that is less: V_t = a_t + b_t ln w for both."""
    step, count, share = 0.5, 30, 0.12
    beta, grown = np.exp(-0.03 * step), 1.0 + 0.1 * step
    after = np.empty(count)
    value = 4.0
    for t in reversed(range(count)):
        after[t] = beta * value
        value = step + after[t]
    spent = np.minimum(grown / (step + after), share)
    wealth = 100.0 * np.concatenate([[1.0], np.cumprod(grown - step * spent)])
    discount = beta ** np.arange(count)
    objective = step * (discount * np.log(spent * wealth[:-1])).sum() + 4.0 * beta**count * np.log(wealth[-1])
    prices = discount * step * (1.0 / spent - after / (grown - step * spent)) / wealth[:-1]
    return Optimum(float(objective), spent * wealth[:-1], {"budget": np.maximum(prices, 0.0)})


def _quadratic_limit() -> Optimum:
    """Cauchy and Schwarz: effort in proportion to prices, as long as the square root of its sum of squares allows."""
    prices, length = np.array([1.0, 1.5, 2.0, 2.5, 3.0, 2.75, 2.5, 2.25]), 2.0
    norm = float(np.linalg.norm(prices))

    def tired(model: pyo.ConcreteModel) -> None:
        model.tired = pyo.Constraint(expr=sum(effort**2 for effort in model.levers.values()) <= length**2)

    levers, multiplier = length * prices / norm, np.array([norm / (2.0 * length)])
    return Optimum(length * norm, levers, quadratics=multiplier, constraints=tired)


def _water_filling() -> Optimum:
    """The same marginal benefit wherever anything is spent: x = max(0, need * weight / price of the budget - price)."""
    need, price = np.array([4.0, 3.0, 2.0, 1.0]), np.array([1.0, 2.0, 0.5, 6.0])
    discount = np.exp(-0.05 * 0.5 * np.arange(6))
    weights = 0.5 * discount.reshape(3, 2).sum(axis=1)
    spending, prices = np.empty((4, 3)), np.empty(3)
    for period, (weight, budget) in enumerate(zip(weights, (4.0, 7.0, 10.0), strict=True)):
        served = np.ones(4, dtype=bool)
        while True:
            level = weight * need[served].sum() / (budget + price[served].sum())
            wanted = need * weight / level - price
            if (wanted[served] >= 0).all():
                break
            served &= wanted >= 0
        spending[:, period], prices[period] = np.where(served, wanted, 0.0), level
    benefits = (need[:, np.newaxis] * np.log(1.0 + spending / price[:, np.newaxis])).sum(axis=0)
    return Optimum(float(weights @ benefits), spending.ravel(), {"budget": prices})


def _pollution_tax() -> Optimum:
    """Pigou (1920): emit until the marginal benefit is the damage of a ton to come, discounted and decayed."""
    step, count = 0.5, 24
    keep, beta = 1.0 - 0.1 * step, np.exp(-0.04 * step)
    lag = np.subtract.outer(np.arange(count), np.arange(count)) - 1
    gathers = np.where(lag >= 0, step * keep ** np.maximum(lag, 0.0), 0.0)  # pollution at each time by each emission
    first = 4.0 * keep ** np.arange(count)
    weights = step * beta ** np.arange(count)
    damage = 0.1 * gathers.T @ (weights[:, np.newaxis] * gathers)
    emission = np.linalg.solve(np.diag(weights) + damage, 5.0 * weights - 0.1 * gathers.T @ (weights * first))
    pollution = first + gathers @ emission
    assert (emission > 0).all()
    return Optimum(float(weights @ (5.0 * emission - 0.5 * emission**2 - 0.05 * pollution**2)), emission)


def _circle() -> Optimum:
    """Maratos (1978): along a curved limit whole steps lose by any merit function, however near the optimum is.

    The slope of 2 (x^2 + y^2 - 1) - x + price * (x^2 + y^2 - 1) is none at (1, 0) for the price -3/2.
    """
    count = 4
    return Optimum(-float(count), np.repeat([1.0, 0.0], count), {"on the circle": np.full(count, -1.5)})


OPTIMA: Mapping[str, Callable[[], Optimum]] = {
    "growth": _growth,
    "cake": _cake,
    "regulator": _regulator,
    "reinvestment": _reinvestment,
    "fishery": _fishery,
    "pollution_cap": _pollution_cap,
    "state_budget": _state_budget,
    "quadratic_limit": _quadratic_limit,
    "water_filling": _water_filling,
    "pollution_tax": _pollution_tax,
    "circle": _circle,
}
