"""Problems whose optimum is known in closed form, for the equations of their model files in steps of TIME STEP.

Each is a folder of `models/` with a model and a plan. Seed 0 is what these say; other seeds draw constants and the
discount, and the closed form is that of the drawn ones. A multiplier has the sign of `Solution`: positive where an
upper side is active.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from inspect import signature
from typing import TypeAlias

import numpy as np
import pyomo.environ as pyo

from sd_models.system.model import FloatArray

from ..problems.problem import Problem
from ..problems.program import Program
from ..problems.pyomo_model import Constraints
from ..solvers.traits import Trait
from .instance import Extent, Instance
from .stating import kept_problem, stated

FAMILY = "known optima"
SEEDS = {Extent.SMALL: 8, Extent.MEDIUM: 4, Extent.LARGE: 2}
LONGER = {Extent.SMALL: 1, Extent.MEDIUM: 10, Extent.LARGE: 100}


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


def growth(
    *,
    elasticity: float = 0.3,
    productivity: float = 5.0,
    first_capital: float = 0.2,
    discount_rate: float = 0.1,
    weight_of_capital: float = 0.5,
    periods: int = 12,
) -> Optimum:
    """Brock and Mirman (1972) with a finite horizon: V_t = a_t + b_t ln k, b_t = elasticity (1 + beta b_t+1)."""
    beta = np.exp(-discount_rate)
    after = np.empty(periods)
    value = weight_of_capital
    for t in reversed(range(periods)):
        after[t] = beta * value
        value = elasticity * (1.0 + after[t])
    shares = after / (1.0 + after)
    capital, welfare = first_capital, 0.0
    for t, share in enumerate(shares):
        output = productivity * capital**elasticity
        welfare += beta**t * np.log((1.0 - share) * output)
        capital = share * output
    return Optimum(float(welfare + weight_of_capital * beta**periods * np.log(capital)), shares)


def two_capitals(
    *,
    elasticity_of_capital: float = 0.3,
    elasticity_of_knowledge: float = 0.25,
    productivity: float = 5.0,
    first_capital: float = 0.2,
    first_knowledge: float = 0.1,
    discount_rate: float = 0.1,
    periods: int = 12,
) -> Optimum:
    """Brock and Mirman (1972) with two kinds of capital: V_t = a_t + b_t ln k + c_t ln h, shares as these are worth."""
    beta, powers = np.exp(-discount_rate), np.array([elasticity_of_capital, elasticity_of_knowledge])
    after, worth = np.empty((periods, 2)), np.array([0.5, 0.4])
    for t in reversed(range(periods)):
        after[t] = beta * worth
        worth = powers * (1.0 + after[t].sum())
    shares = after / (1.0 + after.sum(axis=1, keepdims=True))
    stocks, welfare = np.array([first_capital, first_knowledge]), 0.0
    for t, share in enumerate(shares):
        output = productivity * np.prod(stocks**powers)
        welfare += beta**t * np.log((1.0 - share.sum()) * output)
        stocks = share * output
    welfare += beta**periods * float(np.array([0.5, 0.4]) @ np.log(stocks))
    return Optimum(float(welfare), shares.T.ravel())


def cake(*, whole_cake: float = 6.0, discount: float = 0.2, periods: int = 20) -> Optimum:
    """Hotelling (1931): marginal utility, discounted, is the same at all times: c_t = beta^t / price."""
    step = 0.5
    factors = np.exp(-discount * step * np.arange(periods))
    price = step * factors.sum() / whole_cake
    eating = factors / price
    objective = float(step * (factors * np.log(eating)).sum())
    return Optimum(objective, eating, {"no more than there is": np.array([-price])})


def regulator(
    *,
    first_position: float = 1.0,
    first_velocity: float = -0.5,
    damping: float = 0.2,
    cost_of_pushing: float = 0.1,
    periods: int = 20,
) -> Optimum:
    """Riccati's recursion for the linear-quadratic regulator (Kalman 1960)."""
    step = 0.25
    a, b = np.array([[1.0, step], [0.0, 1.0 - damping * step]]), np.array([0.0, step])
    q, r = step * np.diag([2.0, 0.5]), step * cost_of_pushing
    value = np.diag([4.0, 1.0])
    gains = []
    for _ in range(periods):
        gain = (b @ value @ a) / (r + b @ value @ b)
        value = q + a.T @ value @ (a - np.outer(b, gain))
        gains.append(gain)
    at = begin = np.array([first_position, first_velocity])
    pushes = []
    for gain in reversed(gains):
        pushes.append(-gain @ at)
        at = a @ at + b * pushes[-1]
    return Optimum(float(begin @ value @ begin), np.array(pushes))


def reinvestment(*, growth_rate: float = 0.7, periods: int = 16) -> Optimum:
    """All or nothing: V_t = m_t x, reinvest while a machine more is worth more than what it sells for."""
    step = 0.25
    worth, later, shares = 0.0, [], []
    for _ in range(periods):
        later.append(worth)
        shares.append(float(growth_rate * worth > 1.0))
        worth = step * (1.0 - shares[-1]) + worth * (1.0 + growth_rate * step * shares[-1])
    levers, after = np.array(shares[::-1]), np.array(later[::-1])
    machines = np.concatenate([[1.0], np.cumprod(1.0 + growth_rate * step * levers)[:-1]])
    return Optimum(worth, levers, bounds=machines * step * (growth_rate * after - 1.0))


def fishery(
    *,
    first_fish: float = 2.0,
    growth_rate: float = 0.8,
    capacity: float = 10.0,
    price: float = 3.0,
    discount: float = 0.05,
    periods: int = 20,
) -> Optimum:
    """Clark (1976): nothing is caught until the stock yields the rate of discount, then its growth, at last the rest.

    The yield of the golden stock is beta (1 + F') = 1; the sum of revenues is a sum of single-peaked functions of the
    stock alone, so that the quickest approach is best (Spence and Starrett 1975).
    """
    beta, left = np.exp(-discount), 3.0
    golden = 0.5 * capacity * (1.0 - (1.0 / beta - 1.0) / growth_rate)
    fish, catches = first_fish, []
    for t in range(periods):
        grown = fish + growth_rate * fish * (1.0 - fish / capacity)
        fish = min(grown, golden) if t < periods - 1 else left
        catches.append(grown - fish)
    revenue = price * (beta ** np.arange(periods) @ np.array(catches))
    return Optimum(float(revenue), np.array(catches), {"fish left": np.array([-price * beta ** (periods - 1)])})


def pollution_cap(
    *, first_pollution: float = 1.0, decay: float = 0.2, discount: float = 0.1, periods: int = 20
) -> Optimum:
    """Emissions fall by beta (1 - decay) a step until the cap is reached; there they are what decays.

    The price of pollution grows as it decays and is discounted, p_t = p_t+1 (1 - decay) + price of the cap.
    """
    step, cap = 0.5, 5.0
    keep, beta = 1.0 - decay * step, np.exp(-discount * step)
    fall, still = beta * keep, decay * cap
    factors = beta ** np.arange(periods)
    for reached in range(1, periods + 1):
        shape = fall ** np.arange(reached)
        first = (cap - keep**reached * first_pollution) / (step * (keep ** np.arange(reached)[::-1] @ shape))
        if first * shape[-1] >= still >= first * shape[-1] * fall:
            break
    emission = np.append(first * shape, np.full(periods - reached, still))
    price = factors / emission  # of pollution after each step
    caps = np.zeros(periods)
    caps[reached:] = price[reached - 1 : -1] - keep * price[reached:]
    objective = float(step * (factors * np.log(emission)).sum())
    return Optimum(objective, emission, {"cap": caps, "cap at the end": price[-1:]})


def state_budget(
    *,
    first_wealth: float = 100.0,
    interest: float = 0.1,
    share_that_may_be_spent: float = 0.12,
    discount_rate: float = 0.03,
    weight_of_wealth: float = 4.0,
    periods: int = 30,
) -> Optimum:
    """Merton's (1969) share of wealth, or the budget's where that is less: V_t = a_t + b_t ln w for both."""
    step, share = 0.5, share_that_may_be_spent
    beta, grown = np.exp(-discount_rate * step), 1.0 + interest * step
    after = np.empty(periods)
    value = weight_of_wealth
    for t in reversed(range(periods)):
        after[t] = beta * value
        value = step + after[t]
    spent = np.minimum(grown / (step + after), share)
    wealth = first_wealth * np.concatenate([[1.0], np.cumprod(grown - step * spent)])
    factors = beta ** np.arange(periods)
    objective = step * (factors * np.log(spent * wealth[:-1])).sum()
    objective += weight_of_wealth * beta**periods * np.log(wealth[-1])
    prices = factors * step * (1.0 / spent - after / (grown - step * spent)) / wealth[:-1]
    return Optimum(float(objective), spent * wealth[:-1], {"budget": np.maximum(prices, 0.0)})


def quadratic_limit(*, length: float = 2.0) -> Optimum:
    """Cauchy and Schwarz: effort in proportion to prices, as long as the square root of its sum of squares allows."""
    prices = np.array([1.0, 1.5, 2.0, 2.5, 3.0, 2.75, 2.5, 2.25])
    norm = float(np.linalg.norm(prices))
    levers, multiplier = length * prices / norm, np.array([norm / (2.0 * length)])
    return Optimum(length * norm, levers, quadratics=multiplier, constraints=partial(_tired, length))


def _tired(length: float, model: pyo.ConcreteModel) -> None:
    model.tired = pyo.Constraint(expr=sum(effort**2 for effort in model.levers.values()) <= length**2)


def water_filling(
    *, need: tuple[float, ...] = (4.0, 3.0, 2.0, 1.0), price: tuple[float, ...] = (1.0, 2.0, 0.5, 6.0)
) -> Optimum:
    """The same marginal benefit wherever anything is spent: x = max(0, need * weight / price of the budget - price)."""
    needs, costs = np.array(need), np.array(price)
    factors = np.exp(-0.05 * 0.5 * np.arange(6))
    weights = 0.5 * factors.reshape(3, 2).sum(axis=1)
    spending, prices = np.empty((4, 3)), np.empty(3)
    for period, (weight, budget) in enumerate(zip(weights, (4.0, 7.0, 10.0), strict=True)):
        spending[:, period], prices[period] = _filled(needs, costs, float(weight), budget)
    benefits = (needs[:, np.newaxis] * np.log(1.0 + spending / costs[:, np.newaxis])).sum(axis=0)
    return Optimum(float(weights @ benefits), spending.ravel(), {"budget": prices})


def _filled(need: FloatArray, price: FloatArray, weight: float, budget: float) -> tuple[FloatArray, float]:
    """What each region gets of a budget, and what a unit more of it would bring."""
    served = np.ones(len(need), dtype=bool)
    while True:
        level = weight * need[served].sum() / (budget + price[served].sum())
        wanted = need * weight / level - price
        if (wanted[served] >= 0).all():
            return np.where(served, wanted, 0.0), float(level)
        served &= wanted >= 0


def pollution_tax(
    *,
    first_pollution: float = 4.0,
    decay: float = 0.1,
    benefit: float = 5.0,
    damage: float = 0.1,
    discount: float = 0.04,
    periods: int = 24,
) -> Optimum:
    """Pigou (1920): emit until the marginal benefit is the damage of a ton to come, discounted and decayed."""
    step = 0.5
    keep, beta = 1.0 - decay * step, np.exp(-discount * step)
    lag = np.subtract.outer(np.arange(periods), np.arange(periods)) - 1
    gathers = np.where(lag >= 0, step * keep ** np.maximum(lag, 0.0), 0.0)  # pollution at each time by each emission
    first = first_pollution * keep ** np.arange(periods)
    weights = step * beta ** np.arange(periods)
    harm = damage * gathers.T @ (weights[:, np.newaxis] * gathers)
    emission = np.linalg.solve(np.diag(weights) + harm, benefit * weights - damage * gathers.T @ (weights * first))
    pollution = first + gathers @ emission
    assert (emission > 0).all()
    welfare = benefit * emission - 0.5 * emission**2 - 0.5 * damage * pollution**2
    return Optimum(float(weights @ welfare), emission)


def circle(*, periods: int = 4) -> Optimum:
    """Maratos (1978): along a curved limit whole steps lose by any merit function, however near the optimum is.

    The slope of 2 (x^2 + y^2 - 1) - x + price * (x^2 + y^2 - 1) is none at (1, 0) for the price -3/2.
    """
    return Optimum(-float(periods), np.repeat([1.0, 0.0], periods), {"on the circle": np.full(periods, -1.5)})


# --- the table --------------------------------------------------------------------------------------------------------

Drawn: TypeAlias = float | tuple[float, ...]


@dataclass(frozen=True)
class Known:
    """A folder of `models/`: its closed form, what seeds draw and from where, and what it asks of a solver.

    A parameter of the closed form is the constant of the model of that name with blanks, or the discount of the plan;
    one with several ranges has a value for each element of `dimension`. `longer` is how many times as many periods
    large instances have at most (0: no other number than the plan's), and `thinned` are rates that fall as these grow.
    """

    optimum: Callable[..., Optimum]
    ranges: Mapping[str, tuple[tuple[float, float], ...]]
    traits: frozenset[Trait]
    periods: int = 0
    longer: int = 100
    thinned: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()

    def drawn(self, seed: int) -> dict[str, Drawn]:
        """Parameters of a seed with three digits; none for seed 0, which is the file as it stands."""
        if not seed:
            return {}
        draw = np.random.default_rng(seed)
        found = {name: tuple(float(f"{draw.uniform(*r):.3g}") for r in each) for name, each in self.ranges.items()}
        return {name: values if len(values) > 1 else values[0] for name, values in found.items()}

    def parameters(self, seed: int, longer: int = 1) -> dict[str, Drawn]:
        """The same for a horizon that is so many times as long."""
        found = self.drawn(seed)
        if longer == 1:
            return found
        whole = {name: kind.default for name, kind in signature(self.optimum).parameters.items()}
        thin = {name: found.get(name, whole[name]) / longer for name in self.thinned}
        return {**found, **thin, "periods": self.periods * longer}


def _one(**ranges: tuple[float, float]) -> dict[str, tuple[tuple[float, float], ...]]:
    return {name: (one,) for name, one in ranges.items()}


LIMITED = frozenset({Trait.LIMITS})
CURVED = frozenset({Trait.CURVED, Trait.NONCONVEX})
PRODUCTS = frozenset({Trait.QUADRATIC_ROWS, Trait.NONCONVEX})
OF_PLANS = ("discount", "periods", "length")  # parameters that stand in no model
REGIONS = ("East", "Central", "West", "Northeast")
KNOWN: Mapping[str, Known] = {
    "growth": Known(
        growth,
        _one(elasticity=(0.2, 0.5), productivity=(3.0, 8.0), first_capital=(0.1, 0.5), discount_rate=(0.03, 0.2)),
        CURVED,
        12,
    ),
    "two_capitals": Known(
        two_capitals,
        _one(
            elasticity_of_capital=(0.2, 0.4),
            elasticity_of_knowledge=(0.15, 0.35),
            productivity=(3.0, 8.0),
            first_capital=(0.1, 0.5),
            first_knowledge=(0.05, 0.3),
            discount_rate=(0.03, 0.2),
        ),
        CURVED,
        12,
    ),
    "cake": Known(cake, _one(whole_cake=(3.0, 9.0), discount=(0.05, 0.3)), CURVED | LIMITED, 20, thinned=("discount",)),
    "regulator": Known(
        regulator,
        _one(first_position=(-2.0, 2.0), first_velocity=(-2.0, 2.0), damping=(0.0, 1.0), cost_of_pushing=(0.01, 1.0)),
        PRODUCTS,
        20,
    ),
    "reinvestment": Known(reinvestment, _one(growth_rate=(0.4, 1.2)), PRODUCTS, 16, longer=2),
    "fishery": Known(
        fishery,
        _one(
            first_fish=(2.2, 3.2),
            growth_rate=(0.6, 1.0),
            capacity=(9.0, 12.0),
            price=(1.0, 5.0),
            discount=(0.02, 0.1),
        ),
        PRODUCTS | LIMITED,
        20,
    ),
    "pollution_cap": Known(
        pollution_cap,
        _one(first_pollution=(0.5, 2.0), decay=(0.15, 0.3), discount=(0.05, 0.15)),
        CURVED | LIMITED,
        20,
    ),
    "state_budget": Known(
        state_budget,
        _one(
            first_wealth=(100.0, 300.0),
            interest=(0.06, 0.12),
            share_that_may_be_spent=(0.08, 0.2),
            discount_rate=(0.01, 0.06),
            weight_of_wealth=(2.0, 8.0),
        ),
        CURVED | LIMITED,
        30,
        longer=0,  # wealth, and so what is spent, would leave the plan's bounds
    ),
    "quadratic_limit": Known(
        quadratic_limit, _one(length=(1.0, 5.0)), frozenset({Trait.QUADRATIC_ROWS, Trait.LIMITS}), longer=0
    ),
    "water_filling": Known(
        water_filling,
        {"need": ((1.0, 6.0),) * 4, "price": ((0.5, 8.0),) * 4},
        CURVED | LIMITED,
        longer=0,
        elements=REGIONS,
    ),
    "pollution_tax": Known(
        pollution_tax,
        _one(
            first_pollution=(2.0, 5.0),
            decay=(0.1, 0.2),
            benefit=(5.0, 8.0),
            damage=(0.05, 0.1),
            discount=(0.02, 0.08),
        ),
        PRODUCTS,
        24,
        longer=10,
    ),
    "circle": Known(circle, {}, PRODUCTS | LIMITED | {Trait.EQUALITIES}, 4),
}
OPTIMA: Mapping[str, Callable[..., Optimum]] = {name: known.optimum for name, known in KNOWN.items()}


def optimum_of(name: str, seed: int, longer: int = 1) -> Optimum:
    """What is known of the problem of a seed."""
    return KNOWN[name].optimum(**KNOWN[name].parameters(seed, longer))


def problem_of(name: str, seed: int, longer: int = 1) -> Problem:
    """The model and the plan with what a seed draws."""
    known = KNOWN[name]
    given = known.parameters(seed, longer)
    constants: dict[str, float] = {}
    for parameter, value in given.items():
        words = parameter.replace("_", " ")
        if parameter in OF_PLANS:
            continue
        if isinstance(value, tuple):
            constants |= {f"{words}[{e}]": one for e, one in zip(known.elements, value, strict=True)}
        else:
            constants[words] = value
    plan = {parameter: value for parameter, value in given.items() if not isinstance(value, tuple)}
    periods = known.periods * longer if longer > 1 else None
    return kept_problem(name, constants=constants, discount=plan.get("discount"), periods=periods)


def program_of(name: str, longer: int, *, seed: int) -> Program:
    """The program of a seed."""
    return stated(
        problem_of(name, seed, longer),
        optimum_of(name, seed, longer).constraints,
        products=Trait.QUADRATIC_ROWS in KNOWN[name].traits,
    )


def known_optima(extent: Extent, seed: int) -> Iterator[Instance]:
    """Each folder: with several seeds, or with a longer horizon."""
    for name, known in KNOWN.items():
        longer = min(LONGER[extent], known.longer)
        if extent is not Extent.SMALL and longer <= 1:
            continue
        seeds = SEEDS[extent] if known.ranges else 1
        for each in range(seed, seed + seeds):
            yield Instance(
                family=FAMILY,
                name=name.replace("_", "-") + (f"-{known.periods * longer}" if longer > 1 else ""),
                seed=each,
                make=program_of,
                parameters={"name": name, "longer": longer or 1},
                traits=known.traits,
                known=optimum_of(name, each, longer or 1).objective,
                source=(known.optimum.__doc__ or "").partition(":")[0],
            )
