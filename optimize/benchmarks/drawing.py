"""Small plans drawn at random, each with what makes solvers stumble.

A plan has one to eight values to decide. Its objective is a sum of shapes (`SHAPES`), each with a place where it has a
kink, a jump, a saddle, a flat or a minimum; the levers' own values, from where a search starts, are often just there.
Many plans have stocks between levers and objective. Limits hold by construction at one policy, the anchor. Units of
levers, limits and the objective differ by up to sixteen orders of magnitude, a constant is added, levers are idle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

import numpy as np

from sd_models.system.model import FloatArray

from .drawn_model import DrawnLever, DrawnModel, Points, Stock
from .drawn_plan import DrawnLimit, DrawnPlan, Truth

Random: TypeAlias = np.random.Generator
Item = TypeVar("Item")
MOST = 8  # values to decide
FAR = 1e9  # an upper bound that nothing comes near to
REACH = 16.0  # the natural range of levers without near bounds

# The shapes of objectives, of {t} and {s}, two levers or stocks, with {z} = t - c and {y} = s - c for a place {c}, and
# a factor {k} about 1. A shape that begins with "+" needs arguments that are not negative.
SHAPES: Mapping[str, tuple[str, ...]] = {
    "concave": ("-({z}^2)", "+LN(1 + {t})", "+SQRT({t} + 0.1)", "-EXP(-{k}*{t})", "{k}*{t}", "{t} - {k}*{z}^2"),
    "multimodal": (
        "-COS(3*{z})",
        "1/(1 + EXP(-6*{k}*{z}))",
        "1/(1 + EXP(-6*{k}*{z}))",
        "{k}*{z}^2",
        "-(({z}^2 - 1)^2)",
        "+{t}^1.5",
        "{z}^3",
        "{z}*{y}",
        "{z}^2 - {y}^2",
        "{z}^3 - 3*{z}*{y}^2",
    ),
    "kinked": (
        "MIN({z}, -2*{z})",
        "-ABS({z})",
        "ABS({z})",
        "MAX(0, {z})",
        "IF THEN ELSE({t} > {c}, 0.3*{z}, {z})",
        "IF THEN ELSE({t} > {c}, 2*{z}, 0.5*{z})",
        "{table}({t})",
        "{table}({t})",
        "-1e6*MAX(0, -{z})^2",
        "{t} - 1e6*MAX(0, {z})^2",
        "MIN({t}, {s})",
        "MAX({t}, {s})",
        "-ABS({z} - {y})",
    ),
    "jumping": (
        "IF THEN ELSE({t} > {c}, 1, 0)",
        "IF THEN ELSE({t} > {c}, 1 - 0.3*{z}, 0)",
        "INTEGER({t}) - 0.4*{t}",
        "IF THEN ELSE({t} > {c}, 0, {t})",
        "IF THEN ELSE({t} + {s} > 2*{c}, 1, 0) - 0.2*{t}",
        "ZIDZ({z}, ABS({z}))",
    ),
    "poles": (
        "0.1*XIDZ(1, {z}, 0)",
        "0.05/(ABS({z}) + 0.05)",
        "0.1/MAX({z}, 0.1)",
        "-0.05/MAX(ABS({z}), 0.01)",
        "0.3*LN(ABS({z}) + 0.01)",
    ),
}
POLE = "XIDZ"
MIXED = tuple(shape for shapes in SHAPES.values() for shape in shapes if POLE not in shape)
ENDLESS = ("{k}*{t}", "{t}^2", "{k}*{t} - COS({t})", "MAX({t}, 2*{t})")
LOADS = ("{t}^2", "{k}*{t} + {s}", "{t}*{s}", "EXP(0.5*{t})", "MAX({t}, 0.5*{t})", "{t} - {s}")
FAMILIES = (*SHAPES, "mixed", "unbounded", "infeasible")


def draw(number: int, families: Sequence[str] = FAMILIES) -> DrawnPlan:
    """The plan of a number."""
    random = np.random.default_rng([number, 8])
    return limited(random, _Objective.drawn(random, pick(random, families)).plan(random, number))


def pick(random: Random, items: Sequence[Item]) -> Item:
    """One of some items."""
    return items[int(random.integers(len(items)))]


def chance(random: Random, share: float) -> bool:
    """True in a share of cases."""
    return bool(random.random() < share)


def power(random: Random, share: float, low: float = -8.0, high: float = 8.0) -> float:
    """1, or in a share of cases a power of ten."""
    return float(10.0 ** np.round(random.uniform(low, high))) if chance(random, share) else 1.0


def filled(random: Random, shape: str, center: float, one: str, other: str) -> str:
    """A shape of two levers or stocks."""
    factor = round(float(random.uniform(0.5, 1.5)), 1)
    words = {"t": one, "s": other, "z": f"({one} - {center})", "y": f"({other} - {center})", "c": center, "k": factor}
    return shape.removeprefix("+").format(table="table", **words)


# --- levers and stocks ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Levers:
    """How levers of a plan are drawn: `center` is where the shapes have their place; far levers have no near bound."""

    center: float
    is_far: bool
    stocks: Sequence[str]

    def model(self, random: Random) -> DrawnModel:
        """Levers, and stocks that they fill."""
        periods, count, elements = pick(random, (1, 1, 2, 3)), pick(random, (1, 2, 2, 3)), pick(random, (2, 3, 4))
        levers, left = list[DrawnLever](), MOST // periods
        for name in "uvw"[:count]:
            fits = elements if elements <= left and chance(random, 0.5) else 0
            levers += [self.lever(random, name, fits)] if left else []
            left -= max(fits, 1) if left else 0
        steps = 4 if chance(random, 0.4) else 1
        stocks = [stock for lever in levers for stock in self.filled_by(random, lever)] if steps > 1 else []
        return DrawnModel(tuple(levers), periods, steps, tuple(map(natural, levers)), tuple(stocks))

    def lever(self, random: Random, name: str, elements: int) -> DrawnLever:
        """A lever with its own values."""
        lower = pick(random, (0.0, 0.0, 0.0, -1.0, -2.0))
        upper = pick(random, (FAR, np.inf) if self.is_far else (1.0, 2.0, 2.0 * self.center, 3.0, 5.0))
        near = (lower, REACH if self.is_far else upper)
        lever = DrawnLever(name, elements, power(random, 0.4), lower, upper, near)
        return replace(lever, own=self.own(random, lever))

    def own(self, random: Random, lever: DrawnLever) -> tuple[float, ...]:
        """Where a search starts: at the place of the shapes, at a bound, at zero, or anywhere."""
        low, high = lever.near[0], min(lever.near[1], lever.near[0] + 5.0)
        anywhere = random.uniform(low, high, lever.count)
        same = pick(random, (self.center, self.center, low, high, max(low, 0.0), np.nan))
        return tuple(float(min(value, high)) for value in np.where(np.isnan(same), anywhere, same))

    def filled_by(self, random: Random, lever: DrawnLever) -> list[Stock]:
        """The stocks that a lever fills."""
        left, late, flow = stock_of(lever), stock_of(lever, "late"), natural(lever)[0]
        kind = pick(random, self.stocks)
        rates = {
            "plain": f"{flow} - 0.2*{left}",
            "saturated": f"{flow}*(1 - {left}/6) - 0.1*{left}",
            "late": f"{late} - 0.2*{left}",
        }
        before = [Stock(late, f"{flow} - {late}", 0.2)] if kind == "late" else []
        return [*before, Stock(left, rates[kind], 0.3)] if kind in rates else []


def natural(lever: DrawnLever) -> tuple[str, str]:
    """The equation of a lever in its natural size."""
    name = lever.subscripted.replace(lever.name, f"natural_{lever.name}", 1)
    return name, f"{lever.subscripted} / {lever.scale:.10g}"


def stock_of(lever: DrawnLever, kind: str = "stock") -> str:
    """The name of a stock with its subscripts."""
    return lever.subscripted.replace(lever.name, f"{kind}_{lever.name}", 1)


def flows(lever: DrawnLever) -> list[str]:
    """Each element of a lever in its natural size; without a scale sometimes the lever itself."""
    name = lever.name if lever.scale == 1.0 else f"natural_{lever.name}"
    return [name + part for part in lever.parts]


def atoms(model: DrawnModel, lever: DrawnLever) -> list[str]:
    """What the objective sees of a lever: each element of its stock, or of itself."""
    if any(stock.name == stock_of(lever) for stock in model.stocks):
        return [f"stock_{lever.name}{part}" for part in lever.parts]
    return flows(lever)


# --- the objective ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Objective:
    """How an objective is drawn."""

    family: str
    levers: _Levers

    @classmethod
    def drawn(cls, random: Random, family: str) -> _Objective:
        """Of a family."""
        is_far = chance(random, 0.25) and family not in ("unbounded", "infeasible")
        is_plain = is_far or family == "unbounded"
        stocks = ("plain", "none") if is_plain else ("plain", "plain", "saturated", "late", "none")
        return cls(family, _Levers(round(float(random.uniform(0.4, 2.0)), 1), is_far, stocks))

    def plan(self, random: Random, number: int) -> DrawnPlan:
        """The plan without limits."""
        model = self.levers.model(random)
        ends = model.levers[:1] if self.family == "unbounded" else ()
        held = [lever for lever in model.levers if lever not in ends]
        seen = [lever for lever in held if not chance(random, 0.15)] or held
        weights = [power(random, 0.1, 3, 6) for _ in range(pick(random, (1, 1, 2)))]
        chosen = [self.shape(random, model) for _ in weights]
        parts = [
            f"{w:.10g}*({self.term(random, s, model, seen)})" for w, s in zip(weights, chosen, strict=True) if seen
        ]
        parts += [self.end(random, atoms(model, lever)) for lever in ends]
        parts += [f"-({max(weights):.10g}*({part}/2)^4)" for part in self.steep(model)]
        scale = power(random, 0.4)
        constant = float(pick(random, (-1.0, 1.0)) * 10.0 ** random.uniform(0, 6) * scale) * chance(random, 0.3)
        maximize = not chance(random, 0.3)
        gain = f"{scale:.10g}*({' + '.join(f'({part})' for part in parts)})"
        goal = ("gain" if maximize else "0 - gain") + (f" + {constant!r}" if constant else "")
        table = self.table(random)
        return DrawnPlan(
            number=number,
            family=self.family,
            model=replace(
                model,
                levers=tuple(replace(lever, upper=np.inf) if lever in ends else lever for lever in model.levers),
                equations=(*model.equations, ("gain", gain), ("f", goal)),
                tables={"table": table} if "table(" in gain else {},
            ),
            measure=pick(random, ("integral", "integral", "final", "mean")),
            maximize=maximize,
            limits=(),
            unit=scale * min(weights if parts else (1.0,)),
            constant=constant,
            truth=self.truth(gain),
        )

    def shape(self, random: Random, model: DrawnModel) -> str:
        """A shape that has values wherever the levers may be."""
        some = SHAPES.get(self.family, MIXED)
        is_negative = any(lever.lower < 0 for lever in model.levers) or "saturated" in self.levers.stocks
        return pick(random, [shape for shape in some if not (shape.startswith("+") and is_negative)])

    def term(self, random: Random, shape: str, model: DrawnModel, seen: Sequence[DrawnLever]) -> str:
        """A shape of each lever or stock and its neighbour; often alike, so that they are symmetric."""
        parts = [atom for lever in seen for atom in atoms(model, lever)]
        pairs = list(zip(parts, [*parts[1:], "0.25"], strict=True))
        if len(pairs) > 1 and ("{s}" in shape or "{y}" in shape):
            pairs = pairs[:-1]
        seed = int(random.integers(1000))
        alike = chance(random, 0.6)
        return " + ".join(
            f"({filled(np.random.default_rng(seed if alike else seed + place), shape, self.levers.center, *pair)})"
            for place, pair in enumerate(pairs)
        )

    def end(self, random: Random, parts: Sequence[str]) -> str:
        """What grows without end."""
        return filled(random, pick(random, ENDLESS), self.levers.center, parts[0], parts[-1])

    def steep(self, model: DrawnModel) -> list[str]:
        """What has to fall steeply for far levers, so that there is an optimum."""
        parts = [part for lever in model.levers for part in (*flows(lever), *atoms(model, lever))]
        return list(dict.fromkeys(parts)) if self.levers.is_far else []

    def table(self, random: Random) -> Points:
        """A table with a flat, or a corner, at the center."""
        center, (one, two, three) = self.levers.center, np.round(random.uniform(-1, 1, 3), 1)
        around = (-1.5, -0.5, 0.5, 1.5) if chance(random, 0.6) else (-1.0, 0.0, 1.0, 2.0)
        heights = (one, two, two, three) if around[0] < -1.0 else (one, two, three, three)
        return tuple((center + x, float(y)) for x, y in zip(around, heights, strict=True))

    def truth(self, gain: str) -> Truth:
        """What is known without a search."""
        known = {"unbounded": Truth.UNBOUNDED, "infeasible": Truth.INFEASIBLE}
        return known.get(self.family, Truth.POLE if POLE in gain else Truth.BOUNDED)


# --- limits -----------------------------------------------------------------------------------------------------------


def limited(random: Random, plan: DrawnPlan) -> DrawnPlan:
    """The plan with limits: such that hold at the anchor, and where nothing may be feasible two that contradict."""
    levers = plan.model.levers[plan.family == "unbounded" :]
    anchor = np.concatenate(
        [
            np.repeat(random.uniform(lever.near[0], min(lever.near[1], lever.near[0] + 3.0), lever.count), periods)
            for lever in plan.model.levers
            for periods in (plan.model.periods,)
        ]
    )
    for number in range(pick(random, (0, 1, 1, 2)) if levers else 0):
        plan = pick(random, (_budget, _budget, _load, _load, _difference))(random, plan, levers, anchor, number)
    return _contradicted(random, plan, anchor) if plan.truth is Truth.INFEASIBLE else plan


def _with_limit(plan: DrawnPlan, limit: DrawnLimit, *equations: tuple[str, str]) -> DrawnPlan:
    model = replace(plan.model, equations=(*plan.model.equations, *equations))
    return replace(plan, model=model, limits=(*plan.limits, limit))


def _sided(random: Random, plan: DrawnPlan, anchor: FloatArray, sides: Sequence[str], scale: float) -> DrawnPlan:
    """The plan with sides to its last limit that hold at the anchor."""
    *others, last = plan.limits
    reached = replace(plan, limits=(last,)).rows(anchor[np.newaxis])[0]
    slack = scale * pick(random, (0.0, 0.0, 0.2, 1.0))
    side = pick(random, sides)
    if side == "equals" and np.ptp(reached) > 1e-9 * scale:
        side = "at_most"
    lower, upper = float(reached.min()) - slack, float(reached.max()) + slack
    found = {"at_most": (-np.inf, upper), "at_least": (lower, np.inf), "equals": (float(reached[0]),) * 2}[side]
    return replace(plan, limits=(*others, replace(last, lower=found[0], upper=found[1])))


def _budget(
    random: Random, plan: DrawnPlan, levers: Sequence[DrawnLever], anchor: FloatArray, number: int
) -> DrawnPlan:
    """Some levers together."""
    lever = pick(random, levers)
    name, when = f"budget {number}", pick(random, ("always", "always", "total"))
    if lever.elements:
        words = {"name": name, "sum": lever.name, "over": ["r"], "when": when}
        limit = DrawnLimit(words, f"SUM({lever.name}[r!])")
        return _sided(random, _with_limit(plan, limit), anchor, ("at_most", "at_most", "equals"), lever.scale)
    scalars = [one for one in levers if not one.elements]
    scale = power(random, 0.3)
    terms = {one.name: scale / one.scale for one in scalars}
    text = " + ".join(f"{factor!r}*{name}" for name, factor in terms.items())
    limit = DrawnLimit({"name": name, "terms": terms, "when": when}, text)
    return _sided(random, _with_limit(plan, limit), anchor, ("at_most", "at_most", "equals"), scale)


def _load(random: Random, plan: DrawnPlan, levers: Sequence[DrawnLever], anchor: FloatArray, number: int) -> DrawnPlan:
    """An outcome."""
    scale, name = power(random, 0.3), f"load{number}"
    limit = DrawnLimit({"name": f"limit {number}", "variable": name, "when": _when(random, plan)}, name)
    limited = _with_limit(plan, limit, (name, f"{scale:.10g}*({_outcome(random, plan, levers)})"))
    return _sided(random, limited, anchor, ("at_most", "at_most", "at_least", "equals"), scale)


def _difference(
    random: Random, plan: DrawnPlan, levers: Sequence[DrawnLever], anchor: FloatArray, number: int
) -> DrawnPlan:
    """A small difference of two large numbers."""
    large, one, other = float(10.0 ** random.uniform(2, 7)), f"gross{number}", f"base{number}"
    words = {"name": f"difference {number}", "terms": {one: 1.0, other: -1.0}, "when": _when(random, plan)}
    limit = DrawnLimit(words, f"{one} - {other}", rounding=large)
    text = f"{large!r} + {_outcome(random, plan, levers)}"
    return _sided(
        random, _with_limit(plan, limit, (one, text), (other, f"{large!r}")), anchor, ("at_most", "at_least"), 1.0
    )


def _when(random: Random, plan: DrawnPlan) -> str:
    return pick(random, ("final", "total", "always")) if plan.model.stocks else pick(random, ("always", "final"))


def _outcome(random: Random, plan: DrawnPlan, levers: Sequence[DrawnLever]) -> str:
    parts = [atom for lever in levers for atom in atoms(plan.model, lever)]
    return filled(random, pick(random, LOADS), 1.0, pick(random, parts), pick(random, parts))


def _contradicted(random: Random, plan: DrawnPlan, anchor: FloatArray) -> DrawnPlan:
    """The plan with limits that no policy keeps."""
    levers = plan.model.levers
    parts = [atom for lever in levers for atom in atoms(plan.model, lever)]
    kind = pick(random, ("square", "sum", "both"))
    text = {
        "square": " + ".join(f"{part}^2" for part in parts),
        "sum": " + ".join(part for lever in levers for part in flows(lever)),
    }
    equation = ("demand", text.get(kind, parts[0]))
    words = {"name": "demand", "variable": "demand", "when": "final"}
    most = sum(lever.upper * lever.count for lever in levers)
    sides = {"square": (-np.inf, -0.3), "sum": (most + 0.5, np.inf)}
    if kind in sides:
        return _with_limit(plan, DrawnLimit(words, "demand", *sides[kind]), equation)
    reached = float(_with_limit(plan, DrawnLimit(words, "demand"), equation).rows(anchor[np.newaxis])[0, -1])
    plan = _with_limit(plan, DrawnLimit(words, "demand", upper=reached), equation)
    return _with_limit(plan, DrawnLimit({**words, "name": "want"}, "demand", lower=reached + 0.5))
